//! The report as Markdown (GitHub's), for a ticket or a wiki: findings explained in full, the other tables cut to `--top`.
//!
//! Text from the log cannot become markup: names stand in code spans, and so does every word of a sentence that holds a
//! character with a meaning. What a code span cannot hold is made visible as for a terminal first.

use std::borrow::Cow;
use std::io;

use super::table::clock::Clock;
use super::table::text::{bytes, count, duration, number, parse_time, visible};
use super::{Renderer, View};
use crate::model::{Evidence, Finding, Report};
use crate::time::Zone;

/// `--format md`.
#[derive(Debug, Clone, Copy)]
pub struct Markdown;

impl Renderer for Markdown {
    fn name(&self) -> &'static str {
        "md"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["md", "markdown"]
    }

    fn rows(&self) -> Option<usize> {
        Some(View::DEFAULT_TOP)
    }

    fn about(&self) -> &'static str {
        "Markdown for tickets and wikis"
    }

    fn render(&self, report: &Report, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
        let clock = Clock::new(view.style.zone, None, None);
        let mut page = Page { text: String::new(), top: view.top, zone: view.style.zone, clock };
        page.head(report);
        page.findings(report);
        page.groups(report);
        page.changes(report);
        page.failing_keys(report);
        page.caveats(report);
        out.write_all(page.text.as_bytes())
    }
}

/// Longest text from the log that is shown whole, in characters.
const MAX_CHARS: usize = 300;

/// The same for sentences, which quote the log.
const MAX_PROSE: usize = 2000;

/// Items of a list within a cell.
const MAX_ITEMS: usize = 5;

struct Page {
    text: String,
    top: Option<usize>,
    zone: Zone,
    clock: Clock,
}

impl Page {
    /// A block of its own: a heading, a paragraph.
    fn block(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str("\n\n");
    }

    /// A time of the report.
    fn time(&self, time: Option<&str>) -> String {
        match time.map(parse_time) {
            Some(Some(parsed)) => self.clock.local(parsed).format("%Y-%m-%d %H:%M:%S").to_string(),
            Some(None) => code(time.unwrap_or_default()),
            None => "–".to_owned(),
        }
    }

    /// A sentence; its times are those of the zone.
    fn prose(&self, text: &str) -> String {
        sentence(&self.clock.prose(text))
    }

    /// A list, closed by an empty line.
    fn list(&mut self, marker: impl Fn(usize) -> String, items: Vec<String>) {
        for (at, item) in items.into_iter().enumerate() {
            self.text.push_str(&format!("{}{item}\n", marker(at + 1)));
        }
        self.text.push('\n');
    }

    /// A table of at most `top` rows; what is left out is said, also of rows beyond those given (`total`).
    fn table(&mut self, title: &str, columns: &[&str], rows: &[Vec<String>], total: u64) {
        if rows.is_empty() {
            return;
        }
        self.block(&format!("## {title}"));
        let shown = self.top.map_or(rows.len(), |top| top.min(rows.len()));
        // A column of numbers is set right.
        let rule: Vec<&str> = columns.iter().map(|name| if *name == "Count" { "---:" } else { "---" }).collect();
        self.text.push_str(&format!("| {} |\n| {} |\n", columns.join(" | "), rule.join(" | ")));
        for row in &rows[..shown] {
            self.text.push_str(&format!("| {} |\n", row.join(" | ")));
        }
        self.text.push('\n');
        let total = total.max(rows.len() as u64);
        if (shown as u64) < total {
            self.block(&format!("{} of {} rows.", number(shown as u64), number(total)));
        }
    }

    fn head(&mut self, report: &Report) {
        let coverage = &report.coverage;
        self.block("# Elasticsearch audit report");
        let size = coverage.inputs.iter().map(|input| input.bytes).sum();
        let span = match (coverage.first.as_deref(), coverage.last.as_deref()) {
            (Some(first), Some(last)) => {
                let seconds = parse_time(first).zip(parse_time(last)).map(|(first, last)| (last - first).num_seconds());
                let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0);
                format!(
                    ", {} to {} {} ({})",
                    self.time(Some(first)),
                    self.time(Some(last)),
                    self.zone,
                    duration(seconds)
                )
            }
            _ => String::new(),
        };
        self.block(&format!(
            "Read: {}, {}, {}{span}. Written by {} {}.",
            count(coverage.inputs.len() as u64, "file", "files"),
            bytes(size),
            count(coverage.audit_events, "audit event", "audit events"),
            self.prose(&report.tool.name),
            self.prose(&report.tool.version),
        ));
        let unread = coverage.inputs.iter().filter(|input| input.error.is_some() || input.truncated);
        let unread: Vec<String> = unread
            .map(|input| {
                format!("{}: {}", code(&input.path), self.prose(input.error.as_deref().unwrap_or("ends in the middle")))
            })
            .collect();
        if !unread.is_empty() {
            self.block("**Not read whole:**");
            self.list(|_| "- ".to_owned(), unread);
        }
        if let Some(filters) = &report.filters {
            self.block(&format!(
                "**Filters are in force**; they left out {}, {}.",
                count(filters.attempts_left_out, "failed attempt", "failed attempts"),
                count(filters.changes_left_out, "security change", "security changes"),
            ));
            let words: Vec<String> = filters.in_force.iter().map(|words| self.prose(words)).collect();
            self.list(|_| "- ".to_owned(), words);
        }
        let totals = &report.totals;
        self.block(&format!(
            "**{}** by {} from {}; {}.",
            count(totals.failed_attempts, "failed attempt", "failed attempts"),
            count(totals.principals, "principal", "principals"),
            count(totals.sources, "address", "addresses"),
            count(totals.api_key_invalidations, "API key invalidation", "API key invalidations"),
        ));
    }

    fn findings(&mut self, report: &Report) {
        self.block("## Findings");
        if report.coverage.holds_nothing() {
            self.block("None can be told: no audit and no server event was in what was read.");
        } else if report.findings.is_empty() {
            self.block("None: nothing in these logs matches a known pattern.");
        }
        for finding in &report.findings {
            self.finding(finding);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        self.block(&format!("### {} {}", self.prose(&finding.id), self.prose(&finding.title)));
        let mut facts = vec![
            format!("**{}**", self.prose(&finding.severity)),
            self.prose(&finding.verdict),
            code(&finding.kind),
            format!("confidence {:.0} %", finding.confidence * 100.0),
            format!("{} to {}", self.time(finding.start.as_deref()), self.time(finding.end.as_deref())),
            count(finding.failures, "failure", "failures"),
        ];
        if finding.successes > 0 {
            facts.push(count(finding.successes, "success", "successes"));
        }
        facts.extend(finding.attack.iter().map(|technique| self.prose(technique)));
        if !finding.related.is_empty() {
            let related: Vec<String> = finding.related.iter().map(|id| self.prose(id)).collect();
            facts.push(format!("see also {}", related.join(", ")));
        }
        self.block(&facts.join(" · "));
        self.block(&self.prose(&finding.diagnosis));
        let items = |sentences: &[Cow<'_, str>]| sentences.iter().map(|sentence| self.prose(sentence)).collect();
        let lists: [(&str, Vec<String>, bool); 3] = [
            ("Why", finding.why.iter().map(|sentence| self.prose(sentence)).collect(), false),
            ("Next steps", items(&finding.next_steps), true),
            ("A false alarm if", items(&finding.false_positives), false),
        ];
        for (title, items, numbered) in lists {
            if !items.is_empty() {
                self.block(&format!("**{title}**"));
                let marker = |at: usize| if numbered { format!("{at}. ") } else { "- ".to_owned() };
                self.list(marker, items);
            }
        }
        if !finding.evidence.is_empty() {
            self.block("**Evidence**");
            let items = finding.evidence.iter().map(place).collect();
            self.list(|_| "- ".to_owned(), items);
        }
    }

    fn groups(&mut self, report: &Report) {
        let by = report.groups.keys();
        let mut columns = vec!["Count", "Principal", "Realm chain", "Reason"];
        columns.extend(by.iter().map(|key| match key.as_str() {
            "source" => "Source",
            "node" => "Node",
            "action" => "Action",
            _ => "Path",
        }));
        columns.extend(["Sources", "First", "Last"]);
        let row = |group: crate::model::Group| {
            let mut cells = vec![
                number(group.count),
                cell(group.principal.as_deref(), "none"),
                chain(group.realm_chain.as_deref()),
                format!("{} ({})", cell(Some(&group.reason), ""), cell(Some(&group.reason_basis), "")),
            ];
            cells.extend(by.iter().map(|key| cell(group.by.get(key).and_then(Option::as_deref), "not logged")));
            let sources =
                group.sources.iter().map(|source| format!("{} ×{}", table_code(&source.address), number(source.count)));
            cells.push(some(sources, group.sources_total));
            cells.extend([self.time(group.first.as_deref()), self.time(group.last.as_deref())]);
            cells
        };
        let rows: Vec<Vec<String>> = report.groups.iter().map(row).collect();
        self.table("Failures", &columns, &rows, report.groups_total);
    }

    fn changes(&mut self, report: &Report) {
        let row = |change: &crate::model::SecurityChange| {
            vec![
                self.time(Some(&change.time)),
                cell(Some(&change.action), ""),
                cell(change.actor.as_deref(), "no event tells"),
                cell(change.source.as_deref(), "not logged"),
                cell(change.target.as_deref(), "not named"),
            ]
        };
        let rows: Vec<Vec<String>> = report.security_changes.iter().map(row).collect();
        self.table("Security changes", &["Time", "Action", "Actor", "From", "Target"], &rows, 0);
    }

    fn failing_keys(&mut self, report: &Report) {
        let row = |key: &crate::model::FailingKey| {
            let clients = key.clients.iter().map(|client| {
                format!(
                    "{} ×{} ({:.0} % sure)",
                    table_code(&client.address),
                    number(client.count),
                    client.confidence * 100.0
                )
            });
            vec![
                number(key.count),
                cell(key.id.as_deref(), "not named"),
                cell(key.name.as_deref(), "unknown"),
                cell(Some(&key.reason), ""),
                self.time(key.invalidated_at.as_deref()),
                some(clients, key.clients_total),
            ]
        };
        let rows: Vec<Vec<String>> = report.api_keys.failing.iter().map(row).collect();
        self.table("Refused API keys", &["Count", "Key", "Name", "Reason", "Invalidated", "Clients"], &rows, 0);
    }

    fn caveats(&mut self, report: &Report) {
        let coverage = &report.coverage;
        if !coverage.cannot_tell.is_empty() {
            self.block("## What these logs cannot tell");
            let items = coverage.cannot_tell.iter().map(|sentence| self.prose(sentence)).collect();
            self.list(|_| "- ".to_owned(), items);
        }
        if !coverage.problems.is_empty() {
            self.block(&format!("## Problems ({})", number(coverage.problems_total)));
            let problem = |problem: &crate::model::Problem| {
                let line = problem.line.map_or_else(String::new, |line| format!(":{line}"));
                format!("{}{line}: {}", code(&problem.path), self.prose(&problem.message))
            };
            let items = coverage.problems.iter().map(problem).collect();
            self.list(|_| "- ".to_owned(), items);
        }
        // One line end closes the file.
        self.text.truncate(self.text.trim_end().len());
        self.text.push('\n');
    }
}

fn place(place: &Evidence) -> String {
    code(&format!("{}:{}", place.path, place.line))
}

fn chain(realms: Option<&[String]>) -> String {
    match realms {
        None => "not logged".to_owned(),
        Some([]) => "none asked".to_owned(),
        Some(realms) => realms.iter().map(|realm| table_code(realm)).collect::<Vec<_>>().join(" → "),
    }
}

/// The first items of a list, and how many are left.
fn some(items: impl Iterator<Item = String>, total: u64) -> String {
    let mut shown: Vec<String> = items.take(MAX_ITEMS).collect();
    let more = total.saturating_sub(shown.len() as u64);
    if more > 0 {
        shown.push(format!("+{} more", number(more)));
    }
    shown.join(", ")
}

/// Text from the log in a cell, or own words where there is none.
fn cell(text: Option<&str>, absent: &str) -> String {
    text.map_or_else(|| absent.to_owned(), table_code)
}

/// In tables a bar ends a cell even within code.
fn table_code(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// Text from the log as code.
fn code(text: &str) -> String {
    let shown = visible(text, MAX_CHARS);
    if shown.trim().is_empty() {
        return if shown.is_empty() { "(empty)".to_owned() } else { "(blank)".to_owned() };
    }
    fenced(&shown)
}

/// A code span of text that is made visible already: a fence longer than any run of backticks within, and room where the
/// text itself begins or ends with one.
fn fenced(shown: &str) -> String {
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let room = if shown.starts_with(['`', ' ']) || shown.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{room}{shown}{room}{fence}")
}

/// A sentence, which may quote the log.
fn sentence(text: &str) -> String {
    let mut words = Vec::new();
    for word in visible(text, MAX_PROSE).split(' ').filter(|word| !word.is_empty()) {
        let means = |c: char| "\\`*_[]<>&|~#$@{}".contains(c);
        let lower = word.to_ascii_lowercase();
        let links = lower.contains("://") || lower.contains("www.") || lower.contains("mailto:");
        // At the begin of a line these make lists, headings and rules.
        let begins = words.is_empty()
            && (word.starts_with(['-', '+', '=', ':'])
                || word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with(['.', ')']));
        words.push(if word.contains(means) || links || begins { code_word(word) } else { word.to_owned() });
    }
    words.join(" ")
}

/// A word that is already made visible; its punctuation stays outside.
fn code_word(word: &str) -> String {
    let head = word.len() - word.trim_start_matches(['(', '"']).len();
    let bare = word[head..].trim_end_matches([',', '.', ';', ':', ')', '"']);
    if bare.is_empty() {
        return fenced(word);
    }
    format!("{}{}{}", &word[..head], fenced(bare), &word[head + bare.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_the_log_is_no_markup() {
        for (written, shown) in [
            ("elastic", "`elastic`"),
            ("a`b", "``a`b``"),
            ("`a", "`` `a ``"),
            ("", "(empty)"),
            ("  ", "(blank)"),
            ("a\nb", "`a\\x0ab`"),
        ] {
            assert_eq!(code(written), shown, "{written:?}");
        }
        assert_eq!(table_code("a|b"), "`a\\|b`");
        for (written, shown) in [
            ("Block 10.1.2.3 now.", "Block 10.1.2.3 now."),
            ("Disable <b>, then", "Disable `<b>`, then"),
            ("(a_b)", "(`a_b`)"),
            ("see http://evil.example.", "see `http://evil.example`."),
            ("@all and #1", "`@all` and `#1`"),
            ("- no list", "`-` no list"),
            ("1. no list", "`1`. no list"),
            ("[a](b) ![c](d)", "`[a](b`) `![c](d`)"),
        ] {
            assert_eq!(sentence(written), shown, "{written:?}");
        }
    }
}
