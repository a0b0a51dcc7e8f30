//! `esaudit completions` and `esaudit man`: made from the definition of the command line.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::{Command, man, values};

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  esaudit completions bash > ~/.local/share/bash-completion/completions/esaudit
  esaudit completions zsh > ~/.zfunc/_esaudit     with fpath+=~/.zfunc before compinit
  esaudit completions fish > ~/.config/fish/completions/esaudit.fish
  esaudit completions powershell >> $PROFILE";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  esaudit man | man -l -                          read the page of the program
  esaudit man ~/.local/share/man/man1             install the pages of the program and of every verb";

/// A command as a shell reads it. Standard input cannot be read again: what comes from a pipe is said to.
pub(super) fn command_line(arguments: &[OsString]) -> String {
    let words: Vec<String> = arguments.iter().map(|word| quoted(word)).collect();
    let piped = if arguments.iter().any(|word| word == "-") { "… | " } else { "" };
    format!("{piped}{}", words.join(" "))
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "_./:@%+=,-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// For which shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Folder to write esaudit.1, esaudit-report.1, … to; without it the page of the program goes to standard output
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Replace existing files that are not of this program
    #[arg(long)]
    pub(super) force: bool,
}

impl CompletionsArgs {
    pub(super) fn resolve(&self, program: clap::Command) -> Command {
        let mut program = values::offered(program);
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "esaudit", &mut script);
        let script = String::from_utf8_lossy(&script);
        Command::Print(values::filled(&script, self.shell, &program).into_bytes())
    }
}

impl ManArgs {
    pub(super) fn resolve(self, program: clap::Command) -> Result<Command, String> {
        let pages = man::pages(program).map_err(|error| error.to_string())?;
        Ok(match self.folder {
            Some(folder) => Command::Files(folder, pages),
            None => Command::Print(pages.into_iter().next().map(|(_, text)| text).unwrap_or_default()),
        })
    }
}
