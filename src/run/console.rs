//! The terminal: what it can show, and what the user is told beside the results.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::panic;

use crate::cli::Terminal;
use crate::escape;
use crate::pipeline::JoinedRun;
use crate::progress::{Progress, Verbosity};
use crate::spill;
use crate::watch::watch;

/// Tells the user; nothing is left to tell if even this cannot be written.
pub fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "esaudit: {}", escape::terminal(message, true));
}

/// Where the address space is limited (`ulimit -v`), panics, which other people's code may answer lack of memory with, are told
/// without a backtrace: to make one takes memory, and where that fails, the process would wait for itself for ever.
pub fn tell_panics() {
    if spill::most_threads().is_some() {
        panic::set_hook(Box::new(|what| complain(&format!("no answer: {what}"))));
    }
}

/// Columns and rows of a terminal that does not tell.
const USUAL: (usize, usize) = (80, 24);

/// What standard output is like.
#[must_use]
pub fn terminal() -> Terminal {
    let is_terminal = io::stdout().is_terminal();
    let size = |told: Option<(terminal_size::Width, terminal_size::Height)>| {
        // Some terminals, those of build machines for example, tell nothing.
        told.map(|(width, height)| (usize::from(width.0), usize::from(height.0)))
            .filter(|size| size.0 > 0 && size.1 > 0)
    };
    let own = is_terminal.then(|| size(terminal_size::terminal_size_of(io::stdout())).unwrap_or(USUAL));
    // Behind `| less` stands the terminal that complaints go to.
    let behind = || io::stderr().is_terminal().then(|| size(terminal_size::terminal_size_of(io::stderr()))).flatten();
    let columns = || set("COLUMNS")?.to_str()?.parse().ok().filter(|columns| *columns > 0);
    Terminal {
        width: own.or_else(behind).map(|size| size.0).or_else(columns),
        rows: own.map(|size| size.1),
        no_color: set("NO_COLOR").is_some() || set("TERM").is_some_and(|term| term == "dumb"),
        unicode: !is_terminal || unicode_locale(),
    }
}

/// The password of a signing key, as the environment has it, or from the terminal, which does not show it.
pub(super) fn password() -> io::Result<String> {
    match set("ESAUDIT_SIGN_PASSWORD") {
        Some(password) => password.into_string().map_err(|_| io::Error::other("ESAUDIT_SIGN_PASSWORD is no text")),
        None => rpassword::prompt_password("Password of the signing key: "),
    }
}

/// Shows the progress of a run where somebody looks, and afterwards what was noted for those who asked for more.
pub(super) fn watched<T>(progress: &Progress, run: impl FnOnce() -> T) -> T {
    let shown = (progress.verbosity != Verbosity::Quiet && io::stderr().is_terminal()).then(|| {
        let columns = || terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
        watch(progress, io::stderr(), columns, unicode_locale())
    });
    let done = run();
    drop(shown);
    if progress.verbosity != Verbosity::Quiet {
        progress.remarks().iter().for_each(|remark| complain(remark));
    }
    if progress.verbosity == Verbosity::Verbose {
        let (notes, phases) = progress.told();
        notes.iter().for_each(|note| complain(note));
        for (phase, lasted) in phases {
            complain(&format!("{phase}: {:.3} s", lasted.as_secs_f64()));
        }
    }
    done
}

/// Says which conditions of a filter nothing in the log meets.
pub(super) fn remarked(run: JoinedRun) -> JoinedRun {
    if run.verbosity() != Verbosity::Quiet {
        run.remarks().iter().for_each(|remark| complain(remark));
    }
    run
}

/// What an environment variable is set to, if to something.
fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether the locale can show more than ASCII.
fn unicode_locale() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let locale = locale.map(|value| value.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    locale.contains("utf-8") || locale.contains("utf8")
}
