//! What is known of each API key: from a listing, from the changes that made or ended it, and from its use.

use std::collections::{BTreeMap, BTreeSet};

use super::reason_lines::KeyFailure;
use super::{AttributedChange, Joined};
use crate::context::ClusterContext;
use crate::event::is_invalidation;
use crate::state::{State, Sym};
use crate::time::{self, Millis};

/// How an invalidation named its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By id.
    Id,
    /// By the name of the key.
    Name,
    /// By the owner, or "my own".
    Owner,
    /// By the owner's realm.
    Realm,
    /// The listing says so; no event does.
    Listing,
}

/// The end of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalidation {
    /// When; `None` where only the listing says that it happened (before 8.12 it does not say when).
    pub time: Option<Millis>,
    /// Index into [`Joined::changes`].
    pub change: Option<usize>,
    /// How the key was named.
    pub how: How,
}

/// One API key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyInfo {
    /// Id.
    pub id: Sym,
    /// Name.
    pub name: Sym,
    /// `rest`, `cross_cluster`, …
    pub kind: Sym,
    /// Owner.
    pub owner: Sym,
    /// Realm of the owner.
    pub owner_realm: Sym,
    /// When it was created.
    pub created: Option<Millis>,
    /// By which change: index into [`Joined::changes`].
    pub created_by: Option<usize>,
    /// When it expires.
    pub expires: Option<Millis>,
    /// Whether `expires` being absent means that the key does not expire: a listing or its creation says so.
    pub expiration_known: bool,
    /// Whether `expires` and `invalidated` come from a listing of keys.
    pub listed: bool,
    /// The time that this listing tells of, if it is known.
    pub listed_at: Option<Millis>,
    /// Its end.
    pub invalidated: Option<Invalidation>,
    /// Somebody asked for its end, and it was accepted long after.
    pub outlived: bool,
    /// The cluster that knows it, an index into those of the node table, if any event tells.
    pub cluster: Option<usize>,
}

/// Texts of a listing become symbols, so that they compare with those of the logs.
pub(super) fn intern_listing(state: &mut State, context: &ClusterContext) -> Vec<KeyInfo> {
    let mut intern = |text: Option<&String>| state.symbols.intern_opt(text.map(String::as_bytes));
    let listed = context.keys.values().map(|listed| (&listed.fact, listed.as_of));
    listed
        .map(|(key, as_of)| KeyInfo {
            id: intern(Some(&key.id)),
            name: intern(key.name.as_ref()),
            kind: intern(key.kind.as_ref()),
            owner: intern(key.username.as_ref()),
            owner_realm: intern(key.realm.as_ref()),
            created: key.creation,
            created_by: None,
            expires: key.expiration,
            expiration_known: true,
            listed: true,
            listed_at: as_of,
            invalidated: key.invalidated.then_some(Invalidation {
                time: key.invalidation,
                change: None,
                how: How::Listing,
            }),
            outlived: false,
            cluster: None,
        })
        .collect()
}

/// Everything known of every key met, by id.
pub(super) fn collect(joined: &Joined, listing: Vec<KeyInfo>) -> Vec<KeyInfo> {
    let state = &joined.state;
    let mut keys: BTreeMap<Sym, KeyInfo> = BTreeMap::new();
    for key in listing {
        keys.entry(key.id).or_insert(key);
    }
    // What the server logs name is still in the state.
    let named = state.reasons.iter().filter(|reason| reason.about.is_key()).map(|reason| reason.subject);
    let mut met: BTreeSet<Sym> = named.collect();
    met.extend(joined.changes.iter().flat_map(|change| change.record.ids.iter().copied()));
    met.extend(state.key_names.keys().copied());
    // By key; many series are of few keys, so that each looks its up by number.
    let mut owners: Vec<Option<(Sym, Sym)>> = vec![None; state.symbols.len() + 1];
    let text = |sym: Sym| state.symbols.get(sym);
    // Of several owners the one that sorts first.
    let users = state.successes.keys().chain(state.denials.keys()).filter(|actor| actor.apikey.is_some());
    for actor in users {
        let owner = (actor.principal, actor.realm);
        let known = owners[actor.apikey.0 as usize].get_or_insert(owner);
        if *known != owner && (text(owner.0), text(owner.1)) < (text(known.0), text(known.1)) {
            *known = owner;
        }
    }
    met.extend(owners.iter().zip(0..).filter(|(owner, _)| owner.is_some()).map(|(_, key)| Sym(key)));
    met.remove(&Sym::NONE);
    for id in met {
        let key = keys.entry(id).or_insert_with(|| KeyInfo { id, ..KeyInfo::default() });
        if !key.name.is_some() {
            key.name = state.key_names.get(&id).copied().unwrap_or_default();
        }
        if let Some((owner, _)) = owners[id.0 as usize].filter(|_| !key.owner.is_some()) {
            // The realm that authenticated a key is `_es_api_key`, not its owner's.
            key.owner = owner;
        }
    }
    for (id, cluster) in places(joined) {
        if let Some(key) = keys.get_mut(&id) {
            key.cluster = Some(cluster);
        }
    }
    let mut unmade = Unmade::of(&keys);
    for (at, change) in joined.changes.iter().enumerate() {
        match text(change.record.action) {
            Some(action) if is_creation(action) => created(joined, at, change, &mut keys, &mut unmade),
            Some(b"change_apikey" | b"change_apikeys") => expires_anew(joined, change, &mut keys),
            _ => {}
        }
    }
    let ended_by_listing: BTreeSet<Sym> =
        keys.values().filter(|key| key.invalidated.is_some()).map(|key| key.id).collect();
    let mut living = Living::of(&keys);
    for (at, change) in joined.changes.iter().enumerate() {
        if text(change.record.action).is_some_and(is_invalidation) {
            invalidated(at, change, joined.nodes.cluster(change.record.node), &mut keys, &mut living);
        }
    }
    for (id, last) in last_uses(joined) {
        if let Some(key) = keys.get_mut(&id).filter(|_| !ended_by_listing.contains(&id))
            && let Some(end) = key.invalidated.and_then(|end| end.time)
            && last.0 > end.0.saturating_add(CACHED)
        {
            (key.invalidated, key.outlived) = (None, true);
        }
    }
    let mut keys: Vec<KeyInfo> = keys.into_values().collect();
    keys.sort_by(|a, b| text(a.id).cmp(&text(b.id)));
    keys
}

/// A key that was accepted so long after somebody asked to invalidate it was not invalidated: the event is written before the
/// request runs, which skips keys that the caller may not end (audit-format 1.12). Nodes keep what they read of a key for five
/// minutes (`xpack.security.authc.api_key.doc_cache.ttl`, security settings); milliseconds.
const CACHED: i64 = 5 * 60_000;

/// When each key was accepted last.
fn last_uses(joined: &Joined) -> impl Iterator<Item = (Sym, Millis)> {
    let mut last: Vec<Option<Millis>> = vec![None; joined.state.symbols.len() + 1];
    for (actor, series) in joined.state.successes.iter().filter(|(actor, _)| actor.apikey.is_some()) {
        let known = &mut last[actor.apikey.0 as usize];
        *known = (*known).max(series.last());
    }
    last.into_iter().zip(0..).filter_map(|(last, key)| Some((Sym(key), last?)))
}

/// Adds the keys of which nothing but their refusals is known.
pub(super) fn add(joined: &Joined, keys: &mut Vec<KeyInfo>, failures: &[KeyFailure]) {
    let known: BTreeSet<Sym> = keys.iter().map(|key| key.id).collect();
    let mut met: BTreeMap<Sym, usize> = BTreeMap::new();
    for failure in failures.iter().filter(|failure| failure.key.is_some() && !known.contains(&failure.key)) {
        let cluster = joined.nodes.all()[failure.node].cluster;
        met.entry(failure.key).and_modify(|least| *least = cluster.min(*least)).or_insert(cluster);
    }
    let before = keys.len();
    keys.extend(met.into_iter().map(|(id, cluster)| KeyInfo { id, cluster: Some(cluster), ..KeyInfo::default() }));
    if keys.len() > before {
        keys.sort_by(|a, b| joined.state.symbols.get(a.id).cmp(&joined.state.symbols.get(b.id)));
    }
}

/// The cluster of each key, as those that use it, change it by id or are refused with it show; ids are random, so that no
/// other cluster has the same.
fn places(joined: &Joined) -> impl Iterator<Item = (Sym, usize)> {
    let nodes = &joined.nodes;
    let actors = joined.state.successes.keys().chain(joined.state.denials.keys());
    let used = actors.map(|actor| (actor.apikey, nodes.cluster(actor.node)));
    let changed = joined.changes.iter().flat_map(|change| {
        let cluster = nodes.cluster(change.record.node);
        change.record.ids.iter().map(move |&id| (id, cluster))
    });
    let lines = joined.state.reasons.iter().filter(|reason| reason.about.is_key());
    let refused = lines.map(|reason| (reason.subject, nodes.cluster(reason.node)));
    let mut places: Vec<Option<usize>> = vec![None; joined.state.symbols.len() + 1];
    for (key, cluster) in used.chain(changed).chain(refused).filter(|(key, _)| key.is_some()) {
        let least = places[key.0 as usize].get_or_insert(cluster);
        *least = cluster.min(*least);
    }
    places.into_iter().zip(0..).filter_map(|(cluster, key)| Some((Sym(key), cluster?)))
}

fn is_creation(action: &[u8]) -> bool {
    matches!(action, b"create_apikey" | b"grant_apikey" | b"create_cross_cluster_apikey")
}

/// Keys by cluster and name whose creation is not known.
struct Unmade(BTreeMap<(Option<usize>, Sym), BTreeSet<Sym>>);

impl Unmade {
    fn of(keys: &BTreeMap<Sym, KeyInfo>) -> Self {
        let mut unmade: BTreeMap<_, BTreeSet<Sym>> = BTreeMap::new();
        for key in keys.values().filter(|key| key.name.is_some()) {
            unmade.entry((key.cluster, key.name)).or_default().insert(key.id);
        }
        Self(unmade)
    }

    fn remove(&mut self, key: &KeyInfo) {
        if let Some(named) = self.0.get_mut(&(key.cluster, key.name)) {
            named.remove(&key.id);
        }
    }

    /// The only key of a name that may have been created at a time.
    fn only(&self, cluster: usize, name: Sym, time: Millis, keys: &BTreeMap<Sym, KeyInfo>) -> Option<Sym> {
        let near = |key: &KeyInfo| key.created.is_none_or(|created| created.0.abs_diff(time.0) < 60_000);
        let named = [Some(cluster), None].into_iter().filter_map(|place| self.0.get(&(place, name))).flatten().copied();
        let mut found = named.filter(|id| keys.get(id).is_some_and(near));
        found.next().filter(|_| found.next().is_none())
    }
}

/// Ties a creation to its key: by id, or (events before 7.16 carry only the name) by a name that one key alone bears.
fn created(
    joined: &Joined,
    at: usize,
    change: &AttributedChange,
    keys: &mut BTreeMap<Sym, KeyInfo>,
    unmade: &mut Unmade,
) {
    let record = &change.record;
    let cluster = joined.nodes.cluster(record.node);
    let id = match record.ids.as_slice() {
        [id, ..] => *id,
        [] => match unmade.only(cluster, record.name, record.time, keys) {
            Some(only) => only,
            None => return,
        },
    };
    let Some(key) = keys.get_mut(&id) else { return };
    unmade.remove(key);
    // A granted key is not its maker's.
    let (owner, realm) =
        if record.granted_to.is_some() { (record.granted_to, Sym::NONE) } else { (change.actor, change.actor_realm) };
    key.created.get_or_insert(record.time);
    key.created_by.get_or_insert(at);
    for (slot, value) in [
        (&mut key.name, record.name),
        (&mut key.kind, record.kind),
        (&mut key.owner, owner),
        (&mut key.owner_realm, realm),
    ] {
        if !slot.is_some() {
            *slot = value;
        }
    }
    key.expires = key.expires.or_else(|| expiration(joined, change));
    key.expiration_known |= key.expires.is_some() || !record.expiration.is_some();
}

/// When a key expires that was created or changed with an expiration.
fn expiration(joined: &Joined, change: &AttributedChange) -> Option<Millis> {
    let life = joined.state.symbols.get(change.record.expiration).and_then(time::duration)?;
    Some(Millis(change.record.time.0.saturating_add(life)))
}

/// An update may set a new expiration, from then on. What a listing says already holds it, unless the update came later.
fn expires_anew(joined: &Joined, change: &AttributedChange, keys: &mut BTreeMap<Sym, KeyInfo>) {
    let Some(expires) = expiration(joined, change) else { return };
    for id in &change.record.ids {
        let is_later = |key: &&mut KeyInfo| !key.listed || key.listed_at.is_some_and(|at| at < change.record.time);
        if let Some(key) = keys.get_mut(id).filter(is_later) {
            key.expires = Some(expires);
            key.expiration_known = true;
        }
    }
}

/// What an invalidation may name keys by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum KeysNamedBy {
    Name(Sym),
    NameAndOwner(Sym, Sym),
    Owner(Sym),
    /// The realm may be unknown.
    OwnerAndRealm(Sym, Sym),
    Realm(Sym),
}

/// Keys by cluster and what an invalidation may name them by: those whose end is not settled yet.
struct Living(BTreeMap<(Option<usize>, KeysNamedBy), Vec<Sym>>);

impl Living {
    fn of(keys: &BTreeMap<Sym, KeyInfo>) -> Self {
        let mut living: BTreeMap<(Option<usize>, KeysNamedBy), Vec<Sym>> = BTreeMap::new();
        let mut by_age: Vec<&KeyInfo> = keys.values().collect();
        by_age.sort_by_key(|key| key.created);
        for key in by_age {
            let (name, owner, realm) = (key.name, key.owner, key.owner_realm);
            let by = [
                KeysNamedBy::Name(name),
                KeysNamedBy::NameAndOwner(name, owner),
                KeysNamedBy::Owner(owner),
                KeysNamedBy::OwnerAndRealm(owner, realm),
                KeysNamedBy::Realm(realm),
            ];
            by.into_iter().for_each(|by| living.entry((key.cluster, by)).or_default().push(key.id));
        }
        Self(living)
    }

    /// The keys of a cluster, or of an unknown one, that existed at a time.
    fn named(
        &mut self,
        cluster: usize,
        by: KeysNamedBy,
        time: Millis,
        keys: &BTreeMap<Sym, KeyInfo>,
        named: &mut Vec<Sym>,
    ) {
        let settled = |key: &KeyInfo| key.invalidated.is_some_and(|end| end.change.is_some());
        for place in [Some(cluster), None] {
            let Some(list) = self.0.get_mut(&(place, by)) else { continue };
            // By age: what was made later is not looked at.
            let existed = |id: &Sym| keys.get(id).is_some_and(|key| key.created.is_none_or(|created| created <= time));
            let end = list.partition_point(existed);
            let old: Vec<Sym> =
                list[..end].iter().copied().filter(|id| keys.get(id).is_some_and(|key| !settled(key))).collect();
            named.extend_from_slice(&old);
            list.splice(..end, old);
        }
    }
}

/// Ends the keys that an invalidation names, by id or by filter, in its cluster. A key ends once: the first event counts.
fn invalidated(
    at: usize,
    change: &AttributedChange,
    cluster: usize,
    keys: &mut BTreeMap<Sym, KeyInfo>,
    living: &mut Living,
) {
    let record = &change.record;
    let own = record.owned_by_authenticated_user == Some(true);
    let owner = if own { change.actor } else { record.owner };
    let (mut named, time) = (Vec::new(), record.time);
    let how = if !record.ids.is_empty() {
        named.clone_from(&record.ids);
        How::Id
    } else if record.name.is_some() {
        let by = if owner.is_some() {
            KeysNamedBy::NameAndOwner(record.name, owner)
        } else {
            KeysNamedBy::Name(record.name)
        };
        living.named(cluster, by, time, keys, &mut named);
        How::Name
    } else if owner.is_some() {
        if record.owner_realm.is_some() {
            let realms = [record.owner_realm, Sym::NONE];
            realms.into_iter().for_each(|realm| {
                living.named(cluster, KeysNamedBy::OwnerAndRealm(owner, realm), time, keys, &mut named);
            });
        } else {
            living.named(cluster, KeysNamedBy::Owner(owner), time, keys, &mut named);
        }
        How::Owner
    } else if record.owner_realm.is_some() {
        living.named(cluster, KeysNamedBy::Realm(record.owner_realm), time, keys, &mut named);
        How::Realm
    } else {
        return;
    };
    for id in named {
        let Some(key) = keys.get_mut(&id) else { continue };
        let existed = key.created.is_none_or(|created| created <= time);
        let elsewhere = key.cluster.is_some_and(|of_key| of_key != cluster);
        if existed && !elsewhere {
            end(key, at, time, how);
        }
    }
}

/// Ends a key, unless an earlier event has.
fn end(key: &mut KeyInfo, at: usize, time: Millis, how: How) {
    // A listing that came later and has the key as valid knows better: an event is a request, which may skip keys.
    let outlived = key.listed_at.is_some_and(|listed| listed.0 > time.0.saturating_add(CACHED));
    if key.invalidated.is_none() && outlived {
        return;
    }
    let told = Some(time);
    match key.invalidated {
        None => key.invalidated = Some(Invalidation { time: told, change: Some(at), how }),
        // The listing knows the time; the event knows who. They are seconds apart if they are the same.
        Some(Invalidation { change: None, time: listed, .. })
            if listed.is_none_or(|listed| listed.0.abs_diff(time.0) < 60_000) =>
        {
            key.invalidated = Some(Invalidation { time: listed.or(told), change: Some(at), how });
        }
        Some(_) => {}
    }
}
