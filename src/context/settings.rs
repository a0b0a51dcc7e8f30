//! Settings of nodes and of clusters, and what those of audit and of realms mean.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Settings by their whole name, as far as they matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Settings(pub BTreeMap<String, Vec<String>>);

/// A realm, as settings tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm {
    /// Name.
    pub name: String,
    /// `native`, `file`, `ldap`, …
    pub kind: String,
    /// Its place; realms without one come last.
    pub order: i64,
    /// Whether it is asked.
    pub enabled: bool,
}

/// What a node writes into its audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPolicy {
    /// Whether auditing is on at all.
    pub enabled: bool,
    /// Events that are written.
    pub events: BTreeSet<String>,
    /// Policies that leave events out: name, and by name (`users`, `realms`, `roles`, `indices`, `actions`) what they leave out.
    pub filters: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// Events that are written unless settings say otherwise (reference of `xpack.security.audit.logfile.events.include`).
const DEFAULT_EVENTS: [&str; 9] = [
    "access_denied",
    "access_granted",
    "anonymous_access_denied",
    "authentication_failed",
    "connection_denied",
    "tampered_request",
    "run_as_denied",
    "run_as_granted",
    "security_config_change",
];

/// The other events that can be asked for (the same).
const MORE_EVENTS: [&str; 5] = [
    "authentication_success",
    "connection_granted",
    "realm_authentication_failed",
    "system_access_granted",
    "system_access_denied",
];

const AUDIT: &str = "xpack.security.audit.";
const REALMS: &str = "xpack.security.authc.realms.";

impl Settings {
    /// Whether a setting matters here.
    #[must_use]
    pub fn wants(name: &str) -> bool {
        name.starts_with("xpack.security.") || matches!(name, "path.logs" | "cluster.name" | "node.name")
    }

    /// The values of a list, whether it was written as one or with commas.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        let numbered = || {
            let prefix = format!("{name}.");
            let below = self.0.range(prefix.clone()..).take_while(move |(name, _)| name.starts_with(&prefix));
            below.flat_map(|(_, values)| values.clone()).collect::<Vec<_>>()
        };
        let values = self.0.get(name).cloned().unwrap_or_else(numbered);
        let split = values.iter().flat_map(|value| value.split(',')).map(str::trim);
        split.filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// The value of a setting.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.first().map(String::as_str)
    }

    /// A flag.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.text(name)? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// These settings, overridden by others.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        let mut all = self.clone();
        all.0.extend(others.0.iter().map(|(name, values)| (name.clone(), values.clone())));
        all
    }

    /// The realms that are configured, by order. The reserved realm stands first and is in no setting; `default_file` and
    /// `default_native` are added where none of their type is configured (from 8.0 on; security settings).
    #[must_use]
    pub fn realms(&self) -> Vec<Realm> {
        let mut found: BTreeMap<(String, String), (Option<i64>, bool)> = BTreeMap::new();
        let below = self.0.range(REALMS.to_owned()..).take_while(|(name, _)| name.starts_with(REALMS));
        for (name, values) in below {
            let mut parts = name[REALMS.len()..].splitn(3, '.');
            let (Some(kind), Some(realm), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { continue };
            let entry = found.entry((kind.to_owned(), realm.to_owned())).or_insert((None, true));
            match (rest, values.first()) {
                ("order", Some(value)) => entry.0 = value.parse().ok(),
                ("enabled", Some(value)) => entry.1 = value != "false",
                _ => {}
            }
        }
        let mut realms: Vec<Realm> = found
            .into_iter()
            .map(|((kind, name), (order, enabled))| Realm { name, kind, order: order.unwrap_or(i64::MAX), enabled })
            .collect();
        for (at, kind) in ["file", "native"].into_iter().enumerate() {
            if !realms.iter().any(|realm| realm.kind == kind) {
                let order = i64::MIN + 1 + i64::try_from(at).unwrap_or(0);
                realms.push(Realm { name: format!("default_{kind}"), kind: kind.to_owned(), order, enabled: true });
            }
        }
        let reserved = self.flag("xpack.security.authc.reserved_realm.enabled") != Some(false);
        realms.push(Realm { name: "reserved".into(), kind: "reserved".into(), order: i64::MIN, enabled: reserved });
        realms.sort_by(|a, b| (a.order, &a.name).cmp(&(b.order, &b.name)));
        realms
    }

    /// Whether any realm is named by them: nodes that do not show their settings have none.
    #[must_use]
    pub fn tell_of_realms(&self) -> bool {
        self.0.keys().any(|name| name.starts_with("xpack.security."))
    }

    /// What a node with these settings writes.
    #[must_use]
    pub fn audit(&self) -> AuditPolicy {
        let named = |what: &str| self.list(&format!("{AUDIT}logfile.events.{what}"));
        let (include, exclude) = (named("include"), named("exclude"));
        let mut events: BTreeSet<String> = BTreeSet::new();
        for event in &include {
            match event.as_str() {
                "_all" => events.extend(DEFAULT_EVENTS.iter().chain(&MORE_EVENTS).map(ToString::to_string)),
                event => drop(events.insert(event.to_owned())),
            }
        }
        if include.is_empty() {
            events.extend(DEFAULT_EVENTS.map(str::to_owned));
        }
        for event in &exclude {
            match event.as_str() {
                "_all" => events.clear(),
                event => drop(events.remove(event)),
            }
        }
        let prefix = format!("{AUDIT}logfile.events.ignore_filters.");
        let mut filters: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for (name, values) in self.0.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix)) {
            let rest = &name[prefix.len()..];
            let Some((policy, what)) =
                ["users", "realms", "roles", "indices", "actions"].into_iter().find_map(|what| {
                    let at = rest.rfind(&format!(".{what}"))?;
                    Some((&rest[..at], what))
                })
            else {
                continue;
            };
            let listed = filters.entry(policy.to_owned()).or_default().entry(what.to_owned()).or_default();
            listed.extend(values.iter().flat_map(|value| value.split(',')).map(|value| value.trim().to_owned()));
        }
        AuditPolicy { enabled: self.flag("xpack.security.audit.enabled") == Some(true), events, filters }
    }

    /// Roles of the anonymous user; empty where there is none.
    #[must_use]
    pub fn anonymous_roles(&self) -> Vec<String> {
        self.list("xpack.security.authc.anonymous.roles")
    }

    /// The name of the anonymous user, where there is one.
    #[must_use]
    pub fn anonymous_user(&self) -> Option<&str> {
        let name = self.text("xpack.security.authc.anonymous.username").unwrap_or("_anonymous");
        (!self.anonymous_roles().is_empty()).then_some(name)
    }
}

impl AuditPolicy {
    /// Events that Elasticsearch can write and these settings leave out, in a fixed order.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let all = DEFAULT_EVENTS.iter().chain(&MORE_EVENTS);
        all.filter(|event| !self.enabled || !self.events.contains(**event)).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(list: &[(&str, &str)]) -> Settings {
        Settings(list.iter().map(|&(name, value)| (name.to_owned(), vec![value.to_owned()])).collect())
    }

    #[test]
    fn realms_stand_in_their_order() {
        let of = settings(&[
            ("xpack.security.authc.realms.ldap.corp.order", "2"),
            ("xpack.security.authc.realms.native.n1.order", "0"),
            ("xpack.security.authc.realms.saml.s.enabled", "false"),
        ]);
        let names: Vec<(String, bool)> = of.realms().into_iter().map(|realm| (realm.name, realm.enabled)).collect();
        let expected = [("reserved", true), ("default_file", true), ("n1", true), ("corp", true), ("s", false)];
        assert_eq!(names, expected.map(|(name, enabled)| (name.to_owned(), enabled)));
    }

    #[test]
    fn audit_events_are_those_included_less_those_excluded() {
        let default = settings(&[("xpack.security.audit.enabled", "true")]).audit();
        assert_eq!(default.missing()[0], "authentication_success");
        let all = settings(&[
            ("xpack.security.audit.enabled", "true"),
            ("xpack.security.audit.logfile.events.include", "_all"),
            ("xpack.security.audit.logfile.events.exclude", "access_granted, authentication_success"),
            ("xpack.security.audit.logfile.events.ignore_filters.quiet.users", "kibana_system,jdoe"),
        ]);
        assert_eq!(all.audit().missing(), ["access_granted", "authentication_success"]);
        assert_eq!(all.audit().filters["quiet"]["users"], ["kibana_system", "jdoe"]);
        assert_eq!(Settings::default().audit().missing().len(), 14, "nothing is written where auditing is off");
    }

    #[test]
    fn an_anonymous_user_needs_roles() {
        let name = ("xpack.security.authc.anonymous.username", "guest");
        assert_eq!(settings(&[name]).anonymous_user(), None);
        let roles = ("xpack.security.authc.anonymous.roles.0", "viewer");
        assert_eq!(settings(&[name, roles]).anonymous_user(), Some("guest"));
    }
}
