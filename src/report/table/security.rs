//! API-key invalidations, other security changes, and the keys that fail.

use std::{collections::BTreeMap, io};

use super::{
    Context,
    grid::{Column, Grid, Item, Part},
    screen::{Paint, Screen, paint},
    text::{self, Shown},
};
use crate::model::{FailingKey, SecurityChange};

/// Items of a list looked at; no line holds more.
const MAX_ITEMS: usize = 20;

pub(super) fn write(ctx: &Context<'_>, screen: &mut Screen<'_>) -> io::Result<()> {
    let changes = &ctx.report.security_changes;
    let (invalidations, others): (Vec<&SecurityChange>, Vec<&SecurityChange>) =
        changes.iter().partition(|change| change.action.starts_with("invalidate_apikey"));
    if invalidations.is_empty() {
        ctx.title(screen, "API key invalidations", "")?;
        screen.line(&format!("  None in {}.", ctx.what_is_left()))?;
    } else {
        section(ctx, screen, "API key invalidations", &invalidations, "KEYS", keys)?;
    }
    failing(ctx, screen)?;
    if !others.is_empty() {
        section(ctx, screen, "Other security changes", &others, "TARGET", target)?;
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for change in &others {
            *counts.entry(&change.action).or_default() += 1;
        }
        if ctx.rows(others.len()) < others.len() {
            let counts: Vec<String> = counts
                .into_iter()
                .map(|(action, count)| {
                    let action = ctx.log(action).fit(40, ctx.glyphs);
                    format!("{action}{}{}", ctx.glyphs.times, text::number(count))
                })
                .collect();
            screen.line("")?;
            for line in text::wrap(&format!("In all: {}", counts.join(", ")), ctx.width()) {
                screen.line(&format!("  {}", paint(Paint::Dim, &line)))?;
            }
        }
    }
    Ok(())
}

fn section(
    ctx: &Context<'_>,
    screen: &mut Screen<'_>,
    title: &str,
    changes: &[&SecurityChange],
    object: &str,
    describe: fn(&Context<'_>, &SecurityChange) -> Part,
) -> io::Result<()> {
    let rows = ctx.rows(changes.len());
    ctx.title(screen, title, &ctx.cut_note(rows, changes.len() as u64))?;
    let flat = table(ctx, &changes[..rows], object, describe, true);
    let grid = if flat.fits(ctx) { flat } else { table(ctx, &changes[..rows], object, describe, false) };
    grid.write(ctx, screen)
}

fn table(
    ctx: &Context<'_>,
    changes: &[&SecurityChange],
    object: &str,
    describe: fn(&Context<'_>, &SecurityChange) -> Part,
    flat: bool,
) -> Grid {
    let columns = if flat {
        vec![
            Column::fixed(&["TIME"]),
            Column::flexible(&["ACTION"]),
            Column::flexible(&["BY"]),
            Column::flexible(&["FROM"]),
            Column::flexible(&[object]),
        ]
    } else {
        vec![
            Column::fixed(&["TIME"]),
            Column::flexible(&["BY", "  from"]),
            Column::flexible(&["ACTION", &format!("  {}", object.to_lowercase())]),
        ]
    };
    let mut grid = Grid::new(columns);
    for change in changes {
        let time = Part::text(ctx.time(Some(&change.time)));
        let action = Part::text(ctx.log(&change.action));
        let by = actor(ctx, change);
        let object = describe(ctx, change);
        grid.row(if flat {
            let from = Part::text(ctx.log_or(change.source.as_deref(), "not logged"));
            vec![vec![time], vec![action], vec![by], vec![from], vec![object]]
        } else {
            let from = ctx.log_or(change.source.as_deref(), "address not logged").into_text();
            vec![vec![time], vec![by, Part::own(format!("  {from}"))], vec![action, indented(object)]]
        });
    }
    grid
}

fn indented(part: Part) -> Part {
    match part {
        Part::Text(shown, paint) => Part::Text(Shown::own(format!("  {}", shown.into_text())), paint),
        Part::List { items, total, paint, .. } => Part::List { lead: "  ", items, total, paint },
        other => other,
    }
}

/// Who: `alice (native1)`, and for whom it really was where run-as hides it.
fn actor(ctx: &Context<'_>, change: &SecurityChange) -> Part {
    let Some(actor) = &change.actor else { return Part::own("no event tells").dim() };
    let mut who = ctx.log(actor).into_text();
    if let Some(realm) = &change.actor_realm {
        who.push_str(&format!(" ({})", ctx.log(realm).into_text()));
    }
    if let Some(by) = &change.run_by {
        who.push_str(&format!(", run as by {}", ctx.log(by).into_text()));
    }
    Part::Text(Shown::own(who), Paint::Bold)
}

/// Which keys an invalidation names.
fn keys(ctx: &Context<'_>, change: &SecurityChange) -> Part {
    if !change.ids.is_empty() {
        let items = change.ids.iter().take(MAX_ITEMS).map(|id| Item { name: ctx.log(id), suffix: String::new() });
        return Part::List { lead: "", items: items.collect(), total: change.ids.len() as u64, paint: Paint::Plain };
    }
    let mut filter = Vec::new();
    if let Some(name) = &change.name {
        filter.push(format!("named {}", ctx.log(name).into_text()));
    }
    if change.owned_by_authenticated_user == Some(true) {
        filter.push("the actor's own".to_owned());
    }
    if let Some(owner) = &change.owner {
        filter.push(format!("owned by {}", ctx.log(owner).into_text()));
    }
    if let Some(realm) = &change.owner_realm {
        filter.push(format!("of realm {}", ctx.log(realm).into_text()));
    }
    if !filter.is_empty() {
        return Part::own(format!("every key {}", filter.join(", ")));
    }
    target(ctx, change)
}

/// What a change was made to.
fn target(ctx: &Context<'_>, change: &SecurityChange) -> Part {
    match change.target.as_deref().or(change.name.as_deref()) {
        Some(target) => Part::text(ctx.log(target)),
        None => Part::own("not logged").dim(),
    }
}

fn failing(ctx: &Context<'_>, screen: &mut Screen<'_>) -> io::Result<()> {
    let keys = &ctx.report.api_keys.failing;
    if keys.is_empty() {
        return Ok(());
    }
    let rows = ctx.rows(keys.len());
    ctx.title(screen, "Failing API keys", &ctx.cut_note(rows, keys.len() as u64))?;
    let mut grid = Grid::new(vec![
        Column::number(&["COUNT"]),
        Column::flexible(&["KEY", "  id"]),
        Column::flexible(&["REASON", "  still used by"]),
        Column::fixed(&["FAILING SINCE", "LAST"]),
        Column::flexible(&["INVALIDATED", "  by"]),
    ]);
    for key in &keys[..rows] {
        grid.row(row(ctx, key));
    }
    grid.write(ctx, screen)
}

fn row(ctx: &Context<'_>, key: &FailingKey) -> Vec<Vec<Part>> {
    let name = match (&key.name, &key.id) {
        (Some(name), _) => Part::Text(ctx.log(name), Paint::Bold),
        (None, Some(_)) => Part::own("name unknown").dim(),
        (None, None) => Part::own("named by no line").dim(),
    };
    let id = key.id.as_deref().map_or_else(String::new, |id| format!("  {}", ctx.log(id).into_text()));
    let mut clients: Vec<Item> = key
        .clients
        .iter()
        .take(MAX_ITEMS)
        .map(|client| {
            let sure = if client.confidence < 0.995 {
                format!(" ({:.0} % sure)", client.confidence * 100.0)
            } else {
                String::new()
            };
            let suffix = format!("{}{}{sure}", ctx.glyphs.times, text::number(client.count));
            Item { name: ctx.log(&client.address), suffix }
        })
        .collect();
    let mut total = key.clients.len() as u64;
    if key.unattributed > 0 {
        let suffix = format!("{}{}", ctx.glyphs.times, text::number(key.unattributed));
        clients.push(Item { name: Shown::own("unknown"), suffix });
        total += 1;
    }
    let clients = Part::List { lead: "  ", items: clients, total, paint: Paint::Plain };
    let at = key.invalidated_at.as_deref();
    let by = match (&key.invalidated_by, at) {
        (Some(by), _) => format!("  {}", ctx.log(by).into_text()),
        (None, Some(_)) => "  no event tells".to_owned(),
        (None, None) => String::new(),
    };
    vec![
        vec![Part::number(key.count)],
        vec![name, Part::own(id)],
        vec![Part::text(ctx.log(&key.reason)), clients],
        vec![Part::text(ctx.time(key.first.as_deref())), Part::text(ctx.time(key.last.as_deref()))],
        vec![Part::text(ctx.time(at)), Part::own(by)],
    ]
}
