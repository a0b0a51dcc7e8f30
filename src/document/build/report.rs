//! The report.

use std::io;

use super::{addresses, aside, changes, charts, coverage, failures, findings, period, sigma, summary, tool};
use crate::data::{ecs, json, lines, navigator, ocsf, stix};
use crate::document::results::{Form, Results};
use crate::document::summary::Summary;
use crate::document::{Block, Document, Figure, Media};
use crate::model::Report;
use crate::model::text::Text;

impl Results for Report {
    fn document(&self) -> Document<'_> {
        let coverage = &self.coverage;
        let mut head = coverage::head(coverage, self.filters.as_ref());
        if let Some(Block::Facts(facts)) = head.first_mut() {
            facts.extend(aside::facts(self));
        }
        head.extend(headline(self));
        let mut sections = Vec::new();
        sections.extend(findings::section(self));
        sections.extend(failures::sections(self));
        sections.extend(addresses::section(self));
        sections.extend(sigma::section(self));
        sections.extend(aside::sections(self));
        sections.extend(changes::sections(self));
        sections.extend(charts::sections(self));
        sections.extend(coverage::caveats(coverage));
        sections.push(coverage::details(coverage, &self.parameters));
        Document {
            title: "Elasticsearch audit report",
            about: "Elasticsearch security audit logs",
            tool: tool(&self.tool),
            period: period(coverage.first.as_deref(), coverage.last.as_deref()),
            main: "failures",
            head,
            sections,
        }
    }

    fn summary(&self) -> Option<Summary> {
        Some(summary::summary(self))
    }

    fn data(&self, form: Form, out: &mut dyn io::Write) -> io::Result<()> {
        match form {
            Form::Lines => lines::write(self, out),
            Form::EcsBulk => ecs::findings(self, out),
            Form::Navigator => navigator::write(self, out),
            Form::Stix => stix::write(self, out),
            Form::Ocsf => ocsf::findings(self, out),
            _ => json::write(self, out),
        }
    }
}

/// Who failed, in number; keys and requests without credentials name nobody.
fn by(principals: u64) -> Text {
    match principals {
        0 => " without a principal".into(),
        some => Text::from(" by ").with(Text::count(some, "principal", "principals")),
    }
}

fn headline<'a>(report: &Report) -> Vec<Block<'a>> {
    let totals = &report.totals;
    if report.coverage.audit_events == 0 {
        let nothing = Text::from("There is no audit event in what was read.");
        return vec![Block::Prose(nothing, crate::document::Tone::Warn)];
    }
    let (head, mut tail) = if totals.failed_attempts == 0 {
        let where_it_is = if report.filters.is_some() { " in what the filters leave" } else { "" };
        (Text::from("No failed authentication"), Text::from(where_it_is))
    } else {
        (
            Text::count(totals.failed_attempts, "failed attempt", "failed attempts"),
            by(totals.principals).with(" from ").with(Text::count(totals.sources, "address", "addresses")),
        )
    };
    if totals.api_key_invalidations > 0 {
        let keys = Text::count(totals.api_key_invalidations, "API key invalidation", "API key invalidations");
        tail.push(Text::from("; ").with(keys));
    }
    let severe = report.findings.iter().filter(|finding| matches!(finding.severity.as_str(), "critical" | "high"));
    let figures = [
        (report.findings.len() as u64, "finding", "findings", "findings"),
        (severe.count() as u64, "critical or high", "critical or high", "findings"),
        (totals.failed_attempts, "failed attempt", "failed attempts", "timeline"),
        (totals.principals, "principal", "principals", "heat"),
        (totals.sources, "address", "addresses", "heat"),
        (totals.api_key_invalidations, "key invalidation", "key invalidations", "invalidations"),
    ];
    let figure = |(amount, one, many, to)| Figure { amount, name: if amount == 1 { one } else { many }, to };
    let (verdict, tone) = summary::verdict(report);
    vec![
        Block::Prose(verdict, tone),
        Block::Headline(head, tail).on(Media::SCREEN.and(Media::FILE)),
        Block::Figures(figures.into_iter().map(figure).collect()),
    ]
}
