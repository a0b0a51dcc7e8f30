//! Several clusters in one run: told apart, and nothing joined across them.

use esaudit::internals::model::Cluster;
use test_support::Inputs;
use test_support::line::Line;

/// A line of a node's server log in JSON, as 7.x and 8.x write it.
fn cluster_line(node: &str, uuid: &str, old: bool) -> String {
    if old {
        return format!(
            r#"{{"type": "server", "timestamp": "2026-03-01T12:00:00,000Z", "level": "INFO", "component": "o.e.x.Y", "cluster.name": "c", "node.name": "{node}", "message": "started", "cluster.uuid": "{uuid}", "node.id": "{node}"  }}"#
        );
    }
    format!(
        r#"{{"@timestamp":"2026-03-01T12:00:00.000Z", "log.level": "INFO", "message":"started", "service.name":"ES_ECS","event.dataset":"elasticsearch.server","log.logger":"org.elasticsearch.x.Y","elasticsearch.cluster.uuid":"{uuid}","elasticsearch.node.id":"{node}","elasticsearch.node.name":"{node}"}}"#
    )
}

#[test]
fn the_server_log_tells_the_cluster_where_events_do_not() {
    for old in [false, true] {
        let lines: Vec<String> =
            ["a1", "a2", "b1"].iter().flat_map(|node| (0..3).map(|at| failure(node, at * 1000).end())).collect();
        let nodes = |uuids: &[(&str, &str)]| {
            let server: Vec<String> = uuids.iter().map(|(node, uuid)| cluster_line(node, uuid, old)).collect();
            let report = Inputs::of(&[("a.json", &lines), ("server.json", &server)]).report(&[]);
            let name = |cluster: &Cluster| (cluster.uuid.clone(), cluster.nodes.join(","));
            report.clusters.iter().map(name).collect::<Vec<_>>()
        };
        let uuid = |uuid: &str| Some(uuid.to_owned());
        assert_eq!(
            nodes(&[("a1", "A"), ("a2", "A"), ("b1", "B")]),
            [(uuid("A"), "a1,a2".to_owned()), (uuid("B"), "b1".to_owned())]
        );
        // The log of one node only: nothing says that the others are of another cluster.
        assert_eq!(nodes(&[("a1", "A")]), [(uuid("A"), "a1,a2,b1".to_owned())]);
    }
}

/// A line of a cluster.
pub(crate) fn in_cluster(line: Line, uuid: &str) -> String {
    line.text("cluster.uuid", uuid).text("cluster.name", &format!("name-{uuid}")).end()
}

/// A failure of `elastic` on a node, from one address.
pub(crate) fn failure(node: &str, millis: i64) -> Line {
    Line::on(node, millis, "authentication_failed")
        .user("elastic")
        .from("10.0.0.1:1")
        .request(&format!("{node}{millis}"))
}

#[test]
fn clusters_are_told_apart() {
    let mut lines: Vec<String> = (0..10).map(|at| in_cluster(failure("a1", at * 1000), "A")).collect();
    lines.extend((0..10).map(|at| in_cluster(failure("b1", at * 1000), "B")));
    lines.extend((0..3).map(|at| failure("c1", at * 1000).end()));
    // First events under a random uuid, and events without one.
    lines.push(in_cluster(failure("a2", -1000), "random"));
    lines.extend((0..2).map(|at| in_cluster(failure("a2", at * 1000), "A")));
    lines.push(failure("a2", 5000).end());
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let report = inputs.report(&[]);
    let clusters: Vec<_> = report
        .clusters
        .iter()
        .map(|cluster| {
            (cluster.uuid.as_deref(), cluster.name.as_deref(), cluster.nodes.join(","), cluster.audit_events)
        })
        .collect();
    assert_eq!(
        clusters,
        [
            (Some("A"), Some("name-A"), "a1,a2".to_owned(), 14),
            (Some("B"), Some("name-B"), "b1".to_owned(), 10),
            (None, None, "c1".to_owned(), 3)
        ]
    );
    let groups: Vec<_> = report.groups.iter().map(|group| (group.cluster.clone(), group.count)).collect();
    assert_eq!(groups, [(Some("A".to_owned()), 14), (Some("B".to_owned()), 10), (None, 3)]);
    assert!(
        report
            .coverage
            .cannot_tell
            .iter()
            .any(|told| told.plain().starts_with("to which cluster these nodes belong: c1;"))
    );
    assert_eq!(report.coverage.nodes[0].cluster.as_deref(), Some("A"));
    assert_eq!(inputs.report(&["--cluster", "A"]).totals.failed_attempts, 14);
    assert_eq!(inputs.report(&["--cluster", "name-B"]).totals.failed_attempts, 10);
    assert_eq!(inputs.report(&["--cluster", "!*"]).totals.failed_attempts, 3);
    let by = inputs.report(&["--by", "cluster"]);
    let by: Vec<_> = by.groups.iter().map(|group| (group.by["cluster"].clone(), group.count)).collect();
    assert_eq!(by, [(Some("A".to_owned()), 14), (Some("B".to_owned()), 10), (None, 3)]);
}

#[test]
fn one_cluster_is_not_worth_a_key() {
    let lines: Vec<String> = (0..3).map(|at| in_cluster(failure("a1", at * 1000), "A")).collect();
    let report = Inputs::of(&[("a.json", &lines)]).report(&[]);
    assert_eq!(report.clusters.len(), 1);
    assert_eq!(report.groups.iter().next().unwrap().cluster, None);
    assert_eq!(report.coverage.nodes[0].cluster, None);
}

#[test]
fn nothing_is_joined_across_clusters() {
    // The same node name, the same key name, the same account: in another cluster it is another.
    let change = |cluster: &str, millis: i64| {
        let body = r#"{"apikeys":{"name":"ingest","owned_by_authenticated_user":false}}"#;
        in_cluster(Line::on(cluster, millis, "invalidate_apikeys").request("r").raw("invalidate", body), cluster)
    };
    let used = |cluster: &str, key: &str| {
        in_cluster(
            Line::on(cluster, 0, "access_granted")
                .user("svc")
                .text("apikey.id", key)
                .text("apikey.name", "ingest")
                .from("10.0.0.5:1"),
            cluster,
        )
    };
    let inputs = Inputs::of(&[("a.json", &[used("A", "key-a"), used("B", "key-b"), change("B", 1000)])]);
    let report = inputs.report(&[]);
    assert_eq!(report.security_changes[0].resolved_ids, ["key-b"]);
    assert_eq!(report.security_changes[0].cluster.as_deref(), Some("B"));
}

#[test]
fn a_log_begins_and_ends_with_its_own_cluster() {
    // Something inside asks for health from the first line to the last, by the clock, and never gets in.
    let hour = 3_600_000;
    let asks = |cluster: &str, millis: i64| {
        let line = Line::on(cluster, millis, "anonymous_access_denied").from("10.0.0.9:1");
        in_cluster(line.request(&format!("h{millis}")), cluster)
    };
    let works = |cluster: &str, millis: i64| {
        let line = Line::on(cluster, millis, "access_granted").user("svc").from("10.0.0.5:1");
        in_cluster(line.request(&format!("w{cluster}{millis}")), cluster)
    };
    let mut one: Vec<String> = (0..240).map(|at| asks("A", at * 60_000)).collect();
    one.extend((0..5).map(|at| works("A", at * hour)));
    let other: Vec<String> = (-200..200).map(|at| works("B", at * hour)).collect();
    let findings = |inputs: Inputs| {
        let report = inputs.report(&[]);
        let told = |finding: &esaudit::internals::model::Finding| {
            (finding.kind.clone(), finding.verdict.clone(), finding.confidence.to_string())
        };
        report.findings.iter().map(told).collect::<Vec<_>>()
    };
    let alone = findings(Inputs::of(&[("a.json", &one[..])]));
    assert_eq!(findings(Inputs::of(&[("a.json", &one[..]), ("b.json", &other[..])])), alone);
    assert!(alone.iter().all(|(_, verdict, _)| verdict != "hostile"), "{alone:?}");
}
