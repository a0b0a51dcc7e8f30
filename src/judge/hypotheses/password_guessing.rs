//! One account or a few, many tries.

use super::{Doc, Hypothesis, ToldCampaign, attack};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::PasswordGuessing,
        signature: "one account (or few), many tries at any pace, from one or many places that ordinary life of the account does not explain",
        meaning: "Somebody tries passwords of {principals}.",
        verdict: "hostile; unclear where the account works at the address that the tries come from, or where the log does not say",
        next_steps: &[
            "Block {sources} at the firewall, or in xpack.security.http.filter.deny of every node.",
            "If the account exists, make it change its password: [POST /_security/user/{principal}/_password]. A chain in which a realm other than reserved was asked first shows that it exists.",
            "Look for a success of {principals} from any new address in the hours after.",
            "Close the way by which {source} reaches {nodes}: Elasticsearch should not be open to everybody.",
        ],
        false_positives: &[
            "A person who has forgotten the password, or a password manager with an old one.",
            "A program that was given a wrong password at a place where it had never worked.",
            "The organisation's own scanner: name it under scanners in the configuration file.",
        ],
        attack: &["T1110.001"],
        source: "Elastic detection rules (100 failures in 60 s), fail2ban (5 in 10 min), Wazuh (8 in 120 s), Hayabusa (5 in 5 min), Elastic for Okta (5 addresses, 10 tries in 30 min); Javed & Paxson, CCS 2013 (distributed guessing)",
    },
    hostile: true,
    families: &[Family::Passwords],
    severity: attack,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    format!("Passwords of {} are guessed from {}", told.accounts(), told.places())
}
