//! Arguments to plain options. The only file that knows clap.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, error::ErrorKind};

use crate::config::Config;

mod check;
mod collect;
mod demo;
mod diff;
mod events;
mod evidence;
mod explain;
mod export;
mod files_from;
mod filter;
mod impact;
mod keys;
mod kinds;
mod known;
mod man;
mod output;
mod overwrite;
mod parts;
mod read;
mod report;
mod rules;
mod shell;
mod timeline;
mod tips;
mod values;
mod version;

use check::CheckArgs;
pub use check::CheckRequest;
use collect::CollectArgs;
use demo::DemoArgs;
pub use demo::{DemoRequest, LOGS as DEMO_LOGS, NAME as DEMO_NAME};
use diff::DiffArgs;
pub use diff::DiffRequest;
use events::EventsArgs;
pub use events::EventsRequest;
use evidence::{ShowLinesArgs, VerifyArgs};
pub use evidence::{ShowRequest, VerifyRequest};
use explain::ExplainArgs;
pub use explain::ExplainRequest;
use export::ExportArgs;
pub use export::ExportRequest;
use impact::ImpactArgs;
pub use impact::{ImpactRequest, Whom};
use keys::KeysArgs;
pub use keys::KeysRequest;
use parts::{MergeArgs, ScanArgs};
pub use parts::{ScanRequest, StateRequest};
use report::ReportArgs;
pub use report::ReportRequest;
use rules::RulesArgs;
use shell::{CompletionsArgs, ManArgs};
use timeline::TimelineArgs;
pub use timeline::TimelineRequest;

/// Offline analyzer of Elasticsearch security audit logs.
#[derive(Debug, Parser)]
#[command(name = "esaudit", version, disable_version_flag = true, about, max_term_width = 100, after_help = EXIT_STATUS)]
struct Cli {
    /// Print version; with -v also what it was built from
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    version: Option<bool>,
    #[command(subcommand)]
    command: Verb,
}

const EXIT_STATUS: &str = "Exit status: 0 done; 1 done, and a finding at or above --fail-on; 2 some input could not be read whole (the report is still written and \
says which); 64 wrong usage; 130 a signal ended the run (the report of what was read is written and says so).";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Who failed to authenticate, through which realms, how often, from where; which keys were invalidated by whom
    #[command(after_help = report::EXAMPLES)]
    Report(Box<ReportArgs>),
    /// The life of every API key: created, used from where, invalidated by whom, refused since; which ones to rotate
    #[command(after_help = keys::EXAMPLES)]
    Keys(Box<KeysArgs>),
    /// What logs and settings would not show when it is needed: missing events and hours, powerful accounts, endless keys
    #[command(after_help = check::EXAMPLES)]
    Check(Box<CheckArgs>),
    /// Every failed attempt, one a line: NDJSON, CSV or Timesketch
    #[command(after_help = events::EXAMPLES)]
    Events(Box<EventsArgs>),
    /// The story of one user, address or API key in order: failures, successes, changes, pauses
    #[command(after_help = timeline::EXAMPLES)]
    Timeline(Box<TimelineArgs>),
    /// What somebody did once they were in: read, written, deleted, made, and what was done with that since
    #[command(after_help = impact::EXAMPLES)]
    Impact(Box<ImpactArgs>),
    /// Two JSON reports compared: what is new, gone, grown or shrunk, to see whether a fix worked
    #[command(after_help = diff::EXAMPLES)]
    Diff(Box<DiffArgs>),
    /// Attempts, changes and reasons as Parquet, for DuckDB, ClickHouse, Spark, Trino and pandas
    #[command(after_help = export::EXAMPLES)]
    Export(Box<ExportArgs>),
    /// Read logs into a part file, to be merged with those of other nodes
    #[command(after_help = parts::SCAN_EXAMPLES)]
    Scan(Box<ScanArgs>),
    /// Merge part files: the report of one run over all their inputs, or a larger part
    #[command(after_help = parts::MERGE_EXAMPLES)]
    Merge(Box<MergeArgs>),
    /// What a kind of finding means, what turns its verdict, and what to do
    #[command(after_help = explain::EXAMPLES)]
    Explain(Box<ExplainArgs>),
    /// The report on logs that the program brings: three nodes, a day, a break-in
    #[command(after_help = demo::EXAMPLES)]
    Demo(Box<DemoArgs>),
    /// A shell script that collects what a cluster says about itself: nodes, settings, users, roles, API keys, certificates
    #[command(name = "collect-script", after_help = collect::EXAMPLES)]
    CollectScript(CollectArgs),
    /// A script that lets the shell complete verbs, options and values
    #[command(after_help = shell::COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Manual pages
    #[command(after_help = shell::MAN_EXAMPLES)]
    Man(ManArgs),
    /// Kinds of attack as rules of Sigma, for live detection
    #[command(after_help = rules::EXAMPLES)]
    Rules(RulesArgs),
    /// The lines behind a finding or a group of a report, as they stand in the logs
    #[command(after_help = evidence::SHOW_EXAMPLES)]
    Show(Box<ShowLinesArgs>),
    /// Whether a report with a manifest is what was written, and its inputs are what was read
    #[command(after_help = evidence::VERIFY_EXAMPLES)]
    Verify(Box<VerifyArgs>),
}

impl Verb {
    /// Its name on the command line, for errors that are found after parsing.
    fn name(&self) -> &'static str {
        match self {
            Self::Report(_) => "report",
            Self::Keys(_) => "keys",
            Self::Check(_) => "check",
            Self::CollectScript(_) => "collect-script",
            Self::Diff(_) => "diff",
            Self::Timeline(_) => "timeline",
            Self::Impact(_) => "impact",
            Self::Events(_) => "events",
            Self::Export(_) => "export",
            Self::Scan(_) => "scan",
            Self::Merge(_) => "merge",
            Self::Explain(_) => "explain",
            Self::Demo(_) => "demo",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
            Self::Rules(_) => "rules",
            Self::Show(_) => "show",
            Self::Verify(_) => "verify",
        }
    }
}

impl Verb {
    /// Whether existing files of others may be replaced.
    fn forces(&self) -> bool {
        match self {
            Self::Report(args) => args.judge.output.force,
            Self::Merge(args) => args.judge.output.force,
            Self::Keys(args) => args.output.force,
            Self::Check(args) => args.output.force,
            Self::Diff(args) => args.output.force,
            Self::Timeline(args) => args.output.force,
            Self::Impact(args) => args.output.force,
            Self::Events(args) => args.output.force,
            Self::Explain(args) => args.output.force,
            Self::Demo(args) => args.judge.output.force,
            Self::Show(args) => args.output.force,
            Self::Verify(args) => args.output.force,
            Self::Scan(args) => args.force,
            Self::Man(args) => args.force,
            Self::Rules(args) => args.force,
            Self::Export(_) | Self::CollectScript(_) | Self::Completions(_) => false,
        }
    }
}

/// What the terminal is like, where the command line leaves it open.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Columns of where the output is looked at: those of the terminal that standard output is, or that is behind a pager.
    pub width: Option<usize>,
    /// Rows, if standard output is a terminal.
    pub rows: Option<usize>,
    /// Whether `NO_COLOR` is set to something (no-color.org).
    pub no_color: bool,
    /// Whether the locale can show more than ASCII.
    pub unicode: bool,
}

/// What the user asked for.
#[derive(Debug)]
pub enum Command {
    /// `esaudit report`.
    Report(Box<ReportRequest>),
    /// `esaudit keys`.
    Keys(Box<KeysRequest>),
    /// `esaudit check`.
    Check(Box<CheckRequest>),
    /// `esaudit events`.
    Events(Box<EventsRequest>),
    /// `esaudit timeline`.
    Timeline(Box<TimelineRequest>),
    /// `esaudit impact`.
    Impact(Box<ImpactRequest>),
    /// `esaudit diff`.
    Diff(Box<DiffRequest>),
    /// `esaudit export`.
    Export(Box<ExportRequest>),
    /// `esaudit scan`.
    Scan(Box<ScanRequest>),
    /// `esaudit merge`: the paths are part files.
    Merge(Box<ReportRequest>),
    /// `esaudit explain`.
    Explain(Box<ExplainRequest>),
    /// `esaudit demo`.
    Demo(DemoRequest),
    /// Text that is ready to be printed.
    Print(Vec<u8>),
    /// Files, by name, to be written to a folder.
    Files(PathBuf, Vec<(String, Vec<u8>)>),
    /// `esaudit show`.
    Show(ShowRequest),
    /// `esaudit verify`.
    Verify(VerifyRequest),
    /// `esaudit report --print-config`.
    PrintConfig(Box<Config>),
}

/// Exit status of wrong usage, as in sysexits.h, and of help that could not be written.
const WRONG_USAGE: u8 = 64;
const NOT_WRITTEN: u8 = 2;

/// Help, version or a complaint to print before anything is read.
#[derive(Debug)]
pub struct UsageError {
    message: clap::Error,
}

impl UsageError {
    /// Prints it where it belongs and gives the exit status: 0 for help and version, 64 for wrong usage, 2 where it could
    /// not be written.
    #[must_use]
    pub fn print(&self) -> u8 {
        let printed = self.message.print().and_then(|()| std::io::Write::flush(&mut std::io::stdout()));
        match printed {
            // A closed pipe is no reason to fail here either.
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => NOT_WRITTEN,
            _ if self.message.use_stderr() => WRONG_USAGE,
            _ => 0,
        }
    }
}

/// The command line, with `--files-from` in every verb that takes paths.
fn command() -> clap::Command {
    let mut program = Cli::command();
    let takes_paths = |verb: &&clap::Command| {
        verb.get_positionals().any(|argument| ["paths", "parts"].contains(&argument.get_id().as_str()))
    };
    let verbs: Vec<String> =
        program.get_subcommands().filter(takes_paths).map(|verb| verb.get_name().to_owned()).collect();
    for verb in verbs {
        program = program.mut_subcommand(verb, |verb| verb.arg(files_from::argument()));
    }
    program
}

/// One of several known names, as it is written where it is known.
fn one_of(known: impl IntoIterator<Item = &'static str>, name: &str) -> Result<&'static str, String> {
    let known: Vec<&'static str> = known.into_iter().collect();
    known.iter().copied().find(|one| *one == name).ok_or_else(|| format!("one of {}", known.join(", ")))
}

/// Reads the command line.
///
/// # Errors
/// `UsageError` where there is something to print instead of a report.
pub fn parse(arguments: impl IntoIterator<Item = OsString>, terminal: Terminal) -> Result<Command, UsageError> {
    let given: Vec<OsString> = arguments.into_iter().collect();
    if let Some(build) = version::asked(&given) {
        return Ok(Command::Print(build));
    }
    let line = shell::command_line(&given);
    let (arguments, lists) = files_from::expand(given.clone())
        .map_err(|message| UsageError { message: command().error(ErrorKind::ValueValidation, message) })?;
    let matches = command()
        .try_get_matches_from(&arguments)
        .map_err(|message| UsageError { message: tips::better(message, &given) })?;
    let cli = Cli::from_arg_matches(&matches).map_err(|message| UsageError { message })?;
    let verb = cli.command.name();
    let force = cli.command.forces();
    let named = [lists, overwrite::named_otherwise(&command(), &matches)].concat();
    match cli.command {
        Verb::Report(args) => args.resolve(terminal, line),
        Verb::Explain(args) => args.resolve(terminal),
        Verb::Demo(args) => args.resolve(terminal, line),
        Verb::Completions(args) => Ok(args.resolve(command())),
        Verb::Man(args) => args.resolve(command()),
        Verb::Rules(args) => Ok(args.resolve()),
        Verb::Keys(args) => args.resolve(terminal),
        Verb::Check(args) => args.resolve(terminal),
        Verb::CollectScript(args) => Ok(args.resolve()),
        Verb::Diff(args) => args.resolve(terminal),
        Verb::Timeline(args) => args.resolve(terminal),
        Verb::Impact(args) => args.resolve(terminal),
        Verb::Show(args) => args.resolve(terminal),
        Verb::Verify(args) => args.resolve(terminal),
        Verb::Events(args) => args.resolve(terminal),
        Verb::Export(args) => args.resolve(),
        Verb::Scan(args) => args.resolve(),
        Verb::Merge(args) => args.resolve(terminal, line),
    }
    .and_then(|command| overwrite::check(&command, &named, force).map(|()| command))
    .map_err(|message| {
        let mut program = command();
        program.build();
        let command = program.find_subcommand_mut(verb).map(|verb| verb.error(ErrorKind::ValueValidation, &message));
        UsageError { message: command.unwrap_or_else(|| program.error(ErrorKind::ValueValidation, message)) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::formats::{Style, View};
    use crate::judge::{Kind, Severity};
    use crate::options::GroupBy;

    const PIPE: Terminal = Terminal { width: None, rows: None, no_color: false, unicode: true };

    fn report(arguments: &[&str]) -> ReportRequest {
        let arguments = ["esaudit", "report"].iter().chain(arguments).map(OsString::from);
        match parse(arguments, PIPE).unwrap() {
            Command::Report(request) => *request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn grouping_keys_are_put_in_order_once() {
        let request = report(&["x", "--by", "source,principal,source"]);
        assert_eq!(request.read.options.by, [GroupBy::Principal, GroupBy::Source]);
    }

    #[test]
    fn top_cuts_data_only_when_asked() {
        let top = |arguments: &[&str]| report(arguments).outputs.longest();
        assert_eq!(top(&["x", "--format", "json"]), None);
        assert_eq!(top(&["x", "--format", "json", "--top", "5"]), Some(5));
        assert_eq!(top(&["x"]), Some(View::DEFAULT_TOP));
        assert_eq!(top(&["x", "--top", "0"]), None);
        assert_eq!(top(&["x", "-o", "a.csv", "--top", "0"]), None);
    }

    #[test]
    fn files_have_no_colour_and_the_width_that_was_asked_for() {
        let style = |arguments: &[&str]| report(arguments).outputs.list[0].style;
        let narrow = Terminal { width: Some(60), rows: Some(24), no_color: false, unicode: false };
        let arguments = ["esaudit", "report", "x", "-o", "a.txt"].map(OsString::from);
        let Ok(Command::Report(request)) = parse(arguments, narrow) else { panic!("a report") };
        assert_eq!(request.outputs.list[0].style, Style::default());
        assert!(!style(&["x", "-o", "a.txt", "--color", "always"]).color);
        assert!(style(&["x", "-o", "-", "--color", "always"]).color);
        assert_eq!(style(&["x", "-o", "a.txt", "--width", "70"]).width, 70);
    }

    #[test]
    fn outputs_are_chosen_by_extension_and_overridden_by_format() {
        let formats = |arguments: &[&str]| -> Vec<&'static str> {
            report(arguments).outputs.list.into_iter().map(|output| output.format.name).collect()
        };
        assert_eq!(formats(&["x"]), ["table"]);
        assert_eq!(formats(&["x", "--format", "txt"]), ["table"]);
        assert_eq!(formats(&["x", "-o", "a.json", "--output", "b.CSV", "-o", "-"]), ["json", "csv", "table"]);
        assert_eq!(formats(&["x", "-o", "a.json", "--format", "markdown"]), ["md"]);
        let unknown = parse(["esaudit", "report", "x", "-o", "a.doc"].map(OsString::from), PIPE).unwrap_err();
        assert!(unknown.message.use_stderr() && unknown.message.to_string().contains(".jsonl"));
    }

    #[test]
    fn every_verb_that_takes_paths_takes_lists_of_them() {
        let told = |verb: &clap::Command| verb.clone().render_help().to_string().contains("--files-from <FILE>");
        let verbs: Vec<String> =
            command().get_subcommands().filter(|verb| told(verb)).map(|verb| verb.get_name().to_owned()).collect();
        assert_eq!(
            verbs,
            ["report", "keys", "check", "events", "timeline", "export", "scan", "merge", "show", "verify"]
        );
    }

    #[test]
    fn other_verbs() {
        let asked = |arguments: &[&str]| parse(arguments.iter().map(OsString::from), PIPE);
        assert!(matches!(asked(&["esaudit", "report", "--print-config"]), Ok(Command::PrintConfig(_))));
        assert!(matches!(asked(&["esaudit", "explain"]), Ok(Command::Explain(request)) if request.kind.is_none()));
        let kind = asked(&["esaudit", "explain", "clock-skew"]);
        assert!(matches!(kind, Ok(Command::Explain(request)) if request.kind == Some(Kind::ClockSkew)));
        assert!(asked(&["esaudit", "explain", "nonsense"]).is_err());
        assert_eq!(report(&["x", "--fail-on", "high"]).fail_on, Some(Severity::High));
        assert!(asked(&["esaudit", "report", "x", "--config", "no/such.toml"]).is_err());
    }

    /// The commands of the examples: from the program's name to a comment, a pipe or a file.
    fn examples(help: &str) -> Vec<Vec<String>> {
        let lines = help
            .lines()
            .filter(|line| line.starts_with("  "))
            .filter_map(|line| line.find("esaudit ").map(|at| &line[at..]));
        lines
            .map(|line| {
                let ends = ["  ", " | ", " > ", " >> "].into_iter().filter_map(|end| line.find(end)).min();
                let command = &line[..ends.unwrap_or(line.len())];
                let unquoted = |piece: (usize, &str)| match piece {
                    (at, text) if at % 2 == 1 => vec![text.to_owned()],
                    (_, text) => text.split_whitespace().map(str::to_owned).collect(),
                };
                command.split('\'').enumerate().flat_map(unquoted).collect()
            })
            .collect()
    }

    #[test]
    fn every_verb_has_examples_and_they_parse() {
        for verb in command().get_subcommands() {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples = examples(&help);
            let own = examples.iter().filter(|example| example[1] == verb.get_name()).count();
            assert!(own >= 2, "{}", verb.get_name());
            for example in examples {
                let parsed = parse(example.iter().map(OsString::from), PIPE);
                assert!(parsed.is_ok(), "{example:?}: {}", parsed.unwrap_err().message);
            }
        }
    }

    #[test]
    fn shells_and_manuals_know_every_verb() {
        let printed = |arguments: &[&str]| match parse(arguments.iter().map(OsString::from), PIPE) {
            Ok(Command::Print(text)) => String::from_utf8(text).unwrap(),
            other => panic!("{other:?}"),
        };
        let Ok(Command::Files(_, pages)) = parse(["esaudit", "man", "x"].map(OsString::from), PIPE) else {
            panic!("pages")
        };
        for verb in command().get_subcommands().map(clap::Command::get_name) {
            for shell in ["bash", "zsh", "fish", "powershell"] {
                assert!(printed(&["esaudit", "completions", shell]).contains(verb), "{shell} {verb}");
            }
            let page = pages.iter().find(|(name, _)| *name == format!("esaudit-{verb}.1"));
            assert!(page.is_some_and(|(_, text)| String::from_utf8_lossy(text).contains("EXAMPLES")), "{verb}");
        }
        assert!(printed(&["esaudit", "man"]).contains(".TH ESAUDIT 1"));
    }

    #[test]
    fn filters_are_checked_before_anything_is_read() {
        for wrong in [
            &["--since", "yesterday"][..],
            &["--until", "2026-02-30"],
            &["--source", "300.1.1.1"],
            &["--source", "!10.0.0.0/40"],
            &["--reason", "bad_pasword"],
            &["--principal", "!"],
            &["--since", "2026-03-02", "--until", "2026-03-01"],
            &["--tz", "Europe/Atlantis"],
        ] {
            for verb in ["report", "keys", "events", "timeline"] {
                let arguments = [&["esaudit", verb, "x", "--principal", "alice"][..], wrong].concat();
                let stop = parse(arguments.iter().map(OsString::from), PIPE).unwrap_err();
                let message = stop.message.to_string();
                assert!(stop.message.use_stderr() && message.contains(wrong[0]), "{verb} {wrong:?}: {message}");
            }
        }
        assert!(parse(["esaudit", "timeline", "x"].map(OsString::from), PIPE).is_err());
        assert!(parse(["esaudit", "timeline", "x", "--source", "!10.0.0.1"].map(OsString::from), PIPE).is_err());
        assert!(report(&["x", "--key", "-dash"]).read.options.filter.key.pass(std::iter::once(&b"-dash"[..])));
    }

    #[test]
    fn wrong_usage_is_64() {
        let stop = parse(["esaudit", "report"].map(OsString::from), PIPE).unwrap_err();
        assert!(stop.message.use_stderr());
        let help = parse(["esaudit", "--help"].map(OsString::from), PIPE).unwrap_err();
        assert!(!help.message.use_stderr());
    }
}
