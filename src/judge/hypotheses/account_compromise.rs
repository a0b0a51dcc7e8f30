//! Tries, then a success that history does not explain.

use super::{Doc, Hypothesis, attack, named};
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::AccountCompromise,
        signature: "failures from a place that the account does not use, at any pace, then its success from there",
        meaning: "Somebody tried passwords of {principal} from {source} until one was right, and is in.",
        verdict: "hostile, critical; unclear where the account works at that address, or where its password was set anew before the success, or where a program is once outside after a few failures",
        next_steps: &[
            "Disable the account now: {disable}.",
            "Invalidate what was made since: [DELETE /_security/api_key with {\"username\":\"{principal}\"}], and tokens: [DELETE /_security/oauth2/token with {\"username\":\"{principal}\"}].",
            "Block {sources}.",
            "Review everything {principal} did since, from any address: access_granted and security_config_change events, new users, roles, role mappings and snapshots.",
            "Then set a new password and enable the account again.",
        ],
        false_positives: &[
            "A person who had forgotten the password and found it in the end, at a place where they had never been: ask.",
            "A program that was put up at a new place and repaired while it retried.",
        ],
        attack: &["T1110.001", "T1078"],
        source: "Elastic detection rules (5 failures, then a success), Timesketch (20 failures in the hour before a success from the address)",
    },
    hostile: true,
    families: &[],
    severity: attack,
    title: named,
};
