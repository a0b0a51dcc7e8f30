//! A node with a wrong clock.

use super::{Doc, Hypothesis, ToldCampaign, outage};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::ClockSkew,
        signature: "tokens or keys are refused as expired on one node while the same clients get in on others",
        meaning: "The node's clock is wrong: it takes tokens or keys for expired, or not yet valid, that the other nodes accept.",
        verdict: "operational; less sure where no server log tells that tokens had expired",
        next_steps: &[
            "Compare the clocks: `date -u` on {nodes} and on another node; [GET /_nodes/stats/os] shows each node's timestamp.",
            "Repair time synchronisation (chrony or ntpd) on {nodes}, and alert on an offset above a second.",
            "Until then take {nodes} out of the load balancer.",
        ],
        false_positives: &[
            "A client that holds an old connection or an old token for that node only.",
            "A node that lags behind in its security index.",
        ],
        attack: &[],
        source: "TokenService and ApiKeyService of Elasticsearch compare expiry with the node's own clock",
    },
    hostile: false,
    families: &[Family::Passwords, Family::Keys],
    severity: outage,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    format!("Node {} refuses tokens that other nodes accept", told.nodes())
}
