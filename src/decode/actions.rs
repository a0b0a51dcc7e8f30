//! The documented names of `event.action` (audit-events reference), and names that are one of them damaged.

/// Names of events.
const EVENTS: [&[u8]; 15] = [
    b"access_denied",
    b"access_granted",
    b"anonymous_access_denied",
    b"authentication_failed",
    b"authentication_success",
    b"connection_denied",
    b"connection_granted",
    b"realm_authentication_failed",
    b"run_as_denied",
    b"run_as_granted",
    b"system_access_granted",
    b"tampered_request",
    b"security_config_change",
    b"invalidate_apikeys",
    b"invalidate_apikey",
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
pub(super) fn is_documented(action: &[u8]) -> bool {
    EVENTS.contains(&action)
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
        || !is_documented(action) && EVENTS.iter().any(|known| distance(known, action).is_some_and(|far| far > 0))
}

/// In how many places two names differ, if in no more than a damage explains.
fn distance(known: &[u8], other: &[u8]) -> Option<usize> {
    if known.len().abs_diff(other.len()) > MOST_DIFFERENCES {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in known.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (place, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().filter(|far| *far <= MOST_DIFFERENCES)
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
                let plural = one.starts_with(b"invalidate") && other.starts_with(b"invalidate");
                assert!(plural || distance(one, other).is_none());
            }
        }
    }
}
