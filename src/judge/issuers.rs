//! Tokens that an issuer signs, refused to clients that had got in, for a time and hardly at any other: its clock or the cluster's is
//! wrong, or its keys changed. Fresh tokens are refused and older ones pass, or the reverse, so the same clients get in meanwhile, and
//! each of them for itself fails no more than a client whose token has just expired.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::history::HOUR;
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::null::binomial_tail;
use super::unit::Unit;
use crate::model::text::{Span, Text};
use crate::reason::Reason;
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// A pause that ends such a stretch.
const PAUSE: i64 = 3 * HOUR;

/// Refusals of a stretch at least.
const FEWEST: usize = 20;

/// Accounts that are shut out from which on it is more than one program.
const SEVERAL: usize = 3;

/// Successes of the clients without which nothing is known of when they work.
const WORK: f64 = 30.0;

/// How many more refusals than their part of the clients' work a stretch may have.
const BUSY: f64 = 2.0;

/// Logarithm of the chance below which a stretch stands out.
const CHANCE: f64 = -20.0;

/// Confidence: an issuer may have ended these sessions, too.
const CONFIDENCE: f64 = 0.75;

/// The drafts of such stretches, of what no other draft tells, by time.
pub(super) fn refusals(measure: &Measure<'_, '_>, drafts: &[Draft]) -> Vec<Draft> {
    let scene = measure.scene;
    let mut refused: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    for unit in measure.units.iter().filter(|unit| is_client(measure, unit)) {
        refused.entry(unit.cluster).or_default().extend(unit.attempts(scene));
    }
    if refused.is_empty() {
        return Vec::new();
    }
    let told: BTreeSet<u32> = drafts.iter().flat_map(|draft| draft.attempts.iter().copied()).collect();
    let mut found = Vec::new();
    for (cluster, mut attempts) in refused {
        attempts.sort_by_key(|&at| (scene.time(at), at));
        let sources: BTreeSet<Sym> = attempts.iter().map(|&at| scene.attempt(at).source).collect();
        for stretch in attempts.chunk_by(|&a, &b| scene.time(b).0 - scene.time(a).0 <= PAUSE) {
            let (first, last) = (scene.time(stretch[0]), scene.time(stretch[stretch.len() - 1]));
            let known = stretch.iter().filter(|at| told.contains(at)).count();
            if stretch.len() >= FEWEST
                && known * 2 < stretch.len()
                && is_unusual(measure, (cluster, &sources), (first, last), (stretch.len(), attempts.len()))
            {
                let left: Vec<u32> = stretch.iter().copied().filter(|at| !told.contains(at)).collect();
                found.push(draft(measure, cluster, left, (first, last), attempts.len() - stretch.len()));
            }
        }
    }
    found
}

/// Whether so many of all refusals fall into a stretch as chance does not make where their clients are at work at other times, too: who
/// comes through them fails now and then as they work, by day.
fn is_unusual(
    measure: &Measure<'_, '_>,
    (cluster, sources): (u16, &BTreeSet<Sym>),
    (first, last): (Millis, Millis),
    (many, all): (usize, usize),
) -> bool {
    /// Clients, and accounts of each, that are looked at.
    const MOST: usize = 64;
    let history = &measure.scene.history;
    let pasts = sources.iter().take(MOST).flat_map(|&source| history.of_source(cluster, source).take(MOST));
    let (meanwhile, whole) = pasts.fold((1.0, 2.0), |(meanwhile, whole), past| {
        (meanwhile + history.within(past, first, last), whole + f64::from(past.count))
    });
    whole >= WORK && binomial_tail(many as f64, all as f64, BUSY * meanwhile / whole) < CHANCE
}

/// Whether somebody gets in from an address inside that sends tokens which somebody else signs.
fn is_client(measure: &Measure<'_, '_>, unit: &Unit) -> bool {
    let scene = measure.scene;
    unit.is_signed(scene)
        && !unit.comes_from_outside(scene)
        && scene.history.of_source(unit.cluster, unit.source).next().is_some()
}

fn draft(
    measure: &Measure<'_, '_>,
    cluster: u16,
    attempts: Vec<u32>,
    (first, last): (Millis, Millis),
    others: usize,
) -> Draft {
    let scene = measure.scene;
    let of_token = |&&at: &&u32| matches!(scene.attempt(at).reason, Reason::TokenExpired | Reason::TokenInvalid);
    let refused = attempts.iter().filter(of_token).count();
    let kind = if refused * 2 > attempts.len() { Kind::ClockSkew } else { Kind::RealmOutage };
    let names: BTreeSet<Sym> = attempts.iter().map(|&at| scene.attempt(at).principal).collect();
    let nodes: BTreeSet<usize> = attempts.iter().map(|&at| scene.node(at)).collect();
    let severity = if names.len() >= SEVERAL { Severity::Medium } else { Severity::Low };
    let mut draft = Draft::new(kind, severity, (Verdict::Operational, CONFIDENCE));
    draft.cluster = cluster;
    draft.title = text!(
        "Tokens that an issuer signs were refused {}, on {}: a clock is wrong, or keys of the issuer's changed",
        Text::count(attempts.len() as u64, "time", "times"),
        Text::count(nodes.len() as u64, "node", "nodes")
    );
    draft.why.push(text!(
        "{} from {} to {}, and {} in all the rest of the log",
        Text::count(attempts.len() as u64, "refusal", "refusals"),
        first,
        last,
        Text::count(others as u64, "such refusal", "such refusals")
    ));
    let mut shown: Vec<String> = names.iter().map(|&name| scene.text(name)).collect();
    shown.sort();
    let all = shown.len() as u64;
    draft.why.push(text!("Refused were {}", Text::list(shown.iter().map(|name| Span::principal(name)), all, 3)));
    draft.why.push("Their clients are inside, and get in at other times".to_owned());
    draft.why.push(
        "Not to be known here: which clock, or whether the keys that the issuer signs with are others".to_owned(),
    );
    draft.attempts = attempts;
    draft
}
