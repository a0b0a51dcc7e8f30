//! Runs the modelled time slice by slice and writes it down, in memory that does not grow with the length of the log.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs;
use std::io;
use std::path::Path;

use crate::background::Background;
use crate::changes::Change;
use crate::cli::{Args, FormatVersion, Gzip, Roll, Wrap};
use crate::event::Record;
use crate::native::NativeWriter;
use crate::output::{RollingFile, docker};
use crate::text::{Clock, MINUTE, Micros, SECOND};
use crate::traffic::{Act, Traffic};
use crate::truth::Truth;
use crate::world::World;

/// Lines that one slice should hold.
const SLICE_LINES: f64 = 20_000.0;

/// Everything of one node that is being written.
struct NodeOutput {
    writer: NativeWriter,
    audit: RollingFile,
    server: RollingFile,
    utc: Clock,
}

/// What is to be simulated.
pub(crate) struct Plan<'a> {
    pub(crate) args: &'a Args,
    pub(crate) world: &'a World,
    pub(crate) changes: &'a [Change],
    /// Acts planned ahead, in any order.
    pub(crate) acts: Vec<Act>,
    pub(crate) start: Micros,
    pub(crate) end: Micros,
}

/// Runs the plan.
pub(crate) fn run(plan: Plan<'_>, truth: &mut Truth) -> io::Result<()> {
    let Plan { args, world, changes, acts, start, end } = plan;
    let mut outputs = open(args, world)?;
    let mut traffic = Traffic::new(args.seed, world, args.server_log);
    let seconds = (end - start) as f64 / SECOND as f64 * world.nodes.len() as f64;
    // A first guess of 400 bytes a line; corrected after every slice.
    let rate = args.bytes.map_or(args.rate, |bytes| bytes as f64 / 400.0 / seconds);
    let mut background = Background::new(args, world, start, rate);
    let mut planned: BinaryHeap<_> = acts.iter().enumerate().map(|(at, act)| Reverse((act.time, at))).collect();
    let mut now = start;
    let mut slice = Vec::new();
    while now < end {
        let lines = background.lines_per_second() * world.nodes.len() as f64;
        let length = ((SLICE_LINES / lines.max(0.001) * SECOND as f64) as Micros).clamp(SECOND / 20, 10 * MINUTE);
        now = (now + length).min(end);
        slice.clear();
        background.fill(world, now, &mut slice);
        while let Some(Reverse((time, at))) = planned.peek().copied() {
            if time >= now {
                break;
            }
            planned.pop();
            slice.push(acts[at]);
        }
        slice.sort_by_key(|act| act.time);
        for act in &slice {
            traffic.perform(world, changes, act);
        }
        if args.server_log {
            background.server_noise(now, &mut traffic.pending);
        }
        write_slice(args, world, now, &mut outputs, &mut traffic, truth)?;
        for done in traffic.done.drain(..) {
            truth.change(world, changes, &done);
        }
        if let Some(target) = args.bytes {
            steer(&mut background, target, truth.bytes(), (now - start) as f64 / (end - start) as f64);
        }
    }
    write_slice(args, world, Micros::MAX, &mut outputs, &mut traffic, truth)?;
    for output in &mut outputs {
        output.audit.finish()?;
        output.server.finish()?;
    }
    Ok(())
}

/// Adjusts the background so that the size wanted is reached at the end.
fn steer(background: &mut Background, target: u64, written: u64, passed: f64) {
    let so_far = written as f64 / passed;
    let wanted = (target as f64 - written as f64).max(0.0) / (1.0 - passed).max(1e-9);
    if passed < 0.999 && so_far > 0.0 {
        background.steer((wanted / so_far).clamp(0.5, 2.0));
    }
}

fn open(args: &Args, world: &World) -> io::Result<Vec<NodeOutput>> {
    let mut outputs = Vec::with_capacity(world.nodes.len());
    for node in &world.nodes {
        let folder = args.folder().join(node.name);
        fs::create_dir_all(&folder)?;
        let file = |stem: &str, gzip, roll| RollingFile::new(&folder, stem, gzip, roll, args.tz);
        let stem = match args.wrap {
            Wrap::None => "prod_audit".to_owned(),
            Wrap::Docker => format!("{}-json", node.name),
        };
        let server_gzip = if args.gzip == Gzip::All { Gzip::All } else { Gzip::None };
        outputs.push(NodeOutput {
            writer: NativeWriter::new(
                args.format_version,
                args.server_format,
                args.tz,
                node,
                world.cluster,
                world.cluster_name,
            ),
            audit: file(&stem, args.gzip, args.rolling()),
            server: file("prod_server", server_gzip, Roll::Never),
            utc: Clock::new(0),
        });
    }
    Ok(outputs)
}

/// Writes all events before `until`, in order of time on each node.
fn write_slice(
    args: &Args,
    world: &World,
    until: Micros,
    outputs: &mut [NodeOutput],
    traffic: &mut Traffic,
    truth: &mut Truth,
) -> io::Result<()> {
    let mut line = Vec::with_capacity(4096);
    let mut wrapped = Vec::new();
    for (index, output) in outputs.iter_mut().enumerate() {
        let records = &mut traffic.pending[index];
        let mut order: Vec<(Micros, usize)> = records.iter().enumerate().map(|(at, r)| (r.time(), at)).collect();
        order.sort_unstable();
        let ready = order.partition_point(|(time, _)| *time < until);
        let error = world.nodes[index].clock_error;
        for (time, at) in &order[..ready] {
            line.clear();
            match &records[*at] {
                Record::Audit(event) => {
                    output.writer.audit(&mut line, event);
                    truth.audit(world, index, *time + error, event, line.len() + 1)?;
                }
                Record::Server(server) => {
                    output.writer.server(&mut line, server);
                    truth.server(index);
                }
            }
            let is_audit = matches!(records[*at], Record::Audit(_));
            if args.wrap == Wrap::Docker {
                wrapped.clear();
                docker(&mut wrapped, &mut output.utc, *time + error, &line);
                wrapped.push(b'\n');
                output.audit.write(*time + error, &wrapped)?;
            } else {
                line.push(b'\n');
                let file = if is_audit { &mut output.audit } else { &mut output.server };
                file.write(*time + error, &line)?;
            }
        }
        let rest: Vec<Record> = order[ready..].iter().map(|(_, at)| records[*at].clone()).collect();
        *records = rest;
    }
    Ok(())
}

/// Writes the API-key listing: the form of `GET /_security/api_key`, as at the end of the log.
pub(crate) fn write_listing(path: &Path, world: &World, end: Micros) -> io::Result<()> {
    let keys = world.keys.iter().filter(|key| key.known && key.created < end).map(|key| {
        let owner = &world.accounts[key.owner as usize];
        let mut entry = serde_json::json!({
            "id": key.id,
            "name": key.name,
            "type": if key.cross_cluster { "cross_cluster" } else { "rest" },
            "creation": key.created / 1000,
            "invalidated": key.invalidated.is_some_and(|(at, _)| at < end),
            "username": owner.name,
            "realm": crate::event::REALMS[usize::from(owner.realm)],
            "metadata": {},
        });
        if let Some(expires) = key.expires {
            entry["expiration"] = (expires / 1000).into();
        }
        if let Some((at, _)) = key.invalidated.filter(|(at, _)| *at < end) {
            entry["invalidation"] = (at / 1000).into();
        }
        entry
    });
    let listing = serde_json::json!({ "api_keys": keys.collect::<Vec<_>>() });
    fs::write(path, format!("{listing}\n"))
}

/// True if requests carry ids in this format.
pub(crate) fn has_request_ids(version: FormatVersion) -> bool {
    version != FormatVersion::V65
}
