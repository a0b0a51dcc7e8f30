//! A new place of an account, then powerful actions.

use super::{Doc, Hypothesis, attack, named};
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::SuspiciousAccess,
        signature: "no failures, but a first-ever place of the account, followed by rare powerful actions: users, roles, keys, snapshots, deletions, settings; a visit from outside that deletes index after index; a key of somebody who was locked out, from where they had tried to get in",
        meaning: "{principal} got in from {source}, where it had never been, and used powers that change the cluster.",
        verdict: "hostile where the place lies outside and the account had worked from its own places for days; unclear otherwise",
        next_steps: &[
            "Ask the owner of {principal}, through another channel than the account itself, whether it was they.",
            "If not: disable the account ({disable}), block {sources}, and revoke what was made since.",
            "Review what {principal} did from there: access_granted and security_config_change events.",
        ],
        false_positives: &[
            "An administrator who travels, or works over a new VPN.",
            "A new jump host or automation that took an account over.",
        ],
        attack: &["T1078"],
        source: "MITRE ATT&CK T1078 Valid Accounts; Freeman et al., NDSS 2016 (likelihood of a login's place for an account)",
    },
    hostile: true,
    families: &[],
    severity: attack,
    title: named,
};
