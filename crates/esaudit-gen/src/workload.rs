//! Ordinary requests: what clients ask for, and which transport actions that takes.

use crate::text::Text;

/// One transport action of a request.
pub(crate) struct Step {
    /// `action`.
    pub(crate) action: Text,
    /// `request.name`.
    pub(crate) name: Text,
    /// `indices`, a JSON array.
    pub(crate) indices: Option<Text>,
    /// Runs where the shard is, which may be another node: its line carries the same request id there.
    pub(crate) on_shard: bool,
}

/// One kind of request.
pub(crate) struct Work {
    pub(crate) method: Text,
    pub(crate) path: Text,
    pub(crate) query: Option<Text>,
    pub(crate) steps: &'static [Step],
}

/// A step on the coordinating node.
const fn step(action: Text, name: Text, indices: Option<Text>) -> Step {
    Step { action, name, indices, on_shard: false }
}

/// A step on a shard.
const fn shard(action: Text, name: Text, indices: Option<Text>) -> Step {
    Step { action, name, indices, on_shard: true }
}

const APP: Option<Text> = Some("[\"logs-app-prod\"]");
const WIDE: Option<Text> = Some(
    "[\"logs-app-prod\",\"logs-web-prod\",\"logs-db-prod\",\"logs-proxy-prod\",\"metrics-host-prod\",\".ds-logs-app-prod-2026.02.27-000031\"]",
);
const TASKS: Option<Text> = Some("[\".kibana_task_manager\"]");
const KIBANA: Option<Text> = Some("[\".kibana\"]");

/// The requests in use; the first four are those of clients that only look whether they can get in.
pub(crate) static WORK: &[Work] = &[
    Work {
        method: "GET",
        path: "/_security/_authenticate",
        query: None,
        steps: &[step("cluster:admin/xpack/security/user/authenticate", "AuthenticateRequest", None)],
    },
    Work { method: "GET", path: "/", query: None, steps: &[step("cluster:monitor/main", "MainRequest", None)] },
    Work {
        method: "GET",
        path: "/_cluster/health",
        query: Some("timeout=5s"),
        steps: &[step("cluster:monitor/health", "ClusterHealthRequest", None)],
    },
    Work {
        method: "POST",
        path: "/logs-app-prod/_search",
        query: Some("pretty"),
        steps: &[
            step("indices:data/read/search", "SearchRequest", APP),
            shard("indices:data/read/search[phase/query]", "ShardSearchRequest", APP),
            shard("indices:data/read/search[phase/fetch/id]", "ShardFetchSearchRequest", APP),
        ],
    },
    Work {
        method: "POST",
        path: "/_bulk",
        query: None,
        steps: &[
            step("indices:data/write/bulk", "BulkRequest", None),
            shard("indices:data/write/bulk[s]", "BulkShardRequest", APP),
            shard("indices:data/write/bulk[s][p]", "BulkShardRequest", APP),
            shard("indices:data/write/index:op_type/create", "BulkItemRequest", APP),
        ],
    },
    Work {
        method: "POST",
        path: "/logs-*,metrics-*/_async_search",
        query: Some("batched_reduce_size=64&ccs_minimize_roundtrips=true&wait_for_completion_timeout=200ms"),
        steps: &[
            step("indices:data/read/async_search/submit", "SubmitAsyncSearchRequest", WIDE),
            step("indices:data/read/search", "SearchRequest", WIDE),
            shard("indices:data/read/search[can_match][n]", "CanMatchNodeRequest", WIDE),
            shard("indices:data/read/search[phase/query]", "ShardSearchRequest", WIDE),
        ],
    },
    Work {
        method: "POST",
        path: "/.kibana_task_manager/_update_by_query",
        query: Some("ignore_unavailable=true&refresh=true"),
        steps: &[
            step("indices:data/write/update/byquery", "UpdateByQueryRequest", TASKS),
            step("indices:data/read/search", "SearchRequest", TASKS),
            shard("indices:data/read/search[phase/query]", "ShardSearchRequest", TASKS),
        ],
    },
    Work {
        method: "GET",
        path: "/.kibana/_doc/space%3Adefault",
        query: None,
        steps: &[
            step("indices:data/read/get", "GetRequest", KIBANA),
            shard("indices:data/read/get[s]", "GetRequest", KIBANA),
        ],
    },
    Work {
        method: "GET",
        path: "/_nodes/stats",
        query: Some("filter_path=nodes.*.version%2Cnodes.*.ip"),
        steps: &[
            step("cluster:monitor/nodes/stats", "NodesStatsRequest", None),
            shard("cluster:monitor/nodes/stats[n]", "NodeStatsRequest", None),
        ],
    },
];

/// Audit lines that an ordinary request makes, on average, of `most` access decisions; used to turn a rate of lines into one
/// of requests.
pub(crate) fn mean_lines(most: usize) -> f64 {
    WORK.iter().map(|w| w.steps.len().min(most)).sum::<usize>() as f64 / WORK.len() as f64
}
