//! `esaudit keys`: the refused first, then those that expire soon, then by last use.

use std::cmp::Reverse;
use std::io;

use super::changes::{client, clients, why};
use super::{coverage, period, places, time, tool, word};
use crate::data::json;
use crate::document::clock::parse;
use crate::document::results::{Form, Results};
use crate::document::{Block, Cell, Column, Document, ListedName, Media, NameList, Section, Table, Tone};
use crate::model::keys::{Key, KeysReport, Refused, Unnamed, Use};
use crate::model::text::{Span, Text};

impl Results for KeysReport {
    fn document(&self) -> Document<'_> {
        let coverage = &self.coverage;
        let mut head = coverage::head(coverage, self.filters.as_ref());
        head.push(headline(self));
        let mut sorted: Vec<&Key> = self.keys.iter().collect();
        sorted.sort_by_key(|key| order(self, key));
        let empty = if self.totals.keys == 0 { "None in these logs." } else { "None of them is as asked for." };
        let mut sections = vec![Section::new("keys", "API keys", "API keys").with(table(self, sorted).or(empty))];
        if !self.unnamed.is_empty() {
            let section = Section::new("unnamed", "Unnamed", "Refusals that name no key");
            sections.push(section.with(unnamed(&self.unnamed)));
        }
        sections.extend(coverage::caveats(coverage));
        sections.push(coverage::details(coverage, &self.parameters));
        Document {
            title: "Elasticsearch API keys",
            about: "Elasticsearch API keys",
            tool: tool(&self.tool),
            period: period(coverage.first.as_deref(), coverage.last.as_deref()),
            main: "keys",
            head,
            sections,
        }
    }

    fn data(&self, _: Form, out: &mut dyn io::Write) -> io::Result<()> {
        json::write(self, out)
    }
}

/// Most important first. Times are RFC 3339, which sorts as text.
fn order<'k>(keys: &KeysReport, key: &'k Key) -> impl Ord + use<'k> {
    let expiring = key.status == "active" && key.expires.is_some() && key.expires > keys.as_of;
    let expires = if expiring { key.expires.as_deref() } else { None };
    (Reverse(key.refused.count), !expiring, expires, Reverse(key.used.last.as_deref()), key.id.as_str())
}

fn headline<'a>(keys: &KeysReport) -> Block<'a> {
    let totals = &keys.totals;
    let states = [
        (totals.active, "active"),
        (totals.invalidated, "invalidated"),
        (totals.expired, "expired"),
        (totals.unknown, "known from refusals alone"),
    ];
    let states = states.into_iter().filter(|(amount, _)| *amount > 0);
    let states = super::joined(states.map(|(amount, what)| Text::from(amount).with(" ").with(what)), ", ");
    let mut tail = if states.is_empty() { Text::new() } else { Text::from(": ").with(states) };
    let shown = keys.keys.len() as u64;
    if shown < totals.keys {
        tail.push(Text::from("; ").with(shown).with(" shown"));
    }
    if totals.refused > 0 {
        tail.push(Text::from("; ").with(totals.refused).with(" refused"));
    }
    if let (Some(as_of), true) = (keys.as_of.as_deref(), totals.keys > 0) {
        tail.push(Text::from("; as of ").with(super::moment(as_of)));
    }
    Block::Headline(Text::count(totals.keys, "API key", "API keys"), tail)
}

fn table<'a>(report: &'a KeysReport, keys: Vec<&'a Key>) -> Table<'a> {
    const DATA: Media = Media::DATA;
    let columns = vec![
        Column::text("name", "Key"),
        Column::text("id", "Id").below("name", "  id"),
        Column::text("owner", "Owner").below("name", "  owner"),
        Column::text("state", "State"),
        Column::text("since", "Since").below("state", "  since"),
        Column::text("ended_by", "By whom").below("state", "  by whom"),
        Column::time("created", "Created"),
        Column::time("expires", "Expires").below("created", "EXPIRES"),
        Column::text("created_by", "By").below("created", "  by"),
        Column::time("last_use", "Last use"),
        Column::text("events", "Events").below("last_use", "  events"),
        Column::text("used_from", "Used from").below("last_use", "  from"),
        Column::text("refused", "Refused"),
        Column::text("after_end", "After its end").below("refused", "  after end"),
        Column::text("refused_from", "Refused from").below("refused", "  from"),
        Column::text("evidence", "Evidence").on(DATA),
    ];
    let len = keys.len() as u64;
    let rows = move || -> Box<dyn Iterator<Item = crate::document::Row> + 'a> {
        Box::new(keys.clone().into_iter().map(|key| crate::document::Row::Cells(row(report, key))))
    };
    Table::lazy("keys", columns, len, rows).stacked()
}

fn row(report: &KeysReport, key: &Key) -> Vec<Cell> {
    let name = match &key.name {
        Some(name) => Cell::Text(Span::key(name).into(), Tone::Bold),
        None => Cell::Absent("name unknown"),
    };
    let [state, since, ended_by] = state(report, key);
    let expires = match key.expires.as_deref() {
        Some(at) => time(Some(at)),
        None if key.expiration_known => Cell::Text("never expires".into(), Tone::Note),
        None => Cell::Absent("not known"),
    };
    let [last_use, events, used_from] = used(&key.used);
    let [refused, after_end, refused_from] = refused(&key.refused);
    vec![
        name,
        Cell::of(Span::key(&key.id)),
        Cell::logged(Span::principal, key.owner.as_deref(), ""),
        state,
        since,
        ended_by,
        key.created_at.as_deref().map_or(Cell::Absent("not logged"), |at| time(Some(at))),
        expires,
        Cell::logged(Span::principal, key.created_by.as_ref().and_then(|by| by.name.as_deref()), ""),
        last_use,
        events,
        used_from,
        refused,
        after_end,
        refused_from,
        places(&key.refused.evidence),
    ]
}

/// State, since when, and by whom; of an active one how long it has left.
fn state(report: &KeysReport, key: &Key) -> [Cell; 3] {
    let tone = match key.status.as_str() {
        "invalidated" | "expired" if key.refused.count > 0 => Tone::Bad,
        "unknown" if key.refused.count > 0 => Tone::Warn,
        _ => Tone::Plain,
    };
    let since = |at: Option<&str>| at.map_or(Cell::Absent("time unknown"), |at| time(Some(at)));
    let (since, by) = match key.status.as_str() {
        "invalidated" => {
            let by = key.invalidated_by.as_ref().and_then(|by| by.name.as_deref());
            let by = by.map_or_else(|| Text::from("no event tells"), |by| Span::principal(by).into());
            let by = match key.invalidated_how.as_deref() {
                Some(how @ ("name" | "owner" | "realm")) => by.with(" (").with(word(how)).with(")"),
                _ => by,
            };
            (since(key.invalidated_at.as_deref()), Cell::of(by))
        }
        "expired" => (since(key.expires.as_deref()), Cell::NONE),
        "active" => {
            let ends = report.as_of.as_deref().and_then(parse).zip(key.expires.as_deref().and_then(parse));
            let left = ends.map(|(now, end)| end.0.saturating_sub(now.0)).filter(|left| *left >= 0);
            // Whole seconds are all that counts.
            let left = left.map(|left| Text::from(Span::Duration(left / 1000 * 1000)).with(" left"));
            (left.map_or(Cell::NONE, Cell::of), Cell::NONE)
        }
        _ => (Cell::NONE, Cell::NONE),
    };
    [Cell::Text(word(&key.status).into(), tone), since, by]
}

fn used(used: &Use) -> [Cell; 3] {
    if used.count == 0 {
        return [Cell::Absent("none seen"), Cell::NONE, Cell::NONE];
    }
    let absent = || Span::Plain("not logged".into());
    let items =
        used.clients.iter().map(|from| ListedName::new(from.address.as_deref().map_or_else(absent, Span::address)));
    let from = NameList { items: items.collect(), total: used.clients_total };
    [time(used.last.as_deref()), Cell::of(Text::count(used.count, "event", "events")), Cell::Names(from)]
}

fn refused(refused: &Refused) -> [Cell; 3] {
    if refused.count == 0 {
        return [Cell::Absent("never"), Cell::NONE, Cell::NONE];
    }
    let after = |seconds: i64| Text::from(Span::Duration(seconds.max(0).saturating_mul(1000)));
    let second = match (refused.first_after_end_seconds, refused.last_after_end_seconds) {
        (Some(first), Some(last)) if first != last => after(first).with(" to ").with(after(last)),
        (Some(first), _) => after(first),
        _ => reasons(refused),
    };
    let count = Cell::Text(Text::count(refused.count, "time", "times"), Tone::Bold);
    [count, Cell::of(second), from(refused)]
}

fn reasons(refused: &Refused) -> Text {
    let mut reasons: Vec<(&String, &u64)> = refused.reasons.iter().collect();
    reasons.sort_by_key(|(name, count)| (Reverse(**count), *name));
    let short = |name: &str| name.strip_prefix("api_key_").unwrap_or(name).replace('_', " ");
    super::joined(reasons.into_iter().map(|(name, _)| word(&short(name)).into()), ", ")
}

fn from(refused: &Refused) -> Cell {
    let list = refused.clients.iter().map(|from| client(&from.address, from.count, from.confidence));
    clients(list, refused.clients_total, refused.unattributed)
}

fn unnamed(list: &[Unnamed]) -> Table<'_> {
    let columns = vec![
        Column::number("count", "Count"),
        Column::text("reason", "Reason"),
        Column::time("first", "First"),
        Column::time("last", "Last").below("first", "LAST"),
        Column::text("from", "From"),
    ];
    let row = |unnamed: &Unnamed| {
        let refused = &unnamed.refused;
        vec![
            Cell::number(refused.count),
            why(&unnamed.reason),
            time(refused.first.as_deref()),
            time(refused.last.as_deref()),
            from(refused),
        ]
    };
    Table::of("unnamed", columns, list, row).stacked()
}
