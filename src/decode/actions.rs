//! The documented names of `event.action` (audit-events reference), and names that are one of them damaged.

use crate::words;

/// Names of events.
pub(crate) const EVENTS: [&str; 15] = [
    "access_denied",
    "access_granted",
    "anonymous_access_denied",
    "authentication_failed",
    "authentication_success",
    "connection_denied",
    "connection_granted",
    "realm_authentication_failed",
    "run_as_denied",
    "run_as_granted",
    "system_access_granted",
    "tampered_request",
    "security_config_change",
    "invalidate_apikeys",
    "invalidate_apikey",
];

/// What security changes change.
const CHANGED: [&[u8]; 17] = [
    b"apikey",
    b"apikeys",
    b"password",
    b"enable_user",
    b"disable_user",
    b"user",
    b"users",
    b"role",
    b"role_mapping",
    b"privileges",
    b"service_token",
    b"user_managed_service_account",
    b"user_profile",
    b"enable_user_profile",
    b"disable_user_profile",
    b"cross_cluster_api_key",
    b"roles",
];

/// Whether Elasticsearch documents an action of this name.
#[must_use]
pub(crate) fn is_documented(action: &[u8]) -> bool {
    EVENTS.iter().any(|known| known.as_bytes() == action)
        || memchr::memchr(b'_', action).is_some_and(|at| {
            matches!(&action[..at], b"put" | b"delete" | b"change" | b"create" | b"invalidate" | b"activate")
                && CHANGED.contains(&&action[at + 1..])
        })
}

/// Letters by which a damaged name may differ from what it was: a bit or two that flipped, a byte that was lost.
const MOST_DIFFERENCES: usize = 2;

/// Whether a name is so close to a documented one of an event that it must be that one, damaged: no release has two names as
/// close to each other, except where one letter makes the plural.
#[must_use]
pub(crate) fn is_damaged(action: &[u8]) -> bool {
    action.is_empty()
        || !is_documented(action)
            && EVENTS
                .iter()
                .any(|known| words::apart(known.as_bytes(), action, MOST_DIFFERENCES).is_some_and(|far| far > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_names_are_told_from_unknown_ones() {
        for name in
            ["authentication_faiIed", "authentication_faild", "anonymous_acces_denied", "invalidate_apikeyz", ""]
        {
            assert!(is_damaged(name.as_bytes()), "{name}");
        }
        for name in [
            "authentication_failed",
            "put_role",
            "connection_granted",
            "some_new_event",
            "put_rule",
            "invalidate_token",
        ] {
            assert!(!is_damaged(name.as_bytes()), "{name}");
        }
        for (at, one) in EVENTS.iter().enumerate() {
            for other in &EVENTS[at + 1..] {
                let plural = one.starts_with("invalidate") && other.starts_with("invalidate");
                assert!(plural || words::apart(one.as_bytes(), other.as_bytes(), MOST_DIFFERENCES).is_none());
            }
        }
    }
}
