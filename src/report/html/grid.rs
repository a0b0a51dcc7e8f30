//! A table of the page: caption, sortable columns, as many rows as there is room for, and beside them how many there are.

use crate::report::table::text::number;

/// How a column sorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Time,
}

/// Columns: name and kind.
pub(super) type Columns<'c> = &'c [(&'c str, Kind)];

/// A table in the making.
pub(super) struct Grid {
    id: &'static str,
    head: String,
    body: String,
    kinds: Vec<Kind>,
    rows: usize,
    /// Rows wanted.
    top: Option<usize>,
    /// Bytes that the body may have, so that the page stays bounded whatever the log holds.
    room: usize,
}

impl Grid {
    /// A table with at most `top` rows in about `room` bytes.
    pub(super) fn new(id: &'static str, caption: &str, columns: Columns<'_>, top: Option<usize>, room: usize) -> Self {
        let heads: String = columns
            .iter()
            .map(|(name, kind)| {
                let kind = match kind {
                    Kind::Text => "text",
                    Kind::Number => "num",
                    Kind::Time => "time",
                };
                format!("<th scope=\"col\" data-kind=\"{kind}\">{name}</th>")
            })
            .collect();
        Self {
            id,
            head: format!("<caption>{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n"),
            body: String::new(),
            kinds: columns.iter().map(|(_, kind)| *kind).collect(),
            rows: 0,
            top,
            room,
        }
    }

    /// Adds a row of cells that are HTML already, unless the table is full; says whether it was added.
    pub(super) fn row(&mut self, cells: &[String]) -> bool {
        if self.top.is_some_and(|top| self.rows >= top) || self.body.len() >= self.room {
            return false;
        }
        self.rows += 1;
        self.body.push_str("<tr>");
        for (cell, kind) in cells.iter().zip(&self.kinds) {
            let class = if *kind == Kind::Number { " class=\"num\"" } else { "" };
            self.body.push_str(&format!("<td{class}>{cell}</td>"));
        }
        self.body.push_str("</tr>\n");
        true
    }

    /// The table; `total` rows would there be. `timed` tables follow the time selected in the chart.
    pub(super) fn finish(self, total: usize, timed: bool) -> String {
        let note = if self.rows < total {
            format!(
                "<p class=\"cut\">The first {} of {} rows. All of them are in the JSON report; <code>--top</code> \
                 changes how many are shown.</p>\n",
                number(self.rows as u64),
                number(total as u64)
            )
        } else {
            String::new()
        };
        let (id, head, body) = (self.id, self.head, self.body);
        let timed = if timed { " data-timed" } else { "" };
        format!(
            "{note}<div class=\"scroll\"><table id=\"{id}\" data-total=\"{total}\"{timed}>\n{head}<tbody>\n{body}</tbody>\n\
             </table></div>\n"
        )
    }
}
