//! What is told of an account at a place where it had never been, and of what was done from there.

use std::collections::BTreeSet;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::access::{self, Access, TOLD, is_own_password};
use super::consequences;
use super::deeds::Deed;
use super::draft::Draft;
use super::history::{HOUR, Past};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::places::VISIT;
use super::scene::Scene;
use super::score;
use super::words;
use crate::action_class::ActionClass;
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// Probability from which on it is told as hostile.
const SURE: f64 = 0.8;

/// Accounts of a campaign up to which each of them is its aim.
const FEW_AIMS: usize = 3;

/// Times at a place besides the first from which on it is where somebody works: one who broke in comes back once, if at all.
const RETURNS: usize = 2;

/// Other places at which an account makes things that stay, from which on it does so wherever it runs.
const PLACES: usize = 3;

/// The drafts of suspicious accesses; `told` are those of campaigns.
pub(super) fn suspicious(measure: &Measure<'_, '_>, told: &[Draft]) -> Vec<Draft> {
    let mut accesses = access::accesses(measure);
    let aims = aims(measure, told);
    for access in &mut accesses {
        let since = aims.get(&(access.past.cluster, access.past.principal));
        access.guessed_at = since.is_some_and(|&since| since < access.past.first);
    }
    accesses.into_iter().filter_map(|access| draft(measure, access)).collect()
}

/// The accounts whose passwords somebody was after, and since when.
fn aims(measure: &Measure<'_, '_>, told: &[Draft]) -> HashMap<(u16, Sym), Millis, RandomState> {
    let mut aims: HashMap<(u16, Sym), Millis, RandomState> = HashMap::default();
    for draft in told.iter().filter(|draft| draft.verdict == Verdict::Hostile) {
        let mut accounts: Vec<Sym> = Vec::new();
        let own = draft.attempts.iter().map(|&at| measure.scene.attempt(at).principal).filter(|who| who.is_some());
        for account in own {
            if !accounts.contains(&account) {
                accounts.push(account);
            }
            if accounts.len() > FEW_AIMS {
                break;
            }
        }
        let Some((since, _)) = draft.span(measure.scene).filter(|_| accounts.len() <= FEW_AIMS) else { continue };
        for account in accounts {
            let known = aims.entry((draft.cluster, account)).or_insert(since);
            *known = since.min(*known);
        }
    }
    aims
}

/// Whether the account gets in at its other places with what was set: an intruder's password would have locked its owner out. Tokens
/// of before outlive it, so it is no proof.
fn gets_in_elsewhere(measure: &Measure<'_, '_>, past: &Past, deeds: &[&Deed]) -> bool {
    let history = &measure.scene.history;
    let Some(set) = deeds.iter().map(|deed| deed.time).max() else { return false };
    let from = Millis(set.0 + HOUR);
    let mut own = history.of_account(past.cluster, past.principal).filter(|other| !other.key.is_some());
    own.any(|other| other.source != past.source && history.within(other, from, Millis(i64::MAX)) >= 1.0)
        && measure.changes.within(past.principal, from, Millis(i64::MAX)).is_none()
}

/// How many failures of an account at an address there were before its first success there.
fn failures(measure: &Measure<'_, '_>, past: &Past) -> u64 {
    let scene = measure.scene;
    let there =
        scene.index.of_account(past.principal).filter(|group| scene.host(group.source) == scene.host(past.source));
    let before = |&&at: &&u32| scene.time(at) < past.first && scene.cluster(scene.node(at)) == past.cluster;
    there.map(|group| scene.index.of(group).iter().filter(before).count() as u64).sum()
}

/// Whether the same is done there visit after visit, and what is made to stay at several other places, too: a program's work, which
/// the log shows from its beginning.
fn is_routine(access: &Access<'_>) -> bool {
    let visits = |deed: &&Deed| (deed.time.0 - access.past.first.0) / VISIT;
    let of_work: BTreeSet<i64> = access.deeds.iter().map(visits).collect();
    of_work.len() > RETURNS && (access.makes_elsewhere >= PLACES || !access.deeds.iter().any(|deed| deed.lasting))
}

/// Whether a deed keeps a cluster going, and is nothing that anybody breaks in for: settings of indices, and where shards lie.
fn is_maintenance(scene: &Scene<'_>, deed: &Deed) -> bool {
    const ACTIONS: [&[u8]; 2] = [b"indices:admin/settings/", b"cluster:admin/reroute"];
    ACTIONS.iter().any(|start| scene.bytes(deed.action).starts_with(start))
}

fn draft(measure: &Measure<'_, '_>, access: Access<'_>) -> Option<Draft> {
    let scene = measure.scene;
    let (past, deeds) = (access.past, &access.deeds);
    let probability = access.probability();
    if probability < TOLD {
        return None;
    }
    let kind = if access.stays { Kind::Persistence } else { Kind::SuspiciousAccess };
    let owner = deeds.iter().all(|deed| is_own_password(scene, deed)) && gets_in_elsewhere(measure, past, deeds);
    let returns = access.returns >= RETURNS;
    // Where somebody is seen first and comes back to may be home, and nothing tells that it was new.
    if returns && (access.is_first || is_routine(&access)) {
        return None;
    }
    // Who is called at night to keep a cluster going does no more, and comes back when called again.
    let keeps_going = deeds.iter().all(|deed| is_maintenance(scene, deed));
    if keeps_going && access.returns > 0 {
        return None;
    }
    // A setting opens no way in, and is what is changed by night to keep a cluster going; it may end the audit log as well.
    let only_settings = deeds.iter().all(|deed| deed.class == ActionClass::Settings || is_maintenance(scene, deed));
    let doubtful = owner || returns || only_settings || access.direct && access.stays;
    let hostile = probability >= SURE && !doubtful;
    // What else it may be is as likely then, whatever the weights say.
    let probability = if hostile { probability } else { probability.min(SURE - 0.01) };
    let verdict = if hostile { Verdict::Hostile } else { Verdict::Unclear };
    let severity = if hostile { Severity::High } else { Severity::Medium };
    let mut draft = Draft::new(kind, severity, (verdict, score::rounded(probability)));
    draft.cluster = past.cluster;
    let (principal, source) = (scene.text(past.principal), scene.text(past.source));
    let (who, from) = (|| Span::principal(&principal), || Span::address(&source));
    draft.title = text!(
        "{} got in from {} for the first time, and changed {}",
        who(),
        from(),
        if only_settings { "settings of the cluster" } else { "the cluster's security" }
    );
    draft.why.push(match failures(measure, past) {
        0 => text!("First success of {} from {} at {}, without a failure", who(), from(), past.first),
        many => text!(
            "First success of {} from {} at {}, after {}",
            who(),
            from(),
            past.first,
            Text::count(many, "failure", "failures")
        ),
    });
    draft.why.push(format!(
        "It is at work for {} from {}, and from here for the first time",
        words::duration(access.known),
        words::count(access.others as u64, "other address", "other addresses")
    ));
    if access.outside {
        draft.why.push("The source lies outside the internal networks".to_owned());
    }
    if access.direct {
        draft.why.push("It is the first thing seen of the account there: who breaks in looks around".to_owned());
    }
    if owner {
        draft.why.push("The account gets in at its other places afterwards, as its owner would".to_owned());
    }
    if access.guessed_at {
        draft.why.push("Its password had been guessed at before".to_owned());
    }
    if returns {
        draft.why.push(format!(
            "It is there again at {}, as its owner would be",
            words::count(access.returns as u64, "other time", "other times")
        ));
    }
    draft.why.extend(access.unusual.into_iter().map(|(_, sentence)| sentence));
    consequences::tell_first(measure, &mut draft, "Then", deeds.iter().copied());
    draft.principals = vec![past.principal];
    draft.sources = vec![past.source];
    draft.nodes = deeds.iter().map(|deed| deed.node).collect();
    draft.times = deeds.iter().map(|deed| deed.time).chain([past.first, past.last]).collect();
    draft
        .why
        .extend(past.key.is_some().then(|| format!("With API key {}", super::ranked::key_in_words(scene, past.key))));
    draft.api_keys = deeds.iter().flat_map(|deed| deed.ids.iter().copied()).chain([past.key]).collect();
    draft.successes = u64::from(past.count);
    Some(draft)
}
