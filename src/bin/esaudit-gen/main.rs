//! `esaudit-gen`: synthetic Elasticsearch clusters with planted incidents, and the truth beside them.
//!
//! It shares no code with the analyser: it is an independent statement of what Elasticsearch logs and of what an
//! analysis should find. Everything follows from a seed; the same seed and options give the same bytes.
//!
//! ```text
//! cli -> world (nodes, accounts, keys, clients)
//!     -> background, plants      who does what and when: acts
//!     -> traffic                 what the nodes log of each act: events that carry their true cause
//!     -> sim                     slices of time, in order: shapes -> output, truth
//! ```

// A command-line tool: its summary goes to standard output, its errors to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod background;
mod changes;
mod cli;
mod event;
mod native;
mod output;
mod plants;
mod rng;
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

use std::fs;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::Args;
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
    let mut changes = Vec::new();
    let (mut acts, incidents) = plants::plant(args, &mut world, &mut changes, &list, (start, end));
    acts.extend(background::benign(args, &mut world, &mut changes, start, end));
    acts.extend(plants::failing_keys(args, &mut world, (start, end)));

    let attempts = args.truth_attempts.as_deref();
    let mut truth =
        Truth::new(&world, incidents.len(), attempts, args.has_request_ids()).map_err(io("--truth-attempts"))?;
    let plan = sim::Plan { args, world: &world, changes: &changes, acts, start, end };
    sim::run(plan, &mut truth).map_err(io(&out))?;
    sim::write_listing(&folder.join("api_keys.json"), &world, end).map_err(io("api_keys.json"))?;
    let truth = truth.finish(&world, &incidents).map_err(io("--truth-attempts"))?;
    let path = args.truth_path();
    let mut text = format!("{truth:#}");
    text.push('\n');
    fs::write(&path, text).map_err(io(&path.display().to_string()))?;
    Ok(truth)
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.list_plants {
        for plant in plants::PLANTS {
            println!("{} ({})\n    {}", plant.kind, plant.verdicts.join(" or "), plant.doc);
        }
        return ExitCode::SUCCESS;
    }
    match generate(&args) {
        Ok(truth) => {
            println!(
                "{} audit events ({} bytes), {} server lines, {} incidents; truth in {}",
                truth["audit_events"],
                truth["audit_bytes"],
                truth["server_events"],
                truth["incidents"].as_array().map_or(0, Vec::len),
                args.truth_path().display()
            );
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("esaudit-gen: {message}");
            ExitCode::from(2)
        }
    }
}
