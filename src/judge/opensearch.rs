//! What is advised where the nodes of a finding are OpenSearch's: its security plugin has other settings and other requests than
//! Elasticsearch, and speaks of authentication domains where Elasticsearch has realms.
//!
//! Kinds about API keys, realm chains and security changes are missing: records of OpenSearch hold none of them.
//!
//! Source: documentation of OpenSearch Security, "Access control / API" (`_plugins/_security/api/…`), "Configuring the Security
//! backend" (`http_authenticator`, `authentication_backend`), "API rate limiting" (`auth_failure_listeners`) and "Audit log fields".

use super::doc::Doc;
use super::kinds::Kind;

/// The words of one kind that differ from those of [`Doc`].
struct Wording {
    kind: Kind,
    /// In place of [`Doc::meaning`].
    meaning: Option<&'static str>,
    /// In place of [`Doc::next_steps`].
    next_steps: &'static [&'static str],
}

const BLOCK: &str = "Block {sources} at the firewall; the security plugin slows single addresses down (auth_failure_listeners of type ip in its config.yml).";
const SEE_USER: &str = "Check that the account exists and has the roles it needs: [GET /_plugins/_security/api/internalusers/{principal}], or the directory.";
const NEW_PASSWORD: &str = "If the account is an internal user, set a new password with [PUT /_plugins/_security/api/internalusers/{principal}], which replaces the whole user; then clear what nodes remember: [DELETE /_plugins/_security/api/cache].";
const LOCK_OUT: &str = "Lock the account out now: [DELETE /_plugins/_security/api/internalusers/{principal}] (unless it is reserved), or in the directory; then [DELETE /_plugins/_security/api/cache].";
const REVIEW: &str = "Review what {principal} did since, from any address: records of the categories GRANTED_PRIVILEGES and COMPLIANCE_INTERNAL_CONFIG_WRITE, new users, roles, role mappings and snapshots.";
const DOMAINS: &str = "Compare the authentication domains (their order, http_enabled and transport_enabled): [GET /_plugins/_security/api/securityconfig].";

static WORDINGS: [Wording; 12] = [
    Wording {
        kind: Kind::PasswordGuessing,
        meaning: None,
        next_steps: &[
            BLOCK,
            NEW_PASSWORD,
            "Look for a success of {principals} from any new address in the hours after.",
            "Close the way by which {source} reaches {nodes}: OpenSearch should not be open to everybody.",
        ],
    },
    Wording {
        kind: Kind::PasswordSpraying,
        meaning: None,
        next_steps: &[
            BLOCK,
            "List which of {principals} exist: [GET /_plugins/_security/api/internalusers], the directory for others. Make those change their passwords.",
            "Look for successes of these accounts from new addresses in the hours after.",
            "Turn off the basic authentication domain where single sign-on is in use, and keep the HTTP port of {nodes} off open networks.",
        ],
    },
    Wording {
        kind: Kind::LowAndSlow,
        meaning: None,
        next_steps: &[
            "Find out what runs at {sources}; if nobody knows, block it at the firewall.",
            "Review when and from where {principals} got in lately.",
            NEW_PASSWORD,
            "Look for the same source in older logs: what is slow began earlier than it was noticed.",
        ],
    },
    Wording {
        kind: Kind::AccountCompromise,
        meaning: None,
        next_steps: &[LOCK_OUT, "Block {sources}.", REVIEW, "Then make the account anew with another password."],
    },
    Wording {
        kind: Kind::StaleCredential,
        meaning: Some("A client goes on sending a password that is no longer right. It will not stop by itself."),
        next_steps: &[
            "Update the stored secret of {principals} on {sources}, then restart the program that holds it.",
            SEE_USER,
            NEW_PASSWORD,
            "Watch for records of the category AUTHENTICATED or GRANTED_PRIVILEGES of {principal} from {source}.",
        ],
    },
    Wording {
        kind: Kind::MissingCredentials,
        meaning: Some(
            "Clients send requests without credentials: the security plugin was turned on, a proxy strips the Authorization header, or a deployment lost its secret.",
        ),
        next_steps: &[
            "Give the clients credentials, an internal user each ([PUT /_plugins/_security/api/internalusers/NAME]) or a certificate: {sources}.",
            "If security was just turned on, list the clients that never had credentials before; if a proxy is in front, check that it passes the Authorization header on.",
            "Check that they use https: GET https://{node}:9200/ with the CA of the cluster.",
        ],
    },
    Wording {
        kind: Kind::UnauthenticatedScan,
        meaning: None,
        next_steps: &[
            BLOCK,
            "Close the port: OpenSearch should be reached through a proxy or VPN only.",
            "Look whether anything was answered: records of opendistro_security_anonymous, which exist where anonymous_auth_enabled is set.",
        ],
    },
    Wording {
        kind: Kind::WrongRealm,
        meaning: Some(
            "The authentication domain that knows these accounts does not work on the node, so right passwords fail.",
        ),
        next_steps: &[
            DOMAINS,
            "Compare opensearch.yml, the certificates and the way to the directory of {nodes} with those of other nodes.",
            "Until then take {nodes} out of the load balancer for clients.",
        ],
    },
    Wording {
        kind: Kind::RealmOutage,
        meaning: Some(
            "An authentication backend did not answer, or could not: right passwords failed with wrong ones. Nothing can be said of who sent which.",
        ),
        next_steps: &[
            "Repair the backend: look in the logs of {nodes} at the time of the first failure (directory server, certificate, security index).",
            "[GET /_plugins/_security/health] and, for LDAP or Active Directory, a bind from {nodes} tell which it is.",
            "Keep an internal user for emergencies: the internal domain does not depend on the directory.",
            "An attack in the same hours would not show: review successes of {principals} after the repair.",
        ],
    },
    Wording {
        kind: Kind::AuditGap,
        meaning: None,
        next_steps: &[
            "Compare the audit settings over time: [GET /_plugins/_security/api/audit], opensearch.yml and audit.yml of {nodes}.",
            "Look for files that were not collected, and for a full disk.",
            "Review what happened on other nodes in the same time.",
        ],
    },
    Wording {
        kind: Kind::SuspiciousAccess,
        meaning: None,
        next_steps: &[
            "Ask the owner of {principal}, through another channel than the account itself, whether it was they.",
            LOCK_OUT,
            "Block {sources}, and revoke what was made since.",
            REVIEW,
        ],
    },
    Wording {
        kind: Kind::Persistence,
        meaning: None,
        next_steps: &[
            "Remove each: [DELETE /_plugins/_security/api/internalusers/NAME], and roles and mappings made since.",
            "Find out how {principal} was used: from where and with what.",
            NEW_PASSWORD,
        ],
    },
];

fn of(kind: Kind) -> Option<&'static Wording> {
    WORDINGS.iter().find(|wording| wording.kind == kind)
}

/// What a kind means.
pub(super) fn meaning(doc: &'static Doc) -> &'static str {
    of(doc.kind).and_then(|wording| wording.meaning).unwrap_or(doc.meaning)
}

/// What to do about it.
pub(super) fn next_steps(doc: &'static Doc) -> &'static [&'static str] {
    of(doc.kind).map_or(doc.next_steps, |wording| wording.next_steps)
}

#[cfg(test)]
mod tests {
    use super::super::doc::spoken;
    use super::super::hypotheses::docs;
    use super::*;

    #[test]
    fn no_advice_names_what_only_elasticsearch_has() {
        let of_keys = |kind: Kind| kind.name().starts_with("api_key_") || kind == Kind::MassInvalidation;
        for doc in docs().filter(|doc| !of_keys(doc.kind)) {
            for text in next_steps(doc).iter().chain([&meaning(doc)]) {
                let told = spoken(text).plain().replace("/_plugins/_security/", "");
                for name in ["xpack", "_security/", "Elasticsearch", "access_granted", "realm", "_license", "8.0"] {
                    assert!(!told.contains(name), "{}: {told}", doc.kind.name());
                }
                assert!(!told.contains('{') && !told.contains('['), "{}: {told}", doc.kind.name());
            }
        }
    }
}
