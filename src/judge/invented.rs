//! Tokens that nobody issued: an issuer signs what its clients send, so who sends tokens of issuers that the cluster does not know, of
//! several at that, signs them.

use std::collections::BTreeSet;

use super::campaign::Campaign;
use super::scene::Scene;
use super::unit::Unit;

/// How Elasticsearch names whoever sends a JWT that no realm knows the issuer of; that one follows where it was read.
const UNKNOWN_JWT: &[u8] = b"<unrecognized-jwt>";

/// Whether all that fails is JWTs of several unknown issuers from one host outside, from which nobody gets in.
pub(super) fn are_tokens<'m>(
    scene: &Scene<'_>,
    campaign: &Campaign,
    mut units: impl Iterator<Item = &'m Unit>,
) -> bool {
    let names = || campaign.attempts.iter().map(|&at| scene.bytes(scene.attempt(at).principal));
    let issuers: BTreeSet<&[u8]> = names().filter(|name| name.starts_with(UNKNOWN_JWT)).collect();
    if issuers.len() < 2 || !names().all(|name| name.starts_with(UNKNOWN_JWT)) {
        return false;
    }
    let mut host = None;
    units.all(|unit| {
        let own = scene.host(unit.source);
        scene.is_outside(unit.source)
            && *host.get_or_insert(own) == own
            && scene.history.source(unit.cluster, unit.source).is_none()
    })
}
