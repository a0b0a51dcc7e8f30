//! The numbers that the script draws, as JSON within the page. Names are made visible here, so that the script has nothing
//! to do but to set them as text.

use std::io;

use serde_json::{Value, json};

use super::HtmlPage;
use super::markup::{Markup, class, visible};
use crate::document::Block;
use crate::document::chart::{Chart, ChartSeries, HeatChart};
use crate::document::clock::parse;
use crate::model::charts::{Flow, HeatRow, KeyLife};
use crate::time::Millis;

/// Looks for changes of the clock.
const MOST_LOOKS: i64 = 5000;

impl HtmlPage<'_, '_> {
    /// The script element that holds the data.
    pub(super) fn data(&self, out: &mut Markup) -> io::Result<()> {
        let mut data = json!({
            "zone": self.clock.zone().to_string(),
            "offsets": self.offsets(),
            "first": self.document.period.map(|(first, _)| first.0),
            "last": self.document.period.map(|(_, last)| last.0),
            "timeline": {"width": 60_000, "buckets": []},
            "heat": {"start": null, "width": 60_000, "sources": [], "principals": [], "sources_total": 0, "principals_total": 0},
            "flows": [],
            "keys": [],
            "findings": [],
            "findings_total": 0,
            "changes": [],
        });
        for section in self.sections() {
            for block in &section.blocks {
                if let Block::Chart(chart) = block {
                    put(&mut data, chart);
                }
            }
        }
        let document = serde_json::to_string(&data).map_err(io::Error::from)?;
        out.own("<script type=\"application/json\" id=\"data\">").json(&document).own("</script>\n");
        Ok(())
    }

    /// From when on clocks in the zone are how many milliseconds ahead of UTC, over the time of the document.
    fn offsets(&self) -> Vec<[i64; 2]> {
        let offset =
            |at: i64| self.clock.local(Millis(at)).map_or(0, |time| i64::from(time.offset().local_minus_utc()) * 1000);
        let (first, last) = self.document.period.map_or((0, 0), |(first, last)| (first.0, last.0));
        let mut found = vec![[first, offset(first)]];
        // Clocks are set twice a year at most: a look every few days finds each time, halving tells when.
        let step = (last.saturating_sub(first) / MOST_LOOKS).max(7 * 86_400_000);
        let mut from = first;
        while from < last {
            let to = from.saturating_add(step).min(last);
            if offset(from) != offset(to) {
                let (mut before, mut after) = (from, to);
                while after - before > 1000 {
                    let middle = before.midpoint(after);
                    if offset(middle) == offset(to) { after = middle } else { before = middle }
                }
                // Clocks are set on the minute.
                found.push([(after + 30_000).div_euclid(60_000) * 60_000, offset(to)]);
            }
            from = to;
        }
        found
    }
}

fn put(data: &mut Value, chart: &Chart<'_>) {
    match chart {
        Chart::Series(series) => timeline(data, series),
        Chart::Heat(chart) => data["heat"] = heat(chart),
        Chart::Flow(list) => data["flows"] = list.iter().map(flow).collect(),
        Chart::Lives(list) => data["keys"] = list.iter().map(life).collect(),
    }
}

fn timeline(data: &mut Value, series: &ChartSeries) {
    let bucket = |(start, counts): &(Millis, Vec<u64>)| {
        Value::from_iter(std::iter::once(json!(start.0)).chain(counts.iter().map(|count| json!(count))))
    };
    data["timeline"] = json!({
        "width": series.bucket_seconds.saturating_mul(1000),
        "names": series.names.iter().map(|name| name.replace('_', " ")).collect::<Vec<_>>(),
        "marked": series.marked,
        "buckets": series.buckets.iter().map(bucket).collect::<Vec<_>>(),
    });
    let spans = series.spans.iter().map(|mark| {
        json!({
            "id": visible(mark.id.raw()),
            "title": visible(&mark.title.plain()),
            "severity": class(mark.severity.raw()),
            "start": mark.from.map(|at| at.0),
            "end": mark.to.map(|at| at.0),
        })
    });
    data["findings"] = spans.collect();
    data["findings_total"] = json!(series.spans_total);
    let marks = series.marks.iter();
    data["changes"] = marks
        .map(|(at, what, who)| json!([at.0, visible(what.raw()), who.as_ref().map(|who| visible(who.raw()))]))
        .collect();
}

fn heat(heat: &HeatChart<'_>) -> Value {
    json!({
        "start": heat.start.map(|at| at.0),
        "width": heat.bucket_seconds.saturating_mul(1000),
        "sources": rows(heat.sources),
        "principals": rows(heat.principals),
        "sources_total": heat.sources_total,
        "principals_total": heat.principals_total,
    })
}

fn rows(rows: &[HeatRow]) -> Value {
    rows.iter().map(|row| json!([row.key.as_deref().map(visible), row.count, row.counts])).collect()
}

fn flow(flow: &Flow) -> Value {
    let chain = flow.realm_chain.as_ref();
    let chain = chain.map(|realms| realms.iter().map(|realm| visible(realm)).collect::<Vec<_>>());
    json!([chain, visible(&flow.reason), flow.count])
}

/// Milliseconds since 1970.
fn ms(time: Option<&str>) -> Option<i64> {
    time.and_then(parse).map(|time| time.0)
}

fn life(key: &KeyLife) -> Value {
    json!({
        "id": visible(&key.id),
        "name": key.name.as_deref().map(visible),
        "status": visible(&key.status),
        "created": ms(key.created_at.as_deref()),
        "expires": ms(key.expires.as_deref()),
        "invalidated": ms(key.invalidated_at.as_deref()),
        "by": key.invalidated_by.as_deref().map(visible),
        "used": key.used,
        "used_from": ms(key.first_used.as_deref()),
        "used_to": ms(key.last_used.as_deref()),
        "refused": key.refused,
        "refused_from": ms(key.first_refused.as_deref()),
        "refused_to": ms(key.last_refused.as_deref()),
    })
}
