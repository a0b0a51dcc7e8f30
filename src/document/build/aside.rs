//! What the report tells beside groups and findings: how people fail ordinarily, refusals without an audit event, denials, new
//! places, clusters. Each is there only where it holds something.

use super::addresses::Known;
use super::{amounts, moment, places, time, word};
use crate::document::{Block, Cell, Column, Fact, Media, NameList, Section, Table, Tone};
use crate::model::text::{Span, Text};
use crate::model::{BaseRate, Cluster, Coverage, Denied, NewPlace, Report, RunAs, ServerRefusal, TurnedAway};

/// Sections that follow those of the failures.
pub(super) fn sections(report: &Report) -> Vec<Section<'_>> {
    let mut sections = Vec::new();
    if let Some(rate) = report.base_rate.as_ref().filter(|_| report.coverage.audit_events > 0) {
        sections.push(base_rate(rate));
    }
    if !report.server_refusals.is_empty() {
        let section = Section::new("server-refusals", "Server log only", "Refused without an audit event");
        let remark = "in server logs; they are not among the failed attempts";
        sections.push(section.remark(remark).with(refusals(&report.server_refusals)));
    }
    if !report.denied.is_empty() {
        let section = Section::new("denied", "Denied", "Denied after authentication");
        let table = denied(&report.denied).of_total(report.denied_total);
        sections.push(section.remark("a privilege was missing (403)").with(table));
    }
    if !report.run_as.is_empty() {
        let section = Section::new("run-as", "Run as", "Acting as somebody else");
        let table = run_as(&report.run_as).of_total(report.run_as_total);
        sections.push(section.remark("run_as_granted, run_as_denied").with(table));
    }
    let (tampered, filtered): (Vec<&TurnedAway>, Vec<&TurnedAway>) =
        report.turned_away.iter().partition(|row| row.action == "tampered_request");
    if !tampered.is_empty() {
        let section = Section::new("tampered", "Tampered", "Tampered requests");
        let remark = "requests that were changed on their way, or tokens that could not be validated";
        sections.push(section.remark(remark).with(turned_away("tampered_requests", tampered)));
    }
    if !filtered.is_empty() {
        let section = Section::new("ip-filter", "IP filter", "Connections that an IP filter refused");
        sections.push(section.remark("connection_denied").with(turned_away("connection_denied", filtered)));
    }
    if !report.new_places.is_empty() {
        let section = Section::new("new-places", "New places", "Accounts at new addresses");
        let table = new_places(report).of_total(report.new_places_total);
        sections.push(section.remark("where they had not got in before").with(table));
    }
    sections.extend(not_counted(&report.coverage));
    if report.clusters.len() > 1 {
        let section = Section::new("clusters", "Clusters", "Clusters");
        sections.push(section.remark("nothing is joined across them").with(clusters(&report.clusters)));
    }
    sections
}

/// Facts that belong to the head.
pub(super) fn facts(report: &Report) -> Vec<Fact> {
    let mut facts = Vec::new();
    if report.clusters.len() > 1 {
        let names = report.clusters.iter().map(|cluster| cluster_name(cluster).into());
        let clusters = Text::from(report.clusters.len() as u64).with(": ").with(super::joined(names, ", "));
        facts.push(Fact::new("Clusters", clusters));
    }
    if report.totals.tampered_requests > 0 {
        let tampered = amounts(&[(report.totals.tampered_requests, "tampered request", "tampered requests")]);
        facts.push(Fact::new("Tampered", tampered.with(", which are no failed attempts")).tone(Tone::Warn));
    }
    facts
}

fn base_rate<'a>(rate: &BaseRate) -> Section<'a> {
    let columns = vec![Column::number("length", "Failures in a row"), Column::number("count", "Runs")];
    let runs = rate.runs.iter().map(|run| vec![Cell::number(run.length), Cell::number(run.count)]).collect();
    let table = Table::new("base_rate", columns, runs).caption("Runs of failures before an account got in");
    Section::new("base-rate", "Ordinary", "How people and machines fail here")
        .with(Block::Prose(rate.sentence.clone(), Tone::Plain))
        .with(Block::Table(table).on(Media::PAGE.and(Media::DATA)))
}

/// Lines of other programs' logs by program, and events that look like failures and are none.
fn not_counted(coverage: &Coverage) -> Option<Section<'_>> {
    let steps = (coverage.negotiations > 0).then_some(("steps of a negotiation (SPNEGO)", coverage.negotiations));
    let products = coverage.other_products.iter().map(|(product, count)| (product.as_str(), *count));
    let rows: Vec<Vec<Cell>> = products
        .map(|(product, count)| vec![Cell::number(count), Cell::of(word(&format!("lines of {product}")))])
        .chain(steps.map(|(what, count)| vec![Cell::number(count), Cell::of(word(what))]))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let columns = vec![Column::number("count", "Count"), Column::text("what", "What")];
    let section = Section::new("not-counted", "Not counted", "Read and not counted as failures");
    let remark = "other programs quote Elasticsearch; only its own log is evidence";
    Some(section.remark(remark).with(Table::new("not_counted", columns, rows)))
}

fn refusals(list: &[ServerRefusal]) -> Table<'_> {
    let columns = vec![
        Column::number("count", "Count"),
        Column::text("principal", "Principal"),
        Column::text("api_key", "API key").below("principal", "  key"),
        Column::text("reason", "Reason"),
        Column::text("realm", "Realm").below("reason", "  realm"),
        Column::time("first", "First"),
        Column::time("last", "Last").below("first", "LAST"),
        Column::text("node", "Node"),
        Column::text("evidence", "Evidence").on(Media::PAGE.and(Media::DATA)),
    ];
    let row = |refusal: &ServerRefusal| {
        vec![
            Cell::number(refusal.count),
            Cell::logged(Span::principal, refusal.principal.as_deref(), "(none)"),
            Cell::logged(Span::key, refusal.api_key.as_deref(), ""),
            Cell::of(word(&refusal.reason)),
            Cell::logged(Span::realm, refusal.realm.as_deref(), ""),
            time(refusal.first.as_deref()),
            time(refusal.last.as_deref()),
            Cell::logged(Span::node, refusal.node.as_deref(), "not logged"),
            places(&refusal.evidence),
        ]
    };
    Table::of("server_refusals", columns, list, row).timed()
}

fn denied(list: &[Denied]) -> Table<'_> {
    // Only the cluster's own answers tell.
    let explained = list.iter().any(|denied| denied.lacks.is_some() || denied.anonymous_status.is_some());
    let mut columns = vec![
        Column::number("count", "Count"),
        Column::text("principal", "Principal"),
        Column::text("api_key", "API key").below("principal", "  key"),
        Column::text("action", "Action"),
        Column::text("index", "Index").below("action", "  index"),
        Column::number("sources", "Addresses"),
        Column::time("first", "First"),
        Column::time("last", "Last").below("first", "LAST"),
        Column::text("evidence", "Evidence").on(Media::PAGE.and(Media::DATA)),
    ];
    if explained {
        columns.push(Column::text("lacks", "Lacking").below("action", "  lacking"));
    }
    let row = move |denied: &Denied| {
        let mut cells = vec![
            Cell::number(denied.count),
            Cell::logged(Span::principal, denied.principal.as_deref(), "(none)"),
            Cell::logged(Span::key, denied.api_key.as_deref(), ""),
            Cell::logged(Span::name, denied.action.as_deref(), "not logged"),
            Cell::logged(Span::name, denied.index.as_deref(), ""),
            Cell::number(denied.sources_total),
            time(denied.first.as_deref()),
            time(denied.last.as_deref()),
            places(&denied.evidence),
        ];
        if explained {
            let anonymous = denied.anonymous_status.map(|status| {
                Text::from(format!("nothing was authenticated: the anonymous user's, answered {status}"))
            });
            cells.push(denied.lacks.clone().or(anonymous).map_or(Cell::NONE, Cell::of));
        }
        cells
    };
    Table::of("denied", columns, list, row).timed()
}

fn run_as(list: &[RunAs]) -> Table<'_> {
    let columns = vec![
        Column::number("count", "Count"),
        Column::text("principal", "Who"),
        Column::text("run_as", "As whom"),
        Column::text("granted", "Allowed"),
        Column::number("sources", "Addresses"),
        Column::time("first", "First"),
        Column::time("last", "Last").below("first", "LAST"),
        Column::text("evidence", "Evidence").on(Media::PAGE.and(Media::DATA)),
    ];
    let row = |row: &RunAs| {
        vec![
            Cell::number(row.count),
            Cell::logged(Span::principal, row.principal.as_deref(), "(none)"),
            Cell::logged(Span::principal, row.run_as.as_deref(), "not logged"),
            if row.granted { Cell::of("yes") } else { Cell::Text("no".into(), Tone::Warn) },
            Cell::number(row.sources_total),
            time(row.first.as_deref()),
            time(row.last.as_deref()),
            places(&row.evidence),
        ]
    };
    Table::of("run_as", columns, list, row).timed()
}

fn turned_away<'a>(name: &'static str, list: Vec<&'a TurnedAway>) -> Table<'a> {
    let columns = vec![
        Column::number("count", "Count"),
        Column::text("source", "From"),
        Column::text("principal", "Principal"),
        Column::time("first", "First"),
        Column::time("last", "Last").below("first", "LAST"),
        Column::text("evidence", "Evidence").on(Media::PAGE.and(Media::DATA)),
    ];
    let row = |row: &&TurnedAway| {
        vec![
            Cell::number(row.count),
            Cell::logged(Span::address, row.source.as_deref(), "not logged"),
            Cell::logged(Span::principal, row.principal.as_deref(), "(none)"),
            time(row.first.as_deref()),
            time(row.last.as_deref()),
            places(&row.evidence),
        ]
    };
    Table::new(name, columns, list.iter().map(row).collect()).timed()
}

fn new_places(report: &Report) -> Table<'_> {
    let known = Known::of(report);
    let columns = vec![
        Column::time("first", "First"),
        Column::text("principal", "Principal"),
        Column::text("source", "From").below("principal", "  from"),
        Column::number("successes", "Successes"),
        Column::number("powerful", "Powerful"),
        Column::time("history_since", "Known since"),
    ];
    let row = move |place: &NewPlace| {
        let tone = if place.powerful > 0 { Tone::Bad } else { Tone::Plain };
        vec![
            Cell::of(moment(&place.first)),
            Cell::of(Span::principal(&place.principal)),
            known.cell(Some(&place.source), ""),
            Cell::number(place.successes),
            Cell::number(place.powerful).tone(tone),
            time(place.history_since.as_deref()),
        ]
    };
    let rows = report.new_places.iter().map(row).collect();
    Table::new("new_places", columns, rows).timed()
}

fn cluster_name(cluster: &Cluster) -> Span {
    let name = cluster.name.as_deref().or(cluster.uuid.as_deref());
    name.map_or_else(|| Span::Plain("(uuid not logged)".into()), Span::name)
}

fn clusters(list: &[Cluster]) -> Table<'_> {
    let columns = vec![
        Column::text("name", "Cluster"),
        Column::text("uuid", "Uuid").below("name", "  uuid"),
        Column::text("nodes", "Nodes"),
        Column::number("audit_events", "Audit events"),
        Column::time("first", "First"),
        Column::time("last", "Last").below("first", "LAST"),
    ];
    let row = |cluster: &Cluster| {
        vec![
            Cell::of(cluster_name(cluster)),
            Cell::logged(Span::key, cluster.uuid.as_deref(), "not logged"),
            NameList::cell(Span::node, &cluster.nodes, cluster.nodes.len() as u64),
            Cell::number(cluster.audit_events),
            time(cluster.first.as_deref()),
            time(cluster.last.as_deref()),
        ]
    };
    Table::of("clusters", columns, list, row)
}
