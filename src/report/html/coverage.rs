//! What the logs cannot tell, what was read, what went wrong while reading, and with which options.

use super::grid::{Grid, Kind};
use super::{Page, text};
use crate::model::Node;
use crate::report::escape;
use crate::report::table::text::{bytes, count, number, visible};

/// Bytes of each table.
const ROOM: usize = 256 << 10;

/// Gaps of a node that are listed.
const MAX_GAPS: usize = 5;

/// Characters shown of a parameter.
const MAX_PARAMETER: usize = 600;

impl Page<'_> {
    pub(super) fn coverage(&self) -> String {
        let coverage = &self.report.coverage;
        let mut out = String::from(
            "<section id=\"coverage\" aria-labelledby=\"h-coverage\">\n<h2 id=\"h-coverage\">Coverage</h2>\n",
        );
        out.push_str("<h3>What these logs cannot tell</h3>\n");
        if coverage.cannot_tell.is_empty() {
            out.push_str("<p>Nothing that the report asks is left open by the settings of the nodes.</p>\n");
        } else {
            out.push_str(&self.sentences("ul", &coverage.cannot_tell));
        }
        out.push_str("<h3>What was read</h3>\n");
        out.push_str(&self.counts());
        out.push_str(&self.nodes());
        out.push_str(&self.inputs());
        out.push_str(&self.problems());
        out.push_str(&self.parameters());
        out.push_str("</section>\n");
        out
    }

    fn counts(&self) -> String {
        let coverage = &self.report.coverage;
        let counts = [
            (coverage.lines, "line", "lines"),
            (coverage.audit_events, "audit event", "audit events"),
            (coverage.server_events, "server event", "server events"),
            (coverage.other_lines, "other line", "other lines"),
            (coverage.duplicates, "duplicate left out", "duplicates left out"),
            (coverage.undecodable_lines, "undecodable line", "undecodable lines"),
            (coverage.oversized_lines, "oversized line", "oversized lines"),
        ];
        let counts: Vec<String> = counts
            .iter()
            .filter(|(amount, ..)| *amount > 0)
            .map(|(amount, one, many)| count(*amount, one, many))
            .collect();
        let actions: Vec<String> = coverage
            .actions
            .iter()
            .map(|(action, count)| format!("{} {}", text::log(action), number(*count)))
            .collect();
        let actions = text::some(actions.into_iter(), 100, coverage.actions.len() as u64);
        format!("<p>{}.</p>\n<p class=\"words\">Events: {actions}</p>\n", counts.join(", "))
    }

    fn nodes(&self) -> String {
        let nodes = &self.report.coverage.nodes;
        if nodes.is_empty() {
            return String::new();
        }
        let columns = [
            ("Node", Kind::Text),
            ("Id", Kind::Text),
            ("Audit events", Kind::Number),
            ("First", Kind::Time),
            ("Last", Kind::Time),
            ("Realm failures logged", Kind::Text),
            ("Successes logged", Kind::Text),
            ("Server log read", Kind::Text),
            ("Silent", Kind::Text),
        ];
        let mut grid = Grid::new("t-nodes", "Nodes", &columns, self.top, ROOM);
        for node in nodes {
            if !grid.row(&self.node_row(node)) {
                break;
            }
        }
        grid.finish(nodes.len(), false)
    }

    fn node_row(&self, node: &Node) -> Vec<String> {
        let yes = |met: bool| if met { "yes" } else { "no" }.to_owned();
        let shown = |met: Option<bool>| met.map_or_else(|| "unknown".to_owned(), yes);
        let gaps = node.gaps.iter().map(|gap| self.span(Some(&gap.start), Some(&gap.end)));
        vec![
            text::log_or(node.name.as_deref(), "not told"),
            text::log_or(node.id.as_deref(), "not told"),
            number(node.audit_events),
            self.time(node.first.as_deref()),
            self.time(node.last.as_deref()),
            shown(node.logs_realm_failures),
            shown(node.logs_successes),
            yes(node.has_server_log),
            text::some(gaps, MAX_GAPS, node.gaps.len() as u64),
        ]
    }

    fn inputs(&self) -> String {
        let inputs = &self.report.coverage.inputs;
        let columns = [
            ("File", Kind::Text),
            ("Format", Kind::Text),
            ("Compression", Kind::Text),
            ("Size", Kind::Number),
            ("Lines", Kind::Number),
            ("Audit events", Kind::Number),
            ("First", Kind::Time),
            ("Last", Kind::Time),
            ("Trouble", Kind::Text),
        ];
        let mut grid = Grid::new("t-inputs", "Files", &columns, self.top, ROOM);
        for input in inputs {
            let trouble = match (&input.error, input.truncated) {
                (Some(error), _) => self.prose(error),
                (None, true) => "ends in the middle".to_owned(),
                (None, false) => String::new(),
            };
            let added = grid.row(&[
                text::path(&input.path),
                text::plain(&input.format),
                text::plain(&input.compression),
                format!("<data value=\"{}\">{}</data>", input.bytes, bytes(input.bytes)),
                number(input.lines),
                number(input.audit_events),
                self.time(input.first.as_deref()),
                self.time(input.last.as_deref()),
                trouble,
            ]);
            if !added {
                break;
            }
        }
        grid.finish(inputs.len(), false)
    }

    fn problems(&self) -> String {
        let coverage = &self.report.coverage;
        if coverage.problems.is_empty() {
            return String::new();
        }
        let columns = [("File", Kind::Text), ("Line", Kind::Number), ("Kind", Kind::Text), ("What", Kind::Text)];
        let mut grid = Grid::new("t-problems", "Problems while reading", &columns, self.top, ROOM);
        for problem in &coverage.problems {
            let added = grid.row(&[
                text::path(&problem.path),
                problem.line.map(number).unwrap_or_default(),
                text::words(&problem.kind),
                self.prose(&problem.message),
            ]);
            if !added {
                break;
            }
        }
        let total = usize::try_from(coverage.problems_total).unwrap_or(usize::MAX);
        format!("<h3 id=\"problems\">Problems</h3>\n{}", grid.finish(total, false))
    }

    fn parameters(&self) -> String {
        let entries: String = self
            .report
            .parameters
            .iter()
            .map(|(name, value)| {
                let value = escape::html(&visible(&value.to_string(), MAX_PARAMETER));
                format!("<dt>{}</dt><dd><code>{value}</code></dd>", text::words(name))
            })
            .collect();
        format!(
            "<details><summary>Options that can change the answer</summary><dl class=\"parameters\">{entries}</dl></details>\n"
        )
    }

    pub(super) fn foot(&self) -> String {
        let tool = &self.report.tool;
        format!(
            "</main>\n<svg id=\"svg\" aria-hidden=\"true\" width=\"0\" height=\"0\"></svg>\n<footer class=\"wide\"><p>Written by {} {}, offline. This page loads nothing and sends nothing.</p></footer>\n",
            text::plain(&tool.name),
            text::plain(&tool.version)
        )
    }
}
