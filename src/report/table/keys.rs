//! API keys for people: the refused first, then those that expire soon, then by last use.

use std::{cmp::Reverse, io};

use super::{
    Context, caveats,
    grid::{Column, Grid, Item, Part},
    header,
    screen::{Paint, Screen, paint},
    text::{self, Shown},
};
use crate::model::Report;
use crate::report::{
    View,
    keys::{Key, KeysReport, Refused, Use},
};

/// Items of a list looked at; no line holds more.
const MAX_ITEMS: usize = 20;

/// Writes the keys.
pub(in crate::report) fn write(keys: &KeysReport, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let report = Report::bare(keys.tool.clone(), keys.parameters.clone(), keys.coverage.clone(), keys.filters.clone());
    let ctx = Context::new(&report, view);
    let mut screen = Screen::new(out, ctx.view.style);
    header::what_was_read(&ctx, &mut screen, "Elasticsearch API keys")?;
    headline(&ctx, &mut screen, keys)?;
    let mut sorted: Vec<&Key> = keys.keys.iter().collect();
    sorted.sort_by_key(|key| order(keys, key));
    let rows = ctx.rows(sorted.len());
    ctx.title(&mut screen, "API keys", &ctx.cut_note(rows, sorted.len() as u64))?;
    if sorted.is_empty() {
        screen.line(if keys.totals.keys == 0 { "  None in these logs." } else { "  None of them is as asked for." })?;
    } else {
        table(&ctx, keys, &sorted[..rows]).write(&ctx, &mut screen)?;
    }
    unnamed(&ctx, &mut screen, keys)?;
    caveats::write(&ctx, &mut screen)
}

/// Most important first. Times are RFC 3339, which sorts as text.
fn order<'k>(keys: &KeysReport, key: &'k Key) -> impl Ord + use<'k> {
    let expiring = key.status == "active" && key.expires.is_some() && key.expires > keys.as_of;
    let expires = if expiring { key.expires.as_deref() } else { None };
    (Reverse(key.refused.count), !expiring, expires, Reverse(key.used.last.as_deref()), key.id.as_str())
}

fn headline(ctx: &Context<'_>, screen: &mut Screen<'_>, keys: &KeysReport) -> io::Result<()> {
    let totals = &keys.totals;
    let head = text::count(totals.keys, "API key", "API keys");
    let mut parts = Vec::new();
    for (amount, what) in [
        (totals.active, "active"),
        (totals.invalidated, "invalidated"),
        (totals.expired, "expired"),
        (totals.unknown, "known from refusals alone"),
    ] {
        if amount > 0 {
            parts.push(format!("{} {what}", text::number(amount)));
        }
    }
    let mut line = head.clone();
    if !parts.is_empty() {
        line.push_str(&format!(": {}", parts.join(", ")));
    }
    if totals.refused > 0 {
        line.push_str(&format!("; {} refused", text::number(totals.refused)));
    }
    if let (Some(as_of), true) = (keys.as_of.as_deref(), totals.keys > 0) {
        line.push_str(&format!("; as of {}", ctx.time(Some(as_of)).into_text()));
    }
    for (number, line) in text::wrap(&line, ctx.width()).iter().enumerate() {
        let line = match line.strip_prefix(&head) {
            Some(rest) if number == 0 => format!("{}{rest}", paint(Paint::Bold, &head)),
            _ => line.clone(),
        };
        screen.line(&format!("  {line}"))?;
    }
    Ok(())
}

fn table(ctx: &Context<'_>, report: &KeysReport, keys: &[&Key]) -> Grid {
    let mut grid = Grid::new(vec![
        Column::flexible(&["KEY", "  id", "  owner"]).keep(22),
        Column::flexible(&["STATE", "  since", "  by whom"]).keep(11),
        Column::flexible(&["CREATED", "EXPIRES", "  by"]).keep(11),
        Column::flexible(&["LAST USE", "  events", "  from"]).keep(11),
        Column::flexible(&["REFUSED", "  after end", "  from"]).keep(11),
    ]);
    for key in keys {
        grid.row(vec![
            name(ctx, key),
            state(ctx, report, key),
            made(ctx, key),
            used(ctx, &key.used),
            refused(ctx, key),
        ]);
    }
    grid
}

fn indented(text: impl std::fmt::Display) -> Part {
    Part::own(format!("  {text}"))
}

fn name(ctx: &Context<'_>, key: &Key) -> Vec<Part> {
    let name = match &key.name {
        Some(name) => Part::Text(ctx.log(name), Paint::Bold),
        None => Part::own("name unknown").dim(),
    };
    let owner = key.owner.as_deref().map_or_else(String::new, |owner| format!("  {}", ctx.log(owner).into_text()));
    vec![name, indented(ctx.log(&key.id).into_text()), Part::own(owner)]
}

fn state(ctx: &Context<'_>, report: &KeysReport, key: &Key) -> Vec<Part> {
    let color = match key.status.as_str() {
        "invalidated" | "expired" if key.refused.count > 0 => Paint::Bad,
        "unknown" if key.refused.count > 0 => Paint::Warn,
        _ => Paint::Plain,
    };
    let status = |words: &str| Part::Text(ctx.log(words), color);
    let since = |time: Option<&str>| match time {
        Some(time) => indented(ctx.time(Some(time)).into_text()),
        None => indented("time unknown"),
    };
    match key.status.as_str() {
        "invalidated" => {
            let by = match &key.invalidated_by {
                Some(by) => format!("  {}", ctx.log_or(by.name.as_deref(), "no event tells").into_text()),
                None => "  no event tells".to_owned(),
            };
            let by = match key.invalidated_how.as_deref() {
                Some(how @ ("name" | "owner" | "realm")) => format!("{by} ({how})"),
                _ => by,
            };
            vec![status("invalidated"), since(key.invalidated_at.as_deref()), Part::own(by)]
        }
        "expired" => vec![status("expired"), since(key.expires.as_deref())],
        "active" => {
            let left = report
                .as_of
                .as_deref()
                .and_then(text::parse_time)
                .zip(key.expires.as_deref().and_then(text::parse_time));
            let left = left.and_then(|(now, end)| u64::try_from((end - now).num_seconds()).ok());
            let soon = left.map_or_else(|| Part::own(""), |left| indented(format!("{} left", text::duration(left))));
            vec![status("active"), soon]
        }
        other => vec![status(other)],
    }
}

/// A time that may be years away, where seconds only take room.
fn to_minute(ctx: &Context<'_>, time: &str) -> String {
    let shown = ctx.time(Some(time)).into_text();
    if shown.len() > "2026-03-01 12:34".len() { shown.chars().take(16).collect() } else { shown }
}

fn made(ctx: &Context<'_>, key: &Key) -> Vec<Part> {
    let created = match key.created_at.as_deref() {
        Some(time) => Part::own(to_minute(ctx, time)),
        None => Part::own("not logged").dim(),
    };
    let expires = match key.expires.as_deref() {
        Some(time) => Part::own(to_minute(ctx, time)),
        None if key.expiration_known => Part::Text(Shown::own("never expires"), Paint::Note),
        None => Part::own("not known").dim(),
    };
    let by = key.created_by.as_ref().and_then(|by| by.name.as_deref());
    vec![created, expires, by.map_or_else(|| Part::own(""), |by| indented(ctx.log(by).into_text()))]
}

fn used(ctx: &Context<'_>, used: &Use) -> Vec<Part> {
    if used.count == 0 {
        return vec![Part::own("none seen").dim()];
    }
    let items = used
        .clients
        .iter()
        .take(MAX_ITEMS)
        .map(|client| Item { name: ctx.log_or(client.address.as_deref(), "not logged"), suffix: String::new() });
    let clients = Part::List { lead: "  ", items: items.collect(), total: used.clients_total, paint: Paint::Plain };
    vec![
        Part::text(ctx.time(used.last.as_deref())),
        indented(format!("{}{}", text::number(used.count), " events")),
        clients,
    ]
}

fn refused(ctx: &Context<'_>, key: &Key) -> Vec<Part> {
    let refused = &key.refused;
    if refused.count == 0 {
        return vec![Part::own("never").dim()];
    }
    let after = |seconds: i64| text::duration(u64::try_from(seconds).unwrap_or(0));
    let second = match (refused.first_after_end_seconds, refused.last_after_end_seconds) {
        (Some(first), Some(last)) if first != last => format!("{}{}{}", after(first), ctx.glyphs.to, after(last)),
        (Some(first), _) => after(first),
        _ => reasons(refused),
    };
    let count = Part::Text(Shown::own(text::count(refused.count, "time", "times")), Paint::Bold);
    vec![count, indented(second), clients(ctx, refused)]
}

fn reasons(refused: &Refused) -> String {
    let mut reasons: Vec<(&String, &u64)> = refused.reasons.iter().collect();
    reasons.sort_by_key(|(name, count)| (Reverse(**count), *name));
    let names = reasons.into_iter().map(|(name, _)| name.strip_prefix("api_key_").unwrap_or(name).replace('_', " "));
    names.collect::<Vec<_>>().join(", ")
}

fn clients(ctx: &Context<'_>, refused: &Refused) -> Part {
    let mut items: Vec<Item> = refused
        .clients
        .iter()
        .take(MAX_ITEMS)
        .map(|client| {
            let sure = if client.confidence < 0.995 {
                format!(" ({:.0} %)", client.confidence * 100.0)
            } else {
                String::new()
            };
            let suffix = format!("{}{}{sure}", ctx.glyphs.times, text::number(client.count));
            Item { name: ctx.log(&client.address), suffix }
        })
        .collect();
    let mut total = refused.clients_total;
    if refused.unattributed > 0 {
        let suffix = format!("{}{}", ctx.glyphs.times, text::number(refused.unattributed));
        items.push(Item { name: Shown::own("unknown"), suffix });
        total += 1;
    }
    Part::List { lead: "  ", items, total, paint: Paint::Plain }
}

fn unnamed(ctx: &Context<'_>, screen: &mut Screen<'_>, keys: &KeysReport) -> io::Result<()> {
    if keys.unnamed.is_empty() {
        return Ok(());
    }
    ctx.title(screen, "Refusals that name no key", "")?;
    let mut grid = Grid::new(vec![
        Column::number(&["COUNT"]),
        Column::flexible(&["REASON"]),
        Column::fixed(&["FIRST", "LAST"]),
        Column::flexible(&["FROM"]),
    ]);
    for unnamed in &keys.unnamed {
        let refused = &unnamed.refused;
        grid.row(vec![
            vec![Part::number(refused.count)],
            vec![Part::text(ctx.log(&unnamed.reason))],
            vec![Part::text(ctx.time(refused.first.as_deref())), Part::text(ctx.time(refused.last.as_deref()))],
            vec![clients(ctx, refused)],
        ]);
    }
    grid.write(ctx, screen)
}
