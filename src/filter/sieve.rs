//! What passes: every record is reduced to the values that the options are about. TextVerdicts are looked at once each, for there
//! may be millions of attempts of a few names.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::action_class::ActionClass;
use crate::correlate::{AttributedChange, Correlated, FurtherActions, KeyFailure, PowerfulAction, ReasonLine};
use crate::options::filter::{Filter, Rules, TimeRange};
use crate::state::{Actor, ActorSeries, Attempt, Sym};

/// Verdicts on texts by symbol, made when first asked for.
struct TextVerdicts<'j> {
    rules: &'j Rules,
    known: RefCell<Vec<Option<bool>>>,
}

impl<'j> TextVerdicts<'j> {
    fn new(rules: &'j Rules, joined: &Correlated) -> Self {
        let size = if rules.is_empty() { 0 } else { joined.state.symbols.len() + 1 };
        Self { rules, known: RefCell::new(vec![None; size]) }
    }

    /// Whether what has this only value, or none, passes.
    fn pass(&self, joined: &Correlated, sym: Sym) -> bool {
        if self.rules.is_empty() {
            return true;
        }
        let verdict = || self.rules.pass(joined.judged(sym).into_iter());
        let mut known = self.known.borrow_mut();
        known.get_mut(sym.0 as usize).map_or_else(verdict, |slot| *slot.get_or_insert_with(verdict))
    }

    /// Whether what has these values passes.
    fn pass_any(&self, joined: &Correlated, syms: &[Sym]) -> bool {
        self.rules.is_empty() || self.rules.pass(syms.iter().filter_map(|&sym| joined.judged(sym)))
    }
}

/// A filter and what it is applied to.
pub(super) struct Sieve<'j> {
    joined: &'j Correlated,
    filter: &'j Filter,
    pub(super) range: TimeRange,
    principal: TextVerdicts<'j>,
    source: TextVerdicts<'j>,
    realm: TextVerdicts<'j>,
    /// By node of the table.
    nodes: Vec<bool>,
    /// By attempt: the key it was refused with.
    keys_of_attempts: BTreeMap<u32, Sym>,
    /// By change: the keys it made or ended.
    keys_of_changes: BTreeMap<usize, Vec<Sym>>,
}

impl<'j> Sieve<'j> {
    pub(super) fn new(joined: &'j Correlated, filter: &'j Filter) -> Self {
        let of_cluster = |cluster: &'j crate::correlate::KnownCluster| {
            [&cluster.uuid, &cluster.name].into_iter().flatten().map(String::as_bytes)
        };
        let clusters: Vec<bool> =
            joined.nodes.clusters().iter().map(|cluster| filter.cluster.pass(of_cluster(cluster))).collect();
        let nodes = joined.nodes.all().iter();
        let names =
            |node: &'j crate::correlate::KnownNode| [&node.id, &node.name].into_iter().flatten().map(String::as_bytes);
        let refused = joined.key_failures.iter().filter(|failure| failure.key.is_some());
        let mut keys_of_changes: BTreeMap<usize, Vec<Sym>> = BTreeMap::new();
        for key in &joined.keys {
            let ended = key.invalidated.and_then(|end| end.change);
            for change in [key.created_by, ended].into_iter().flatten() {
                keys_of_changes.entry(change).or_default().push(key.id);
            }
        }
        Self {
            joined,
            filter,
            range: super::range(joined, filter),
            principal: TextVerdicts::new(&filter.principal, joined),
            source: TextVerdicts::new(&filter.source, joined),
            realm: TextVerdicts::new(&filter.realm, joined),
            nodes: nodes.map(|node| filter.node.pass(names(node)) && clusters[node.cluster]).collect(),
            keys_of_attempts: refused.filter_map(|failure| Some((failure.attempt?, failure.key))).collect(),
            keys_of_changes,
        }
    }

    /// Whether what was done with, or to, these keys passes: by their ids and names.
    fn keys(&self, ids: &[Sym]) -> bool {
        if self.filter.key.is_empty() {
            return true;
        }
        let mut values: Vec<&[u8]> = Vec::new();
        for &id in ids {
            values.extend(self.joined.judged(id));
            values.extend(self.joined.key(id).and_then(|key| self.joined.judged(key.name)));
        }
        self.filter.key.pass(values.iter().copied())
    }

    fn action(&self, action: Option<&[u8]>) -> bool {
        self.filter.action.pass(action.into_iter())
    }

    /// Whether what names no index passes.
    fn without_index(&self) -> bool {
        self.filter.index.pass(std::iter::empty())
    }

    /// Whether an event of this name and Elasticsearch action, about this index, passes.
    fn doing(&self, event: Option<&[u8]>, es_action: Sym, index: Sym) -> bool {
        let joined = self.joined;
        self.filter.action.pass(event.into_iter().chain(joined.judged(es_action)))
            && self.filter.index.pass(joined.judged(index).into_iter())
    }

    /// Whether somebody who was turned away passes: by the first of several, and some time in between.
    pub(super) fn turned_away(&self, first: &PowerfulAction, last: crate::time::Millis) -> bool {
        let joined = self.joined;
        first.time <= self.range.until
            && last >= self.range.since
            && self.principal.pass(joined, first.principal)
            && self.source.pass(joined, first.source)
            && self.realm.pass(joined, first.realm)
            && self.nodes[first.node]
            && self.filter.reason.pass(std::iter::empty())
            && self.action(joined.judged(first.es_action))
            && self.without_index()
            && self.keys(&[first.apikey])
    }

    /// By powerful action: whether it passes.
    pub(super) fn powerful(&self) -> Vec<bool> {
        let joined = self.joined;
        let pass = |action: &PowerfulAction| {
            self.range.holds(action.time)
                && self.principal.pass_any(joined, &[action.principal, action.run_by])
                && self.source.pass(joined, action.source)
                && self.realm.pass(joined, action.realm)
                && self.nodes[action.node]
                && self.filter.reason.pass(std::iter::empty())
                && self.doing(event_of(action), action.es_action, action.index)
                && self.keys(&[action.apikey])
        };
        joined.powerful.actions.iter().map(pass).collect()
    }

    /// Whether some of the powerful actions that are counted and no more may pass: on which nodes and to what is not known.
    pub(super) fn further(&self, further: &FurtherActions) -> bool {
        let (joined, kept) = (self.joined, &further.kept);
        kept.time <= self.range.until
            && further.last >= self.range.since
            && self.principal.pass_any(joined, &[kept.principal, kept.run_by])
            && self.source.pass(joined, kept.source)
            && self.realm.pass(joined, kept.realm)
            && self.filter.reason.pass(std::iter::empty())
            && self.filter.action.pass(event_of(kept).into_iter().chain(joined.judged(kept.es_action)))
            && self.keys(&[kept.apikey])
    }

    /// The tampered requests that pass, by minute. Nothing else of them is known.
    pub(super) fn tampered(&self, minutes: &BTreeMap<i64, u64>) -> BTreeMap<i64, u64> {
        let lists = self.filter.lists();
        let others = lists.iter().filter(|(name, _)| *name != "action").all(|(_, rules)| rules.is_empty());
        if !others || !self.action(Some(b"tampered_request")) {
            return BTreeMap::new();
        }
        let within = |(minute, _): &(&i64, &u64)| self.range.holds_minute(**minute);
        minutes.iter().filter(within).map(|(&minute, &count)| (minute, count)).collect()
    }

    /// By attempt: whether it passes.
    pub(super) fn attempts(&self) -> Vec<bool> {
        let joined = self.joined;
        let without_index = self.without_index();
        let mut chains: BTreeMap<u32, bool> = BTreeMap::new();
        let mut chain = |attempt: &Attempt| {
            if self.filter.realm.is_empty() {
                return true;
            }
            let realms = joined.state.chains.get(attempt.chain).unwrap_or_default();
            *chains.entry(attempt.chain.0).or_insert_with(|| self.realm.pass_any(joined, realms))
        };
        joined
            .attempts
            .iter()
            .zip(0..)
            .map(|(attempt, at)| {
                self.range.holds(attempt.time)
                    && self.principal.pass(joined, attempt.principal)
                    && self.source.pass(joined, attempt.source)
                    && self.nodes[joined.nodes.index(attempt.node)]
                    && self.filter.reason.pass(std::iter::once(attempt.reason.name().as_bytes()))
                    && self.action(Some(attempt.outcome.name().as_bytes()))
                    && without_index
                    && chain(attempt)
                    && self.keys(self.keys_of_attempts.get(&at).map_or(&[], std::slice::from_ref))
            })
            .collect()
    }

    /// By refusal of a key: whether it passes. One that was joined to an attempt passes as that does.
    pub(super) fn failures(&self, attempts: &[bool]) -> Vec<bool> {
        let alone = |failure: &KeyFailure| {
            let nothing = std::iter::empty::<&[u8]>();
            self.range.holds(failure.time)
                && self.nodes[failure.node]
                && self.filter.reason.pass(std::iter::once(failure.reason.name().as_bytes()))
                && self.keys(&[failure.key])
                && self.without_index()
                && [&self.filter.principal, &self.filter.source, &self.filter.realm, &self.filter.action]
                    .iter()
                    .all(|rules| rules.pass(nothing.clone()))
        };
        let pass = |failure: &KeyFailure| match failure.attempt {
            Some(at) => attempts.get(at as usize).copied().unwrap_or(false),
            None => alone(failure),
        };
        self.joined.key_failures.iter().map(pass).collect()
    }

    /// By line that tells a reason: whether it passes. One that was matched to an attempt passes as that does, any other
    /// by what itself tells.
    pub(super) fn reason_lines(&self, attempts: &[bool]) -> Vec<bool> {
        let joined = self.joined;
        let alone = |line: &ReasonLine| {
            let record = &line.record;
            let (principal, key) =
                if record.about.is_key() { (None, Some(record.subject)) } else { (Some(record.subject), None) };
            self.range.holds(record.time)
                && self.nodes[line.node]
                && self.filter.reason.pass(std::iter::once(record.reason.name().as_bytes()))
                && self.principal.pass_any(joined, principal.as_slice())
                && self.realm.pass_any(joined, &[record.realm])
                && self.keys(key.as_slice())
                && self.without_index()
                && [&self.filter.source, &self.filter.action].iter().all(|rules| rules.pass(std::iter::empty()))
        };
        let pass = |line: &ReasonLine| match line.attempt {
            Some(at) => attempts.get(at as usize).copied().unwrap_or(false),
            None => alone(line),
        };
        joined.reason_lines.iter().map(pass).collect()
    }

    /// By change: whether it passes. Who it was made by and to are its principals.
    pub(super) fn changes(&self) -> Vec<bool> {
        self.joined.changes.iter().enumerate().map(|(at, change)| self.change(at, change)).collect()
    }

    fn change(&self, at: usize, change: &AttributedChange) -> bool {
        let joined = self.joined;
        let record = &change.record;
        let made = self.keys_of_changes.get(&at).into_iter().flatten().copied();
        let about: BTreeSet<Sym> = record.ids.iter().copied().chain(made).collect();
        let about: Vec<Sym> = about.into_iter().collect();
        self.range.holds(record.time)
            && self.principal.pass_any(joined, &self.principals(change, &about))
            && self.source.pass(joined, change.source)
            && self.realm.pass(joined, change.actor_realm)
            && self.nodes[joined.nodes.index(record.node)]
            && self.filter.reason.pass(std::iter::empty())
            && self.action(joined.judged(record.action))
            && self.without_index()
            && self.keys_of(change, about)
    }

    /// Who made a change, whom it is about, and who owns the keys that it is about.
    fn principals(&self, change: &AttributedChange, keys: &[Sym]) -> Vec<Sym> {
        let record = &change.record;
        let mut principals = vec![change.actor, change.run_by, record.owner, record.granted_to];
        if self.joined.judged(record.action).is_some_and(is_about_user) {
            principals.push(record.name);
        }
        principals.extend(keys.iter().filter_map(|&id| self.joined.key(id)).map(|key| key.owner));
        principals
    }

    /// The keys a change is about or was made with; an event may tell the name alone.
    fn keys_of(&self, change: &AttributedChange, mut about: Vec<Sym>) -> bool {
        let action = self.joined.judged(change.record.action).unwrap_or_default();
        about.extend([change.actor_key].into_iter().filter(|key| key.is_some()));
        if memchr::memmem::find(action, b"apikey").is_some() {
            about.push(change.record.name);
        }
        self.keys(&about)
    }

    /// The events that pass, of series of one action.
    pub(super) fn series(&self, all: &ActorSeries, action: Option<&[u8]>) -> ActorSeries {
        let joined = self.joined;
        let pass = |actor: &Actor| {
            let remote = if action.is_none() { actor.object } else { Sym::NONE };
            let who = if remote.is_some() {
                self.principal.pass_any(joined, &[actor.principal, remote])
            } else {
                self.principal.pass(joined, actor.principal)
            };
            who && self.source.pass(joined, actor.source)
                && self.realm.pass(joined, actor.realm)
                && self.nodes[joined.nodes.index(actor.node)]
                && self.filter.reason.pass(std::iter::empty())
                && self.doing(action, actor.es_action, if action.is_some() { actor.object } else { Sym::NONE })
                && self.keys(&[actor.apikey])
        };
        all.iter()
            .filter(|(actor, _)| pass(actor))
            .map(|(actor, series)| (*actor, series.within(self.range.since, self.range.until)))
            .filter(|(_, series)| series.count() > 0)
            .collect()
    }
}

/// The `event.action` of a powerful action.
fn event_of(action: &PowerfulAction) -> Option<&'static [u8]> {
    Some(match (action.class, action.granted) {
        (ActionClass::RunAs, true) => b"run_as_granted",
        (ActionClass::RunAs, false) => b"run_as_denied",
        (_, true) => b"access_granted",
        (_, false) => b"access_denied",
    })
}

/// Whether the name in a change is that of a user.
fn is_about_user(action: &[u8]) -> bool {
    [&b"user"[..], b"password"].iter().any(|word| memchr::memmem::find(action, word).is_some())
        && memchr::memmem::find(action, b"role").is_none()
}
