//! Whom to follow, out of what the first pass joined: the actor, what it made, and who came with it.

use std::collections::{BTreeMap, BTreeSet};

use super::made::{self, Accounts, MadeThings, RequestClient, Thing};
use super::search::Wanted;
use crate::correlate::{AttributedChange, Correlated};
use crate::network::{Net, address};
use crate::options::Surroundings;
use crate::options::filter::{Filter, Rules, TimeRange};
use crate::reserved::SYSTEM_USERS;
use crate::state::{Actor, Sym, TimeSpan};
use crate::time::Millis;

/// Whose deeds are asked for.
#[derive(Debug, Clone)]
pub enum Asked {
    /// The actor of a finding.
    Finding(Box<Suspect>),
    /// Whoever these name; all of them have to hold.
    Named {
        /// Who authenticated.
        principal: Rules,
        /// With which API key, by id or name.
        key: Rules,
        /// From where.
        source: Rules,
    },
}

/// The actor of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suspect {
    /// `F1`.
    pub id: String,
    /// Accounts that got in.
    pub principals: BTreeSet<Vec<u8>>,
    /// API keys that were used or made.
    pub api_keys: BTreeSet<Vec<u8>>,
    /// Addresses that it came from.
    pub sources: BTreeSet<Vec<u8>>,
    /// Accounts of other findings from the same addresses.
    pub accomplices: BTreeSet<Vec<u8>>,
    /// When the finding starts.
    pub start: Millis,
    /// The cluster that it is about, by uuid, where there are several.
    pub cluster: Option<String>,
    /// Lists of it were cut.
    pub cut: bool,
}

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestSide {
    /// The actor's.
    Actor,
    /// That of whoever used what the actor made (number in [`Plan::made`]).
    Made(usize),
    /// That of the account's owner, or of its programs, at a place of their own.
    Owner,
    /// Somebody else's.
    Other,
}

/// Whom to follow, and from when on.
#[derive(Debug)]
pub struct Plan {
    pub(super) asked: Asked,
    /// From when on.
    pub(super) from: Millis,
    /// Until when.
    pub(super) until: Millis,
    /// First and last event of the log.
    pub(super) log: TimeSpan,
    /// What is known of the surroundings.
    surroundings: Surroundings,
    /// Whether there was a success from then on.
    pub(super) entered: bool,
    /// By account: addresses from which it got in before.
    known: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
    /// Who came from an address of the actor and had not before, and when.
    pub(super) newcomers: BTreeMap<(Vec<u8>, Vec<u8>), Millis>,
    /// Addresses of the actor from which others had come before.
    pub(super) shared: BTreeSet<Vec<u8>>,
    /// What the actor made or changed, by time.
    pub(super) made: MadeThings,
    /// Accounts and keys that are the actor's own.
    own: BTreeSet<Vec<u8>>,
    /// Accounts of a finding that are at work at places of their own meanwhile.
    busy: BTreeSet<Vec<u8>>,
}

impl Plan {
    /// Finds out whom to follow.
    #[must_use]
    pub fn new(joined: &Correlated, asked: Asked, range: TimeRange, surroundings: &Surroundings) -> Self {
        let mut plan = Self { surroundings: surroundings.clone(), ..Self::bare(joined, asked, range) };
        plan.entry_places(joined);
        plan.places(joined);
        let first = plan.first_success(joined);
        plan.entered = first.is_some();
        if range.since == TimeRange::ALL.since {
            let start = match &plan.asked {
                Asked::Finding(suspect) => Some(suspect.start),
                Asked::Named { .. } => plan.log.first,
            };
            plan.from = first.or(start).unwrap_or(range.since);
        }
        plan.owners(joined);
        plan.company(joined);
        plan.things(joined);
        plan.owned(joined);
        plan
    }

    /// Keeps of the addresses of a finding those from which its accounts came in: it also names those from which only what
    /// was made since was used, and that may have been by somebody else.
    fn entry_places(&mut self, joined: &Correlated) {
        let Asked::Finding(suspect) = &mut self.asked else { return };
        let text = |sym: Sym| joined.state.symbols.get(sym);
        let is_later =
            |key: Sym| joined.key(key).and_then(|key| key.created).is_some_and(|created| created >= suspect.start);
        let came = joined.successes.iter().filter(|(actor, series)| {
            let is_account = text(actor.principal).is_some_and(|name| suspect.principals.contains(name));
            is_account && !is_later(actor.apikey) && series.last().is_some_and(|last| last >= suspect.start)
        });
        let places: BTreeSet<Vec<u8>> = came
            .filter_map(|(actor, _)| text(actor.source))
            .filter(|source| suspect.sources.contains(*source))
            .map(<[u8]>::to_vec)
            .collect();
        if !places.is_empty() {
            suspect.sources = places;
        }
    }

    fn bare(joined: &Correlated, asked: Asked, range: TimeRange) -> Self {
        Self {
            asked,
            from: range.since,
            until: range.until,
            log: crate::filter::span(joined),
            surroundings: Surroundings::default(),
            entered: false,
            known: BTreeMap::new(),
            newcomers: BTreeMap::new(),
            shared: BTreeSet::new(),
            made: MadeThings::default(),
            own: BTreeSet::new(),
            busy: BTreeSet::new(),
        }
    }

    /// Follows those whom a filter names, and nobody and nothing else.
    #[must_use]
    pub fn of_names(joined: &Correlated, filter: &Filter) -> Self {
        let asked = Asked::Named {
            principal: filter.principal.clone(),
            key: filter.key.clone(),
            source: filter.source.clone(),
        };
        let range = crate::filter::range(joined, filter);
        let mut plan = Self::bare(joined, asked, range);
        plan.owned(joined);
        plan
    }

    /// The addresses from which the accounts of a finding got in before it.
    fn places(&mut self, joined: &Correlated) {
        let Asked::Finding(suspect) = &self.asked else { return };
        let text = |sym: Sym| joined.state.symbols.get(sym);
        for (actor, series) in joined.successes.iter() {
            let (Some(principal), Some(source)) = (text(actor.principal), text(actor.source)) else { continue };
            let before = series.first().is_some_and(|first| first < suspect.start);
            if before && suspect.principals.contains(principal) {
                self.known.entry(principal.to_vec()).or_default().insert(source.to_vec());
            }
        }
    }

    /// The accounts of a finding whose owners go on to work meanwhile.
    fn owners(&mut self, joined: &Correlated) {
        let Asked::Finding(suspect) = &self.asked else { return };
        let at_work = joined
            .successes
            .iter()
            .filter(|(_, series)| series.at_or_after(self.from).is_some_and(|bucket| bucket.first <= self.until));
        let names = at_work.filter_map(|(actor, _)| {
            let client = client_of(joined, actor);
            let principal = client.principal.filter(|name| suspect.principals.contains(*name))?;
            (!self.is_asked_for(&client) && !self.is_strange(suspect, &client)).then(|| principal.to_vec())
        });
        self.busy = names.collect();
    }

    /// When the actor got in for the first time.
    fn first_success(&self, joined: &Correlated) -> Option<Millis> {
        let start = match &self.asked {
            Asked::Finding(suspect) => self.from.max(suspect.start),
            Asked::Named { .. } => self.from,
        };
        let successes = joined.successes.iter().filter(|(actor, _)| {
            let client = client_of(joined, actor);
            self.in_cluster(joined, actor.node) && self.is_asked_for(&client)
        });
        // A bucket that begins before has its last event after: that is as near as it is known.
        let first = |series: &crate::state::Series| {
            let bucket = series.at_or_after(start)?;
            Some(if bucket.first >= start { bucket.first } else { bucket.last() })
        };
        successes.filter_map(|(_, series)| first(series)).min()
    }

    /// Who came from the addresses of a finding since, and had not before.
    fn company(&mut self, joined: &Correlated) {
        let Asked::Finding(suspect) = &self.asked else { return };
        let text = |sym: Sym| joined.state.symbols.get(sym);
        let mut met: BTreeMap<(&[u8], &[u8]), Millis> = BTreeMap::new();
        for (actor, series) in joined.successes.iter().filter(|(actor, _)| self.in_cluster(joined, actor.node)) {
            let (Some(principal), Some(source)) = (text(actor.principal), text(actor.source)) else { continue };
            let is_program = SYSTEM_USERS.contains(&principal) || principal.contains(&b'/');
            let is_company = suspect.sources.contains(source) && !suspect.principals.contains(principal) && !is_program;
            if let Some(first) = series.first().filter(|_| is_company) {
                let known = met.entry((source, principal)).or_insert(first);
                *known = first.min(*known);
            }
        }
        for ((source, principal), first) in &met {
            if *first < suspect.start && !suspect.accomplices.contains(*principal) {
                self.shared.insert(source.to_vec());
            }
        }
        let came = met.into_iter().filter(|((source, _), first)| *first >= self.from && !self.shared.contains(*source));
        self.newcomers = came
            .filter(|(_, first)| *first <= self.until)
            .map(|((source, principal), first)| ((source.to_vec(), principal.to_vec()), first))
            .collect();
    }

    /// What the actor made, and what was made with that.
    fn things(&mut self, joined: &Correlated) {
        let accounts = Accounts::new(joined);
        // Nothing can be used to make something before it is made itself: one pass in the order of time sees all.
        for (at, change) in joined.changes_left() {
            let time = change.record.time;
            if time < self.from || time > self.until || !self.in_cluster(joined, change.record.node) {
                continue;
            }
            let side = self.maker(joined, change, time);
            if matches!(side, RequestSide::Actor | RequestSide::Made(_)) {
                made::of(joined, &accounts, at, change).into_iter().for_each(|made| self.made.add(made));
            }
        }
    }

    fn maker(&self, joined: &Correlated, change: &AttributedChange, time: Millis) -> RequestSide {
        let who = if change.run_by.is_some() { change.run_by } else { change.actor };
        let side = self.side(&client(joined, (who, change.actor_key, change.source)), time);
        // Who uses a changed account from a place of its own is its owner.
        match side {
            RequestSide::Made(at) if !self.made.all()[at].is_new => RequestSide::Other,
            side => side,
        }
    }

    /// Accounts and keys whose past is the actor's own.
    fn owned(&mut self, joined: &Correlated) {
        match &self.asked {
            Asked::Finding(suspect) if !suspect.principals.is_empty() => {
                self.own = suspect.principals.clone();
            }
            Asked::Finding(suspect) => self.own = suspect.api_keys.clone(),
            Asked::Named { key, .. } => {
                let keyed = !key.is_empty();
                let asked_for = joined.successes.keys().filter_map(|actor| {
                    let client = client_of(joined, actor);
                    let name = if keyed { client.key } else { client.principal };
                    name.filter(|_| self.is_asked_for(&client)).map(<[u8]>::to_vec)
                });
                self.own = asked_for.collect();
            }
        }
    }

    /// Whether a client is the actor itself, by what was asked for.
    pub(super) fn is_asked_for(&self, client: &RequestClient<'_>) -> bool {
        match &self.asked {
            Asked::Named { principal, key, source } => {
                let from = client.source.is_some() || source.is_empty();
                from && principal.pass([client.principal, client.remote_user].into_iter().flatten())
                    && (key.pass([client.key, client.key_name].into_iter().flatten()) || self.is_own_key(key, client))
                    && source.pass(client.source.into_iter())
            }
            Asked::Finding(suspect) => {
                let at_its_place = client.source.is_some_and(|source| suspect.sources.contains(source));
                let is_key = client.key.is_some_and(|key| suspect.api_keys.contains(key));
                let is_account = client.principal.is_some_and(|name| suspect.principals.contains(name));
                let anywhere = suspect.sources.is_empty();
                (at_its_place || anywhere) && (is_account || is_key)
            }
        }
    }

    /// Whether a key is one that is asked for by a name that this event does not tell.
    fn is_own_key(&self, asked: &Rules, client: &RequestClient<'_>) -> bool {
        !asked.is_empty() && client.key.is_some_and(|key| self.own.contains(key))
    }

    /// Whether the actor of a finding may be at an address where its accounts had not been before: whoever has a password
    /// may use it from anywhere, and an owner is mostly near a place of before, or within the organisation.
    fn is_strange(&self, suspect: &Suspect, client: &RequestClient<'_>) -> bool {
        let (Some(principal), Some(source)) = (client.principal, client.source) else { return false };
        let Some(known) = self.known.get(principal).filter(|known| !known.is_empty()) else { return false };
        let is_account = suspect.principals.contains(principal) && client.key.is_none();
        let net = |place: &[u8]| address(place).map(Net::of);
        let (at, outside) = (net(source), address(source).is_some_and(|address| self.surroundings.is_outside(address)));
        let near = known.iter().any(|place| place == source || at.is_some() && net(place) == at);
        is_account && !near && outside
    }

    /// Whose request it is that this client made.
    pub(super) fn side(&self, client: &RequestClient<'_>, time: Millis) -> RequestSide {
        if time < self.from || time > self.until {
            return RequestSide::Other;
        }
        if self.is_asked_for(client) {
            return RequestSide::Actor;
        }
        if let Some(at) = self.uses(client, time) {
            return RequestSide::Made(at);
        }
        if let (Some(principal), Some(source)) = (client.principal, client.source)
            && let Some(since) = self.newcomers.get(&(source.to_vec(), principal.to_vec()))
            && time >= *since
        {
            return RequestSide::Actor;
        }
        match &self.asked {
            Asked::Finding(suspect) if self.is_strange(suspect, client) => RequestSide::Actor,
            Asked::Finding(suspect) => {
                let known = client.principal.is_some_and(|name| suspect.principals.contains(name));
                if known { RequestSide::Owner } else { RequestSide::Other }
            }
            Asked::Named { .. } => RequestSide::Other,
        }
    }

    /// What of that which was made a client uses.
    pub(super) fn uses(&self, client: &RequestClient<'_>, time: Millis) -> Option<usize> {
        self.made.used_by(client, time)
    }

    /// Whether a request without a known client can only be the actor's: all that its account does is the actor's.
    pub(super) fn owns_all(&self, client: &RequestClient<'_>) -> bool {
        match &self.asked {
            Asked::Named { source, .. } => source.is_empty() && self.is_asked_for(client),
            Asked::Finding(suspect) => {
                let is_free = |name: &[u8]| suspect.principals.contains(name) && !self.busy.contains(name);
                client.key.is_none() && client.principal.is_some_and(is_free)
            }
        }
    }

    /// Whether the log tells what the actor did before, or that it did nothing: it has events of its own of then, or reaches
    /// back far enough that somebody who works there would have left some.
    pub(super) fn has_history(&self, own: Option<Millis>) -> bool {
        const ENOUGH: i64 = 86_400_000;
        own.is_some() || self.log.first.is_some_and(|first| self.from.0.saturating_sub(first.0) >= ENOUGH)
    }

    /// Addresses of the actor that are known before anything is found.
    pub(super) fn asked_places(&self) -> BTreeSet<Vec<u8>> {
        match &self.asked {
            Asked::Finding(suspect) => suspect.sources.clone(),
            Asked::Named { .. } => BTreeSet::new(),
        }
    }

    fn in_cluster(&self, joined: &Correlated, node: u32) -> bool {
        self.is_cluster(joined, joined.nodes.cluster(node))
    }

    /// Whether a cluster, by its place in the node table, is looked at.
    pub(super) fn is_cluster(&self, joined: &Correlated, cluster: usize) -> bool {
        let Asked::Finding(suspect) = &self.asked else { return true };
        suspect.cluster.as_ref().is_none_or(|uuid| {
            joined.nodes.clusters().get(cluster).and_then(|cluster| cluster.uuid.as_ref()) == Some(uuid)
        })
    }

    /// Accounts that are followed: the actor's own, its company, and what it made.
    pub(super) fn accounts(&self) -> BTreeSet<Vec<u8>> {
        let mut accounts: BTreeSet<Vec<u8>> = match &self.asked {
            Asked::Finding(suspect) => suspect.principals.clone(),
            Asked::Named { key, .. } if !key.is_empty() => BTreeSet::new(),
            Asked::Named { .. } => self.own.clone(),
        };
        accounts.extend(self.newcomers.keys().map(|(_, principal)| principal.clone()));
        let made = self.made.all().iter().filter_map(|made| match &made.thing {
            Thing::User(name) | Thing::Token { account: name, .. } => Some(name.clone()),
            Thing::Key(_) | Thing::Rule(..) => None,
        });
        accounts.extend(made);
        accounts
    }

    /// API keys that are followed.
    pub(super) fn keys(&self) -> BTreeSet<Vec<u8>> {
        let mut keys: BTreeSet<Vec<u8>> = match &self.asked {
            Asked::Finding(suspect) => suspect.api_keys.clone(),
            Asked::Named { key, .. } if !key.is_empty() => self.own.clone(),
            Asked::Named { .. } => BTreeSet::new(),
        };
        let made = self.made.all().iter().filter_map(|made| match &made.thing {
            Thing::Key(id) => Some(id.clone()),
            _ => None,
        });
        keys.extend(made);
        keys
    }

    /// Whom the second pass is to search for.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        Wanted {
            principals: self.accounts().into_iter().collect(),
            keys: self.keys().into_iter().collect(),
            own: self.own.iter().cloned().collect(),
            from: self.from,
            until: self.until,
        }
    }
}

/// The client of a series; one of refusals has an action, and an index where successes have the user of the other cluster.
pub(super) fn client_of<'j>(joined: &'j Correlated, actor: &Actor) -> RequestClient<'j> {
    let remote_user = joined.state.symbols.get(actor.object).filter(|_| !actor.es_action.is_some());
    RequestClient { remote_user, ..client(joined, (actor.principal, actor.apikey, actor.source)) }
}

/// A client by the symbols of the joined records.
pub(super) fn client(joined: &Correlated, (principal, key, source): (Sym, Sym, Sym)) -> RequestClient<'_> {
    let text = |sym: Sym| joined.state.symbols.get(sym);
    let key_name = joined.key(key).and_then(|key| text(key.name));
    RequestClient {
        principal: text(principal),
        key: text(key),
        key_name,
        token: None,
        remote_user: None,
        source: text(source),
    }
}
