//! A valid key that may not do what it is used for.

use super::{Doc, Hypothesis, named, outage};
use crate::judge::kinds::Kind;

/// The hypothesis. It competes with none: what is told are decisions about a key that had authenticated, so that there is no
/// failure of authentication for another kind to explain; [`crate::judge`] counts them, and one key that is refused many
/// different actions is unclear.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::ApiKeyUnderprivileged,
        signature: "access_denied with an apikey.id: the key is valid and lacks a privilege or an index pattern",
        meaning: "The API key is accepted, and its role descriptors (cut down to what its owner may do) do not allow what the client asks for.",
        verdict: "operational; unclear where one key is refused many different actions, as when somebody tries out what a stolen key can do",
        next_steps: &[
            "Look at what the key may do: [GET /_security/api_key?id={key}&with_limited_by=true].",
            "Widen its role descriptors: [PUT /_security/api_key/{key}] (from 8.4), or make a new key; its owner must have the privileges itself.",
            "Check the index names that {sources} write to: a new index pattern is the usual cause.",
        ],
        false_positives: &[
            "Clients that probe for privileges when they start.",
            "A key that is narrow on purpose, in a client that asks for too much.",
        ],
        attack: &[],
        source: "audit-events reference of Elasticsearch (access_denied, apikey.id); limited-by role descriptors of API keys",
    },
    hostile: false,
    families: &[],
    severity: outage,
    title: named,
};
