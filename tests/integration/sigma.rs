//! Rules of Sigma: those of others are run and found or named and skipped; ours are what pySigma takes.

use serde_json::{Value, json};

use test_support::line::Line;
use test_support::{Inputs, esaudit, python};

/// Guesses at accounts: forty at kim from one address, one at each of twelve others from another, within minutes.
fn logs() -> Inputs {
    let guess = |at: i64, user: &str, source: &str| {
        let line = Line::new(at * 2000, "authentication_failed").user(user).from(source);
        line.request(&format!("{user}{at}")).end()
    };
    let kim = (0..40).map(|at| guess(at, "kim", "81.2.69.142:1"));
    let others = (0..12).map(|at| guess(100 + at, &format!("user{at}"), "81.2.70.1:1"));
    let lines: Vec<String> = kim.chain(others).collect();
    Inputs::of(&[("a.json", &lines)])
}

fn rules(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn sigma(folder: &std::path::Path) -> Value {
    let inputs = logs();
    let path = inputs.path().to_str().unwrap();
    let output = esaudit(&["report", "--quiet", path, "--format", "json", "--sigma", folder.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice::<Value>(&output.stdout).unwrap()["sigma"].take()
}

/// A rule with this detection.
fn rule(title: &str, detection: &str) -> String {
    format!(
        "title: {title}\nid: 0a9d4d4c-4b1e-4f55-9a0b-000000000001\nname: base\nlogsource: {{product: elasticsearch}}\ndetection:\n{detection}level: high\n"
    )
}

#[test]
fn rules_find_events() {
    for (detection, events) in [
        ("  s: {event.action: authentication_failed}\n  condition: s\n", 52),
        ("  s: {event.action: AUTHENTICATION_failed, user.name: kim}\n  condition: s\n", 40),
        ("  s: {user.name|startswith: user}\n  f: {user.name|endswith: ['0', '1']}\n  condition: s and not f\n", 8),
        ("  s: {source.ip|cidr: 81.2.70.0/24}\n  condition: s\n", 12),
        ("  s: {user.name|re: '^user1[01]$'}\n  condition: all of s*\n", 2),
        ("  a: {user.name: 'k?m'}\n  b: {user.name: 'user1*'}\n  condition: 1 of them\n", 43),
        ("  s:\n    - {user.name: kim}\n    - {user.name: user2}\n  condition: s\n", 41),
        ("  s: {event.category: authentication, event.outcome: failure, esaudit.api_key: null}\n  condition: s\n", 52),
        ("  s: {esaudit.line|lte: 5}\n  condition: s\n", 5),
        ("  s: {esaudit.target|exists: false}\n  condition: s\n", 52),
    ] {
        let found = sigma(rules(&[("a.yml", &rule("A <b>rule</b>", detection))]).path());
        assert_eq!(found["skipped"], json!([]), "{detection}");
        assert_eq!(found["matches"][0]["events"], events, "{detection}: {found}");
        assert_eq!((&found["rules"], &found["matches"][0]["level"]), (&json!(1), &json!("high")));
    }
}

#[test]
fn correlations_count() {
    let base = rule("base", "  s: {event.action: authentication_failed}\n  condition: s\n");
    let correlation =
        |body: &str| format!("{base}---\ntitle: counted\nlevel: critical\ncorrelation:\n  rules: [base]\n{body}");
    for (body, groups) in [
        (
            "  type: event_count\n  group-by: [user.name]\n  timespan: 10m\n  condition: {gte: 20}\n",
            json!([["kim", 40]]),
        ),
        ("  type: event_count\n  group-by: [user.name]\n  timespan: 10s\n  condition: {gte: 20}\n", json!([])),
        (
            "  type: value_count\n  group-by: [source.ip]\n  timespan: 1h\n  condition: {field: user.name, gt: 11}\n",
            json!([["81.2.70.1", 12]]),
        ),
        ("  type: temporal\n  group-by: [user.name]\n  timespan: 1s\n", json!(52)),
    ] {
        let found = sigma(rules(&[("a.yml", &correlation(body))]).path());
        assert_eq!(found["skipped"], json!([]), "{body}");
        let matches = found["matches"].as_array().unwrap();
        // The rule is told through the correlation only.
        assert!(matches.iter().all(|found| found["title"] == "counted"), "{found}");
        let stretches = matches.iter().flat_map(|found| found["stretches"].as_array().unwrap());
        let told: Vec<Value> = stretches
            .map(|stretch| json!([stretch["group"].as_object().unwrap().values().next(), stretch["events"]]))
            .collect();
        if groups.is_number() {
            // More than are listed.
            assert_eq!((&matches[0]["stretches_total"], told.len()), (&groups, 50), "{body}");
        } else {
            assert_eq!(json!(told), groups, "{body}");
        }
    }
}

#[test]
fn what_is_not_supported_is_named_and_skipped() {
    let good = "  s: {user.name: kim}\n  condition: s\n";
    let windows = rule("w", good).replace("elasticsearch", "windows");
    for (text, why) in [
        (rule("a", "  s: {process.name: x}\n  condition: s\n"), "no field process.name"),
        (rule("a", "  s: {user.name|base64: x}\n  condition: s\n"), "modifier base64"),
        (rule("a", "  s: {event.action: authentication_success}\n  condition: s\n"), "not kept one by one"),
        (rule("a", "  s: {user.name: x}\n  condition: s | count() > 5\n"), "correlations are"),
        (rule("a", "  s: {user.name: x}\n  timeframe: 5m\n  condition: s\n"), "timeframe"),
        (rule("a", "  s: [x, y]\n  condition: s\n"), "without a field"),
        (windows, "product windows"),
        ("title: a\nb: &x [*x]\n".to_owned(), "anchors"),
        (
            "title: a\ncorrelation: {type: event_count, rules: [none], timespan: 5m, condition: {gte: 1}}\n".to_owned(),
            "no rule none",
        ),
        ("title: [".to_owned(), "no YAML"),
    ] {
        let found = sigma(rules(&[("a.yml", &text), ("b.yml", &rule("good", good))]).path());
        assert_eq!(found["matches"][0]["events"], 40, "{text}");
        let skipped = &found["skipped"][0];
        assert!(skipped["file"] == "a.yml" && skipped["why"].as_str().unwrap().contains(why), "{text}: {found}");
    }
    let none = tempfile::tempdir().unwrap();
    let output = esaudit(&["report", "testdata/incident", "--sigma", none.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no file of rules"), "{output:?}");
}

/// In a folder a rule that cannot be read is one of many; a file that is named is what is asked for.
#[test]
fn a_named_file_that_is_no_rule_is_wrong_usage() {
    let folder = rules(&[("a.txt", "{"), ("empty.yml", "# nothing\n")]);
    let socket = folder.path().join("socket");
    let _held = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for named in [path("socket"), path("a.txt"), path("empty.yml"), path("missing"), "/dev/null".to_owned()] {
        let output = esaudit(&["report", "testdata/incident", "--format", "json", "--sigma", &named]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), told.contains(&named)), (Some(64), true), "{told}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn they_stand_in_every_output() {
    let folder = rules(&[("a.yml", &rule("A <b>rule</b>\u{202e}", "  s: {user.name: kim}\n  condition: s\n"))]);
    let inputs = logs();
    for (format, expected) in [("table", "A <b>rule</b>"), ("md", "Sigma rules"), ("html", "A &lt;b&gt;rule&lt;/b&gt;")]
    {
        let arguments = ["report", "--quiet", inputs.path().to_str().unwrap(), "--format", format, "--sigma"];
        let output = esaudit(&[&arguments[..], &[folder.path().to_str().unwrap()]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(expected) && !text.contains('\u{202e}'), "{format}: {text}");
    }
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), "correct horse battery staple").unwrap();
    let path = inputs.path().to_str().unwrap();
    let arguments = ["report", path, "--format", "json", "--pseudonymize", key.path().to_str().unwrap(), "--sigma"];
    let output = esaudit(&[&arguments[..], &[folder.path().to_str().unwrap()]].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["sigma"]["rules"], &report["sigma"]["matches"]), (&json!(0), &json!([])), "{report}");
}

/// What we export, over logs in which it is to speak; what successes it asks for is not held one by one.
#[test]
fn our_own_rules_are_rules() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    assert!(esaudit(&["rules", "-o", to]).status.success());
    let found = sigma(folder.path());
    let matches = found["matches"].as_array().unwrap();
    let mut titles: Vec<&str> = matches.iter().map(|found| found["title"].as_str().unwrap()).collect();
    titles.sort_unstable();
    assert_eq!(
        titles,
        [
            "Password Guessing Against an Elasticsearch Account",
            "Password Guessing Before an Entry",
            "Password Spraying Against Elasticsearch",
            "Slow Password Guessing Against an Elasticsearch Account"
        ],
    );
    let skipped: Vec<&str> =
        found["skipped"].as_array().unwrap().iter().map(|skipped| skipped["file"].as_str().unwrap()).collect();
    assert_eq!(skipped, ["account_compromise.yml"; 2]);
    let Some(python) = python::with("sigma") else { return };
    let program = "import sys\n\
        from sigma.collection import SigmaCollection\n\
        from sigma.validation import SigmaValidator\n\
        from sigma.validators.core import validators\n\
        rules = SigmaCollection.load_ruleset([sys.argv[1]])\n\
        # Those of tags fetch their lists from the network.\n\
        chosen = [one for one in validators.values() if not one.__module__.endswith('tags')]\n\
        issues = SigmaValidator(chosen).validate_rules(rules)\n\
        print(len(rules), rules.errors, [str(issue) for issue in issues])";
    assert_eq!(python::run(&python, program, &[to]).trim(), "19 [] []");
}
