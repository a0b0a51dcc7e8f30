//! Powerful actions one by one, each request once.

use std::collections::BTreeMap;

use super::dedupe_across_inputs;
use super::nodes::NodeTable;
use super::source_lines::{SourceLine, SourceLines};
use crate::action_class::{ActionClass, base};
use crate::state::{Act, ActKind, Origin, RecordKey, State, Sym};
use crate::time::Millis;

/// A powerful action: what somebody did, or was not allowed to do, that changes the cluster or reaches restricted indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerfulAction {
    /// When.
    pub time: Millis,
    /// The effective user.
    pub principal: Sym,
    /// Realm of that user.
    pub realm: Sym,
    /// Who authenticated, on run-as.
    pub run_by: Sym,
    /// Client address without port.
    pub source: Sym,
    /// The API key, if one was used.
    pub apikey: Sym,
    /// The Elasticsearch action.
    pub es_action: Sym,
    /// Its class.
    pub class: ActionClass,
    /// A restricted index is among those that it is about: then it is powerful whatever its class.
    pub restricted: bool,
    /// Whether it was allowed.
    pub granted: bool,
    /// Where the request came in.
    pub origin: Origin,
    /// The restricted index, else the first of those that it is about.
    pub index: Sym,
    /// How many indices it is about.
    pub indices: u32,
    /// Hash of the request id, the same in all events of the request; `None` where there is none.
    pub request: Option<RecordKey>,
    /// Index into the node table.
    pub node: usize,
    /// Where it stands.
    pub place: SourceLine,
    /// A filter left it out: it is known, and not told of.
    pub left_out: bool,
}

impl PowerfulAction {
    /// Who authenticated: of run-as the one who may do so.
    #[must_use]
    pub fn who(&self) -> Sym {
        if self.run_by.is_some() { self.run_by } else { self.principal }
    }

    /// Whether it is told among powerful actions: what was refused, but for acting as somebody else, is told with the refusals.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.granted || self.class == ActionClass::RunAs
    }
}

/// Requests of one client that were turned away: tampered ones, connections that an IP filter refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnedAwayClient {
    /// The first of them; its action is the `event.action`.
    pub first: PowerfulAction,
    /// When the last happened.
    pub last: Millis,
    /// How many there are.
    pub count: u64,
}

/// Powerful actions of one kind (who, from where, with what, which action) beyond those that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FurtherActions {
    /// The last that is kept: none of the further ones happened before.
    pub kept: PowerfulAction,
    /// When the last happened.
    pub last: Millis,
    /// How many events there are, as met, copies included.
    pub count: u64,
}

/// Powerful actions, and those that are counted and no more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PowerfulActions {
    /// Who was turned away, by the first time, then place.
    pub turned_away: Vec<TurnedAwayClient>,
    /// By time, then place.
    pub actions: Vec<PowerfulAction>,
    /// Those beyond the first of their kind, by time and place of the last that is kept.
    pub further: Vec<FurtherActions>,
    /// Events of kinds of which none is kept, by class: as met, copies included.
    pub other_kinds: BTreeMap<ActionClass, u64>,
}

impl PowerfulActions {
    /// Events that are counted and no more, by class: beyond the first of their kind, and of kinds of which none is kept.
    #[must_use]
    pub fn counted_only(&self) -> BTreeMap<ActionClass, u64> {
        let mut counted = self.other_kinds.clone();
        for further in &self.further {
            *counted.entry(further.kept.class).or_default() += further.count;
        }
        counted
    }

    /// Says how many of those that `pass` are counted and no more; `None` where each is there.
    #[must_use]
    pub fn lacking(&self, pass: impl Fn(&PowerfulAction) -> bool) -> Option<String> {
        let further = self.further.iter().filter(|further| pass(&further.kept)).map(|further| further.count);
        let count = further.sum::<u64>() + self.other_kinds.values().sum::<u64>();
        (count > 0).then(|| {
            format!(
                "{count} powerful actions are left out: of each kind (who, from where, which action) the first are kept"
            )
        })
    }
}

/// Events of one request that lie further apart are of two, whose ids are the same by some mistake: snapshots and
/// deletions by query take hours, but they are authorised at their beginning.
const LONGEST_REQUEST_MS: i64 = 600_000;

/// What all events of one request and action have in common.
type Identity<'s> = (usize, RecordKey, bool, &'s [u8], Sym, bool);

/// Takes the acts out of a state, each once: copies in several inputs are one, and so are the parts of a request on other
/// nodes, which bear its id and the same action.
pub(super) fn join(state: &mut State, source_lines: &SourceLines, nodes: &NodeTable) -> PowerfulActions {
    let log = std::mem::take(&mut state.acts);
    let (mut further, mut other_kinds) = (Vec::new(), log.left_out);
    let mut all: Vec<(PowerfulAction, bool)> = Vec::new();
    let mut turned_away = Vec::new();
    for (kind, acts) in log.kinds {
        if kind.is_turned_away() {
            let first = acts.first.first().map(|act| action(&kind, act, source_lines, nodes).0);
            let row = |first: PowerfulAction| TurnedAwayClient {
                first,
                last: acts.last.unwrap_or(first.time),
                count: acts.count,
            };
            turned_away.extend(first.map(row));
            continue;
        }
        let count = acts.count - acts.first.len() as u64;
        match acts.first.last() {
            Some(kept) if count > 0 => {
                let last = acts.last.unwrap_or(kept.time);
                further.push(FurtherActions { kept: action(&kind, kept, source_lines, nodes).0, last, count });
            }
            // All that were kept had been met before, in another input.
            None if count > 0 => *other_kinds.entry(kind.class).or_default() += count,
            _ => {}
        }
        all.extend(acts.first.iter().map(|act| action(&kind, act, source_lines, nodes)));
    }
    let symbols = &state.symbols;
    let identity = |(action, has_id): &(PowerfulAction, bool)| -> Identity<'_> {
        let name = base(symbols.get(action.es_action).unwrap_or_default());
        let request = action.request.unwrap_or(RecordKey(0));
        (nodes.all()[action.node].cluster, request, *has_id, name, action.principal, action.granted)
    };
    all.sort_by(|a, b| {
        let place = |action: &PowerfulAction| (action.time, action.origin, action.place);
        identity(a).cmp(&identity(b)).then_with(|| place(&a.0).cmp(&place(&b.0)))
    });
    let mut actions = Vec::with_capacity(all.len());
    for same in all.chunk_by(|a, b| identity(a) == identity(b) && b.0.time.0 - a.0.time.0 <= LONGEST_REQUEST_MS) {
        if same[0].1 {
            // The event of the node that the client spoke to tells most.
            actions.extend(same.iter().min_by_key(|(action, _)| (action.origin, action.time, action.place)));
        } else {
            for copies in same.chunk_by(|a, b| a.0.time == b.0.time) {
                let path = |action: &PowerfulAction| source_lines.path(action.place.rank);
                let mut inputs: Vec<u32> = copies.iter().map(|(action, _)| path(action)).collect();
                let (_, from) = dedupe_across_inputs(&mut inputs);
                actions.extend(copies.iter().filter(|(action, _)| path(action) == from));
            }
        }
    }
    let without_id = |(action, has_id): (PowerfulAction, bool)| PowerfulAction {
        request: action.request.filter(|_| has_id),
        ..action
    };
    let mut actions: Vec<PowerfulAction> = actions.into_iter().map(without_id).collect();
    actions.sort_by_key(|action| (action.time, action.place));
    turned_away.sort_by_key(|row| (row.first.time, row.first.place));
    further.sort_by_key(|further| (further.kept.time, further.kept.place));
    PowerfulActions { turned_away, actions, further, other_kinds }
}

fn action(kind: &ActKind, act: &Act, source_lines: &SourceLines, nodes: &NodeTable) -> (PowerfulAction, bool) {
    let action = PowerfulAction {
        time: act.time,
        principal: kind.principal,
        realm: kind.realm,
        run_by: kind.run_by,
        source: kind.source,
        apikey: kind.apikey,
        es_action: kind.es_action,
        class: kind.class,
        restricted: kind.restricted,
        granted: kind.granted,
        origin: kind.origin,
        index: act.index,
        indices: act.indices,
        request: Some(act.request),
        node: nodes.index(act.node),
        place: source_lines.of(act.pos),
        left_out: false,
    };
    (action, act.has_request_id)
}
