//! The registry of formats: `--format`, the extensions of `--output`, help texts and tests go through it, for every verb. A
//! name that is not here is an error.
//!
//! A new format of documents is a writer and a line in [`FORMATS`].

use std::io;

pub use super::results::{Form, Results};
pub use super::view::{FindingsTold, Screenful, Style, View};
use super::{Document, csv, html, markdown, terminal};

/// What a verb has to have for a format to be there.
#[derive(Debug, Clone, Copy)]
pub enum Shows {
    /// A document: every verb has one. With it, rows of a table unless the user says otherwise; `None` = all.
    Document(Writer, Option<usize>),
    /// Data of a form.
    Data(Form),
}

/// Writes any document.
pub type Writer = fn(&Document<'_>, &View<'_>, &mut dyn io::Write) -> io::Result<()>;

/// A format.
#[derive(Debug)]
pub struct Format {
    /// Name on the command line.
    pub name: &'static str,
    /// Extensions of `--output` that choose it; they are names, too.
    pub extensions: &'static [&'static str],
    /// One line for help texts.
    pub about: &'static str,
    /// What it shows.
    pub shows: Shows,
}

/// The format that is laid out for a screen.
pub const SCREEN: &str = "table";

/// Every format.
pub static FORMATS: &[Format] = &[
    Format {
        name: SCREEN,
        extensions: &["txt"],
        about: "tables for people, fitted to the terminal",
        shows: Shows::Document(terminal::write, Some(View::DEFAULT_TOP)),
    },
    Format {
        name: "json",
        extensions: &["json"],
        about: "everything for programs; names and order are stable",
        shows: Shows::Data(Form::Json),
    },
    Format {
        name: "jsonl",
        extensions: &["jsonl", "ndjson"],
        about: "one JSON object a line",
        shows: Shows::Data(Form::Lines),
    },
    Format {
        name: "csv",
        extensions: &["csv"],
        about: "one table for spreadsheets, or a folder of all (--table)",
        shows: Shows::Document(csv::write, None),
    },
    Format {
        name: "md",
        extensions: &["md", "markdown"],
        about: "Markdown for tickets and wikis",
        shows: Shows::Document(markdown::write, Some(View::DEFAULT_TOP)),
    },
    Format {
        name: "html",
        extensions: &["html", "htm"],
        about: "one page for a browser, with charts; needs no network",
        shows: Shows::Document(html::write, Some(html::ROWS)),
    },
    Format {
        name: "timesketch",
        extensions: &[],
        about: "JSON lines for Timesketch",
        shows: Shows::Data(Form::Timesketch),
    },
    Format {
        name: "ecs-bulk",
        extensions: &["bulk.ndjson"],
        about: "documents of the Elastic Common Schema, for the bulk API of Elasticsearch",
        shows: Shows::Data(Form::EcsBulk),
    },
    Format {
        name: "navigator",
        extensions: &["navigator.json"],
        about: "a layer of the ATT&CK Navigator",
        shows: Shows::Data(Form::Navigator),
    },
    Format {
        name: "stix",
        extensions: &["stix.json"],
        about: "hostile sources as indicators of STIX 2.1",
        shows: Shows::Data(Form::Stix),
    },
    Format {
        name: "ocsf",
        extensions: &["ocsf.ndjson"],
        about: "events of the Open Cybersecurity Schema Framework, one a line",
        shows: Shows::Data(Form::Ocsf),
    },
    Format { name: "esa", extensions: &["esa"], about: "a part file, to be merged", shows: Shows::Data(Form::Part) },
];

impl Format {
    /// Whether a verb that offers these forms of data has it.
    #[must_use]
    pub fn is_offered(&self, forms: &[Form]) -> bool {
        match self.shows {
            Shows::Document(..) => true,
            Shows::Data(form) => forms.contains(&form),
        }
    }

    /// Whether it has room for what was read and what is missing, beside what was asked for.
    #[must_use]
    pub fn tells_coverage(&self) -> bool {
        match self.shows {
            Shows::Document(..) => self.name != "csv",
            Shows::Data(form) => matches!(form, Form::Json | Form::Lines | Form::Part),
        }
    }

    /// Rows of a table unless the user says otherwise; `None` = all, as of data.
    #[must_use]
    pub fn rows(&self) -> Option<usize> {
        match self.shows {
            Shows::Document(_, rows) => rows,
            Shows::Data(_) => None,
        }
    }

    /// Writes results.
    ///
    /// # Errors
    /// Those of `out`, and that there is no table of the name that is asked for.
    pub fn write(&self, results: &dyn Results, view: &View<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        if let Some(screen) = &view.screen
            && let Some(summary) = results.summary()
        {
            return terminal::summary(&summary, screen, view, out);
        }
        match self.shows {
            Shows::Document(write, _) => write(&results.document(), view, out),
            Shows::Data(form) => results.data(form, out),
        }
    }
}

/// The format of a name or an extension, among those of a verb that offers these forms of data.
///
/// # Errors
/// The names there are.
pub fn named(name: &str, forms: &[Form]) -> Result<&'static Format, String> {
    let is = |format: &&Format| {
        format.name == name || format.extensions.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    offered(forms).find(is).ok_or_else(|| {
        let names: Vec<&str> = offered(forms).map(|format| format.name).collect();
        format!("one of {}", names.join(", "))
    })
}

/// The formats of a verb that offers these forms of data.
pub fn offered<'f>(forms: &'f [Form]) -> impl Iterator<Item = &'static Format> + 'f {
    FORMATS.iter().filter(move |format| format.is_offered(forms))
}

/// The extensions that stand for formats of such a verb.
#[must_use]
pub fn extensions(forms: &[Form]) -> Vec<(&'static str, &'static str)> {
    offered(forms).flat_map(|format| format.extensions.iter().map(|known| (*known, format.name))).collect()
}

/// The format that has exactly this name.
#[must_use]
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_extensions_are_unique_and_found() {
        let mut names = Vec::new();
        let all = [
            Form::Json,
            Form::Lines,
            Form::Timesketch,
            Form::EcsBulk,
            Form::Navigator,
            Form::Stix,
            Form::Ocsf,
            Form::Part,
        ];
        for entry in FORMATS {
            assert_eq!(named(entry.name, &all).map(|format| format.name), Ok(entry.name));
            assert!(!entry.about.is_empty() && !entry.about.ends_with('.'), "{}", entry.name);
            names.push(entry.name);
        }
        let extensions: Vec<&str> = extensions(&all).into_iter().map(|(extension, _)| extension).collect();
        for list in [names, extensions] {
            let mut unique = list.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), list.len(), "{list:?}");
        }
        assert_eq!(named("NDJSON", &all).map(|format| format.name), Ok("jsonl"));
        assert!(named("no such", &all).unwrap_err().contains("table, json"));
        assert!(named("timesketch", &[Form::Json]).unwrap_err().ends_with("md, html"));
    }
}
