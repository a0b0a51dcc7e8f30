//! Judgement: what happened, whether it is an attack or something broken, and what to do.
//!
//! Failures become episodes (`unit`), episodes that chance does not explain (`null`) are linked into campaigns (`link`,
//! `keys`), of each campaign features are measured (`features`), hypotheses (`hypotheses/`, a file a kind) compete by the
//! weights of one table (`weights`, `score`), what followed is looked at on an axis of its own (`consequences`), and what
//! tells one cause becomes one finding (`join`, `draft`). Nothing decides by itself: no rule excludes a hypothesis.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "entries of tables are numbered in 32 bits, as --max-memory holds fewer; amounts that were weighed are rounded"
)]

mod access;
mod accounts;
mod activity;
mod advice;
mod arrivals;
mod bare;
mod break_glass;
mod campaign;
mod consequences;
mod contrast;
mod crowd;
mod deeds;
mod denied;
mod destruction;
mod doc;
mod draft;
mod ended;
mod entries;
mod episodes;
mod excess;
mod features;
mod gaps;
mod headerless;
mod history;
mod hypotheses;
mod impersonation;
mod index;
mod invented;
mod issuers;
mod join;
mod keys;
mod kindred;
mod kinds;
mod leavers;
mod link;
mod lists;
mod lost;
mod meanwhile;
mod measure;
mod names;
mod neighbours;
mod new_keys;
mod newcomers;
mod null;
mod opensearch;
mod place;
mod places;
mod proxies;
mod ranked;
mod renamed;
mod retries;
mod scene;
mod score;
mod set_up;
mod single_tries;
mod sites;
mod steady;
mod stolen;
mod strange;
mod strangers;
mod surge;
mod suspicion;
mod sweeps;
mod tell;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tries;
mod unit;
mod unusual;
mod weights;
mod whereabouts;
mod words;

pub use doc::{Doc, spoken};
pub use hypotheses::docs;
pub use kinds::{Kind, Severity, Verdict};

use std::sync::OnceLock;

use foldhash::fast::RandomState;
use hashbrown::HashSet;
use rayon::prelude::*;

use crate::correlate::Correlated;
use crate::model::{BaseRate, FailureRun, Finding};
use crate::options::Options;
use crate::state::Sym;
use accounts::AccountChanges;
use campaign::Campaign;
use deeds::Deeds;
use draft::Draft;
use measure::Measure;
use null::Null;
use scene::Scene;
use score::Posterior;
use sites::Sites;
use tell::Judgement;

/// A finding and the attempts that it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What is told.
    pub finding: Finding,
    /// Indices into [`Correlated::attempts`], by time.
    pub attempts: Vec<u32>,
}

/// What judging made of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdicts {
    /// The findings, in the order of the contract.
    pub findings: Vec<Judged>,
    /// How people and programs fail ordinarily.
    pub base_rate: BaseRate,
}

/// Judges the joined records.
#[must_use]
pub fn judge(joined: &Correlated, options: &Options) -> Verdicts {
    with_measure(joined, options, |measure| {
        let mut judgements = judgements(measure);
        let drafts = drafts(measure, &mut judgements);
        let findings = draft::finish(measure.scene, drafts);
        let explained = explained(joined, &findings);
        let base_rate = base_rate(measure.null, joined, explained);
        Verdicts { findings, base_rate }
    })
}

/// The features of every campaign of a log, and of every access from a new place, as JSON: what weights are fitted to.
#[must_use]
pub fn export_features(joined: &Correlated, options: &Options) -> serde_json::Value {
    with_measure(joined, options, |measure| {
        let campaigns: Vec<serde_json::Value> =
            judgements(measure).iter().map(|judgement| export(measure, judgement)).collect();
        let accesses: Vec<serde_json::Value> =
            access::accesses(measure).iter().map(|access| access.export(measure.scene)).collect();
        serde_json::json!({"campaigns": campaigns, "accesses": accesses})
    })
}

fn with_measure<T>(joined: &Correlated, options: &Options, with: impl FnOnce(&Measure<'_, '_>) -> T) -> T {
    let scene = Scene::new(joined, options);
    let mut units = unit::units(&scene);
    neighbours::tell(&scene, &mut units);
    crowd::mark(&scene, &mut units);
    single_tries::mark(&scene, &mut units);
    headerless::mark(&scene, &mut units);
    let null = Null::new(&scene, &units);
    let changes = AccountChanges::new(&scene);
    let mut refused_keys: Vec<Sym> = joined.key_failures.iter().map(|failure| failure.key).collect();
    refused_keys.sort_unstable();
    refused_keys.dedup();
    let deeds = Deeds::new(&scene);
    let lacking = lost::lacking(&scene, &units);
    let sites = Sites::new(&scene, &units);
    with(&Measure {
        scene: &scene,
        units: &units,
        null: &null,
        changes: &changes,
        lacking: &lacking,
        sites: &sites,
        deeds: &deeds,
        activity: OnceLock::new(),
        arrivals: OnceLock::new(),
        failures_by_node: OnceLock::new(),
        addresses: OnceLock::new(),
        strangers: OnceLock::new(),
        refused_keys: &refused_keys,
    })
}

/// Every campaign, scored.
fn judgements(measure: &Measure<'_, '_>) -> Vec<Judgement> {
    let scene = measure.scene;
    let surges = surge::surges(scene, measure.units);
    let linked = link::link(measure, &surges);
    let of_units = linked.into_iter().map(|linked| Campaign::of_units(scene, measure.units, linked));
    let campaigns: Vec<Campaign> = of_units.chain(campaign::unjudged(scene)).chain(keys::campaigns(scene)).collect();
    campaigns
        .into_par_iter()
        .map(|campaign| {
            let features = measure.features(&campaign);
            let posterior = Posterior::of(campaign.family, &features);
            Judgement { campaign, features, posterior, draft: None }
        })
        .collect()
}

fn drafts(measure: &Measure<'_, '_>, judgements: &mut [Judgement]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for judgement in judgements.iter_mut() {
        if let Some(draft) = tell::tell(measure, judgement) {
            judgement.draft = Some(drafts.len());
            drafts.push(draft);
        }
        let entries = entries::entries(measure, judgement);
        let told = judgement.draft.filter(|&at| drafts[at].verdict == Verdict::Hostile);
        if let Some((at, doubtful)) = told.zip(consequences::doubtful(measure, &entries)) {
            drafts[at].why.push(doubtful);
        }
        let breaches = consequences::breaches(measure, judgement, entries);
        join::breaches(measure, &mut drafts, judgement.draft, judgement.features.accounts, breaches);
    }
    let entered: HashSet<Vec<Sym>, RandomState> = drafts
        .iter()
        .filter(|draft| draft.doc.kind == Kind::AccountCompromise)
        .map(|draft| draft.principals.clone())
        .collect();
    let suspicious = suspicion::suspicious(measure, &drafts).into_iter();
    drafts.extend(suspicious.filter(|found| !entered.contains(&found.principals)));
    let known: HashSet<Sym, RandomState> = drafts.iter().flat_map(|draft| draft.principals.iter().copied()).collect();
    let made = newcomers::used_abroad(measure).into_iter().chain(newcomers::raised(measure));
    let made = made.chain(newcomers::raised_by_programs(measure));
    let made = made.chain(destruction::visits(measure)).chain(break_glass::visits(measure));
    let is_news = |draft: &Draft| !draft.principals.iter().any(|account| known.contains(account));
    drafts.extend(made.filter(is_news));
    for found in impersonation::entries(measure) {
        let at_place = |draft: &Draft| {
            found.principals.first().is_some_and(|who| draft.principals.contains(who))
                && found.sources.iter().all(|source| draft.sources.contains(source))
        };
        match drafts.iter_mut().find(|draft| at_place(draft)) {
            // Whom somebody strange got in as there is a part of it.
            Some(draft) => {
                draft.principals.extend(found.principals.iter().skip(1));
                join::take(measure, draft, &found);
            }
            None if is_news(&found) => drafts.push(found),
            None => {}
        }
    }
    let told: HashSet<Sym, RandomState> = drafts.iter().flat_map(|draft| draft.api_keys.iter().copied()).collect();
    let kept = leavers::keys(measure).into_iter().chain(new_keys::visits(measure));
    drafts.extend(kept.filter(|draft| !draft.api_keys.iter().any(|key| told.contains(key))));
    stolen::tell(measure, &mut drafts);
    let ended = ended::mass_invalidations(measure);
    for mut found in ended {
        let breach = drafts.iter().position(|draft| {
            // Of who only came to a new place it is no news that others of this name do something elsewhere.
            let at_place = || draft.sources.iter().any(|source| found.sources.contains(source));
            (draft.doc.kind == Kind::AccountCompromise || draft.doc.kind == Kind::SuspiciousAccess && at_place())
                && draft.principals == found.principals
                && draft.span(measure.scene).zip(found.span(measure.scene)).is_some_and(|(a, b)| a.0 <= b.1)
        });
        match breach {
            // What an intruder ended is a part of the break-in; without a known entry it is the clearest that there is.
            Some(at) if drafts[at].doc.kind == Kind::AccountCompromise => join::take(measure, &mut drafts[at], &found),
            Some(at) => {
                found.verdict = Verdict::Hostile;
                found.severity = Severity::Critical;
                found.why.extend(drafts[at].why.0.iter().take(2).cloned());
                found.parts.push(drafts[at].part(measure.scene));
                drafts[at].absorbed = true;
                drafts.push(found);
            }
            None => drafts.push(found),
        }
    }
    let mut narrowed = denied::Narrowed::default();
    for mut denied in denied::underprivileged(measure) {
        let refused = &mut denied.draft;
        stolen::suspect(measure, refused);
        let suspicious = |draft: &Draft| draft.doc.kind == Kind::SuspiciousAccess;
        let told = |draft: &Draft| {
            suspicious(draft) && suspicious(refused) && refused.api_keys.iter().all(|key| draft.api_keys.contains(key))
        };
        match drafts.iter().position(told) {
            Some(at) => join::take(measure, &mut drafts[at], refused),
            None => narrowed.add(measure, &mut drafts, denied),
        }
    }
    drafts.extend(issuers::refusals(measure, &drafts));
    gaps::suspected_gaps(measure, &mut drafts);
    join::causes(measure, &mut drafts);
    drafts
}

/// Attempts that some finding is about.
fn explained(joined: &Correlated, findings: &[Judged]) -> u64 {
    let mut told = vec![false; joined.attempts.len()];
    for at in findings.iter().flat_map(|judged| &judged.attempts) {
        told[*at as usize] = true;
    }
    told.into_iter().filter(|told| *told).count() as u64
}

fn base_rate(null: &Null, joined: &Correlated, explained: u64) -> BaseRate {
    let unexplained = joined.attempts.len() as u64 - explained;
    let known = null.logins > 0;
    let share = known.then(|| (null.share() * 10_000.0).round() / 10_000.0);
    let failures = match null.failures {
        0 => "no login fails".to_owned(),
        some => words::count(some, "login fails", "logins fail"),
    };
    let unexplained_told = match unexplained {
        0 => "every failure is in a finding".to_owned(),
        some => format!("{} in no finding", words::count(some, "failure is", "failures are")),
    };
    let sentence = match share {
        Some(share) => format!(
            "Ordinarily {failures} here, {:.1} % of {}; {unexplained_told}",
            share * 100.0,
            words::number(null.logins + null.failures),
        ),
        None => {
            format!("Successes are not logged, so how often people fail ordinarily is not known; {unexplained_told}")
        }
    };
    BaseRate {
        logins: known.then_some(null.logins + null.failures),
        failed: null.failures,
        share,
        runs: null.lengths().map(|(length, count)| FailureRun { length, count }).collect(),
        unexplained,
        sentence: sentence.into(),
    }
}

fn export(measure: &Measure<'_, '_>, judgement: &Judgement) -> serde_json::Value {
    let scene = measure.scene;
    let Judgement { campaign, features, posterior, .. } = judgement;
    let names = |of: fn(&crate::state::Attempt) -> Sym| {
        ranked::ranked(scene, campaign.attempts.iter().map(|&at| of(scene.attempt(at))).collect()).0
    };
    let kinds: serde_json::Map<String, serde_json::Value> =
        posterior.kinds.iter().map(|(kind, mass)| (kind.name().to_owned(), (*mass).into())).collect();
    let (start, end) = campaign.span(scene).unzip();
    let entries: Vec<serde_json::Value> =
        entries::entries(measure, judgement).iter().map(|entry| entries::export(scene, entry)).collect();
    serde_json::json!({
        "family": format!("{:?}", campaign.family),
        "principals": names(|attempt| attempt.principal),
        "sources": names(|attempt| attempt.source),
        "api_keys": ranked::ranked(scene, campaign.keys.clone()).0,
        "start": start.map(crate::time::Millis::rfc3339),
        "end": end.map(crate::time::Millis::rfc3339),
        "failures": campaign.failures(scene),
        "expected": features.expected,
        "features": features.export(),
        "kinds": kinds,
        "hostile": posterior.hostile,
        "operational": posterior.operational,
        "ordinary": posterior.ordinary,
        "entries": entries,
    })
}
