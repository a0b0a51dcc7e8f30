//! The numbers that the script draws, as JSON within the page. Names are made visible here, so that the script has nothing
//! to do but to set them as text.

use std::io;

use chrono::DateTime;
use serde_json::{Value, json};

use super::{Page, text};
use crate::model::charts::HeatRow;
use crate::report::escape;
use crate::report::table::text::parse_time;

/// Looks for changes of the clock.
const MOST_LOOKS: i64 = 5000;

/// Findings and changes marked in the timeline.
const MOST_MARKS: usize = 300;

impl Page<'_> {
    /// The script element that holds the data.
    pub(super) fn data(&self) -> io::Result<String> {
        let report = self.report;
        let (coverage, charts, timeline) = (&report.coverage, &report.charts, &report.timeline);
        let data = json!({
            "zone": self.zone.to_string(),
            "offsets": self.offsets(),
            "first": ms(coverage.first.as_deref()),
            "last": ms(coverage.last.as_deref()),
            "timeline": {
                "width": timeline.bucket_seconds.saturating_mul(1000),
                "buckets": timeline.buckets.iter().filter_map(|bucket| {
                    let start = ms(Some(&bucket.start))?;
                    Some(json!([
                        start, bucket.authentication_failed, bucket.anonymous_access_denied, bucket.access_denied,
                    ]))
                }).collect::<Vec<_>>(),
            },
            "heat": {
                "start": ms(charts.heat.start.as_deref()),
                "width": charts.heat.bucket_seconds.saturating_mul(1000),
                "sources": rows(&charts.heat.sources),
                "principals": rows(&charts.heat.principals),
                "sources_total": report.tops.sources_total,
                "principals_total": report.tops.principals_total,
            },
            "flows": charts.realm_flows.iter().map(|flow| {
                let chain = flow.realm_chain.as_ref();
                let chain = chain.map(|realms| realms.iter().map(|realm| text::name(realm)).collect::<Vec<_>>());
                json!([chain, text::name(&flow.reason), flow.count])
            }).collect::<Vec<_>>(),
            "keys": charts.key_lives.iter().map(|key| json!({
                "id": text::name(&key.id),
                "name": key.name.as_deref().map(text::name),
                "status": text::name(&key.status),
                "created": ms(key.created_at.as_deref()),
                "expires": ms(key.expires.as_deref()),
                "invalidated": ms(key.invalidated_at.as_deref()),
                "by": key.invalidated_by.as_deref().map(text::name),
                "used": key.used,
                "used_from": ms(key.first_used.as_deref()),
                "used_to": ms(key.last_used.as_deref()),
                "refused": key.refused,
                "refused_from": ms(key.first_refused.as_deref()),
                "refused_to": ms(key.last_refused.as_deref()),
            })).collect::<Vec<_>>(),
            "findings": report.findings.iter().take(MOST_MARKS).map(|finding| json!({
                "id": text::name(&finding.id),
                "title": text::name(&finding.title),
                "severity": text::class(&finding.severity),
                "start": ms(finding.start.as_deref()),
                "end": ms(finding.end.as_deref()),
            })).collect::<Vec<_>>(),
            "findings_total": report.findings.len(),
            "changes": report.security_changes.iter().take(MOST_MARKS).map(|change| json!([
                ms(Some(&change.time)),
                text::name(&change.action),
                change.actor.as_deref().map(text::name),
            ])).collect::<Vec<_>>(),
        });
        let document = serde_json::to_string(&data).map_err(io::Error::from)?;
        Ok(format!("<script type=\"application/json\" id=\"data\">{}</script>\n", escape::json_in_script(&document)))
    }
}

impl Page<'_> {
    /// From when on clocks in the zone are how many milliseconds ahead of UTC, over the time of the report.
    fn offsets(&self) -> Vec<[i64; 2]> {
        let offset = |at: i64| {
            let time = DateTime::from_timestamp_millis(at);
            time.map_or(0, |time| i64::from(self.clock.local(time).offset().local_minus_utc()) * 1000)
        };
        let coverage = &self.report.coverage;
        let first = ms(coverage.first.as_deref()).unwrap_or(0);
        let last = ms(coverage.last.as_deref()).unwrap_or(first);
        let mut found = vec![[first, offset(first)]];
        // Clocks are set twice a year at most: a look every few days finds each time, halving tells when.
        let step = ((last - first) / MOST_LOOKS).max(7 * 86_400_000);
        let mut from = first;
        while from < last {
            let to = (from + step).min(last);
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

/// Milliseconds since 1970.
fn ms(time: Option<&str>) -> Option<i64> {
    time.and_then(parse_time).map(|time| time.timestamp_millis())
}

fn rows(rows: &[HeatRow]) -> Value {
    rows.iter().map(|row| json!([row.key.as_deref().map(text::name), row.count, row.counts])).collect()
}
