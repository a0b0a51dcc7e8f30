//! Audit logs that stop while their node lives.

use super::draft::Draft;
use super::features::Measure;
use super::history::HOUR;
use super::kinds::{Kind, Severity, Verdict};
use super::words;
use crate::time::Millis;

/// Minutes with a line of the server log that show that a node lives.
const ALIVE: usize = 3;

/// Silence at the end of a node's audit log that is told.
const TAIL: i64 = HOUR;

/// The drafts of gaps.
pub(super) fn audit_gaps(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let nodes = scene.joined.nodes.all();
    let mut drafts = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let mut gaps = node.stats.minutes.gaps();
        if let Some(last) = node.stats.span.last.filter(|last| scene.span.1.0 - last.0 >= TAIL) {
            gaps.push((Millis(last.0 + 60_000), scene.span.1));
        }
        let server: Vec<i64> = node.stats.server_minutes.iter().collect();
        for (start, end) in gaps {
            let inside = |minute: &&i64| (start.0 / 60_000..end.0 / 60_000).contains(*minute);
            let alive = server.iter().filter(inside).count();
            // Others see the time pass.
            let others = nodes.iter().enumerate().any(|(other, node)| {
                other != at && node.stats.span.first.is_some_and(|t| t <= start) && node.stats.span.last.is_some_and(|t| t >= end)
            });
            if alive < ALIVE || !others {
                continue;
            }
            let mut draft = Draft::new(Kind::AuditGap, Severity::Medium, (Verdict::Unclear, 0.5));
            draft.cluster = scene.cluster(at);
            draft.title = format!(
                "Node {} wrote no audit events for {}, though it was alive",
                scene.node_name(at),
                words::duration(end.0 - start.0)
            );
            draft.why.push(format!("No audit event from {} to {}", words::time(start), words::time(end)));
            draft.why.push(format!(
                "Its server log has lines in {} meanwhile, and other nodes wrote audit events",
                words::count(alive as u64, "minute", "minutes")
            ));
            draft.nodes = vec![at];
            draft.times = vec![start, end];
            drafts.push(draft);
        }
    }
    drafts
}
