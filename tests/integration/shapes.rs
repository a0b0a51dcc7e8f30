//! One incident in every shape and every compression gives one answer, alone and beside the native file.

pub(crate) mod storage;

use std::sync::OnceLock;

use serde_json::{Value, json};

use self::storage::{ALL, Files};
use test_support::{Inputs, difference, esaudit, generate, json};

/// What a shape carries of the events.
#[derive(Clone, Copy, PartialEq)]
enum Carries {
    Everything,
    /// Neither security changes nor what is inferred from them.
    NoChanges,
    /// Nor request ids, hence no chains, nor the ids of nodes and the ports of clients.
    NoIds,
}

use Carries::{Everything, NoChanges, NoIds};

/// Shapes of the generator, and what the report calls them.
const SHAPES: [(&str, &str, Carries); 17] = [
    ("native", "native", Everything),
    ("newest-first", "native", Everything),
    ("ecs", "ecs", Everything),
    ("ecs-nested", "ecs", Everything),
    ("ecs-dotted", "ecs", Everything),
    ("ecs-client", "ecs", Everything),
    ("filebeat70", "ecs", Everything),
    ("elasticdump", "elasticdump", Everything),
    ("search", "elasticdump", Everything),
    ("search-pretty", "elasticdump", Everything),
    ("bulk", "ecs", Everything),
    ("csv", "csv", Everything),
    ("docker", "docker", Everything),
    ("cri", "cri", Everything),
    ("compose", "compose", Everything),
    ("text5", "audit-text", NoIds),
    ("docker7text", "docker", NoChanges),
];

/// Envelopes of the generator around each line, and what the report calls what is in them.
const ENVELOPES: [(&str, &str); 47] = [
    ("gcp-text", "wrapped"),
    ("gcp-json", "wrapped"),
    ("splunk-result", "wrapped"),
    ("splunk-results", "wrapped"),
    ("splunk-hec", "wrapped"),
    ("splunk-csv", "csv"),
    ("cloud-watch-events", "message"),
    ("cloud-watch-log-events", "message"),
    ("cloud-watch-insights", "wrapped"),
    ("cloud-watch-text", "prefixed"),
    ("cloud-watch-s3", "prefixed"),
    ("azure-records", "wrapped"),
    ("log-analytics-csv", "csv"),
    ("loki-line", "wrapped"),
    ("loki-query", "wrapped"),
    ("logcli", "prefixed"),
    ("otlp", "wrapped"),
    ("otel-text", "wrapped"),
    ("journald-json", "wrapped"),
    ("journald-export", "prefixed"),
    ("journald-verbose", "prefixed"),
    ("rsyslog", "wrapped"),
    ("gelf", "wrapped"),
    ("graylog", "wrapped"),
    ("datadog", "wrapped"),
    ("datadog-data", "wrapped"),
    ("wazuh", "wrapped"),
    ("kcat", "wrapped"),
    ("fluent-bit", "prefixed"),
    ("logstash-target", "wrapped"),
    ("dedotted", "native"),
    ("ruby-debug", "rubydebug"),
    ("esql", "wrapped"),
    ("esql-columnar", "wrapped"),
    ("sql-rows", "wrapped"),
    ("sql-text", "csv"),
    ("padded-csv", "csv"),
    ("dev-tools", "wrapped"),
    ("json-strings", "native"),
    ("trailing-commas", "native"),
    ("double-escaped", "wrapped"),
    ("docker-logs", "prefixed"),
    ("stern", "prefixed"),
    ("syslog3164", "prefixed"),
    ("syslog5424", "prefixed"),
    ("grep", "prefixed"),
    ("rows", "row"),
];

/// The files of a made-up cluster, by node: every kind of incident, each small, for how a record is framed does not depend on how
/// many there are.
fn files(shape: &str) -> Files {
    let options = format!("--seed 5 --nodes 2 --days 0.002 --rate 0.2 --plant all:edge --shape {shape}");
    let (inputs, _) = generate(&options.split(' ').collect::<Vec<_>>());
    let root = inputs.path().join("logs");
    let name = |path: &str| path.strip_prefix(root.to_str().unwrap()).unwrap()[1..].to_owned();
    let mut files: Files = inputs.sources().iter().map(|(path, bytes)| (name(path), bytes.clone())).collect();
    files.retain(|(name, _)| name != "api_keys.json");
    files.sort();
    files
}

fn keep(files: &Files, below: &str, inputs: &mut Inputs) {
    for (name, bytes) in files {
        inputs.add(&format!("{below}/{name}"), bytes);
    }
}

fn report(inputs: &Inputs, options: &[&str]) -> Value {
    serde_json::from_slice(&json(&[inputs.path().to_str().unwrap()], options)).unwrap()
}

/// What must be the same, as far as it is carried.
fn answer(report: &Value, carries: Carries) -> String {
    let mut report = report.clone();
    for list in ["groups", "security_changes"] {
        for element in report[list].as_array_mut().unwrap() {
            let element = element.as_object_mut().unwrap();
            element.remove("evidence");
            if carries == NoIds {
                element.remove("nodes");
                element.remove("realm_chain");
            }
        }
    }
    // Of one millisecond, the order of the lines shows.
    report["security_changes"]
        .as_array_mut()
        .unwrap()
        .sort_by_key(|change| (change["time"].to_string(), change.to_string()));
    for bucket in report["timeline"]["buckets"].as_array_mut().unwrap() {
        // Met again, only failures and changes are recognised.
        bucket.as_object_mut().unwrap().remove("access_denied");
    }
    let totals = &report["totals"];
    let whole = match carries {
        Everything => json!([totals, report["groups"], report["security_changes"], report["timeline"]]),
        _ => json!([
            totals["failed_attempts"],
            totals["principals"],
            totals["sources"],
            report["groups"],
            report["timeline"]
        ]),
    };
    serde_json::to_string_pretty(&whole).unwrap()
}

fn options(carries: Carries) -> &'static [&'static str] {
    match carries {
        Everything => &[],
        NoChanges => &["--by", "principal,realm-chain,source,action"],
        NoIds => &["--by", "principal,source,action"],
    }
}

/// What is told of files: the same wherever they lie.
fn told(inputs: &Inputs, options: &[&str]) -> Value {
    let folder = inputs.path().to_str().unwrap();
    let text = String::from_utf8(json(&[folder], options)).unwrap();
    serde_json::from_str(&text.replace(folder, "FOLDER")).unwrap()
}

/// The files of a shape, and what is told of them in the folder `x`.
struct Plain {
    files: Files,
    told: Value,
}

/// Each of `SHAPES` as it is, for all tests, which ask the same of it.
fn plain(shape: &str) -> &'static Plain {
    static ALL: [OnceLock<Plain>; SHAPES.len()] = [const { OnceLock::new() }; SHAPES.len()];
    let at = SHAPES.iter().position(|(name, ..)| *name == shape).unwrap();
    ALL[at].get_or_init(|| {
        let files = files(shape);
        let mut inputs = Inputs::new();
        keep(&files, "x", &mut inputs);
        let told = told(&inputs, options(SHAPES[at].2));
        Plain { files, told }
    })
}

/// What is told of the native files, by what a shape carries.
fn native(carries: Carries) -> &'static Value {
    static WITH_LESS: [OnceLock<Value>; 2] = [const { OnceLock::new() }; 2];
    let native = plain("native");
    let kept = match carries {
        Everything => return &native.told,
        NoChanges => &WITH_LESS[0],
        NoIds => &WITH_LESS[1],
    };
    kept.get_or_init(|| {
        let mut inputs = Inputs::new();
        keep(&native.files, "native", &mut inputs);
        report(&inputs, options(carries))
    })
}

#[track_caller]
fn assert_same(found: &Value, wanted: &Value, carries: Carries, about: &str) {
    if let Some(difference) = difference(&answer(found, carries), &answer(wanted, carries)) {
        panic!("{about}: found against native {difference}");
    }
}

#[test]
fn every_shape_gives_one_answer_however_it_is_kept() {
    for carries in [Everything, NoChanges, NoIds] {
        let native = native(carries);
        assert!(native["totals"]["failed_attempts"].as_u64() > Some(100));
        for (shape, format, _) in SHAPES.iter().filter(|shape| shape.2 == carries) {
            let plain = plain(shape);
            let files = &plain.files;
            // One shape in every compression, each other as it is and in one of them: what comes out of a compression is the
            // same bytes, whatever they are.
            let at = SHAPES.iter().position(|(name, ..)| name == shape).unwrap();
            let kept = ALL
                .iter()
                .enumerate()
                .filter(|(store, _)| at == 0 || *store == 0 || *store == 1 + at % (ALL.len() - 1));
            for (number, (compression, store)) in kept {
                let about = format!("{shape}, {compression}");
                let stored = (number > 0).then(|| {
                    let mut inputs = Inputs::new();
                    keep(&store(files), "x", &mut inputs);
                    report(&inputs, options(carries))
                });
                let found = stored.as_ref().unwrap_or(&plain.told);
                assert_same(found, native, carries, &about);
                let coverage = &found["coverage"];
                assert_eq!(coverage["problems"], json!([]), "{about}");
                assert_eq!(coverage["duplicates"], 0, "{about}");
                for (input, (name, bytes)) in coverage["inputs"].as_array().unwrap().iter().zip(files) {
                    assert_eq!(input["format"], *format, "{about}");
                    assert_eq!(input["bytes"], bytes.len(), "{about}");
                    let path = input["path"].as_str().unwrap();
                    let gz = if *compression == "tar of gzip" { ".gz" } else { "" };
                    match *compression {
                        "tar" | "tar.gz" | "tar of gzip" | "zip" => {
                            assert!(path.ends_with(&format!("!{name}{gz}")), "{about}: {path}");
                        }
                        _ => assert!(path.contains(name.as_str()), "{about}: {path}"),
                    }
                    let sum: u64 =
                        ["audit_events", "server_events", "other_lines", "undecodable_lines", "oversized_lines"]
                            .iter()
                            .map(|count| input[count].as_u64().unwrap())
                            .sum();
                    assert_eq!(input["lines"], sum, "{about}");
                }
            }
        }
    }
}

/// Each envelope as it is, and one in three also compressed, bundled, or in another encoding, in turn.
#[test]
fn every_envelope_gives_one_answer() {
    let native = native(Everything);
    let kept: Vec<_> = ALL.iter().chain(&storage::ENCODED).collect();
    for (at, (shape, format)) in ENVELOPES.iter().enumerate() {
        let files = files(shape);
        let stored = (at % 3 == 0).then(|| kept[at / 3 % kept.len()]);
        for (compression, store) in stored.into_iter().chain([&ALL[0]]) {
            let about = format!("{shape}, {compression}");
            let mut inputs = Inputs::new();
            keep(&store(&files), "x", &mut inputs);
            let found = report(&inputs, &[]);
            assert_same(&found, native, Everything, &about);
            assert_eq!(found["coverage"]["problems"], json!([]), "{about}");
            assert_eq!(found["coverage"]["inputs"][0]["format"], *format, "{about}");
        }
    }
}

#[test]
fn threads_and_chunks_do_not_show_in_any_shape() {
    for (at, (shape, _, carries)) in SHAPES.iter().enumerate() {
        let plain = plain(shape);
        let mut inputs = Inputs::new();
        keep(&plain.files, "x", &mut inputs);
        // The large chunks are like what other tests read, which is compared with.
        for cut in &[["--threads", "3", "--chunk-size", "999"], ["--threads", "1", "--chunk-size", "70000"]]
            [..1 + usize::from(at % 4 == 0)]
        {
            let found = told(&inputs, &[&cut[..], options(*carries)].concat());
            assert_eq!(found, plain.told, "{shape} {cut:?}");
        }
    }
}

/// What is shown is the line where the record begins.
#[test]
fn evidence_names_the_line_of_the_input() {
    for (shape, ..) in SHAPES {
        let Plain { files, told } = plain(shape);
        let mut seen = 0;
        for group in told["groups"].as_array().unwrap().iter().take(20) {
            for evidence in group["evidence"].as_array().unwrap() {
                let path = evidence["path"].as_str().unwrap();
                let (_, text) = files.iter().find(|(name, _)| path == format!("FOLDER/x/{name}")).unwrap();
                let line = usize::try_from(evidence["line"].as_u64().unwrap()).unwrap();
                let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
                let record = match shape {
                    "search-pretty" => lines[line - 1..].iter().take(90).copied().collect::<Vec<_>>().concat(),
                    // A record may be cut anywhere: what follows time, stream and tag is put together again.
                    "cri" => lines[line - 1..]
                        .iter()
                        .take(2)
                        .flat_map(|line| line.splitn(4, |&byte| byte == b' ').nth(3))
                        .collect::<Vec<_>>()
                        .concat(),
                    _ => lines[line - 1].to_vec(),
                };
                let record = String::from_utf8_lossy(&record).into_owned();
                let action = group["actions"].as_object().unwrap().keys().next().unwrap();
                assert!(record.contains(action.as_str()), "{shape}, {path}, line {line}: {record}");
                seen += 1;
            }
        }
        assert!(seen > 5, "{shape}");
    }
}

#[test]
fn an_event_met_in_two_shapes_is_one_event() {
    for (shape, _, carries) in SHAPES.iter().filter(|shape| shape.2 != NoIds) {
        let native = native(*carries);
        let mut inputs = Inputs::new();
        keep(&plain("native").files, "native", &mut inputs);
        keep(&plain(shape).files, "other", &mut inputs);
        let both = report(&inputs, options(*carries));
        assert_same(&both, native, *carries, shape);
        // Text of 7.x leaves out members by which other events are told apart: those of it count beside the others.
        let recognised = |action: &&str| {
            *carries == Everything
                || ["authentication_failed", "anonymous_access_denied", "realm_authentication_failed"].contains(action)
        };
        let actions = native["coverage"]["actions"].as_object().unwrap();
        let expected: u64 = actions
            .iter()
            .filter(|(action, _)| recognised(&action.as_str()))
            .map(|(_, count)| count.as_u64().unwrap())
            .sum();
        let duplicates = both["coverage"]["duplicates"].as_u64().unwrap();
        assert!(duplicates == expected || *carries != Everything && duplicates > expected, "{shape}: {duplicates}");
    }
}

#[test]
fn copies_of_a_file_are_counted_once() {
    let native = native(Everything);
    let files = &plain("native").files;
    for (compression, store) in ALL {
        let mut inputs = Inputs::new();
        keep(files, "logs", &mut inputs);
        keep(&store(files), "copy", &mut inputs);
        assert_same(&report(&inputs, &[]), native, Everything, compression);
    }
}

const LINE: &str = r#"{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "node.id":"n", "event.type":"rest", "event.action":"authentication_failed", "user.name":"bob", "origin.address":"10.0.0.1:5", "request.id":"r1"}"#;

fn input_of(bytes: &[u8], options: &[&str]) -> Value {
    let mut inputs = Inputs::new();
    inputs.add("file", bytes);
    report(&inputs, options)["coverage"].take()
}

#[test]
fn json_that_is_no_log_is_other() {
    for text in [
        "{\n  \"name\": \"x\",\n  \"dependencies\": {\"a\": \"1\"}\n}\n",
        "{\"api_keys\":[{\"id\":\"x\",\"name\":\"y\"}]}",
        "[\n  {\"a\": 1},\n  {\"b\": 2}\n]\n",
        "{\n  // a comment\n  \"a\": 1,\n}\n",
        "{\n  \"took\" : 1,\n  \"hits\" : {\n    \"hits\" : [",
    ] {
        let coverage = input_of(text.as_bytes(), &[]);
        assert_eq!(coverage["lines"], coverage["other_lines"], "{text}: {coverage}");
        let problems = coverage["problems"].as_array().unwrap();
        assert!(problems.iter().all(|problem| problem["kind"] == "not_a_log"), "{text}: {coverage}");
        assert_eq!(coverage["inputs"][0]["truncated"], false, "{text}");
    }
}

#[test]
fn a_response_that_breaks_off_is_said() {
    let hit = format!("{{\"_source\":{LINE}}}");
    let text = format!("{{\"took\":1,\n\"hits\":{{\"hits\":[\n{hit},\n{}", &hit[..90]);
    let coverage = input_of(text.as_bytes(), &[]);
    assert_eq!((&coverage["lines"], &coverage["audit_events"]), (&json!(2), &json!(1)));
    assert_eq!(coverage["inputs"][0]["truncated"], true);
    assert_eq!(
        (&coverage["problems"][0]["kind"], &coverage["problems"][0]["line"]),
        (&json!("truncated_line"), &json!(4))
    );
    let text = format!("{{\"took\":1,\n\"hits\":{{\"hits\":[\n{hit},\n");
    let coverage = input_of(text.as_bytes(), &[]);
    assert_eq!(
        (&coverage["problems"][0]["kind"], &coverage["problems"][0]["line"]),
        (&json!("truncated_line"), &json!(4))
    );
}

#[test]
fn records_over_the_limit_are_said_in_every_framing() {
    let long = LINE.replace("bob", &"b".repeat(700));
    for (text, line) in [
        (format!("{{\"took\":1,\n\"hits\":{{\"hits\":[\n{{\"_source\":{LINE}}},\n{{\"_source\":{long}}}]}}}}"), 4),
        (format!("{LINE}\n{long}\n"), 2),
        (
            format!(
                "2026-03-01T12:34:56.789Z stdout F {LINE}\n2026-03-01T12:34:56.789Z stdout P {}\n2026-03-01T12:34:56.789Z stdout F {}\n",
                &long[..450],
                &long[450..]
            ),
            2,
        ),
    ] {
        let coverage = input_of(text.as_bytes(), &["--max-line", "600"]);
        assert_eq!(coverage["audit_events"], 1, "{text}");
        assert_eq!(coverage["oversized_lines"], 1, "{text}");
        let problem = &coverage["problems"][0];
        assert_eq!((&problem["kind"], &problem["line"]), (&json!("oversized"), &json!(line)), "{text}");
    }
}

#[test]
fn docker_parts_are_joined_between_other_lines() {
    let part = |text: &str, stream: &str| json!({"log":text,"stream":stream,"time":"2026-03-01T12:34:56Z"}).to_string();
    // serde_json sorts members: `log`, `stream`, `time`, as docker writes them.
    let lines = [
        part(&LINE[..50], "stdout"),
        part("warning\n", "stderr"),
        part(&LINE[50..120], "stdout"),
        part(&format!("{}\n", &LINE[120..]), "stdout"),
        part(&format!("{LINE}\n"), "stdout"),
    ];
    let coverage = input_of(lines.join("\n").as_bytes(), &["--chunk-size", "10"]);
    assert_eq!([&coverage["lines"], &coverage["audit_events"], &coverage["other_lines"]], [5, 2, 3]);
    assert_eq!(coverage["inputs"][0]["format"], "docker");
}

#[test]
fn a_format_can_be_forced() {
    let csv = "when;@timestamp;event.action;user.name;elasticsearch.audit.layer\n1;2026-03-01T12:34:56.789Z;authentication_failed;bob;rest\n";
    assert_eq!(input_of(csv.as_bytes(), &[])["audit_events"], 1);
    assert_eq!(input_of(csv.as_bytes(), &["--input-format", "lines"])["audit_events"], 0);
    assert_eq!(input_of(csv.as_bytes(), &["--input-format", "csv"])["inputs"][0]["format"], "csv");
    // Without a member that tells a native line from others.
    let line =
        r#"{"@timestamp":"2026-03-01T12:34:56,789", "node.id":"n", "event.action":"something_new", "user.name":"bob"}"#;
    assert_eq!(input_of(line.as_bytes(), &[])["audit_events"], 0);
    let forced = input_of(format!("{line}\n{line}x\n\n").as_bytes(), &["--input-format", "native"]);
    assert_eq!([&forced["audit_events"], &forced["undecodable_lines"], &forced["other_lines"]], [1, 1, 1]);
    let text = format!("{{}}\n{{\n\"took\":1, \"hits\":{{\"hits\":[{{\"_source\":{LINE}}}]}}}}\n");
    assert_eq!(input_of(text.as_bytes(), &["--input-format", "documents"])["audit_events"], 1);
    let wrong = esaudit(&["report", "--input-format", "xml", "x"]);
    assert_eq!(wrong.status.code(), Some(64));
    let message = String::from_utf8(wrong.stderr).unwrap();
    for name in ["lines", "documents, csv", "native", "ecs", "cri", "kubectl"] {
        assert!(message.contains(name), "{message}");
    }
}
