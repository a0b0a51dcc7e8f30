//! What the program says to those who do not know it yet: tips, completions, manual pages, the demonstration.

use std::process::{Command, Output, Stdio};

use serde_json::Value;
use test_support::line::failed;
use test_support::{Inputs, esaudit};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn said(output: &Output) -> String {
    text(&output.stderr)
}

#[test]
fn complaints_say_what_was_meant() {
    for (arguments, tip) in [
        (&["testdata/"][..], "report testdata/"),
        (&["a b.json", "--top", "3"], "report 'a b.json' --top 3"),
        (&["report", "x", "--ip", "10.0.0.1"], "'--source'"),
        (&["report", "x", "--user", "kim"], "'--principal'"),
        (&["keys", "x", "--from", "2026-01-01"], "'--since'"),
        (&["reprot", "x"], "'report'"),
        (&["explain", "F1"], "--finding F1"),
    ] {
        let output = esaudit(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {output:?}");
        assert!(said(&output).contains(tip), "{arguments:?}: {}", said(&output));
        assert!(!said(&output).contains("as a value"), "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn unknown_actions_are_refused_with_the_known_ones() {
    let output = esaudit(&["report", "testdata/incident", "--action", "authentication_fail"]);
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    assert!(said(&output).contains("anonymous_access_denied, authentication_failed"), "{}", said(&output));
    for known in ["put_role", "run_as_denied", "cluster:admin/*", "indices:data/read/search", "auth*"] {
        let output = esaudit(&["report", "testdata/incident/es-1", "--action", known, "--format", "json"]);
        assert_eq!(output.status.code(), Some(0), "{known}: {output:?}");
    }
}

#[test]
fn conditions_that_nothing_meets_are_said_with_what_is_near() {
    let path = "testdata/incident";
    for (arguments, about) in [
        (&["--principal", "rosa.moreu1"][..], "near it: rosa.moreau1"),
        (&["--principal", "moreau1"], "near it: anna.moreau1, ben.moreau1, clara.moreau1"),
        (&["--source", "198.18.2.141"], "near it: 198.18.2.140"),
        (&["--node", "es-9"], "near it: es-1, es-2, es-3"),
        (&["--key", "shiping-key-622"], "near it: shipping-key-622"),
        (&["--principal", "qqqqqqqqqqqqqqq"], "nothing in what was read is called so\n"),
        (&["--since", "2027-01-01"], "the last event is of 2026-03-01T23:59:06"),
        (&["--until", "2020-01-01"], "the first event is of 2026-03-01T00:00:00"),
    ] {
        let output = esaudit(&[&["report", path, "--format", "json"], arguments].concat());
        assert!(said(&output).contains(about), "{arguments:?}: {}", said(&output));
    }
    let met = esaudit(&["report", path, "--principal", "rosa.*", "--source", "198.18.0.0/16", "--format", "json"]);
    assert!(!said(&met).contains("nothing"), "{}", said(&met));
}

#[test]
fn pseudonyms_are_not_told_apart_by_tips() {
    let mut inputs = Inputs::of(&[("a.json", &[failed(0, "r")])]);
    inputs.add("key", &[7; 32]);
    let (log, key) = (inputs.path().join("a.json"), inputs.path().join("key"));
    let arguments = ["report", log.to_str().unwrap(), "--principal", "kin", "--format", "json"];
    assert!(said(&esaudit(&arguments)).contains("near it: kim"));
    let hidden = esaudit(&[&arguments[..], &["--pseudonymize", key.to_str().unwrap()]].concat());
    assert!(!said(&hidden).contains("kim"), "{}", said(&hidden));
}

#[test]
fn a_listing_of_keys_among_the_inputs_is_used() {
    let report: Value =
        serde_json::from_slice(&esaudit(&["report", "testdata/incident", "--format", "json"]).stdout).unwrap();
    assert_eq!(report["coverage"]["context"][0]["path"], "testdata/incident/api_keys.json");
    assert_eq!(report["coverage"]["context"][0]["kind"], "api_keys");
}

fn script(shell: &str) -> String {
    text(&esaudit(&["completions", shell]).stdout)
}

#[test]
fn completions_offer_values_and_nothing_that_is_hidden() {
    for shell in ["bash", "zsh", "fish"] {
        let script = script(shell);
        for value in
            ["timesketch", "bad_password", "password_spraying", "critical", "Europe/Berlin", "run_as_denied", ".toml"]
        {
            assert!(script.contains(value), "{shell}: {value}");
        }
        assert!(!script.contains("chunk-size") && !script.contains("ESAUDIT_"), "{shell}");
    }
    for (shell, arguments) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script");
        std::fs::write(&path, script(shell)).unwrap();
        if let Ok(output) = Command::new(shell).arg(arguments).arg(&path).stdin(Stdio::null()).output() {
            assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
        }
    }
}

/// What bash offers for the last of some words.
fn offered(words: &[&str]) -> Vec<String> {
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let count = words.len() - 1;
    let command = format!(
        "{}\nCOMP_WORDS=({})\nCOMP_CWORD={count}\n_esaudit esaudit {} {}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script("bash"),
        words.join(" "),
        words[count],
        words[count - 1],
    );
    let output = Command::new("bash").args(["--norc", "-c", &command]).output().unwrap();
    text(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_values() {
    assert_eq!(offered(&["esaudit", "report", "--fail-on", "h"]), ["high"]);
    assert_eq!(offered(&["esaudit", "report", "--tz", "Europe/Ber"]), ["Europe/Berlin"]);
    assert_eq!(offered(&["esaudit", "events", "--format", "time"]), ["timesketch"]);
    assert!(offered(&["esaudit", "report", "--format", "time"]).iter().all(|value| value != "timesketch"));
    assert_eq!(offered(&["esaudit", "report", "--reason", "api_key_ex"]), ["api_key_expired"]);
    assert_eq!(offered(&["esaudit", "explain", "password_s"]), ["password_spraying"]);
}

#[test]
fn manual_pages_have_examples_as_they_are_typed() {
    let folder = tempfile::tempdir().unwrap();
    esaudit(&["man", folder.path().to_str().unwrap()]);
    let mut pages = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let page = std::fs::read_to_string(&path).unwrap();
        assert!(!page.contains(".SH EXTRA") && !page.contains("help(1)"), "{}", path.display());
        pages += 1;
        if path.file_name().unwrap() != "esaudit.1" {
            let examples = page.split(".SH \"EXAMPLES\"\n.nf\n").nth(1).unwrap_or_else(|| panic!("{page}"));
            assert!(examples.lines().next().unwrap().contains("esaudit "), "{examples}");
        }
    }
    assert!(pages > 14, "{pages}");
}

#[test]
fn the_demonstration_is_the_incident() {
    let parsed = |output: &Output| serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
    let demo = parsed(&esaudit(&["demo", "--format", "json"]));
    let incident = parsed(&esaudit(&["report", "testdata/incident", "--format", "json"]));
    assert_eq!(demo["totals"], incident["totals"]);
    let told = |report: &serde_json::Value| {
        let findings = report["findings"].as_array().unwrap().iter();
        findings.map(|finding| (finding["title"].clone(), finding["why"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(told(&demo), told(&incident));
    let path = demo["coverage"]["inputs"][0]["path"].as_str().unwrap();
    assert!(path.starts_with("incident.tar.xz!incident/"), "{path}");

    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    let logs = logs.to_str().unwrap();
    assert!(text(&esaudit(&["demo", "--logs", logs]).stdout).contains(&format!("esaudit report {logs}")));
    assert_eq!(parsed(&esaudit(&["report", logs, "--format", "json"]))["totals"], incident["totals"]);
}
