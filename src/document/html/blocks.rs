//! Blocks of the page: tables that can be sorted and searched, cards, lists, and places for the charts.

use super::cells::IN_CELL;
use super::markup::Markup;
use super::{HtmlPage, ROWS};
use crate::document::chart::{Chart, Spark};
use crate::document::{Block, Card, Cards, Cell, ColumnKind, Figure, List, ListKind, Media, Row, Table, Tone};
use crate::words;

/// Bytes of the main table, which has room for [`ROWS`] rows of names of the usual length, and of others: a page must open
/// whatever the log holds.
const MAIN_ROOM: usize = 12 << 20;
const ROOM: usize = 512 << 10;

/// Bytes of what is told one by one; what is beyond is in the table alone.
const CARDS_ROOM: usize = 1536 << 10;

/// Rows that are drawn when the page opens; the script has the others in hand (`tables.js`).
const DRAWN: usize = 1000;

impl HtmlPage<'_, '_> {
    /// A block of a section of this title.
    pub(super) fn block(&self, block: &Block<'_>, title: &str, out: &mut Markup) {
        match block {
            Block::Facts(_) => {}
            Block::Headline(head, tail) => {
                out.own("<p class=\"headline\"><strong>");
                self.text(head, out);
                out.own("</strong>");
                self.text(tail, out);
                out.own("</p>\n");
            }
            Block::Figures(figures) => self.figures(figures, out),
            Block::Prose(text, _) if text.is_empty() => {}
            Block::Prose(text, tone) => {
                out.own(match tone {
                    Tone::Dim => "<p class=\"words\">",
                    Tone::Bad | Tone::Alarm => "<p class=\"warning alarm\">",
                    Tone::Warn => "<p class=\"warning\">",
                    _ => "<p class=\"prose\">",
                });
                self.prose(text, out);
                out.own("</p>\n");
            }
            Block::List(list) => self.list(list, out),
            Block::Fields(fields) => self.fields(fields, "<dl class=\"who\">", out),
            Block::Table(table) => self.table(table, title, out),
            Block::Beside(tables) => {
                out.own("<div class=\"columns\">");
                for table in tables {
                    out.own("<div>");
                    self.table(table, title, out);
                    out.own("</div>");
                }
                out.own("</div>\n");
            }
            Block::Cards(cards) => self.cards(cards, out),
            Block::Chart(chart) => place_of(chart, out),
            Block::Spark(spark) => sparkline(spark, out),
            Block::Log(lines) => {
                out.own("<pre class=\"log\">");
                for line in *lines {
                    let mark = if line.is_evidence { ":" } else { "-" };
                    out.text(line.path.raw()).own(mark).digits(line.number).own(mark).own(" ").text(line.text.raw());
                    out.own("\n");
                }
                out.own("</pre>\n");
            }
            Block::Fold { title: summary, open, blocks } => {
                // What is open at first is there for those without the script, which closes it.
                out.own(if *open { "<details class=\"numbers\" open><summary>" } else { "<details><summary>" });
                self.text(summary, out);
                out.own("</summary>");
                let title = summary.plain();
                blocks.iter().for_each(|block| self.block(block, &title, out));
                out.own("</details>\n");
            }
            Block::On(media, block) if media.has(Media::PAGE) => self.block(block, title, out),
            Block::On(..) => {}
        }
    }

    fn figures(&self, figures: &[Figure], out: &mut Markup) {
        let sections = self.sections();
        out.own("<ul class=\"figures\" aria-label=\"In numbers\">");
        for figure in figures {
            let leads = sections.iter().any(|section| section.id == figure.to);
            out.own(if leads { "<li><a href=\"#" } else { "<li><a href=\"#main" });
            out.own(if leads { figure.to } else { "" }).own("\"><b>").number(figure.amount).own("</b> <span>");
            out.text(figure.name).own("</span></a></li>");
        }
        out.own("</ul>\n");
    }

    fn list(&self, list: &List, out: &mut Markup) {
        if list.items.is_empty() {
            return;
        }
        let (open, close) = match list.kind {
            ListKind::Bullets => ("<ul>", "</ul>"),
            ListKind::Steps => ("<ol>", "</ol>"),
            ListKind::Places => ("<ul class=\"evidence\">", "</ul>"),
        };
        if !list.name.is_empty() {
            out.own("<div><h4>").own(list.name).own("</h4>");
        }
        out.own(open);
        for item in &list.items {
            out.own("<li>");
            self.prose(item, out);
            out.own("</li>");
        }
        out.own(close).own(if list.name.is_empty() { "\n" } else { "</div>\n" });
    }

    fn cards(&self, cards: &Cards<'_>, out: &mut Markup) {
        let before = out.len();
        for (number, card) in (cards.cards)().enumerate() {
            if out.len() - before > CARDS_ROOM {
                out.own("<p class=\"cut\">The first ").number(number as u64).own(" of ").number(cards.total as u64);
                out.own(" findings are explained here; the others are explained in the JSON report.</p>\n");
                break;
            }
            self.card(&card, out);
        }
    }

    fn card(&self, card: &Card<'_>, out: &mut Markup) {
        let id = card.id.raw();
        let severity =
            card.badges.iter().find_map(|badge| if let Cell::Severity(word) = badge { Some(word.raw()) } else { None });
        out.own("<article class=\"finding sev-").class(severity.unwrap_or_default()).own("\" id=\"").plain(id);
        out.own("\" aria-labelledby=\"h-").plain(id).own("\">\n<p class=\"badges\">");
        for badge in &card.badges {
            self.cell(badge, IN_CELL, out);
            out.own(" ");
        }
        out.own("</p>\n<h3 id=\"h-").plain(id).own("\"><span class=\"id\">").plain(id).own("</span> ");
        self.text(&card.title, out);
        out.own("</h3>\n<ul class=\"facts\">");
        for (_, fact, tone) in card.facts.iter().filter(|(media, ..)| media.has(Media::PAGE)) {
            let strong = *tone == Tone::Bad;
            out.own(if strong { "<li><strong>" } else { "<li>" });
            self.text(fact, out);
            out.own(if strong { "</strong></li>" } else { "</li>" });
        }
        out.own("</ul>\n");
        // Lists stand beside each other where there is room.
        let is_list = |block: &Block<'_>| matches!(block, Block::List(_));
        let mut rest = card.blocks.as_slice();
        while let Some(first) = rest.first() {
            let lists = rest.iter().take_while(|block| is_list(block)).count();
            if lists == 0 {
                self.block(first, "", out);
                rest = &rest[1..];
                continue;
            }
            out.own("<div class=\"columns\">\n");
            rest[..lists].iter().for_each(|block| self.block(block, "", out));
            out.own("</div>\n");
            rest = &rest[lists..];
        }
        out.own("</article>\n");
    }

    fn table(&self, table: &Table<'_>, title: &str, out: &mut Markup) {
        let columns: Vec<_> = table.columns_on(Media::PAGE).collect();
        let most = self.view.rows(table, ROWS);
        let room = if table.name == self.document.main { MAIN_ROOM } else { ROOM };
        let mut body = Markup::default();
        let (mut shown, mut written) = (0, 0);
        for row in table.taken(most) {
            if body.len() >= room {
                break;
            }
            body.own("<tr>");
            for (at, column) in &columns {
                body.own(if column.kind == ColumnKind::Number { "<td class=\"num\">" } else { "<td>" });
                match &row {
                    Row::Cells(cells) => {
                        cells.get(*at).into_iter().for_each(|cell| self.cell(cell, IN_CELL, &mut body))
                    }
                    Row::Remark(of, text) if of == at => {
                        body.own("<span class=\"absent\">");
                        self.text(text, &mut body);
                        body.own("</span>");
                    }
                    Row::Remark(..) => {}
                }
                body.own("</td>");
            }
            shown += u64::from(matches!(row, Row::Cells(_)));
            body.own("</tr>\n");
            written += 1;
            if written == DRAWN {
                body.own("</tbody>\n<tbody class=\"more\">\n");
            }
        }
        if shown == 0 {
            out.own("<p>");
            self.text(&table.empty, out);
            out.own("</p>\n");
            return;
        }
        let total = table.total.max(shown);
        if shown < total {
            out.own("<p class=\"cut\">The first ").number(shown).own(" of ").number(total);
            out.own(" rows. All of them are in the JSON report; <code>--top</code> changes how many are shown.</p>\n");
        }
        out.own("<div class=\"scroll\"><table id=\"t-").own(table.name).own("\" data-total=\"").digits(total).own("\"");
        out.own(if table.timed { " data-timed" } else { "" }).own(">\n<caption>");
        if table.caption.is_empty() {
            out.text(title);
        } else {
            self.text(&table.caption, out);
        }
        out.own("</caption>\n<thead><tr>");
        for (_, column) in &columns {
            out.own(match column.kind {
                ColumnKind::Text => "<th scope=\"col\" data-kind=\"text\">",
                ColumnKind::Number => "<th scope=\"col\" data-kind=\"num\">",
                ColumnKind::Time => "<th scope=\"col\" data-kind=\"time\">",
            });
            out.text(column.title).own("</th>");
        }
        out.own("</tr></thead>\n<tbody>\n").add(&body).own("</tbody>\n</table></div>\n");
    }
}

/// A place that the script draws a chart into.
fn place_of(chart: &Chart<'_>, out: &mut Markup) {
    out.own("<div class=\"chart\" id=\"c-").own(match chart {
        Chart::Series(_) => "timeline",
        Chart::Heat(_) => "heat",
        Chart::Flow(_) => "realms",
        Chart::Lives(_) => "keys",
    });
    out.own("\"><p class=\"noscript\">The chart needs JavaScript; its numbers stand below.</p></div>\n");
}

/// Bars, drawn here: they need no script.
fn sparkline(spark: &Spark, out: &mut Markup) {
    let (counts, peak) = (&spark.counts, spark.peak());
    if counts.len() < 3 || peak == 0 {
        return;
    }
    let width = counts.len() as u64 * 6;
    let step = words::seconds(spark.bucket_seconds);
    out.own("<figure class=\"spark\"><svg viewBox=\"0 0 ").digits(width).own(" 28\" width=\"").digits(width);
    out.own("\" height=\"28\" role=\"img\" aria-label=\"Over time, at most ")
        .digits(peak)
        .own(" in ")
        .text(&step)
        .own("\">");
    for (at, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // At least a trace of anything above nothing.
        let height = (count as f64 / peak as f64 * 28.0).max(1.5);
        out.own("<rect x=\"").digits(at as u64 * 6).own("\" y=\"").length(28.0 - height);
        out.own("\" width=\"5\" height=\"").length(height).own("\"/>");
    }
    out.own("</svg><figcaption>").text(&step).own(" a bar, peak ").number(peak).own("</figcaption></figure>\n");
}
