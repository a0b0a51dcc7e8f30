//! The tool against what the generator knows it wrote. The generator shares no code with the tool.

use esaudit::internals::model::Report;
use serde_json::{Value, json};

use test_support::generate;

/// Elements of an array in an order of their own.
fn sorted(list: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut list: Vec<Value> = list.into_iter().collect();
    list.sort_by_key(ToString::to_string);
    list
}

/// Some members of each element of an array.
fn members(list: &Value, names: &[&str]) -> Vec<Value> {
    let pick = |element: &Value| names.iter().map(|name| ((*name).to_owned(), element[*name].clone())).collect();
    sorted(list.as_array().unwrap().iter().map(pick))
}

/// Counts by principal and realm chain: whether the reasons are right is measured elsewhere.
fn without_reason(groups: &Value) -> Vec<Value> {
    let mut merged: std::collections::BTreeMap<String, Value> = std::collections::BTreeMap::new();
    for group in groups.as_array().unwrap() {
        let key = json!([group["principal"], group["realm_chain"]]).to_string();
        let known = merged.entry(key).or_insert_with(|| {
            json!({"principal": group["principal"], "realm_chain": group["realm_chain"], "count": 0,
                    "first": group["first"], "last": group["last"], "failed": 0})
        });
        let sum = |one: &Value, other: &Value| json!(one.as_u64().unwrap_or(0) + other.as_u64().unwrap_or(0));
        known["count"] = sum(&known["count"], &group["count"]);
        known["failed"] = sum(&known["failed"], &group["actions"]["authentication_failed"]);
        if group["first"].as_str() < known["first"].as_str() {
            known["first"] = group["first"].clone();
        }
        if group["last"].as_str() > known["last"].as_str() {
            known["last"] = group["last"].clone();
        }
    }
    merged.into_values().collect()
}

fn assert_is_true(report: &Report, truth: &Value, options: &[&str]) {
    let report = serde_json::to_value(report).unwrap();
    let coverage = &report["coverage"];
    for name in ["audit_events", "server_events", "actions"] {
        assert_eq!(coverage[name], truth[name], "{name} of {options:?}");
    }
    assert_eq!(coverage["duplicates"], json!(0), "{options:?}");
    assert_eq!(coverage["undecodable_lines"], json!(0), "{options:?}");
    for (name, total) in truth["totals"].as_object().unwrap() {
        assert_eq!(&report["totals"][name], total, "{options:?}: {name}");
    }
    let facts = ["id", "audit_events", "logs_realm_failures"];
    let node = |node: Value| json!([node["id"], node["audit_events"], node["logs_realm_failures"] == true]);
    assert_eq!(
        sorted(members(&coverage["nodes"], &facts).into_iter().map(node)),
        sorted(members(&truth["nodes"], &facts).into_iter().map(node)),
        "nodes of {options:?}"
    );
    let (found, wanted) = (without_reason(&report["groups"]), without_reason(&truth["groups"]));
    for (found, wanted) in found.iter().zip(&wanted) {
        assert_eq!(found, wanted, "a group of {options:?}");
    }
    assert_eq!(found.len(), wanted.len(), "number of groups of {options:?}");
    let change = [
        "time",
        "action",
        "actor",
        "actor_realm",
        "run_by",
        "source",
        "node",
        "request_id",
        "target",
        "ids",
        "owner",
        "owner_realm",
        "owned_by_authenticated_user",
        "expiration",
    ];
    assert_eq!(
        members(&report["security_changes"], &change),
        members(&truth["security_changes"], &change),
        "changes of {options:?}"
    );
}

/// Options under which the audit log alone tells everything that is compared.
const CLUSTERS: [&str; 7] = [
    "--seed 11 --days 0.1 --rate 0.5 --plant all",
    "--seed 12 --days 0.1 --rate 0.5 --roll-lines 97 --gzip all",
    "--seed 13 --days 0.1 --rate 0.5 --no-realm-events none --log-successes all --show-node-name all",
    "--seed 14 --days 0.1 --rate 0.5 --no-realm-events all --nodes 7 --tz -07:00",
    "--seed 15 --days 0.1 --rate 0.5 --wrap docker --format-version 7 --failure-share 0.13",
    "--seed 16 --days 0.1 --rate 0.5 --format-version 7.1 --roll-lines 50 --gzip rolled",
    "--seed 17 --days 2 --rate 0.01 --roll daily --failing-keys 2 --failing-rate 0.01 --noise 5",
];

#[test]
fn reports_say_what_was_written() {
    for options in CLUSTERS {
        let options: Vec<&str> = options.split(' ').collect();
        let (inputs, truth) = generate(&options);
        assert!(truth["groups_audit_only"].as_array().is_some_and(|groups| groups.len() > 1), "{options:?}");
        assert_is_true(&inputs.report(&[]), &truth, &options);
    }
}

#[test]
fn without_request_ids_no_chain_is_claimed() {
    let options: Vec<&str> = "--seed 21 --days 0.1 --rate 0.5 --format-version 6.5".split(' ').collect();
    let (inputs, truth) = generate(&options);
    let report = inputs.report(&[]);
    let totals = serde_json::to_value(&report.totals).unwrap();
    for (name, total) in truth["totals"].as_object().unwrap() {
        assert_eq!(&totals[name], total, "{name}");
    }
    let failed: Vec<_> =
        report.groups.iter().filter(|group| group.actions.contains_key("authentication_failed")).collect();
    assert!(!failed.is_empty());
    assert!(failed.iter().all(|group| group.realm_chain.is_none()));
}
