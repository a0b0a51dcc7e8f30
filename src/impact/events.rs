//! Successes and refusals one by one: what the search found of those whom a filter names.

use super::hits::{Hits, What, Who};
use super::plan::Plan;
use super::requests::{client, placed};
use super::search::SearchResult;
use crate::correlate::{Correlated, KnownNode};
use crate::fast_reader::ActionKind;
use crate::model::events::Event;
use crate::options::EventKinds;
use crate::options::filter::Filter;
use crate::state::Sym;

/// The events of clients that pass, by time, then place. Parts of requests on other nodes are none.
#[must_use]
pub fn events(joined: &Correlated, plan: &Plan, found: SearchResult, kinds: EventKinds, filter: &Filter) -> Vec<Event> {
    let SearchResult(mut hits) = found;
    let mut events = placed(joined, &mut hits);
    events.sort_by_key(|(hit, place)| (hit.time, *place));
    let passes: Vec<bool> = hits.who.all().iter().map(|who| passes(joined, plan, &hits, who, filter)).collect();
    let told = events.into_iter().filter_map(|(hit, place)| {
        let (who, what) = (hits.who.all()[hit.who as usize], hits.what.all()[hit.what as usize]);
        let kind = kind(what, kinds).filter(|_| passes[hit.who as usize])?;
        let text = |sym: Sym| hits.symbols.get(sym);
        let string = |sym: Sym| hits.symbols.string(sym);
        let action = ActionKind::NAMED[what.event as usize];
        let names = hits.names(hit.list).filter_map(text);
        let is_told = filter.action.pass([Some(action.as_bytes()), text(what.action)].into_iter().flatten())
            && filter.index.pass(names.collect::<Vec<_>>().iter().copied());
        let node = node(joined, &hits, &who);
        is_told.then(|| Event {
            at: hit.time,
            time: hit.time.rfc3339(),
            kind,
            action: action.to_owned(),
            principal: string(who.principal),
            source: string(who.source),
            source_known: None,
            attempt: None,
            finding: None,
            forwarded_for: None,
            node: string(who.node),
            node_name: node.and_then(|node| node.name.clone()),
            realm_chain: None,
            realm_chain_ordered: true,
            reason: None,
            reason_basis: None,
            credential: None,
            confidence: None,
            api_key: string(who.key),
            api_key_name: string(who.key_name),
            url_path: None,
            target: string(who.run_as),
            es_action: string(what.action),
            index: hits.names(hit.list).next().and_then(string),
            request_id: None,
            evidence: joined.evidence(place),
        })
    });
    told.collect()
}

fn kind(what: What, kinds: EventKinds) -> Option<&'static str> {
    let success = what.is(ActionKind::AccessGranted) || what.is(ActionKind::AuthenticationSuccess);
    match () {
        () if success && kinds.successes => Some("success"),
        () if what.is(ActionKind::AccessDenied) && kinds.denied => Some("denied"),
        () => None,
    }
}

fn node<'j>(joined: &'j Correlated, hits: &Hits, who: &Who) -> Option<&'j KnownNode> {
    let key = hits.symbols.string(who.node)?;
    joined.nodes.all().iter().find(|node| node.label() == Some(&key) || node.name.as_ref() == Some(&key))
}

/// Whether the events of a client pass, by who, from where, through which realm and on which node.
fn passes(joined: &Correlated, plan: &Plan, hits: &Hits, who: &Who, filter: &Filter) -> bool {
    let node = node(joined, hits, who);
    let names = node.map(|node| [&node.id, &node.name]).into_iter().flatten().flatten().map(String::as_bytes);
    let cluster = node.and_then(|node| joined.nodes.clusters().get(node.cluster));
    let clusters = cluster.map(|cluster| [&cluster.uuid, &cluster.name]).into_iter().flatten().flatten();
    who.came_in()
        && plan.is_asked_for(&client(hits, who))
        && filter.node.pass(names)
        && filter.cluster.pass(clusters.map(String::as_bytes))
        && filter.realm.pass(hits.symbols.get(who.realm).into_iter())
        && filter.reason.pass(std::iter::empty())
}
