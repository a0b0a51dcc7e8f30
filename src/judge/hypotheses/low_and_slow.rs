//! Few tries an hour, for long.

use super::{Doc, Hypothesis, ToldCampaign, attack};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::LowAndSlow,
        signature: "few tries an hour on one account or a few, for hours or days, from a place that the account does not use",
        meaning: "Somebody tries passwords of {principals} so seldom that no lockout and no rate limit notices.",
        verdict: "hostile; unclear where the place is one of the account's own, or inside and nothing else is known",
        next_steps: &[
            "Find out what runs at {sources}; if nobody knows, block it at the firewall or in xpack.security.http.filter.deny.",
            "Review when and from where {principals} got in lately; if the account exists, change its password: [POST /_security/user/{principal}/_password].",
            "Look for the same source in older logs: what is slow began earlier than it was noticed.",
        ],
        false_positives: &[
            "A job that runs a few times a day with a wrong password at a place where it never worked.",
            "A phone or laptop with an old password that wakes up now and then.",
        ],
        attack: &["T1110.001"],
        source: "CrowdSec ssh-slow-bf: the last 4 failures with a median interval above 10 min, cancelled by a success; capacity 10 leaking 1 per 60 s",
    },
    hostile: true,
    families: &[Family::Passwords],
    severity: attack,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    format!("Passwords of {} are guessed slowly from {}", told.accounts(), told.places())
}
