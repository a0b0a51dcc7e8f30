//! `esaudit-board`: runs the analyser on scenarios whose truth is known, and tells how it judged them.
//!
//! It knows of the analyser nothing but its report, and of the generator nothing but its scenarios and their truth.

// A command-line tool: what it says goes to standard output, its errors to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod best;
mod run;
mod score;
mod sums;
mod table;
mod verdicts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::best::Best;
use crate::run::{folders, jobs, run};
use crate::score::Score;
use crate::sums::Sums;
use crate::table::{Part, complaints, page, summary};

/// Run esaudit on scenarios whose truth is known, and tell how it judged them.
#[derive(Parser, Debug)]
#[command(name = "esaudit-board", version)]
struct Args {
    /// The analyser [default: esaudit beside this program]
    #[arg(long)]
    bin: Option<PathBuf>,
    /// Seeds that nothing was fitted on, the last not included [default: those of --check, or 900000..900005]
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    held_out: Option<(u64, u64)>,
    /// Seeds that weights may be fitted on, shown beside.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    training: Option<(u64, u64)>,
    /// Only these kinds of scenario.
    #[arg(long, value_delimiter = ',')]
    kind: Vec<String>,
    /// Score the scenario folders in this folder instead.
    #[arg(long, conflicts_with_all = ["held_out", "training", "check", "raise"])]
    folder: Option<PathBuf>,
    /// How many run at once [default: the number of processors]
    #[arg(long)]
    jobs: Option<usize>,
    /// Write the page here.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Fail if a figure is below what this file holds.
    #[arg(long, conflicts_with = "kind")]
    check: Option<PathBuf>,
    /// Keep the figures in this file, for --check.
    #[arg(long, conflicts_with = "kind")]
    raise: Option<PathBuf>,
    /// Fail where a finding is told otherwise than this file has it.
    #[arg(long, value_name = "FILE", conflicts_with = "kind")]
    verdicts: Option<PathBuf>,
    /// Write the file of --verdicts instead.
    #[arg(long, requires = "verdicts")]
    renew: bool,
    /// Say of each scenario what is wrong with its report.
    #[arg(long, short)]
    verbose: bool,
}

/// Held-out seeds where none are named.
const HELD_OUT: (u64, u64) = (900_000, 900_005);

fn seeds(text: &str) -> Result<(u64, u64), String> {
    let (from, to) = text.split_once("..").ok_or("expected A..B")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
    Ok((number(from)?, number(to)?))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn binary(args: &Args) -> Result<PathBuf, String> {
    match &args.bin {
        Some(path) => Ok(path.clone()),
        None => std::env::current_exe().map(|own| own.with_file_name("esaudit")).map_err(|error| error.to_string()),
    }
}

fn say(args: &Args, scores: &[Score]) {
    if args.verbose {
        for score in scores {
            for said in complaints(score) {
                println!("{}: {said}", score.scenario);
            }
        }
    }
    print!("{}", summary(&Sums::of(scores)));
}

/// The call that makes the page again.
fn command(held_out: (u64, u64), training: Option<(u64, u64)>, out: &Path) -> String {
    let training = training.map_or(String::new(), |(from, to)| format!(" --training {from}..{to}"));
    format!("esaudit-board --held-out {}..{}{training} --out {}", held_out.0, held_out.1, out.display())
}

/// Runs; true if nothing falls below what is kept.
fn board(args: &Args) -> Result<bool, String> {
    let binary = binary(args)?;
    let threads = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    if let Some(folder) = &args.folder {
        say(args, &run(&binary, &folders(folder)?, threads)?);
        return Ok(true);
    }
    let kept = args.check.as_deref().map(|path| Best::read(&read(path)?)).transpose()?;
    let held_out = args.held_out.or(kept.as_ref().map(|best| best.seeds)).unwrap_or(HELD_OUT);
    let scores = run(&binary, &jobs(held_out, &args.kind), threads)?;
    let mut parts = vec![Part { title: "Held-out seeds", seeds: held_out, scores: &scores }];
    let trained = match args.training {
        Some(seeds) => Some((seeds, run(&binary, &jobs(seeds, &args.kind), threads)?)),
        None => None,
    };
    if let Some((seeds, scores)) = &trained {
        parts.push(Part { title: "Training seeds", seeds: *seeds, scores });
    }
    say(args, &scores);
    if let Some(path) = &args.out {
        write(path, &page(&command(held_out, args.training, path), &parts))?;
    }
    let reached = Best::of(held_out, &Sums::of(&scores));
    if let Some(path) = &args.raise {
        write(path, &reached.text())?;
    }
    let mut fallen = kept.map(|best| best.falls_below(&reached)).unwrap_or_default();
    if let Some(path) = &args.verdicts {
        let now = verdicts::text(&scores);
        if args.renew {
            write(path, &now)?;
        } else {
            fallen.extend(verdicts::differences(&read(path)?, &now));
        }
    }
    for what in &fallen {
        eprintln!("esaudit-board: {what}");
    }
    Ok(fallen.is_empty())
}

fn main() -> ExitCode {
    match board(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("esaudit-board: {message}");
            ExitCode::from(2)
        }
    }
}
