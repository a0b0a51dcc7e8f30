//! Who sets other people's passwords anew, and gets in as them from the same place: help desks do the first alone.

use std::collections::{BTreeMap, BTreeSet};

use super::consequences;
use super::deeds::Deed;
use super::draft::Draft;
use super::features::is_of_many;
use super::history::{DAY, HOUR, Past};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::scene::Scene;
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;

/// So soon after its password was set anew an account that is tried out gets in.
const SOON: i64 = HOUR;

/// Accounts that get in so from which on it is no colleague who sits beside.
const SEVERAL: usize = 2;

/// Others whose passwords somebody set anew and did not use, from which on to use one is no way of trying it out.
const HABIT: usize = 3;

/// Requests as the other account from which on it is more than a try whether the new password works.
const AT_WORK: u32 = 8;

/// Confidence: people at one place outside, who share its address, do so, too.
const CONFIDENCE: f64 = 0.6;

/// A password that was set anew, and what its account did there then.
type Entered<'e> = (&'e Deed, &'e Past);

/// The drafts of who did so, by time.
pub(super) fn entries(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let mut places: BTreeMap<(u16, Sym, Sym), Vec<Entered<'_>>> = BTreeMap::new();
    // Whose passwords somebody sets anew.
    let mut helped: BTreeMap<(u16, Sym), BTreeSet<Sym>> = BTreeMap::new();
    let sets = |deed: &&Deed| scene.bytes(deed.action) == b"change_password" && deed.object != deed.who;
    for deed in measure.deeds.all().iter().filter(sets) {
        let cluster = scene.cluster(deed.node);
        helped.entry((cluster, deed.who)).or_default().insert(deed.object);
        if let Some(past) = entered(scene, cluster, deed) {
            let of_who = places.entry((cluster, deed.who, deed.source)).or_default();
            if of_who.iter().all(|(other, _)| other.object != deed.object) {
                of_who.push((deed, past));
            }
        }
    }
    let strange = places.into_iter().filter(|((cluster, who, source), entered)| {
        let others = helped.get(&(*cluster, *who)).map_or(0, |helped| helped.len() - entered.len());
        // To try out what was set takes a request or two.
        let habit = others >= HABIT || entered[0].1.count >= AT_WORK;
        let never_else = entered.len() == 1 && habit && is_desk(scene, *cluster, *source);
        let known = entered.iter().filter(|(deed, _)| is_known(scene, *cluster, deed)).count();
        let several = known >= SEVERAL && scene.is_outside(*source) && !is_of_many(scene, *cluster, *source);
        several
            || known > 0 && never_else
            || is_desk(scene, *cluster, *source) && comes_for_it(scene, *cluster, (*who, *source), entered[0].0)
    });
    let mut drafts: Vec<Draft> =
        strange.map(|((cluster, who, source), entered)| draft(measure, cluster, (who, source), &entered)).collect();
    drafts.sort_by(|a, b| a.times.cmp(&b.times));
    drafts
}

/// Whether nobody but who sets passwords and whose was set gets in at an address.
fn is_desk(scene: &Scene<'_>, cluster: u16, source: Sym) -> bool {
    scene.history.source(cluster, source).is_some_and(|sum| sum.others <= 2)
}

/// What an account whose password was set anew did from there, if it got in there soon for the first time.
fn entered<'s>(scene: &'s Scene<'_>, cluster: u16, deed: &Deed) -> Option<&'s Past> {
    let past = scene.history.pair(cluster, deed.object, deed.source)?;
    (0..=SOON).contains(&(past.first.0 - deed.time.0)).then_some(past)
}

/// Whether the account whose password was set had been at work before.
fn is_known(scene: &Scene<'_>, cluster: u16, deed: &Deed) -> bool {
    scene.history.account(cluster, deed.object).is_some_and(|sum| sum.first < deed.time)
}

/// Whether who set it came to a place outside shortly before, for the first time, and had been at work inside alone: whose passwords they
/// set are not there.
fn comes_for_it(scene: &Scene<'_>, cluster: u16, (who, source): (Sym, Sym), deed: &Deed) -> bool {
    let Some(there) = scene.history.pair(cluster, who, source) else { return false };
    let mut others = scene.history.of_account(cluster, who).filter(|past| past.source != source);
    let known = scene.history.account(cluster, who).is_some_and(|sum| there.first.0 - sum.first.0 >= DAY);
    scene.is_outside(source)
        && known
        && (0..=SOON).contains(&(deed.time.0 - there.first.0))
        && others.all(|past| !scene.is_outside(past.source))
}

fn draft(measure: &Measure<'_, '_>, cluster: u16, (who, source): (Sym, Sym), entered: &[Entered<'_>]) -> Draft {
    let scene = measure.scene;
    let mut draft = Draft::new(Kind::SuspiciousAccess, Severity::Medium, (Verdict::Unclear, CONFIDENCE));
    draft.cluster = cluster;
    let (name, place) = (scene.text(who), scene.text(source));
    let names: Vec<String> = entered.iter().map(|(deed, _)| scene.text(deed.object)).collect();
    let others = Text::list(names.iter().map(|name| Span::principal(name)), names.len() as u64, 3);
    draft.title = text!(
        "{} set the passwords of {} anew from {}, who then got in from there",
        Span::principal(&name),
        others,
        Span::address(&place)
    );
    consequences::tell_first(measure, &mut draft, "There", entered.iter().map(|(deed, _)| *deed));
    for (deed, past) in entered.iter().take(consequences::TOLD) {
        draft.why.push(text!(
            "{} got in from there at {}, for the first time",
            Span::principal(&scene.text(deed.object)),
            past.first
        ));
    }
    draft.why.push("Not to be known here: whether these people sat there together".to_owned());
    draft.principals = [who].into_iter().chain(entered.iter().map(|(deed, _)| deed.object)).collect();
    draft.sources = vec![source];
    draft.nodes = entered.iter().map(|(deed, _)| deed.node).collect();
    draft.times = entered.iter().flat_map(|(deed, past)| [deed.time, past.first, past.last]).collect();
    draft.successes = entered.iter().map(|(_, past)| u64::from(past.count)).sum();
    draft
}
