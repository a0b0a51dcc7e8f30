//! Failures by the chosen keys: one line a group where the terminal is wide enough, else two.

use std::io;

use super::{
    Context,
    grid::{Column, Grid, Item, Part},
    screen::{Paint, Screen},
    text::{self, Shown},
};
use crate::model::Group;
use crate::options::GroupBy;

pub(super) fn write(ctx: &Context<'_>, screen: &mut Screen<'_>) -> io::Result<()> {
    let groups = &ctx.report.groups;
    if groups.is_empty() {
        return Ok(());
    }
    let keys = keys(ctx);
    let rows = ctx.rows(groups.len());
    let names: Vec<&str> = keys.iter().map(|key| heading(*key).1).collect();
    let title = match names.split_last() {
        Some((last, [])) => format!("Failures by {last}"),
        Some((last, head)) => format!("Failures by {} and {last}", head.join(", ")),
        None => "Failures".to_owned(),
    };
    ctx.title(screen, &title, &ctx.cut_note(rows, ctx.report.groups_total))?;
    let groups: Vec<Group> = groups.iter().take(rows).collect();
    let flat = table(ctx, &keys, &groups, true);
    let grid = if flat.fits(ctx) { flat } else { table(ctx, &keys, &groups, false) };
    grid.write(ctx, screen)
}

/// The grouping that the report was made with.
fn keys(ctx: &Context<'_>) -> Vec<GroupBy> {
    let chosen: Vec<GroupBy> = ctx
        .report
        .parameters
        .get("by")
        .and_then(serde_json::Value::as_array)
        .map(|names| {
            let names = names.iter().filter_map(serde_json::Value::as_str);
            names.filter_map(|name| GroupBy::ALL.into_iter().find(|key| key.name() == name)).collect()
        })
        .unwrap_or_default();
    if chosen.is_empty() || chosen == GroupBy::DEFAULT {
        vec![GroupBy::Principal, GroupBy::RealmChain, GroupBy::Reason]
    } else {
        chosen
    }
}

/// Of a column, and within a title.
fn heading(key: GroupBy) -> (&'static str, &'static str) {
    match key {
        GroupBy::Principal => ("PRINCIPAL", "principal"),
        GroupBy::RealmChain => ("REALM CHAIN", "realm chain"),
        GroupBy::Reason => ("REASON", "reason"),
        GroupBy::Source => ("SOURCE", "source"),
        GroupBy::Node => ("NODE", "node"),
        GroupBy::Action => ("ACTION", "action"),
        GroupBy::Path => ("PATH", "path"),
        GroupBy::Credential => ("CREDENTIAL", "credential"),
        GroupBy::Cluster => ("CLUSTER", "cluster"),
    }
}

fn value(ctx: &Context<'_>, key: GroupBy, group: &Group) -> Part {
    let by = || group.by.get(key.name()).and_then(Option::as_deref);
    match key {
        GroupBy::Principal => match &group.principal {
            Some(principal) => Part::Text(ctx.log(principal), Paint::Bold),
            None => Part::own("(none)"),
        },
        GroupBy::RealmChain => ctx.chain(group.realm_chain.as_deref()),
        GroupBy::Reason => {
            let part = Part::text(reason(ctx, &group.reason, &group.reason_basis));
            if group.reason == "unknown" { part.dim() } else { part }
        }
        GroupBy::Node => by().map_or_else(|| Part::own("not logged").dim(), |node| Part::text(ctx.node(node))),
        GroupBy::Credential => Part::own(group.credential.as_deref().unwrap_or("unknown").replace('_', " ")),
        GroupBy::Source | GroupBy::Action | GroupBy::Path | GroupBy::Cluster => {
            by().map_or_else(|| Part::own("not logged").dim(), |value| Part::text(ctx.log(value)))
        }
    }
}

/// A reason, and in brackets how it is known.
pub(super) fn reason(ctx: &Context<'_>, reason: &str, basis: &str) -> Shown {
    let basis = match basis {
        "server_log" => "server log",
        "explicit" => "stated",
        "context" => "key listing",
        "none" | "" => return ctx.log(reason),
        other => other,
    };
    Shown::own(format!("{} ({})", ctx.log(reason).into_text(), ctx.log(basis).into_text()))
}

/// Columns of the widest reason, as far as the reasons of the contract go.
fn widest_reason(ctx: &Context<'_>, groups: &[Group]) -> usize {
    const MAX: usize = 36;
    groups.iter().map(|group| reason(ctx, &group.reason, &group.reason_basis).width()).max().unwrap_or(0).min(MAX)
}

/// Addresses with their counts.
fn sources(ctx: &Context<'_>, group: &Group, lead: &'static str) -> Part {
    if group.sources.is_empty() {
        return Part::own(format!("{lead}address not logged")).dim();
    }
    let single = group.sources.len() == 1 && group.sources_total <= 1;
    let items = group.sources.iter().map(|source| Item {
        name: ctx.log(&source.address),
        // One address alone made them all: its count would only repeat the group's.
        suffix: if single && source.count == group.count {
            String::new()
        } else {
            format!("{}{}", ctx.glyphs.times, text::number(source.count))
        },
    });
    // Who stands behind a proxy is shown beside it: what a request says of itself may be a lie.
    let forwarded = group.forwarded.iter().map(|client| Item {
        name: ctx.log(&client.address),
        suffix: format!(" forwarded {}{}", ctx.glyphs.times, text::number(client.count)),
    });
    let items = items.chain(forwarded);
    let total = group.sources_total.max(group.sources.len() as u64) + group.forwarded.len() as u64;
    Part::List { lead, items: items.collect(), total, paint: Paint::Plain }
}

fn table(ctx: &Context<'_>, keys: &[GroupBy], groups: &[Group], flat: bool) -> Grid {
    let with_sources = !keys.contains(&GroupBy::Source);
    if flat {
        let mut columns = vec![Column::number(&["COUNT"])];
        columns.extend(keys.iter().map(|key| Column::flexible(&[heading(*key).0])));
        columns.extend([Column::fixed(&["FIRST"]), Column::fixed(&["LAST"])]);
        if with_sources {
            columns.push(Column::flexible(&["SOURCES"]));
        }
        let mut grid = Grid::new(columns);
        for group in groups {
            let mut cells = vec![vec![Part::number(group.count)]];
            cells.extend(keys.iter().map(|key| vec![value(ctx, *key, group)]));
            cells.push(vec![Part::text(ctx.time(group.first.as_deref()))]);
            cells.push(vec![Part::text(ctx.time(group.last.as_deref()))]);
            if with_sources {
                cells.push(vec![sources(ctx, group, "")]);
            }
            grid.row(cells);
        }
        return grid;
    }
    // The first key stands above the sources, the others in pairs.
    let (first, others) = match keys.split_first() {
        Some((first, others)) => (Some(*first), others),
        None => (None, keys),
    };
    let mut columns = vec![Column::number(&["COUNT"])];
    if let Some(first) = first {
        let lines = [heading(first).0, "  from"];
        columns.push(Column::flexible(&lines[..if with_sources { 2 } else { 1 }]));
    }
    for pair in others.chunks(2) {
        let column = Column::flexible(&pair.iter().map(|key| heading(*key).0).collect::<Vec<_>>());
        // A cut reason tells nothing; a name or an address without its middle still does.
        columns.push(if pair.contains(&GroupBy::Reason) { column.keep(widest_reason(ctx, groups)) } else { column });
    }
    columns.push(Column::fixed(&["FIRST", "LAST"]));
    let mut grid = Grid::new(columns);
    for group in groups {
        let mut cells = vec![vec![Part::number(group.count)]];
        if let Some(first) = first {
            let mut cell = vec![value(ctx, first, group)];
            if with_sources {
                cell.push(sources(ctx, group, "  "));
            }
            cells.push(cell);
        }
        cells.extend(others.chunks(2).map(|pair| pair.iter().map(|key| value(ctx, *key, group)).collect()));
        let last = ctx.time(group.last.as_deref());
        cells.push(vec![Part::text(ctx.time(group.first.as_deref())), Part::text(last)]);
        grid.row(cells);
    }
    grid
}
