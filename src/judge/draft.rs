//! A finding while it is made, and how drafts become the report's findings.

use std::cell::Cell;
use std::cmp::Reverse;

use rayon::prelude::*;

use super::advice;
use super::doc::Doc;
use super::hypotheses::doc_of;
use super::kinds::{Kind, Severity, Verdict};
use super::ranked::{NAMED, ranked};
use super::scene::Scene;
use super::{Judged, opensearch, words};
use crate::correlate::SourceLine;
use crate::model::text::{Span, Text};
use crate::model::{Evidence, Finding, FindingPart, FindingTimeline};
use crate::state::Sym;
use crate::time::Millis;

/// Lines of evidence of a finding.
const EVIDENCE_LIMIT: usize = 10;

/// Columns of a finding's own timeline.
const TIMELINE_BUCKETS: i64 = 60;

/// Sentences in the making: of words alone, or of spans.
#[derive(Debug, Clone, Default)]
pub(super) struct Sentences(pub(super) Vec<Text>);

impl Sentences {
    pub(super) fn push(&mut self, sentence: impl Into<Text>) {
        self.0.push(sentence.into());
    }

    pub(super) fn extend<T: Into<Text>>(&mut self, sentences: impl IntoIterator<Item = T>) {
        self.0.extend(sentences.into_iter().map(Into::into));
    }
}

/// A finding in the making.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) doc: &'static Doc,
    pub(super) cluster: u16,
    pub(super) severity: Severity,
    pub(super) verdict: Verdict,
    pub(super) confidence: f64,
    /// No record shows the kind; other explanations are left.
    pub(super) is_guess: bool,
    pub(super) title: Text,
    pub(super) why: Sentences,
    /// Steps that go before those of the documentation.
    pub(super) first_steps: Vec<Text>,
    /// Attempts it is about, by time; what it does not say itself is taken from them.
    pub(super) attempts: Vec<u32>,
    /// Principals, where they are not those of the attempts.
    pub(super) principals: Vec<Sym>,
    /// Sources, where they are not those of the attempts.
    pub(super) sources: Vec<Sym>,
    /// Nodes of the node table, where they are not those of the attempts.
    pub(super) nodes: Vec<usize>,
    pub(super) api_keys: Vec<Sym>,
    /// Times it also covers.
    pub(super) times: Vec<Millis>,
    /// Failures beyond the attempts.
    pub(super) failures: u64,
    pub(super) successes: u64,
    /// Lines to show first.
    pub(super) evidence: Vec<SourceLine>,
    /// Numbers of the drafts it belongs with.
    pub(super) related: Vec<usize>,
    /// How many of its like chance makes in a log like this one.
    pub(super) expected: Option<f64>,
    /// What it is made of.
    pub(super) parts: Vec<FindingPart>,
    /// A known change explains it.
    pub(super) changed: bool,
    /// Others get in meanwhile through the realm of its accounts.
    pub(super) realm_up: bool,
    /// It is told as a part of another.
    pub(super) absorbed: bool,
}

impl Draft {
    /// A finding of a kind.
    pub(super) fn new(kind: Kind, severity: Severity, (verdict, confidence): (Verdict, f64)) -> Self {
        Self {
            doc: doc_of(kind),
            cluster: 0,
            severity,
            verdict,
            confidence,
            is_guess: false,
            title: Text::new(),
            why: Sentences::default(),
            first_steps: Vec::new(),
            attempts: Vec::new(),
            principals: Vec::new(),
            sources: Vec::new(),
            nodes: Vec::new(),
            api_keys: Vec::new(),
            times: Vec::new(),
            failures: 0,
            successes: 0,
            evidence: Vec::new(),
            related: Vec::new(),
            expected: None,
            parts: Vec::new(),
            changed: false,
            realm_up: false,
            absorbed: false,
        }
    }

    /// First and last time.
    pub(super) fn span(&self, scene: &Scene<'_>) -> Option<(Millis, Millis)> {
        let attempts = [self.attempts.first(), self.attempts.last()].into_iter().flatten().map(|&at| scene.time(at));
        let mut times = attempts.chain(self.times.iter().copied());
        let first = times.next()?;
        Some(times.fold((first, first), |(from, to), time| (from.min(time), to.max(time))))
    }

    /// It as a part of another finding.
    pub(super) fn part(&self, scene: &Scene<'_>) -> FindingPart {
        let distinct = |mut syms: Vec<Sym>| {
            syms.retain(|sym| sym.is_some());
            syms.sort_unstable();
            syms.dedup();
            syms.len() as u64
        };
        let of_attempts =
            |of: fn(&crate::state::Attempt) -> Sym| self.attempts.iter().map(|&at| of(scene.attempt(at))).collect();
        let or = |own: &[Sym], of: fn(&crate::state::Attempt) -> Sym| {
            if own.is_empty() { of_attempts(of) } else { own.to_vec() }
        };
        let (start, end) = self.span(scene).unzip();
        FindingPart {
            kind: self.doc.kind.name().to_owned(),
            title: self.title.clone(),
            start: start.map(Millis::rfc3339),
            end: end.map(Millis::rfc3339),
            failures: self.attempts.len() as u64 + self.failures,
            principals_total: distinct(or(&self.principals, |attempt| attempt.principal)),
            sources_total: distinct(or(&self.sources, |attempt| attempt.source)),
            api_keys: ranked(scene, self.api_keys.clone()).0,
        }
    }
}

/// Drafts to findings: told whole, ranked, numbered, pointing to each other.
pub(super) fn finish(scene: &Scene<'_>, mut drafts: Vec<Draft>) -> Vec<Judged> {
    let mut findings: Vec<(usize, Finding)> = drafts
        .par_iter_mut()
        .enumerate()
        .filter(|(_, draft)| !draft.absorbed)
        .filter_map(|(at, draft)| finding(scene, draft).map(|finding| (at, finding)))
        .collect();
    // Findings that belong together point to each other.
    let pairs: Vec<(usize, usize)> =
        drafts.iter().enumerate().flat_map(|(at, draft)| draft.related.iter().map(move |&other| (other, at))).collect();
    pairs.into_iter().for_each(|(from, to)| drafts[from].related.push(to));
    let rank = |at: &usize| (Reverse(drafts[*at].severity), drafts[*at].verdict);
    findings.par_sort_by(|(a, one), (b, other)| {
        rank(a)
            .cmp(&rank(b))
            .then_with(|| other.failures.cmp(&one.failures))
            .then_with(|| one.start.cmp(&other.start))
            .then_with(|| one.kind.cmp(&other.kind))
            .then_with(|| one.title.plain().cmp(&other.title.plain()))
            .then_with(|| one.end.cmp(&other.end))
            .then_with(|| one.evidence.cmp(&other.evidence))
    });
    let mut number = vec![0; drafts.len()];
    for (place, (at, _)) in findings.iter().enumerate() {
        number[*at] = place + 1;
    }
    findings
        .into_iter()
        .map(|(at, mut finding)| {
            let mut related: Vec<usize> =
                drafts[at].related.iter().map(|&other| number[other]).filter(|&number| number > 0).collect();
            related.sort_unstable();
            related.dedup();
            finding.id = format!("F{}", number[at]);
            finding.related = related.into_iter().map(|number| format!("F{number}")).collect();
            Judged { finding, attempts: std::mem::take(&mut drafts[at].attempts) }
        })
        .collect()
}

/// What the requests of an only source say they were forwarded for.
fn behind(scene: &Scene<'_>, draft: &Draft, source: &str) -> Option<String> {
    let forwarded = &scene.joined.forwarded;
    let named = draft.attempts.iter().filter_map(|&at| forwarded.get(&scene.attempt(at).pos).copied());
    let (clients, total) = ranked(scene, named.collect());
    (total > 0).then(|| {
        format!(
            "The only source, {source}, forwards for {} according to x_forwarded_for: if it is a proxy of yours, run again \
             with --trust-proxy {source}",
            words::list(&clients, total, NAMED)
        )
    })
}

/// The finding of a draft, whose own sentences become those of the finding.
fn finding(scene: &Scene<'_>, draft: &mut Draft) -> Option<Finding> {
    let (start, end) = draft.span(scene)?;
    let attempts = || draft.attempts.iter().map(|&at| scene.attempt(at));
    let or = |own: &[Sym], of_attempts: Vec<Sym>| if own.is_empty() { of_attempts } else { own.to_vec() };
    let (principals, principals_total) =
        ranked(scene, or(&draft.principals, attempts().map(|attempt| attempt.principal).collect()));
    let source_syms = or(&draft.sources, attempts().map(|attempt| attempt.source).collect());
    let proxies_only = source_syms.iter().any(|sym| sym.is_some())
        && source_syms.iter().filter(|sym| sym.is_some()).all(|&sym| scene.is_proxy(sym));
    let (sources, sources_total) = ranked(scene, source_syms);
    let mut nodes: Vec<usize> = if draft.nodes.is_empty() {
        draft.attempts.iter().map(|&at| scene.node(at)).collect()
    } else {
        draft.nodes.clone()
    };
    nodes.sort_unstable();
    nodes.dedup();
    let labels: Vec<String> =
        nodes.iter().filter_map(|&node| scene.joined.nodes.all()[node].label().map(str::to_owned)).collect();
    let names: Vec<String> = nodes.iter().map(|&node| scene.node_name(node)).collect();
    let (api_keys, keys_total) = ranked(scene, draft.api_keys.clone());
    // Whether a sentence names what no line names: it is no advice.
    let nameless = Cell::new(false);
    let fill = |template: &'static str| {
        let list = |span: fn(&str) -> Span, names: &[String], total| {
            nameless.set(nameless.get() || names.is_empty());
            Some(Text::list(names.iter().map(|name| span(name)), total, NAMED))
        };
        let first = |span: fn(&str) -> Span, names: &[String], unnamed: &'static str| {
            nameless.set(nameless.get() || names.is_empty());
            Some(names.first().map_or_else(|| Text::from(unnamed), |name| span(name).into()))
        };
        Text::fill(template, |name| match name {
            "sources" => list(Span::address, &sources, sources_total),
            "source" => first(Span::address, &sources, "an unknown address"),
            "principals" => list(Span::principal, &principals, principals_total),
            "principal" => first(Span::principal, &principals, "an unknown account"),
            "nodes" => list(Span::node, &names, names.len() as u64),
            "node" => first(Span::node, &names, "a node"),
            "keys" => list(Span::key, &api_keys, keys_total),
            "key" => first(Span::key, &api_keys, "an unknown key"),
            _ => None,
        })
    };
    let of_opensearch = !nodes.is_empty() && nodes.iter().all(|&node| scene.joined.nodes.all()[node].is_opensearch());
    let (meaning, steps) = if of_opensearch {
        (opensearch::meaning(draft.doc), opensearch::next_steps(draft.doc))
    } else {
        (draft.doc.meaning, draft.doc.next_steps)
    };
    let known = principals.first().and_then(|first| {
        let syms = draft.principals.iter().copied().chain(attempts().map(|attempt| attempt.principal));
        syms.filter(|&sym| sym.is_some()).find(|&sym| scene.text(sym) == *first)
    });
    let advised = |step: &'static str| {
        nameless.set(false);
        let disable = || advice::disable(scene, draft.cluster, known, fill);
        let told = match step.split_once("{disable}") {
            Some((before, after)) => fill(before).with(disable()).with(fill(after)),
            None => fill(step),
        };
        (!nameless.get()).then_some(told)
    };
    let steps = steps.iter().filter_map(|step| advised(step));
    let next_steps = std::mem::take(&mut draft.first_steps).into_iter().chain(steps).collect();
    // Of an unclear verdict the meaning is the likeliest explanation, and no fact.
    let diagnosis = match draft.verdict {
        Verdict::Hostile | Verdict::Operational if !draft.is_guess => fill(meaning),
        _ => Text::from("Perhaps: ").with(fill(meaning)),
    };
    let mut why = std::mem::take(&mut draft.why);
    if proxies_only {
        why.push(format!(
            "The only source, {}, is a configured proxy: the clients behind it are not told apart",
            words::list(&sources, sources_total, NAMED)
        ));
    }
    if let (false, [only]) = (proxies_only, sources.as_slice()) {
        why.extend(behind(scene, draft, only));
    }
    let hostile = draft.verdict == Verdict::Hostile;
    Some(Finding {
        id: String::new(),
        kind: draft.doc.kind.name().to_owned(),
        severity: draft.severity.name().to_owned(),
        verdict: draft.verdict.name().to_owned(),
        confidence: draft.confidence,
        cluster: scene.cluster_name(draft.cluster),
        title: std::mem::take(&mut draft.title),
        attack: if hostile { draft.doc.attack.iter().map(|&id| id.to_owned()).collect() } else { Vec::new() },
        next_steps,
        principals,
        principals_total,
        sources,
        sources_total,
        nodes: labels,
        api_keys,
        start: Some(start.rfc3339()),
        end: Some(end.rfc3339()),
        failures: draft.attempts.len() as u64 + draft.failures,
        successes: draft.successes,
        diagnosis,
        why: why.0,
        false_positives: draft.doc.false_positives.iter().map(|&text| Text::from(text)).collect(),
        after_entry: None,
        accounts: Vec::new(),
        related: Vec::new(),
        expected_by_chance: draft.expected,
        parts: std::mem::take(&mut draft.parts),
        timeline: timeline(scene, draft, start, end),
        evidence: evidence(scene, draft),
    })
}

/// The lines named by the draft, then the first, the last and some attempts between.
fn evidence(scene: &Scene<'_>, draft: &Draft) -> Vec<Evidence> {
    let mut source_lines = draft.evidence.clone();
    let attempts = &draft.attempts;
    if let [first, .., last] = attempts.as_slice() {
        source_lines.extend([scene.place(*first), scene.place(*last)]);
        let between = attempts.len() / 4;
        source_lines.extend((1..4).filter(|_| between > 0).map(|quarter| scene.place(attempts[quarter * between])));
    } else {
        source_lines.extend(attempts.iter().map(|&at| scene.place(at)));
    }
    let mut kept: Vec<SourceLine> = Vec::new();
    for place in source_lines {
        if !kept.contains(&place) && kept.len() < EVIDENCE_LIMIT {
            kept.push(place);
        }
    }
    kept.into_iter().map(|place| scene.joined.evidence(place)).collect()
}

/// Seconds of a bucket of a timeline that has at most [`TIMELINE_BUCKETS`]: the narrowest that people count in.
fn bucket_seconds(start: Millis, end: Millis) -> i64 {
    const WIDTHS: [i64; 14] = [1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 172_800, 604_800];
    let fits = |width: i64| end.0.div_euclid(width * 1000) - start.0.div_euclid(width * 1000) < TIMELINE_BUCKETS;
    WIDTHS.into_iter().find(|&width| fits(width)).unwrap_or_else(|| {
        let week = WIDTHS[WIDTHS.len() - 1];
        week * ((end.0 - start.0) / (week * 1000 * (TIMELINE_BUCKETS - 1)) + 1)
    })
}

fn timeline(scene: &Scene<'_>, draft: &Draft, start: Millis, end: Millis) -> Option<FindingTimeline> {
    if draft.attempts.is_empty() {
        return None;
    }
    let width = bucket_seconds(start, end);
    let origin = start.0.div_euclid(width * 1000);
    let buckets = usize::try_from(end.0.div_euclid(width * 1000) - origin + 1).unwrap_or(1);
    let mut counts = vec![0_u64; buckets];
    for &at in &draft.attempts {
        let bucket = usize::try_from(scene.time(at).0.div_euclid(width * 1000) - origin).unwrap_or(0);
        if let Some(count) = counts.get_mut(bucket) {
            *count += 1;
        }
    }
    Some(FindingTimeline {
        start: Millis(origin * width * 1000).rfc3339(),
        bucket_seconds: u64::try_from(width).unwrap_or(1),
        counts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timelines_have_sixty_buckets_at_most_and_not_far_fewer_than_they_could() {
        const WEEK: i64 = 604_800;
        for start in [0, 1, 999, 1_772_323_200_123] {
            for span in (0..40).map(|power| 3_i64.pow(power) / 2).take_while(|&span| span < 100 * 52 * WEEK * 1000) {
                let end = Millis(start + span);
                let width = bucket_seconds(Millis(start), end);
                let buckets = end.0.div_euclid(width * 1000) - start.div_euclid(width * 1000) + 1;
                assert!((1..=TIMELINE_BUCKETS).contains(&buckets), "{span} ms: {buckets} of {width} s");
                // The next narrower one is a fifth or more; of weeks, one week less.
                assert!(width == 1 || buckets >= TIMELINE_BUCKETS / 5 - 1, "{span} ms: {buckets} of {width} s");
                assert!(width <= WEEK || width % WEEK == 0);
            }
        }
    }
}
