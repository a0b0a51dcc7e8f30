//! What an actor made or changed that lasts.

use std::collections::HashMap;

use crate::correlate::{AttributedChange, Correlated};
use crate::model::impact::Persistence;
use crate::state::Sym;
use crate::time::Millis;

/// Who made a request, by the texts of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RequestClient<'t> {
    /// Who authenticated.
    pub(super) principal: Option<&'t [u8]>,
    /// With which API key.
    pub(super) key: Option<&'t [u8]>,
    /// Its name.
    pub(super) key_name: Option<&'t [u8]>,
    /// With which service account token.
    pub(super) token: Option<&'t [u8]>,
    /// Who uses a cross-cluster key at the other cluster.
    pub(super) remote_user: Option<&'t [u8]>,
    /// From where; `None` where that is not known.
    pub(super) source: Option<&'t [u8]>,
}

/// What can be used again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Thing {
    /// An API key, by id.
    Key(Vec<u8>),
    /// A user.
    User(Vec<u8>),
    /// A token of a service account (`namespace/service`).
    Token { account: Vec<u8>, name: Vec<u8> },
    /// What no event names when it is used: what gives privileges, by kind and name.
    Rule(&'static str, Option<String>),
}

impl Thing {
    /// What a client uses: a key of an account rather than the account.
    fn used_by(client: &RequestClient<'_>) -> Option<Self> {
        if let Some(key) = client.key {
            return Some(Self::Key(key.to_vec()));
        }
        let account = client.principal?.to_vec();
        Some(match client.token {
            Some(token) => Self::Token { account, name: token.to_vec() },
            None => Self::User(account),
        })
    }
}

/// Something that was made or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) thing: Thing,
    /// Kind, as reports name it.
    pub(super) kind: &'static str,
    /// Id, of keys.
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) at: Millis,
    /// By whom.
    pub(super) by: Option<String>,
    /// The change, an index into those that were joined.
    pub(super) change: usize,
    /// Whether it was not there before, as far as the log tells.
    pub(super) is_new: bool,
    /// When it was ended.
    pub(super) ended: Option<Millis>,
}

/// All that was made or changed, each once, in the order of the first time.
#[derive(Debug, Default)]
pub(super) struct MadeThings {
    all: Vec<Made>,
    index: HashMap<Thing, usize>,
    /// By change that made one.
    changes: HashMap<usize, usize>,
}

impl MadeThings {
    pub(super) fn all(&self) -> &[Made] {
        &self.all
    }

    pub(super) fn add(&mut self, made: Made) {
        let next = self.all.len();
        let at = *self.index.entry(made.thing.clone()).or_insert(next);
        if at == next {
            self.changes.entry(made.change).or_insert(at);
            self.all.push(made);
        }
    }

    /// Whether a change made something that was not there before.
    pub(super) fn is_new(&self, change: usize) -> bool {
        self.changes.get(&change).is_some_and(|&at| self.all[at].is_new)
    }

    /// What of it a client uses.
    pub(super) fn used_by(&self, client: &RequestClient<'_>, time: Millis) -> Option<usize> {
        let at = *self.index.get(&Thing::used_by(client)?)?;
        (self.all[at].at <= time).then_some(at)
    }
}

/// What is known of accounts: when each was met first, and what was done to it.
#[derive(Debug)]
pub(super) struct Accounts {
    met: HashMap<Sym, Millis>,
    ended: HashMap<Sym, Vec<Millis>>,
    /// By change that made it: a key of which the change tells no id.
    keys: HashMap<usize, Sym>,
}

impl Accounts {
    pub(super) fn new(joined: &Correlated) -> Self {
        let mut met: HashMap<Sym, Millis> = HashMap::new();
        let mut meet = |name: Sym, time: Millis| {
            let known = met.entry(name).or_insert(time);
            *known = time.min(*known);
        };
        for (actor, series) in joined.successes.iter() {
            series.first().into_iter().for_each(|first| meet(actor.principal, first));
        }
        let mut ended: HashMap<Sym, Vec<Millis>> = HashMap::new();
        for change in &joined.changes {
            let action = joined.state.symbols.get(change.record.action).unwrap_or_default();
            if kind(action) == Some("user") {
                meet(change.record.name, change.record.time);
            }
            if matches!(action, b"delete_user" | b"change_disable_user") {
                ended.entry(change.record.name).or_default().push(change.record.time);
            }
        }
        let keys = joined.keys.iter().filter_map(|key| Some((key.created_by?, key.id))).collect();
        Self { met, ended, keys }
    }

    fn was_there(&self, name: Sym, time: Millis) -> bool {
        self.met.get(&name).is_some_and(|first| *first < time)
    }

    /// When an account was deleted or disabled after a time.
    fn ended(&self, name: Sym, since: Millis) -> Option<Millis> {
        self.ended.get(&name)?.iter().copied().find(|time| *time >= since)
    }
}

/// Kind of what a change makes or changes; `None` of what leaves nothing behind.
fn kind(action: &[u8]) -> Option<&'static str> {
    Some(match action {
        b"create_apikey" | b"grant_apikey" | b"create_cross_cluster_apikey" | b"create_apikeys" => "api_key",
        b"change_apikey" | b"change_apikeys" | b"update_apikey" | b"update_apikeys" => "api_key",
        b"put_user" | b"change_password" | b"change_enable_user" => "user",
        b"put_role" => "role",
        b"put_role_mapping" => "role_mapping",
        b"create_service_token" => "service_token",
        b"put_privileges" => "privilege",
        _ => return None,
    })
}

/// What a change made or changed.
pub(super) fn of(joined: &Correlated, accounts: &Accounts, at: usize, change: &AttributedChange) -> Vec<Made> {
    let symbols = &joined.state.symbols;
    let record = &change.record;
    let action = symbols.get(record.action).unwrap_or_default();
    let Some(kind) = kind(action) else { return Vec::new() };
    let text = |sym: Sym| symbols.string(sym);
    let bytes = |sym: Sym| symbols.get(sym).map(<[u8]>::to_vec);
    let by = text(if change.run_by.is_some() { change.run_by } else { change.actor });
    let made = |thing, id, name| Made {
        thing,
        kind,
        id,
        name,
        at: record.time,
        by: by.clone(),
        change: at,
        is_new: action.starts_with(b"create_") || action.starts_with(b"grant_"),
        ended: None,
    };
    let name = text(record.name);
    match kind {
        "api_key" => {
            // Before 8.0 the event tells no id; the key is known by its name when it is used.
            let unnamed = accounts.keys.get(&at).filter(|_| record.ids.is_empty());
            let found = record.ids.iter().chain(unnamed).filter_map(|&id| {
                let info = joined.key(id);
                let name = name.clone().or_else(|| text(info?.name));
                let ended = info.and_then(|info| info.invalidated?.time);
                Some(Made { ended, ..made(Thing::Key(bytes(id)?), text(id), name) })
            });
            let found: Vec<Made> = found.collect();
            if found.is_empty() { vec![made(Thing::Rule(kind, name.clone()), None, name)] } else { found }
        }
        "user" => {
            let is_new = action == b"put_user" && !accounts.was_there(record.name, record.time);
            let ended = accounts.ended(record.name, record.time);
            let user = bytes(record.name).map(|name| made(Thing::User(name), None, text(record.name)));
            user.map(|user| Made { is_new, ended, ..user }).into_iter().collect()
        }
        "service_token" => {
            let account = [record.namespace, record.service].map(|sym| bytes(sym).unwrap_or_default()).join(&b'/');
            let thing = Thing::Token { account: account.clone(), name: bytes(record.name).unwrap_or_default() };
            vec![made(thing, Some(String::from_utf8_lossy(&account).into_owned()), name)]
        }
        "privilege" => {
            let name = [text(record.detail), name].into_iter().flatten().collect::<Vec<_>>().join("/");
            vec![made(Thing::Rule(kind, Some(name.clone())), None, Some(name))]
        }
        _ => vec![made(Thing::Rule(kind, name.clone()), None, name)],
    }
}

impl Made {
    /// Whether events name it when it is used.
    pub(super) fn is_traceable(&self) -> bool {
        !matches!(self.thing, Thing::Rule(..))
    }

    /// It as reports tell it, without its uses.
    pub(super) fn told(&self, joined: &Correlated) -> Persistence {
        let change = &joined.changes[self.change];
        Persistence {
            kind: self.kind.to_owned(),
            action: joined.state.symbols.string(change.record.action).unwrap_or_default(),
            id: self.id.clone(),
            name: self.name.clone(),
            made_at: self.at.rfc3339(),
            made_by: self.by.clone(),
            uses: None,
            first_use: None,
            last_use: None,
            use_sources: Vec::new(),
            used_by: Vec::new(),
            ended_at: self.ended.map(Millis::rfc3339),
            evidence: joined.evidence(change.place),
        }
    }
}
