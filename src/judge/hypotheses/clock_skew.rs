//! A wrong clock: of a node, or of who issues tokens.

use super::{Doc, Hypothesis, ToldCampaign, outage};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::ClockSkew,
        signature: "tokens or keys are refused as expired on one node while the same clients get in on others, or those of an issuer on \
                    all nodes for some hours",
        meaning: "A clock is wrong: that of a node which takes tokens or keys for expired, or not yet valid, that the other nodes \
                  accept; or that of who issues tokens, where all nodes refuse them.",
        verdict: "operational; less sure where no server log tells that tokens had expired",
        next_steps: &[
            "Compare the clocks: `date -u` on {nodes}, on another node, and on the host that issues the tokens; [GET /_nodes/stats/os] shows \
             each node's timestamp.",
            "Repair time synchronisation (chrony or ntpd) where it is wrong, and alert on an offset above a second.",
            "Until then take the node out of the load balancer, if it is one alone.",
        ],
        false_positives: &[
            "A client that holds an old connection or an old token for that node only.",
            "A node that lags behind in its security index.",
            "An issuer that signs with new keys, which no node knows yet.",
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
