//! What other programs read: layers of the ATT&CK Navigator, indicators of STIX, documents for the bulk API, Timesketch.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use test_support::line::Line;
use test_support::{Inputs, esaudit, python};

/// Guesses at one account from outside, in a log that shows no success; names that no writer may take for more than text.
fn guesses() -> Inputs {
    let guess = |at: i64| {
        let line = Line::new(at * 2000, "authentication_failed").user("kim\u{1b}[31m'\"]<b>").from("81.2.69.142:1");
        line.request(&format!("r{at}")).end()
    };
    let lines: Vec<String> = (0..40).map(guess).collect();
    Inputs::of(&[("a.json", &lines)])
}

fn run(arguments: &[&str]) -> String {
    let output = esaudit(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn written(verb: &str, format: &str, more: &[&str]) -> String {
    let inputs = guesses();
    run(&[&[verb, "--quiet", "--format", format, inputs.path().to_str().unwrap()], more].concat())
}

/// How sure the report is of its one finding, in percent.
fn confidence() -> Value {
    let report = parsed(&written("report", "json", &[]));
    json!((report["findings"][0]["confidence"].as_f64().unwrap() * 100.0).round() as u64)
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_layer_has_a_square_for_each_technique() {
    let layer = parsed(&written("report", "navigator", &[]));
    assert_eq!((&layer["domain"], &layer["versions"]["layer"]), (&json!("enterprise-attack"), &json!("4.5")));
    let squares = layer["techniques"].as_array().unwrap();
    let ids: Vec<&str> = squares.iter().map(|square| square["techniqueID"].as_str().unwrap()).collect();
    assert_eq!(ids, ["T1110.001"]);
    assert_eq!(squares[0]["score"], confidence());
    assert!(squares[0]["comment"].as_str().unwrap().starts_with("F1 (high): "), "{}", squares[0]);
}

#[test]
fn hostile_sources_are_indicators() {
    let text = written("report", "stix", &[]);
    let bundle = parsed(&text);
    let objects = bundle["objects"].as_array().unwrap();
    assert_eq!(objects.len(), 2, "{text}");
    let indicator = if objects[0]["type"] == "indicator" { &objects[0] } else { &objects[1] };
    assert_eq!(indicator["pattern"], "[ipv4-addr:value = '81.2.69.142']");
    assert_eq!(indicator["external_references"][0]["external_id"], "T1110.001");
    assert_eq!(
        (&indicator["confidence"], &indicator["valid_from"]),
        (&confidence(), &json!("2026-03-01T12:00:00.000Z"))
    );
    assert!(!text.contains('\u{1b}'));
    assert_eq!(parsed(&written("report", "stix", &[]))["objects"][1]["id"], bundle["objects"][1]["id"]);
    let Some(python) = python::with("stix2validator") else { return };
    let check = "import sys, stix2validator as v\n\
                 r = v.validate_string(sys.argv[1], v.ValidationOptions(version='2.1'))\n\
                 print(r.is_valid, [str(e) for e in getattr(r, 'errors', None) or []])";
    assert_eq!(python::run(&python, check, &[&text]).trim(), "True []");
}

#[test]
fn addresses_of_ones_own_and_pseudonyms_are_no_indicators() {
    let inputs = guesses();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (bad, own) = (file("bad.txt", "81.2.69.142\n"), file("own.toml", "[networks]\noffice = [\"81.2.0.0/16\"]\n"));
    let path = inputs.path().to_str().unwrap();
    let known = ["report", "--quiet", path, "--format", "stix", "--addresses", &bad, "--config", &own];
    assert_eq!(parsed(&run(&known))["objects"].as_array().unwrap().len(), 1);
    let key = file("key", "correct horse battery staple");
    let output = esaudit(&["report", "--quiet", path, "--format", "stix", "--pseudonymize", &key]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("leave --pseudonymize out"));
}

#[test]
fn documents_go_back_into_elasticsearch() {
    let pairs = |text: &str| -> Vec<(Value, Value)> {
        let lines: Vec<Value> = text.lines().map(parsed).collect();
        lines.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    };
    let events = pairs(&written("events", "ecs-bulk", &[]));
    let ids: BTreeSet<&str> = events.iter().map(|(action, _)| action["create"]["_id"].as_str().unwrap()).collect();
    assert_eq!((events.len(), ids.len()), (40, 40));
    let (action, first) = &events[0];
    assert_eq!(action["create"]["_index"], "logs-esaudit.events-default");
    assert_eq!(first["event"]["category"], json!(["authentication"]));
    assert_eq!(first["event"]["outcome"], "failure");
    assert_eq!(first["source"], json!({"address": "81.2.69.142", "ip": "81.2.69.142"}));
    assert_eq!((&first["esaudit"]["finding"], &first["user"]["name"]), (&json!("F1"), &json!("kim\u{1b}[31m'\"]<b>")));
    let findings = pairs(&written("report", "ecs-bulk", &[]));
    let [(action, alert)] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(action["create"]["_index"], "logs-esaudit.findings-default");
    assert_eq!((&alert["event"]["kind"], &alert["event"]["severity"]), (&json!("alert"), &json!(73)));
    assert_eq!(alert["threat"]["technique"], json!({"id": ["T1110"], "subtechnique": {"id": ["T1110.001"]}}));
    assert_eq!(alert["related"]["ip"], json!(["81.2.69.142"]));
}

#[test]
fn timesketch_knows_findings() {
    let text = written("events", "timesketch", &[]);
    let first = parsed(text.lines().next().unwrap());
    assert_eq!((&first["finding"], &first["severity"]), (&json!("F1"), &json!("high")));
    assert_eq!(first["tag"], json!(["attempt", "password_guessing", "hostile"]));
}

#[test]
fn the_longer_extension_counts() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = guesses();
    for (name, begin) in [
        ("layer.navigator.json", "enterprise-attack"),
        ("x.STIX.json", "bundle--"),
        ("x.bulk.ndjson", "{\"create\""),
        ("stix.json", "schema_version"),
    ] {
        let file = folder.path().join(name);
        run(&["report", "--quiet", inputs.path().to_str().unwrap(), "-o", file.to_str().unwrap()]);
        assert!(std::fs::read_to_string(&file).unwrap().contains(begin), "{name}");
    }
}
