//! Parse arguments, run, exit status.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use esaudit::aggregate;
use esaudit::cli::{self, Asked, DiffRequest, EventsRequest, KeysRequest, ReportRequest, Terminal, TimelineRequest};
use esaudit::detect::{self, Severity};
use esaudit::output::{self, Output};
use esaudit::report::{self, View, renderer};
use esaudit::{config, diff, pipeline};

/// Some input could not be read whole, or the report could not be written.
const INCOMPLETE: u8 = 2;

fn main() -> ExitCode {
    let done = match cli::parse(std::env::args_os(), terminal()) {
        Ok(Asked::Report(request)) => report(&request),
        Ok(Asked::Keys(request)) => keys(&request),
        Ok(Asked::Diff(request)) => compare(&request),
        Ok(Asked::Timeline(request)) => timeline(&request),
        Ok(Asked::Events(request)) => events(&request),
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
    let pipeline::Analysis { mut report, mut incomplete } = pipeline::analyze(&request.paths, &request.options)?;
    let mut outputs = Vec::new();
    for output in &request.outputs {
        outputs.push((output, renderer(output.format).ok_or("no such format")?));
    }
    // Data is cut before it is written, tables when they are drawn, so that they can say how much is left: tables first.
    let (data, tables): (Vec<_>, Vec<_>) = outputs.into_iter().partition(|(_, renderer)| renderer.rows().is_none());
    for (list, cut) in [(tables, None), (data, request.top.flatten())] {
        if let Some(top) = cut.filter(|_| !list.is_empty()) {
            report.cut(top);
        }
        for (output, renderer) in list {
            let view = View::of(output.style, renderer, request.top);
            incomplete |= !written(output, |out| renderer.render(&report, &view, out));
        }
    }
    let severities = report.findings.iter().map(|finding| finding.severity.as_str());
    Ok(if incomplete { INCOMPLETE } else { u8::from(alarming(severities, request.fail_on)) })
}

fn text(text: &str) -> Result<u8, Box<dyn std::error::Error>> {
    output::print(|out| out.write_all(text.as_bytes()))?;
    Ok(0)
}

fn keys(request: &KeysRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let read = pipeline::read(&request.paths, &request.options)?;
    let report = aggregate::keys(&read.joined, &read.problems, &request.options, &request.query);
    let mut incomplete = read.incomplete;
    for output in &request.outputs {
        let view = View { style: output.style, top: request.top };
        incomplete |= !written(output, |out| report.render(output.format, &view, out));
    }
    Ok(if incomplete { INCOMPLETE } else { 0 })
}

fn timeline(request: &TimelineRequest) -> Result<u8, Box<dyn std::error::Error>> {
    let (story, mut incomplete) = pipeline::tell(&request.paths, &request.options)?;
    for output in &request.outputs {
        let view = View { style: output.style, top: request.top };
        incomplete |= !written(output, |out| story.render(output.format, &view, out));
    }
    Ok(if incomplete { INCOMPLETE } else { 0 })
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
    let read = pipeline::read(&request.paths, &request.options)?;
    let mut incomplete = read.incomplete;
    for output in &request.outputs {
        let events = aggregate::events(&read.joined, request.kinds);
        incomplete |= !written(output, |out| report::events::write(events, output.format, out));
    }
    Ok(if incomplete { INCOMPLETE } else { 0 })
}

/// Writes one output; says so where that fails, and lets the others be written.
fn written(output: &Output, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> bool {
    let done = output.write(render);
    if let Err(message) = &done {
        let _ = writeln!(io::stderr(), "esaudit: {message}");
    }
    done.is_ok()
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
