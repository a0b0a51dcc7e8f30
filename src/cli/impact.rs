//! `esaudit impact`.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::Args;

use super::filter;
use super::known::SurroundingsArgs;
use super::output::{JSON, OutputArgs};
use super::read::{InputArgs, RunArgs};
use super::{Command, Terminal};
use crate::options::filter::{Bound, Edge, Filter, Pattern, Rules};
use crate::options::{DEFAULT_MATCH_WINDOW_MS, Options, Surroundings};
use crate::output::Outputs;
use crate::pipeline::{Inputs, Request};
use crate::time::Millis;

pub(super) const EXAMPLES: &str = "\
Examples:
  esaudit report logs -o report.json
  esaudit impact F1 --report report.json logs     what the actor of the first finding did
  esaudit impact F1 --report report.json          the logs are where they were
  esaudit impact --principal alice --source 198.51.100.7 --since 2026-03-01 logs
  esaudit impact --key VuaCfGcBCdbkQm-e5aOa logs -o impact.html";

/// Heading of the options that name the actor.
const WHOM: &str = "Whom to follow (repeatable; `!VALUE` excludes, `*` and `?` stand for anything)";

#[derive(Debug, Args)]
pub(super) struct ImpactArgs {
    /// A finding (F1), unless options name somebody; then files, folders (read recursively) and quoted globs [default with
    /// --report: where they were]. Of parts that `scan` wrote it tells what they hold
    #[arg(required = true, value_name = "[FINDING] PATH")]
    arguments: Vec<OsString>,

    /// The report that has the finding, written with --format json
    #[arg(long, value_name = "REPORT.json", conflicts_with_all = ["principal", "key", "source"])]
    report: Option<PathBuf>,

    /// Whose deeds: the user who authenticated; with --key and --source all have to hold
    #[arg(
        long,
        value_name = "NAME",
        help_heading = WHOM
    )]
    principal: Vec<String>,

    /// With which API key, by id or name
    #[arg(
        long,
        value_name = "KEY",
        allow_hyphen_values = true,
        help_heading = WHOM
    )]
    key: Vec<String>,

    /// From which address, a block such as 10.0.0.0/8, or a network of the configuration by name, `@office`
    #[arg(
        long,
        value_name = "ADDRESS",
        help_heading = WHOM
    )]
    source: Vec<String>,

    /// From this time on: 2026-03-01, 2026-03-01T12:00, RFC 3339, `2h ago`, `start+1h`, `end-1h` [default: the first success
    /// of the finding, or of whom it follows]
    #[arg(long, value_name = "TIME")]
    since: Vec<String>,

    /// Up to this time, with all of the day, minute or second that it names [default: the end]
    #[arg(long, value_name = "TIME")]
    until: Vec<String>,

    #[command(flatten)]
    known: SurroundingsArgs,

    #[command(flatten)]
    pub(super) output: OutputArgs,

    #[command(flatten)]
    input: InputArgs,

    #[command(flatten)]
    run: RunArgs,
}

/// Whom it is about.
#[derive(Debug)]
pub enum Whom {
    /// The actor of a finding.
    Finding {
        /// `F1`.
        id: String,
        /// The report that has it; else that of the inputs.
        report: Option<PathBuf>,
    },
    /// Whom the filter of the request names.
    Named,
}

/// `esaudit impact`, resolved.
#[derive(Debug)]
pub struct ImpactRequest {
    /// What to read, and how.
    pub read: Request,
    /// Whom it is about.
    pub whom: Whom,
    /// What is known of the surroundings; `None` = what the report was made with.
    pub surroundings: Option<Surroundings>,
    /// Where to write it, and how.
    pub outputs: Outputs,
}

/// Whether an argument is the id of a finding, and no file of that name.
fn names_finding(argument: &OsStr) -> bool {
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = argument.to_str().and_then(|text| text.strip_prefix(['F', 'f'])).is_some_and(is_number);
    is_id && !std::path::Path::new(argument).exists()
}

impl ImpactArgs {
    pub(super) fn resolve(self, terminal: Terminal) -> Result<Command, String> {
        let Self { arguments, report, principal, key, source, since, until, known, output, input, run } = self;
        let surroundings = known.surroundings();
        let book = surroundings.as_ref().map(|known| known.known.clone()).unwrap_or_default();
        let now = Millis::now();
        let times = |name: &str, texts: &[String], edge| {
            let read =
                |text: &String| Bound::parse(text, edge, output.tz, now).map_err(|error| format!("--{name}: {error}"));
            texts.iter().map(read).collect::<Result<Vec<_>, _>>()
        };
        let rules = |name: &str, texts: &[String], check: fn(&str) -> Result<Pattern, String>| {
            Rules::parse(texts, check).map_err(|error| format!("--{name}: {error}"))
        };
        let filter = Filter {
            since: times("since", &since, Edge::First)?,
            until: times("until", &until, Edge::Last)?,
            principal: rules("principal", &principal, Pattern::text)?,
            source: filter::source(&source, &book)?,
            key: rules("key", &key, Pattern::text)?,
            ..Filter::default()
        };
        if let Some((since, until)) = filter.never() {
            return Err(format!("--since {since} lies after --until {until}: nothing would be left"));
        }
        let named = [&filter.principal, &filter.source, &filter.key].iter().any(|rules| !rules.wanted().is_empty());
        let mut paths = arguments;
        let whom = match report {
            None if named => Whom::Named,
            report if report.is_some() || paths.len() > 1 && names_finding(&paths[0]) => {
                Whom::Finding { id: paths.remove(0).to_string_lossy().into_owned(), report }
            }
            _ => {
                return Err(
                    "whose deeds? name a finding (F1 and the logs), a user (--principal), an API key (--key) or an \
                            address (--source)"
                        .to_owned(),
                );
            }
        };
        let mut read = Request::new(Inputs::Any(paths), Options::default());
        input.apply(&mut read.options);
        run.apply(&mut read);
        read.options.match_window_ms = DEFAULT_MATCH_WINDOW_MS;
        read.options.filter = filter;
        Ok(Command::Impact(Box::new(ImpactRequest {
            read,
            whom,
            surroundings,
            outputs: output.resolve(terminal, JSON, "table")?,
        })))
    }
}
