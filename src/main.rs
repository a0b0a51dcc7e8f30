//! Parse arguments, run, exit status.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use esaudit::aggregate;
use esaudit::cli::{
    self, Command, DiffRequest, EventsRequest, ExportRequest, KeysRequest, PART, ReportRequest, ScanRequest,
    ShowRequest, Terminal, TimelineRequest, VerifyRequest,
};
use esaudit::detect::{self, Severity};
use esaudit::model::Coverage;
use esaudit::options::{GroupBy, Options};
use esaudit::output::{self, Output};
use esaudit::part::{self, Part, PartError, Reading};
use esaudit::pipeline::Evidence;
use esaudit::progress::Verbosity;
use esaudit::report::{self, View, escape, renderer};
use esaudit::watch::watch;
use esaudit::{config, diff, interrupt, manifest, pipeline, show, verify};

/// Some input could not be read whole, or the report could not be written.
const INCOMPLETE: u8 = 2;

fn main() -> ExitCode {
    if let Err(error) = interrupt::install() {
        let _ = writeln!(io::stderr(), "esaudit: signals end the program without a report: {error}");
    }
    let done = match cli::parse(std::env::args_os(), terminal()) {
        Ok(Command::Report(request)) => report(&request),
        Ok(Command::Keys(request)) => keys(&request),
        Ok(Command::Diff(request)) => compare(&request),
        Ok(Command::Timeline(request)) => timeline(&request),
        Ok(Command::Show(request)) => show(&request),
        Ok(Command::Verify(request)) => verify(&request),
        Ok(Command::Events(request)) => events(&request),
        Ok(Command::Export(request)) => export(&request),
        Ok(Command::Scan(request)) => scan(&request),
        Ok(Command::Merge(request)) => merge(&request),
        Ok(Command::Explain(None, _)) => text(detect::listing()),
        Ok(Command::Explain(Some(kind), config)) => text(detect::explain(kind, &config.thresholds).unwrap_or_default()),
        Ok(Command::Print(text)) => self::text(text),
        Ok(Command::Files(folder, files)) => write_files(&folder, &files),
        Ok(Command::PrintConfig(config)) => text(config::print(&config)),
        Err(stop) => Ok(stop.print()),
    };
    ExitCode::from(done.unwrap_or_else(|error| {
        complain(&error.to_string());
        INCOMPLETE
    }))
}

fn report(request: &ReportRequest) -> Result<u8, Box<dyn std::error::Error>> {
    if part::are_parts(&request.paths)? {
        return Err("these are parts of a scan: `esaudit merge` makes the report of them".into());
    }
    let analysis = watched(&request.options, || pipeline::analyze(&request.paths, &request.options))?;
    write_report(analysis, request, &request.options)
}

/// Shows the progress of a run where somebody looks, and afterwards what was noted for those who asked for more.
fn watched<T>(options: &Options, run: impl FnOnce() -> T) -> T {
    let progress = &options.progress;
    let shown = (progress.verbosity != Verbosity::Quiet && io::stderr().is_terminal()).then(|| {
        let columns = || terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
        watch(progress, io::stderr(), columns, unicode_locale())
    });
    let done = run();
    drop(shown);
    if progress.verbosity == Verbosity::Verbose {
        let (notes, phases) = progress.told();
        notes.iter().for_each(|note| complain(note));
        for (phase, lasted) in phases {
            complain(&format!("{phase}: {:.3} s", lasted.as_secs_f64()));
        }
    }
    done
}

fn scan(request: &ScanRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let naming = pipeline::Naming { prefix: &request.prefix, stdin: request.name.as_deref() };
    let part = watched(&request.options, || pipeline::scan(&request.paths, &request.options, naming))?;
    let problems = part.problems_total();
    if request.options.strict && problems > 0 {
        complain(&format!("no part, because of --strict and {problems} problems; `esaudit report` lists them"));
        return Ok(INCOMPLETE);
    }
    let written = written(&request.output, |out| part.write(out));
    Ok(if part.state.inputs.iter().any(|input| input.interrupted) {
        interrupt::EXIT_STATUS
    } else if part.is_incomplete() || !written {
        INCOMPLETE
    } else {
        0
    })
}

fn merge(request: &ReportRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let (whole, options) = merged(&request.paths, &request.options)?;
    let mut incomplete = false;
    for output in request.outputs.iter().filter(|output| output.format == PART) {
        incomplete |= !written(output, |out| whole.write(out));
    }
    let status = if request.outputs.iter().all(|output| output.format == PART) {
        if whole.is_incomplete() { INCOMPLETE } else { 0 }
    } else {
        write_report(watched(&options, || pipeline::analyze_part(whole, &options))?, request, &options)?
    };
    Ok(if incomplete { INCOMPLETE } else { status })
}

/// The union of part files, and the options with which they were scanned put into others.
fn merged(paths: &[OsString], options: &Options) -> Result<(Part, Options), Box<dyn std::error::Error>> {
    let mut broken = Vec::new();
    let parts = paths.iter().filter_map(|path| {
        let name = Path::new(path).display().to_string();
        match File::open(path).map_err(PartError::from).and_then(|mut file| Part::read(&mut file)) {
            Ok(part) => Some((name, part)),
            Err(error) => {
                broken.push(format!("{name}: {error}"));
                None
            }
        }
    });
    let whole = pipeline::merge_parts(parts, options);
    if let Some(last) = broken.pop() {
        broken.iter().for_each(|message| complain(message));
        return Err(last.into());
    }
    let whole = whole?;
    let mut options = options.clone();
    whole.reading.apply(&mut options)?;
    Ok((whole, options))
}

/// What parts hold, where a verb that reads logs is given parts; `None` for logs.
fn scanned(paths: &[OsString], options: &Options) -> Result<Option<(Part, Options)>, Box<dyn std::error::Error>> {
    if !part::are_parts(paths)? {
        return Ok(None);
    }
    // Paths of requests are told where the parts hold them.
    let by = options.by.iter().copied().filter(|by| *by != GroupBy::Path).collect();
    let (whole, merged) = merged(paths, &Options { by, ..options.clone() })?;
    if let Some((name, asked, used)) = whole.reading.refuses(&Reading::of(options)) {
        return Err(format!("--{name} `{asked}`: the parts were scanned with `{used}`; scan the logs anew").into());
    }
    Ok(Some((whole, Options { by: options.by.clone(), ..merged })))
}

/// Reads logs or parts, and gives the options that count.
fn read(paths: &[OsString], options: &Options) -> Result<(Evidence, Options), Box<dyn std::error::Error>> {
    Ok(match scanned(paths, options)? {
        Some((part, options)) => (watched(&options, || pipeline::read_part(part, &options))?, options),
        None => (watched(options, || pipeline::read(paths, options))?, options.clone()),
    })
}

/// Writes a report to every output that wants one.
fn write_report(
    analysis: pipeline::Analysis,
    request: &ReportRequest,
    options: &Options,
) -> Result<u8, Box<dyn std::error::Error>> {
    let pipeline::Analysis { mut report, mut incomplete, stored, joined, threads } = analysis;
    if let Some(status) = refused(options, &report.coverage) {
        return Ok(status);
    }
    let mut outputs = Vec::new();
    for output in request.outputs.iter().filter(|output| output.format != PART) {
        outputs.push((output, renderer(output.format).ok_or("no such format")?));
    }
    // Data is cut before it is written, tables when they are drawn, so that they can say how much is left: tables first.
    let (data, tables): (Vec<_>, Vec<_>) = outputs.into_iter().partition(|(_, renderer)| renderer.rows().is_none());
    for (list, cut) in [(tables, None), (data, request.top.flatten())] {
        if let Some(top) = cut.filter(|_| !list.is_empty()) {
            report.cut(top);
        }
        if options.manifest {
            manifest::seal(&mut report, stored.clone())?;
        }
        for (output, renderer) in list {
            let view = View::of(output.style, renderer, request.top);
            incomplete |= !threads.install(|| written(output, |out| renderer.render(&report, &view, out)));
        }
    }
    let severities = report.findings.iter().map(|finding| finding.severity.as_str());
    let alarming = alarming(severities, request.fail_on);
    let status = status(&report.coverage, options, incomplete, u8::from(alarming));
    // The process ends next, and the system frees memory at once that would take long to free piece by piece.
    std::mem::forget((report, joined, threads));
    Ok(status)
}

/// With `--strict`, the exit status where anything is wrong with the inputs; the problems go to standard error.
fn refused(options: &Options, coverage: &Coverage) -> Option<u8> {
    if !options.strict || coverage.problems_total == 0 {
        return None;
    }
    let mut out = io::stderr().lock();
    let shown = |text: &str| escape::terminal(text, false);
    // Nothing is left to tell if even this cannot be written.
    let _ = writeln!(out, "esaudit: no report, because of --strict and {} problems:", coverage.problems_total);
    for problem in &coverage.problems {
        let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
        let (path, message) = (shown(&problem.path), shown(&problem.message));
        let _ = writeln!(out, "  {path}{line}: {} ({message})", problem.kind);
    }
    let more = coverage.problems_total - coverage.problems.len() as u64;
    if more > 0 {
        let _ = writeln!(out, "  and {more} more (--problems)");
    }
    Some(if coverage.interrupted { interrupt::EXIT_STATUS } else { INCOMPLETE })
}

/// The exit status of a run whose outputs are written: `done`, unless something is lacking. Says on standard error what
/// nobody may overlook.
fn status(coverage: &Coverage, options: &Options, incomplete: bool, done: u8) -> u8 {
    warn(coverage);
    let short = coverage.audit_events < options.require_events;
    if coverage.holds_nothing() {
        cli::explain_nothing(coverage).iter().for_each(|line| complain(line));
    } else if short {
        let (found, wanted) = (coverage.audit_events, options.require_events);
        complain(&format!("{found} audit events, fewer than --require-events {wanted}"));
    }
    let incomplete = incomplete || short || coverage.holds_nothing();
    if coverage.interrupted {
        interrupt::EXIT_STATUS
    } else if incomplete {
        INCOMPLETE
    } else {
        done
    }
}

/// Says on standard error what nobody may overlook, whatever became of the report.
fn warn(coverage: &Coverage) {
    if coverage.interrupted {
        complain("interrupted: the report is of what was read before");
    }
    if !coverage.reconciled {
        complain("the numbers of this report do not add up; do not rely on it");
    }
}

fn write_files(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<u8, Box<dyn std::error::Error>> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (name, bytes) in files {
        let path = folder.join(name);
        output::file(&path, |out| out.write_all(bytes)).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(0)
}

fn text(text: impl AsRef<[u8]>) -> Result<u8, Box<dyn std::error::Error>> {
    output::print(|out| out.write_all(text.as_ref()))?;
    Ok(0)
}

fn keys(request: &KeysRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let (read, options) = read(&request.paths, &request.options)?;
    let report = aggregate::keys(&read.joined, &read.problems, &options, &request.query);
    if let Some(status) = refused(&options, &report.coverage) {
        return Ok(status);
    }
    let mut incomplete = read.incomplete;
    for output in &request.outputs {
        let view = View { style: output.style, top: request.top };
        incomplete |= !written(output, |out| report.render(output.format, &view, out));
    }
    Ok(status(&report.coverage, &options, incomplete, 0))
}

fn show(request: &ShowRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let lines = show::find(&request.report, &request.id, &request.paths)?;
    let how = show::How { context: request.context, raw: request.raw, unicode: terminal().unicode };
    let mut remarks = Vec::new();
    output::print(|out| {
        remarks = show::write(&lines, how, out)?;
        Ok(())
    })?;
    remarks.iter().for_each(|remark| complain(remark));
    Ok(if remarks.is_empty() { 0 } else { INCOMPLETE })
}

fn verify(request: &VerifyRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let outcome = verify::verify(&request.report, &request.paths)?;
    output::print(|out| verify::write(&outcome, terminal().unicode, out))?;
    Ok(u8::from(!outcome.holds()))
}

fn timeline(request: &TimelineRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let (told, options) = match scanned(&request.paths, &request.options)? {
        Some((part, options)) => (watched(&options, || pipeline::tell_part(part, &options))?, options),
        None => {
            let options = request.options.clone();
            (watched(&options, || pipeline::tell(&request.paths, &options))?, options)
        }
    };
    let (story, mut incomplete) = told;
    if let Some(status) = refused(&options, &story.coverage) {
        return Ok(status);
    }
    for output in &request.outputs {
        let view = View { style: output.style, top: request.top };
        incomplete |= !written(output, |out| story.render(output.format, &view, out));
    }
    Ok(status(&story.coverage, &options, incomplete, 0))
}

fn compare(request: &DiffRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let (old, new) = (diff::load(&request.old)?, diff::load(&request.new)?);
    let name = |path: &Path| path.to_string_lossy().into_owned();
    let diff = diff::diff((&name(&request.old), &old), (&name(&request.new), &new));
    let mut incomplete = false;
    for output in &request.outputs {
        let view = View { style: output.style, top: request.top };
        incomplete |= !written(output, |out| diff.render(output.format, &view, out));
    }
    let severities = diff.findings.new.iter().filter_map(|found| found.severity_new.as_deref());
    Ok(if incomplete { INCOMPLETE } else { u8::from(alarming(severities, request.fail_on)) })
}

/// Whether a severity is at or above the one to fail on.
fn alarming<'s>(mut severities: impl Iterator<Item = &'s str>, fail_on: Option<Severity>) -> bool {
    severities.any(|severity| Severity::parse(severity).zip(fail_on).is_some_and(|(has, least)| has >= least))
}

fn events(request: &EventsRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let (read, options) = read(&request.paths, &request.options)?;
    let coverage = aggregate::coverage(&read.joined, &read.problems, &options);
    if let Some(status) = refused(&options, &coverage) {
        return Ok(status);
    }
    let mut incomplete = read.incomplete;
    for output in &request.outputs {
        let events = aggregate::events(&read.joined, request.kinds);
        incomplete |= !written(output, |out| report::events::write(events, output.format, out));
    }
    Ok(status(&coverage, &options, incomplete, 0))
}

#[cfg(feature = "parquet")]
fn export(request: &ExportRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let path = &request.folder;
    let failed = |error: io::Error| format!("{} was not written: {error}", path.display());
    output::check_folder(path).map_err(failed)?;
    let (read, options) = read(&request.paths, &request.options)?;
    let coverage = aggregate::coverage(&read.joined, &read.problems, &options);
    if let Some(status) = refused(&options, &coverage) {
        return Ok(status);
    }
    pipeline::export(&read.joined, path).map_err(failed)?;
    let lacks = read.lacks();
    lacks.iter().for_each(|lack| complain(lack));
    Ok(status(&coverage, &options, read.incomplete || !lacks.is_empty(), 0))
}

#[cfg(not(feature = "parquet"))]
fn export(_: &ExportRequest) -> Result<u8, Box<dyn std::error::Error>> {
    Err("this program was built without Parquet; build it with `cargo build --release --features parquet`".into())
}

/// Writes one output; says so where that fails, and lets the others be written.
fn written(output: &Output, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> bool {
    let done = output.write(render);
    if let Err(message) = &done {
        complain(message);
    }
    done.is_ok()
}

/// Tells the user; nothing is left to tell if even this cannot be written.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "esaudit: {}", escape::terminal(message, true));
}

fn terminal() -> Terminal {
    let is_terminal = io::stdout().is_terminal();
    Terminal {
        width: is_terminal.then(|| terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0))),
        no_color: set("NO_COLOR").is_some() || set("TERM").is_some_and(|term| term == "dumb"),
        unicode: !is_terminal || unicode_locale(),
    }
}

/// What an environment variable is set to, if to something.
fn set(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether the locale can show more than ASCII.
fn unicode_locale() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let locale = locale.map(|value| value.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    locale.contains("utf-8") || locale.contains("utf8")
}
