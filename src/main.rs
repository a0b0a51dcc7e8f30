//! Parse arguments, run the verb, exit status.

use std::process::ExitCode;

use esaudit::cli::{self, Command};
use esaudit::{config, interrupt, run};

fn main() -> ExitCode {
    if let Err(error) = interrupt::install() {
        run::complain(&format!("signals end the program without a report: {error}"));
    }
    let done = match cli::parse(std::env::args_os(), run::terminal()) {
        Ok(Command::Report(request)) => run::report(*request),
        Ok(Command::Keys(request)) => run::keys(*request),
        Ok(Command::Events(request)) => run::events(*request),
        Ok(Command::Timeline(request)) => run::timeline(*request),
        Ok(Command::Diff(request)) => run::diff(&request),
        Ok(Command::Export(request)) => run::export(*request),
        Ok(Command::Scan(request)) => run::scan(*request),
        Ok(Command::Merge(request)) => run::merge(*request),
        Ok(Command::Explain(kind)) => run::explain(kind),
        Ok(Command::Show(request)) => run::show(&request),
        Ok(Command::Verify(request)) => run::verify(&request),
        Ok(Command::Print(text)) => run::text(&text),
        Ok(Command::Files(folder, files)) => run::files(&folder, &files),
        Ok(Command::PrintConfig(config)) => run::text(config::print(&config).as_bytes()),
        Err(usage) => Ok(usage.print()),
    };
    ExitCode::from(done.unwrap_or_else(|error| {
        error.messages().iter().for_each(|message| run::complain(message));
        run::INCOMPLETE
    }))
}
