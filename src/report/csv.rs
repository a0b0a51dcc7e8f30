//! The groups as CSV (RFC 4180): comma, CRLF, quotes where needed, one header line.
//!
//! Text from the log is made visible as for a terminal, and kept from being taken for a formula: a spreadsheet calculates
//! what begins with `=`, `+`, `-`, `@`, and so might run what an attacker wrote in place of a user name. An apostrophe in
//! front, as spreadsheets themselves write it, makes it text.

use std::io;

use super::{Renderer, View, escape};
use crate::model::{Group, Report};

/// `--format csv`.
#[derive(Debug, Clone, Copy)]
pub struct Csv;

impl Renderer for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn about(&self) -> &'static str {
        "the groups for spreadsheets"
    }

    fn render(&self, report: &Report, _view: &View, out: &mut dyn io::Write) -> io::Result<()> {
        // Keys of a grouping other than the default; all groups have the same.
        let by = report.groups.keys();
        let columns = ["count", "principal", "realm_chain", "realms_asked", "reason", "reason_basis"];
        let rest = ["first", "last", "sources", "sources_total", "forwarded", "nodes", "actions", "evidence"];
        row(columns.into_iter().chain(by.iter().map(String::as_str)).chain(rest).map(text), out)?;
        report.groups.iter().try_for_each(|group| row(cells(&group, &by).into_iter(), out))
    }
}

/// What stands between the entries of a list.
const AND: &str = " | ";

fn cells(group: &Group, by: &[String]) -> Vec<String> {
    let list = |texts: &mut dyn Iterator<Item = String>| text(&texts.collect::<Vec<_>>().join(AND));
    let counted = |address: &str, count: u64| format!("{address} x{count}");
    let chain = group.realm_chain.as_deref();
    let mut cells = vec![
        group.count.to_string(),
        text(group.principal.as_deref().unwrap_or_default()),
        text(&chain.map(|realms| realms.join(" > ")).unwrap_or_default()),
        // Tells a chain that was not logged (empty) from one in which no realm was asked (0).
        chain.map(|realms| realms.len().to_string()).unwrap_or_default(),
        text(&group.reason),
        text(&group.reason_basis),
    ];
    cells.extend(by.iter().map(|key| text(group.by.get(key).and_then(Option::as_deref).unwrap_or_default())));
    cells.extend([
        text(group.first.as_deref().unwrap_or_default()),
        text(group.last.as_deref().unwrap_or_default()),
        list(&mut group.sources.iter().map(|source| counted(&source.address, source.count))),
        group.sources_total.to_string(),
        list(&mut group.forwarded.iter().map(|client| counted(&client.address, client.count))),
        list(&mut group.nodes.iter().cloned()),
        list(&mut group.actions.iter().map(|(action, count)| counted(action, *count))),
        list(&mut group.evidence.iter().map(|place| format!("{}:{}", place.path, place.line))),
    ]);
    cells
}

/// Text as it may stand in a cell.
pub(super) fn text(text: &str) -> String {
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

pub(super) fn row(cells: impl Iterator<Item = String>, out: &mut dyn io::Write) -> io::Result<()> {
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
