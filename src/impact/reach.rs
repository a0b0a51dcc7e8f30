//! What requests reached: counted by index and class, powerful actions one by one, uses of what was made.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::hits::{Hit, Hits};
use super::plan::Plan;
use super::requests::{ClientRequest, Of, PlacedHit, Requests, client, is_deed};
use super::tally::RequestTally;
use super::undo::{self, KnownAction};
use crate::action_class::{ActionClass, base, is_restricted};
use crate::correlate::{Correlated, SourceLine};
use crate::fast_reader::ActionKind;
use crate::model::SourceCount;
use crate::model::impact::{Background, DeniedAccess, Persistence, PowerfulDeed, Reached, UserCount};
use crate::state::{Origin, RecordKey, Sym};
use crate::time::Millis;
use crate::words;

/// Indices that a powerful action names one by one; how many there are stands beside them.
const NAMED: usize = 50;

/// Rows of a list, and powerful actions: clusters of the largest size that are known have some 50,000 indices, and an actor that
/// names others without end must not fill the memory.
const MOST_ROWS: usize = 50_000;

/// Events of one request by what they say was done.
type EventsBy<K> = BTreeMap<K, Vec<PlacedHit>>;

/// What was found of an actor, ready to be told.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub(super) reached: Vec<Reached>,
    pub(super) powerful: Vec<PowerfulDeed>,
    pub(super) persistence: Vec<Persistence>,
    pub(super) denied: Vec<DeniedAccess>,
    pub(super) background: Vec<Background>,
    /// Accounts that acted, and whom they ran as.
    pub(super) principals: BTreeSet<String>,
    pub(super) sources: BTreeSet<String>,
    /// When the actor's requests began, by minute since 1970.
    pub(super) minutes: BTreeMap<i64, u64>,
    pub(super) entered: Option<Millis>,
    pub(super) first_data: Option<Millis>,
    pub(super) last_seen: Option<Millis>,
    /// What cannot be told.
    pub(super) lacks: Vec<String>,
}

/// Uses of something that was made.
#[derive(Debug, Default)]
struct MadeUses {
    count: u64,
    first: Option<Millis>,
    last: Option<Millis>,
    sources: BTreeMap<Sym, u64>,
    users: BTreeMap<Sym, u64>,
}

/// Counts requests.
struct Counter<'c> {
    joined: &'c Correlated,
    plan: &'c Plan,
    hits: &'c Hits,
    /// By action: its class, and whether it is powerful.
    classes: HashMap<Sym, (ActionClass, bool)>,
    /// Of requests that name one list of indices.
    by_list: HashMap<(ActionClass, u32), RequestTally>,
    by_index: HashMap<(ActionClass, Option<Sym>), RequestTally>,
    denied: HashMap<(Sym, Option<Sym>), RequestTally>,
    background: HashMap<(Sym, Sym, Option<Sym>), RequestTally>,
    uses: BTreeMap<usize, MadeUses>,
    /// Security changes by request.
    changes: HashMap<RecordKey, Vec<usize>>,
    reach: Reach,
    /// Pairs of a class and an index, those that are not listed included.
    rows: usize,
    powerful: Vec<(Millis, SourceLine, PowerfulDeed)>,
    /// Powerful actions that are not listed.
    powerful_cut: u64,
}

/// What requests reached.
pub(super) fn reach(joined: &Correlated, plan: &Plan, hits: &Hits, requests: &Requests<'_>) -> Reach {
    let mut changes: HashMap<RecordKey, Vec<usize>> = HashMap::new();
    for (at, change) in joined.changes.iter().enumerate() {
        if let Some(id) = joined.state.symbols.get(change.record.request_id) {
            changes.entry(RecordKey::of(&[Some(id)])).or_default().push(at);
        }
    }
    let mut counter = Counter {
        joined,
        plan,
        hits,
        classes: HashMap::new(),
        by_list: HashMap::new(),
        by_index: HashMap::new(),
        denied: HashMap::new(),
        background: HashMap::new(),
        uses: BTreeMap::new(),
        changes,
        reach: Reach::default(),
        rows: 0,
        powerful: Vec::new(),
        powerful_cut: 0,
    };
    requests.all.iter().for_each(|request| counter.request(request));
    counter.reach.sources = requests.places.iter().map(|place| lossy(place)).collect();
    counter.finish()
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

impl Counter<'_> {
    fn class(&mut self, action: Sym) -> (ActionClass, bool) {
        let text = || self.hits.symbols.get(action).unwrap_or_default();
        *self
            .classes
            .entry(action)
            .or_insert_with(|| (ActionClass::of(text()), ActionClass::of_powerful(text()).is_some()))
    }

    fn request(&mut self, request: &ClientRequest<'_>) {
        let is_actor = matches!(request.of, Of::Actor | Of::ActorBy(_));
        match request.of {
            Of::Background => return self.background(request),
            Of::Elsewhere(at) => self.used(at, request),
            Of::Actor | Of::ActorBy(_) => {
                let who = &self.hits.who.all()[request.who as usize];
                let time = request.events[0].0.time;
                if let Some(at) = self.plan.uses(&client(self.hits, who), time) {
                    self.used(at, request);
                }
            }
            Of::Owner | Of::Unknown => return,
        }
        let is_new = |at: usize| self.plan.made.all()[at].is_new;
        if !is_actor && !matches!(request.of, Of::Elsewhere(at) if is_new(at)) {
            return;
        }
        let (first, last) = (request.events[0].0.time, request.events[request.events.len() - 1].0.time);
        self.reach.last_seen = self.reach.last_seen.max(Some(last));
        if is_actor {
            self.reach.entered = Some(self.reach.entered.map_or(first, |entered| entered.min(first)));
            *self.reach.minutes.entry(first.0.div_euclid(60_000)).or_default() += 1;
            self.names(request);
            self.deeds(request);
        }
        self.powerful(request);
    }

    fn names(&mut self, request: &ClientRequest<'_>) {
        let hits = self.hits;
        let mut name = |sym: Sym| self.reach.principals.extend(hits.symbols.string(sym));
        let who = &hits.who.all()[request.who as usize];
        name(who.principal);
        for (hit, _) in request.events {
            let refused = hits.what.all()[hit.what as usize].is(ActionKind::RunAsDenied);
            let run_as = hits.who.all()[hit.who as usize].run_as;
            if run_as.is_some() && !refused {
                name(run_as);
            }
        }
    }

    /// Counts what was allowed and what was not, by class and index.
    fn deeds(&mut self, request: &ClientRequest<'_>) {
        const DATA: [ActionClass; 6] = [
            ActionClass::Read,
            ActionClass::Search,
            ActionClass::BulkRead,
            ActionClass::Write,
            ActionClass::DeleteDocuments,
            ActionClass::Reindex,
        ];
        let hits = self.hits;
        let mut classes: EventsBy<ActionClass> = BTreeMap::new();
        let mut refused: EventsBy<(Sym, Option<Sym>)> = BTreeMap::new();
        for (hit, place) in request.events.iter().filter(|(hit, _)| is_deed(hits, hit)) {
            let what = hits.what.all()[hit.what as usize];
            if what.is(ActionKind::AccessGranted) {
                let (class, _) = self.class(what.action);
                if DATA.contains(&class) {
                    let first = self.reach.first_data;
                    self.reach.first_data = Some(first.map_or(hit.time, |first| first.min(hit.time)));
                }
                classes.entry(class).or_default().push((*hit, *place));
            } else if hits.is_empty(hit.list) {
                refused.entry((what.action, None)).or_default().push((*hit, *place));
            } else {
                hits.names(hit.list).for_each(|name| {
                    refused.entry((what.action, Some(name))).or_default().push((*hit, *place));
                });
            }
        }
        for (key, events) in refused {
            self.denied.entry(key).or_default().add(hits, &events);
        }
        for (class, events) in classes {
            self.allowed(class, &events);
        }
    }

    /// Counts a request for each index that its events of a class name; those that name none belong to all of these.
    fn allowed(&mut self, class: ActionClass, events: &[PlacedHit]) {
        let hits = self.hits;
        let mut lists: Vec<u32> = events.iter().map(|(hit, _)| hit.list).filter(|&list| !hits.is_empty(list)).collect();
        lists.sort_unstable();
        lists.dedup();
        match lists.as_slice() {
            [] => self.by_index.entry((class, None)).or_default().add(hits, events),
            [only] => self.by_list.entry((class, *only)).or_default().add(hits, events),
            many => {
                let mut by_index: BTreeMap<Sym, Vec<u32>> = BTreeMap::new();
                for &list in many {
                    hits.names(list).for_each(|name| by_index.entry(name).or_default().push(list));
                }
                for (name, lists) in by_index {
                    let named = events.iter().filter(|(hit, _)| hits.is_empty(hit.list) || lists.contains(&hit.list));
                    let named: Vec<PlacedHit> = named.copied().collect();
                    self.by_index.entry((class, Some(name))).or_default().add(hits, &named);
                }
            }
        }
    }

    fn background(&mut self, request: &ClientRequest<'_>) {
        let hits = self.hits;
        let mut deeds: EventsBy<(Sym, Sym, Option<Sym>)> = BTreeMap::new();
        for (hit, place) in request.events.iter().filter(|(hit, _)| is_deed(hits, hit)) {
            let (who, what) = (hits.who.all()[hit.who as usize], hits.what.all()[hit.what as usize]);
            let mut add = |name| deeds.entry((who.principal, what.action, name)).or_default().push((*hit, *place));
            if hits.is_empty(hit.list) { add(None) } else { hits.names(hit.list).for_each(|name| add(Some(name))) }
        }
        for (key, events) in deeds {
            self.background.entry(key).or_default().add(hits, &events);
        }
    }

    fn used(&mut self, at: usize, request: &ClientRequest<'_>) {
        let who = &self.hits.who.all()[request.who as usize];
        let uses = self.uses.entry(at).or_default();
        uses.count += 1;
        let (first, last) = (request.events[0].0.time, request.events[request.events.len() - 1].0.time);
        uses.first = Some(uses.first.map_or(first, |known| known.min(first)));
        uses.last = uses.last.max(Some(last));
        if matches!(who.origin, Origin::Rest | Origin::Unknown) && who.source.is_some() {
            *uses.sources.entry(who.source).or_default() += 1;
        }
        *uses.users.entry(who.principal).or_default() += 1;
    }

    /// Notes the powerful actions of a request, each once whatever parts it has.
    fn powerful(&mut self, request: &ClientRequest<'_>) {
        let hits = self.hits;
        let mut met: EventsBy<(Vec<u8>, bool)> = BTreeMap::new();
        for (hit, place) in request.events {
            let what = hits.what.all()[hit.what as usize];
            let run_as = what.is(ActionKind::RunAsGranted) || what.is(ActionKind::RunAsDenied);
            let granted = what.is(ActionKind::AccessGranted) || what.is(ActionKind::RunAsGranted);
            let is_powerful =
                run_as || is_deed(hits, hit) && (self.class(what.action).1 || hits.is_restricted(hit.list));
            if is_powerful {
                let action = hits.symbols.get(what.action).unwrap_or_default();
                let name = if run_as { ActionKind::NAMED[what.event as usize].as_bytes() } else { base(action) };
                met.entry((name.to_vec(), granted)).or_default().push((*hit, *place));
            }
        }
        for ((action, granted), events) in met {
            if self.powerful.len() >= MOST_ROWS {
                self.powerful_cut += 1;
                continue;
            }
            // The event of the node that the client spoke to tells most.
            let origin = |hit: &Hit| hits.who.all()[hit.who as usize].origin;
            let teller = events.iter().min_by_key(|(hit, place)| (origin(hit), hit.time, *place)).copied();
            if let Some(teller) = teller {
                let deed = self.deed(request, &action, granted, teller, &events);
                self.powerful.push((teller.0.time, teller.1, deed));
            }
        }
    }

    fn deed(
        &self,
        request: &ClientRequest<'_>,
        action: &[u8],
        granted: bool,
        (hit, place): PlacedHit,
        events: &[PlacedHit],
    ) -> PowerfulDeed {
        let hits = self.hits;
        let text = |sym: Sym| hits.symbols.string(sym);
        let (who, what) = (hits.who.all()[hit.who as usize], hits.what.all()[hit.what as usize]);
        let run_as = what.is(ActionKind::RunAsGranted) || what.is(ActionKind::RunAsDenied);
        let named =
            events.iter().find(|(other, _)| !hits.is_empty(other.list)).map_or(hit.list, |(other, _)| other.list);
        let list = if hits.is_empty(hit.list) { named } else { hit.list };
        let path =
            request.events.iter().map(|(hit, _)| hits.what.all()[hit.what as usize].path).find(|path| path.is_some());
        let change = self.changes.get(&hit.request).and_then(|changes| changes.first()).copied();
        let known = KnownAction {
            symbols: &self.joined.state.symbols,
            change: change.map(|at| &self.joined.changes[at]),
            path: path.and_then(|path| hits.symbols.get(path)),
            was_there: action.ends_with(b"user/put") && !change.is_some_and(|at| self.plan.made.is_new(at)),
        };
        let class = if run_as { ActionClass::RunAs } else { ActionClass::of(action) };
        let changes = matches!(class, ActionClass::Security | ActionClass::Keys);
        let known = if changes { known } else { KnownAction { change: None, ..known } };
        let undo = undo::undo(action, &known).filter(|_| granted && !run_as);
        let source = if matches!(who.origin, Origin::Rest | Origin::Unknown) { who.source } else { Sym::NONE };
        PowerfulDeed {
            time: hit.time.rfc3339(),
            action: if run_as { lossy(action) } else { text(what.action).unwrap_or_default() },
            request_name: text(what.request_name),
            class: class.name().to_owned(),
            principal: text(who.principal),
            api_key: text(who.key),
            run_as: text(who.run_as),
            source: text(source),
            node: text(who.node),
            indices: hits.names(list).take(NAMED).filter_map(text).collect(),
            indices_total: hits.names_total(list),
            granted,
            target: undo::target(&known).filter(|_| !run_as),
            undo: undo.map(|call| call.plain()),
            evidence: self.joined.evidence(place),
        }
    }

    fn finish(mut self) -> Reach {
        self.count_lists();
        self.reach.reached = self.reached();
        self.reach.denied = self.refused();
        self.reach.background = self.of_nodes();
        let cut = |rows: usize, what: &str, kept: &str| {
            let all = words::number(rows as u64);
            (rows > MOST_ROWS)
                .then(|| format!("{all} {what}: the {} {kept} are listed.", words::number(MOST_ROWS as u64)))
        };
        let powerful = self.powerful.len() + usize::try_from(self.powerful_cut).unwrap_or(usize::MAX);
        self.reach.lacks.extend(cut(
            self.rows,
            "pairs of an index and a class were reached",
            "most sensitive and frequent",
        ));
        self.reach.lacks.extend(cut(
            self.denied.len(),
            "pairs of an action and an index were refused",
            "most frequent",
        ));
        self.reach.lacks.extend(cut(powerful, "powerful actions were taken", "first"));
        self.powerful.sort_by(|a, b| (a.0, a.1, &a.2.action).cmp(&(b.0, b.1, &b.2.action)));
        self.reach.powerful = std::mem::take(&mut self.powerful).into_iter().map(|(_, _, deed)| deed).collect();
        self.reach.persistence = self.persistence();
        self.reach
    }

    /// Counts the requests that name one list of indices for each of these; where there are more indices than rows, for those
    /// that are listed.
    #[expect(clippy::iter_over_hash_type, reason = "sums alone, in whatever order")]
    fn count_lists(&mut self) {
        let hits = self.hits;
        let mut by_block: HashMap<(ActionClass, u32), RequestTally> = HashMap::new();
        for ((class, list), tally) in std::mem::take(&mut self.by_list) {
            hits.blocks(list).iter().for_each(|&block| by_block.entry((class, block)).or_default().merge(&tally));
        }
        let named = |block: u32| hits.block(block).iter().map(|&name| Some(name));
        let mut counts: HashMap<(ActionClass, Option<Sym>), u64> =
            self.by_index.iter().map(|(key, tally)| (*key, tally.requests)).collect();
        for (&(class, block), tally) in &by_block {
            named(block).for_each(|name| *counts.entry((class, name)).or_default() += tally.requests);
        }
        self.rows = counts.len();
        if self.rows > MOST_ROWS {
            let mut ranked: Vec<((ActionClass, Option<Sym>), u64)> = counts.into_iter().collect();
            let rank = |&((class, name), count): &((ActionClass, Option<Sym>), u64)| {
                let name = name.and_then(|name| hits.symbols.get(name));
                (Reverse(name.is_some_and(is_restricted)), class, Reverse(count), name)
            };
            ranked.select_nth_unstable_by(MOST_ROWS, |a, b| rank(a).cmp(&rank(b)));
            ranked.truncate(MOST_ROWS);
            counts = ranked.into_iter().collect();
        }
        self.by_index.retain(|key, _| counts.contains_key(key));
        for ((class, block), tally) in by_block {
            for name in named(block).filter(|name| counts.contains_key(&(class, *name))) {
                self.by_index.entry((class, name)).or_default().merge(&tally);
            }
        }
    }

    fn text(&self, sym: Sym) -> Option<String> {
        self.hits.symbols.string(sym)
    }

    fn reached(&self) -> Vec<Reached> {
        let has_history = self.plan.has_history(self.hits.before.first);
        let mut rows: Vec<((ActionClass, Reverse<u64>), Reached)> = Vec::with_capacity(self.by_index.len());
        let tallies: BTreeMap<&(ActionClass, Option<Sym>), &RequestTally> = self.by_index.iter().collect();
        for ((class, index), tally) in tallies {
            let (first, last) = tally.times();
            let name = index.and_then(|index| self.text(index));
            let actions = tally.actions.iter().filter_map(|(action, count)| Some((self.text(*action)?, *count)));
            let new = index.filter(|_| has_history).map(|index| !self.hits.was_touched(index));
            let row = Reached {
                restricted: name.as_ref().is_some_and(|name| is_restricted(name.as_bytes())),
                index: name,
                class: class.name().to_owned(),
                count: tally.requests,
                events: tally.events,
                first,
                last,
                granted: true,
                new,
                actions: actions.collect(),
                evidence: tally.evidence(self.joined),
            };
            rows.push(((*class, Reverse(tally.requests)), row));
        }
        rows.sort_by(|a, b| (&a.0, &a.1.index).cmp(&(&b.0, &b.1.index)));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn refused(&self) -> Vec<DeniedAccess> {
        let mut tallies: Vec<(&(Sym, Option<Sym>), &RequestTally)> = self.denied.iter().collect();
        let name = |sym: Sym| self.hits.symbols.get(sym);
        let rank = |&(&(action, index), tally): &(&(Sym, Option<Sym>), &RequestTally)| {
            (Reverse(tally.requests), name(action), index.and_then(name))
        };
        tallies.sort_unstable_by(|a, b| rank(a).cmp(&rank(b)));
        tallies.truncate(MOST_ROWS);
        let row = |(&(action, index), tally): (&(Sym, Option<Sym>), &RequestTally)| {
            let (first, last) = tally.times();
            DeniedAccess {
                action: self.text(action),
                index: index.and_then(|index| self.text(index)),
                count: tally.requests,
                first,
                last,
                evidence: tally.evidence(self.joined),
            }
        };
        tallies.into_iter().map(row).collect()
    }

    fn of_nodes(&self) -> Vec<Background> {
        let tallies: BTreeMap<&(Sym, Sym, Option<Sym>), &RequestTally> = self.background.iter().collect();
        let rows = tallies.into_iter().map(|(&(principal, action, index), tally)| {
            let (first, last) = tally.times();
            Background {
                principal: self.text(principal),
                action: self.text(action).unwrap_or_default(),
                index: index.and_then(|index| self.text(index)),
                count: tally.requests,
                first,
                last,
                evidence: tally.evidence(self.joined),
            }
        });
        let mut rows: Vec<Background> = rows.collect();
        let key = |row: &Background| (Reverse(row.count), row.principal.clone(), row.action.clone(), row.index.clone());
        rows.sort_by_cached_key(key);
        rows
    }

    fn persistence(&self) -> Vec<Persistence> {
        let none = MadeUses::default();
        let counted = |counts: &BTreeMap<Sym, u64>| {
            let mut list: Vec<(Reverse<u64>, String)> =
                counts.iter().filter_map(|(sym, count)| Some((Reverse(*count), self.text(*sym)?))).collect();
            list.sort();
            list
        };
        let rows = self.plan.made.all().iter().enumerate().map(|(at, made)| {
            let uses = self.uses.get(&at).unwrap_or(&none);
            let sources = counted(&uses.sources);
            let users = counted(&uses.users);
            Persistence {
                uses: made.is_traceable().then_some(uses.count),
                first_use: uses.first.map(Millis::rfc3339),
                last_use: uses.last.map(Millis::rfc3339),
                use_sources: sources
                    .into_iter()
                    .map(|(Reverse(count), address)| SourceCount { address, count })
                    .collect(),
                used_by: users.into_iter().map(|(Reverse(count), principal)| UserCount { principal, count }).collect(),
                ..made.told(self.joined)
            }
        });
        rows.collect()
    }
}
