//! Who came from outside, deleted indices one after the other, and went: what those do who leave a note that asks for money. Where the
//! account is seen nowhere else nothing of it is strange by what it did before, and where it is at work everywhere no place is: it is
//! told by what it does.

use std::collections::{BTreeMap, BTreeSet};

use super::consequences::{self, TOLD};
use super::deeds::Deed;
use super::draft::Draft;
use super::history::{DAY, HOUR, Past};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::newcomers::is_usual;
use crate::action_class::ActionClass;
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// Indices that are deleted within an hour of the arrival, from which on it is no errand.
const SEVERAL: usize = 3;

/// How far a log has to reach back to tell that somebody was not there before: so far, or less for a visit that is over at once.
const KNOWN: i64 = DAY;
const KNOWN_OF_VISIT: i64 = 6 * HOUR;

/// Confidence of what is to be looked at, and of what nobody of the organisation's does.
const ASKED: f64 = 0.6;
const SURE: f64 = 0.85;

/// The drafts of such visits, by account and place.
pub(super) fn visits(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let mut visits: BTreeMap<(u16, Sym, Sym), Vec<&Deed>> = BTreeMap::new();
    let deletes = |deed: &&Deed| deed.class == ActionClass::DeleteIndex && !deed.key.is_some();
    for deed in measure.deeds.all().iter().filter(deletes).filter(|deed| scene.is_outside(deed.source)) {
        visits.entry((scene.cluster(deed.node), deed.who, deed.source)).or_default().push(deed);
    }
    let abroad = if visits.is_empty() { BTreeMap::new() } else { scene.history.abroad() };
    let drafts = visits.into_iter().filter_map(|((cluster, who, source), deeds)| {
        let past = scene.history.pair(cluster, who, source).filter(|past| is_raid(measure, past, &deeds))?;
        let (all, abroad) = abroad.get(&cluster)?;
        let others = abroad.len() - usize::from(abroad.contains(&who));
        let hour = Millis(past.first.0 - HOUR)..=past.first;
        let tries = scene.tries_at(cluster, who, hour, |from| from == source);
        // In a short log a job that comes once a day is seen once, and a program mistypes nothing.
        let short = past.first.0 - scene.span(past.cluster).0.0 < KNOWN && tries.is_empty();
        let asked = is_usual(others, *all) || short;
        Some(draft(measure, past, (&deeds, tries), asked))
    });
    let mut drafts: Vec<Draft> = drafts.collect();
    drafts.sort_by(|a, b| a.times.cmp(&b.times));
    drafts
}

/// Whether an account that is seen nowhere else comes, deletes several indices within the hour, and is gone within a day; or one that
/// deletes none elsewhere, and is gone within the hour. The log has to reach back far enough to tell that it was not there before.
fn is_raid(measure: &Measure<'_, '_>, past: &Past, deeds: &[&Deed]) -> bool {
    let scene = measure.scene;
    let soon = deeds.iter().take_while(|deed| deed.time.0 - past.first.0 <= HOUR);
    let indices: BTreeSet<(Sym, Millis)> = soon
        .map(|deed| if deed.object.is_some() { (deed.object, Millis(0)) } else { (Sym::NONE, deed.time) })
        .collect();
    let known = if past.last.0 - past.first.0 < HOUR { KNOWN_OF_VISIT } else { KNOWN };
    indices.len() >= SEVERAL
        && past.last.0 - past.first.0 < DAY
        && past.first.0 - scene.span(past.cluster).0.0 >= known
        && (is_nowhere_else(measure, past) || past.last.0 - past.first.0 < HOUR && deletes_nothing_else(measure, past))
}

fn is_nowhere_else(measure: &Measure<'_, '_>, past: &Past) -> bool {
    measure.scene.history.of_account(past.cluster, past.principal).all(|other| other.source == past.source)
}

fn deletes_nothing_else(measure: &Measure<'_, '_>, past: &Past) -> bool {
    let deeds = measure.deeds.of(past.principal).iter();
    deeds.filter(|deed| deed.class == ActionClass::DeleteIndex).all(|deed| deed.source == past.source)
}

fn draft(measure: &Measure<'_, '_>, past: &Past, (deeds, tries): (&[&Deed], Vec<u32>), asked: bool) -> Draft {
    let scene = measure.scene;
    let (verdict, severity, confidence) =
        if asked { (Verdict::Unclear, Severity::Medium, ASKED) } else { (Verdict::Hostile, Severity::High, SURE) };
    let mut draft = Draft::new(Kind::SuspiciousAccess, severity, (verdict, confidence));
    draft.cluster = past.cluster;
    let (who, source) = (scene.text(past.principal), scene.text(past.source));
    draft.title =
        text!("{} came from {} and deleted indices within the hour", Span::principal(&who), Span::address(&source));
    let elsewhere = if is_nowhere_else(measure, past) { "nowhere else" } else { "elsewhere without deleting any" };
    draft.why.push(text!(
        "First and last seen there at {} and {}, and {}; the log begins at {}",
        past.first,
        past.last,
        elsewhere,
        scene.span(past.cluster).0
    ));
    draft.why.push(text!("{} with which indices were deleted", Text::count(deeds.len() as u64, "request", "requests")));
    if !tries.is_empty() {
        let failures = Text::count(tries.len() as u64, "failure", "failures");
        draft.why.push(text!("{} of it from there in the hour before", failures));
    }
    if !asked {
        draft.why.push("Hardly anybody else gets in from outside the internal networks in this log".to_owned());
    }
    consequences::tell_first(measure, &mut draft, "Then", deeds.iter().copied());
    if deeds.len() > TOLD {
        draft.why.push(text!("And {} more", Text::count((deeds.len() - TOLD) as u64, "such request", "such requests")));
    }
    draft.why.push(if tries.is_empty() {
        "Not to be known here: how its password was had, as no failure of it is in these logs"
    } else {
        "Not to be known here: how its password was had"
    });
    draft.attempts = tries;
    draft.principals = vec![past.principal];
    draft.sources = vec![past.source];
    draft.nodes = deeds.iter().map(|deed| deed.node).collect();
    draft.times = deeds.iter().map(|deed| deed.time).chain([past.first, past.last]).collect();
    draft.successes = u64::from(past.count);
    draft
}
