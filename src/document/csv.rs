//! Tables as CSV (RFC 4180): comma, CRLF, quotes where needed, one header line; times in UTC, numbers as digits.
//!
//! Text from the log is made visible as for a terminal, and kept from being taken for a formula: a spreadsheet calculates
//! what begins with `=`, `+`, `-`, `@`, and so might run what an attacker wrote in place of a user name. An apostrophe in
//! front, as spreadsheets themselves write it, makes it text.

use std::io;
use std::path::Path;

use super::view::View;
use super::{Block, Cell, Document, ListedName, Media, Row, Table};
use crate::escape;
use crate::model::text::{Span, Text};

/// What stands between the entries of a list.
const AND: &str = " | ";

/// Writes one table: the one asked for, else the main one.
///
/// # Errors
/// Those of `out`, and that there is no such table.
pub fn write(document: &Document<'_>, view: &View<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let tables = tables(document);
    let name = view.table.unwrap_or(document.main);
    match tables.iter().find(|table| table.name == name) {
        Some(table) => one(table, view, out),
        None => {
            let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
            Err(io::Error::other(format!("there is no table `{name}`; --table is one of {}", names.join(", "))))
        }
    }
}

/// Writes every table into a file of its name.
///
/// # Errors
/// What the system says.
pub fn write_all(document: &Document<'_>, view: &View<'_>, folder: &Path) -> io::Result<()> {
    for table in tables(document) {
        let file = std::fs::File::create_new(folder.join(format!("{}.csv", table.name)))?;
        let mut out = io::BufWriter::new(file);
        one(table, view, &mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    }
    Ok(())
}

/// Every table of a document, in order.
fn tables<'d, 'a>(document: &'d Document<'a>) -> Vec<&'d Table<'a>> {
    fn collect<'d, 'a>(block: &'d Block<'a>, found: &mut Vec<&'d Table<'a>>) {
        match block {
            Block::Table(table) => found.push(table),
            Block::Beside(tables) => found.extend(tables),
            Block::Fold { blocks, .. } => blocks.iter().for_each(|block| collect(block, found)),
            Block::On(media, block) if media.has(Media::DATA) => collect(block, found),
            _ => {}
        }
    }
    let mut found = Vec::new();
    let sections = document.sections.iter().filter(|section| section.media.has(Media::DATA));
    document
        .head
        .iter()
        .chain(sections.flat_map(|section| &section.blocks))
        .for_each(|block| collect(block, &mut found));
    found
}

fn one(table: &Table<'_>, view: &View<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let columns: Vec<usize> = table.columns_on(Media::DATA).map(|(at, _)| at).collect();
    row(table.columns_on(Media::DATA).map(|(_, column)| column.key.to_owned()), out)?;
    let most = view.top.flatten().unwrap_or(usize::MAX);
    let cells = (table.rows)().filter_map(|row| match row {
        Row::Cells(cells) => Some(cells),
        Row::Remark(..) => None,
    });
    for cells in cells.take(most) {
        row(columns.iter().map(|&at| cells.get(at).map(cell).unwrap_or_default()), out)?;
    }
    Ok(())
}

/// A cell for programs: what is absent is empty.
fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Absent(_) => String::new(),
        Cell::Text(text, _) => self::text(&plain(text)),
        Cell::Number(number, _) => number.to_string(),
        Cell::Severity(word) | Cell::Verdict(word) => text(word.raw()),
        Cell::Names(names) => text(&names.items.iter().map(name).collect::<Vec<_>>().join(AND)),
        Cell::Fields(fields) => {
            let filled = fields.iter().filter(|(_, cell)| !cell.is_empty());
            filled.map(|(name, value)| format!("{name}: {}", self::cell(value))).collect::<Vec<_>>().join(AND)
        }
    }
}

fn name(name: &ListedName) -> String {
    let count = name.count.map(|count| format!(" x{count}")).unwrap_or_default();
    format!("{}{}{count}", span(&name.span), name.remark)
}

fn plain(text: &Text) -> String {
    text.spans().iter().map(span).collect()
}

fn span(span: &Span) -> String {
    match span {
        Span::Time(time) | Span::Exact(time) => time.rfc3339(),
        Span::Period(from, to) => format!("{} {}", from.rfc3339(), to.rfc3339()),
        Span::Count(count) | Span::Bytes(count) => count.to_string(),
        Span::Share(share) => format!("{share:.4}"),
        other => other.plain().into_owned(),
    }
}

/// Text as it may stand in a cell.
fn text(text: &str) -> String {
    let shown = escape::terminal(text, true);
    let mut out = String::with_capacity(shown.len() + 1);
    // Spreadsheets split at the separator of the user's country, whatever the quotes say, so what follows one begins a
    // cell, too.
    let mut begins = true;
    for c in shown.chars() {
        // The full-width forms count where people write with them.
        if begins && matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') {
            out.push('\'');
        }
        begins = matches!(c, ',' | ';') || begins && matches!(c, ' ' | '"');
        out.push(c);
    }
    out
}

fn row(cells: impl Iterator<Item = String>, out: &mut dyn io::Write) -> io::Result<()> {
    for (number, cell) in cells.enumerate() {
        if number > 0 {
            out.write_all(b",")?;
        }
        if cell.contains(['"', ',', ';', '\'']) || cell.starts_with(' ') || cell.ends_with(' ') {
            write!(out, "\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            out.write_all(cell.as_bytes())?;
        }
    }
    out.write_all(b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (written, shown) in [
            ("elastic", "elastic"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\t=1", "\\x09=1"),
            ("\r=1", "\\x0d=1"),
            (" =1", " '=1"),
            ("a;=1", "a;'=1"),
            ("a\",=1", "a\",'=1"),
            ("＝1", "'＝1"),
            ("cn=a,ou=b", "cn=a,ou=b"),
            ("svc-1", "svc-1"),
        ] {
            assert_eq!(text(written), shown, "{written:?}");
        }
    }

    #[test]
    fn cells_are_quoted_where_needed() {
        let mut out = Vec::new();
        row(["a", "b\"c", "d,e", "'=1", "", " f"].map(str::to_owned).into_iter(), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a,\"b\"\"c\",\"d,e\",\"'=1\",,\" f\"\r\n");
    }
}
