//! Spans and cells of the page.

use super::HtmlPage;
use super::markup::{LinkedName, Markup};
use crate::document::{Cell, ListedName, NameList, Tone};
use crate::model::call::ApiCall;
use crate::model::text::{Logged, Span, Text};
use crate::time::Millis;
use crate::words;

/// Names shown of a cell, and of the details of a row.
pub(super) const IN_CELL: usize = 3;
const IN_DETAILS: usize = 20;

impl HtmlPage<'_, '_> {
    /// A time of a table.
    fn time(&self, time: Millis, out: &mut Markup) {
        out.own("<time datetime=\"").text(&time.rfc3339()).own("\">").text(&self.clock.show(time)).own("</time>");
    }

    fn span(&self, span: &Span, out: &mut Markup) {
        match span {
            Span::Plain(text) => out.sentence(text),
            Span::Finding(id) if self.tells_findings() => {
                out.own("<a href=\"#").plain(id.raw()).own("\">").plain(id.raw()).own("</a>")
            }
            Span::Finding(id) => out.name(id.raw()),
            Span::Code(text) => out.own("<code>").text(text).own("</code>"),
            Span::Address(text) => out.actor(LinkedName::Address, text.raw()),
            Span::Key(text) => out.actor(LinkedName::Key, text.raw()),
            Span::Principal(text) => out.actor(LinkedName::Principal, text.raw()),
            Span::Node(text) => out.actor(LinkedName::Node, text.raw()),
            Span::Name(text) | Span::Realm(text) => out.name(text.raw()),
            Span::Chain(realms) => {
                for (at, realm) in realms.iter().enumerate() {
                    out.own(if at > 0 { " <span class=\"then\" aria-label=\"then\">→</span> " } else { "" });
                    out.name(realm.raw());
                }
                out
            }
            Span::Time(time) => {
                self.time(*time, out);
                out
            }
            Span::Exact(time) => out.text(&self.clock.sentence(*time)),
            Span::Period(from, to) if from == to => {
                self.time(*from, out);
                out
            }
            Span::Period(from, to) => {
                self.time(*from, out);
                out.own(" – ");
                self.time(*to, out);
                out
            }
            Span::Count(count) => out.number(*count),
            Span::Bytes(bytes) => {
                out.own("<data value=\"").digits(*bytes).own("\">").text(&words::bytes(*bytes)).own("</data>")
            }
            Span::Duration(_) | Span::Share(_) => out.text(&span.plain()),
            Span::Place(path, line) => {
                out.own("<code><bdi>").text(path.raw()).own("</bdi>:").digits(*line).own("</code>")
            }
            Span::Call(call) => request(call, out),
        };
    }

    /// A text, its times as in tables.
    pub(super) fn text(&self, text: &Text, out: &mut Markup) {
        text.spans().iter().for_each(|span| self.span(span, out));
    }

    /// A sentence: its times are told whole, with their zone.
    pub(super) fn prose(&self, text: &Text, out: &mut Markup) {
        for span in text.spans() {
            match span {
                Span::Time(time) => {
                    out.own("<time datetime=\"").text(&time.rfc3339()).own("\">");
                    out.text(&self.clock.sentence(*time)).own("</time>");
                }
                span => self.span(span, out),
            }
        }
    }

    /// A cell, with at most `most` names of a list.
    pub(super) fn cell(&self, cell: &Cell, most: usize, out: &mut Markup) {
        match cell {
            Cell::Absent("") => {}
            Cell::Absent(words) => {
                out.own("<span class=\"absent\">").text(words).own("</span>");
            }
            Cell::Text(text, Tone::Bad | Tone::Alarm) => {
                out.own("<span class=\"bad\">");
                self.text(text, out);
                out.own("</span>");
            }
            Cell::Text(text, _) => self.text(text, out),
            Cell::Number(count, _) => {
                out.number(*count);
            }
            Cell::Severity(word) => severity(word, out),
            Cell::Verdict(word) => {
                out.own("<span class=\"verdict v-").class(word.raw()).own("\">").plain(word.raw()).own("</span>");
            }
            Cell::Names(names) => self.names(names, most, out),
            Cell::Fields(fields) if fields.iter().all(|(_, cell)| cell.is_empty()) => {}
            Cell::Fields(fields) => {
                out.own("<details><summary>Details</summary>");
                self.fields(fields, "<dl>", out);
                out.own("</details>");
            }
        }
    }

    /// Names and what they stand for; what is empty is left out.
    pub(super) fn fields(&self, fields: &[(&'static str, Cell)], list: &'static str, out: &mut Markup) {
        out.own(list);
        for (name, cell) in fields.iter().filter(|(_, cell)| !cell.is_empty()) {
            out.own("<dt>").text(name).own("</dt><dd>");
            self.cell(cell, IN_DETAILS, out);
            out.own("</dd>");
        }
        out.own("</dl>");
    }

    fn names(&self, names: &NameList, most: usize, out: &mut Markup) {
        let shown = names.items.len().min(most);
        for (at, name) in names.items[..shown].iter().enumerate() {
            out.own(if at > 0 { ", " } else { "" });
            self.name(name, out);
        }
        let more = names.total.saturating_sub(shown as u64);
        if more > 0 {
            out.own(if shown > 0 { ", " } else { "" });
            out.own("<span class=\"absent\">+").number(more).own(" more</span>");
        }
    }

    fn name(&self, name: &ListedName, out: &mut Markup) {
        self.span(&name.span, out);
        if !name.note.is_empty() {
            out.own("<span class=\"basis\">");
            self.text(&name.note, out);
            out.own("</span>");
        }
        out.text(name.remark);
        if let Some(count) = name.count {
            out.own("<span class=\"times\"> ×").number(count).own("</span>");
        }
        if let Some(sure) = name.sure {
            out.own(" <span class=\"basis\">").text(&words::share(sure)).own(" sure</span>");
        }
    }
}

fn severity(word: &Logged, out: &mut Markup) {
    out.own("<span class=\"badge sev-").class(word.raw()).own("\">").plain(word.raw()).own("</span>");
}

/// A request to the cluster, or a warning that there is none.
fn request<'m>(call: &ApiCall, out: &'m mut Markup) -> &'m mut Markup {
    let Some(line) = call.line() else {
        let [before, after] = ApiCall::REFUSAL;
        out.own("<strong class=\"no-command\">").text(before).name(call.refused().unwrap_or_default());
        return out.text(after).own("</strong>");
    };
    out.own("<code class=\"call\">").text(&line).own("</code>");
    if let Some(body) = call.body_line() {
        out.own(" with <code class=\"body\">").text(&body).own("</code>");
    }
    out
}
