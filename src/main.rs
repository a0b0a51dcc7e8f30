//! Parse arguments, run, exit status. The only place that knows about a broken pipe.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use esaudit::aggregate;
use esaudit::cli::{self, Asked, KeysRequest, ReportRequest, ShowRequest, Terminal, VerifyRequest};
use esaudit::detect::{self, Severity};
use esaudit::options::Options;
use esaudit::report::escape::terminal as terminal_text;
use esaudit::report::model::Coverage;
use esaudit::report::renderer;
use esaudit::{config, interrupt, pipeline, show, verify};

/// Some input could not be read whole, or the report could not be written.
const INCOMPLETE: u8 = 2;

fn main() -> ExitCode {
    if let Err(error) = interrupt::install() {
        let _ = writeln!(io::stderr(), "esaudit: signals end the program without a report: {error}");
    }
    let done = match cli::parse(std::env::args_os(), terminal()) {
        Ok(Asked::Report(request)) => report(&request),
        Ok(Asked::Keys(request)) => keys(&request),
        Ok(Asked::Show(request)) => show(&request),
        Ok(Asked::Verify(request)) => verify(&request),
        Ok(Asked::Explain(None, _)) => text(&detect::listing()),
        Ok(Asked::Explain(Some(kind), config)) => text(&detect::explain(kind, &config.thresholds).unwrap_or_default()),
        Ok(Asked::PrintConfig(config)) => text(&config::print(&config)),
        Err(stop) => Ok(stop.print()),
    };
    ExitCode::from(done.unwrap_or_else(|error| {
        // Nothing is left to tell if even this cannot be written.
        let _ = writeln!(io::stderr(), "esaudit: {error}");
        INCOMPLETE
    }))
}

fn report(request: &ReportRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let analysis = pipeline::analyze(&request.paths, &request.options)?;
    if let Some(status) = refused(&request.options, &analysis.report.coverage) {
        return Ok(status);
    }
    let renderer = renderer(request.format).ok_or("no such format")?;
    print(|out| renderer.render(&analysis.report, &request.view, out))?;
    let alarming =
        |severity: &str| Severity::parse(severity).zip(request.fail_on).is_some_and(|(has, least)| has >= least);
    complain(&analysis.report.coverage);
    Ok(if analysis.interrupted {
        interrupt::EXIT_STATUS
    } else if analysis.incomplete {
        INCOMPLETE
    } else {
        u8::from(analysis.report.findings.iter().any(|finding| alarming(&finding.severity)))
    })
}

/// With `--strict`, the exit status where anything is wrong with the inputs; the problems go to standard error.
fn refused(options: &Options, coverage: &Coverage) -> Option<u8> {
    if !options.strict || coverage.problems_total == 0 {
        return None;
    }
    let mut out = io::stderr().lock();
    let shown = |text: &str| terminal_text(text, false);
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

/// Says on standard error what nobody may overlook, whatever became of the report.
fn complain(coverage: &Coverage) {
    if coverage.interrupted {
        let _ = writeln!(io::stderr(), "esaudit: interrupted: the report is of what was read before");
    }
    if !coverage.reconciled {
        let _ = writeln!(io::stderr(), "esaudit: the numbers of this report do not add up; do not rely on it");
    }
}

fn text(text: &str) -> Result<u8, Box<dyn std::error::Error>> {
    print(|out| out.write_all(text.as_bytes()))?;
    Ok(0)
}

fn keys(request: &KeysRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let read = pipeline::read(&request.paths, &request.options)?;
    let report = aggregate::keys(&read.joined, &read.problems, &request.options, &request.query);
    if let Some(status) = refused(&request.options, &report.coverage) {
        return Ok(status);
    }
    print(|out| report.render(&request.format, &request.view, out))?;
    complain(&report.coverage);
    Ok(if read.interrupted {
        interrupt::EXIT_STATUS
    } else if read.incomplete {
        INCOMPLETE
    } else {
        0
    })
}

fn show(request: &ShowRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let lines = show::find(&request.report, &request.id, &request.paths)?;
    let how = show::How { context: request.context, raw: request.raw, unicode: terminal().unicode };
    let mut remarks = Vec::new();
    print(|out| {
        remarks = show::write(&lines, how, out)?;
        Ok(())
    })?;
    for remark in &remarks {
        let _ = writeln!(io::stderr(), "esaudit: {}", terminal_text(remark, false));
    }
    Ok(if remarks.is_empty() { 0 } else { INCOMPLETE })
}

fn verify(request: &VerifyRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let outcome = verify::verify(&request.report, &request.paths)?;
    print(|out| verify::write(&outcome, terminal().unicode, out))?;
    Ok(u8::from(!outcome.holds()))
}

/// Writes to standard output.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        // The reader has seen enough, as in `esaudit report logs | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

fn terminal() -> Terminal {
    let is_terminal = io::stdout().is_terminal();
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let locale = locale.map(|value| value.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    Terminal {
        width: is_terminal.then(|| terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0))),
        no_color: set("NO_COLOR").is_some() || set("TERM").is_some_and(|term| term == "dumb"),
        unicode: !is_terminal || locale.contains("utf-8") || locale.contains("utf8"),
    }
}
