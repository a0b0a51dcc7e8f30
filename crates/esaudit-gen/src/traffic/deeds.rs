//! Rare and powerful requests that are not themselves security changes: what an intruder does once in, and what an
//! administrator or a backup does now and then.

use crate::text::Text;
use crate::workload::{Step, Work};

/// One of [`DEEDS`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    /// Registers a snapshot repository.
    PutRepository,
    /// Takes a snapshot.
    Snapshot,
    /// Deletes an index.
    DeleteIndex,
    /// Deletes documents by a query.
    DeleteByQuery,
    /// Changes a setting of the cluster.
    Settings,
    /// Copies from or to another cluster.
    Reindex,
    /// Lists the users.
    ReadUsers,
    /// Reads much by scrolling.
    Scroll,
}

const fn step(action: Text, name: Text, indices: Option<Text>) -> Step {
    Step { action, name, indices, on_shard: false }
}

const fn deed(method: Text, path: Text, steps: &'static [Step]) -> Work {
    Work { method, path, query: None, steps }
}

const DATA: Option<Text> = Some("[\"customers-2026\"]");

/// The requests, in the order of [`Deed`].
pub(crate) static DEEDS: &[Work] = &[
    deed("PUT", "/_snapshot/offsite", &[step("cluster:admin/repository/put", "PutRepositoryRequest", None)]),
    deed("PUT", "/_snapshot/offsite/snap-1", &[step("cluster:admin/snapshot/create", "CreateSnapshotRequest", DATA)]),
    deed("DELETE", "/customers-2026", &[step("indices:admin/delete", "DeleteIndexRequest", DATA)]),
    deed(
        "POST",
        "/customers-2026/_delete_by_query",
        &[step("indices:data/write/delete/byquery", "DeleteByQueryRequest", DATA)],
    ),
    deed("PUT", "/_cluster/settings", &[step("cluster:admin/settings/update", "ClusterUpdateSettingsRequest", None)]),
    deed("POST", "/_reindex", &[step("indices:data/write/reindex", "ReindexRequest", DATA)]),
    deed("GET", "/_security/user", &[step("cluster:admin/xpack/security/user/get", "GetUsersRequest", None)]),
    deed("POST", "/_search/scroll", &[step("indices:data/read/scroll", "SearchScrollRequest", None)]),
];
