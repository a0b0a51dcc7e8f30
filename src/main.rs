//! Parse arguments, run, exit status. The only place that knows about a broken pipe.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use esaudit::cli::{self, Asked, ReportRequest, Terminal};
use esaudit::detect::{self, Severity};
use esaudit::report::renderer;
use esaudit::{config, pipeline};

/// Some input could not be read whole, or the report could not be written.
const INCOMPLETE: u8 = 2;

fn main() -> ExitCode {
    let done = match cli::parse(std::env::args_os(), terminal()) {
        Ok(Asked::Report(request)) => report(&request),
        Ok(Asked::Explain(None, _)) => print(&detect::listing()),
        Ok(Asked::Explain(Some(kind), config)) => print(&detect::explain(kind, &config.thresholds).unwrap_or_default()),
        Ok(Asked::PrintConfig(config)) => print(&config::print(&config)),
        Err(stop) => Ok(stop.print()),
    };
    let status = done.unwrap_or_else(|error| {
        // Nothing is left to tell if even this cannot be written.
        let _ = writeln!(io::stderr(), "esaudit: {error}");
        INCOMPLETE
    });
    ExitCode::from(status)
}

fn report(request: &ReportRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let analysis = pipeline::analyze(&request.paths, &request.options)?;
    let renderer = renderer(request.format).ok_or("no such format")?;
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let written = renderer.render(&analysis.report, &request.view, &mut out).and_then(|()| out.flush());
    unless_closed(written)?;
    let alarming =
        |severity: &str| Severity::parse(severity).zip(request.fail_on).is_some_and(|(has, least)| has >= least);
    Ok(if analysis.incomplete {
        INCOMPLETE
    } else {
        u8::from(analysis.report.findings.iter().any(|finding| alarming(&finding.severity)))
    })
}

fn print(text: &str) -> Result<u8, Box<dyn std::error::Error>> {
    unless_closed(io::stdout().lock().write_all(text.as_bytes()))?;
    Ok(0)
}

/// The reader may have seen enough, as in `esaudit report logs | head`.
fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
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
