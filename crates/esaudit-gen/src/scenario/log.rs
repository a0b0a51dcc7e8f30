//! The log of a scenario in memory: what every node would write if all were switched on, and what of it is.

use std::fs;
use std::io;
use std::path::Path;

use crate::cli::Args;
use crate::event::{Action, Record};
use crate::scenario::nuisance::Logging;
use crate::shapes::Renderer;
use crate::text::Micros;
use crate::world::{Node, World};

/// One line of a node, and what it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) record: Record,
    /// The incident that it belongs to.
    pub(crate) tag: Option<u16>,
    /// Which act of a client it comes from: lines of one act stay together when acts are moved.
    pub(crate) act: u32,
}

/// What one node writes.
#[derive(Clone, Debug)]
pub(crate) struct NodeLog {
    pub(crate) node: Node,
    pub(crate) cluster: crate::text::Text,
    pub(crate) logging: Logging,
    /// In order of time.
    pub(crate) entries: Vec<Entry>,
}

/// The logs of all nodes.
#[derive(Clone, Debug)]
pub struct Log {
    pub(crate) args: std::sync::Arc<Args>,
    pub(crate) nodes: Vec<NodeLog>,
}

/// What was written.
#[derive(Clone, Copy, Default, Debug)]
pub struct Written {
    /// Audit events.
    pub events: u64,
    /// Audit events and server lines.
    pub lines: u64,
}

impl Logging {
    /// Whether a node with these settings writes this down.
    pub(crate) fn writes(self, record: &Record) -> bool {
        match record {
            Record::Server(_) => self.server_log,
            Record::Audit(event) => match event.action {
                Action::RealmAuthenticationFailed => self.realm_failures,
                Action::AuthenticationSuccess => self.successes,
                Action::AccessGranted => self.access_granted,
                _ => true,
            },
        }
    }
}

impl NodeLog {
    /// The node in the truth.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.node.name,
            "realm_events": self.logging.realm_failures,
            "success_events": self.logging.successes,
            "access_granted": self.logging.access_granted,
            "server_log": self.logging.server_log,
        })
    }

    /// Lines that are written.
    pub(crate) fn lines(&self) -> usize {
        self.entries.iter().filter(|entry| self.logging.writes(&entry.record)).count()
    }

    /// Puts the lines in order of time; lines of one millisecond keep the order in which they were made.
    pub(crate) fn sort(&mut self) {
        self.entries.sort_by_key(|entry| entry.record.time());
    }
}

impl Log {
    /// Lines of all nodes that are written.
    pub fn lines(&self) -> usize {
        self.nodes.iter().map(NodeLog::lines).sum()
    }

    /// First and last time.
    pub(crate) fn span(&self) -> (Micros, Micros) {
        let times = || self.nodes.iter().flat_map(|node| node.entries.iter().map(|entry| entry.record.time()));
        (times().min().unwrap_or_default(), times().max().unwrap_or_default())
    }

    /// Writes a folder a node into this folder.
    pub fn write(&self, folder: &Path) -> io::Result<Written> {
        let mut written = Written::default();
        for node in &self.nodes {
            let place = folder.join(node.node.name);
            fs::create_dir_all(&place)?;
            self.write_node(node, &place, &mut written)?;
        }
        Ok(written)
    }

    fn write_node(&self, node: &NodeLog, place: &Path, written: &mut Written) -> io::Result<()> {
        let shape = self.args.shape();
        let world = World::of_nodes(node.cluster, Vec::new());
        let mut renderer = Renderer::new(&self.args, &world, &node.node);
        let (mut audit, mut server) = (Vec::new(), Vec::new());
        for entry in node.entries.iter().filter(|entry| node.logging.writes(&entry.record)) {
            match &entry.record {
                Record::Audit(event) => {
                    renderer.audit(&mut audit, event);
                    audit.push(b'\n');
                    written.events += 1;
                }
                Record::Server(line) => {
                    let to = if shape.is_stream() { &mut audit } else { &mut server };
                    renderer.server(to, line);
                    to.push(b'\n');
                }
            }
            written.lines += 1;
        }
        let (name, extension) = shape.file();
        fs::write(place.join(format!("{name}{extension}")), audit)?;
        if !server.is_empty() {
            let text = self.args.server_format == crate::cli::ServerFormat::Text;
            fs::write(place.join(if text { "prod_server.log" } else { "prod_server.json" }), server)?;
        }
        Ok(())
    }
}
