//! What happened, judged: all findings in a table, then each with its evidence, next steps and known false alarms.

use super::grid::{Grid, Kind};
use super::{Page, text};
use crate::model::{Finding, FindingTimeline};
use crate::report::table::text::{count, duration, number};

/// Bytes of explained findings, about; those beyond are in the table alone.
const ROOM: usize = 1536 << 10;

/// Bytes of their table.
const TABLE_ROOM: usize = 512 << 10;

/// Principals, addresses, nodes and keys named of a finding; the report holds at most 50 of each.
const MAX_NAMED: usize = 12;

impl Page<'_> {
    pub(super) fn findings(&self) -> String {
        let findings = &self.report.findings;
        let mut out = String::from(
            "<section id=\"findings\" aria-labelledby=\"h-findings\">\n<h2 id=\"h-findings\">Findings</h2>\n",
        );
        if findings.is_empty() && self.report.coverage.holds_nothing() {
            out.push_str("<p>None can be told: no audit and no server event was in what was read.</p>\n</section>\n");
            return out;
        }
        if findings.is_empty() {
            out.push_str("<p>None: nothing in these logs matches a known pattern.</p>\n</section>\n");
            return out;
        }
        if findings.len() > 1 {
            out.push_str(&self.overview());
        }
        let before = out.len();
        for (number_of, finding) in findings.iter().enumerate() {
            if out.len() - before > ROOM {
                out.push_str(&format!(
                    "<p class=\"cut\">The first {} of {} findings are explained here; the others are explained in the \
                     JSON report.</p>\n",
                    number(number_of as u64),
                    number(findings.len() as u64)
                ));
                break;
            }
            out.push_str(&self.finding(finding));
        }
        out.push_str("</section>\n");
        out
    }

    fn overview(&self) -> String {
        let findings = &self.report.findings;
        let columns = [
            ("Id", Kind::Text),
            ("Severity", Kind::Text),
            ("Verdict", Kind::Text),
            ("Finding", Kind::Text),
            ("Start", Kind::Time),
            ("End", Kind::Time),
            ("Failures", Kind::Number),
        ];
        let mut grid = Grid::new("t-findings", "All findings, most severe first", &columns, self.top, TABLE_ROOM);
        for finding in findings {
            let id = text::plain(&finding.id);
            let added = grid.row(&[
                format!("<a href=\"#{id}\">{id}</a>"),
                severity(&finding.severity),
                verdict(&finding.verdict),
                self.prose(&finding.title),
                self.time(finding.start.as_deref()),
                self.time(finding.end.as_deref()),
                number(finding.failures),
            ]);
            if !added {
                break;
            }
        }
        grid.finish(findings.len(), true)
    }

    fn finding(&self, finding: &Finding) -> String {
        let id = text::plain(&finding.id);
        let mut out = format!(
            "<article class=\"finding sev-{}\" id=\"{id}\" aria-labelledby=\"h-{id}\">\n\
             <p class=\"badges\">{} {} <span class=\"kind\">{}</span></p>\n<h3 id=\"h-{id}\"><span class=\"id\">{id}</span> {}</h3>\n",
            text::class(&finding.severity),
            severity(&finding.severity),
            verdict(&finding.verdict),
            text::words(&finding.kind),
            self.prose(&finding.title),
        );
        let mut facts = vec![
            self.span(finding.start.as_deref(), finding.end.as_deref()),
            count(finding.failures, "failure", "failures"),
        ];
        if finding.successes > 0 {
            facts.push(format!("<strong>{}</strong>", count(finding.successes, "success", "successes")));
        }
        if finding.confidence > 0.0 {
            facts.push(format!("confidence {:.0} %", finding.confidence * 100.0));
        }
        facts.extend(finding.attack.iter().map(|technique| format!("ATT&amp;CK {}", text::log(technique))));
        if !finding.related.is_empty() {
            let related: Vec<String> = finding
                .related
                .iter()
                .map(|id| format!("<a href=\"#{}\">{}</a>", text::plain(id), text::plain(id)))
                .collect();
            facts.push(format!("see also {}", related.join(", ")));
        }
        let facts: String = facts.iter().map(|fact| format!("<li>{fact}</li>")).collect();
        out.push_str(&format!("<ul class=\"facts\">{facts}</ul>\n"));
        if let Some(timeline) = &finding.timeline {
            out.push_str(&self.sparkline(timeline));
        }
        out.push_str(&format!(
            "<p class=\"diagnosis\">{}</p>\n<div class=\"columns\">\n",
            self.prose(&finding.diagnosis)
        ));
        if !finding.why.is_empty() {
            out.push_str(&format!("<div><h4>Why</h4>{}</div>\n", self.sentences("ul", &finding.why)));
        }
        if !finding.next_steps.is_empty() {
            out.push_str(&format!("<div><h4>Next steps</h4>{}</div>\n", self.sentences("ol", &finding.next_steps)));
        }
        out.push_str("</div>\n");
        if !finding.false_positives.is_empty() {
            out.push_str(&format!(
                "<details open><summary>A false alarm if</summary>{}</details>\n",
                self.sentences("ul", &finding.false_positives)
            ));
        }
        let places: String = finding.evidence.iter().map(|place| format!("<li>{}</li>", text::place(place))).collect();
        out.push_str(&format!(
            "<details><summary>Who, where, and the evidence ({})</summary>{}<ul class=\"evidence\">{places}</ul></details>\n</article>\n",
            count(finding.evidence.len() as u64, "line", "lines"),
            self.who(finding)
        ));
        out
    }

    fn who(&self, finding: &Finding) -> String {
        let names =
            |names: &[String], total: u64| text::some(names.iter().map(|name| text::log(name)), MAX_NAMED, total);
        let nodes = text::some(finding.nodes.iter().map(|node| self.node(node)), MAX_NAMED, finding.nodes.len() as u64);
        let parts = [
            ("Principals", names(&finding.principals, finding.principals_total)),
            ("Addresses", names(&finding.sources, finding.sources_total)),
            ("Nodes", nodes),
            ("API keys", names(&finding.api_keys, finding.api_keys.len() as u64)),
        ];
        let parts: String = parts
            .iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(name, list)| format!("<dt>{name}</dt><dd>{list}</dd>"))
            .collect();
        format!("<dl class=\"who\">{parts}</dl>")
    }

    /// The failures of a finding over time, drawn here: it needs no script.
    fn sparkline(&self, timeline: &FindingTimeline) -> String {
        let counts = &timeline.counts;
        let peak = counts.iter().copied().max().unwrap_or(0);
        if counts.len() < 3 || peak == 0 {
            return String::new();
        }
        let bars: String = counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(at, &count)| {
                // At least a trace of anything above nothing.
                let height = (count as f64 / peak as f64 * 28.0).max(1.5);
                format!("<rect x=\"{}\" y=\"{:.1}\" width=\"5\" height=\"{height:.1}\"/>", at * 6, 28.0 - height)
            })
            .collect();
        let width = counts.len() * 6;
        format!(
            "<figure class=\"spark\"><svg viewBox=\"0 0 {width} 28\" width=\"{width}\" height=\"28\" role=\"img\" \
             aria-label=\"Failures over time, at most {peak} in {step}\">{bars}</svg>\
             <figcaption>{step} a bar, peak {}</figcaption></figure>\n",
            number(peak),
            step = duration(timeline.bucket_seconds),
        )
    }
}

fn severity(severity: &str) -> String {
    format!("<span class=\"badge sev-{}\">{}</span>", text::class(severity), text::plain(severity))
}

fn verdict(verdict: &str) -> String {
    format!("<span class=\"verdict v-{}\">{}</span>", text::class(verdict), text::plain(verdict))
}
