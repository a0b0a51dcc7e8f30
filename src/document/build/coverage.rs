//! What was read, what these logs cannot tell, and what went wrong while reading.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{amounts, joined, time, word};
use crate::document::{
    Block, Cell, Column, ColumnKind, Fact, List, ListedName, Media, NameList, Section, Table, Tone, WholeTime,
};
use crate::model::text::{Logged, Span, Text};
use crate::model::{ContextDocument, Coverage, Filters, Input, Node, Problem};

/// Inputs that could not be read whole, named at the top; all of them stand in the JSON.
const MAX_NAMED: usize = 3;

/// Nodes named at the top.
const MAX_NODES: usize = 8;

/// Gaps of a node that are listed.
const MAX_GAPS: usize = 5;

/// In the fewest lines that let a reader judge whether it was everything.
pub(super) fn head<'a>(coverage: &Coverage, filters: Option<&Filters>) -> Vec<Block<'a>> {
    let mut facts =
        vec![Fact::new("Read", read(coverage)), span(coverage), Fact::new("Nodes", nodes_in_short(coverage))];
    let left_out = amounts(&[
        (coverage.duplicates, "duplicate event", "duplicate events"),
        (coverage.undecodable_lines, "undecodable line", "undecodable lines"),
        (coverage.oversized_lines, "oversized line", "oversized lines"),
    ]);
    if !left_out.is_empty() {
        facts.push(Fact::new("Left out", left_out));
    }
    if coverage.problems_total > 0 {
        let problems = Text::count(coverage.problems_total, "problem", "problems").with(", listed at the end");
        facts.push(Fact::new("Trouble", problems).tone(Tone::Warn));
    }
    if let Some(counted) = &coverage.counted_only {
        let told = Text::count(counted.attempts, "failed attempt stands", "failed attempts stand")
            .with(" in the totals and over time, and in nothing else: see what these logs cannot tell");
        facts.push(Fact::new("Memory", told).tone(Tone::Warn));
    }
    facts.extend(unread(coverage));
    facts.extend(filters.map(filtered).into_iter().flatten());
    vec![Block::Facts(facts)]
}

fn read(coverage: &Coverage) -> Text {
    let bytes = coverage.inputs.iter().map(|input| input.bytes).sum();
    let mut read = Text::count(coverage.inputs.len() as u64, "file", "files")
        .with(", ")
        .with(Span::Bytes(bytes))
        .with(", ")
        .with(Text::count(coverage.lines, "line", "lines"))
        .with(": ")
        .with(Text::count(coverage.audit_events, "audit event", "audit events"));
    let others = amounts(&[
        (coverage.server_events, "server event", "server events"),
        (coverage.other_lines, "other line", "other lines"),
    ]);
    if !others.is_empty() {
        read.push(Text::from(", ").with(others));
    }
    read
}

fn span(coverage: &Coverage) -> Fact {
    match super::period(coverage.first.as_deref(), coverage.last.as_deref()) {
        Some((from, to)) => Fact { whole: Some(WholeTime { from, to, says_zone: true }), ..Fact::new("Span", "") },
        None => match (&coverage.first, &coverage.last) {
            (Some(first), Some(last)) => {
                Fact::new("Span", Text::from(Span::name(first)).with(" to ").with(Span::name(last)))
            }
            _ => Fact::new("Span", "no event with a time"),
        },
    }
}

fn nodes_in_short(coverage: &Coverage) -> Text {
    let nodes = &coverage.nodes;
    if nodes.is_empty() {
        return "none named".into();
    }
    let name = |node: &Node| {
        let name = node.name.as_deref().or(node.id.as_deref());
        name.map_or_else(|| Text::from("(unnamed)"), |name| Span::node(name).into())
    };
    let mut names: Vec<Text> = nodes.iter().take(MAX_NODES).map(name).collect();
    if nodes.len() > MAX_NODES {
        names.push(Text::from("+").with((nodes.len() - MAX_NODES) as u64).with(" more"));
    }
    Text::from(nodes.len() as u64).with(": ").with(joined(names, ", "))
}

/// Names what could not be read whole: the reader must know before believing any number.
fn unread(coverage: &Coverage) -> Vec<Fact> {
    let incomplete: Vec<&Input> =
        coverage.inputs.iter().filter(|input| input.error.is_some() || input.truncated).collect();
    let fact = |input: &&Input| {
        let why = input.error.clone().map_or_else(|| Text::from("ends in the middle"), Text::from);
        let name = if input.lines == 0 { "Unread" } else { "Cut off" };
        Fact::new(name, Text::from(Span::name(&input.path)).with(": ").with(why)).tone(Tone::Bad)
    };
    let mut facts: Vec<Fact> = incomplete.iter().take(MAX_NAMED).map(fact).collect();
    if incomplete.len() > MAX_NAMED {
        let more = Text::count((incomplete.len() - MAX_NAMED) as u64, "more input was", "more inputs were");
        facts.push(Fact::new("", more.with(" not read whole")).tone(Tone::Bad));
    }
    facts
}

/// Which filters are in force, and how much they left out.
fn filtered(filters: &Filters) -> [Fact; 2] {
    let left_out = amounts(&[
        (filters.attempts_left_out, "failed attempt", "failed attempts"),
        (filters.changes_left_out, "security change", "security changes"),
        (filters.key_refusals_left_out, "refusal of an API key", "refusals of API keys"),
        (filters.denials_left_out, "refused action", "refused actions"),
    ]);
    let left_out = if left_out.is_empty() { "nothing".into() } else { left_out };
    [
        Fact::new("Filters", joined(filters.in_force.iter().cloned(), "; ")).tone(Tone::Note),
        Fact::new("", Text::from("they leave out ").with(left_out)).tone(Tone::Note),
    ]
}

/// What these logs cannot tell and which setting would change that; then the problems met while reading.
pub(super) fn caveats(coverage: &Coverage) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = context(coverage).into_iter().collect();
    if !coverage.cannot_tell.is_empty() {
        let list = List::bullets("", coverage.cannot_tell.clone());
        sections.push(Section::new("cannot-tell", "Not told", "What these logs cannot tell").with(list));
    }
    if !coverage.problems.is_empty() {
        let columns = vec![
            Column::text("path", "Where"),
            Column { kind: ColumnKind::Number, ..Column::text("line", "Line").on(Media::DATA) },
            Column::text("what", "What").below("path", "  what"),
        ];
        let table = Table::of("problems", columns, &coverage.problems, problem).stacked();
        let table = table.of_total(coverage.problems_total);
        sections.push(Section::new("problems", "Problems", "Problems").with(table));
    }
    sections
}

/// The cluster's own answers: how old they are, and what they say that explains events.
fn context(coverage: &Coverage) -> Option<Section<'_>> {
    if coverage.context.is_empty() {
        return None;
    }
    let columns = vec![
        Column::text("kind", "What"),
        Column::text("path", "Where"),
        Column::time("as_of", "As of"),
        Column::text("used", "Used").on(Media::DATA),
    ];
    let row = |document: &ContextDocument| {
        let kind = Text::from(document.kind.replace('_', " "));
        vec![
            Cell::of(if document.used { kind } else { kind.with(" (not used)") }),
            Cell::of(Span::name(&document.path)),
            document.as_of.as_deref().map_or(Cell::Absent("not known"), |at| time(Some(at))),
            Cell::of(if document.used { "yes" } else { "no" }),
        ]
    };
    let says: Vec<Text> = coverage.context.iter().flat_map(|document| document.says.clone()).collect();
    let mut section = Section::new("context", "Context", "What the cluster says about itself");
    if !says.is_empty() {
        section = section.with(List::bullets("", says));
    }
    Some(section.with(Table::of("context", columns, &coverage.context, row)))
}

fn problem(problem: &Problem) -> Vec<Cell> {
    let path = Logged::new(&problem.path);
    let at = problem.line.map_or_else(|| Span::Name(path.clone()), |line| Span::Place(path.clone(), line));
    let kind = Text::from(problem.kind.replace('_', " "));
    vec![
        Cell::Text(at.into(), Tone::Bold),
        problem.line.map_or(Cell::NONE, Cell::number),
        Cell::of(kind.with(": ").with(problem.message.clone())),
    ]
}

/// Everything about what was read, for a page.
pub(super) fn details<'a>(coverage: &'a Coverage, parameters: &'a BTreeMap<String, Value>) -> Section<'a> {
    let counts = amounts(&[
        (coverage.lines, "line", "lines"),
        (coverage.audit_events, "audit event", "audit events"),
        (coverage.server_events, "server event", "server events"),
        (coverage.other_lines, "other line", "other lines"),
        (coverage.duplicates, "duplicate left out", "duplicates left out"),
        (coverage.undecodable_lines, "undecodable line", "undecodable lines"),
        (coverage.oversized_lines, "oversized line", "oversized lines"),
    ]);
    let actions = coverage.actions.iter().map(|(action, count)| Text::from(Span::name(action)).with(" ").with(*count));
    let options: Vec<Vec<Cell>> = parameters
        .iter()
        .map(|(name, value)| vec![Cell::of(word(name)), Cell::of(Span::Code(value.to_string().into()))])
        .collect();
    let columns = vec![Column::text("option", "Option"), Column::text("value", "Value")];
    Section::new("coverage", "Coverage", "What was read")
        .on(Media::PAGE.and(Media::DATA))
        .with(Block::Prose(counts.with("."), Tone::Plain))
        .with(Block::Prose(Text::from("Events: ").with(joined(actions, ", ")), Tone::Dim))
        .with(nodes(coverage))
        .with(inputs(coverage))
        .with(Block::Fold {
            title: "Options that can change the answer".into(),
            open: false,
            blocks: vec![Table::new("options", columns, options).into()],
        })
}

fn nodes(coverage: &Coverage) -> Table<'_> {
    let columns = vec![
        Column::text("node", "Node"),
        Column::text("id", "Id"),
        Column::number("audit_events", "Audit events"),
        Column::time("first", "First"),
        Column::time("last", "Last"),
        Column::text("logs_realm_failures", "Realm failures logged"),
        Column::text("logs_successes", "Successes logged"),
        Column::text("has_server_log", "Server log read"),
        Column::text("silent", "Silent"),
    ];
    Table::of("nodes", columns, &coverage.nodes, node_row).caption("Nodes")
}

fn node_row(node: &Node) -> Vec<Cell> {
    let yes = |met: bool| Cell::of(if met { "yes" } else { "no" });
    let shown = |met: Option<bool>| met.map_or(Cell::Absent("unknown"), yes);
    let gap = |gap: &crate::model::Gap| {
        let (from, to) = super::period(Some(&gap.start), Some(&gap.end))?;
        Some(ListedName::new(Span::Period(from, to)))
    };
    let gaps =
        NameList { items: node.gaps.iter().take(MAX_GAPS).filter_map(gap).collect(), total: node.gaps.len() as u64 };
    vec![
        Cell::logged(Span::node, node.name.as_deref(), "not told"),
        Cell::logged(Span::key, node.id.as_deref(), "not told"),
        Cell::number(node.audit_events),
        time(node.first.as_deref()),
        time(node.last.as_deref()),
        shown(node.logs_realm_failures),
        shown(node.logs_successes),
        yes(node.has_server_log),
        Cell::Names(gaps),
    ]
}

fn inputs(coverage: &Coverage) -> Table<'_> {
    let columns = vec![
        Column::text("file", "File"),
        Column::text("format", "Format"),
        Column::text("compression", "Compression"),
        Column::number("bytes", "Size"),
        Column::number("lines", "Lines"),
        Column::number("audit_events", "Audit events"),
        Column::time("first", "First"),
        Column::time("last", "Last"),
        Column::text("trouble", "Trouble"),
    ];
    Table::of("inputs", columns, &coverage.inputs, input).caption("Files")
}

fn input(input: &Input) -> Vec<Cell> {
    let trouble = match (&input.error, input.truncated) {
        (Some(error), _) => Cell::of(error.clone()),
        (None, true) => Cell::of("ends in the middle"),
        (None, false) => Cell::NONE,
    };
    vec![
        Cell::of(Span::name(&input.path)),
        Cell::of(word(&input.format)),
        Cell::of(word(&input.compression)),
        Cell::of(Span::Bytes(input.bytes)),
        Cell::number(input.lines),
        Cell::number(input.audit_events),
        time(input.first.as_deref()),
        time(input.last.as_deref()),
        trouble,
    ]
}
