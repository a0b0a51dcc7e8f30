//! Server-log lines in JSON: 7.x (`"type":"server"`) and ECS from 8.0 on (audit-format 3).

use super::members::{Field, Members};
use super::{Context, JsonShape, Sink};
use crate::error::DecodeError;
use crate::event::{Record, ServerEvent};
use crate::time;

/// ECS JSON of 8.x and later.
pub struct EcsServer;

/// JSON of 7.x.
pub struct JsonServer;

impl JsonShape for EcsServer {
    fn name(&self) -> &'static str {
        "server-ecs"
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        members.has(Field::LogLevel) && members.has(Field::Message) && members.has(Field::AtTimestamp)
    }

    fn decode(&self, members: Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        sink(self.name(), server_event(&members, context));
        Ok(())
    }
}

impl JsonShape for JsonServer {
    fn name(&self) -> &'static str {
        "server-json"
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        members.text(Field::Type).as_deref() == Some(b"server")
    }

    fn decode(&self, members: Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        sink(self.name(), server_event(&members, context));
        Ok(())
    }
}

fn server_event<'a>(members: &Members<'a>, context: &Context) -> Record<'a> {
    let stamp = members
        .text(Field::Timestamp)
        .or_else(|| members.text(Field::AtTimestamp))
        .and_then(|text| time::parse(&text, context.assume_tz));
    Record::Server(Box::new(ServerEvent {
        time: stamp.map(|stamp| stamp.time),
        zone_assumed: stamp.is_some_and(|stamp| stamp.zone_assumed),
        node_id: members.text(Field::NodeId),
        node_name: members.text(Field::NodeName),
        cluster_uuid: members.text(Field::ClusterUuid),
        logger: members.text(Field::LogLogger).or_else(|| members.text(Field::Component)),
        message: members.text(Field::Message).unwrap_or_default(),
        trace_id: members.text(Field::TraceId),
    }))
}
