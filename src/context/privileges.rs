//! What privileges allow: whom they make powerful, and which of them an action needs.

use super::{ApiKey, Privileges, Role};

/// How powerful somebody is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Might {
    /// Roles that grant it, by name, those that exist.
    pub roles: Vec<String>,
    /// Roles of which no description is at hand.
    pub unknown_roles: Vec<String>,
    /// As good as superuser: every cluster privilege, and every one on all indices.
    pub superuser: bool,
    /// May make users, roles and keys, and so whatever it likes.
    pub manages_security: bool,
    /// Patterns of indices that may be read.
    pub reads: Vec<String>,
    /// Patterns of indices that may be written to or deleted from.
    pub writes: Vec<String>,
    /// As whom it may act.
    pub run_as: Vec<String>,
}

/// Privileges on an index that an action needs: any of these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexNeed {
    /// The least privilege that grants it.
    pub least: &'static str,
    /// All that grant it, beside `all`.
    pub any: &'static [&'static str],
}

/// What is missing for an action that was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// A privilege on the index, which no descriptor covers.
    Index {
        /// The privilege.
        privilege: &'static str,
        /// What the descriptors cover, as patterns; empty where none names any index.
        covered: Vec<String>,
    },
    /// A privilege on an index that descriptors cover with other privileges.
    Privilege {
        /// The privilege.
        privilege: &'static str,
        /// Those that are there.
        has: Vec<String>,
    },
    /// A cluster privilege.
    Cluster {
        /// The privilege.
        privilege: &'static str,
        /// Those that are there.
        has: Vec<String>,
    },
}

/// Privileges on indices by the actions that they grant, the least first (`IndexPrivilege` of Elasticsearch, and the reference
/// of security privileges).
const INDEX_NEEDS: &[(&str, IndexNeed)] = &[
    ("indices:data/read/", need("read", &["read"])),
    ("indices:data/write/index:op_type/create", need("create_doc", &["create_doc", "create", "index", "write"])),
    ("indices:data/write/bulk", need("create_doc", &["create_doc", "create", "index", "delete", "write"])),
    ("indices:data/write/index", need("create_doc", &["create_doc", "create", "index", "write"])),
    ("indices:data/write/update", need("index", &["index", "write"])),
    ("indices:data/write/delete", need("delete", &["delete", "write"])),
    ("indices:data/write/", need("write", &["write"])),
    ("indices:admin/auto_create", need("auto_configure", &["auto_configure", "create_index", "manage"])),
    (
        "indices:admin/mapping/auto_put",
        need("auto_configure", &["auto_configure", "create_doc", "create", "index", "write", "manage"]),
    ),
    ("indices:admin/create", need("create_index", &["create_index", "manage"])),
    ("indices:admin/data_stream/create", need("create_index", &["create_index", "manage"])),
    ("indices:admin/data_stream/delete", need("delete_index", &["delete_index", "manage"])),
    ("indices:admin/delete", need("delete_index", &["delete_index", "manage"])),
    ("indices:admin/refresh", need("maintenance", &["maintenance", "manage"])),
    ("indices:admin/flush", need("maintenance", &["maintenance", "manage"])),
    ("indices:admin/forcemerge", need("maintenance", &["maintenance", "manage"])),
    ("indices:admin/resolve/index", need("view_index_metadata", &["view_index_metadata", "read", "manage"])),
    ("indices:admin/get", need("view_index_metadata", &["view_index_metadata", "manage"])),
    ("indices:admin/mappings/get", need("view_index_metadata", &["view_index_metadata", "manage"])),
    ("indices:admin/aliases/get", need("view_index_metadata", &["view_index_metadata", "manage"])),
    ("indices:monitor/settings/get", need("view_index_metadata", &["view_index_metadata", "monitor", "manage"])),
    ("indices:admin/ilm/", need("manage_ilm", &["manage_ilm", "manage"])),
    ("indices:admin/", need("manage", &["manage"])),
    ("indices:monitor/", need("monitor", &["monitor", "manage"])),
];

/// Cluster privileges by the actions that they grant, the least first (`ClusterPrivilegeResolver` of Elasticsearch).
const CLUSTER_NEEDS: &[(&str, &str, &[&str])] = &[
    ("cluster:monitor/", "monitor", &["monitor", "manage"]),
    (
        "cluster:admin/xpack/security/api_key/",
        "manage_own_api_key",
        &["manage_own_api_key", "manage_api_key", "manage_security"],
    ),
    ("cluster:admin/xpack/security/", "manage_security", &["manage_security"]),
    ("cluster:admin/ingest/pipeline/", "manage_pipeline", &["manage_pipeline", "manage_ingest_pipelines", "manage"]),
    ("cluster:admin/ilm/", "manage_ilm", &["manage_ilm", "manage"]),
    ("cluster:admin/snapshot/", "create_snapshot", &["create_snapshot", "manage"]),
    ("indices:admin/index_template/", "manage_index_templates", &["manage_index_templates", "manage"]),
    ("indices:admin/template/", "manage_index_templates", &["manage_index_templates", "manage"]),
    ("cluster:", "manage", &["manage"]),
];

const fn need(least: &'static str, any: &'static [&'static str]) -> IndexNeed {
    IndexNeed { least, any }
}

/// The privilege on an index that an action needs; `None` for actions that are about no index.
#[must_use]
pub fn index_need(action: &str) -> Option<IndexNeed> {
    let of_cluster = CLUSTER_NEEDS.iter().any(|(start, ..)| action.starts_with(start));
    if of_cluster {
        return None;
    }
    INDEX_NEEDS.iter().find(|(start, _)| action.starts_with(start)).map(|&(_, need)| need)
}

fn cluster_need(action: &str) -> Option<(&'static str, &'static [&'static str])> {
    CLUSTER_NEEDS.iter().find(|(start, ..)| action.starts_with(start)).map(|&(_, least, any)| (least, any))
}

/// Whether a name meets a pattern of Elasticsearch: `*` and `?`, or a regular expression between slashes, of which nothing can be
/// said here (`None`).
#[must_use]
pub fn matches(pattern: &str, name: &str) -> Option<bool> {
    if pattern.len() > 1 && pattern.starts_with('/') && pattern.ends_with('/') {
        return None;
    }
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut of, mut star) = (0, 0, None);
    while at < name.len() {
        match pattern.get(of) {
            Some(b'*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[at] => (at, of) = (at + 1, of + 1),
            _ => match star {
                Some((begun, tried)) => {
                    (of, at) = (begun + 1, tried + 1);
                    star = Some((begun, tried + 1));
                }
                None => return Some(false),
            },
        }
    }
    Some(pattern[of..].iter().all(|&byte| byte == b'*'))
}

impl Privileges {
    /// Whether they are as good as those of the role `superuser`.
    #[must_use]
    pub fn is_superuser(&self) -> bool {
        let all_indices = |grant: &super::IndexGrant| {
            grant.names.iter().any(|name| name == "*")
                && grant.privileges.iter().any(|one| one == "all")
                && !grant.partial
        };
        self.cluster.iter().any(|one| one == "all") && self.indices.iter().any(all_indices)
    }

    /// Whether they allow to make users, roles and keys of any power.
    #[must_use]
    pub fn manages_security(&self) -> bool {
        self.cluster.iter().any(|one| one == "all" || one == "manage_security")
    }

    /// Patterns of the indices of which any of some privileges is granted.
    fn covering(&self, any: &[&str]) -> impl Iterator<Item = &String> {
        let grants =
            |grant: &&super::IndexGrant| grant.privileges.iter().any(|one| one == "all" || any.contains(&one.as_str()));
        self.indices.iter().filter(grants).flat_map(|grant| &grant.names)
    }
}

impl Might {
    /// That of somebody who has these roles.
    #[must_use]
    pub fn of<'r>(names: &[String], role: impl Fn(&str) -> Option<&'r Role>) -> Self {
        let mut might = Self::default();
        for name in names {
            match role(name) {
                Some(role) if role.enabled => {
                    might.roles.push(name.clone());
                    might.add(&role.privileges);
                }
                Some(_) => {}
                // The built-in role is superuser whether or not the listing is at hand.
                None if name == "superuser" => {
                    might.roles.push(name.clone());
                    (might.superuser, might.manages_security) = (true, true);
                }
                None => might.unknown_roles.push(name.clone()),
            }
        }
        might.settle()
    }

    /// That of a key: what its descriptors allow, as far as its owner might. `None` where the listing does not say.
    #[must_use]
    pub fn of_key(key: &ApiKey) -> Option<Self> {
        let descriptors = key.descriptors.as_ref()?;
        let mut might = Self::default();
        let limits = key.limited_by.as_deref().unwrap_or_default();
        if descriptors.is_empty() {
            limits.iter().for_each(|privileges| might.add(privileges));
            return key.limited_by.is_some().then(|| might.settle());
        }
        descriptors.values().for_each(|privileges| might.add(privileges));
        if key.limited_by.is_some() {
            might.superuser &= limits.iter().any(Privileges::is_superuser);
            might.manages_security &= limits.iter().any(Privileges::manages_security);
        }
        Some(might.settle())
    }

    fn add(&mut self, privileges: &Privileges) {
        self.superuser |= privileges.is_superuser();
        self.manages_security |= privileges.manages_security();
        self.reads.extend(privileges.covering(&["read"]).cloned());
        let writing = ["write", "index", "create", "create_doc", "delete", "delete_index", "manage"];
        self.writes.extend(privileges.covering(&writing).cloned());
        self.run_as.extend(privileges.run_as.iter().cloned());
    }

    fn settle(mut self) -> Self {
        for list in [&mut self.roles, &mut self.unknown_roles, &mut self.reads, &mut self.writes, &mut self.run_as] {
            list.sort();
            list.dedup();
        }
        self
    }
}

/// What privileges lack for an action on an index; `None` where they suffice, or nothing can be said.
#[must_use]
pub fn lack(of: &[&Privileges], action: &str, index: Option<&str>) -> Option<Lack> {
    if let Some((least, any)) = cluster_need(action) {
        let mut has: Vec<String> = of.iter().flat_map(|privileges| &privileges.cluster).cloned().collect();
        let suffices = has.iter().any(|one| one == "all" || any.contains(&one.as_str()));
        // Privileges that are written as actions are not looked into.
        let is_raw = has.iter().any(|one| one.starts_with("cluster:"));
        has.sort();
        has.dedup();
        return (!suffices && !is_raw).then_some(Lack::Cluster { privilege: least, has });
    }
    let need = index_need(action)?;
    let index = index?;
    let (mut covered, mut has) = (Vec::new(), Vec::new());
    for grant in of.iter().flat_map(|privileges| &privileges.indices) {
        let mut covers = false;
        for name in &grant.names {
            covers |= matches(name, index)?;
        }
        covered.extend(grant.names.iter().cloned());
        if covers {
            if grant.privileges.iter().any(|one| one.starts_with("indices:")) {
                return None;
            }
            has.extend(grant.privileges.iter().cloned());
        }
    }
    if has.iter().any(|one| one == "all" || need.any.contains(&one.as_str())) {
        return None;
    }
    for list in [&mut covered, &mut has] {
        list.sort();
        list.dedup();
    }
    let privilege = need.least;
    Some(if has.is_empty() { Lack::Index { privilege, covered } } else { Lack::Privilege { privilege, has } })
}

#[cfg(test)]
mod tests {
    use super::super::IndexGrant;
    use super::*;

    fn privileges(cluster: &[&str], names: &[&str], granted: &[&str]) -> Privileges {
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let grant = IndexGrant { names: texts(names), privileges: texts(granted), ..IndexGrant::default() };
        Privileges { cluster: texts(cluster), indices: vec![grant], ..Privileges::default() }
    }

    #[test]
    fn patterns_are_those_of_elasticsearch() {
        for (pattern, name, met) in [
            ("logs-*", "logs-a", Some(true)),
            ("logs-*", "metrics", Some(false)),
            ("*", "", Some(true)),
            ("a?c*", "abcd", Some(true)),
            ("*-x-*", "a-x-x-b", Some(true)),
            ("/.*/", "a", None),
            ("", "a", Some(false)),
        ] {
            assert_eq!(matches(pattern, name), met, "{pattern} {name}");
        }
    }

    #[test]
    fn who_has_everything_is_a_superuser() {
        assert!(privileges(&["all"], &["*"], &["all"]).is_superuser());
        assert!(!privileges(&["all"], &["logs-*"], &["all"]).is_superuser());
        assert!(privileges(&["manage_security"], &[], &[]).manages_security());
        let might = Might::of(&["superuser".to_owned(), "gone".to_owned()], |_| None);
        assert!(might.superuser && might.unknown_roles == ["gone"]);
    }

    #[test]
    fn what_is_lacking_is_told_by_action_and_index() {
        let reader = privileges(&["monitor"], &["logs-*"], &["read"]);
        let lacks = |action: &str, index: Option<&str>| lack(&[&reader], action, index);
        assert_eq!(lacks("indices:data/read/search", Some("logs-a")), None);
        let has = vec!["read".to_owned()];
        let write = Lack::Privilege { privilege: "create_doc", has };
        assert_eq!(lacks("indices:data/write/bulk[s]", Some("logs-a")), Some(write));
        let covered = vec!["logs-*".to_owned()];
        let read = Lack::Index { privilege: "read", covered };
        assert_eq!(lacks("indices:data/read/search", Some("orders")), Some(read));
        let has = vec!["monitor".to_owned()];
        let security = Lack::Cluster { privilege: "manage_security", has };
        assert_eq!(lacks("cluster:admin/xpack/security/user/put", None), Some(security));
        assert_eq!(lacks("cluster:monitor/main", None), None);
    }
}
