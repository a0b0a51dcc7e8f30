//! Clients that worked begin to send no credentials.

use super::{Doc, Hypothesis, ToldCampaign, outage};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::MissingCredentials,
        signature: "anonymous_access_denied without a reason in the server log, from clients that got in before, or that get in once they are repaired",
        meaning: "Clients send requests without credentials: security was turned on (it is on by default from 8.0), a proxy strips the Authorization header, or a deployment lost its secret.",
        verdict: "operational; unclear where nothing shows that a client ever had credentials. A client that sends none first and then lets itself in is ordinary",
        next_steps: &[
            "Give the clients credentials, best an API key each ([POST /_security/api_key], send `encoded` as Authorization: ApiKey …): {sources}.",
            "If security was just turned on, list the clients that never had credentials before; if a proxy is in front, check that it passes the Authorization header on.",
            "Check that they use https: GET https://{node}:9200/ with the CA of the cluster.",
            "Where the server log of {nodes} is at hand, read it for these times: a refused API key looks the same in the audit log.",
        ],
        false_positives: &[
            "Load balancers and monitors that probe without credentials: name them as proxies or scanners in the configuration file.",
            "API keys that were refused on a node whose server log is not among the inputs.",
        ],
        attack: &[],
        source: "audit-events reference of Elasticsearch (anonymous_access_denied); security by default since 8.0",
    },
    hostile: false,
    families: &[Family::Bare],
    severity: outage,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    let send = if told.features.sources == 1 { "sends" } else { "send" };
    format!("{} {send} no credentials", told.places())
}
