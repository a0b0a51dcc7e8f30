//! Runs the modelled time slice by slice and writes it down, in memory that does not grow with the length of the log.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs;
use std::io;
use std::path::Path;

use crate::background::Background;
use crate::changes::Change;
use crate::cli::{Args, Gzip, Roll, ServerFormat};
use crate::event::{Action, Record};
use crate::output::RollingFile;
use crate::population::Population;
use crate::shapes::{Frame, Renderer, Shape};
use crate::size::Size;
use crate::text::{MINUTE, Micros, SECOND};
use crate::traffic::{Act, Traffic};
use crate::truth::Truth;
use crate::world::World;

/// Lines that one slice should hold.
const SLICE_LINES: f64 = 20_000.0;

/// Everything of one node that is being written.
struct NodeOutput {
    renderer: Renderer,
    audit: RollingFile,
    server: RollingFile,
    /// Events held back because the last comes first: the one case in which memory grows with the log.
    held: Vec<(Micros, Vec<u8>)>,
}

/// What is to be simulated.
pub(crate) struct Plan<'a> {
    pub(crate) args: &'a Args,
    pub(crate) world: &'a World,
    /// Those who make the requests, where options ask for many.
    pub(crate) population: Option<&'a Population>,
    pub(crate) changes: &'a [Change],
    /// Acts planned ahead, in any order.
    pub(crate) acts: Vec<Act>,
    pub(crate) start: Micros,
    pub(crate) end: Micros,
}

/// Runs the plan.
pub(crate) fn run(plan: Plan<'_>, truth: &mut Truth) -> io::Result<()> {
    let Plan { args, world, population, changes, acts, start, end } = plan;
    let mut outputs = open(args, world)?;
    let mut traffic = Traffic::new(args, world);
    let mut background = Background::new(args, world, population, start, args.rate);
    let mut size = Size::of(args, &acts);
    let mut planned: BinaryHeap<_> = acts.iter().enumerate().map(|(at, act)| Reverse((act.time, at))).collect();
    let mut now = start;
    let mut requests = Vec::new();
    let mut slice = Vec::new();
    while now < end {
        if let Some(size) = &mut size {
            size.steer(&mut background, (now, end - now), truth.written());
        }
        let lines = background.lines_per_second() * world.nodes.len() as f64;
        let length = ((SLICE_LINES / lines.max(0.001) * SECOND as f64) as Micros).clamp(SECOND / 20, 10 * MINUTE);
        let length = if size.is_some() { length.min(Size::longest_slice(end - start)) } else { length };
        now = (now + length).min(end);
        slice.clear();
        background.fill(world, now, &mut requests);
        slice.extend(requests.drain(..).map(|act| (act, false)));
        while let Some(Reverse((time, at))) = planned.peek().copied() {
            if time >= now {
                break;
            }
            planned.pop();
            if size.as_mut().is_none_or(|size| size.admits(&acts[at])) {
                slice.push((acts[at], true));
            }
        }
        slice.sort_by_key(|(act, _)| act.time);
        for (act, is_planned) in &slice {
            let before = traffic.made;
            traffic.perform(world, changes, act);
            if let Some(size) = &mut size {
                size.performed(act, *is_planned, traffic.made - before);
            }
        }
        background.server_noise(now, &mut traffic);
        write_slice(args, world, now, &mut outputs, &mut traffic, truth)?;
        for done in traffic.done.drain(..).filter(|_| args.shape().has_changes()) {
            truth.change(world, changes, &done);
        }
    }
    write_slice(args, world, Micros::MAX, &mut outputs, &mut traffic, truth)?;
    for output in &mut outputs {
        for (time, line) in std::mem::take(&mut output.held).iter().rev() {
            output.audit.write(*time, line)?;
        }
        output.audit.finish()?;
        output.server.finish()?;
    }
    Ok(())
}

fn open(args: &Args, world: &World) -> io::Result<Vec<NodeOutput>> {
    let shape = args.shape();
    let mut outputs = Vec::with_capacity(world.nodes.len());
    for node in &world.nodes {
        let folder = args.folder().join(node.name);
        fs::create_dir_all(&folder)?;
        let server_gzip = if args.gzip == Gzip::All { Gzip::All } else { Gzip::None };
        let (extension, header) = match args.server_format {
            ServerFormat::Ecs | ServerFormat::Json7 => (".json", ""),
            ServerFormat::Text => (".log", ""),
            ServerFormat::Csv => (".csv", "\"@timestamp\",message\n"),
        };
        let frame = Frame { header: header.to_owned(), ..Shape::Native.frame() };
        outputs.push(NodeOutput {
            renderer: Renderer::new(args, world, node),
            audit: RollingFile::new(&folder, shape.file(), shape.frame(), args.gzip, rolling(args), args.tz),
            server: RollingFile::new(&folder, ("prod_server", extension), frame, server_gzip, Roll::Never, args.tz),
            held: Vec::new(),
        });
    }
    Ok(outputs)
}

/// When the audit files are rolled.
fn rolling(args: &Args) -> Roll {
    match args.roll_lines {
        _ if args.shape().is_one_document() || args.shape().is_newest_first() => Roll::Never,
        Some(lines) => Roll::Lines(lines.max(1)),
        None if args.roll == "daily" => Roll::Daily,
        None => Roll::Never,
    }
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
    let shape = args.shape();
    let mut line = Vec::with_capacity(4096);
    for (index, output) in outputs.iter_mut().enumerate() {
        let records = &mut traffic.pending[index];
        let mut order: Vec<(Micros, usize)> = records.iter().enumerate().map(|(at, r)| (r.time(), at)).collect();
        order.sort_unstable();
        let ready = order.partition_point(|(time, _)| *time < until);
        let error = world.nodes[index].clock_error;
        for (time, at) in &order[..ready] {
            let time = *time + error;
            line.clear();
            match &records[*at] {
                Record::Audit(event) if matches!(event.action, Action::Change(_)) && !shape.has_changes() => {}
                Record::Audit(event) => {
                    output.renderer.audit(&mut line, event);
                    truth.audit(world, index, time, event, line.len() + 1)?;
                    if shape.is_newest_first() {
                        output.held.push((time, line.clone()));
                    } else {
                        output.audit.write(time, &line)?;
                    }
                }
                Record::Server(server) => {
                    output.renderer.server(&mut line, server);
                    truth.server(index);
                    let file = if shape.is_stream() { &mut output.audit } else { &mut output.server };
                    file.write(time, &line)?;
                }
            }
        }
        let rest: Vec<Record> = order[ready..].iter().map(|(_, at)| records[*at].clone()).collect();
        *records = rest;
    }
    Ok(())
}

/// The keys that the cluster knows at the end of the log, as `GET /_security/api_key` has them; with what they may do from
/// 8.5 on.
pub(crate) fn listed_keys(world: &World, end: Micros, described: bool) -> Vec<serde_json::Value> {
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
        if described {
            let privileges = if key.lacks { "read" } else { "all" };
            entry["role_descriptors"] = serde_json::json!({"own": {
                "cluster": ["monitor"],
                "indices": [{"names": ["logs-*", "metrics-*"], "privileges": [privileges], "allow_restricted_indices": false}],
                "applications": [], "run_as": [], "metadata": {}, "transient_metadata": {"enabled": true},
            }});
        }
        entry
    });
    keys.collect()
}

/// Writes the API-key listing, as at the end of the log.
pub(crate) fn write_listing(path: &Path, world: &World, end: Micros) -> io::Result<()> {
    let listing = serde_json::json!({ "api_keys": listed_keys(world, end, false) });
    fs::write(path, format!("{listing}\n"))
}
