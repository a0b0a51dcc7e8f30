//! Complaints that know what was meant.

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{command, shell};

/// What options are called elsewhere, and here.
const OTHERWISE: [(&str, &str); 18] = [
    ("--ip", "--source"),
    ("--address", "--source"),
    ("--client", "--source"),
    ("--host", "--source"),
    ("--user", "--principal"),
    ("--username", "--principal"),
    ("--account", "--principal"),
    ("--api-key", "--key"),
    ("--from", "--since"),
    ("--start", "--since"),
    ("--after", "--since"),
    ("--to", "--until"),
    ("--end", "--until"),
    ("--before", "--until"),
    ("--timezone", "--tz"),
    ("--limit", "--top"),
    ("--all", "--full"),
    ("--json", "--format json"),
];

/// A complaint of the parser, with what was probably meant.
pub(super) fn better(mut error: clap::Error, given: &[OsString]) -> clap::Error {
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidArg) else { return error };
            let meant = OTHERWISE.iter().find(|(other, _)| wrong.as_str() == *other).map(|(_, own)| *own);
            if let Some(own) = meant {
                error.insert(ContextKind::SuggestedArg, ContextValue::String(own.to_owned()));
                // It is that of what the parser took it for.
                error.remove(ContextKind::Usage);
            }
            // No file is called like an option.
            error.remove(ContextKind::Suggested);
            error
        }
        ErrorKind::InvalidSubcommand => match given.get(1) {
            Some(path) if is_path(path) => {
                let mut words = given.to_vec();
                words.insert(1, "report".into());
                let line = shell::command_line(&words);
                command().error(
                    ErrorKind::InvalidSubcommand,
                    format!("`{}` is no verb; to report on it: {line}", path.to_string_lossy()),
                )
            }
            _ => error,
        },
        _ => error,
    }
}

/// Whether an argument in place of a verb is what a verb reads.
fn is_path(argument: &OsString) -> bool {
    let text = argument.to_string_lossy();
    text == "-" || text.contains(['/', '*', '.']) || Path::new(argument).exists()
}
