//! Parse arguments, run the verb, exit status.

use std::panic;
use std::process::ExitCode;

use esaudit::program::{self, Command};

fn main() -> ExitCode {
    program::tell_panics();
    // Whoever asked has no answer, whatever went wrong: other statuses are none of the program's.
    ExitCode::from(panic::catch_unwind(run).unwrap_or(program::INCOMPLETE))
}

fn run() -> u8 {
    if let Err(error) = program::watch_signals() {
        program::complain(&format!("signals end the program without a report: {error}"));
    }
    let done = match program::parse(std::env::args_os(), program::terminal()) {
        Ok(Command::Report(request)) => program::report(*request),
        Ok(Command::Keys(request)) => program::keys(*request),
        Ok(Command::Check(request)) => program::check(*request),
        Ok(Command::Events(request)) => program::events(*request),
        Ok(Command::Timeline(request)) => program::timeline(*request),
        Ok(Command::Impact(request)) => program::impact(*request),
        Ok(Command::Diff(request)) => program::diff(&request),
        Ok(Command::Export(request)) => program::export(*request),
        Ok(Command::Scan(request)) => program::scan(*request),
        Ok(Command::Merge(request)) => program::merge(*request),
        Ok(Command::Explain(request)) => program::explain(*request),
        Ok(Command::Demo(request)) => program::demo(request),
        Ok(Command::Show(request)) => program::show(&request),
        Ok(Command::Verify(request)) => program::verify(&request),
        Ok(Command::Print(text)) => program::text(&text),
        Ok(Command::Files(folder, files)) => program::files(&folder, &files),
        Ok(Command::PrintConfig(config)) => program::text(program::configuration(&config).as_bytes()),
        Err(usage) => Ok(usage.print()),
    };
    done.unwrap_or_else(|error| {
        error.messages().iter().for_each(|message| program::complain(message));
        program::INCOMPLETE
    })
}
