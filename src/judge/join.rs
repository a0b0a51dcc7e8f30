//! One cause, one finding: what is told twice becomes one, and a break-in takes what led to it and what was made since.

use super::consequences::Entry;
use super::draft::Draft;
use super::history::HOUR;
use super::kinds::{Kind, Verdict};
use super::measure::Measure;
use crate::model::text::Span;
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// Findings of one cause may begin or end so far apart.
const NEAR: i64 = HOUR;

/// A campaign against so few accounts is a part of the break-in that it led to; one against more is told too.
const FEW_VICTIMS: usize = 3;

/// Joins the break-ins of a campaign with it: `campaign` is the number of its draft, where it is told.
pub(super) fn breaches(
    measure: &Measure<'_, '_>,
    drafts: &mut Vec<Draft>,
    campaign: Option<usize>,
    victims: usize,
    breaches: Vec<(Entry, Draft)>,
) {
    let several = breaches.len() > 1 || victims > FEW_VICTIMS;
    for (entry, mut breach) in breaches {
        let number = drafts.len();
        let Some(at) = campaign else {
            drafts.push(breach);
            continue;
        };
        if several {
            // The share of the spray that led to it.
            let mut share = Draft::new(drafts[at].doc.kind, breach.severity, (breach.verdict, breach.confidence));
            share.title = text!(
                "Tries for {} from {}",
                Span::principal(&measure.scene.text(entry.principal)),
                Span::address(&measure.scene.text(entry.source))
            );
            share.attempts.clone_from(&entry.failures);
            if !share.attempts.is_empty() {
                breach.parts.insert(0, share.part(measure.scene));
            }
            breach.related.push(at);
            drafts[at].related.push(number);
        } else {
            let guessing = &mut drafts[at];
            guessing.absorbed = true;
            breach.parts.insert(0, guessing.part(measure.scene));
            breach.attempts = std::mem::take(&mut guessing.attempts);
            breach.sources.extend(breach.attempts.iter().map(|&at| measure.scene.attempt(at).source));
            breach.expected = guessing.expected;
            let evidence = guessing.why.0.clone();
            breach.why.0.splice(1..1, evidence);
        }
        drafts.push(breach);
    }
}

/// Joins findings that tell one cause: outages that overlap, and requests without credentials of whoever attacks otherwise.
pub(super) fn causes(measure: &Measure<'_, '_>, drafts: &mut [Draft]) {
    let order: Vec<usize> = (0..drafts.len()).filter(|&at| !drafts[at].absorbed).collect();
    for (place, &one) in order.iter().enumerate() {
        for &other in &order[place + 1..] {
            if drafts[one].absorbed || drafts[other].absorbed || drafts[one].cluster != drafts[other].cluster {
                continue;
            }
            if let Some((into, from)) = joined(measure, drafts, one, other) {
                absorb(measure, drafts, into, from);
            }
        }
    }
}

/// Which of two drafts takes the other, if they tell one cause.
fn joined(measure: &Measure<'_, '_>, drafts: &[Draft], one: usize, other: usize) -> Option<(usize, usize)> {
    let (a, b) = (&drafts[one], &drafts[other]);
    let scene = measure.scene;
    let (from, to) = (a.span(scene)?, b.span(scene)?);
    let overlap = from.0.0 - NEAR <= to.1.0 && to.0.0 - NEAR <= from.1.0;
    if !overlap {
        return None;
    }
    let more = |a: usize, b: usize| if drafts[a].attempts.len() >= drafts[b].attempts.len() { (a, b) } else { (b, a) };
    let outage = |draft: &Draft| draft.doc.kind == Kind::RealmOutage;
    if outage(a) && outage(b) {
        return Some(more(one, other));
    }
    if a.doc.kind == b.doc.kind && a.doc.kind == Kind::WrongRealm {
        return Some(more(one, other));
    }
    // What fails while an outage lasts, and has no other cause, is a part of it.
    let stale = |draft: &Draft| {
        draft.doc.kind == Kind::StaleCredential && draft.verdict == Verdict::Operational && !draft.changed
    };
    let began_with = |few: (Millis, Millis), outage: (Millis, Millis)| {
        few.0.0 >= outage.0.0 - NEAR / 12 && few.1.0 <= outage.1.0 + NEAR / 6
    };
    match (outage(a) && stale(b) && began_with(to, from), outage(b) && stale(a) && began_with(from, to)) {
        (true, _) => return Some((one, other)),
        (_, true) => return Some((other, one)),
        _ => {}
    }
    // Refusals of a key's clients that no line explains are of that key.
    let unexplained = |draft: &Draft| draft.doc.kind == Kind::MissingCredentials;
    let of_keys = |draft: &Draft| !draft.api_keys.is_empty() && draft.doc.kind.name().starts_with("api_key");
    if unexplained(a) && of_keys(b) && within(&sources(measure, a), &sources(measure, b)) {
        return Some((other, one));
    }
    if unexplained(b) && of_keys(a) && within(&sources(measure, b), &sources(measure, a)) {
        return Some((one, other));
    }
    // Reconnaissance and guessing of one source are one campaign.
    let bare = |draft: &Draft| draft.doc.kind == Kind::UnauthenticatedScan;
    let hostile = |draft: &Draft| draft.verdict == Verdict::Hostile;
    match (bare(a), bare(b)) {
        (true, false) if hostile(b) && within(&sources(measure, a), &sources(measure, b)) => Some((other, one)),
        (false, true) if hostile(a) && within(&sources(measure, b), &sources(measure, a)) => Some((one, other)),
        _ => None,
    }
}

/// Makes what an intruder did a part of the break-in.
pub(super) fn take(measure: &Measure<'_, '_>, breach: &mut Draft, deed: &Draft) {
    breach.parts.push(deed.part(measure.scene));
    breach.why.push(deed.title.clone());
    breach.api_keys.extend(deed.api_keys.iter().copied());
    breach.times.extend(deed.times.iter().copied());
}

fn sources(measure: &Measure<'_, '_>, draft: &Draft) -> Vec<Sym> {
    let of_attempts = draft.attempts.iter().map(|&at| measure.scene.attempt(at).source);
    let mut sources: Vec<Sym> = of_attempts.chain(draft.sources.iter().copied()).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

fn within(few: &[Sym], many: &[Sym]) -> bool {
    !few.is_empty() && few.iter().all(|source| many.binary_search(source).is_ok())
}

/// Makes one draft a part of another.
fn absorb(measure: &Measure<'_, '_>, drafts: &mut [Draft], into: usize, from: usize) {
    let part = drafts[from].part(measure.scene);
    drafts[from].absorbed = true;
    let taken = std::mem::take(&mut drafts[from].attempts);
    let severity = drafts[from].severity;
    let (nodes, times, failures) = (drafts[from].nodes.clone(), drafts[from].times.clone(), drafts[from].failures);
    let whole = &mut drafts[into];
    if whole.sources.is_empty() {
        whole.attempts.extend(taken);
        whole.attempts.sort_unstable();
        whole.attempts.dedup();
    } else {
        whole.failures += taken.len() as u64;
    }
    if !whole.nodes.is_empty() {
        whole.nodes.extend(nodes);
    }
    whole.times.extend(times);
    whole.failures += failures;
    whole.severity = whole.severity.max(severity);
    drafts[into].parts.push(part);
}
