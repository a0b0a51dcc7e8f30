//! Events to requests: the parts of a request on other nodes bear its id, and belong to the client that the node which it came
//! in at has written down (audit-format 1.19).

use std::collections::{BTreeSet, HashMap};

use super::hits::{Hit, Hits, Who};
use super::made::RequestClient;
use super::plan::{Plan, RequestSide};
use crate::correlate::{Correlated, SourceLine};
use crate::fast_reader::ActionKind;
use crate::state::{Origin, Sym};

/// Whose a request is, and how that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The actor's.
    Actor,
    /// The actor's, by what it made (number in the plan).
    ActorBy(usize),
    /// Of whoever used what the actor made, from elsewhere.
    Elsewhere(usize),
    /// Work of a node of its own accord under a name that is followed.
    Background,
    /// Of the account's owner, or of its programs.
    Owner,
    /// It came in at a node that does not write down who it is allowed what, and may be the actor's or the owner's.
    Unknown,
}

/// An event and its place.
pub(super) type PlacedHit = (Hit, SourceLine);

/// A request.
#[derive(Debug)]
pub(super) struct ClientRequest<'e> {
    pub(super) of: Of,
    /// Who made it, a number in [`Hits::who`].
    pub(super) who: u32,
    /// Its events, by time, then place.
    pub(super) events: &'e [PlacedHit],
}

/// Requests of those who are followed.
#[derive(Debug)]
pub(super) struct Requests<'e> {
    /// By time of the first event, then place.
    pub(super) all: Vec<ClientRequest<'e>>,
    /// Addresses that the actor came from.
    pub(super) places: BTreeSet<Vec<u8>>,
    /// Requests that are not the actor's for being made at places of the owner.
    pub(super) of_owner: u64,
    /// Those of which that cannot be told.
    pub(super) unknown: u64,
}

/// Every event once, those of a request one after the other, by time, then place.
pub(super) fn by_request(joined: &Correlated, hits: &mut Hits) -> Vec<PlacedHit> {
    let mut events = placed(joined, hits);
    events.sort_unstable_by_key(|(hit, place)| (hit.request, hit.time, *place));
    events
}

/// Puts events, in the order of [`by_request`], together.
pub(super) fn requests<'e>(joined: &Correlated, plan: &Plan, hits: &Hits, events: &'e [PlacedHit]) -> Requests<'e> {
    let clusters = Clusters::new(joined, hits);
    let client = |who: u32| client(hits, &hits.who.all()[who as usize]);
    let mut sides: Vec<(u32, Option<RequestSide>, std::ops::Range<usize>)> = Vec::new();
    let mut places: BTreeSet<Vec<u8>> = plan.asked_places();
    let mut start = 0;
    for group in events.chunk_by(|a, b| a.0.request == b.0.request) {
        let range = start..start + group.len();
        start = range.end;
        let (first, _) = group[0];
        if !clusters.looked_at(plan, joined, &hits.who.all()[first.who as usize]) {
            continue;
        }
        let outer = outermost(hits, group);
        let side = outer.map(|who| plan.side(&client(who), first.time));
        if side == Some(RequestSide::Other) {
            continue;
        }
        let who = outer.unwrap_or(first.who);
        if side == Some(RequestSide::Actor) {
            places.extend(client(who).source.map(<[u8]>::to_vec));
        }
        sides.push((who, side, range));
    }
    let mut found = Requests { all: Vec::new(), places: BTreeSet::new(), of_owner: 0, unknown: 0 };
    for (who, side, range) in sides {
        let group = &events[range];
        let of = match side {
            Some(RequestSide::Actor) => Of::Actor,
            Some(RequestSide::Made(at)) => {
                let inside = client(who).source.is_some_and(|source| places.contains(source));
                if inside { Of::ActorBy(at) } else { Of::Elsewhere(at) }
            }
            Some(RequestSide::Owner | RequestSide::Other) => Of::Owner,
            None => without_client(plan, hits, who, group),
        };
        found.of_owner += u64::from(of == Of::Owner);
        found.unknown += u64::from(of == Of::Unknown);
        if !matches!(of, Of::Owner | Of::Unknown) {
            found.all.push(ClientRequest { of, who, events: group });
        }
    }
    found.places = places;
    found.all.sort_by_key(|request| (request.events[0].0.time, request.events[0].1));
    found
}

/// The texts of a client.
pub(super) fn client<'h>(hits: &'h Hits, who: &Who) -> RequestClient<'h> {
    let text = |sym: Sym| hits.symbols.get(sym);
    RequestClient {
        principal: text(who.principal),
        key: text(who.key),
        key_name: text(who.key_name),
        token: text(who.token),
        remote_user: text(who.remote_user),
        source: text(who.source),
    }
}

/// Who sent a request, as the node has it that it came in at.
fn outermost(hits: &Hits, group: &[PlacedHit]) -> Option<u32> {
    let came_in = |hit: &&PlacedHit| hits.who.all()[hit.0.who as usize].came_in();
    group.iter().find(came_in).map(|(hit, _)| hit.who)
}

/// Whose a request is of which only parts are written down.
fn without_client(plan: &Plan, hits: &Hits, who: u32, group: &[PlacedHit]) -> Of {
    let origin = |hit: &Hit| hits.who.all()[hit.who as usize].origin;
    if group.iter().any(|(hit, _)| origin(hit) == Origin::LocalNode) {
        return Of::Background;
    }
    let client = RequestClient { source: None, ..client(hits, &hits.who.all()[who as usize]) };
    if plan.owns_all(&client) {
        return Of::Actor;
    }
    // What the actor made is nobody else's.
    match plan.uses(&client, group[0].0.time) {
        Some(at) => Of::Elsewhere(at),
        None => Of::Unknown,
    }
}

/// Every event once, with its place: one that is met in several inputs is one. Its indices have names from then on.
pub(super) fn placed(joined: &Correlated, hits: &mut Hits) -> Vec<PlacedHit> {
    hits.name_indices();
    let labels: HashMap<&str, u32> = (0..joined.state.inputs.len() as u32)
        .map(|rank| (joined.state.inputs[joined.source_lines.input(rank)].label.as_str(), rank))
        .collect();
    let ranks: Vec<Option<u32>> = hits.inputs.all().iter().map(|label| labels.get(label.as_str()).copied()).collect();
    let mut before: HashMap<(u32, u32), u64> = HashMap::new();
    let mut sum = (0, 0);
    for (&(input, seq), lines) in &hits.chunks {
        sum = if sum.0 == input { sum } else { (input, 0) };
        before.insert((input, seq), sum.1);
        sum.1 += lines;
    }
    let place = |hit: &Hit| {
        let before = before.get(&(hit.input, hit.seq)).copied().unwrap_or(0);
        let line = before + u64::from(hit.line) + 1;
        ranks[hit.input as usize].map(|rank| SourceLine { rank, line })
    };
    let events = std::mem::take(&mut hits.events);
    let mut placed: Vec<PlacedHit> = events.into_iter().filter_map(|hit| Some((hit, place(&hit)?))).collect();
    let path = |place: &SourceLine| joined.source_lines.path(place.rank);
    placed.sort_unstable_by_key(|(hit, at)| (hit.identity, path(at), at.line));
    let (mut start, mut kept) = (0, 0);
    while let Some(first) = placed.get(start) {
        let identity = first.0.identity;
        let alike = placed[start..].iter().take_while(|event| event.0.identity == identity).count();
        // As often as the input has it that has it most often.
        let mut best = start..start;
        let mut at = start;
        for run in placed[start..start + alike].chunk_by(|a, b| path(&a.1) == path(&b.1)) {
            best = if run.len() > best.len() { at..at + run.len() } else { best };
            at += run.len();
        }
        // In place: of an actor that scrolls through an index there are millions.
        let len = best.len();
        placed.copy_within(best, kept);
        (start, kept) = (start + alike, kept + len);
    }
    placed.truncate(kept);
    placed
}

/// The clusters of nodes, by what events call them.
struct Clusters(HashMap<Sym, usize>);

impl Clusters {
    fn new(joined: &Correlated, hits: &Hits) -> Self {
        let mut clusters = HashMap::new();
        for node in joined.nodes.all() {
            for name in [&node.id, &node.name].into_iter().flatten() {
                if let Some(sym) = hits.symbols.find(name.as_bytes()) {
                    clusters.entry(sym).or_insert(node.cluster);
                }
            }
        }
        Self(clusters)
    }

    fn looked_at(&self, plan: &Plan, joined: &Correlated, who: &Who) -> bool {
        self.0.get(&who.node).is_none_or(|&cluster| plan.is_cluster(joined, cluster))
    }
}

/// Whether an event says that something was done, and not that somebody came in.
pub(super) fn is_deed(hits: &Hits, hit: &Hit) -> bool {
    let what = hits.what.all()[hit.what as usize];
    what.is(ActionKind::AccessGranted) || what.is(ActionKind::AccessDenied)
}
