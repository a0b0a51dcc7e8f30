//! Tokens that an issuer signs, refused to clients that had got in, for a time and hardly at any other: its clock or the cluster's is
//! wrong, or its keys changed. Fresh tokens are refused and older ones pass, or the reverse, so the same clients get in meanwhile, and
//! each of them for itself fails no more than a client whose token has just expired.

use std::collections::{BTreeMap, BTreeSet};

use super::crowd::BUSY;
use super::draft::Draft;
use super::history::HOUR;
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::null::poisson_tail;
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
        let length = scene.length(cluster).max(1) as f64;
        for stretch in attempts.chunk_by(|&a, &b| scene.time(b).0 - scene.time(a).0 <= PAUSE) {
            let (first, last) = (scene.time(stretch[0]), scene.time(stretch[stretch.len() - 1]));
            let span = (last.0 - first.0).max(HOUR / 6) as f64;
            let usual = BUSY * ((attempts.len() - stretch.len()) as f64).max(1.0) * span / length;
            let known = stretch.iter().filter(|at| told.contains(at)).count();
            if stretch.len() >= FEWEST
                && known * 2 < stretch.len()
                && poisson_tail(stretch.len() as f64, usual) < CHANCE - (length / span).max(1.0).ln()
            {
                let left: Vec<u32> = stretch.iter().copied().filter(|at| !told.contains(at)).collect();
                found.push(draft(measure, cluster, left, (first, last), attempts.len() - stretch.len()));
            }
        }
    }
    found
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
