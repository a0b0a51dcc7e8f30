//! `esaudit-gen`: synthetic Elasticsearch clusters with planted incidents, and the truth beside them.
//!
//! It shares no code with the analyser: it is an independent statement of what Elasticsearch logs and of what an
//! analysis should find. Everything follows from a seed; the same seed and options give the same bytes.
//!
//! ```text
//! cli -> world (nodes, accounts, keys, clients), population (many accounts)
//!     -> background, plants      who does what and when: acts
//!     -> traffic                 what the nodes log of each act: events that carry their true cause
//!     -> sim                     slices of time, in order: shapes -> output, truth
//! scenario                       small logs about one thing each, with their truth: see there
//! ```

mod addresses;
mod background;
mod changes;
mod cli;
mod dumps;
mod event;
mod native;
mod output;
mod plants;
mod population;
mod rng;
pub mod scenario;
mod shape;
mod shapes;
mod sim;
mod size;
#[cfg(test)]
mod tests;
mod text;
mod traffic;
mod truth;
mod workload;
mod world;

use std::ffi::OsString;
use std::fs;

use clap::Parser;

use crate::cli::Args;
use crate::population::Population;
use crate::truth::Truth;
use crate::world::World;

/// Makes the cluster and writes everything; gives the truth.
fn generate(args: &Args) -> Result<serde_json::Value, String> {
    let io = |what: &str| {
        let what = what.to_owned();
        move |e: std::io::Error| format!("{what}: {e}")
    };
    let start = args.start_time()?;
    let end = start + args.duration();
    let list = plants::wanted(&args.plant)?;
    let folder = args.folder();
    let out = folder.display().to_string();
    if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!("{out}: not empty"));
    }
    fs::create_dir_all(&folder).map_err(io(&out))?;

    let mut world = World::new(args, start);
    if !args.shape().has_node_ids() {
        world.nodes.iter_mut().for_each(|node| node.id = node.name);
    }
    let population = Population::new(args, &mut world, start);
    let mut changes = Vec::new();
    let (mut acts, incidents) = plants::plant(args, &mut world, &mut changes, &list, (start, end));
    acts.extend(background::benign(args, &mut world, &mut changes, start, end));
    acts.extend(plants::failing_keys(args, &mut world, (start, end)));

    let attempts = args.truth_attempts.as_deref();
    let mut truth =
        Truth::new(&world, incidents.len(), attempts, args.has_request_ids()).map_err(io("--truth-attempts"))?;
    let plan = sim::Plan { args, world: &world, population: population.as_ref(), changes: &changes, acts, start, end };
    sim::run(plan, &mut truth).map_err(io(&out))?;
    if args.dumps {
        dumps::write(&folder.join("context"), &world, &changes, end).map_err(io("context"))?;
    } else {
        sim::write_listing(&folder.join("api_keys.json"), &world, end).map_err(io("api_keys.json"))?;
    }
    let truth = truth.finish(&world, &incidents).map_err(io("--truth-attempts"))?;
    let path = args.truth_path();
    let mut text = format!("{truth:#}");
    text.push('\n');
    fs::write(&path, text).map_err(io(&path.display().to_string()))?;
    Ok(truth)
}

/// What a call asked for and got, in words for standard output.
fn run(args: &Args) -> Result<String, String> {
    if args.list_plants {
        let lines = plants::PLANTS
            .iter()
            .map(|plant| format!("{} ({})\n    {}\n", plant.kind, plant.verdicts.join(" or "), plant.doc));
        return Ok(lines.collect());
    }
    let truth = generate(args)?;
    Ok(format!(
        "{} audit events ({} bytes), {} server lines, {} incidents; truth in {}\n",
        truth["audit_events"],
        truth["audit_bytes"],
        truth["server_events"],
        truth["incidents"].as_array().map_or(0, Vec::len),
        args.truth_path().display()
    ))
}

/// The generator as a program: arguments without the program's name; what it says, or why it could not.
///
/// # Errors
///
/// Arguments that make no sense (with the usage), an output folder that is not empty, and failed writes.
pub fn command<A: Into<OsString> + Clone>(arguments: impl IntoIterator<Item = A>) -> Result<String, String> {
    let line = std::iter::once(OsString::from("esaudit-gen")).chain(arguments.into_iter().map(Into::into));
    let line: Vec<OsString> = line.collect();
    if let Some(answer) = scenario::cli::command(&line) {
        return answer;
    }
    run(&Args::try_parse_from(line).map_err(|error| error.to_string())?)
}

/// The program: reads its arguments, and gives its exit status with what is to be printed.
///
/// # Errors
///
/// As for [`command`]; arguments that make no sense end the process with their usage.
pub fn main() -> Result<String, String> {
    if let Some(answer) = scenario::cli::command(&std::env::args_os().collect::<Vec<_>>()) {
        return answer;
    }
    run(&Args::parse())
}
