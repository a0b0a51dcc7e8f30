//! The built-in superuser, which nobody used for as long as the log goes back: its password lies in a secret or a safe, so who comes with
//! it, to a place where nobody is, and makes what lasts has opened either. And accounts kept for emergencies under a name of their own:
//! who comes with one of those for the first time, from outside, and gives somebody all rights.

use std::collections::{BTreeMap, BTreeSet};

use super::consequences;
use super::deeds::Deed;
use super::draft::Draft;
use super::history::{DAY, HOUR, Past};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use crate::model::text::Span;
use crate::state::Sym;
use crate::text;

/// The account that `elasticsearch-reset-password` and the operator of Kubernetes set a password for (audit-format 2).
const SUPERUSER: &[u8] = b"elastic";

/// Confidence: it is there for emergencies.
const CONFIDENCE: f64 = 0.6;

/// The drafts of such visits, by place.
pub(super) fn visits(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let mut visits: BTreeMap<(u16, Sym, Sym), Vec<&Deed>> = BTreeMap::new();
    let lasts = |deed: &&Deed| !deed.key.is_some() && (deed.lasting || deed.gives_everything);
    for deed in measure.deeds.all().iter().filter(lasts) {
        visits.entry((scene.cluster(deed.node), deed.who, deed.source)).or_default().push(deed);
    }
    let made: BTreeSet<Sym> = measure.deeds.all().iter().filter(|deed| deed.lasting).map(|deed| deed.object).collect();
    let visit = |((cluster, who, source), deeds): ((u16, Sym, Sym), Vec<&Deed>)| {
        let raises = || deeds.iter().any(|deed| deed.gives_everything);
        if scene.bytes(who) != SUPERUSER && (!scene.is_outside(source) || made.contains(&who) || !raises()) {
            return None;
        }
        let past = scene.history.pair(cluster, who, source)?;
        let soon: Vec<&Deed> =
            deeds.into_iter().filter(|deed| (0..=HOUR).contains(&(deed.time.0 - past.first.0))).collect();
        (!soon.is_empty() && is_first(measure, past, &soon)).then(|| draft(measure, past, &soon))
    };
    visits.into_iter().filter_map(visit).collect()
}

/// Whether nothing was seen of the account for a day or longer before it came, and nobody gets in there but whom it made.
fn is_first(measure: &Measure<'_, '_>, past: &Past, deeds: &[&Deed]) -> bool {
    /// Accounts of a place that are looked at.
    const MOST: usize = 16;
    let scene = measure.scene;
    let since = scene.history.account(past.cluster, past.principal).map(|sum| sum.first);
    past.first.0 - scene.span(past.cluster).0.0 >= DAY
        && since.is_some_and(|since| past.first.0 - since.0 < HOUR)
        && scene
            .history
            .of_source(past.cluster, past.source)
            .take(MOST)
            .all(|other| other.principal == past.principal || deeds.iter().any(|deed| deed.object == other.principal))
}

fn draft(measure: &Measure<'_, '_>, past: &Past, deeds: &[&Deed]) -> Draft {
    let scene = measure.scene;
    let mut draft = Draft::new(Kind::SuspiciousAccess, Severity::Medium, (Verdict::Unclear, CONFIDENCE));
    draft.cluster = past.cluster;
    let (who, source) = (scene.text(past.principal), scene.text(past.source));
    draft.title = text!(
        "{} came for the first time, from {}, and made what lasts",
        Span::principal(&who),
        Span::address(&source)
    );
    draft.why.push(text!(
        "First success of {} at {}; the log begins at {}",
        Span::principal(&who),
        past.first,
        scene.span(past.cluster).0
    ));
    draft.why.push("Nobody else gets in from there in this log, but for those it made".to_owned());
    consequences::tell_first(measure, &mut draft, "Then", deeds.iter().copied());
    draft.why.push("Not to be known here: whether somebody had to, in an emergency");
    let users = deeds.iter().filter(|deed| scene.bytes(deed.action) == b"put_user").map(|deed| deed.object);
    draft.principals = [past.principal].into_iter().chain(users).collect();
    draft.sources = vec![past.source];
    draft.nodes = deeds.iter().map(|deed| deed.node).collect();
    draft.times = deeds.iter().map(|deed| deed.time).chain([past.first, past.last]).collect();
    draft.successes = u64::from(past.count);
    draft
}
