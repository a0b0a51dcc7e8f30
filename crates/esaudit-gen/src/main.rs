//! `esaudit-gen` as a program.

// A command-line tool: its summary goes to standard output, its errors to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

fn main() -> ExitCode {
    match esaudit_gen::main() {
        Ok(summary) => {
            print!("{summary}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("esaudit-gen: {message}");
            ExitCode::from(2)
        }
    }
}
