//! The report as one page for a browser: self-contained, without network, useful without its script.
//!
//! What the page says stands in it as plain HTML; the script draws the charts and makes tables sortable and searchable. Text
//! from the log gets in through [`text`] alone, which escapes it, and through [`data`] for the charts, whose script sets
//! texts, never markup. Should anything slip through all the same, the policy of the page runs no script and no style but
//! those whose hashes it names, and loads nothing.

use std::io;

use sha2::{Digest as _, Sha256};

use super::table::clock::Clock;
use super::{Renderer, View};
use crate::model::Report;
use crate::time::Zone;

mod charts;
mod coverage;
mod data;
mod findings;
mod grid;
mod summary;
mod tables;
mod text;

/// `--format html`.
#[derive(Debug, Clone, Copy)]
pub struct Html;

/// Rows a table of the page has: more would be slow to open, and are in the JSON report.
const ROWS: usize = 1000;

const STYLE: &str = concat!(
    include_str!("html/assets/page.css"),
    include_str!("html/assets/tables.css"),
    include_str!("html/assets/charts.css"),
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
    include_str!("html/assets/page.js"),
    "})();\n",
);

impl Renderer for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["html", "htm"]
    }

    fn rows(&self) -> Option<usize> {
        Some(ROWS)
    }

    fn about(&self) -> &'static str {
        "one page for a browser, with charts; needs no network"
    }

    fn render(&self, report: &Report, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
        let page = Page {
            report,
            top: view.top,
            zone: view.style.zone,
            clock: Clock::new(view.style.zone, report.coverage.first.as_deref(), report.coverage.last.as_deref()),
        };
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
            hash(SCRIPT),
            hash(STYLE)
        );
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
            page.title()
        )?;
        for part in
            [page.summary(), page.findings(), page.charts(), page.tables(), page.coverage(), page.foot(), page.data()?]
        {
            out.write_all(part.as_bytes())?;
        }
        write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n")
    }
}

/// What every part of the page needs.
struct Page<'a> {
    report: &'a Report,
    top: Option<usize>,
    zone: Zone,
    clock: Clock,
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
