//! Manual pages, from the definition of the command line.

use std::io::{self, Write as _};

/// What examples and the exit status begin with in help texts.
const EXAMPLES: &str = "Examples:\n";
const STATUS: &str = "Exit status: ";

/// The page of the program, then one a verb: name and text.
pub(super) fn pages(program: clap::Command) -> io::Result<Vec<(String, Vec<u8>)>> {
    // Every verb gets its version and its full name; `help` has no page.
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let mut pages = vec![page(&program)?];
    for verb in program.get_subcommands() {
        pages.push(page(verb)?);
    }
    Ok(pages)
}

fn page(command: &clap::Command) -> io::Result<(String, Vec<u8>)> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let page = clap_mangen::Man::new(command.clone()).title(name.to_uppercase());
    let mut out = Vec::new();
    page.render_title(&mut out)?;
    page.render_name_section(&mut out)?;
    section(&mut out, "SYNOPSIS", usage.trim_start_matches("Usage: "))?;
    page.render_description_section(&mut out)?;
    page.render_options_section(&mut out)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut out)?;
    }
    let (examples, status) = after.split_once(STATUS).unwrap_or((&after, ""));
    section(&mut out, "EXAMPLES", examples.trim_start_matches(EXAMPLES))?;
    section(&mut out, "EXIT STATUS", &status.replace("; ", ";\n"))?;
    if command.get_version().is_some() {
        page.render_version_section(&mut out)?;
    }
    Ok((format!("{name}.1"), out))
}

/// A section whose lines stay as they are; none where there is nothing in it.
fn section(out: &mut Vec<u8>, title: &str, text: &str) -> io::Result<()> {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, ".SH \"{title}\"\n.nf")?;
    for line in lines {
        let escaped =
            line.strip_prefix("  ").unwrap_or(line).replace('\\', r"\e").replace('-', r"\-").replace('\'', r"\(aq");
        // A line that begins with a dot would be a request.
        let guard = if escaped.starts_with('.') { r"\&" } else { "" };
        writeln!(out, "{guard}{escaped}")?;
    }
    writeln!(out, ".fi")
}
