//! Archives of Elastic's support diagnostics: files, folders and manifests as version 9.4 of it writes them
//! (`elastic-rest.yml`, `GenerateManifest`, `GenerateDiagnosticManifest`, `CollectLogs`, `ArchiveUtils` of its repository).

use serde_json::{Value, json};
use test_support::Inputs;

use crate::context::{check, failed, reason, report, users};
use crate::shapes::storage::zip;

/// When it was collected.
const COLLECTED: &str = "2026-03-01T11:00:00.000Z";

/// Texts of answers that are made to be looked at.
const TEXTS: [&str; 16] = [
    "aliases",
    "allocation",
    "count",
    "fielddata",
    "health",
    "indices",
    "master",
    "nodeattrs",
    "nodes",
    "pending_tasks",
    "recovery",
    "repositories",
    "segments",
    "shards",
    "templates",
    "thread_pool",
];

/// Answers that tell nothing of security, those among them whose frame or members are like those of others that do.
fn other_answers() -> Vec<(&'static str, Value)> {
    let of_nodes = |rest: Value| {
        let mut answer = json!({"_nodes": {"total": 1, "successful": 1, "failed": 0}, "cluster_name": "c"});
        answer.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        answer
    };
    let watcher =
        of_nodes(json!({"manually_stopped": false, "stats": [{"node_id": "n1", "watcher_state": "started"}]}));
    let refused = json!({"error": {"root_cause": [{"type": "security_exception", "reason": "action [x] is unauthorized"}], "type": "security_exception"}, "status": 403});
    vec![
        ("alias", json!({"idx": {"aliases": {}}})),
        ("allocation", json!([{"shards": "1", "node": "es-1"}])),
        ("allocation_explain", json!({"error": {"type": "illegal_argument_exception"}, "status": 400})),
        ("cluster_health", json!({"cluster_name": "c", "status": "green", "number_of_nodes": 1})),
        (
            "cluster_state",
            json!({"cluster_name": "c", "cluster_uuid": "CU", "version": 3, "nodes": {"n1": {"name": "es-1", "attributes": {}}}, "metadata": {"settings": {}}}),
        ),
        (
            "cluster_stats",
            of_nodes(
                json!({"cluster_uuid": "CU", "timestamp": 1, "indices": {"count": 3}, "nodes": {"count": {"total": 1}, "versions": ["8.15.0"], "plugins": []}}),
            ),
        ),
        ("dangling_indices", of_nodes(json!({"dangling_indices": []}))),
        ("deprecation_info", json!({"cluster_settings": [], "node_settings": [], "index_settings": {}})),
        ("fielddata_stats", of_nodes(json!({"nodes": {"n1": {"timestamp": 1, "name": "es-1", "indices": {}}}}))),
        ("geoip_stats", json!({"stats": {"successful_downloads": 1}, "nodes": {"n1": {"databases": []}}})),
        ("index_templates", json!({"index_templates": [{"name": "t", "index_template": {"index_patterns": ["x"]}}]})),
        ("internal_health", json!({"status": "green", "cluster_name": "c", "indicators": {}})),
        (
            "mapping",
            json!({"idx": {"mappings": {"properties": {"username": {"type": "keyword"}, "roles": {"type": "keyword"}}}}}),
        ),
        ("nodes_short", json!([{"name": "es-1", "id": "n1", "master": "*"}])),
        ("nodes_stats", of_nodes(json!({"nodes": {"n1": {"timestamp": 1, "name": "es-1"}}}))),
        ("nodes_usage", of_nodes(json!({"nodes": {"n1": {"timestamp": 1, "since": 1, "rest_actions": {}}}}))),
        (
            "pipelines",
            json!({"p": {"processors": [{"set": {"field": "event.action", "value": "authentication_failed"}}]}}),
        ),
        ("remote_cluster_info", json!({"r": {"connected": true, "mode": "sniff", "seeds": ["x"]}})),
        ("repositories", json!({"r": {"type": "fs", "uuid": "u", "settings": {"location": "/x"}}})),
        ("settings", json!({"idx": {"settings": {"index": {"uuid": "u"}}}})),
        (
            "tasks",
            json!({"nodes": {"n1": {"name": "es-1", "roles": ["data"], "tasks": {"n1:1": {"node": "n1", "action": "a", "headers": {}}}}}}),
        ),
        ("templates", json!({"t": {"order": 0, "index_patterns": ["x"], "settings": {}, "mappings": {}}})),
        ("commercial/ccr_stats", refused),
        ("commercial/data_stream", json!({"data_streams": [{"name": "d", "generation": 1}]})),
        (
            "commercial/ilm_policies",
            json!({"p": {"version": 1, "modified_date": "2026-01-01T00:00:00.000Z", "policy": {"phases": {}}}}),
        ),
        ("commercial/ml_memory_stats", of_nodes(json!({"nodes": {"n1": {"name": "es-1", "mem": {}}}}))),
        ("commercial/nodes_shutdown_status", json!({"nodes": []})),
        ("commercial/security_role_mappings", json!({})),
        ("commercial/transform_node_stats", json!({"total": {"scheduler": {}}, "n1": {"scheduler": {}}})),
        ("commercial/watcher_stack", watcher.clone()),
        ("commercial/watcher_stats", watcher),
        (
            "commercial/xpack",
            json!({"security": {"available": true, "enabled": true, "realms": {"native": {"enabled": true}}, "roles": {"native": {"size": 1}}}}),
        ),
    ]
}

/// An archive as it is sent to Elastic: of a node of some version, in some mode (`api`, `local`).
fn archive(version: &str, mode: &str) -> Vec<u8> {
    let root = format!("{mode}-diagnostics-20260301-110000");
    let mut files: Vec<(String, String)> = Vec::new();
    // Answers are written as they came: what Elasticsearch prints for people is printed so.
    let mut answer = |name: &str, text: String| files.push((format!("{root}/{name}"), text));
    answer(
        "version.json",
        format!(
            "{:#}\n",
            json!({"name": "es-1", "cluster_name": "c", "cluster_uuid": "CU", "version": {"number": version}, "tagline": "You Know, for Search"})
        ),
    );
    answer("licenses.json", format!("{:#}\n", json!({"license": {"status": "active", "uid": "u", "type": "basic"}})));
    let security = json!({"audit": {"enabled": "true", "logfile": {"events": {"exclude": "authentication_success"}}}});
    let node = json!({"name": "es-1", "version": version, "roles": ["data"], "settings": {"path": {"logs": "/l"}, "xpack": {"security": security}}, "modules": [{"name": "m".repeat(40_000)}]});
    answer("nodes.json", json!({"_nodes": {"total": 1}, "cluster_name": "c", "nodes": {"n1": node}}).to_string());
    answer(
        "cluster_settings.json",
        json!({"persistent": {"xpack.security.audit.logfile.emit_node_id": "true"}, "transient": {}}).to_string(),
    );
    answer(
        "cluster_settings_defaults.json",
        json!({"persistent": {}, "transient": {}, "defaults": {"xpack.security.audit.enabled": "false"}}).to_string(),
    );
    let certificate = |name: &str, expiry: &str| json!({"path": "http.p12", "format": "PKCS12", "alias": name, "subject_dn": format!("CN={name}"), "serial_number": name, "has_private_key": true, "expiry": expiry});
    answer(
        "ssl_certs.json",
        json!([certificate("a", "2026-03-11T00:00:00.000Z"), certificate("b", "2029-03-11T00:00:00.000Z")]).to_string(),
    );
    answer("commercial/security_users.json", users(&["elastic", "known"]));
    answer("commercial/security_roles.json", json!({"r": {"cluster": ["all"], "indices": [{"names": ["*"], "privileges": ["all"], "allow_restricted_indices": false}], "applications": [], "run_as": [], "metadata": {}, "transient_metadata": {"enabled": true}}}).to_string());
    answer("commercial/security_priv.json", json!({"kibana-.kibana": {"all": {"application": "kibana-.kibana", "name": "all", "actions": ["x"], "metadata": {}}}}).to_string());
    for (name, text) in other_answers() {
        answer(&format!("{name}.json"), text.to_string());
    }
    for name in TEXTS {
        answer(&format!("cat/cat_{name}.txt"), "n    nodeId i        v role m\nes-1 n1     10.0.0.1 8 dm   *\n".into());
    }
    answer(
        "nodes_hot_threads.txt",
        "::: {es-1}{n1}{e}{10.0.0.1}{10.0.0.1:9300}{dm}\n   Hot threads at 2026-03-01T12:00:00.000Z, interval=500ms:\n"
            .into(),
    );
    answer(
        "diagnostics.log",
        "2026-03-01 11:00:01 ERROR Error occurred executing query ccr_stats - /_ccr/stats\n".into(),
    );
    // Members in the order of a hash map, printed as Jackson indents.
    answer(
        "manifest.json",
        format!(
            "{{\n  \"diagnosticInputs\" : \"x\",\n  \"diagVersion\" : \"9.4.2\",\n  \"Product Version\" : {{\n    \"originalValue\" : \"{version}\",\n    \"type\" : \"NPM\"\n  }},\n  \"runner\" : \"cli\",\n  \"collectionDate\" : \"{COLLECTED}\"\n}}"
        ),
    );
    answer(
        "diagnostic_manifest.json",
        format!(
            "{{\n  \"mode\" : \"full\",\n  \"product\" : \"elasticsearch\",\n  \"flags\" : \"x\",\n  \"diagnostic\" : \"9.4.2\",\n  \"type\" : \"elasticsearch_diagnostic\",\n  \"runner\" : \"cli\",\n  \"version\" : \"{version}\",\n  \"timestamp\" : \"{COLLECTED}\"\n}}"
        ),
    );
    if mode == "local" {
        // No audit log is among the files that it copies.
        answer("logs/c_server.json", "{\"type\": \"server\", \"timestamp\": \"2026-03-01T10:00:00,000Z\", \"level\": \"INFO\", \"component\": \"o.e.n.Node\", \"cluster.name\": \"c\", \"node.name\": \"es-1\", \"message\": \"started\", \"cluster.uuid\": \"CU\", \"node.id\": \"n1\"  }\n".into());
        answer("logs/gc.log", "[2026-03-01T10:00:00.000+0000][1][gc] GC(0) Pause Young\n".into());
        answer("top.txt", "top - 11:00:00 up 1 day\n".into());
    }
    zip(&files.into_iter().map(|(name, text)| (name, text.into_bytes())).collect())
}

#[test]
fn archives_are_read_as_they_are() {
    for (version, mode) in [("7.17.28", "local"), ("8.19.0", "api"), ("9.4.2", "local")] {
        let mut inputs = Inputs::of(&[("logs/c_audit.json", &[failed(1, "known")])]);
        inputs.add(&format!("{mode}-diagnostics-20260301-110000.zip"), &archive(version, mode));
        let report = report(&[inputs.path()], &[]);
        // What else lies there is no log, and no trouble.
        assert_eq!(report["coverage"]["problems"], json!([]), "{version}");
        let context = report["coverage"]["context"].as_array().unwrap();
        assert!(context.iter().all(|one| one["as_of"] == COLLECTED && one["used"] == true), "{context:?}");
        let mut kinds: Vec<&str> = context.iter().map(|one| one["kind"].as_str().unwrap()).collect();
        kinds.sort_unstable();
        let expected = [
            "application_privileges",
            "certificates",
            "cluster",
            "cluster_settings",
            "cluster_settings",
            "license",
            "nodes",
            "roles",
            "users",
        ];
        assert_eq!(kinds, expected, "{version}");
        assert_eq!(reason(&report, "known"), ("bad_password".to_owned(), "context".to_owned()));
        let events = report["coverage"]["server_events"].as_u64().unwrap_or_default();
        assert_eq!(events, u64::from(mode == "local"), "{version}");
        let checks = check(&[inputs.path()], &[])["checks"].to_string();
        for id in ["event_not_written.authentication_success", "certificate_ends", "account_superuser"] {
            assert!(checks.contains(&format!("\"id\":\"{id}\"")), "{version}: {id}: {checks}");
        }
    }
}
