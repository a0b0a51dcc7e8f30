//! HTML in the making. Markup is words of the program that are known when it is built; all else is text, and escaped.

use crate::escape;
use crate::words::number;

/// Longest name that is shown whole, in characters.
const MAX_NAME: usize = 120;

/// Longest name that is never broken into lines.
const MAX_WHOLE: usize = 28;

/// Longest address or id that is never broken into lines.
const MAX_ID: usize = 46;

/// Longest sentence or path.
const MAX_TEXT: usize = 2000;

/// Whom a name names.
#[derive(Debug, Clone, Copy)]
pub(super) enum LinkedName {
    /// Who authenticates.
    Principal,
    /// A client's address.
    Address,
    /// An API key.
    Key,
    /// A node.
    Node,
}

/// Whether a letter is of a script that is written from right to left: the blocks of Hebrew to Arabic Extended-A, and those of
/// their presentation forms and of the old scripts (Unicode, `DerivedBidiClass.txt`, R and AL).
fn is_rtl(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// HTML.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Markup of our own.
    pub(super) fn own(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, in an element or a quoted attribute.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escape::html(&escape::bounded(text, true, MAX_TEXT)));
        self
    }

    /// A number.
    pub(super) fn number(&mut self, amount: u64) -> &mut Self {
        self.0.push_str(&number(amount));
        self
    }

    /// Digits, as attributes have them.
    pub(super) fn digits(&mut self, amount: u64) -> &mut Self {
        self.0.push_str(&amount.to_string());
        self
    }

    /// A length within a drawing.
    pub(super) fn length(&mut self, length: f64) -> &mut Self {
        self.0.push_str(&format!("{length:.1}"));
        self
    }

    /// A name from the log where no markup may stand: attributes.
    pub(super) fn plain(&mut self, name: &str) -> &mut Self {
        self.0.push_str(&escape::html(&visible(name)));
        self
    }

    /// A name from the log. Isolated, so that one written from right to left does not move what stands beside it.
    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        let shown = visible(name);
        // Short names stay in one piece.
        self.own(if shown.chars().count() > MAX_WHOLE { "<bdi class=\"long\">" } else { "<bdi>" });
        self.0.push_str(&escape::html(&shown));
        self.own("</bdi>")
    }

    /// A name that the script leads from to everything of whom it names. Addresses and ids are one piece, unless they are longer
    /// than any of them.
    pub(super) fn actor(&mut self, actor: LinkedName, name: &str) -> &mut Self {
        let signs = name.chars().count();
        self.own("<bdi data-a=").own(match actor {
            LinkedName::Principal => "p",
            LinkedName::Address => "a",
            LinkedName::Key => "k",
            LinkedName::Node => "n",
        });
        let is_id = matches!(actor, LinkedName::Address | LinkedName::Key);
        self.own(match (is_id, signs) {
            (true, ..=MAX_ID) => " class=\"whole\">",
            (_, ..=MAX_WHOLE) => ">",
            _ => " class=\"long\">",
        });
        self.plain(name).own("</bdi>")
    }

    /// A sentence. Words that are written from right to left are isolated, so that they do not move numbers beside them.
    pub(super) fn sentence(&mut self, text: &str) -> &mut Self {
        let shown = escape::bounded(text, true, MAX_TEXT);
        if !shown.chars().any(is_rtl) {
            self.0.push_str(&escape::html(&shown));
            return self;
        }
        for (at, word) in shown.split(' ').enumerate() {
            self.own(if at > 0 { " " } else { "" });
            let moved = word.chars().any(is_rtl);
            self.own(if moved { "<bdi>" } else { "" });
            self.0.push_str(&escape::html(word));
            self.own(if moved { "</bdi>" } else { "" });
        }
        self
    }

    /// A word of the contract as a class name: only what such names consist of.
    pub(super) fn class(&mut self, word: &str) -> &mut Self {
        self.0.push_str(&class(word));
        self
    }

    /// A JSON document within a script element.
    pub(super) fn json(&mut self, document: &str) -> &mut Self {
        self.0.push_str(&escape::json_in_script(document));
        self
    }

    /// What was made elsewhere.
    pub(super) fn add(&mut self, other: &Self) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// How long it is.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The HTML.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Only what class names of the page consist of.
pub(super) fn class(word: &str) -> String {
    word.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect()
}

/// A name from the log made visible, not yet fit for HTML.
pub(super) fn visible(name: &str) -> String {
    if name.is_empty() { "(empty)".to_owned() } else { escape::bounded(name, true, MAX_NAME) }
}
