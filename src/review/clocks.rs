//! Clocks of nodes that differ, as requests show that went from one to the other.

use super::draft::{CheckDraft, ReviewScene};
use crate::judge::Severity;
use crate::model::text::Span;
use crate::text;

/// Clocks that differ less are as good as equal: a request may wait as long. Milliseconds.
const NOTABLE_MS: i64 = 1000;

/// From here on reasons are not found any more: lines of the two logs of a node are matched within seconds, and who followed
/// whom between nodes is wrong by a minute. Milliseconds.
const BAD_MS: i64 = 60_000;

pub(super) fn look(scene: &ReviewScene<'_>) -> Vec<CheckDraft> {
    let nodes = scene.joined.nodes.all();
    let mut drafts = Vec::new();
    for offset in scene.joined.clock_offsets.iter().filter(|offset| offset.ahead_ms.abs() >= NOTABLE_MS) {
        let (behind, ahead) =
            if offset.ahead_ms > 0 { (offset.node, offset.other) } else { (offset.other, offset.node) };
        let apart = offset.ahead_ms.abs();
        let severity = if apart >= BAD_MS { Severity::Medium } else { Severity::Low };
        let span = |at: usize| Span::node(&nodes[at].spoken());
        let title =
            text!("The clock of {} is {} ahead of that of {}", span(ahead), Span::Duration(apart), span(behind));
        let mut draft = CheckDraft::new("clock_offset", severity, title)
            .why(text!(
                "{} requests have events on both nodes, by their request.id; the middle one is {} ms apart",
                offset.requests as u64,
                apart.unsigned_abs()
            ))
            .why("what happened on several nodes stands in a wrong order, and tokens seem to end early or late")
            .fix("Let the nodes follow one clock (NTP, chrony)");
        draft.nodes = [ahead, behind].into_iter().filter_map(|at| nodes[at].label()).map(str::to_owned).collect();
        drafts.push(draft);
    }
    drafts
}
