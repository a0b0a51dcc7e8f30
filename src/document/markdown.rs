//! Documents as Markdown (GitHub's), for a ticket or a wiki.
//!
//! Text from the log cannot become markup: it stands in code spans, and so does every word of a sentence that holds a character
//! with a meaning. What a code span cannot hold is made visible as for a terminal first.

use std::io;

use super::chart::level;
use super::clock::DisplayClock;
use super::view::View;
use super::{
    Block, Card, Cell, Chart, ColumnKind, Document, Fact, List, ListKind, ListedName, Media, Row, Section, Table,
};
use crate::escape;
use crate::model::call::ApiCall;
use crate::model::text::{Span, Text};
use crate::words::{self, number};

/// Longest text from the log that is shown whole, in characters.
const MAX_CHARS: usize = 300;

/// The same for sentences, which may quote the log.
const MAX_PROSE: usize = 2000;

/// Items of a list within a cell.
const MAX_ITEMS: usize = 5;

/// Writes a document.
///
/// # Errors
/// Only those of `out`.
pub fn write(document: &Document<'_>, view: &View<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let clock = DisplayClock::new(view.style.zone, None);
    let mut page = MarkdownPage { text: String::new(), view, clock };
    page.block(&format!("# {}", document.title));
    document.head.iter().for_each(|block| page.piece(block));
    let [name, version] = &document.tool;
    page.block(&format!("Written by {} {}.", sentence(name.raw(), false), sentence(version.raw(), false)));
    for section in document.sections.iter().filter(|section| section.media.has(Media::FILE)) {
        page.section(section);
    }
    // One line end closes the file.
    page.text.truncate(page.text.trim_end().len());
    page.text.push('\n');
    out.write_all(page.text.as_bytes())
}

struct MarkdownPage<'p> {
    text: String,
    view: &'p View<'p>,
    clock: DisplayClock,
}

impl MarkdownPage<'_> {
    /// A block of its own: a heading, a paragraph.
    fn block(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str("\n\n");
    }

    fn section(&mut self, section: &Section<'_>) {
        let before = self.text.len();
        self.block(&format!("## {}", self.prose(&section.title)));
        if !section.remark.is_empty() {
            self.block(&self.prose(&section.remark));
        }
        let begun = self.text.len();
        section.blocks.iter().for_each(|block| self.piece(block));
        if self.text.len() == begun {
            self.text.truncate(before);
        }
    }

    fn piece(&mut self, block: &Block<'_>) {
        match block {
            Block::Facts(facts) => self.facts(facts),
            Block::Headline(head, tail) => self.block(&format!("{}.", self.headline(head, tail))),
            Block::Prose(text, _) if text.is_empty() => {}
            Block::Prose(text, _) => self.block(&self.prose(text)),
            Block::List(list) => self.list(list),
            Block::Table(table) => self.table(table),
            Block::Beside(tables) => tables.iter().for_each(|table| self.table(table)),
            Block::Cards(cards) => (cards.cards)().for_each(|card| self.card(&card)),
            Block::Chart(Chart::Series(series)) => {
                for (at, name) in series.names.iter().enumerate() {
                    let counts = series.buckets.iter().map(|(_, counts)| counts.get(at).copied().unwrap_or(0));
                    let total = counts.fold(0, u64::saturating_add);
                    if total > 0 {
                        self.text.push_str(&format!("- {} {}\n", fenced(name), number(total)));
                    }
                }
                self.text.push('\n');
            }
            Block::Spark(spark) if spark.counts.len() > 2 && spark.peak() > 0 => {
                const BARS: &[char] = &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
                let bars: String = spark.counts.iter().map(|count| level(*count, spark.peak(), BARS)).collect();
                let step = words::seconds(spark.bucket_seconds);
                self.block(&format!("{} {step} a step, peak {}", fenced(bars.trim_end()), number(spark.peak())));
            }
            Block::Log(lines) => {
                // Indented: within such a block nothing means anything.
                for line in *lines {
                    let mark = if line.is_evidence { ':' } else { '-' };
                    let (path, text) =
                        (escape::bounded(line.path.raw(), true, MAX_CHARS), escape::terminal(line.text.raw(), true));
                    self.text.push_str(&format!("    {path}{mark}{}{mark} {text}\n", line.number));
                }
                self.text.push('\n');
            }
            Block::On(media, block) if media.has(Media::FILE) => self.piece(block),
            Block::Fold { title, blocks, .. } => {
                self.block(&format!("**{}**", self.prose(title)));
                blocks.iter().for_each(|block| self.piece(block));
            }
            Block::Figures(_) | Block::Fields(_) | Block::Chart(_) | Block::Spark(_) | Block::On(..) => {}
        }
    }

    fn facts(&mut self, facts: &[Fact]) {
        for fact in facts {
            let whole = fact.whole.map(|whole| {
                let told = self.clock.whole(whole.from, whole.to, " to ");
                if fact.value.is_empty() { told } else { format!(" {told}") }
            });
            let value = format!("{}{}", self.prose(&fact.value), whole.unwrap_or_default());
            match fact.name {
                "" => self.text.push_str(&format!("- {value}\n")),
                name => self.text.push_str(&format!("- **{name}:** {value}\n")),
            }
        }
        self.text.push('\n');
    }

    fn list(&mut self, list: &List) {
        if list.items.is_empty() {
            return;
        }
        if !list.name.is_empty() {
            self.block(&format!("**{}**", list.name));
        }
        for (at, item) in list.items.iter().enumerate() {
            let marker = if list.kind == ListKind::Steps { format!("{}. ", at + 1) } else { "- ".to_owned() };
            let item = self.prose(item);
            self.text.push_str(&format!("{marker}{item}\n"));
        }
        self.text.push('\n');
    }

    fn card(&mut self, card: &Card<'_>) {
        self.block(&format!("### {} {}", sentence(card.id.raw(), false), self.prose(&card.title)));
        let badges = card.badges.iter().map(|badge| format!("**{}**", self.cell(badge)));
        let facts = card.facts.iter().filter(|(media, ..)| media.has(Media::FILE));
        let facts = facts.map(|(_, fact, _)| self.prose(fact));
        let told: Vec<String> = badges.chain(facts).collect();
        self.block(&told.join(" · "));
        card.blocks.iter().for_each(|block| self.piece(block));
    }

    fn table(&mut self, table: &Table<'_>) {
        let rows = table.first(self.view.rows(table, View::DEFAULT_TOP));
        if rows.is_empty() {
            if !table.empty.is_empty() {
                self.block(&self.prose(&table.empty));
            }
            return;
        }
        let columns: Vec<_> = table.columns_on(Media::FILE).collect();
        let titles: Vec<&str> = columns.iter().map(|(_, column)| column.title).collect();
        let rule = |kind: ColumnKind| if kind == ColumnKind::Number { "---:" } else { "---" };
        let rules: Vec<&str> = columns.iter().map(|(_, column)| rule(column.kind)).collect();
        self.text.push_str(&format!("| {} |\n| {} |\n", titles.join(" | "), rules.join(" | ")));
        let mut shown = 0;
        for row in &rows {
            let cells: Vec<String> = match row {
                Row::Cells(cells) => {
                    shown += 1;
                    columns
                        .iter()
                        .map(|(at, _)| cells.get(*at).map(|cell| in_table(&self.cell(cell))))
                        .map(Option::unwrap_or_default)
                        .collect()
                }
                Row::Remark(of, text) => columns
                    .iter()
                    .map(|(at, _)| if at == of { in_table(&self.prose(text)) } else { String::new() })
                    .collect(),
            };
            self.text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        self.text.push('\n');
        if shown < table.total {
            self.block(&format!("{} of {} rows.", number(shown), number(table.total)));
        }
    }

    fn cell(&self, cell: &Cell) -> String {
        match cell {
            Cell::Absent(words) => (*words).to_owned(),
            Cell::Text(text, _) => {
                let mut out = String::new();
                for span in text.spans() {
                    match span {
                        Span::Time(time) => glue(&mut out, &self.time(*time)),
                        Span::Period(from, to) => {
                            glue(&mut out, &format!("{} to {}", self.time(*from), self.time(*to)))
                        }
                        span => glue(&mut out, &self.span(span, false)),
                    }
                }
                out
            }
            Cell::Number(count, _) => number(*count),
            Cell::Severity(word) | Cell::Verdict(word) => sentence(word.raw(), false),
            Cell::Names(names) => {
                let mut shown: Vec<String> = names.items.iter().take(MAX_ITEMS).map(|name| self.name(name)).collect();
                let more = names.total.saturating_sub(shown.len() as u64);
                if more > 0 {
                    shown.push(format!("+{} more", number(more)));
                }
                shown.join(", ")
            }
            Cell::Fields(fields) => {
                let filled = fields.iter().filter(|(_, cell)| !cell.is_empty());
                filled.map(|(name, cell)| format!("{name}: {}", self.cell(cell))).collect::<Vec<_>>().join("; ")
            }
        }
    }

    fn name(&self, name: &ListedName) -> String {
        let count = name.count.map(|count| format!(" ×{}", number(count))).unwrap_or_default();
        let sure = name.sure.map(|sure| format!(" ({} sure)", words::share(sure))).unwrap_or_default();
        let note: String = name.note.spans().iter().map(|span| self.span(span, false)).collect();
        format!("{}{note}{}{count}{sure}", self.span(&name.span, false), name.remark)
    }

    /// A time of a table, whose zone the head tells.
    fn time(&self, time: crate::time::Millis) -> String {
        self.clock.show(time)
    }

    fn span(&self, span: &Span, begins_line: bool) -> String {
        match span {
            Span::Plain(text) => sentence(text, begins_line),
            Span::Finding(id) => sentence(id.raw(), begins_line),
            Span::Code(text) => code(text),
            Span::Name(text)
            | Span::Principal(text)
            | Span::Address(text)
            | Span::Node(text)
            | Span::Key(text)
            | Span::Realm(text) => code(text.raw()),
            Span::Chain(realms) => realms.iter().map(|realm| code(realm.raw())).collect::<Vec<_>>().join(" → "),
            Span::Time(time) | Span::Exact(time) => self.clock.sentence(*time),
            Span::Period(from, to) => format!("{} to {}", self.clock.sentence(*from), self.clock.sentence(*to)),
            Span::Place(path, line) => code(&format!("{}:{line}", path.raw())),
            Span::Call(call) => request(call),
            Span::Duration(_) | Span::Count(_) | Span::Bytes(_) | Span::Share(_) => span.plain().into_owned(),
        }
    }

    /// What stands above all, and what goes on behind it.
    fn headline(&self, head: &Text, tail: &Text) -> String {
        let mut out = format!("**{}**", self.prose(head));
        tail.spans().iter().for_each(|span| glue(&mut out, &self.span(span, false)));
        out
    }

    /// A sentence.
    fn prose(&self, text: &Text) -> String {
        let mut out = String::new();
        for span in text.spans() {
            // The first word may not begin a list or a heading; words of a later span stand within the line.
            let shown = self.span(span, out.is_empty());
            glue(&mut out, &shown);
        }
        out
    }
}

/// Adds a piece: fences that touch would be one.
fn glue(out: &mut String, piece: &str) {
    if out.ends_with('`') && piece.starts_with('`') {
        out.push(' ');
    }
    out.push_str(piece);
}

/// A bar ends a cell even within code.
fn in_table(cell: &str) -> String {
    cell.replace('|', "\\|")
}

fn request(call: &ApiCall) -> String {
    match (call.line(), call.body_line()) {
        (None, _) => {
            let [before, after] = ApiCall::REFUSAL;
            let (before, after) = (before.trim_end_matches('`'), after.trim_start_matches('`'));
            format!("{before}{}{after}", code(call.refused().unwrap_or_default()))
        }
        (Some(line), None) => fenced(&line),
        (Some(line), Some(body)) => format!("{} with {}", fenced(&line), fenced(&body)),
    }
}

/// Text from the log as code.
fn code(text: &str) -> String {
    let shown = escape::bounded(text, true, MAX_CHARS);
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

/// Words, which may quote the log.
fn sentence(text: &str, begins_line: bool) -> String {
    let shown = escape::bounded(text, true, MAX_PROSE);
    let mut out = String::with_capacity(shown.len() + 16);
    for (at, word) in shown.split(' ').enumerate() {
        if at > 0 && !out.ends_with(' ') {
            out.push(' ');
        }
        if word.is_empty() {
            continue;
        }
        let means = |c: char| "\\`*_[]<>&|~#$@{}".contains(c);
        let lower = word.to_ascii_lowercase();
        let links = lower.contains("://") || lower.contains("www.") || lower.contains("mailto:");
        // At the begin of a line these make lists, headings and rules.
        let begins = begins_line
            && out.trim().is_empty()
            && (word.starts_with(['-', '+', '=', ':'])
                || word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with(['.', ')']));
        if word.contains(means) || links || begins {
            glue(&mut out, &code_word(word));
        } else {
            out.push_str(word);
        }
    }
    out
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
    fn what_goes_on_behind_a_headline_begins_no_line() {
        let view = View::default();
        let page = MarkdownPage { text: String::new(), view: &view, clock: DisplayClock::new(view.style.zone, None) };
        let tail = Text::from(": 8 indices");
        assert_eq!(page.headline(&"22 requests".into(), &tail), "**22 requests**: 8 indices");
    }

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
        assert_eq!(in_table(&code("a|b")), "`a\\|b`");
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
            assert_eq!(sentence(written, true), shown, "{written:?}");
        }
        assert_eq!(sentence(": 1. word", false), ": 1. word");
        let mut out = "`a`".to_owned();
        glue(&mut out, "`b`");
        assert_eq!(out, "`a` `b`");
    }
}
