//! `esaudit impact`: what an actor reached, did and left behind.

use std::io;

use super::{addresses, amounts, coverage, deeds, moment, node, period, place, places, time, tool, word};
use crate::data::json;
use crate::document::chart::{Chart, ChartSeries};
use crate::document::clock::parse;
use crate::document::results::{Form, Results};
use crate::document::{Block, Cell, Column, Document, Fact, List, ListedName, Media, NameList, Section, Table, Tone};
use crate::model::Coverage;
use crate::model::impact::{Background, DeniedAccess, ImpactReport, Persistence, PowerfulDeed, Reached, VolumeBucket};
use crate::model::text::{Logged, Span, Text};
use crate::words;

/// Powerful actions shown unless the user says otherwise: one by one they are what is asked for.
const DEEDS: usize = 50;

impl Results for ImpactReport {
    fn document(&self) -> Document<'_> {
        let coverage = &self.coverage;
        let mut head = coverage::head(coverage, None);
        if let Some(Block::Facts(facts)) = head.first_mut() {
            facts.extend(self::facts(self));
        }
        head.push(headline(self));
        let mut sections = vec![
            powerful(self),
            Section::new("reached", "Reached", "What was reached").remark("most sensitive first").with(reached(self)),
            persistence(self),
        ];
        sections.extend(denied(self));
        sections.extend(volume(self));
        sections.extend(background(self));
        let unknown = List::bullets("", self.cannot_tell.iter().map(|told| told.clone().into()).collect());
        let section = Section::new("unknown", "Unknown", "What cannot be told of it").on(Media::PEOPLE);
        sections.push(section.with(unknown));
        sections.extend(coverage::caveats(coverage));
        sections.push(coverage::details(coverage, &self.parameters));
        Document {
            title: "What was done after a break-in in Elasticsearch",
            about: "what one actor did once it was in",
            tool: tool(&self.tool),
            period: period(coverage.first.as_deref(), coverage.last.as_deref()),
            main: "reached",
            head,
            sections,
        }
    }

    fn data(&self, _: Form, out: &mut dyn io::Write) -> io::Result<()> {
        json::write(self, out)
    }
}

/// Names that the head spells out.
const NAMED: usize = 5;

fn facts(impact: &ImpactReport) -> Vec<Fact> {
    let actor = &impact.actor;
    let list = |span: fn(&str) -> Span, names: &[String]| {
        Text::list(names.iter().map(|name| span(name)), names.len() as u64, NAMED)
    };
    let mut who = Text::new();
    if let Some(finding) = &actor.finding {
        who.push(Text::from("of ").with(Span::finding(finding)).with(": "));
    }
    who.push(if actor.principals.is_empty() { "nobody".into() } else { list(Span::principal, &actor.principals) });
    if !actor.api_keys.is_empty() {
        let keys = if actor.api_keys.len() == 1 { ", API key " } else { ", API keys " };
        who.push(Text::from(keys).with(list(Span::key, &actor.api_keys)));
    }
    if !actor.sources.is_empty() {
        who.push(Text::from(", from ").with(list(Span::address, &actor.sources)));
    }
    let mut facts = vec![Fact::new("Actor", who)];
    let Some(entered) = &impact.entered else {
        let none = Text::from(match impact.coverage.left_out.as_slice() {
            [] => "nothing of this actor is in what was read".to_owned(),
            cut => {
                format!("nothing of this actor is in what was kept, but limits left something out: {}", cut.join("; "))
            }
        });
        facts.push(Fact::new("Entered", none).tone(Tone::Warn));
        return facts;
    };
    let mut when = Text::from(moment(entered));
    if let Some(data) = &impact.first_data {
        let after = parse(data).zip(parse(entered)).map_or(0, |(data, entered)| data.0.saturating_sub(entered.0));
        let first = if after == 0 { Text::from("at once") } else { Text::from(Span::Duration(after)).with(" later") };
        when.push(Text::from("; first documents ").with(first));
    }
    facts.push(Fact::new("Entered", when));
    if let Some(last) = &impact.last_seen {
        let seen = Text::from(moment(last));
        let (told, tone) = if impact.active_at_end {
            // Of what comes after `--until` nothing was asked.
            let cut = impact.actor.until < impact.coverage.last;
            let told = if cut {
                ": it goes on until the time ends that was asked for"
            } else {
                ": it goes on until the log ends"
            };
            (seen.with(told), Tone::Warn)
        } else {
            (seen, Tone::Plain)
        };
        facts.push(Fact::new("Last seen", told).tone(tone));
    }
    facts
}

fn headline<'a>(impact: &ImpactReport) -> Block<'a> {
    let mut indices: Vec<&str> = impact.reached.iter().filter_map(|row| row.index.as_deref()).collect();
    indices.sort_unstable();
    indices.dedup();
    let head = Text::count(impact.volume.requests, "request", "requests");
    let tail = amounts(&[
        (indices.len() as u64, "index", "indices"),
        (impact.powerful.len() as u64, "powerful action", "powerful actions"),
        (impact.persistence.len() as u64, "thing that lasts", "things that last"),
        (impact.denied.iter().map(|row| row.count).sum(), "refused request", "refused requests"),
    ]);
    let tail = if tail.is_empty() { tail } else { Text::from(": ").with(tail) };
    Block::Headline(head, tail)
}

fn powerful(impact: &ImpactReport) -> Section<'_> {
    const OTHERS: Media = Media::DATA;
    let columns = vec![
        Column::time("time", "Time"),
        Column::text("what", "What").on(Media::PEOPLE),
        Column::text("action", "Action").below("what", "  action"),
        Column::text("class", "Class").on(OTHERS),
        Column::text("target", "Target").on(OTHERS),
        Column::text("indices", "Indices").below("what", "  indices"),
        Column::text("undo", "Undone by").below("what", "  undone by"),
        Column::text("principal", "Who"),
        Column::text("run_as", "As").below("principal", "  as"),
        Column::text("api_key", "API key").below("principal", "  key"),
        Column::text("source", "From").below("principal", "  from"),
        Column::text("node", "Node").below("principal", "  on"),
        Column::text("granted", "Allowed").on(OTHERS),
        Column::text("evidence", "Evidence").on(Media::PAGE.and(Media::DATA)),
    ];
    let coverage = &impact.coverage;
    let table = Table::of("powerful", columns, &impact.powerful, move |deed| self::deed(coverage, deed));
    let table = table.stacked().timed().least(DEEDS).or("None.");
    Section::new("powerful", "Powerful", "Powerful actions").remark("one by one").with(table)
}

fn deed(coverage: &Coverage, deed: &PowerfulDeed) -> Vec<Cell> {
    let mut what = Text::from(if deed.granted { "" } else { "was refused: " });
    what.push(deeds::spoken(&deed.action, &deed.class));
    if let Some(target) = &deed.target {
        what.push(Text::from(": ").with(Span::name(target)));
    }
    let indices = deed.indices.iter().map(|index| ListedName::new(Span::name(index))).collect();
    vec![
        Cell::of(moment(&deed.time)),
        Cell::Text(what, if deed.granted { Tone::Bad } else { Tone::Warn }),
        Cell::of(Span::name(&deed.action)),
        Cell::of(word(&deed.class)),
        Cell::logged(Span::name, deed.target.as_deref(), ""),
        Cell::Names(NameList { items: indices, total: deed.indices_total }),
        Cell::logged(Span::name, deed.undo.as_deref(), ""),
        Cell::logged(Span::principal, deed.principal.as_deref(), "(none)"),
        Cell::logged(Span::principal, deed.run_as.as_deref(), ""),
        Cell::logged(Span::key, deed.api_key.as_deref(), ""),
        Cell::logged(Span::address, deed.source.as_deref(), "not logged"),
        deed.node.as_deref().map_or(Cell::NONE, |key| Cell::of(node(coverage, key))),
        Cell::of(if deed.granted { "yes" } else { "no" }),
        Cell::of(place(&deed.evidence)),
    ]
}

/// How sensitive an index is, by its name: restricted ones, those of the system, others.
fn sensitive(row: &Reached) -> u8 {
    match &row.index {
        _ if row.restricted => 0,
        Some(index) if index.starts_with('.') && !index.starts_with(".ds-") => 1,
        _ => 2,
    }
}

fn reached(impact: &ImpactReport) -> Table<'_> {
    let columns = vec![
        Column::text("index", "Index"),
        Column::text("class", "Class"),
        Column::number("count", "Requests"),
        Column::number("events", "Events"),
        Column::text("new", "New"),
        Column::time("first", "First"),
        Column::time("last", "Last").below("first", "LAST"),
        Column::text("actions", "Actions").on(Media::PAGE.and(Media::DATA)),
        Column::text("evidence", "Evidence").on(Media::PAGE.and(Media::DATA)),
    ];
    let mut rows: Vec<&Reached> = impact.reached.iter().collect();
    rows.sort_by_key(|row| sensitive(row));
    let cells = rows.into_iter().map(reached_row).collect();
    let table = Table::new("reached", columns, cells).timed();
    table.caption("New: the actor had not touched the index before").or("Nothing.")
}

fn reached_row(row: &Reached) -> Vec<Cell> {
    let tone = if sensitive(row) == 0 { Tone::Bad } else { Tone::Plain };
    let actions = row.actions.iter().map(|(action, count)| ListedName::new(Span::name(action)).times(*count)).collect();
    vec![
        Cell::logged(Span::name, row.index.as_deref(), "(names none)").tone(tone),
        Cell::of(word(&row.class)),
        Cell::number(row.count),
        Cell::number(row.events),
        match row.new {
            Some(true) => Cell::Text("new".into(), Tone::Warn),
            Some(false) => Cell::Absent("known"),
            None => Cell::Absent("-"),
        },
        Cell::of(moment(&row.first)),
        Cell::of(moment(&row.last)),
        Cell::Names(NameList { items: actions, total: row.actions.len() as u64 }),
        places(&row.evidence),
    ]
}

fn persistence(impact: &ImpactReport) -> Section<'_> {
    let columns = vec![
        Column::time("made_at", "Made"),
        Column::text("kind", "What"),
        Column::text("name", "Name"),
        Column::text("id", "Id").below("name", "  id"),
        Column::text("action", "By action").below("kind", "  by"),
        Column::text("made_by", "Who").below("made_at", ""),
        Column::number("uses", "Uses"),
        Column::text("use_sources", "Used from"),
        Column::text("used_by", "As").below("use_sources", "  as"),
        Column::time("first_use", "First use"),
        Column::time("last_use", "Last use").below("first_use", "LAST"),
        Column::time("ended_at", "Ended").below("first_use", "ENDED"),
        Column::text("evidence", "Evidence").on(Media::PAGE.and(Media::DATA)),
    ];
    let table = Table::of("persistence", columns, &impact.persistence, made).timed().or("Nothing.");
    let section = Section::new("persistence", "Lasting", "What was made or changed and lasts");
    section.remark("and every use of it since, by requests").with(table)
}

fn made(thing: &Persistence) -> Vec<Cell> {
    let ended = thing.ended_at.as_deref();
    let users =
        thing.used_by.iter().map(|user| ListedName::new(Span::principal(&user.principal)).times(user.count)).collect();
    let used = thing.uses.is_some_and(|uses| uses > 0);
    vec![
        Cell::of(moment(&thing.made_at)),
        Cell::of(word(&thing.kind.replace('_', " "))).tone(Tone::Bold),
        Cell::logged(Span::name, thing.name.as_deref(), "not logged"),
        Cell::logged(Span::key, thing.id.as_deref(), ""),
        Cell::of(Span::name(&thing.action)),
        Cell::logged(Span::principal, thing.made_by.as_deref(), ""),
        thing.uses.map_or(Cell::Absent("unknown"), Cell::number).tone(if used { Tone::Bad } else { Tone::Plain }),
        Cell::Names(addresses(&thing.use_sources, thing.use_sources.len() as u64)),
        Cell::Names(NameList { items: users, total: thing.used_by.len() as u64 }),
        thing.first_use.as_deref().map_or(Cell::NONE, |first| Cell::of(moment(first))),
        thing.last_use.as_deref().map_or(Cell::NONE, |last| Cell::of(moment(last))),
        ended.map_or(Cell::NONE, |ended| Cell::of(moment(ended))),
        Cell::of(place(&thing.evidence)),
    ]
}

fn denied(impact: &ImpactReport) -> Option<Section<'_>> {
    let columns = vec![
        Column::number("count", "Requests"),
        Column::text("index", "Index"),
        Column::text("action", "Action"),
        Column::time("first", "First"),
        Column::time("last", "Last").below("first", "LAST"),
        Column::text("evidence", "Evidence").on(Media::PAGE.and(Media::DATA)),
    ];
    let row = |row: &DeniedAccess| {
        vec![
            Cell::number(row.count),
            Cell::logged(Span::name, row.index.as_deref(), "(names none)"),
            Cell::logged(Span::name, row.action.as_deref(), "not logged"),
            Cell::of(moment(&row.first)),
            Cell::of(moment(&row.last)),
            places(&row.evidence),
        ]
    };
    let section = Section::new("denied", "Refused", "What it was refused").remark("a privilege was missing (403)");
    let table = Table::of("denied", columns, &impact.denied, row).timed();
    (!impact.denied.is_empty()).then(|| section.with(table))
}

fn volume(impact: &ImpactReport) -> Option<Section<'_>> {
    let volume = &impact.volume;
    if volume.buckets.is_empty() {
        return None;
    }
    let series = ChartSeries {
        bucket_seconds: volume.bucket_seconds,
        covers: period(impact.actor.from.as_deref(), impact.actor.until.as_deref()),
        names: vec!["requests"],
        marked: "powerful actions",
        buckets: volume.buckets.iter().filter_map(|bucket| Some((parse(&bucket.start)?, vec![bucket.count]))).collect(),
        marks: impact
            .powerful
            .iter()
            .take(300)
            .filter_map(|deed| {
                let who = deed.principal.as_deref().map(Logged::new);
                Some((parse(&deed.time)?, Logged::new(&deed.action), who))
            })
            .collect(),
        ..ChartSeries::default()
    };
    let step = words::seconds(volume.bucket_seconds);
    let columns = vec![Column::time("start", "Start"), Column::number("count", "Requests")];
    let row = |bucket: &VolumeBucket| vec![time(Some(&bucket.start)), Cell::number(bucket.count)];
    let caption = format!("Requests that began in each {step}; stretches without any are left out");
    let table = Table::of("volume", columns, &volume.buckets, row).caption(caption).timed();
    let title = Text::from("The numbers of this chart");
    let numbers = Block::Fold { title, open: false, blocks: vec![table.into()] }.on(Media::PAGE.and(Media::DATA));
    let most = volume.buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0);
    let mut told = Text::count(volume.requests, "request", "requests").with(", at most ").with(most).with(" in ");
    told.push(step);
    told.push(match &volume.before {
        Some(before) => Text::from("; before, since ")
            .with(moment(&before.since))
            .with(", ")
            .with(Text::count(before.events, "allowed action", "allowed actions"))
            .with(" of the same accounts and keys, at most ")
            .with(before.most_in_an_hour)
            .with(" in an hour"),
        None => Text::from("; what it did before is not in these logs"),
    });
    let section = Section::new("volume", "Volume", "How much, over time");
    Some(
        section.with(Block::Prose(told.with("."), Tone::Plain)).with(Block::Chart(Chart::Series(series))).with(numbers),
    )
}

fn background(impact: &ImpactReport) -> Option<Section<'_>> {
    let columns = vec![
        Column::number("count", "Requests"),
        Column::text("principal", "Under the name"),
        Column::text("action", "Action"),
        Column::text("index", "Index").below("action", "  index"),
        Column::time("first", "First"),
        Column::time("last", "Last").below("first", "LAST"),
        Column::text("evidence", "Evidence").on(Media::PAGE.and(Media::DATA)),
    ];
    let row = |row: &Background| {
        vec![
            Cell::number(row.count),
            Cell::logged(Span::principal, row.principal.as_deref(), "(none)"),
            Cell::of(Span::name(&row.action)),
            Cell::logged(Span::name, row.index.as_deref(), ""),
            Cell::of(moment(&row.first)),
            Cell::of(moment(&row.last)),
            places(&row.evidence),
        ]
    };
    let section = Section::new("background", "Background", "What nodes did under these names");
    let remark = "policies, transforms and watches act with the privileges of who last put them";
    let table = Table::of("background", columns, &impact.background, row).timed();
    (!impact.background.is_empty()).then(|| section.remark(remark).with(table))
}
