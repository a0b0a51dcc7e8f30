//! Texts of the page: the only way for text from the log to get into it.

use super::Page;
use crate::model::Evidence;
use crate::report::escape;
use crate::report::table::text::{number, parse_time, visible};

/// Longest name that is shown whole, in characters.
const MAX_NAME: usize = 120;

/// Longest name that is never broken into lines.
const MAX_WHOLE: usize = 28;

/// Longest path.
const MAX_PATH: usize = 400;

/// Longest sentence; sentences quote names.
const MAX_PROSE: usize = 2000;

/// A name from the log. Isolated, so that one written from right to left does not move what stands beside it.
pub(super) fn log(text: &str) -> String {
    let shown = plain(text);
    // Short names stay in one piece.
    let class = if shown.chars().count() > MAX_WHOLE { " class=\"long\"" } else { "" };
    format!("<bdi{class}>{shown}</bdi>")
}

/// A name from the log where no markup may stand: attributes, the data of charts.
pub(super) fn plain(text: &str) -> String {
    escape::html(&name(text))
}

/// A name from the log made visible, not yet fit for HTML.
pub(super) fn name(text: &str) -> String {
    if text.is_empty() { "(empty)".to_owned() } else { visible(text, MAX_NAME) }
}

/// A name, or words of our own that say that there is none.
pub(super) fn log_or(text: Option<&str>, absent: &str) -> String {
    text.map_or_else(|| format!("<span class=\"absent\">{absent}</span>"), log)
}

/// A name of the contract (`bad_password`) as words.
pub(super) fn words(text: &str) -> String {
    escape::html(&visible(text, MAX_NAME).replace('_', " "))
}

/// A word of the contract as a class name: only what such names consist of.
pub(super) fn class(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect()
}

/// A path.
pub(super) fn path(text: &str) -> String {
    format!("<code><bdi>{}</bdi></code>", escape::html(&visible(text, MAX_PATH)))
}

/// A line of evidence.
pub(super) fn place(place: &Evidence) -> String {
    format!("<code><bdi>{}</bdi>:{}</code>", escape::html(&visible(&place.path, MAX_PATH)), place.line)
}

/// A word and the punctuation that ends it.
fn bare(word: &str) -> (&str, &str) {
    word.split_at(word.trim_end_matches([',', '.', ';', ':']).len())
}

/// The first of some items, and how many are left.
pub(super) fn some(items: impl Iterator<Item = String>, most: usize, total: u64) -> String {
    let mut shown: Vec<String> = items.take(most).collect();
    let more = total.saturating_sub(shown.len() as u64);
    if more > 0 {
        shown.push(format!("<span class=\"absent\">+{} more</span>", number(more)));
    }
    shown.join(", ")
}

/// An address and its count.
pub(super) fn counted(address: &str, count: u64) -> String {
    format!("{}<span class=\"times\"> ×{}</span>", log(address), number(count))
}

/// A realm chain.
pub(super) fn chain(realms: Option<&[String]>) -> String {
    match realms {
        None => "<span class=\"absent\">not logged</span>".to_owned(),
        Some([]) => "<span class=\"absent\">none asked</span>".to_owned(),
        Some(realms) => {
            let names: Vec<String> = realms.iter().map(|realm| log(realm)).collect();
            names.join(" <span class=\"then\" aria-label=\"then\">→</span> ")
        }
    }
}

/// What a reason rests on.
pub(super) fn basis(basis: &str) -> String {
    match basis {
        "server_log" => "server log".to_owned(),
        "explicit" => "stated".to_owned(),
        "context" => "key listing".to_owned(),
        "none" | "" => String::new(),
        other => words(other),
    }
}

/// A reason and what it rests on.
pub(super) fn reason(reason: &str, basis_of: &str) -> String {
    let basis = basis(basis_of);
    let reason = words(reason);
    if basis.is_empty() { reason } else { format!("{reason} <span class=\"basis\">{basis}</span>") }
}

impl Page<'_> {
    /// A time of the report.
    pub(super) fn time(&self, time: Option<&str>) -> String {
        match time.map(|text| (text, parse_time(text))) {
            Some((text, Some(parsed))) => {
                format!(
                    "<time datetime=\"{}\">{}</time>",
                    escape::html(&visible(text, MAX_NAME)),
                    self.clock.show(parsed)
                )
            }
            Some((text, None)) => log(text),
            None => "<span class=\"absent\">–</span>".to_owned(),
        }
    }

    /// From a time to another.
    pub(super) fn span(&self, start: Option<&str>, end: Option<&str>) -> String {
        if start == end { self.time(start) } else { format!("{} – {}", self.time(start), self.time(end)) }
    }

    /// A sentence, in which requests to the cluster stand out; its times are those of the zone.
    pub(super) fn prose(&self, text: &str) -> String {
        let shown = visible(&self.clock.prose(text), MAX_PROSE);
        let mut out = String::with_capacity(shown.len() + 64);
        let mut words = shown.split(' ').peekable();
        let mut first = true;
        while let Some(word) = words.next() {
            if !first {
                out.push(' ');
            }
            first = false;
            let request = matches!(word, "GET" | "PUT" | "POST" | "DELETE")
                && words.peek().is_some_and(|next| next.starts_with('/') || next.starts_with("https://"));
            let body = word.starts_with("{\"");
            if request {
                let (path, rest) = bare(words.next().unwrap_or_default());
                out.push_str(&format!("<code>{word} {}</code>{}", escape::html(path), escape::html(rest)));
            } else if body {
                let (body, rest) = bare(word);
                out.push_str(&format!("<code>{}</code>{}", escape::html(body), escape::html(rest)));
            } else {
                out.push_str(&escape::html(word));
            }
        }
        out
    }

    /// A list of sentences.
    pub(super) fn sentences(&self, element: &str, sentences: &[impl AsRef<str>]) -> String {
        let item = |sentence: &_| format!("<li>{}</li>", self.prose(AsRef::as_ref(sentence)));
        let items: String = sentences.iter().map(item).collect();
        format!("<{element}>{items}</{element}>")
    }

    /// A node as people call it.
    pub(super) fn node(&self, key: &str) -> String {
        let named = self.report.coverage.nodes.iter().find(|node| node.id.as_deref() == Some(key));
        log(named.and_then(|node| node.name.as_deref()).unwrap_or(key))
    }
}
