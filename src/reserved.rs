//! The users that every Elasticsearch brings along.

/// Users that the reserved realm alone answers for: `elastic`, and one for each program of the stack. (Elasticsearch,
/// `UsernamesField` and `ReservedRealm`, 7.0 to 9.x; `kibana` is the name of `kibana_system` before 7.8 and still accepted.)
pub const RESERVED_USERS: [&[u8]; 7] = [
    b"elastic",
    b"kibana",
    b"kibana_system",
    b"logstash_system",
    b"beats_system",
    b"apm_system",
    b"remote_monitoring_user",
];

/// Those of them that are programs. `elastic` is not: it is the superuser that people log in as, and whose password is tried
/// first by whoever attacks.
pub const SYSTEM_USERS: &[&[u8]] = match RESERVED_USERS.split_first() {
    Some((_elastic, programs)) => programs,
    None => &[],
};

/// Those that Kibana logs in as, before it asks for anybody else: a user of old, a service account since 7.13
/// (`elasticsearch.serviceAccountToken` in kibana.yml).
pub const KIBANA_USERS: [&[u8]; 3] = [b"kibana", b"kibana_system", b"elastic/kibana"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elastic_is_no_program() {
        assert_eq!(RESERVED_USERS[0], b"elastic");
        assert_eq!(SYSTEM_USERS, &RESERVED_USERS[1..]);
    }
}
