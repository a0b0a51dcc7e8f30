//! Failures by the chosen keys, and the most frequent values of each key.

use std::collections::BTreeSet;

use super::addresses::Known;
use super::{addresses, chain, chain_or_set, joined, node, place, places, reason, share, time, word};
use crate::document::{Block, Cell, Column, ListedName, Media, NameList, Row, Section, Table, Tone};
use crate::model::text::{Span, Text};
use crate::model::{Coverage, Group, Report, TopText};
use crate::options::GroupBy;

pub(super) fn sections(report: &Report) -> Vec<Section<'_>> {
    let by = keys(report);
    let title = Text::list(by.iter().map(|key| Span::Plain(words(*key).into())), by.len() as u64, by.len());
    // Programs get a table without rows, people none.
    let media = if report.groups.is_empty() { Media::DATA } else { Media::ALL };
    let section = Section::new("failures", "Failures", Text::from("Failures by ").with(title)).on(media);
    [section.with(table(report, by))].into_iter().chain(tops(report)).collect()
}

/// The grouping that the report was made with.
fn keys(report: &Report) -> Vec<GroupBy> {
    let names = report.parameters.get("by").and_then(serde_json::Value::as_array);
    let names = names.into_iter().flatten().filter_map(serde_json::Value::as_str);
    let by: Vec<GroupBy> = names.filter_map(|name| GroupBy::ALL.into_iter().find(|key| key.name() == name)).collect();
    let plain = by.is_empty() || by == GroupBy::DEFAULT;
    if !plain {
        return by;
    }
    // The reason tells mostly what was sent: it has a column where rows would look alike.
    let mut by = vec![GroupBy::Principal, GroupBy::RealmChain, GroupBy::Reason];
    if differ_by_credential(report) {
        by.push(GroupBy::Credential);
    }
    by
}

/// Groups that are looked at: nobody compares rows that stand further apart.
const COMPARED: usize = 1000;

/// Whether groups tell apart what was sent and nothing else.
fn differ_by_credential(report: &Report) -> bool {
    let mut met = BTreeSet::new();
    report.groups.iter().take(COMPARED).any(|group| {
        let Group { principal, realm_chain, reason, reason_basis, cluster, .. } = group;
        !met.insert((principal, realm_chain, reason, reason_basis, cluster))
    })
}

/// Within a title.
fn words(key: GroupBy) -> &'static str {
    match key {
        GroupBy::RealmChain => "realm chain",
        key => key.name(),
    }
}

/// The key of a column: `-` is no part of names for programs.
fn column(key: GroupBy) -> Column {
    match key {
        GroupBy::Principal => Column::text("principal", "Principal"),
        GroupBy::RealmChain => Column::text("realm_chain", "Realm chain"),
        GroupBy::Reason => Column::text("reason_told", "Reason").on(Media::PEOPLE),
        GroupBy::Source => Column::text("source", "Source"),
        GroupBy::Node => Column::text("node", "Node"),
        GroupBy::Action => Column::text("action", "Action"),
        GroupBy::Path => Column::text("path", "Path"),
        GroupBy::Credential => Column::text("credential_told", "Credential").on(Media::PEOPLE),
        GroupBy::Cluster => Column::text("cluster", "Cluster"),
    }
}

/// Where the values of a group come from.
#[derive(Clone, Copy)]
enum GroupValue {
    Count,
    Key(GroupBy),
    RealmsAsked,
    Reason,
    Basis,
    Credential,
    First,
    Last,
    Sources,
    SourcesTotal,
    Clients,
    Forwarded,
    Nodes,
    Actions,
    Evidence,
    Details,
}

/// The columns, and what stands in each.
fn columns(by: &[GroupBy]) -> Vec<(Column, GroupValue)> {
    const DATA: Media = Media::DATA;
    let mut columns = vec![(Column::number("count", "Count"), GroupValue::Count)];
    // Where room is short, the first key stands above the addresses, the others in pairs.
    let first = by.first().map_or("count", |key| column(*key).key);
    let others = by.get(1..).unwrap_or_default();
    for key in [GroupBy::Principal, GroupBy::RealmChain, GroupBy::Reason] {
        let shown = by.contains(&key);
        let plain = if shown { column(key) } else { column(key).on(DATA) };
        let place = others.iter().position(|other| *other == key);
        let placed = match place.filter(|at| at % 2 == 1).and_then(|at| others.get(at - 1)) {
            Some(above) => plain.below(column(*above).key, upper(key)),
            None => plain,
        };
        if shown || key != GroupBy::Reason {
            columns.push((placed, GroupValue::Key(key)));
        }
        if key == GroupBy::RealmChain {
            columns.push((Column::number("realms_asked", "Realms asked").on(DATA), GroupValue::RealmsAsked));
        }
    }
    columns.push((Column::text("reason", "Reason").on(DATA), GroupValue::Reason));
    columns.push((Column::text("reason_basis", "Rests on").on(DATA), GroupValue::Basis));
    columns.push((Column::text("credential", "Credential").on(DATA), GroupValue::Credential));
    for (at, key) in by.iter().enumerate() {
        if matches!(key, GroupBy::Principal | GroupBy::RealmChain | GroupBy::Reason) {
            continue;
        }
        let above = at.checked_sub(2).filter(|_| at % 2 == 0).map(|_| column(by[at - 1]).key);
        let placed = above.map_or_else(|| column(*key), |above| column(*key).below(above, upper(*key)));
        columns.push((placed, GroupValue::Key(*key)));
    }
    columns.push((Column::time("first", "First"), GroupValue::First));
    columns.push((Column::time("last", "Last").below("first", "LAST"), GroupValue::Last));
    if !by.contains(&GroupBy::Source) {
        let clients = Column::text("clients", "Sources").on(Media::PEOPLE).below(first, "  from");
        columns.push((clients, GroupValue::Clients));
    }
    columns.extend([
        (Column::text("sources", "Sources").on(DATA), GroupValue::Sources),
        (Column::number("sources_total", "Sources in all").on(DATA), GroupValue::SourcesTotal),
        (Column::text("forwarded", "Forwarded for").on(DATA), GroupValue::Forwarded),
        (Column::text("nodes", "Nodes").on(DATA), GroupValue::Nodes),
        (Column::text("actions", "Actions").on(DATA), GroupValue::Actions),
        (Column::text("evidence", "Evidence").on(DATA), GroupValue::Evidence),
        (Column::text("details", "Details").on(Media::PAGE), GroupValue::Details),
    ]);
    columns
}

fn upper(key: GroupBy) -> &'static str {
    match key {
        GroupBy::Principal => "PRINCIPAL",
        GroupBy::RealmChain => "REALM CHAIN",
        GroupBy::Reason => "REASON",
        GroupBy::Source => "SOURCE",
        GroupBy::Node => "NODE",
        GroupBy::Action => "ACTION",
        GroupBy::Path => "PATH",
        GroupBy::Credential => "CREDENTIAL",
        GroupBy::Cluster => "CLUSTER",
    }
}

fn table(report: &Report, by: Vec<GroupBy>) -> Table<'_> {
    let (columns, values): (Vec<Column>, Vec<GroupValue>) = columns(&by).into_iter().unzip();
    let rows = move || -> Box<dyn Iterator<Item = Row> + '_> {
        let (values, known) = (values.clone(), Known::of(report));
        let row = move |group: Group| {
            Row::Cells(values.iter().map(|value| cell(&report.coverage, &known, &group, *value)).collect())
        };
        Box::new(report.groups.iter().map(row))
    };
    Table::lazy("failures", columns, report.groups.len() as u64, rows)
        .caption("Failed attempts, most frequent first")
        .of_total(report.groups_total)
        .timed()
}

fn cell(coverage: &Coverage, known: &Known<'_>, group: &Group, value: GroupValue) -> Cell {
    match value {
        GroupValue::Count => Cell::number(group.count),
        GroupValue::Key(key) => of_key(coverage, known, group, key),
        // Tells a chain that was not logged (empty) from one in which no realm was asked (0).
        GroupValue::RealmsAsked => {
            group.realm_chain.as_ref().map_or(Cell::NONE, |realms| Cell::number(realms.len() as u64))
        }
        GroupValue::Reason => Cell::of(word(&group.reason)),
        GroupValue::Basis => Cell::of(word(&group.reason_basis)),
        GroupValue::Credential => Cell::logged(word, group.credential.as_deref(), ""),
        GroupValue::First => time(group.first.as_deref()),
        GroupValue::Last => time(group.last.as_deref()),
        GroupValue::Sources => Cell::Names(addresses(&group.sources, group.sources_total)),
        GroupValue::SourcesTotal => Cell::number(group.sources_total),
        GroupValue::Clients => clients(known, group),
        GroupValue::Forwarded => Cell::Names(addresses(&group.forwarded, 0)),
        GroupValue::Nodes => NameList::cell(Span::node, &group.nodes, group.nodes.len() as u64),
        GroupValue::Actions => actions(group),
        GroupValue::Evidence => places(&group.evidence),
        GroupValue::Details => details(coverage, known, group),
    }
}

fn of_key(coverage: &Coverage, known: &Known<'_>, group: &Group, key: GroupBy) -> Cell {
    let by = || group.by.get(key.name()).and_then(Option::as_deref);
    match key {
        GroupBy::Principal => match &group.principal {
            Some(principal) => Cell::Text(Span::principal(principal).into(), Tone::Bold),
            None => Cell::Absent("(none)"),
        },
        GroupBy::RealmChain => chain_or_set(group.realm_chain.as_deref(), group.realm_chain_ordered),
        GroupBy::Reason => reason(&group.reason, &group.reason_basis),
        GroupBy::Node => by().map_or(Cell::Absent("not logged"), |key| Cell::of(node(coverage, key))),
        GroupBy::Source => known.cell(by(), "not logged"),
        GroupBy::Credential => Cell::of(word(&group.credential.as_deref().unwrap_or("unknown").replace('_', " "))),
        GroupBy::Cluster => Cell::logged(Span::name, by().or(group.cluster.as_deref()), "not logged"),
        GroupBy::Action | GroupBy::Path => Cell::logged(Span::name, by(), "not logged"),
    }
}

/// Addresses with their counts, and who stands behind proxies: what a request says of itself may be a lie.
fn clients(known: &Known<'_>, group: &Group) -> Cell {
    if group.sources.is_empty() {
        return Cell::Absent("address not logged");
    }
    let mut names = known.counted(&group.sources, group.sources_total);
    if let ([only], 0..=1) = (names.items.as_mut_slice(), group.sources_total)
        && only.count == Some(group.count)
    {
        // One address alone made them all: its count would only repeat the group's.
        only.count = None;
    }
    names.total += group.forwarded.len() as u64;
    let forwarded = group.forwarded.iter().map(|client| ListedName {
        remark: " forwarded",
        ..ListedName::new(Span::address(&client.address)).times(client.count)
    });
    names.items.extend(forwarded);
    Cell::Names(names)
}

fn nodes(coverage: &Coverage, group: &Group) -> Cell {
    let items = group.nodes.iter().map(|key| ListedName::new(node(coverage, key))).collect();
    Cell::Names(NameList { items, total: group.nodes.len() as u64 })
}

fn actions(group: &Group) -> Cell {
    let items = group.actions.iter().map(|(action, count)| ListedName::new(Span::name(action)).times(*count)).collect();
    Cell::Names(NameList { items, total: group.actions.len() as u64 })
}

fn details(coverage: &Coverage, known: &Known<'_>, group: &Group) -> Cell {
    let messages = group.messages.iter().map(|text| ListedName::new(Span::name(text))).collect();
    let inferred = if group.why.is_empty() { Cell::NONE } else { Cell::of(joined(group.why.iter().cloned(), "; ")) };
    let lines = group.evidence.iter().map(|line| ListedName::new(place(line))).collect();
    Cell::Fields(vec![
        ("From", Cell::Names(known.counted(&group.sources, group.sources_total))),
        ("Forwarded for", Cell::Names(addresses(&group.forwarded, 0))),
        ("Nodes", nodes(coverage, group)),
        ("Events", actions(group)),
        ("Inferred", inferred),
        ("Server log", Cell::Names(NameList { items: messages, total: group.messages.len() as u64 })),
        ("Lines", Cell::Names(NameList { items: lines, total: group.evidence.len() as u64 })),
    ])
}

/// Small tables of the most frequent principals, addresses, reasons, chains and nodes.
fn tops(report: &Report) -> Option<Section<'_>> {
    let (tops, known) = (&report.tops, Known::of(report));
    let whole = report.totals.failed_attempts;
    let of = |list: &[TopText], cell: &dyn Fn(Option<&str>) -> Cell| -> Vec<(Cell, u64)> {
        list.iter().map(|top| (cell(top.key.as_deref()), top.count)).collect()
    };
    let chains = tops.realm_chains.iter().map(|top| (chain(top.key.as_deref()), top.count)).collect();
    let node = |key: Option<&str>| key.map_or(Cell::Absent("not logged"), |key| Cell::of(node(&report.coverage, key)));
    let tables = [
        (
            "top_principals",
            Column::text("principal", "Principal"),
            of(&tops.principals, &|key| Cell::logged(Span::principal, key, "(none)")),
            tops.principals_total,
        ),
        (
            "top_sources",
            Column::text("source", "Source"),
            of(&tops.sources, &|key| known.cell(key, "not logged")),
            tops.sources_total,
        ),
        (
            "top_reasons",
            Column::text("reason", "Reason"),
            of(&tops.reasons, &|key| Cell::logged(word, key, "unknown")),
            tops.reasons_total,
        ),
        ("top_realm_chains", Column::text("realm_chain", "Realm chain"), chains, tops.realm_chains_total),
        ("top_nodes", Column::text("node", "Node"), of(&tops.nodes, &node), tops.nodes_total),
    ];
    let tables: Vec<Table<'_>> = tables
        .into_iter()
        .filter(|(.., rows, _)| !rows.is_empty())
        .map(|(name, column, rows, total)| {
            let caption = column.title;
            let columns = vec![Column::number("count", "Count"), Column::number("share", "Share"), column];
            let row = |(key, count)| vec![Cell::number(count), share(count, whole), key];
            Table::new(name, columns, rows.into_iter().map(row).collect()).caption(caption).of_total(total)
        })
        .collect();
    let section = Section::new("most-frequent", "Most frequent", "Most frequent");
    (!tables.is_empty()).then(|| section.remark("share of all failed attempts").with(Block::Beside(tables)))
}
