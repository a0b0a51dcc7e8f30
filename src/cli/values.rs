//! What a shell may offer as values: names that the program knows, and the files that a verb reads.
//!
//! The parser checks values itself, for it says more about wrong ones; here they are told to the generator of scripts. Zones are
//! some six hundred, and files are looked up when they are asked for: the generator is told a word in their place, which is
//! replaced in the script.

use clap::builder::{PossibleValue, PossibleValuesParser, Str};
use clap_complete::Shell;

use super::output::JSON;
use super::{events, report};
use crate::decode::actions;
use crate::document::formats::{self, Form};
use crate::judge::{Kind, Severity};
use crate::reason::Reason;
use crate::time::Zone;

/// What stands for the zones in a script until they are put in.
const ZONES: &str = "ESAUDIT_ZONES";

/// What stands for files with an extension.
const FILES: [(&str, &str); 4] = [
    ("ESAUDIT_FILES_TOML", "toml"),
    ("ESAUDIT_FILES_JSON", "json"),
    ("ESAUDIT_FILES_ESA", "esa"),
    ("ESAUDIT_FILES_MMDB", "mmdb"),
];

/// The program with the values of its options, for completion alone.
pub(super) fn offered(mut program: clap::Command) -> clap::Command {
    let verbs: Vec<String> = program.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    for verb in verbs {
        program = program.mut_subcommand(&verb, |command| {
            command.mut_args(|argument| match values(&verb, argument.get_id().as_str()) {
                Some(values) => argument.value_parser(PossibleValuesParser::new(values)),
                None => argument,
            })
        });
    }
    program
}

/// What an argument of a verb may be, where that is known.
fn values(verb: &str, argument: &str) -> Option<Vec<PossibleValue>> {
    let [toml, json, esa, mmdb] = FILES.map(|(word, _)| word);
    let names: Vec<&'static str> = match (verb, argument) {
        (_, "format") => formats::offered(forms(verb)).map(|format| format.name).collect(),
        (_, "reason") => Reason::ALL.iter().map(|reason| reason.name()).collect(),
        (_, "action") => actions::EVENTS.to_vec(),
        (_, "fail_on") => Severity::ALL.iter().map(|severity| severity.name()).collect(),
        (_, "tz" | "assume_tz") => vec![ZONES],
        (_, "config") => vec![toml],
        (_, "geoip") => vec![mmdb],
        ("explain", "kind") => Kind::ALL.iter().map(|kind| kind.name()).collect(),
        ("merge", "parts") => vec![esa],
        ("diff", "old" | "new") | ("show" | "verify" | "impact", "report") => vec![json],
        _ => return None,
    };
    Some(names.into_iter().map(|name| PossibleValue::new(Str::from(name))).collect())
}

/// The forms of data that a verb has.
fn forms(verb: &str) -> &'static [Form] {
    match verb {
        "report" | "merge" => report::FORMS,
        "events" => events::FORMS,
        _ => JSON,
    }
}

/// A script with everything in it, without options that are hidden.
pub(super) fn filled(script: &str, shell: Shell, program: &clap::Command) -> String {
    let mut script = without_hidden(script, shell, program);
    let zones: Vec<&str> = Zone::names().collect();
    let zones = zones.join(" ");
    match shell {
        Shell::Bash => {
            script = script.replace(ZONES, "${_esaudit_zones}");
            for (word, extension) in FILES {
                let offered = format!("compgen -W \"{word}\" -- \"${{cur}}\"");
                let files = format!("compgen -f -X '!*.{extension}' -- \"${{cur}}\"; compgen -d -- \"${{cur}}\"");
                script = script.replace(&offered, &files);
            }
            format!("_esaudit_zones='{zones}'\n{}", without_words(&script))
        }
        Shell::Zsh => {
            script = script.replace(&format!("({ZONES})"), "{compadd -- ${=_esaudit_zones}}");
            for (word, extension) in FILES {
                script = script.replace(&format!("({word})"), &format!("_files -g \"*.{extension}\""));
            }
            script.replacen("autoload -U", &format!("_esaudit_zones='{zones}'\nautoload -U"), 1)
        }
        Shell::Fish => {
            script.push_str(&positionals(program));
            script = script.replace(&format!("-f -a \"{ZONES}\\t''\""), "-f -a \"$__esaudit_zones\"");
            for (word, extension) in FILES {
                let offered = format!("-f -a \"{word}\\t''\"");
                script = script.replace(&offered, &format!("-k -a \"(__fish_complete_suffix .{extension})\""));
            }
            format!("set -g __esaudit_zones {zones}\n{script}")
        }
        _ => without_words(&script),
    }
}

/// What fish offers in place of positional arguments, which the generator leaves out.
fn positionals(program: &clap::Command) -> String {
    let mut lines = String::new();
    for verb in program.get_subcommands() {
        let name = verb.get_name();
        let values = verb.get_positionals().filter_map(|argument| values(name, argument.get_id().as_str()));
        for values in values {
            let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
            let names = names.join("\\t''\n");
            lines.push_str(&format!(
                "complete -c esaudit -n \"__fish_esaudit_using_subcommand {name}\" -f -a \"{names}\\t''\"\n"
            ));
        }
    }
    lines
}

/// The script without words that stand for files, where files are offered anyway.
fn without_words(script: &str) -> String {
    let mut script = script.to_owned();
    for (word, _) in FILES {
        script = script.replace(&format!(" {word}"), "").replace(word, "");
    }
    script
}

/// The script without options that no help text shows: the generators show them all.
fn without_hidden(script: &str, shell: Shell, program: &clap::Command) -> String {
    let arguments = program.get_subcommands().flat_map(clap::Command::get_arguments);
    let mut hidden: Vec<&str> =
        arguments.filter(|argument| argument.is_hide_set()).filter_map(clap::Arg::get_long).collect();
    hidden.sort_unstable();
    hidden.dedup();
    let mut kept = String::with_capacity(script.len());
    // Within bash's branch of a hidden option.
    let mut inside = false;
    for line in script.lines() {
        let names = |name: &&&str| match shell {
            Shell::Fish => line.contains(&format!(" -l {name} ")),
            _ => line.contains(&format!("--{name}=[")) || line.contains(&format!("'--{name}'")),
        };
        inside |= hidden.iter().any(|name| line.trim() == format!("--{name})"));
        if inside {
            inside = line.trim() != ";;";
            continue;
        }
        if shell != Shell::Bash && hidden.iter().any(|name| names(&name)) {
            continue;
        }
        let shown = hidden.iter().fold(line.to_owned(), |line, name| line.replace(&format!(" --{name} "), " "));
        kept.push_str(&shown);
        kept.push('\n');
    }
    kept
}
