//! Attempts that no realm judged.

use super::{Doc, Hypothesis, ToldCampaign, outage};
use crate::judge::campaign::Family;
use crate::judge::features::Feature;
use crate::judge::kinds::Kind;
use crate::judge::words::count;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::RealmOutage,
        signature: "attempts that no realm judged (directory or security index unavailable, licence, realm missing, thread pool full), or many accounts that fail together from their own places and get in again together",
        meaning: "A realm did not answer, or could not: right passwords failed with wrong ones. Nothing can be said of who sent which.",
        verdict: "operational",
        next_steps: &[
            "Repair the realm: look in the server logs of {nodes} for its name at the time of the first failure (directory server, certificate, licence, security index).",
            "[GET /_license], [GET /_cluster/health/.security*] and, for LDAP or Active Directory, a bind from {nodes} tell which it is.",
            "Keep a native or file account for emergencies: these realms do not depend on the directory.",
            "An attack in the same hours would not show: review successes of {principals} after the repair.",
        ],
        false_positives: &["A spray from places that the accounts use, such as a shared proxy."],
        attack: &[],
        source: "RealmsAuthenticator of Elasticsearch (realms that throw are skipped), audit-events reference; Javed & Paxson, CCS 2013 (change of a site-wide rate)",
    },
    hostile: false,
    families: &[Family::Passwords, Family::Unjudged, Family::Keys],
    severity: outage,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    let accounts = told.features.accounts as u64;
    // Where no line says so it is only what they look like.
    let unjudged = told.features.get(Feature::Unjudged) >= 0.5;
    format!(
        "{} failed {} no realm could judge them: {}{}",
        count(told.failures(), "attempt", "attempts"),
        if unjudged { "because" } else { "as if" },
        if accounts == 0 { String::new() } else { format!("{}, ", count(accounts, "account", "accounts")) },
        count(told.features.sources as u64, "source", "sources")
    )
}
