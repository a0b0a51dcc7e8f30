//! What an intruder made to stay.

use super::{Doc, Hypothesis, attack, named};
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::Persistence,
        signature: "keys, tokens, users, roles or mappings made by somebody whose entry no log shows, or whom no line names, and used from a place that nobody of the organisation uses; or an account that gives itself all rights",
        meaning: "Something that opens the cluster was made under {principal}, and is used from {source}.",
        verdict: "hostile; a part of the compromise where the entry is known",
        next_steps: &[
            "Revoke each: [DELETE /_security/api_key with {\"ids\":[\"{key}\"]}]; [DELETE /_security/user/NAME] and roles and mappings made since.",
            "Find out how {principal} was used: from where and with what.",
            "Change its password, and look for more of the kind: [GET /_security/_query/api_key] by creation.",
        ],
        false_positives: &["A key made for a partner outside.", "An administrator who was asked to."],
        attack: &["T1098.001", "T1136"],
        source: "MITRE ATT&CK T1098.001 Additional Cloud Credentials, T1136 Create Account",
    },
    hostile: true,
    families: &[],
    severity: attack,
    title: named,
};
