//! What the joined records alone tell of an actor: powerful actions, refusals, and the uses of what it made. Of reads and
//! writes they hold no more than that somebody was allowed something.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Plan, RequestSide, client, client_of};
use super::reach::Reach;
use crate::correlate::{Correlated, PowerfulAction};
use crate::model::SourceCount;
use crate::model::impact::{DeniedAccess, Persistence, PowerfulDeed, UserCount};
use crate::state::{Actor, Origin, Series, Sym};
use crate::time::Millis;

/// What an answer out of records lacks.
pub(super) fn lacks(why: &str) -> String {
    format!(
        "What was read, searched and written, index by index: {why}. Powerful actions, refusals and the uses of what was made \
         are told; counts are of events."
    )
}

/// Whose a record is, and whether it is followed at all.
fn side_of(joined: &Correlated, plan: &Plan, (principal, key, source): (Sym, Sym, Sym), time: Millis) -> RequestSide {
    plan.side(&client(joined, (principal, key, source)), time)
}

/// Whether what was done with something that was made is told as the actor's.
pub(super) fn is_followed(plan: &Plan, side: RequestSide) -> bool {
    match side {
        RequestSide::Actor => true,
        RequestSide::Made(at) => plan.made.all()[at].is_new,
        RequestSide::Owner | RequestSide::Other => false,
    }
}

/// Powerful actions of the actor, by time.
pub(super) fn powerful<'j>(joined: &'j Correlated, plan: &'j Plan) -> impl Iterator<Item = &'j PowerfulAction> {
    joined.powerful.actions.iter().filter(move |action| {
        let of_client = matches!(action.origin, Origin::Rest | Origin::Unknown);
        let who = (action.who(), action.apikey, action.source);
        of_client
            && !action.left_out
            && plan.is_cluster(joined, joined.nodes.all()[action.node].cluster)
            && is_followed(plan, side_of(joined, plan, who, action.time))
    })
}

/// Events of clients by who and from where, of those who are followed since the entry.
pub(super) fn followed<'j>(
    joined: &'j Correlated,
    plan: &'j Plan,
    series: impl Iterator<Item = (&'j Actor, &'j Series)>,
) -> Vec<(&'j Actor, Series, RequestSide)> {
    let mut found: Vec<(&Actor, Series, RequestSide)> = series
        .filter_map(|(actor, series)| {
            let within = series.within(plan.from, plan.until);
            let last = within.last()?;
            let side = plan.side(&client_of(joined, actor), last);
            let counts = plan.is_cluster(joined, joined.nodes.cluster(actor.node));
            (counts && matches!(side, RequestSide::Actor | RequestSide::Made(_))).then_some((actor, within, side))
        })
        .collect();
    found.sort_unstable_by_key(|(actor, ..)| **actor);
    found
}

/// What the records tell.
pub(super) fn reach(joined: &Correlated, plan: &Plan) -> Reach {
    let mut reach = Reach::default();
    let text = |sym: Sym| joined.state.symbols.string(sym);
    let successes = followed(joined, plan, joined.successes.iter());
    for (actor, series, side) in &successes {
        if *side == RequestSide::Actor {
            reach.principals.extend(text(actor.principal));
            reach.sources.extend(text(actor.source));
            reach.entered = [reach.entered, series.first()].into_iter().flatten().min();
            for bucket in series.buckets() {
                *reach.minutes.entry(bucket.first.0.div_euclid(60_000)).or_default() += u64::from(bucket.count);
            }
        }
        if is_followed(plan, *side) {
            reach.last_seen = reach.last_seen.max(series.last());
        }
    }
    reach.powerful = powerful(joined, plan).map(|action| deed(joined, action)).collect();
    let run_as = powerful(joined, plan).filter(|action| action.granted && action.run_by.is_some());
    reach.principals.extend(run_as.filter_map(|action| text(action.principal)));
    reach.denied = denied(joined, plan);
    reach.persistence = persistence(joined, plan, &successes);
    reach
}

fn deed(joined: &Correlated, action: &PowerfulAction) -> PowerfulDeed {
    let text = |sym: Sym| joined.state.symbols.string(sym);
    let run_as = action.class == crate::action_class::ActionClass::RunAs;
    let event = if action.granted { "run_as_granted" } else { "run_as_denied" };
    PowerfulDeed {
        time: action.time.rfc3339(),
        action: if run_as { event.to_owned() } else { text(action.es_action).unwrap_or_default() },
        request_name: None,
        class: action.class.name().to_owned(),
        principal: text(action.who()),
        api_key: text(action.apikey),
        run_as: text(action.principal).filter(|_| action.run_by.is_some()),
        source: text(action.source),
        node: joined.nodes.all()[action.node].label().map(str::to_owned),
        indices: text(action.index).into_iter().collect(),
        indices_total: u64::from(action.indices),
        granted: action.granted,
        target: None,
        undo: None,
        evidence: joined.evidence(action.place),
    }
}

fn denied(joined: &Correlated, plan: &Plan) -> Vec<DeniedAccess> {
    let mut rows: BTreeMap<(Sym, Sym), Series> = BTreeMap::new();
    let place = |pos: &crate::state::Pos| joined.source_lines.of(*pos);
    let order = |a: &crate::state::Pos, b: &crate::state::Pos| place(a).cmp(&place(b));
    for (actor, series, side) in followed(joined, plan, joined.denials.iter()) {
        if side == RequestSide::Actor {
            rows.entry((actor.es_action, actor.object)).or_default().merge(&series, &order);
        }
    }
    let text = |sym: Sym| joined.state.symbols.string(sym);
    let rows = rows.into_iter().map(|((action, index), series)| DeniedAccess {
        action: text(action),
        index: text(index),
        count: series.count(),
        first: series.first().map(Millis::rfc3339).unwrap_or_default(),
        last: series.last().map(Millis::rfc3339).unwrap_or_default(),
        evidence: series
            .buckets()
            .first()
            .map(|bucket| joined.evidence(joined.source_lines.of(bucket.pos)))
            .into_iter()
            .collect(),
    });
    let mut rows: Vec<DeniedAccess> = rows.collect();
    rows.sort_by(|a, b| (Reverse(a.count), &a.action, &a.index).cmp(&(Reverse(b.count), &b.action, &b.index)));
    rows
}

fn persistence(joined: &Correlated, plan: &Plan, successes: &[(&Actor, Series, RequestSide)]) -> Vec<Persistence> {
    let text = |sym: Sym| joined.state.symbols.string(sym);
    let mut uses: BTreeMap<usize, Vec<(&Actor, &Series)>> = BTreeMap::new();
    for (actor, series, _) in successes {
        let client = client_of(joined, actor);
        let used = series.last().and_then(|last| plan.uses(&client, last));
        used.into_iter().for_each(|at| uses.entry(at).or_default().push((actor, series)));
    }
    let counted = |list: &[(&Actor, Series)], sym: fn(&Actor) -> Sym| {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (actor, series) in list {
            text(sym(actor)).into_iter().for_each(|name| *counts.entry(name).or_default() += series.count());
        }
        let mut counts: Vec<(String, u64)> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
        counts.sort_by_key(|(_, count)| Reverse(*count));
        counts
    };
    let rows = plan.made.all().iter().enumerate().map(|(at, made)| {
        let list = uses.get(&at).into_iter().flatten();
        let list: Vec<(&Actor, Series)> =
            list.map(|(actor, series)| (*actor, series.within(made.at, plan.until))).collect();
        let sources = counted(&list, |actor| actor.source);
        let users = counted(&list, |actor| actor.principal);
        Persistence {
            uses: made.is_traceable().then(|| list.iter().map(|(_, series)| series.count()).sum()),
            first_use: list.iter().filter_map(|(_, series)| series.first()).min().map(Millis::rfc3339),
            last_use: list.iter().filter_map(|(_, series)| series.last()).max().map(Millis::rfc3339),
            use_sources: sources.into_iter().map(|(address, count)| SourceCount { address, count }).collect(),
            used_by: users.into_iter().map(|(principal, count)| UserCount { principal, count }).collect(),
            ..made.told(joined)
        }
    });
    rows.collect()
}

/// Indices that powerful actions name.
pub(super) fn indices(joined: &Correlated, plan: &Plan) -> u64 {
    let named = powerful(joined, plan).map(|action| action.index).filter(|index| index.is_some());
    named.collect::<BTreeSet<Sym>>().len() as u64
}
