//! A client with a password that is no longer right.

use super::{Doc, Hypothesis, ToldCampaign, outage};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::StaleCredential,
        signature: "an account that worked from there fails from one moment on, or fails after a change of the account; all its clients together",
        meaning: "A client goes on sending a password (or service token) that is no longer right. It will not stop by itself.",
        verdict: "operational; unclear where nothing shows that it ever worked from there. A steady pace is no evidence: attackers write `sleep 5`",
        next_steps: &[
            "Update the stored secret of {principals} on {sources}, then restart the program that holds it.",
            "Check that the account exists, is enabled and has the roles it needs: [GET /_security/user/{principal}].",
            "If the secret is lost, set a new one: [POST /_security/user/{principal}/_password]; for a service account make a new token: [POST /_security/service/NAMESPACE/SERVICE/credential/token].",
            "Watch for authentication_success or access_granted of {principal} from {source}.",
        ],
        false_positives: &[
            "Somebody who guesses from a host where the account works: ask who runs something there.",
            "A probe that logs in with a wrong password on purpose.",
        ],
        attack: &[],
        source: "elastic/detection-rules #5516 (one misconfigured service, hundreds of thousands of alerts); credential cache of the native realm: 20 min",
    },
    hostile: false,
    families: &[Family::Passwords],
    severity: outage,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    let fail = if told.features.accounts == 1 { "fails" } else { "fail" };
    format!("{} {fail} with a stored password that is no longer right, on {}", told.accounts(), told.places())
}
