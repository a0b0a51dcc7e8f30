//! Documents as one page for a browser: self-contained, without network, useful without its script.
//!
//! What the page says stands in it as plain HTML; the script draws the charts and makes tables sortable and searchable. Text
//! gets in through `markup` alone, which escapes it, and through `data` for the charts, whose script sets texts, never
//! markup. Should anything slip through all the same, the policy of the page runs no script and no style but those whose hashes
//! it names, and loads nothing.

use std::io;

use sha2::{Digest as _, Sha256};

use super::clock::DisplayClock;
use super::view::View;
use super::{Block, Document, Fact, Media, Section, Tone};
use markup::Markup;

mod blocks;
mod cells;
mod data;
mod markup;

/// Rows a table of the page has: more would be slow to open, and are in the JSON report.
pub const ROWS: usize = 10_000;

const STYLE: &str = concat!(
    include_str!("html/assets/page.css"),
    include_str!("html/assets/tables.css"),
    include_str!("html/assets/charts.css"),
    include_str!("html/assets/panel.css"),
    include_str!("html/assets/print.css"),
);

const SCRIPT: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("html/assets/base.js"),
    include_str!("html/assets/tables.js"),
    include_str!("html/assets/timeline.js"),
    include_str!("html/assets/heat.js"),
    include_str!("html/assets/flow.js"),
    include_str!("html/assets/keys.js"),
    include_str!("html/assets/calendar.js"),
    include_str!("html/assets/matrix.js"),
    include_str!("html/assets/state.js"),
    include_str!("html/assets/panel.js"),
    include_str!("html/assets/copy.js"),
    include_str!("html/assets/page.js"),
    "})();\n",
);

/// Writes a document.
///
/// # Errors
/// Only those of `out`.
pub fn write(document: &Document<'_>, view: &View<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let page = HtmlPage { document, view, clock: DisplayClock::new(view.style.zone, document.period) };
    let mut body = Markup::default();
    page.head(&mut body);
    for section in page.sections() {
        page.section(section, &mut body);
    }
    page.foot(&mut body);
    page.data(&mut body)?;
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    let mut title = Markup::default();
    title.text(document.title);
    if let Some(first) = document.period.and_then(|(first, _)| page.clock.local(first)) {
        title.own(" ").text(&first.format("%Y-%m-%d").to_string());
    }
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"generator\" content=\"esaudit {}\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{}<script>{SCRIPT}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        title.finish(),
        body.finish()
    )
}

/// What every part of the page needs.
struct HtmlPage<'p, 'd> {
    document: &'p Document<'d>,
    view: &'p View<'p>,
    clock: DisplayClock,
}

/// Whether a block is on the page.
fn is_shown(block: &Block<'_>) -> bool {
    match block {
        Block::On(media, block) => media.has(Media::PAGE) && is_shown(block),
        _ => true,
    }
}

/// Whether a section has such a block.
fn has(section: &Section<'_>, is: fn(&Block<'_>) -> bool) -> bool {
    section.blocks.iter().any(is)
}

impl<'d> HtmlPage<'_, 'd> {
    /// Whether findings are told one by one, so that others can lead to them.
    fn tells_findings(&self) -> bool {
        self.document.sections.iter().any(|section| has(section, |block| matches!(block, Block::Cards(_))))
    }

    /// The sections of the page: what is told one by one first, then charts, then the rest.
    fn sections(&self) -> Vec<&Section<'d>> {
        let is_shown = |section: &&Section<'d>| section.media.has(Media::PAGE) && has(section, is_shown);
        let mut sections: Vec<_> = self.document.sections.iter().filter(is_shown).collect();
        sections.sort_by_key(|section| {
            let cards = has(section, |block| matches!(block, Block::Cards(_)));
            let charts = has(section, |block| matches!(block, Block::Chart(_)));
            (section.id != "findings" && !cards, !charts)
        });
        sections
    }

    /// Title, what was read, and what the reader must know before believing any number.
    fn head(&self, out: &mut Markup) {
        out.own("<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header class=\"banner\">\n<div class=\"wide\">\n");
        out.own("<div class=\"titles\"><h1>").text(self.document.title).own("</h1>\n");
        let facts = || {
            self.document
                .head
                .iter()
                .flat_map(|block| if let Block::Facts(facts) = block { facts.as_slice() } else { &[] })
        };
        let is_span = |fact: &&Fact| fact.whole.is_some() && fact.value.is_empty();
        for fact in facts().filter(is_span) {
            out.own("<p class=\"when\">");
            self.whole(fact, out);
            out.own("</p>");
        }
        out.own("</div>\n<div class=\"tools\" id=\"tools\"></div>\n<dl class=\"read\">");
        for fact in facts().filter(|fact| fact.tone == Tone::Plain && !is_span(fact)) {
            out.own("<div><dt>").text(fact.name).own("</dt><dd>");
            self.prose(&fact.value, out);
            self.whole(fact, out);
            out.own("</dd></div>");
        }
        out.own("</dl>\n</div>\n</header>\n<nav aria-label=\"Sections\"><ul class=\"wide\">");
        for section in self.sections() {
            out.own("<li><a href=\"#").own(section.id).own("\">").text(section.short).own("</a></li>");
        }
        out.own("</ul></nav>\n<main id=\"main\" tabindex=\"-1\">\n");
        self.warnings(facts(), out);
        for block in &self.document.head {
            if !matches!(block, Block::Facts(_)) {
                self.block(block, "In numbers", out);
            }
        }
    }

    fn whole(&self, fact: &Fact, out: &mut Markup) {
        let Some(whole) = fact.whole else { return };
        out.own(if fact.value.is_empty() { "" } else { " " }).text(&self.clock.whole(whole.from, whole.to, " – "));
        if whole.says_zone {
            out.own("; all times are ").text(&self.clock.zone().to_string());
        }
    }

    fn warnings<'f>(&self, facts: impl Iterator<Item = &'f Fact>, out: &mut Markup) {
        let mut any = false;
        for fact in facts.filter(|fact| fact.tone != Tone::Plain) {
            if !any {
                out.own("<div class=\"warning\" role=\"note\">");
            }
            any = true;
            out.own("<p>");
            if !fact.name.is_empty() {
                out.own("<strong>").text(fact.name).own(":</strong> ");
            }
            self.prose(&fact.value, out);
            out.own("</p>");
        }
        out.own(if any { "</div>\n" } else { "" });
    }

    fn section(&self, section: &Section<'_>, out: &mut Markup) {
        let id = section.id;
        out.own("<section id=\"")
            .own(id)
            .own("\" aria-labelledby=\"h-")
            .own(id)
            .own("\">\n<h2 id=\"h-")
            .own(id)
            .own("\">");
        self.text(&section.title, out);
        out.own("</h2>\n");
        if !section.remark.is_empty() {
            out.own("<p class=\"words\">");
            self.text(&section.remark, out);
            out.own("</p>\n");
        }
        let title = section.title.plain();
        section.blocks.iter().for_each(|block| self.block(block, &title, out));
        out.own("</section>\n");
    }

    fn foot(&self, out: &mut Markup) {
        let [name, version] = &self.document.tool;
        out.own("</main>\n<svg id=\"svg\" aria-hidden=\"true\" width=\"0\" height=\"0\"></svg>\n<footer class=\"wide\"><p>Written by ");
        out.text(name.raw()).own(" ").text(version.raw());
        out.own(", offline. This page loads nothing and sends nothing.</p></footer>\n");
    }
}

/// SHA-256 in base64, as a policy names it.
fn hash(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digest = Sha256::digest(text.as_bytes());
    let mut out = String::with_capacity(44);
    for three in digest.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= three.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        assert_eq!(hash(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(hash("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn assets_stay_within_their_elements() {
        assert!(!STYLE.contains("</"));
        assert!(!SCRIPT.to_ascii_lowercase().contains("</script") && !SCRIPT.contains("<!--"));
        // The ways from text to markup or code.
        for way in ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "fetch(", "://"]
        {
            assert!(!SCRIPT.contains(way), "{way}");
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
