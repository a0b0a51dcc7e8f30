//! Title, the headline numbers, what was read, and what the reader must know before believing any number.

use super::{Page, text};
use crate::report::escape;
use crate::report::table::text::{bytes, count, duration, number, parse_time};

/// Inputs that could not be read whole, named at the top.
const MAX_NAMED: usize = 5;

/// Nodes named at the top.
const MAX_NODES: usize = 12;

impl Page<'_> {
    /// Title of the document.
    pub(super) fn title(&self) -> String {
        let first = self.report.coverage.first.as_deref().and_then(parse_time).map(|first| self.clock.local(first));
        let day = first.map(|first| format!(" {}", first.format("%Y-%m-%d"))).unwrap_or_default();
        format!("Elasticsearch audit report{day}")
    }

    pub(super) fn summary(&self) -> String {
        let mut out = String::from("<a class=\"skip\" href=\"#main\">Skip to the report</a>\n");
        out.push_str(&self.banner());
        out.push_str("<main id=\"main\" tabindex=\"-1\">\n");
        out.push_str(&self.filters());
        out.push_str(&self.unread());
        out.push_str(&self.figures());
        out
    }

    fn banner(&self) -> String {
        let report = self.report;
        let coverage = &report.coverage;
        let links = [
            ("findings", "Findings", true),
            ("timeline", "Timeline", !report.timeline.buckets.is_empty()),
            ("heat", "Who when", !report.charts.heat.sources.is_empty()),
            ("realms", "Realms", !report.charts.realm_flows.is_empty()),
            ("keys", "API keys", !report.charts.key_lives.is_empty()),
            ("failures", "Failures", !report.groups.is_empty()),
            ("changes", "Changes", !report.security_changes.is_empty()),
            ("coverage", "Coverage", true),
        ];
        let links: String = links
            .iter()
            .filter(|(.., there)| *there)
            .map(|(id, name, _)| format!("<li><a href=\"#{id}\">{name}</a></li>"))
            .collect();
        let size = coverage.inputs.iter().map(|input| input.bytes).sum();
        let mut nodes: Vec<String> = coverage
            .nodes
            .iter()
            .take(MAX_NODES)
            .map(|node| text::log_or(node.name.as_deref().or(node.id.as_deref()), "unnamed"))
            .collect();
        if coverage.nodes.len() > MAX_NODES {
            nodes.push(format!("{} more", number((coverage.nodes.len() - MAX_NODES) as u64)));
        }
        let nodes = if nodes.is_empty() { "none named".to_owned() } else { nodes.join(", ") };
        format!(
            "<header class=\"banner\">\n<div class=\"wide\">\n<div class=\"titles\"><h1>Elasticsearch audit report</h1>\n\
             <p class=\"when\">{}</p></div>\n<div class=\"tools\" id=\"tools\"></div>\n\
             <dl class=\"read\"><div><dt>Read</dt><dd>{}, {}, {}</dd></div><div><dt>Nodes</dt><dd>{nodes}</dd></div></dl>\n\
             </div>\n</header>\n<nav aria-label=\"Sections\"><ul class=\"wide\">{links}</ul></nav>\n",
            self.whole_span(),
            count(coverage.inputs.len() as u64, "file", "files"),
            bytes(size),
            count(coverage.audit_events, "audit event", "audit events"),
        )
    }

    /// The time that the logs cover, in full.
    fn whole_span(&self) -> String {
        let coverage = &self.report.coverage;
        let (Some(first), Some(last)) = (coverage.first.as_deref(), coverage.last.as_deref()) else {
            return "No event with a time".to_owned();
        };
        match (parse_time(first), parse_time(last)) {
            (Some(start), Some(end)) => {
                let form = "%Y-%m-%d %H:%M:%S";
                let seconds = u64::try_from((end - start).num_seconds()).unwrap_or(0);
                let (start, end) = (self.clock.local(start), self.clock.local(end));
                let end =
                    if start.date_naive() == end.date_naive() { end.format("%H:%M:%S") } else { end.format(form) };
                let zone = escape::html(&self.zone.to_string());
                format!("{} – {end} {zone} ({}); all times are {zone}", start.format(form), duration(seconds))
            }
            _ => format!("{} – {}", text::log(first), text::log(last)),
        }
    }

    /// Which filters are in force, and how much they left out.
    fn filters(&self) -> String {
        let Some(filters) = &self.report.filters else { return String::new() };
        let left_out: Vec<String> = [
            (filters.attempts_left_out, "failed attempt", "failed attempts"),
            (filters.changes_left_out, "security change", "security changes"),
            (filters.key_refusals_left_out, "refusal of an API key", "refusals of API keys"),
            (filters.denials_left_out, "refused action", "refused actions"),
        ]
        .into_iter()
        .filter(|(amount, ..)| *amount > 0)
        .map(|(amount, one, many)| count(amount, one, many))
        .collect();
        let left_out = if left_out.is_empty() { "nothing".to_owned() } else { left_out.join(", ") };
        format!(
            "<div class=\"warning\" role=\"note\"><p><strong>Filters are in force</strong> and left out {left_out}.</p>{}</div>\n",
            self.sentences("ul", &filters.in_force)
        )
    }

    fn unread(&self) -> String {
        let coverage = &self.report.coverage;
        let incomplete: Vec<_> =
            coverage.inputs.iter().filter(|input| input.error.is_some() || input.truncated).collect();
        let mut items: Vec<String> = incomplete
            .iter()
            .take(MAX_NAMED)
            .map(|input| {
                let why = input.error.as_deref().unwrap_or("ends in the middle");
                format!("<li>{}: {}</li>", text::path(&input.path), self.prose(why))
            })
            .collect();
        if incomplete.len() > MAX_NAMED {
            items.push(format!("<li>{} more</li>", number((incomplete.len() - MAX_NAMED) as u64)));
        }
        let mut out = String::new();
        if !items.is_empty() {
            out.push_str(&format!(
                "<div class=\"warning\" role=\"note\"><p><strong>Not read whole:</strong></p><ul>{}</ul></div>\n",
                items.concat()
            ));
        }
        if let Some(counted) = &coverage.counted_only {
            out.push_str(&format!(
                "<p class=\"warning\">Memory was short: {} stand in the totals and the timeline, and in nothing else. See \
                 <a href=\"#coverage\">Coverage</a>.</p>\n",
                count(counted.attempts, "failed attempt", "failed attempts")
            ));
        }
        if coverage.audit_events == 0 {
            out.push_str("<p class=\"warning\">There is no audit event in what was read.</p>\n");
        } else if coverage.problems_total > 0 {
            out.push_str(&format!(
                "<p class=\"warning\">{} while reading: see <a href=\"#problems\">Problems</a>.</p>\n",
                count(coverage.problems_total, "problem", "problems")
            ));
        }
        out
    }

    fn figures(&self) -> String {
        let report = self.report;
        let totals = &report.totals;
        let severe = report.findings.iter().filter(|finding| matches!(finding.severity.as_str(), "critical" | "high"));
        let figures = [
            (report.findings.len() as u64, "finding", "findings", "#findings"),
            (severe.count() as u64, "critical or high", "critical or high", "#findings"),
            (totals.failed_attempts, "failed attempt", "failed attempts", "#timeline"),
            (totals.principals, "principal", "principals", "#heat"),
            (totals.sources, "address", "addresses", "#heat"),
            (totals.api_key_invalidations, "key invalidation", "key invalidations", "#changes"),
        ];
        let items: String = figures
            .iter()
            .map(|(amount, one, many, to)| {
                let name = if *amount == 1 { one } else { many };
                format!("<li><a href=\"{to}\"><b>{}</b> <span>{}</span></a></li>", number(*amount), escape::html(name))
            })
            .collect();
        format!("<ul class=\"figures\" aria-label=\"In numbers\">{items}</ul>\n")
    }
}
