//! Few tries each on many accounts.

use super::{Doc, Hypothesis, ToldCampaign, attack};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;
use crate::judge::words::count;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::PasswordSpraying,
        signature: "few tries each on many accounts, from one or many sources, in rounds, from places that the accounts do not use; or JWTs of several issuers that the cluster does not know, from one host outside",
        meaning: "Somebody tries a few common passwords on many accounts, below every lockout.",
        verdict: "hostile; unclear behind a shared address from which many people get in",
        next_steps: &[
            "Block {sources} at the firewall, or in xpack.security.http.filter.deny of every node.",
            "List which of {principals} exist: [GET /_security/user] for native users, the directory for others. Make those change their passwords.",
            "Look for successes of these accounts from new addresses in the hours after.",
            "Turn off basic authentication where single sign-on is in use, and keep the HTTP port of {nodes} off open networks.",
        ],
        false_positives: &[
            "An office, VPN or Kibana behind one address: name it under proxies in the configuration file.",
            "A directory that is down: then everybody fails, from where they always come.",
            "The organisation's own scanner: name it under scanners.",
        ],
        attack: &["T1110.003"],
        source: "Elastic for Okta (5 users, 15 tries, at most 8 per user, 1 h), Elastic for Entra (15 users)",
    },
    hostile: true,
    families: &[Family::Passwords],
    severity: attack,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    if told.features.invents {
        return format!("JWTs of issuers that nobody knows are tried from {}", told.places());
    }
    format!("{} sprayed from {}", count(told.features.accounts as u64, "account is", "accounts are"), told.places())
}
