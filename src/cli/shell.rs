//! `esaudit completions` and `esaudit man`: made from the definition of the command line.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::Command;

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
}

impl CompletionsArgs {
    pub(super) fn resolve(&self, mut program: clap::Command) -> Command {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "esaudit", &mut script);
        Command::Print(script)
    }
}

impl ManArgs {
    pub(super) fn resolve(self, mut program: clap::Command) -> Result<Command, String> {
        // Every verb gets its version and its full name.
        program.build();
        let mut pages = Vec::new();
        for command in std::iter::once(&program).chain(program.get_subcommands()) {
            if command.get_name() == "help" {
                continue;
            }
            let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
            let page = clap_mangen::Man::new(command.clone()).title(name.to_uppercase());
            let mut text = Vec::new();
            page.render(&mut text).map_err(|error| error.to_string())?;
            pages.push((format!("{name}.1"), text));
        }
        Ok(match self.folder {
            Some(folder) => Command::Files(folder, pages),
            None => Command::Print(pages.into_iter().next().map(|(_, text)| text).unwrap_or_default()),
        })
    }
}
