//! Many accounts from many places, about one try each.

use super::{Doc, Hypothesis, ToldCampaign, attack};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;
use crate::judge::words::count;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::CredentialStuffing,
        signature: "many accounts, many sources, about one try each, as new names and new addresses arrive faster than in the rest of the log",
        meaning: "Somebody tries pairs of name and password leaked elsewhere, from many machines.",
        verdict: "hostile; unclear where the sources are internal",
        next_steps: &[
            "Rate-limit or block at the proxy in front of {nodes}: single addresses change too fast. Begin with {sources}.",
            "Look for accounts that got in from these sources: those passwords are known to others.",
            "Make the accounts that exist among {principals} change their passwords; turn on a second factor where single sign-on allows it.",
        ],
        false_positives: &[
            "A directory that is down or slow: then people fail from where they always get in.",
            "A new application that was rolled out to many machines with wrong accounts.",
        ],
        attack: &["T1110.004"],
        source: "Elastic for Entra (10 users, 30 events, 5 addresses, more users than addresses), Elastic for Okta (at most 2 tries per user)",
    },
    hostile: true,
    families: &[Family::Passwords],
    severity: attack,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    format!(
        "Leaked passwords of {} are tried from {}",
        count(told.features.accounts as u64, "account", "accounts"),
        told.places()
    )
}
