//! What a review could not look at because the answer that would tell is not among the inputs.

use super::draft::ReviewScene;
use crate::model::text::{Span, Text};
use crate::text;

/// Kinds of dumps that a review looks at, the request that gives each, and what stays open without it.
const WANTED: [(&str, &str, &str); 5] = [
    ("nodes", "GET /_nodes", "what nodes do not write, beyond what their logs show"),
    ("users", "GET /_security/user", "accounts as good as superuser, and whether owners of API keys still exist"),
    ("roles", "GET /_security/role", "how powerful the accounts are that have roles of the cluster's own"),
    ("api_keys", "POST /_security/_query/api_key", "API keys that these logs do not show being made"),
    ("license", "GET /_license", "realms that the licence does not permit, and when it ends"),
];

/// A sentence for each.
pub(super) fn untold(scene: &ReviewScene<'_>) -> Vec<Text> {
    let read = &scene.joined.context.read;
    let script = || Span::Code("esaudit collect-script".into());
    let missing: Vec<_> =
        WANTED.iter().filter(|(wanted, ..)| !read.iter().any(|(kind, .., used)| kind == wanted && *used)).collect();
    if missing.len() == WANTED.len() {
        return vec![text!(
            "settings, accounts, roles, API keys and the licence of the cluster: none of its answers is among the inputs; {} \
             collects them",
            script()
        )];
    }
    let one = |(_, request, what): &&(&'static str, &'static str, &'static str)| {
        text!(
            "{}: the answer of {} is not among the inputs, or not used; {} collects it",
            *what,
            Span::Code((*request).into()),
            script()
        )
    };
    missing.iter().map(one).collect()
}
