//! What an Elasticsearch action does, by its name: one table, the only place in which names of actions are classed.
//!
//! The names are those of Elasticsearch's own source (the `NAME` of each `ActionType`, and `SystemPrivilege` and
//! `ClusterPrivilegeResolver`, which match them by pattern). A name stands for its children too: `…[s]` on a shard,
//! `…[phase/query]` on another node.

use serde::{Deserialize, Serialize};

/// What an action does, from the most to the least telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ActionClass {
    /// Users, roles, role mappings, application privileges: changes.
    Security,
    /// API keys, tokens, service account tokens: changes.
    Keys,
    /// Somebody acts as somebody else (`run_as_granted`, `run_as_denied`): a class of events, not of actions.
    RunAs,
    /// Indices and data streams are deleted.
    DeleteIndex,
    /// A snapshot, or the repository that it goes to.
    Snapshot,
    /// A snapshot comes back, perhaps under another name.
    Restore,
    /// Documents are copied; a remote source does not show.
    Reindex,
    /// Documents are deleted.
    DeleteDocuments,
    /// Settings of indices or of the cluster.
    Settings,
    /// Templates, pipelines, stored scripts, policies: what acts on data later.
    Templates,
    /// Nodes, the licence.
    Node,
    /// Reading in bulk: scrolls, points in time, asynchronous searches, exports.
    BulkRead,
    /// Searches and queries.
    Search,
    /// Reading single documents.
    Read,
    /// Writing documents.
    Write,
    /// Indices are made, opened, closed, mapped.
    IndexAdmin,
    /// Looking what there is and what one may.
    Discovery,
    /// State and statistics.
    Monitoring,
    /// Anything else.
    Other,
}

impl ActionClass {
    /// Every class, from the most to the least telling.
    pub const ALL: [Self; 19] = [
        Self::Security,
        Self::Keys,
        Self::RunAs,
        Self::DeleteIndex,
        Self::Snapshot,
        Self::Restore,
        Self::Reindex,
        Self::DeleteDocuments,
        Self::Settings,
        Self::Templates,
        Self::Node,
        Self::BulkRead,
        Self::Search,
        Self::Read,
        Self::Write,
        Self::IndexAdmin,
        Self::Discovery,
        Self::Monitoring,
        Self::Other,
    ];

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Keys => "keys",
            Self::RunAs => "run_as",
            Self::DeleteIndex => "delete_index",
            Self::Snapshot => "snapshot",
            Self::Restore => "restore",
            Self::Reindex => "reindex",
            Self::DeleteDocuments => "delete_documents",
            Self::Settings => "settings",
            Self::Templates => "templates",
            Self::Node => "node",
            Self::BulkRead => "bulk_read",
            Self::Search => "search",
            Self::Read => "read",
            Self::Write => "write",
            Self::IndexAdmin => "index_admin",
            Self::Discovery => "discovery",
            Self::Monitoring => "monitoring",
            Self::Other => "other",
        }
    }

    /// The class of an action.
    #[must_use]
    pub fn of(action: &[u8]) -> Self {
        let action = base(action);
        TABLE.iter().find(|(rule, _)| rule.matches(action)).map_or(Self::Other, |(_, class)| *class)
    }

    /// The class of an action that is powerful by itself, whatever it is done to; `None` of any other. Almost all actions
    /// of a log are none, and are told by their beginning.
    #[must_use]
    pub fn of_powerful(action: &[u8]) -> Option<Self> {
        const HARMLESS: [&[u8]; 10] = [
            b"indices:data/read/",
            b"indices:data/write/bulk",
            b"indices:data/write/index",
            b"indices:data/write/update",
            b"indices:monitor/",
            b"indices:admin/mapping",
            b"indices:admin/refresh",
            b"cluster:monitor/",
            b"cluster:admin/xpack/security/user/has_privileges",
            b"cluster:admin/xpack/security/user/authenticate",
        ];
        if HARMLESS.iter().any(|start| action.starts_with(start)) {
            return None;
        }
        let class = Self::of(action);
        match class {
            // One document at a time is the everyday form.
            Self::DeleteDocuments => base(action).ends_with(b"/byquery").then_some(class),
            _ => class.is_powerful().then_some(class),
        }
    }

    /// Whether all actions of the class are powerful; of [`Self::DeleteDocuments`] only those by query are.
    #[must_use]
    pub fn is_powerful(self) -> bool {
        self <= Self::Node && self != Self::DeleteDocuments
    }
}

/// An action without what marks a child: `indices:data/write/bulk[s][p]` is a part of `indices:data/write/bulk`.
#[must_use]
pub fn base(action: &[u8]) -> &[u8] {
    memchr::memchr(b'[', action).map_or(action, |end| &action[..end])
}

/// Whether an index is one that ordinary privileges do not reach: users, roles, keys and tokens, results of other people's
/// searches (`RestrictedIndicesNames` of 7.x: `.security*`, `.async-search*`). From 8.0 on every system index is restricted;
/// those of Kibana, Fleet and machine learning are not among these, since their own programs use them all day long.
#[must_use]
pub fn is_restricted(index: &[u8]) -> bool {
    RESTRICTED.iter().any(|start| index.starts_with(start))
}

/// How the names of restricted indices begin; see [`is_restricted`].
pub const RESTRICTED: [&[u8]; 2] = [b".security", b".async-search"];

/// What a name is compared with.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// The whole name.
    Is(&'static str),
    /// How it begins.
    Begins(&'static str),
    /// How it begins, and its last part.
    BeginsEnds(&'static str, &'static str),
}

impl Rule {
    fn matches(self, action: &[u8]) -> bool {
        match self {
            Self::Is(name) => action == name.as_bytes(),
            Self::Begins(start) => action.starts_with(start.as_bytes()),
            Self::BeginsEnds(start, end) => action.starts_with(start.as_bytes()) && action.ends_with(end.as_bytes()),
        }
    }
}

use ActionClass as C;
use Rule::{Begins, BeginsEnds, Is};

/// The table; the first rule that matches decides.
const TABLE: &[(Rule, ActionClass)] = &[
    // Documents.
    (Begins("indices:data/read/field_caps"), C::Discovery),
    (Begins("indices:data/read/scroll"), C::BulkRead),
    (Begins("indices:data/read/open_point_in_time"), C::BulkRead),
    (Begins("indices:data/read/close_point_in_time"), C::BulkRead),
    (Begins("indices:data/read/async_search"), C::BulkRead),
    (BeginsEnds("indices:data/read/xpack/", "/export"), C::BulkRead),
    (Begins("indices:data/read/search"), C::Search),
    (Begins("indices:data/read/msearch"), C::Search),
    (Begins("indices:data/read/sql"), C::Search),
    (Begins("indices:data/read/esql"), C::Search),
    (Begins("indices:data/read/eql"), C::Search),
    (Begins("indices:data/read/get"), C::Read),
    (Begins("indices:data/read/mget"), C::Read),
    (Begins("indices:data/read/explain"), C::Read),
    (Begins("indices:data/read/termvectors"), C::Read),
    (Begins("indices:data/read/tv"), C::Read),
    (Begins("indices:data/read/mtv"), C::Read),
    (Begins("indices:data/write/delete"), C::DeleteDocuments),
    (Begins("indices:data/write/reindex"), C::Reindex),
    (Begins("indices:data/write/bulk"), C::Write),
    (Begins("indices:data/write/index"), C::Write),
    (Begins("indices:data/write/update"), C::Write),
    // Indices.
    (Is("indices:admin/delete"), C::DeleteIndex),
    (Is("indices:admin/data_stream/delete"), C::DeleteIndex),
    (Begins("indices:admin/settings/update"), C::Settings),
    (BeginsEnds("indices:admin/index_template/", "/get"), C::Discovery),
    (Begins("indices:admin/index_template/simulate"), C::Discovery),
    (Begins("indices:admin/index_template/"), C::Templates),
    (Is("indices:admin/template/get"), C::Discovery),
    (Begins("indices:admin/template/"), C::Templates),
    (Begins("indices:admin/mappings/get"), C::Discovery),
    (Begins("indices:admin/mappings/fields/get"), C::Discovery),
    (Is("indices:admin/mapping/get"), C::Discovery),
    (Is("indices:admin/settings/get"), C::Discovery),
    (Is("indices:monitor/settings/get"), C::Discovery),
    (Begins("indices:admin/aliases/get"), C::Discovery),
    (Begins("indices:admin/aliases/exists"), C::Discovery),
    (Begins("indices:admin/resolve/"), C::Discovery),
    (Is("indices:admin/get"), C::Discovery),
    (Is("indices:admin/exists"), C::Discovery),
    (Is("indices:admin/data_stream/get"), C::Discovery),
    (Begins("indices:admin/data_stream/"), C::IndexAdmin),
    (Is("indices:admin/create"), C::IndexAdmin),
    (Is("indices:admin/auto_create"), C::IndexAdmin),
    (Is("indices:admin/close"), C::IndexAdmin),
    (Is("indices:admin/open"), C::IndexAdmin),
    // A shrunk, split or cloned index leaves its source where it is; who removes that deletes it.
    (Is("indices:admin/resize"), C::IndexAdmin),
    (Is("indices:admin/shrink"), C::IndexAdmin),
    (Begins("indices:admin/rollover"), C::IndexAdmin),
    (Begins("indices:admin/forcemerge"), C::IndexAdmin),
    (Begins("indices:admin/aliases"), C::IndexAdmin),
    (Begins("indices:admin/mapping/"), C::IndexAdmin),
    (Begins("indices:admin/block/add"), C::IndexAdmin),
    // Snapshots.
    (Is("cluster:admin/repository/get"), C::Discovery),
    (Begins("cluster:admin/repository/verify"), C::Discovery),
    (Begins("cluster:admin/repository/"), C::Snapshot),
    (Is("cluster:admin/snapshot/get"), C::Discovery),
    (Begins("cluster:admin/snapshot/status"), C::Discovery),
    (Begins("cluster:admin/snapshot/restore"), C::Restore),
    (Begins("cluster:admin/snapshot/mount"), C::Restore),
    (Begins("cluster:admin/snapshot/"), C::Snapshot),
    // Settings, templates, policies.
    (Is("cluster:admin/settings/get"), C::Discovery),
    (Begins("cluster:admin/settings/"), C::Settings),
    (Begins("cluster:admin/logging"), C::Settings),
    (BeginsEnds("cluster:admin/component_template/", "/get"), C::Discovery),
    (Begins("cluster:admin/component_template/"), C::Templates),
    (BeginsEnds("cluster:admin/ingest/pipeline/", "/get"), C::Discovery),
    (BeginsEnds("cluster:admin/ingest/pipeline/", "/simulate"), C::Discovery),
    (Begins("cluster:admin/ingest/pipeline/"), C::Templates),
    (Is("cluster:admin/script/get"), C::Discovery),
    (Begins("cluster:admin/script/"), C::Templates),
    (BeginsEnds("cluster:admin/ilm/", "/get"), C::Discovery),
    (Begins("cluster:admin/ilm/"), C::Templates),
    (BeginsEnds("cluster:admin/slm/", "/get"), C::Discovery),
    (Is("cluster:admin/slm/status"), C::Discovery),
    (Is("cluster:admin/slm/stats"), C::Discovery),
    (Begins("cluster:admin/slm/"), C::Templates),
    // Security.
    (Is("cluster:admin/xpack/security/user/authenticate"), C::Discovery),
    (BeginsEnds("cluster:admin/xpack/security/", "/has_privileges"), C::Discovery),
    (BeginsEnds("cluster:admin/xpack/security/", "/list_privileges"), C::Discovery),
    (BeginsEnds("cluster:admin/xpack/security/", "/get"), C::Discovery),
    (BeginsEnds("cluster:admin/xpack/security/", "/query"), C::Discovery),
    (BeginsEnds("cluster:admin/xpack/security/", "/clear_cache"), C::Other),
    (BeginsEnds("cluster:admin/xpack/security/", "/cache/clear"), C::Other),
    (Begins("cluster:admin/xpack/security/user/"), C::Security),
    (Begins("cluster:admin/xpack/security/role/"), C::Security),
    (Begins("cluster:admin/xpack/security/role_mapping/"), C::Security),
    (Begins("cluster:admin/xpack/security/privilege/"), C::Security),
    (Begins("cluster:admin/xpack/security/settings/update"), C::Security),
    (Begins("cluster:admin/xpack/security/profile/set_enabled"), C::Security),
    (Begins("cluster:admin/xpack/security/api_key/"), C::Keys),
    (Begins("cluster:admin/xpack/security/cross_cluster/api_key/"), C::Keys),
    (Begins("cluster:admin/xpack/security/token/"), C::Keys),
    (Begins("cluster:admin/xpack/security/service_account/token/"), C::Keys),
    (Begins("cluster:admin/xpack/security/enroll/"), C::Keys),
    // Nodes.
    (Begins("cluster:admin/nodes/"), C::Node),
    (Begins("cluster:admin/voting_config/"), C::Node),
    (Begins("cluster:admin/xpack/license/"), C::Node),
    (Is("cluster:admin/shutdown/get"), C::Discovery),
    (Begins("cluster:admin/shutdown/"), C::Node),
    // State.
    (Begins("cluster:monitor/"), C::Monitoring),
    (Begins("indices:monitor/"), C::Monitoring),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Every action that the contract names, and some that stand beside them.
    const NAMED: &[(&str, &[&str])] = &[
        ("read", &["indices:data/read/get", "indices:data/read/mget", "indices:data/read/explain"]),
        ("read", &["indices:data/read/termvectors", "indices:data/read/tv", "indices:data/read/mget[shard]"]),
        ("search", &["indices:data/read/search", "indices:data/read/msearch", "indices:data/read/sql"]),
        ("search", &["indices:data/read/esql", "indices:data/read/eql", "indices:data/read/search[phase/query]"]),
        ("bulk_read", &["indices:data/read/scroll", "indices:data/read/scroll/clear"]),
        ("bulk_read", &["indices:data/read/open_point_in_time", "indices:data/read/close_point_in_time"]),
        ("bulk_read", &["indices:data/read/async_search/submit", "indices:data/read/xpack/anything/export"]),
        ("bulk_read", &["indices:data/read/async_search/get", "indices:data/read/async_search/delete"]),
        ("search", &["indices:data/read/search/template", "indices:data/read/msearch/template"]),
        ("search", &["indices:data/read/sql/close_cursor", "indices:data/read/esql/async/get"]),
        ("write", &["indices:data/write/bulk", "indices:data/write/bulk[s]", "indices:data/write/index"]),
        ("write", &["indices:data/write/index:op_type/create", "indices:data/write/update"]),
        ("write", &["indices:data/write/update/byquery"]),
        ("delete_documents", &["indices:data/write/delete", "indices:data/write/delete/byquery"]),
        ("reindex", &["indices:data/write/reindex"]),
        ("delete_index", &["indices:admin/delete", "indices:admin/data_stream/delete"]),
        ("index_admin", &["indices:admin/create", "indices:admin/close", "indices:admin/open"]),
        ("index_admin", &["indices:admin/rollover", "indices:admin/forcemerge", "indices:admin/aliases"]),
        ("index_admin", &["indices:admin/mapping/put", "indices:admin/close[s]", "indices:admin/resize"]),
        ("snapshot", &["cluster:admin/repository/put", "cluster:admin/repository/delete"]),
        ("snapshot", &["cluster:admin/snapshot/create", "cluster:admin/snapshot/delete"]),
        ("restore", &["cluster:admin/snapshot/restore"]),
        (
            "settings",
            &["indices:admin/settings/update", "cluster:admin/settings/update", "cluster:admin/logging/update"],
        ),
        ("templates", &["indices:admin/index_template/put", "indices:admin/index_template/delete"]),
        ("templates", &["cluster:admin/component_template/put", "cluster:admin/ingest/pipeline/put"]),
        ("templates", &["cluster:admin/ingest/pipeline/delete", "cluster:admin/script/put"]),
        ("templates", &["cluster:admin/ilm/put", "cluster:admin/slm/put", "indices:admin/template/put"]),
        ("templates", &["cluster:admin/ilm/delete", "cluster:admin/slm/delete", "cluster:admin/script/delete"]),
        ("security", &["cluster:admin/xpack/security/user/put", "cluster:admin/xpack/security/user/change_password"]),
        ("security", &["cluster:admin/xpack/security/user/set_enabled", "cluster:admin/xpack/security/user/delete"]),
        ("security", &["cluster:admin/xpack/security/role/put", "cluster:admin/xpack/security/role/bulk_put"]),
        ("security", &["cluster:admin/xpack/security/role_mapping/put", "cluster:admin/xpack/security/privilege/put"]),
        ("keys", &["cluster:admin/xpack/security/api_key/create", "cluster:admin/xpack/security/api_key/grant"]),
        ("keys", &["cluster:admin/xpack/security/api_key/invalidate", "cluster:admin/xpack/security/token/create"]),
        ("keys", &["cluster:admin/xpack/security/token/invalidate"]),
        ("keys", &["cluster:admin/xpack/security/service_account/token/create"]),
        ("keys", &["cluster:admin/xpack/security/cross_cluster/api_key/create"]),
        ("node", &["cluster:admin/nodes/reload_secure_settings", "cluster:admin/voting_config/add_exclusions"]),
        ("node", &["cluster:admin/xpack/license/put", "cluster:admin/shutdown/create"]),
        ("node", &["cluster:admin/voting_config/clear_exclusions", "cluster:admin/xpack/license/delete"]),
        ("discovery", &["indices:data/read/field_caps", "indices:admin/mappings/get", "indices:admin/aliases/get"]),
        ("discovery", &["indices:monitor/settings/get", "cluster:admin/xpack/security/user/get"]),
        ("discovery", &["cluster:admin/xpack/security/role/get", "cluster:admin/xpack/security/api_key/get"]),
        ("discovery", &["cluster:admin/xpack/security/api_key/query", "cluster:admin/repository/get"]),
        ("discovery", &["cluster:admin/snapshot/get", "cluster:admin/xpack/security/user/has_privileges"]),
        ("discovery", &["cluster:admin/xpack/security/user/authenticate", "cluster:admin/ilm/get"]),
        ("discovery", &["indices:admin/settings/get", "indices:admin/get", "cluster:admin/settings/get"]),
        ("discovery", &["indices:admin/mappings/fields/get", "cluster:admin/xpack/security/role_mapping/get"]),
        ("discovery", &["cluster:admin/slm/status", "cluster:admin/slm/stats", "cluster:admin/snapshot/status"]),
        ("discovery", &["cluster:admin/xpack/security/service_account/credential/get"]),
        ("monitoring", &["cluster:monitor/main", "cluster:monitor/nodes/stats", "indices:monitor/stats"]),
        ("other", &["indices:admin/refresh", "internal:transport/proxy", "", "something new"]),
    ];

    #[test]
    fn actions_have_the_classes_that_the_contract_gives_them() {
        for (class, actions) in NAMED {
            for action in *actions {
                assert_eq!(ActionClass::of(action.as_bytes()).name(), *class, "{action}");
            }
        }
    }

    #[test]
    fn a_name_stands_for_its_children() {
        let named = NAMED.iter().filter(|(class, _)| *class != "other");
        for (class, action) in named.flat_map(|(class, actions)| actions.iter().map(move |action| (class, action))) {
            for child in ["[s]", "[s][p]", "[n]", "[phase/query]", "[phase/query+fetch/scroll]", "[free_context]"] {
                let name = [base(action.as_bytes()), child.as_bytes()].concat();
                assert_eq!(ActionClass::of(&name).name(), *class, "{action}{child}");
            }
        }
    }

    /// What reads as a known name without being one, or is of nobody's table, is told by its name.
    #[test]
    fn unknown_names_are_other() {
        for action in [
            "indices:data/read/xpack/rollup/search",
            "indices:data/read/list",
            "indices:data/write/",
            "indices:admin/delete_everything",
            "indices:admin/flush",
            "indices:admin/cache/clear",
            "cluster:admin/reroute",
            "cluster:admin/tasks/cancel",
            "cluster:admin/xpack/security/realm/cache/clear",
            "cluster:admin/xpack/watcher/watch/put",
            "CLUSTER:ADMIN/SNAPSHOT/CREATE",
            "internal:cluster/coordination/join",
            "run_as_granted",
            "[s]",
            "\u{202e}",
        ] {
            assert_eq!(ActionClass::of(action.as_bytes()), ActionClass::Other, "{action}");
            assert_eq!(ActionClass::of_powerful(action.as_bytes()), None, "{action}");
        }
    }

    #[test]
    fn what_is_powerful_is_told_by_the_table_alone() {
        let by_query = b"indices:data/write/delete/byquery";
        let names = NAMED.iter().flat_map(|(_, actions)| *actions).map(|action| action.as_bytes());
        for action in names {
            let class = ActionClass::of(action);
            let powerful = class.is_powerful() || action == by_query;
            assert_eq!(
                ActionClass::of_powerful(action),
                powerful.then_some(class),
                "{}",
                String::from_utf8_lossy(action)
            );
        }
        let powerful = ActionClass::ALL.into_iter().filter(|class| class.is_powerful()).map(ActionClass::name);
        assert_eq!(
            powerful.collect::<Vec<_>>(),
            "security keys run_as delete_index snapshot restore reindex settings templates node"
                .split(' ')
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn restricted_indices() {
        for index in [".security", ".security-7", ".security-tokens-7", ".async-search"] {
            assert!(is_restricted(index.as_bytes()), "{index}");
        }
        for index in ["security", ".ds-logs-1", ".kibana_1", ""] {
            assert!(!is_restricted(index.as_bytes()), "{index}");
        }
    }
}
