//! An audit log that stops while its node lives.

use super::{Doc, Hypothesis, attack, named};
use crate::judge::kinds::Kind;

/// The hypothesis. It competes with none: silence has no failures for another kind to explain, and what broke, what was not
/// shipped and what was switched off look the same, so that only what stands beside it (a changed setting, a break-in) turns
/// its verdict.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::AuditGap,
        signature: "a node's audit log stops while its server log goes on, or an audit setting is changed",
        meaning: "For a while {nodes} wrote no audit events though the cluster was at work: what happened there then is not in any log.",
        verdict: "unclear: a setting, a full disk and somebody who hides look the same; hostile where an audit setting was changed from a new place just before",
        next_steps: &[
            "Compare xpack.security.audit settings of {nodes} over time: [GET /_cluster/settings] and elasticsearch.yml.",
            "Look for files that were not collected, and for a full disk.",
            "Review what happened on other nodes in the same time.",
        ],
        false_positives: &["A file that was not shipped or rolled over at a bad time.", "A node without traffic."],
        attack: &["T1562.008"],
        source: "MITRE ATT&CK T1562.008 Disable or Modify Cloud Logs",
    },
    hostile: true,
    families: &[],
    severity: attack,
    title: named,
};
