//! Reports built by hand.

use std::collections::BTreeMap;

use esaudit::internals::model::*;

pub(crate) fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub(crate) fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

pub(crate) fn at(time: &str) -> Option<String> {
    Some(format!("2026-03-01T{time}.000Z"))
}

pub(crate) fn source(address: &str, count: u64) -> SourceCount {
    SourceCount { address: address.to_owned(), count }
}

pub(crate) fn place(path: &str, line: u64) -> Evidence {
    Evidence { path: path.to_owned(), line, offset: None, offset_line: None }
}

pub(crate) fn empty() -> Report {
    let tool = Tool { name: "esaudit".to_owned(), version: "0.2.0".to_owned() };
    let coverage = Coverage { complete: true, reconciled: true, ..Coverage::default() };
    Report::bare(tool, BTreeMap::new(), coverage, None)
}

pub(crate) fn input(path: &str, bytes: u64, error: Option<&str>) -> Input {
    Input {
        path: path.to_owned(),
        format: "native".to_owned(),
        compression: "none".to_owned(),
        bytes,
        lines: 1000,
        audit_events: 900,
        server_events: 50,
        other_lines: 49,
        undecodable_lines: 1,
        oversized_lines: 0,
        truncated: false,
        error: error.map(str::to_owned),
        first: at("00:00:01"),
        last: at("23:59:58"),
    }
}

pub(crate) fn node(id: &str, name: Option<&str>) -> Node {
    Node {
        id: text(id),
        name: name.map(str::to_owned),
        cluster: None,
        audit_events: 1000,
        first: at("00:00:01"),
        last: at("23:59:58"),
        logs_realm_failures: Some(true),
        logs_successes: Some(false),
        has_server_log: true,
        gaps: vec![],
    }
}

#[allow(clippy::too_many_arguments)] // One column each.
pub(crate) fn group(
    principal: Option<&str>,
    chain: Option<&[&str]>,
    reason: &str,
    basis: &str,
    count: u64,
    first: &str,
    last: &str,
    sources: &[(&str, u64)],
    sources_total: u64,
) -> Group {
    Group {
        id: String::new(),
        principal: principal.map(str::to_owned),
        realm_chain: chain.map(texts),
        realm_chain_ordered: true,
        reason: reason.to_owned(),
        reason_basis: basis.to_owned(),
        credential: None,
        cluster: None,
        by: BTreeMap::new(),
        count,
        first: at(first),
        last: at(last),
        sources: sources.iter().map(|&(address, count)| source(address, count)).collect(),
        sources_total,
        nodes: texts(&["kE3pLqWwT2mZr0aXbYcD1g"]),
        actions: BTreeMap::from([("authentication_failed".to_owned(), count)]),
        why: vec![],
        forwarded: vec![],
        messages: vec![],
        evidence: vec![place("logs/es-1_audit.json", 17)],
    }
}

pub(crate) fn top(list: &[(Option<&str>, u64)]) -> Vec<TopText> {
    list.iter().map(|&(key, count)| TopText { key: key.map(str::to_owned), count }).collect()
}

pub(crate) fn change(
    time: &str,
    action: &str,
    actor: Option<&str>,
    ids: &[&str],
    target: Option<&str>,
) -> SecurityChange {
    SecurityChange {
        time: at(time).unwrap_or_default(),
        action: action.to_owned(),
        actor: actor.map(str::to_owned),
        actor_realm: actor.map(|_| "native1".to_owned()),
        run_by: None,
        actor_api_key: None,
        source: text("10.20.0.5"),
        node: text("kE3pLqWwT2mZr0aXbYcD1g"),
        request_id: text("Hf3kqLs2S0m1dY"),
        cluster: None,
        target: target.map(str::to_owned),
        ids: texts(ids),
        resolved_ids: vec![],
        name: None,
        owner: None,
        owner_realm: None,
        owned_by_authenticated_user: None,
        expiration: None,
        key_type: None,
        roles: vec![],
        privileges: vec![],
        superuser: false,
        evidence: place("logs/es-1_audit.json", 4711),
    }
}

/// A night with a spray, a stale password and an API key revoked too early.
pub(crate) fn incident() -> Report {
    let mut report = empty();
    let coverage = &mut report.coverage;
    coverage.inputs = vec![
        input("logs/es-1_audit.json", 812_345_678, None),
        input("logs/es-2_audit-2026-03-01-1.json.gz", 1_234_567_890, Some("gzip stream ends in the middle")),
        input("logs/es-3_audit.json", 91_234, None),
    ];
    coverage.lines = 6_204_331;
    coverage.audit_events = 6_201_118;
    coverage.server_events = 3_102;
    coverage.other_lines = 109;
    coverage.undecodable_lines = 2;
    coverage.duplicates = 1_204;
    coverage.first = at("00:00:01");
    coverage.last = at("23:59:58");
    coverage.nodes = vec![
        node("kE3pLqWwT2mZr0aXbYcD1g", Some("es-1")),
        node("q0aXbYcD1gkE3pLqWwT2mZ", Some("es-2")),
        node("zzXbYcD1gkE3pLqWwT2mZ0", None),
    ];
    coverage.problems = vec![
        Problem {
            path: "logs/es-2_audit-2026-03-01-1.json.gz".to_owned(),
            line: None,
            kind: "corrupt_compression".to_owned(),
            message: "gzip stream ends in the middle; 1,234,567,890 bytes before it were used".to_owned().into(),
        },
        Problem {
            path: "logs/es-3_audit.json".to_owned(),
            line: Some(1203),
            kind: "undecodable".to_owned(),
            message: "a string is not closed (byte 311)".to_owned().into(),
        },
    ];
    coverage.problems_total = 2;
    coverage.cannot_tell = texts(&[
        "Realm chains on node zzXbYcD1gkE3pLqWwT2mZ0: realm_authentication_failed is not in its xpack.security.audit.logfile.events.include.",
        "Whether a guessed password worked: no node logs authentication_success; add it to xpack.security.audit.logfile.events.include.",
    ])
    .into_iter()
    .map(Into::into)
    .collect();
    report.totals = Totals {
        failed_attempts: 48_211,
        principals: 134,
        sources: 12,
        api_key_invalidations: 2,
        tampered_requests: 0,
    };
    report.groups = vec![
        group(
            Some("elastic"),
            Some(&["reserved", "default_file", "native1"]),
            "bad_password",
            "server_log",
            41_020,
            "02:11:07",
            "04:55:12",
            &[("203.0.113.9", 40_000), ("198.51.100.77", 1_000), ("198.51.100.78", 12)],
            6,
        ),
        group(
            Some("svc-backup"),
            Some(&["default_file", "native1"]),
            "bad_password",
            "inferred",
            2_880,
            "00:00:03",
            "23:59:33",
            &[("10.20.0.14", 2_880)],
            1,
        ),
        group(
            None,
            Some(&[]),
            "missing_credentials",
            "server_log",
            2_870,
            "00:00:11",
            "23:59:41",
            &[("10.20.0.2", 1_440), ("10.20.0.3", 1_430)],
            2,
        ),
        group(
            Some("CORP\\anneliese.winterbottom-featherstonehaugh@emea.example.com"),
            Some(&["reserved", "default_file", "native1", "corporate-active-directory"]),
            "unknown",
            "none",
            1_440,
            "08:00:00",
            "17:59:59",
            &[("2001:db8:85a3:8d3:1319:8a2e:370:7348", 1_440)],
            1,
        ),
        group(Some("山田太郎"), None, "unknown", "none", 1, "12:00:00", "12:00:00", &[], 0),
    ]
    .into();
    report.groups_total = report.groups.len() as u64;
    report.security_changes = vec![
        change("03:10:44", "create_apikey", Some("ops-anna"), &["VuaCfGcBCdbkQm-e5aOx"], Some("ingest-2026")),
        change(
            "03:12:00",
            "invalidate_apikeys",
            Some("ops-anna"),
            &["VuaCfGcBCdbkQm-e5aOa", "Hxk3kYcBCdbkQm-e5bPq"],
            None,
        ),
        SecurityChange {
            owner: text("svc-shipper"),
            owner_realm: text("native1"),
            ..change("03:14:10", "invalidate_apikeys", None, &[], None)
        },
        change("04:58:31", "put_user", Some("elastic"), &[], Some("backdoor")),
    ];
    report.api_keys.failing = vec![
        FailingKey {
            id: text("VuaCfGcBCdbkQm-e5aOa"),
            name: text("ingest-2025"),
            owner: text("svc-ingest"),
            reason_basis: "server_log".to_owned(),
            expires: None,
            clients_total: 2,
            reason: "api_key_invalidated".to_owned(),
            count: 5_204,
            first: at("03:12:01"),
            last: at("05:40:00"),
            invalidated_at: at("03:12:00"),
            invalidated_by: text("ops-anna"),
            clients: vec![
                KeyClient { address: "10.20.1.7".to_owned(), count: 5_000, confidence: 1.0 },
                KeyClient { address: "10.20.1.8".to_owned(), count: 200, confidence: 0.8 },
            ],
            unattributed: 4,
            evidence: vec![],
        },
        FailingKey {
            id: None,
            name: None,
            owner: None,
            reason_basis: "server_log".to_owned(),
            expires: None,
            clients_total: 0,
            reason: "api_key_expired".to_owned(),
            count: 12,
            first: at("09:00:00"),
            last: at("09:20:00"),
            invalidated_at: None,
            invalidated_by: None,
            clients: vec![],
            unattributed: 12,
            evidence: vec![],
        },
    ];
    report.timeline.buckets = (0..24 * 60)
        .step_by(2)
        .map(|minute: u64| TimelineBucket {
            start: at(&format!("{:02}:{:02}:00", minute / 60, minute % 60)).unwrap_or_default(),
            authentication_failed: if (131..295).contains(&minute) { 200 + minute % 113 } else { 3 },
            anonymous_access_denied: u64::from(minute.is_multiple_of(60)) * 5,
            access_denied: 0,
            tampered_request: 0,
        })
        .collect();
    report.tops = Tops {
        principals: top(&[(Some("elastic"), 41_020), (Some("svc-backup"), 2_880), (None, 2_870), (Some("anna"), 3)]),
        principals_total: 134,
        realm_chains: vec![
            TopChain { key: Some(texts(&["reserved", "default_file", "native1"])), count: 41_020 },
            TopChain { key: Some(vec![]), count: 2_870 },
            TopChain { key: None, count: 1 },
        ],
        realm_chains_total: 3,
        reasons: top(&[(Some("bad_password"), 43_900), (Some("missing_credentials"), 2_870), (Some("unknown"), 1_441)]),
        reasons_total: 3,
        sources: top(&[(Some("203.0.113.9"), 40_000), (Some("10.20.0.14"), 2_880), (None, 1)]),
        sources_total: 12,
        nodes: top(&[(Some("kE3pLqWwT2mZr0aXbYcD1g"), 44_000), (Some("q0aXbYcD1gkE3pLqWwT2mZ"), 4_211)]),
        nodes_total: 2,
    };
    report.parameters.insert("by".to_owned(), serde_json::json!(["principal", "realm-chain", "reason"]));
    report
}

/// The incident with findings.
pub(crate) fn judged() -> Report {
    let mut report = incident();
    report.parameters.insert("findings".to_owned(), serde_json::json!(true));
    let finding = |id: &str, kind: &str, severity: &str, verdict: &str, title: &str| Finding {
        id: id.to_owned(),
        kind: kind.to_owned(),
        severity: severity.to_owned(),
        verdict: verdict.to_owned(),
        confidence: 0.97,
        expected_by_chance: None,
        cluster: None,
        title: title.to_owned().into(),
        attack: texts(&["T1110.001"]),
        principals: texts(&["elastic"]),
        principals_total: 1,
        sources: texts(&["203.0.113.9"]),
        sources_total: 6,
        nodes: texts(&["es-1"]),
        api_keys: vec![],
        start: at("02:11:07"),
        end: at("04:55:12"),
        failures: 41_020,
        successes: 1,
        diagnosis:
            "One source tried many passwords for one account that exists, faster than a person types and without \
                    the steady rhythm of a program with an old password."
                .into(),
        why: vec![
            "41,020 failures of elastic from 203.0.113.9 in 2 h 44 min, 4.2 a second at the peak.".into(),
            "The chain begins with reserved, so the account exists.".into(),
        ],
        next_steps: vec![
            "Block 203.0.113.9 at the load balancer.".into(),
            "Reset the password: POST /_security/user/elastic/_password.".into(),
        ],
        false_positives: vec![],
        parts: vec![],
        after_entry: None,
        accounts: Vec::new(),
        related: vec![],
        timeline: None,
        evidence: vec![place("logs/es-1_audit.json", 17), place("logs/es-1_audit.json", 41_311)],
    };
    report.findings = vec![
        finding(
            "F1",
            "account_compromise",
            "critical",
            "hostile",
            "elastic was guessed from 203.0.113.9 and then used",
        ),
        finding("F2", "password_guessing", "high", "hostile", "Guessing of elastic from 203.0.113.9"),
        finding(
            "F3",
            "api_key_rotation_outage",
            "medium",
            "operational",
            "Key ingest-2025 was invalidated before its clients had the new one",
        ),
        finding("F4", "stale_credential", "low", "operational", "svc-backup on 10.20.0.14 still uses an old password"),
        finding("F5", "missing_credentials", "info", "unclear", "Health checks without credentials"),
    ];
    report
}
