//! What happened when: the charts of the report, each with its numbers in a table.

use super::{chain, moment, period, time, word};
use crate::document::chart::{Chart, ChartSeries, HeatChart, Mark};
use crate::document::clock::parse;
use crate::document::{Block, Cell, Column, Media, Section, Table};
use crate::model::charts::KeyLife;
use crate::model::text::{Logged, Span, Text};
use crate::model::{Report, TimelineBucket};
use crate::words;

/// A series of the timeline: its name and its value in a bucket.
type CountedSeries = (&'static str, fn(&TimelineBucket) -> u64);

const SERIES: [CountedSeries; 4] = [
    ("authentication_failed", |bucket| bucket.authentication_failed),
    ("anonymous_access_denied", |bucket| bucket.anonymous_access_denied),
    ("access_denied", |bucket| bucket.access_denied),
    ("tampered_request", |bucket| bucket.tampered_request),
];

/// Findings and changes marked in the timeline.
const MOST_MARKS: usize = 300;

pub(super) fn sections(report: &Report) -> Vec<Section<'_>> {
    [timeline(report), heat(report), flows(report), lives(report)].into_iter().flatten().collect()
}

/// The numbers of a chart, folded away.
fn numbers<'a>(table: Table<'a>) -> Block<'a> {
    let title = Text::from("The numbers of this chart");
    Block::Fold { title, open: true, blocks: vec![table.into()] }.on(Media::PAGE.and(Media::DATA))
}

fn timeline(report: &Report) -> Option<Section<'_>> {
    let timeline = &report.timeline;
    if timeline.buckets.is_empty() {
        return None;
    }
    let series = ChartSeries {
        bucket_seconds: timeline.bucket_seconds,
        covers: period(report.coverage.first.as_deref(), report.coverage.last.as_deref()),
        names: SERIES.iter().map(|(name, _)| *name).collect(),
        buckets: timeline
            .buckets
            .iter()
            .filter_map(|bucket| Some((parse(&bucket.start)?, SERIES.iter().map(|(_, value)| value(bucket)).collect())))
            .collect(),
        spans: report.findings.iter().take(MOST_MARKS).map(mark).collect(),
        spans_total: report.findings.len(),
        marked: "security changes",
        marks: report
            .security_changes
            .iter()
            .take(MOST_MARKS)
            .filter_map(|change| {
                let who = change.actor.as_deref().map(Logged::new);
                Some((parse(&change.time)?, Logged::new(&change.action), who))
            })
            .collect(),
    };
    let step = words::seconds(timeline.bucket_seconds);
    let columns = vec![
        Column::time("start", "Start"),
        Column::number("authentication_failed", "Authentication failed"),
        Column::number("anonymous_access_denied", "Anonymous access denied"),
        Column::number("access_denied", "Access denied"),
        Column::number("tampered_request", "Tampered request"),
    ];
    let row = |bucket: &TimelineBucket| {
        let numbers = SERIES.iter().map(|(_, value)| Cell::number(value(bucket)));
        std::iter::once(time(Some(&bucket.start))).chain(numbers).collect()
    };
    let caption = format!("Events in each {step}; stretches without any are left out");
    let table = Table::of("timeline", columns, &timeline.buckets, row).caption(caption).timed();
    let section = Section::new("timeline", "Timeline", "Over time").remark(peaks(report, &step));
    Some(section.with(Block::Chart(Chart::Series(series))).with(numbers(table)))
}

fn mark(finding: &crate::model::Finding) -> Mark {
    Mark {
        id: Logged::new(&finding.id),
        title: finding.title.clone(),
        severity: Logged::new(&finding.severity),
        from: finding.start.as_deref().and_then(parse),
        to: finding.end.as_deref().and_then(parse),
    }
}

/// The chart in words.
fn peaks(report: &Report, step: &str) -> Text {
    let buckets = &report.timeline.buckets;
    let told = SERIES.iter().filter_map(|(name, value)| {
        let total = buckets.iter().fold(0, |total: u64, bucket| total.saturating_add(value(bucket)));
        // The first of equal peaks.
        let peak = buckets.iter().rev().max_by_key(|bucket| value(bucket)).filter(|_| total > 0)?;
        let most = Text::from(*name).with(": ").with(total).with(", at most ").with(value(peak));
        Some(most.with(format!(" in {step} from ")).with(moment(&peak.start)))
    });
    super::joined(told, "; ").with(".")
}

fn heat(report: &Report) -> Option<Section<'_>> {
    let heat = &report.charts.heat;
    let words = format!(
        "Failed attempts by client address or by principal over time, {} a cell; the stronger the colour, the more. Choose a \
         name to find it in the table of failures.",
        words::seconds(heat.bucket_seconds)
    );
    let chart = Chart::Heat(HeatChart {
        start: heat.start.as_deref().and_then(parse),
        bucket_seconds: heat.bucket_seconds,
        sources: &heat.sources,
        sources_total: report.tops.sources_total,
        principals: &heat.principals,
        principals_total: report.tops.principals_total,
    });
    let section = Section::new("heat", "Who when", "Who failed when").remark(words).on(Media::PAGE);
    (!heat.sources.is_empty()).then(|| section.with(Block::Chart(chart)))
}

fn flows(report: &Report) -> Option<Section<'_>> {
    let charts = &report.charts;
    let columns = vec![
        Column::number("attempts", "Attempts"),
        Column::text("realm_chain", "Realms asked, in order"),
        Column::text("reason", "Ended as"),
    ];
    let table = Table::of("realm_chains", columns, &charts.realm_flows, |flow| {
        vec![Cell::number(flow.count), chain(flow.realm_chain.as_deref()), Cell::of(word(&flow.reason))]
    })
    .caption("Realm chains and how they ended")
    .of_total(charts.realm_flows_total);
    let words = "Each failed attempt from the realm asked first, left, to the reason of its failure, right. The width is the \
                 number of attempts.";
    let section = Section::new("realms", "Realms", "Which realms said no").remark(words);
    let section = section.on(Media::PAGE.and(Media::DATA)).with(Block::Chart(Chart::Flow(&charts.realm_flows)));
    (!charts.realm_flows.is_empty()).then(|| section.with(numbers(table)))
}

fn lives(report: &Report) -> Option<Section<'_>> {
    let charts = &report.charts;
    let columns = vec![
        Column::text("id", "Key"),
        Column::text("name", "Name"),
        Column::text("owner", "Owner"),
        Column::text("status", "Status"),
        Column::time("created", "Created"),
        Column::number("used", "Used"),
        Column::time("last_used", "Last used"),
        Column::time("ended", "Ended"),
        Column::text("by", "By"),
        Column::number("refused", "Refused"),
        Column::time("last_refused", "Last refused"),
    ];
    let table = Table::of("keys", columns, &charts.key_lives, life)
        .caption("API keys: the refused first, then the ended, then the most used")
        .of_total(charts.key_lives_total);
    let refused = charts.key_lives.iter().filter(|key| key.refused > 0).count() as u64;
    let words = Text::from("Use of each key as a bar, its end as a mark, refusals after it in red. ")
        .with(Text::count(charts.key_lives_total, "key was", "keys were"))
        .with(" met, ")
        .with(if refused > 0 { Text::from(refused) } else { "none".into() })
        .with(" of those shown refused. ")
        .with(Span::Code("esaudit keys".into()))
        .with(" tells more.");
    let section = Section::new("keys", "API keys", "API keys").remark(words).on(Media::PAGE.and(Media::DATA));
    let chart = Block::Chart(Chart::Lives(&charts.key_lives));
    (!charts.key_lives.is_empty()).then(|| section.with(chart).with(numbers(table)))
}

fn life(key: &KeyLife) -> Vec<Cell> {
    let ended = key.invalidated_at.as_deref().or(key.expires.as_deref().filter(|_| key.status == "expired"));
    vec![
        Cell::of(Span::key(&key.id)),
        Cell::logged(Span::key, key.name.as_deref(), "unknown"),
        Cell::logged(Span::principal, key.owner.as_deref(), "unknown"),
        Cell::of(word(&key.status)),
        time(key.created_at.as_deref()),
        Cell::number(key.used),
        time(key.last_used.as_deref()),
        time(ended),
        Cell::logged(Span::principal, key.invalidated_by.as_deref(), "-"),
        Cell::number(key.refused),
        time(key.last_refused.as_deref()),
    ]
}
