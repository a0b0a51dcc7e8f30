//! What came of comparing events of several inputs one by one: those that are the same, and those that look alike but were
//! written in forms that do not agree in what they hold.

use std::collections::HashMap;

use crate::copies::{event_hash, is_joined};
use crate::fast_reader::AuditFields;
use crate::state::{TimeSpan, Unsettled};
use crate::time::Millis;

/// An event that was compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct ComparedEvent {
    /// See [`event_hash`].
    event: u64,
    /// Node, time, action and request; 0 where there is no request id.
    request: u64,
    /// Node, time, action and user.
    user: u64,
    time: Millis,
    /// Number of its input.
    pub(super) input: u32,
    /// Whether it is compared once more where it is joined.
    joined: bool,
}

impl ComparedEvent {
    /// An event of a numbered node in a numbered input.
    pub(super) fn new(event: &impl AuditFields, node: u32, input: u32) -> Self {
        let near = |text: Option<&[u8]>| {
            let mut hasher = xxhash_rust::xxh3::Xxh3::with_seed(u64::from(node));
            hasher.update(&event.time().0.to_le_bytes());
            hasher.update(event.action_name());
            hasher.update(b"\0");
            hasher.update(text.unwrap_or_default());
            hasher.digest()
        };
        let request = event.request_id().map_or(0, |id| near(Some(id)).max(1));
        Self {
            event: event_hash(event, node),
            request,
            user: near(event.user()),
            time: event.time(),
            input,
            joined: is_joined(event.what()),
        }
    }
}

/// Events that several inputs hold, and the input to take each from: the one that holds it most often, of several the first. What
/// only one input holds and another may hold in another form is noted as not settled.
pub(super) fn settle(mut met: Vec<ComparedEvent>, unsettled: &mut Unsettled) -> HashMap<u64, u32> {
    let mut shared = HashMap::new();
    for same in alike(&mut met, |met| met.event) {
        let (inputs, most) = inputs(same);
        if inputs > 1 {
            shared.insert(same[0].event, most.0);
        }
    }
    met.retain(|met| !shared.contains_key(&met.event));
    // One request in two forms that differ in what else they hold. Failures and changes are joined by it.
    let mut doubted = Vec::new();
    for same in alike(&mut met, |met| met.request).filter(|same| same[0].request != 0) {
        if doubt(same, unsettled) {
            doubted.push(same[0].request);
        }
    }
    met.retain(|met| doubted.binary_search(&met.request).is_err());
    // A form that leaves the request id out.
    for same in alike(&mut met, |met| met.user).filter(|same| same.iter().any(|met| met.request == 0)) {
        doubt(same, unsettled);
    }
    shared
}

/// Events that have a hash in common, by it, each group by input.
fn alike(
    met: &mut [ComparedEvent],
    hash: impl Fn(&ComparedEvent) -> u64 + Copy,
) -> impl Iterator<Item = &[ComparedEvent]> {
    met.sort_unstable_by_key(|met| (hash(met), met.input));
    met.chunk_by(move |a, b| hash(a) == hash(b))
}

/// In how many inputs events are, by input, and the input that has most of them, with their number.
fn inputs(same: &[ComparedEvent]) -> (usize, (u32, usize)) {
    let runs = || same.chunk_by(|a, b| a.input == b.input);
    let mut most = (0, 0);
    for run in runs().filter(|run| !run.is_empty()) {
        if run.len() > most.1 {
            most = (run[0].input, run.len());
        }
    }
    (runs().count(), most)
}

/// Notes what several inputs have; whether they do.
fn doubt(same: &[ComparedEvent], unsettled: &mut Unsettled) -> bool {
    let (inputs, (_, most)) = inputs(same);
    let by_request = same[0].request != 0 && same.iter().all(|met| met.request == same[0].request);
    if inputs > 1 && !(by_request && same[0].joined) {
        let span = TimeSpan { first: Some(same[0].time), last: Some(same[0].time) };
        unsettled.add((same.len() - most) as u64, span);
    }
    inputs > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(event: u64, request: u64, input: u32) -> ComparedEvent {
        ComparedEvent { event, request, user: 9, time: Millis(5), input, joined: false }
    }

    fn doubts(met: Vec<ComparedEvent>) -> (usize, u64) {
        let mut unsettled = Unsettled::default();
        let shared = settle(met, &mut unsettled);
        (shared.len(), unsettled.events)
    }

    #[test]
    fn what_looks_alike_in_two_inputs_is_not_settled() {
        assert_eq!(doubts(vec![met(1, 1, 0), met(1, 1, 1)]), (1, 0));
        // Other events of the same millisecond: both forms tell requests apart.
        assert_eq!(doubts(vec![met(1, 1, 0), met(2, 2, 1)]), (0, 0));
        assert_eq!(doubts(vec![met(1, 1, 0), met(2, 1, 1)]), (0, 1));
        assert_eq!(doubts(vec![met(1, 1, 0), met(2, 0, 1)]), (0, 1));
        assert_eq!(doubts(vec![met(1, 1, 0), met(1, 1, 0), met(2, 0, 1), met(3, 0, 0)]), (0, 1));
        assert_eq!(
            doubts(vec![
                ComparedEvent { joined: true, ..met(1, 1, 0) },
                ComparedEvent { joined: true, ..met(2, 1, 1) }
            ]),
            (0, 0)
        );
    }
}
