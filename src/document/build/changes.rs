//! API key invalidations, other security changes, and the keys that fail.

use std::collections::BTreeMap;

use super::addresses::Known;
use super::{node, place, places, reason, time, what_is_left, word};
use crate::document::view::View;
use crate::document::{Block, Cell, Column, ListedName, Media, NameList, Row, Section, Table, Tone};
use crate::model::text::{Span, Text};
use crate::model::{Coverage, FailingKey, Report, SecurityChange};

pub(super) fn sections(report: &Report) -> Vec<Section<'_>> {
    let is_invalidation = |change: &SecurityChange| change.action.starts_with("invalidate_apikey");
    let (ended, others): (Vec<&SecurityChange>, Vec<&SecurityChange>) =
        report.security_changes.iter().partition(|change| is_invalidation(change));
    let none = Text::from("None in ").with(what_is_left(report)).with(".");
    let remark = if ended.is_empty() { "" } else { REQUESTED };
    let invalidations = table(report, "invalidations", Column::text("keys", "Keys"), ended, keys);
    let title = "API key invalidations";
    let mut sections =
        vec![Section::new("invalidations", "Invalidations", title).remark(remark).with(invalidations.or(none))];
    if !report.api_keys.failing.is_empty() {
        let section = Section::new("refused", "Refused keys", "Failing API keys");
        sections.push(section.with(failing(&report.api_keys.failing)));
    }
    if !others.is_empty() {
        let all = (others.len() > View::DEFAULT_TOP).then(|| in_all(&others));
        let changes = table(report, "changes", Column::text("target", "Target"), others, target);
        let section = Section::new("changes", "Changes", "Other security changes").remark(REQUESTED).with(changes);
        sections.push(match all {
            Some(all) => section.with(Block::Prose(all, Tone::Dim).on(Media::SCREEN.and(Media::FILE))),
            None => section,
        });
    }
    sections
}

/// A change is written when it is authorised, before it runs (audit-format 1.12).
const REQUESTED: &str = "as requested: no event tells what took effect";

/// How often each kind of change was made.
fn in_all(changes: &[&SecurityChange]) -> Text {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for change in changes {
        *counts.entry(&change.action).or_default() += 1;
    }
    let counted = counts.into_iter().map(|(action, count)| Text::from(count).with(" ").with(Span::name(action)));
    Text::from("In all: ").with(super::joined(counted, ", "))
}

fn table<'a>(
    report: &'a Report,
    name: &'static str,
    object: Column,
    changes: Vec<&'a SecurityChange>,
    describe: fn(&SecurityChange) -> Cell,
) -> Table<'a> {
    const DATA: Media = Media::DATA;
    let below = if object.key == "keys" { "  keys" } else { "  target" };
    let columns = vec![
        Column::time("time", "Time"),
        Column::text("action", "Action"),
        Column::text("by", "By"),
        Column::text("from", "From").below("by", "  from"),
        object.below("action", below),
        Column::text("actor_realm", "Realm").on(DATA),
        Column::text("run_by", "Run as by").on(DATA),
        Column::text("actor_api_key", "By API key").on(DATA),
        Column::text("owner", "Owner").on(DATA),
        Column::text("key_type", "Key type").on(DATA),
        Column::text("roles", "Roles").on(DATA),
        Column::text("privileges", "Privileges").on(DATA),
        Column::text("superuser", "Superuser").on(DATA),
        Column::text("node", "Node").on(DATA),
        Column::text("request_id", "Request").on(DATA),
        Column::text("evidence", "Line").on(DATA),
        Column::text("details", "Details").on(Media::PAGE),
    ];
    let len = changes.len() as u64;
    let rows = move || -> Box<dyn Iterator<Item = Row> + 'a> {
        let known = Known::of(report);
        let row = move |change: &'a SecurityChange| Row::Cells(row(&report.coverage, &known, change, describe));
        Box::new(changes.clone().into_iter().map(row))
    };
    Table::lazy(name, columns, len, rows).timed()
}

fn row(
    coverage: &Coverage,
    known: &Known<'_>,
    change: &SecurityChange,
    describe: fn(&SecurityChange) -> Cell,
) -> Vec<Cell> {
    let name = |text: Option<&str>| Cell::logged(Span::name, text, "");
    let on = change.node.as_deref().map_or(Cell::NONE, |key| Cell::of(node(coverage, key)));
    let realm = Cell::logged(Span::realm, change.actor_realm.as_deref(), "");
    let run_by = Cell::logged(Span::principal, change.run_by.as_deref(), "");
    let ids = if change.ids.is_empty() { &change.resolved_ids } else { &change.ids };
    let line = Cell::of(place(&change.evidence));
    let by_key = Cell::logged(Span::key, change.actor_api_key.as_deref(), "");
    let owner = Cell::logged(Span::principal, change.owner.as_deref(), "");
    let list = |texts: &[String]| NameList::cell(Span::name, texts, texts.len() as u64);
    let (roles, privileges) = (list(&change.roles), list(&change.privileges));
    let details = vec![
        ("Realm", realm.clone()),
        ("Run as by", run_by.clone()),
        ("By API key", by_key.clone()),
        ("Owner", owner.clone()),
        ("Roles", roles.clone()),
        ("Privileges", privileges.clone()),
        ("Node", on.clone()),
        ("Keys", NameList::cell(Span::key, ids, ids.len() as u64)),
        ("Expiration", name(change.expiration.as_deref())),
        ("Request", name(change.request_id.as_deref())),
        ("Line", line.clone()),
    ];
    vec![
        time(Some(&change.time)),
        Cell::of(Span::name(&change.action)),
        actor(change),
        known.cell(change.source.as_deref(), "address not logged"),
        describe(change),
        realm,
        run_by,
        by_key,
        owner,
        name(change.key_type.as_deref()),
        roles,
        privileges,
        if change.superuser { Cell::of("yes") } else { Cell::NONE },
        on,
        name(change.request_id.as_deref()),
        line,
        Cell::Fields(details),
    ]
}

/// Who: `alice (native1)`, for whom it really was where run-as hides it, and the API key that was used.
fn actor(change: &SecurityChange) -> Cell {
    let Some(actor) = &change.actor else { return Cell::Absent("no event tells") };
    let mut who = Text::from(Span::principal(actor));
    if let Some(realm) = &change.actor_realm {
        who.push(Text::from(" (").with(Span::realm(realm)).with(")"));
    }
    if let Some(by) = &change.run_by {
        who.push(Text::from(", run as by ").with(Span::principal(by)));
    }
    if let Some(key) = &change.actor_api_key {
        who.push(Text::from(", API key ").with(Span::key(key)));
    }
    Cell::Text(who, Tone::Bold)
}

/// Which keys an invalidation names.
fn keys(change: &SecurityChange) -> Cell {
    if !change.ids.is_empty() {
        return NameList::cell(Span::key, &change.ids, change.ids.len() as u64);
    }
    let mut filters = Vec::new();
    if let Some(name) = &change.name {
        filters.push(Text::from("named ").with(Span::key(name)));
    }
    if change.owned_by_authenticated_user == Some(true) {
        filters.push("the actor's own".into());
    }
    if let Some(owner) = &change.owner {
        filters.push(Text::from("owned by ").with(Span::principal(owner)));
    }
    if let Some(realm) = &change.owner_realm {
        filters.push(Text::from("of realm ").with(Span::realm(realm)));
    }
    if filters.is_empty() {
        return target(change);
    }
    Cell::of(Text::from("every key ").with(super::joined(filters, ", ")))
}

/// What a change was made to, and what it gives: the owner of a granted key, the type of a key, roles and privileges.
fn target(change: &SecurityChange) -> Cell {
    let Some(named) = change.target.as_deref().or(change.name.as_deref()) else { return Cell::Absent("not logged") };
    let mut text = Text::from(Span::name(named));
    if let Some(owner) = change.owner.as_deref().filter(|_| change.action.starts_with("create_")) {
        text.push(Text::from(", of ").with(Span::principal(owner)));
    }
    if let Some(kind) = change.key_type.as_deref().filter(|kind| *kind != "rest") {
        text.push(Text::from(", ").with(Span::name(kind)));
    }
    let privileges: Vec<String> = change.privileges.iter().map(|privilege| with_place(privilege)).collect();
    for (what, given) in [(": ", &change.roles), (": ", &privileges)] {
        if !given.is_empty() {
            text.push(Text::from(what).with(Text::list(
                given.iter().map(|one| Span::name(one)),
                given.len() as u64,
                GIVEN,
            )));
        }
    }
    if change.superuser {
        text.push(" (everything)");
        return Cell::Text(text, Tone::Bad);
    }
    Cell::of(text)
}

/// A privilege with what it is about: those of indices and of acting as others say it.
fn with_place(privilege: &str) -> String {
    let has_place = privilege.contains(" on ") || privilege.starts_with("run as ");
    if has_place { privilege.to_owned() } else { format!("{privilege} on the cluster") }
}

/// Roles or privileges that are named; more are counted.
const GIVEN: usize = 3;

fn failing(keys: &[FailingKey]) -> Table<'_> {
    const DATA: Media = Media::DATA;
    let columns = vec![
        Column::number("count", "Count"),
        Column::text("name", "Key"),
        Column::text("id", "Id").below("name", "  id"),
        Column::text("reason", "Reason"),
        Column::text("reason_basis", "Rests on").on(DATA.and(Media::PAGE)),
        Column::text("clients", "Still used by").below("reason", "  still used by"),
        Column::time("first", "Failing since"),
        Column::time("last", "Last").below("first", "LAST"),
        Column::time("invalidated_at", "Invalidated"),
        Column::text("invalidated_by", "By").below("invalidated_at", "  by"),
        Column::text("owner", "Owner").on(DATA),
        Column::time("expires", "Expires").on(DATA),
        Column::text("evidence", "Evidence").on(DATA),
        Column::text("details", "Details").on(Media::PAGE),
    ];
    Table::of("refused", columns, keys, failing_row).caption("API keys that are refused").stacked().timed()
}

/// Clients of a key with their counts, and refusals that none could be joined to.
pub(super) fn clients(clients: impl Iterator<Item = ListedName>, total: u64, unattributed: u64) -> Cell {
    let mut names = NameList { items: clients.collect(), total };
    if unattributed > 0 {
        names.items.push(ListedName::new(Span::Plain("unknown".into())).times(unattributed));
        names.total += 1;
    }
    Cell::Names(names)
}

/// An address with its count, and how sure that is.
pub(super) fn client(address: &str, count: u64, confidence: f64) -> ListedName {
    let sure = (confidence < 0.995).then_some(confidence);
    ListedName { sure, ..ListedName::new(Span::address(address)).times(count) }
}

fn failing_row(key: &FailingKey) -> Vec<Cell> {
    let name = match (&key.name, &key.id) {
        (Some(name), _) => Cell::Text(Span::key(name).into(), Tone::Bold),
        (None, Some(_)) => Cell::Absent("name unknown"),
        (None, None) => Cell::Absent("named by no line"),
    };
    let by = match (&key.invalidated_by, &key.invalidated_at) {
        (Some(by), _) => Cell::of(Span::principal(by)),
        (None, Some(_)) => Cell::Absent("no event tells"),
        (None, None) => Cell::NONE,
    };
    let used_by = key.clients.iter().map(|used| client(&used.address, used.count, used.confidence));
    let clients = clients(used_by, key.clients_total.max(key.clients.len() as u64), key.unattributed);
    let owner = Cell::logged(Span::principal, key.owner.as_deref(), "");
    let expires = key.expires.as_deref().map_or(Cell::NONE, |at| time(Some(at)));
    let lines = places(&key.evidence);
    vec![
        Cell::number(key.count),
        name,
        Cell::logged(Span::key, key.id.as_deref(), ""),
        Cell::of(word(&key.reason)),
        Cell::of(super::basis(&key.reason_basis)),
        clients,
        time(key.first.as_deref()),
        time(key.last.as_deref()),
        time(key.invalidated_at.as_deref()),
        by,
        owner.clone(),
        expires.clone(),
        lines.clone(),
        Cell::Fields(vec![("Owner", owner), ("Expires", expires), ("Lines", lines)]),
    ]
}

/// A reason alone, as tables of keys have it.
pub(super) fn why(text: &str) -> Cell {
    reason(text, "")
}
