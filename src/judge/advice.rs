//! Advice that depends on how an account gets in.

use super::doc::DISABLE;
use super::scene::Scene;
use crate::model::text::{Span, Text};
use crate::state::Sym;

/// What names of realms of directories and identity providers have in them. A realm's name is free; people call it what its type
/// is called (realm types: docs/reference "Security settings", `xpack.security.authc.realms.<type>.<name>`).
const DIRECTORIES: [&str; 13] =
    ["ldap", "active", "ad1", "ad_", "kerberos", "krb", "saml", "oidc", "openid", "jwt", "pki", "okta", "azure"];

/// The realms whose users the API disables: the native realm, and the reserved users.
const NATIVE: [&str; 2] = ["native", "reserved"];

/// How to disable an account, by the realms that let it in. `fill` fills the request.
pub(super) fn disable(
    scene: &Scene<'_>,
    cluster: u16,
    principal: Option<Sym>,
    fill: impl Fn(&'static str) -> Text,
) -> Text {
    const CALL: &str = "[PUT /_security/user/{principal}/_disable]";
    let pasts = principal.into_iter().flat_map(|principal| scene.history.of_account(cluster, principal));
    let mut realms: Vec<Sym> = pasts.map(|past| past.realm).filter(|realm| realm.is_some()).collect();
    realms.sort_by_key(|&realm| scene.shown(realm));
    realms.dedup();
    let [realm] = realms.as_slice() else {
        return fill(DISABLE);
    };
    let name = String::from_utf8_lossy(scene.bytes(*realm)).to_lowercase();
    let shown = Span::realm(&scene.text(*realm));
    let is = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if is(&NATIVE) {
        fill(CALL)
    } else if is(&DIRECTORIES) {
        Text::from("in the directory or identity provider behind the realm ")
            .with(shown)
            .with(", for it is no native user")
    } else if name.contains("file") {
        Text::from("out of the users file of every node, for the realm ").with(shown).with(" let it in")
    } else {
        fill(CALL).with(" (native), or in the directory behind the realm ").with(shown)
    }
}
