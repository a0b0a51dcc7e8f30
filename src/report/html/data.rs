//! The numbers that the script draws, as JSON within the page. Names are made visible here, so that the script has nothing
//! to do but to set them as text.

use std::io;

use serde_json::{Value, json};

use super::{Page, text};
use crate::report::charts::HeatRow;
use crate::report::escape;
use crate::report::table::text::parse_time;

/// Findings and changes marked in the timeline.
const MOST_MARKS: usize = 300;

impl Page<'_> {
    /// The script element that holds the data.
    pub(super) fn data(&self) -> io::Result<String> {
        let report = self.report;
        let (coverage, charts, timeline) = (&report.coverage, &report.charts, &report.timeline);
        let data = json!({
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

/// Milliseconds since 1970.
fn ms(time: Option<&str>) -> Option<i64> {
    time.and_then(parse_time).map(|time| time.timestamp_millis())
}

fn rows(rows: &[HeatRow]) -> Value {
    rows.iter().map(|row| json!([row.key.as_deref().map(text::name), row.count, row.counts])).collect()
}
