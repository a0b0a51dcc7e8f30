//! A realm is missing on a node.

use super::{Doc, Hypothesis, ToldCampaign, outage};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::WrongRealm,
        signature: "clients fail on one node and get in on others at the same time, by a realm that the node's chain lacks",
        meaning: "The realm that knows these accounts is not configured on the node, or not in its chain there, so right passwords fail.",
        verdict: "operational",
        next_steps: &[
            "Compare xpack.security.authc.realms of {nodes} with that of the other nodes; realms are configured per node in elasticsearch.yml: [GET /_nodes/settings?filter_path=nodes.*.settings.xpack.security.authc].",
            "Add the realm (and its keystore secrets and certificates) on {nodes}, then restart it.",
            "Until then take {nodes} out of the load balancer for clients.",
            "Check the licence if the server log says that realms were skipped: [GET /_license].",
        ],
        false_positives: &[
            "People who mistype, all on the node that the load balancer sends them to.",
            "A node whose directory server did not answer for a while.",
        ],
        attack: &[],
        source: "audit-events reference of Elasticsearch (realm_authentication_failed), realm settings are per node",
    },
    hostile: false,
    families: &[Family::Passwords, Family::Unjudged],
    severity: outage,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    let (fail, get) = if told.features.accounts == 1 { ("fails", "gets") } else { ("fail", "get") };
    format!("{} {fail} on {} and {get} in on other nodes", told.accounts(), told.nodes())
}
