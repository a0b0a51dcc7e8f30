//! Many API keys are ended at once.

use super::{Doc, Hypothesis, attack, named};
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::MassInvalidation,
        signature: "many API keys that existed or were in use are invalidated at once, out of the actor's habit",
        meaning: "Somebody invalidated many API keys within a short time. That cannot be undone: every client that used one of them is locked out.",
        verdict: "unclear: a clean-up and a sabotage look the same in the log; hostile where the actor had just been taken over or acts from a new place. Keys of an account that is disabled or deleted with them, and what the actor does every week, are no news",
        next_steps: &[
            "Ask {principal} whether it was meant, through another channel than the account itself.",
            "If it was not: disable {principal} ({disable}), block {sources}, and make new keys: invalidated keys cannot be restored.",
            "List what is affected: [GET /_security/api_key?active_only=false], invalidated since; give its clients new keys.",
            "Give accounts that need only their own keys manage_own_api_key instead of manage_api_key.",
        ],
        false_positives: &[
            "A planned rotation or the clean-up after a colleague has left.",
            "A tool that makes and invalidates a key for each run.",
        ],
        attack: &["T1531"],
        source: "MITRE ATT&CK T1531 Account Access Removal",
    },
    hostile: true,
    families: &[],
    severity: attack,
    title: named,
};
