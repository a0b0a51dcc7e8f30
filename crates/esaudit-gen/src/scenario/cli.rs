//! `esaudit-gen scenario` and `esaudit-gen scenarios`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::scenario::{KINDS, Kind, find, make};

/// Make one small log with its truth: `logs/` and `truth.json` in the folder.
#[derive(Parser, Debug)]
#[command(name = "esaudit-gen scenario", version)]
struct One {
    /// What it is about; `esaudit-gen scenarios --list` names the kinds.
    #[arg(long)]
    kind: String,
    /// Seed of everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder to write to.
    #[arg(long)]
    out: PathBuf,
}

/// Make a log of each kind and seed: a folder each, with `logs/` and `truth.json`.
#[derive(Parser, Debug)]
#[command(name = "esaudit-gen scenarios", version)]
struct Many {
    /// Seeds, the last not included.
    #[arg(long, value_name = "A..B", value_parser = seeds, required_unless_present = "list")]
    seeds: Option<(u64, u64)>,
    /// Only these kinds.
    #[arg(long, value_delimiter = ',')]
    kind: Vec<String>,
    /// Folder to write to.
    #[arg(long, required_unless_present = "list")]
    out: Option<PathBuf>,
    /// List the kinds, and leave.
    #[arg(long, exclusive = true)]
    list: bool,
}

fn seeds(text: &str) -> Result<(u64, u64), String> {
    let (from, to) = text.split_once("..").ok_or("expected A..B")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
    Ok((number(from)?, number(to)?))
}

fn write(kind: &Kind, seed: u64, folder: &Path) -> Result<String, String> {
    let said = |error: std::io::Error| format!("{}: {error}", folder.display());
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!("{}: not empty", folder.display()));
    }
    fs::create_dir_all(folder).map_err(said)?;
    let scenario = make(kind, seed);
    let truth = scenario.write(folder).map_err(said)?;
    let incidents = truth["incidents"].as_array().map_or(0, Vec::len);
    Ok(format!("{}: {} events, {incidents} incidents\n", scenario.name, truth["events"]))
}

fn kind_of(name: &str) -> Result<&'static Kind, String> {
    find(name).ok_or_else(|| format!("{name}: no such kind; --list names them"))
}

fn one(args: &One) -> Result<String, String> {
    write(kind_of(&args.kind)?, args.seed, &args.out)
}

fn many(args: &Many) -> Result<String, String> {
    if args.list {
        return Ok(KINDS.iter().map(|kind| format!("{:28}{:?}\n", kind.name, kind.side)).collect());
    }
    let kinds: Vec<&Kind> = if args.kind.is_empty() {
        KINDS.iter().collect()
    } else {
        args.kind.iter().map(|name| kind_of(name)).collect::<Result<_, _>>()?
    };
    let (from, to) = args.seeds.unwrap_or_default();
    let mut said = String::new();
    for seed in from..to {
        for kind in &kinds {
            let folder = args.out.clone().unwrap_or_default().join(format!("{}_{seed}", kind.name));
            said.push_str(&write(kind, seed, &folder)?);
        }
    }
    Ok(said)
}

/// The answer to a call whose first argument names a command of this module.
pub(crate) fn command(arguments: &[std::ffi::OsString]) -> Option<Result<String, String>> {
    match arguments.get(1)?.to_str()? {
        "scenario" => Some(One::try_parse_from(&arguments[1..]).map_err(|e| e.to_string()).and_then(|args| one(&args))),
        "scenarios" => {
            Some(Many::try_parse_from(&arguments[1..]).map_err(|e| e.to_string()).and_then(|args| many(&args)))
        }
        _ => None,
    }
}
