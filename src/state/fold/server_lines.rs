//! Events of the server log to records of what they say of failures.

use super::StateBuilder;
use crate::decode::reason::{Message, attached, classify, with_cause};
use crate::event::ServerEvent;
use crate::reason::{Cause, Reason, Subject};
use crate::state::records::{Pos, ReasonRecord};
use crate::state::symbols::Sym;
use crate::time::Millis;

impl StateBuilder {
    /// Counts an event of the server log and keeps the reason that it tells.
    pub(super) fn server(&mut self, event: &ServerEvent<'_>, line: u32) -> u32 {
        let at = self.node_in(event.node_id.as_deref(), event.node_name.as_deref(), event.cluster_uuid.as_deref());
        let node = &mut self.state.nodes[at as usize];
        node.server_events += 1;
        if let Some(time) = event.time {
            node.server_time(time, event.zone_assumed);
            self.reason(event, time, at, line);
        }
        at
    }

    fn reason(&mut self, event: &ServerEvent<'_>, time: Millis, node: u32, line: u32) {
        let message = Message {
            level: event.level.as_deref(),
            logger: event.logger.as_deref(),
            text: &event.message,
            cause: event.error.as_ref().and_then(|(class, message)| attached(class, message)),
        };
        let Some(told) = classify(&message) else { return };
        let understood = told.reason != Reason::Unknown && (told.name.is_some() || told.subject != Subject::Realm);
        if told.awaits_cause && event.error.is_none() {
            self.awaiting = Some((self.state.reasons.len(), line + 1));
        }
        let symbols = &mut self.state.symbols;
        self.state.reasons.push(ReasonRecord {
            time,
            pos: Pos { chunk: self.chunk, line },
            node,
            subject: symbols.intern_opt(told.name),
            realm: symbols.intern_opt(told.realm),
            trace: symbols.intern_opt(event.trace_id.as_deref()),
            text: if understood { Sym::NONE } else { symbols.intern(&event.message) },
            about: told.subject,
            reason: told.reason,
            awaits_cause: told.awaits_cause && event.error.is_none(),
            is_local: event.zone_assumed,
        });
    }

    /// Gives the record that awaits an exception the one that follows it.
    pub(super) fn explain(&mut self, cause: Option<Cause>) {
        let Some(record) = self.awaiting.take().and_then(|(at, _)| self.state.reasons.get_mut(at)) else { return };
        record.awaits_cause = false;
        record.reason = cause.map_or(record.reason, |cause| with_cause(record.reason, cause));
    }
}
