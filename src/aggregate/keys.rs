//! The life of every API key: made, used, ended, refused.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde_json::json;

use super::api_keys::{client, rounded};
use super::{LIST_LIMIT, PathProblems, coverage, filters, parameters};
use crate::correlate::{Correlated, How, Invalidation, KeyFailure, KeyInfo};
use crate::filter;
use crate::model::keys::{
    ChangeActor, Key, KeyTotals, KeysReport, Refused, RefusedClient, RemoteUser, Unnamed, Use, UseClient,
};
use crate::model::text::{Span as Piece, Text};
use crate::model::{SCHEMA_VERSION, Tool};
use crate::options::filter::{Pattern, Rules};
use crate::options::{Filter, KeyQuery, Options};
use crate::reason::Reason;
use crate::state::{Sym, TimeSpan};
use crate::text;
use crate::time::Millis;
use crate::words;

/// Builds what `esaudit keys` tells.
#[must_use]
pub fn keys(joined: &Correlated, problems: PathProblems<'_>, options: &Options, query: &KeyQuery) -> KeysReport {
    let mut coverage = coverage::coverage(joined, problems, options);
    let as_of = query.as_of.or_else(|| joined.last_event());
    let lives = Lives::collect(joined, &options.filter);
    let mut totals = KeyTotals::default();
    let mut chosen = Vec::new();
    let mut vague = 0;
    for info in &joined.keys {
        let key = lives.key(joined, info, as_of);
        totals.keys += 1;
        totals.refused += u64::from(key.refused.count > 0);
        let status = match key.status.as_str() {
            "active" => &mut totals.active,
            "invalidated" => &mut totals.invalidated,
            "expired" => &mut totals.expired,
            _ => &mut totals.unknown,
        };
        *status += 1;
        vague += u64::from(!key.expiration_known && key.status == "active");
        if wanted(info, &key, query, as_of) && passes(joined, info, &key, &options.filter) {
            chosen.push(key);
        }
    }
    let mut unnamed: BTreeMap<&str, Vec<&KeyFailure>> = BTreeMap::new();
    for failure in joined.key_failures.iter().filter(|failure| !failure.key.is_some()) {
        unnamed.entry(failure.reason.name()).or_default().push(failure);
    }
    coverage.cannot_tell.retain(|sentence| {
        ["reasons of", "the zone of", "who and from", "who is behind", "anything that stands in", "whether up to"]
            .iter()
            .any(|start| sentence.plain().starts_with(start))
    });
    coverage.cannot_tell.extend(cannot_tell(joined, &options.filter, vague));
    let mut parameters = parameters(options);
    parameters.retain(|name, _| name != "by" && name != "top");
    parameters.insert("as_of".to_owned(), json!(query.as_of.map(Millis::rfc3339)));
    parameters.insert("expiring_within_ms".to_owned(), json!(query.expiring_within));
    parameters.insert("no_expiration".to_owned(), json!(query.no_expiration));
    KeysReport {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "esaudit".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        parameters,
        coverage,
        filters: filters(joined),
        as_of: as_of.map(Millis::rfc3339),
        totals,
        keys: chosen,
        unnamed: unnamed
            .into_iter()
            .map(|(reason, failures)| Unnamed { reason: reason.to_owned(), refused: refused(joined, &failures, None) })
            .collect(),
    }
}

/// Whether a key was asked for. `--expiring-within` and `--no-expiration` are about keys that still work.
fn wanted(info: &KeyInfo, key: &Key, query: &KeyQuery, as_of: Option<Millis>) -> bool {
    if query.expiring_within.is_none() && !query.no_expiration {
        return true;
    }
    let soon = query.expiring_within.zip(as_of).is_some_and(|(within, now)| {
        info.expires.is_some_and(|expires| expires > now && expires.0.saturating_sub(now.0) <= within)
    });
    let never = query.no_expiration && info.expires.is_none() && info.expiration_known;
    key.status == "active" && (soon || never)
}

/// Whether a filter leaves anything of a key: it is named as asked, and where more than that is asked, it was used, refused
/// or changed so.
fn passes(joined: &Correlated, info: &KeyInfo, key: &Key, filter: &Filter) -> bool {
    let text = |sym: Sym| joined.judged(sym);
    let named = filter.key.pass([text(info.id), text(info.name)].into_iter().flatten());
    let others = Filter { key: Rules::default(), ..filter.clone() };
    let changed = || {
        let ended = info.invalidated.and_then(|end| end.change);
        [info.created_by, ended].into_iter().flatten().any(|at| joined.shows_change(at))
    };
    named && (others.is_empty() || key.used.count > 0 || key.refused.count > 0 || changed())
}

fn cannot_tell(joined: &Correlated, filter: &Filter, vague: u64) -> Vec<Text> {
    let mut told = Vec::new();
    for node in joined.nodes.all() {
        if !node.is_opensearch() && node.stats.audit_events > 0 && node.stats.decisions + node.stats.successes == 0 {
            told.push(text!(
                "use of keys on node {}: neither access_granted nor authentication_success is in its \
                 xpack.security.audit.logfile.events.include",
                Piece::node(&node.spoken())
            ));
        }
    }
    let outlived = joined.keys.iter().filter(|key| key.outlived).count();
    if outlived > 0 {
        let keys = words::count(outlived as u64, "key was", "keys were");
        told.push(Text::from(format!(
            "why {keys} accepted minutes after somebody had asked to invalidate it: no event tells what took effect"
        )));
    }
    if vague > 0 {
        let which = if vague == 1 {
            "the key in use expires: these logs do not hold its creation".to_owned()
        } else {
            format!("{vague} keys in use expire: these logs do not hold their creation")
        };
        told.push(Text::from(format!("whether {which}; a listing tells (--api-keys)")));
    }
    let names = |key: &KeyInfo| [key.id, key.name].into_iter().filter_map(|sym| joined.judged(sym)).collect();
    let names: Vec<Vec<&[u8]>> = joined.keys.iter().map(names).collect();
    let met = |wanted: &Pattern| names.iter().flatten().any(|name| wanted.matches(name));
    let missing: Vec<String> =
        filter.key.wanted().iter().filter(|wanted| !met(wanted)).map(ToString::to_string).collect();
    if !missing.is_empty() && !joined.originals.is_empty() {
        let count = missing.len();
        told.push(Text::from(format!(
            "anything about {count} of the keys asked for: no line and no listing names them"
        )));
    } else if !missing.is_empty() {
        told.push(text!("anything about {}: no line and no listing names it", Piece::key(&missing.join(", "))));
    }
    told
}

/// Use and refusals by key.
pub(super) struct Lives<'j> {
    /// By key and address: events, first and last.
    uses: BTreeMap<Sym, BTreeMap<Sym, (u64, TimeSpan)>>,
    /// By key and user of another cluster: events.
    remote_users: BTreeMap<Sym, BTreeMap<Sym, u64>>,
    refused: BTreeMap<Sym, Vec<&'j KeyFailure>>,
    /// Keys that are used, also by those whom a filter leaves out.
    in_use: BTreeSet<Sym>,
}

impl<'j> Lives<'j> {
    pub(super) fn collect(joined: &'j Correlated, filter: &Filter) -> Self {
        let passing = (!filter.is_empty()).then(|| filter::successes(joined, filter));
        let successes = passing.as_ref().unwrap_or(&joined.successes);
        let of_keys = successes.par_iter().filter(|(actor, _)| actor.apikey.is_some());
        let mut used: Vec<(Sym, Sym, u64, TimeSpan)> = of_keys
            .map(|(actor, series)| {
                let span = TimeSpan { first: series.first(), last: series.last() };
                (actor.apikey, actor.source, series.count(), span)
            })
            .collect();
        // A map of what is sorted is made at once.
        used.par_sort_unstable_by_key(|(key, source, ..)| (*key, *source));
        let at_address = |own: &[(Sym, Sym, u64, TimeSpan)]| {
            let mut sum = (0, TimeSpan::default());
            for (.., count, span) in own {
                sum.0 += count;
                sum.1.merge(span);
            }
            (own[0].1, sum)
        };
        let uses = used.chunk_by(|a, b| a.0 == b.0).map(|own| {
            let addresses = own.chunk_by(|a, b| a.1 == b.1).map(at_address);
            (own[0].0, addresses.collect::<BTreeMap<Sym, (u64, TimeSpan)>>())
        });
        let uses = uses.collect();
        let mut remote_users: BTreeMap<Sym, BTreeMap<Sym, u64>> = BTreeMap::new();
        let mut in_use = BTreeSet::new();
        let mut last = Sym::NONE;
        for actor in joined.successes.keys().filter(|actor| actor.apikey.is_some()) {
            // Series of one key mostly stand together.
            if std::mem::replace(&mut last, actor.apikey) != actor.apikey {
                in_use.insert(actor.apikey);
            }
        }
        for (actor, series) in successes.iter().filter(|(actor, _)| actor.apikey.is_some() && actor.object.is_some()) {
            let users = remote_users.entry(actor.apikey).or_default();
            *users.entry(actor.object).or_default() += series.count();
        }
        let mut refused: BTreeMap<Sym, Vec<&KeyFailure>> = BTreeMap::new();
        for failure in joined.key_failures.iter().filter(|failure| failure.key.is_some()) {
            refused.entry(failure.key).or_default().push(failure);
        }
        Self { uses, remote_users, refused, in_use }
    }

    /// Refusals of a key.
    pub(super) fn refusals(&self, key: Sym) -> usize {
        self.refused.get(&key).map_or(0, Vec::len)
    }

    /// Events of its use.
    pub(super) fn uses(&self, key: Sym) -> u64 {
        self.uses.get(&key).map_or(0, |clients| clients.values().map(|(count, _)| count).sum())
    }

    /// Everything that is known of a key.
    pub(super) fn key(&self, joined: &Correlated, info: &KeyInfo, as_of: Option<Millis>) -> Key {
        let text = |sym: Sym| joined.state.symbols.string(sym);
        let before = |time: Millis| as_of.is_none_or(|now| time <= now);
        let ended = info.invalidated.filter(|end| end.time.is_none_or(before));
        let expired = info.expires.filter(|&time| before(time));
        let used = self.uses.get(&info.id);
        let refusals = self.refused.get(&info.id);
        let told = |reason| refusals.is_some_and(|all| all.iter().any(|one| one.reason == reason && before(one.time)));
        let status = match (ended, expired) {
            (Some(_), _) => "invalidated",
            (None, Some(_)) => "expired",
            // The server says so, although neither an event nor a listing tells when.
            (None, None) if told(Reason::ApiKeyInvalidated) => "invalidated",
            (None, None) if told(Reason::ApiKeyExpired) => "expired",
            (None, None) if self.in_use.contains(&info.id) || info.listed || info.created.is_some() => "active",
            (None, None) => "unknown",
        };
        let end = [info.invalidated.and_then(|end| end.time), info.expires].into_iter().flatten().min();
        Key {
            id: text(info.id).unwrap_or_default(),
            name: text(info.name),
            kind: text(info.kind),
            owner: text(info.owner),
            owner_realm: text(info.owner_realm),
            status: status.to_owned(),
            listed: info.listed,
            created_at: info.created.map(Millis::rfc3339),
            created_by: info.created_by.map(|at| actor(joined, at)),
            expires: info.expires.map(Millis::rfc3339),
            expiration_known: info.expiration_known,
            invalidated_at: info.invalidated.and_then(|end| end.time).map(Millis::rfc3339),
            invalidated_by: info.invalidated.and_then(|end| end.change).map(|at| actor(joined, at)),
            invalidated_how: info.invalidated.map(|end| how(&end).to_owned()),
            used: used.map_or_else(Use::default, |clients| used_by(joined, clients, self.remote_users.get(&info.id))),
            refused: refusals.map_or_else(Refused::default, |failures| refused(joined, failures, end)),
        }
    }
}

fn how(end: &Invalidation) -> &'static str {
    match end.how {
        How::Id => "id",
        How::Name => "name",
        How::Owner => "owner",
        How::Realm => "realm",
        How::Listing => "listing",
    }
}

fn actor(joined: &Correlated, change: usize) -> ChangeActor {
    let change = &joined.changes[change];
    let text = |sym: Sym| joined.state.symbols.string(sym);
    ChangeActor {
        name: text(change.actor),
        realm: text(change.actor_realm),
        source: text(change.source),
        evidence: joined.evidence(change.place),
    }
}

fn used_by(joined: &Correlated, clients: &BTreeMap<Sym, (u64, TimeSpan)>, remote: Option<&BTreeMap<Sym, u64>>) -> Use {
    let text = |sym: Sym| joined.state.symbols.string(sym).unwrap_or_default();
    let mut remote_users: Vec<RemoteUser> =
        remote.into_iter().flatten().map(|(&user, &count)| RemoteUser { name: text(user), count }).collect();
    remote_users.sort_by(|a, b| (Reverse(a.count), &a.name).cmp(&(Reverse(b.count), &b.name)));
    remote_users.truncate(LIST_LIMIT);
    let mut whole = (0, TimeSpan::default());
    let mut list: Vec<UseClient> = Vec::new();
    for (&source, (count, span)) in clients {
        whole.0 += count;
        whole.1.merge(span);
        list.push(UseClient {
            address: joined.state.symbols.string(source),
            count: *count,
            first: span.first.map(Millis::rfc3339),
            last: span.last.map(Millis::rfc3339),
        });
    }
    list.sort_by(|a, b| (Reverse(a.count), &a.address).cmp(&(Reverse(b.count), &b.address)));
    let clients_total = list.len() as u64;
    list.truncate(LIST_LIMIT);
    Use {
        count: whole.0,
        first: whole.1.first.map(Millis::rfc3339),
        last: whole.1.last.map(Millis::rfc3339),
        clients: list,
        clients_total,
        remote_users,
    }
}

/// The refusals, which stand by time; `end` is that of the key.
fn refused(joined: &Correlated, failures: &[&KeyFailure], end: Option<Millis>) -> Refused {
    let mut out = Refused { count: failures.len() as u64, ..Refused::default() };
    let mut clients: BTreeMap<Sym, (u64, f64, TimeSpan)> = BTreeMap::new();
    for failure in failures {
        *out.reasons.entry(failure.reason.name().to_owned()).or_default() += 1;
        *out.bases.entry(failure.basis.name().to_owned()).or_default() += 1;
        match client(joined, failure) {
            Some(source) => {
                let (count, confidence, span) = clients.entry(source).or_default();
                *count += 1;
                *confidence += failure.confidence;
                span.add(failure.time);
            }
            None => out.unattributed += 1,
        }
    }
    out.clients_total = clients.len() as u64;
    out.clients = clients
        .into_iter()
        .map(|(source, (count, sum, span))| RefusedClient {
            address: joined.state.symbols.string(source).unwrap_or_default(),
            count,
            confidence: rounded(sum / count as f64),
            first: span.first.map(Millis::rfc3339),
            last: span.last.map(Millis::rfc3339),
        })
        .collect();
    out.clients.sort_by(|a, b| (Reverse(a.count), &a.address).cmp(&(Reverse(b.count), &b.address)));
    out.clients.truncate(LIST_LIMIT);
    let (Some(first), Some(last)) = (failures.first(), failures.last()) else { return out };
    out.first = Some(first.time.rfc3339());
    out.last = Some(last.time.rfc3339());
    let source_lines: BTreeSet<_> = [first.place, last.place].into();
    out.evidence = source_lines.into_iter().map(|place| joined.evidence(place)).collect();
    let after = |time: Millis| end.filter(|end| time >= *end).map(|end| (time.0 - end.0) / 1000);
    out.first_after_end_seconds = failures.iter().find_map(|failure| after(failure.time));
    out.last_after_end_seconds = after(last.time);
    out
}
