//! The forms in which the same events reach an analyst: the node's own file, shippers' documents, exports of the
//! index, containers' streams, and the text of old releases.
//!
//! Every shape is made from the same events, so one seed gives the same incident in all of them. What a shape cannot
//! say is left out: see [`Shape::has_request_ids`], [`Shape::has_changes`] and [`Shape::has_node_ids`].

mod containers;
mod csv;
mod ecs;
mod envelopes;
mod text;

use envelopes::Envelope;

use crate::cli::Args;
use crate::event::{Event, ServerLine};
use crate::native::NativeWriter;
use crate::rng::Rng;
pub(crate) use crate::shape::Shape;
use crate::text::{Clock, Micros, Text};
use crate::world::{Node, World};

impl Shape {
    /// Something around each line of the audit file.
    #[cfg(test)]
    pub(crate) fn is_envelope(self) -> bool {
        envelopes::of(self).is_some()
    }

    /// One document as a whole, which cannot be rolled over between two events.
    pub(crate) fn is_one_document(self) -> bool {
        matches!(self, Self::Search | Self::SearchPretty) || envelopes::of(self).is_some_and(Envelope::is_one_document)
    }

    /// Name and extension of the file.
    pub(crate) fn file(self) -> (Text, Text) {
        if let Some(envelope) = envelopes::of(self) {
            return envelope.file();
        }
        match self {
            Self::Native | Self::NewestFirst => ("prod_audit", ".json"),
            Self::Ecs | Self::EcsNested | Self::EcsDotted | Self::EcsClient | Self::Filebeat70 => {
                ("filebeat", ".ndjson")
            }
            Self::Elasticdump => ("dump", ".json"),
            Self::Search | Self::SearchPretty => ("search", ".json"),
            Self::Bulk => ("bulk", ".ndjson"),
            Self::Csv => ("discover", ".csv"),
            Self::Docker | Self::Docker7text => ("container-json", ".log"),
            Self::Cri => ("0", ".log"),
            Self::Compose => ("compose", ".log"),
            Self::Text5 => ("prod_access", ".log"),
            _ => ("lines", ".log"),
        }
    }

    /// What stands before the first event, between two, and after the last.
    pub(crate) fn frame(self) -> Frame {
        if let Some(envelope) = envelopes::of(self) {
            return envelope.frame();
        }
        match self {
            Self::Search => Frame {
                header: "{\"took\":12,\"timed_out\":false,\"_shards\":{\"total\":1,\"successful\":1,\"skipped\":0,\"failed\":0},\"hits\":{\"total\":{\"value\":10000,\"relation\":\"gte\"},\"max_score\":null,\"hits\":[".into(),
                separator: ",",
                footer: "]}}\n",
            },
            Self::SearchPretty => Frame {
                header: "{\n  \"took\" : 12,\n  \"timed_out\" : false,\n  \"_shards\" : {\n    \"total\" : 1,\n    \"successful\" : 1,\n    \"skipped\" : 0,\n    \"failed\" : 0\n  },\n  \"hits\" : {\n    \"total\" : {\n      \"value\" : 10000,\n      \"relation\" : \"gte\"\n    },\n    \"max_score\" : null,\n    \"hits\" : [\n".into(),
                separator: ",\n",
                footer: "\n    ]\n  }\n}\n",
            },
            Self::Csv => Frame { header: csv::header(), separator: "\n", footer: "\n" },
            _ => Frame { header: String::new(), separator: "\n", footer: "\n" },
        }
    }
}

/// What surrounds the events of a file.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) header: String,
    pub(crate) separator: Text,
    pub(crate) footer: Text,
}

/// Writes the events of one node in a shape.
pub(crate) struct Renderer {
    shape: Shape,
    native: NativeWriter,
    /// The zone of local times.
    local: Clock,
    utc: Clock,
    node_name: Text,
    node_id: Text,
    cluster: Text,
    cluster_name: Text,
    clock_error: Micros,
    /// Decides where a CRI line is cut.
    rng: Rng,
    /// Numbers the documents.
    documents: u64,
    line: Vec<u8>,
}

impl Renderer {
    /// A renderer for this node.
    pub(crate) fn new(args: &Args, world: &World, node: &Node) -> Self {
        Self {
            shape: args.shape(),
            native: NativeWriter::new(args, world, node),
            local: Clock::new(args.tz),
            utc: Clock::new(0),
            node_name: node.name,
            node_id: node.id,
            cluster: world.cluster,
            cluster_name: world.cluster_name,
            clock_error: node.clock_error,
            rng: Rng::named(args.seed, node.name),
            documents: 0,
            line: Vec::new(),
        }
    }

    /// Appends an event, without what separates it from the next.
    pub(crate) fn audit(&mut self, buf: &mut Vec<u8>, event: &Event) {
        let time = event.time + self.clock_error;
        match self.shape {
            Shape::Native | Shape::NewestFirst => self.native.audit(buf, event),
            Shape::Csv => csv::push(self, buf, event),
            Shape::Text5 => text::push_5x(self, buf, event),
            Shape::Docker7text => {
                let mut line = std::mem::take(&mut self.line);
                line.clear();
                text::push_docker_7(self, &mut line, event);
                containers::docker(&mut self.utc, buf, time, &line);
                self.line = line;
            }
            Shape::Docker | Shape::Cri | Shape::Compose => {
                let mut line = std::mem::take(&mut self.line);
                line.clear();
                self.native.audit(&mut line, event);
                containers::push(self, buf, time, &line);
                self.line = line;
            }
            shape => match envelopes::of(shape) {
                Some(envelope) => {
                    let mut line = std::mem::take(&mut self.line);
                    line.clear();
                    self.native.audit(&mut line, event);
                    envelope.push(buf, self.node_name, time, &line);
                    self.line = line;
                }
                None => ecs::push(self, buf, event),
            },
        }
    }

    /// Appends a server line, without its line end.
    pub(crate) fn server(&mut self, buf: &mut Vec<u8>, server: &ServerLine) {
        if !self.shape.is_stream() {
            return self.native.server(buf, server);
        }
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        self.native.server(&mut line, server);
        containers::push(self, buf, server.time + self.clock_error, &line);
        self.line = line;
    }
}
