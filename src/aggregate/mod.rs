//! Attempts to numbers: exact counts, in the order that the contract pins.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "entries of tables are numbered in 32 bits: --max-memory holds fewer; widths and numbers of buckets are small and positive"
)]

mod addresses;
mod api_keys;
mod aside;
mod cannot_tell;
mod charts;
mod clusters;
mod context;
mod coverage;
mod denied;
mod events;
mod groups;
mod keys;
mod places;
mod power;
mod reconcile;
mod refusals;
mod rows;
mod story;
mod timeline;
mod tops;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use crate::correlate::{AttributedChange, Correlated};
use crate::event::is_invalidation;
use crate::judge::Verdicts;
use crate::model::{Filters, Report, SecurityChange, Tool, Totals};
use crate::options::{AddressBook, AddressStanding, Cidr, Filter, KnownBlock, Options, Surroundings};
use crate::state::{ChainId, Sym};

/// Entries of a list inside a group or finding; its total stands beside it.
const LIST_LIMIT: usize = 50;

/// Builds the report; `judge` gives its findings, while the rest is counted.
#[must_use]
pub fn report(
    joined: &Arc<Correlated>,
    judge: impl FnOnce() -> Verdicts + Send,
    problems: coverage::PathProblems<'_>,
    options: &Options,
) -> Report {
    let lists = || {
        let tallies = tops::Tallies::of(joined);
        let (tops, charts) = rayon::join(|| tops::tops(joined, &tallies), || charts::charts(joined, &tallies, options));
        (tallies, tops, charts)
    };
    let rows = || {
        let changes = joined.changes_left().map(|(at, change)| security_change(joined, at, change));
        let lists = (
            places::new_places(joined, options, LIST_LIMIT),
            denied::denied(joined),
            refusals::server_refusals(joined),
        );
        (coverage::coverage(joined, problems, options), changes.collect(), api_keys::api_keys(joined), lists)
    };
    let counts = || {
        rayon::join(
            || rayon::join(|| groups::groups(joined, options), lists),
            || rayon::join(|| timeline::timeline(joined), rows),
        )
    };
    let (verdicts, counts) = rayon::join(judge, counts);
    let ((groups, (tallies, tops, charts)), (timeline, (coverage, security_changes, api_keys, lists))) = counts;
    let ((new_places, new_places_total), (denied, denied_total), server_refusals) = lists;
    let symbols = &joined.state.symbols;
    let invalidations = joined
        .changes_left()
        .filter(|(_, change)| symbols.get(change.record.action).is_some_and(is_invalidation))
        .count();
    // Nulls count in the tops, not in the totals.
    let known = |total: u64, tally: &[(Sym, u64)]| total - u64::from(tally.iter().any(|(sym, _)| !sym.is_some()));
    let counted_only = &joined.state.counted_only;
    let totals = Totals {
        failed_attempts: joined.attempts.len() as u64 + counted_only.attempts,
        principals: known(tops.principals_total, &tallies.principals) + counted_only.more_principals,
        sources: known(tops.sources_total, &tallies.sources) + counted_only.more_sources,
        api_key_invalidations: invalidations as u64,
        tampered_requests: joined.tampered_minutes.values().sum(),
    };
    let mut parameters = parameters(options);
    // Its default depends on the machine, and where there was room it changed nothing.
    if counted_only.attempts + counted_only.actors > 0 {
        parameters.insert("max_memory".to_owned(), json!(options.max_memory));
    }
    let tool = Tool { name: "esaudit".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let ((run_as, run_as_total), (turned_away, turned_away_total)) =
        (aside::run_as(joined), aside::turned_away(joined));
    let mut report = Report {
        clusters: clusters::clusters(joined),
        totals,
        groups_total: groups.total,
        groups: groups.listed,
        base_rate: Some(verdicts.base_rate),
        findings: verdicts.findings.into_iter().map(|judged| judged.finding).collect(),
        security_changes,
        api_keys,
        new_places,
        new_places_total,
        denied,
        denied_total,
        run_as,
        run_as_total,
        turned_away,
        turned_away_total,
        server_refusals,
        timeline,
        tops,
        charts,
        ..Report::bare(tool, parameters, coverage, filters(joined))
    };
    reconcile::settle(&mut report, groups.cut, options.max_problems);
    report
}

pub use addresses::{Successes, addresses};
pub use coverage::{PathProblems, coverage};
pub use events::events;
pub use keys::keys;
pub use places::new_places;
pub use power::powers;
pub use rows::{changes, reasons};
pub use story::story;

/// Every option that can change the answer.
#[must_use]
pub fn parameters(options: &Options) -> BTreeMap<String, serde_json::Value> {
    let by: Vec<&str> = options.by.iter().map(|key| key.name()).collect();
    let sigma = options.sigma.as_ref().map(|rules| ("sigma", json!(rules.path().display().to_string())));
    [
        ("filters", filter_parameters(&options.filter)),
        ("surroundings", surroundings(&options.surroundings)),
        ("addresses", paths(options.address_lists.iter().map(PathBuf::as_path))),
        ("geoip", paths(options.geography.paths())),
        ("api_keys", paths(options.api_keys.iter().map(PathBuf::as_path))),
        ("assume_tz", json!(options.assume_tz.map(|zone| zone.to_string()))),
        ("by", json!(by)),
        ("input_format", json!(options.input_format)),
        ("match_window_ms", json!(options.match_window_ms)),
        ("max_in_flight", json!(options.max_in_flight)),
        ("max_line", json!(options.max_line)),
        ("problems", json!(options.max_problems)),
        ("trust_proxy", json!(options.trust_proxy.iter().map(ToString::to_string).collect::<Vec<_>>())),
        // A report that is cut says so, see `Report::cut`.
        ("top", serde_json::Value::Null),
    ]
    .into_iter()
    // Only where rules are run.
    .chain(sigma)
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Files as they were named.
fn paths<'p>(paths: impl Iterator<Item = &'p Path>) -> serde_json::Value {
    json!(paths.map(Path::to_string_lossy).collect::<Vec<_>>())
}

/// The conditions of the filter as they were given; times as the user wrote them, with the zone they were read in.
fn filter_parameters(filter: &Filter) -> serde_json::Value {
    let bounds = [("since", &filter.since), ("until", &filter.until)];
    let times = bounds.map(|(name, bounds)| (name, bounds.iter().map(|bound| bound.given.clone()).collect::<Vec<_>>()));
    let lists = filter.lists().map(|(name, rules)| (name, rules.given().collect::<Vec<_>>()));
    let given = times.into_iter().chain(lists).filter(|(_, given)| !given.is_empty());
    given.map(|(name, given)| (name.to_owned(), json!(given))).collect::<serde_json::Map<_, _>>().into()
}

/// What the filter left out.
fn filters(joined: &Correlated) -> Option<Filters> {
    joined.left_out.as_ref().map(|left_out| Filters {
        in_force: left_out.in_force.clone(),
        attempts_left_out: left_out.attempts,
        changes_left_out: left_out.changes,
        key_refusals_left_out: left_out.key_refusals,
        denials_left_out: left_out.denials,
    })
}

/// What the user said of the surroundings, as in the configuration file.
fn surroundings(known: &Surroundings) -> serde_json::Value {
    let blocks = |blocks: &[Cidr]| blocks.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "scanners": blocks(&known.scanners),
        "proxies": blocks(&known.proxies),
        "service_accounts": known.service_accounts,
        "internal_networks": blocks(&known.internal_networks),
        "networks": known.known.networks().into_iter().map(|(name, list)| (name, blocks(&list))).collect::<BTreeMap<_, _>>(),
    })
}

/// The organisation's networks as a report was told of them; what cannot be read as one is none.
#[must_use]
pub fn networks(report: &Report) -> Surroundings {
    let member = |name: &str| report.parameters.get("surroundings").and_then(|known| known.get(name));
    let blocks = |list: Option<&serde_json::Value>| -> Vec<Cidr> {
        let texts = list.and_then(serde_json::Value::as_array).into_iter().flatten().filter_map(|text| text.as_str());
        texts.filter_map(|text| Cidr::parse(text).ok()).collect()
    };
    let named = member("networks").and_then(serde_json::Value::as_object).into_iter().flatten();
    let known = named.flat_map(|(name, list)| {
        let known = |block| KnownBlock {
            standing: AddressStanding::Own,
            label: Some(name.clone()),
            list: String::new(),
            block,
        };
        blocks(Some(list)).into_iter().map(known)
    });
    Surroundings {
        internal_networks: blocks(member("internal_networks")),
        known: AddressBook::new(known.collect()),
        ..Surroundings::default()
    }
}

/// The realms of a chain in the order they were asked; `None` where it is not known.
fn realm_names(joined: &Correlated, chain: ChainId) -> Option<Vec<String>> {
    let symbols = &joined.state.symbols;
    joined.state.chains.get(chain).map(|realms| realms.iter().filter_map(|&realm| symbols.string(realm)).collect())
}

fn security_change(joined: &Correlated, at: usize, change: &AttributedChange) -> SecurityChange {
    let symbols = &joined.state.symbols;
    let text = |sym: Sym| symbols.string(sym);
    let record = &change.record;
    let ids: Vec<String> = record.ids.iter().filter_map(|&id| text(id)).collect();
    // A grant names the owner of a key, and whose profile is activated.
    let whose = if record.owner.is_some() { record.owner } else { record.granted_to };
    let target = target(&ids, [record.name, record.detail, record.namespace, record.service, whose].map(text));
    SecurityChange {
        time: record.time.rfc3339(),
        action: text(record.action).unwrap_or_default(),
        actor: text(change.actor),
        actor_realm: text(change.actor_realm),
        run_by: text(change.run_by),
        actor_api_key: text(change.actor_key),
        source: text(change.source),
        node: joined.nodes.of(record.node).label().map(str::to_owned),
        request_id: text(record.request_id),
        cluster: clusters::uuid(joined, joined.nodes.index(record.node)),
        target,
        resolved_ids: if ids.is_empty() {
            let ended = joined.ended_by.get(&at).into_iter().flatten().filter_map(|&key| joined.keys.get(key as usize));
            ended.filter_map(|key| text(key.id)).collect()
        } else {
            Vec::new()
        },
        ids,
        name: text(record.name),
        owner: text(whose),
        owner_realm: text(record.owner_realm),
        owned_by_authenticated_user: record.owned_by_authenticated_user,
        expiration: text(record.expiration),
        key_type: text(record.kind),
        roles: record.roles.iter().filter_map(|&role| text(role)).collect(),
        privileges: record.privileges.iter().filter_map(|&privilege| text(privilege)).collect(),
        superuser: change.makes_superuser(symbols),
        evidence: joined.evidence(change.place),
    }
}

/// What a change was made to, in one text: `namespace/service/token`, `application/privilege`, ids, a name, or whose keys.
fn target(ids: &[String], [name, application, namespace, service, owner]: [Option<String>; 5]) -> Option<String> {
    let path: Vec<String> = [namespace, service, application].into_iter().flatten().collect();
    if !path.is_empty() {
        return Some(path.into_iter().chain(name).collect::<Vec<_>>().join("/"));
    }
    if !ids.is_empty() {
        return Some(ids.join(","));
    }
    name.or(owner)
}
