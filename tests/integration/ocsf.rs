//! Events of the Open Cybersecurity Schema Framework meet its schema, of which `testdata/ocsf` holds the classes and objects that
//! are written.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use test_support::{Inputs, esaudit, generate, python};

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/ocsf/1.5.0.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What of a value is not as the schema says, at a path.
struct Checker<'s> {
    schema: &'s Value,
    profiles: Vec<String>,
    wrong: Vec<String>,
}

impl Checker<'_> {
    fn thing(&mut self, about: &Value, value: &Value, path: &str) {
        let Some(members) = value.as_object() else { return self.wrong.push(format!("{path}: no object: {value}")) };
        let attributes = about["attributes"].as_object().unwrap();
        for (name, attribute) in attributes {
            let applies = attribute["profile"].as_str().is_none_or(|name| self.profiles.iter().any(|one| one == name));
            if attribute["required"] == true && applies && !members.contains_key(name) {
                self.wrong.push(format!("{path}: {name} is required"));
            }
        }
        for (kind, names) in about["constraints"].as_object().into_iter().flatten() {
            let there = names.as_array().unwrap().iter().filter(|name| members.contains_key(name.as_str().unwrap()));
            let there = there.count();
            if (kind == "at_least_one" && there == 0) || (kind == "just_one" && there != 1) {
                self.wrong.push(format!("{path}: {kind} of {names}"));
            }
        }
        for (name, value) in members.iter().filter(|(name, _)| *name != "unmapped") {
            let path = format!("{path}.{name}");
            let Some(attribute) = attributes.get(name) else {
                return self.wrong.push(format!("{path}: no such attribute"));
            };
            if attribute["profile"].as_str().is_some_and(|name| !self.profiles.iter().any(|one| one == name)) {
                self.wrong.push(format!("{path}: of a profile that is not named"));
            }
            let values = match (attribute["array"] == true, value) {
                (true, Value::Array(values)) => values.iter().collect(),
                (false, value) => vec![value],
                (true, _) => return self.wrong.push(format!("{path}: no list")),
            };
            values.into_iter().for_each(|value| self.value(attribute, value, &path));
        }
    }

    fn value(&mut self, attribute: &Value, value: &Value, path: &str) {
        let kind = attribute["type"].as_str().unwrap();
        let schema = self.schema;
        if let Some(about) = schema["objects"].get(kind) {
            return self.thing(about, value, path);
        }
        let is_right = match kind {
            "integer_t" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            "long_t" | "timestamp_t" => value.is_i64() || value.is_u64(),
            "boolean_t" => value.is_boolean(),
            "ip_t" => value.as_str().is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok()),
            "string_t" | "username_t" => value.is_string(),
            _ => false,
        };
        let is_listed =
            attribute["enum"].as_array().is_none_or(|list| list.iter().any(|one| one == &json!(value.to_string())));
        if !is_right || !is_listed {
            self.wrong.push(format!("{path}: {value} is no {kind} of {}", attribute["enum"]));
        }
    }
}

fn wrong(schema: &Value, event: &Value) -> Vec<String> {
    let class = &event["class_uid"];
    let profiles = event["metadata"]["profiles"].as_array().into_iter().flatten();
    let profiles = profiles.map(|name| name.as_str().unwrap().to_owned()).collect();
    let mut checker = Checker { schema, profiles, wrong: Vec::new() };
    match schema["classes"].get(class.to_string()) {
        Some(about) => checker.thing(about, event, &class.to_string()),
        None => checker.wrong.push(format!("no class {class}")),
    }
    let expected = class.as_u64().unwrap() * 100 + event["activity_id"].as_u64().unwrap();
    if event["type_uid"] != expected {
        checker.wrong.push(format!("type_uid {} is not {expected}", event["type_uid"]));
    }
    checker.wrong
}

fn made() -> Inputs {
    generate(&["--seed", "9", "--days", "0.2", "--rate", "0.008", "--server-log", "--plant", "all:edge"]).0
}

fn lines(arguments: &[&str]) -> Vec<Value> {
    let output = esaudit(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_written_meets_the_schema() {
    let schema = schema();
    let inputs = made();
    let path = inputs.path().to_str().unwrap();
    let incident = "testdata/incident";
    let kinds = "attempts,successes,denied,changes,powerful";
    let mut events = lines(&["events", "--quiet", "--format", "ocsf", "--kind", "attempts,changes,powerful", path]);
    events.extend(lines(&[
        "events",
        "--quiet",
        "--format",
        "ocsf",
        "--kind",
        kinds,
        "--source",
        "10.0.0.0/8",
        incident,
    ]));
    events.extend(lines(&["report", "--quiet", "--format", "ocsf", path]));
    let role = r#"{"type":"audit", "timestamp":"2026-03-01T12:00:00,000+0000", "node.id":"n1", "event.type":"security_config_change", "event.action":"put_role", "request.id":"r1", "put":{"role":{"name":"r","role_descriptor":{"cluster":["all"],"indices":[],"applications":[],"run_as":[]}}}}"#;
    let changed = Inputs::of(&[("role.json", &[role.to_owned()])]);
    let path = changed.path().to_str().unwrap();
    events.extend(lines(&["events", "--quiet", "--format", "ocsf", "--kind", "changes", path]));
    let mut classes = BTreeMap::<u64, u64>::new();
    for event in &events {
        assert_eq!(wrong(&schema, event), Vec::<String>::new(), "{event}");
        *classes.entry(event["class_uid"].as_u64().unwrap()).or_default() += 1;
    }
    assert_eq!(classes.keys().copied().collect::<Vec<_>>(), [2004, 3001, 3002, 3004, 6003]);
    let first = events.iter().find(|event| event["unmapped"]["finding"].is_string() && event["class_uid"] == 3002);
    let first = first.unwrap();
    assert_eq!((&first["status"], &first["activity_name"]), (&json!("Failure"), &json!("Logon")));
    // An actor is there for everybody in API Activity, and elsewhere of a profile that has to be named.
    let mut unnamed =
        events.iter().find(|event| event["class_uid"] == 3001 && event["actor"].is_object()).unwrap().clone();
    unnamed["metadata"]["profiles"] = json!([]);
    assert_eq!(wrong(&schema, &unnamed), ["3001.actor: of a profile that is not named"]);
    // The schema is asked at all.
    let mut damaged = first.clone();
    damaged["severity_id"] = json!(7);
    damaged.as_object_mut().unwrap().remove("user");
    damaged["metadata"]["nonsense"] = json!(1);
    assert_eq!(wrong(&schema, &damaged).len(), 3, "{:?}", wrong(&schema, &damaged));
}

/// What Amazon asks of a file beside its place (docs.aws.amazon.com/security-lake/latest/userguide/custom-sources.html): rows by
/// time, zstandard, row groups of 256 MB at most, pages of 1 MB at most before compression.
#[cfg(feature = "parquet")]
fn as_the_lake_asks(reader: &parquet::file::reader::SerializedFileReader<std::fs::File>) {
    use parquet::file::reader::FileReader;

    for at in 0..reader.num_row_groups() {
        let group = reader.get_row_group(at).unwrap();
        let sorted = group.metadata().sorting_columns().unwrap();
        assert_eq!(group.metadata().column(sorted[0].column_idx as usize).column_path().string(), "time");
        assert!(group.metadata().compressed_size() <= 256 << 20);
        for column in 0..group.num_columns() {
            assert!(format!("{:?}", group.metadata().column(column).compression()).starts_with("ZSTD"));
            let mut pages = group.get_column_page_reader(column).unwrap();
            while let Some(page) = pages.get_next_page().unwrap() {
                assert!(page.buffer().len() <= 1 << 20, "{} bytes", page.buffer().len());
            }
        }
    }
}

/// Single successes and refusals are in the lake, too, of those whom the filters name.
#[cfg(feature = "parquet")]
#[test]
fn a_lake_of_one_account_holds_its_successes() {
    use parquet::file::reader::{FileReader, SerializedFileReader};

    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    let who = ["testdata/incident", "--quiet", "--principal", "rosa.moreau1"];
    let kinds = ["--kind", "attempts,successes,denied,changes,powerful"];
    let output = esaudit(&[&["export", "--ocsf", to][..], &who, &kinds].concat());
    assert!(output.status.success(), "{output:?}");
    let events = lines(&[&["events", "--format", "ocsf"][..], &who, &kinds].concat());
    let files =
        glob::glob(&format!("{to}/a*/region=local/accountId=external/eventDay=20260301/part-0.parquet")).unwrap();
    let readers = files.map(|file| SerializedFileReader::new(std::fs::File::open(file.unwrap()).unwrap()).unwrap());
    let rows: i64 = readers.map(|reader| reader.metadata().file_metadata().num_rows()).sum();
    assert_eq!(rows, events.len() as i64);
    assert!(events.iter().any(|event| event["class_uid"] == 3002 && event["status"] == "Success"));
    // Of everybody they are not known one by one.
    let whole = esaudit(&[&["export", "testdata/incident", "--ocsf", to][..], &kinds].concat());
    assert_eq!(whole.status.code(), Some(64));
}

/// The same events in Parquet, a folder for each class, divided as Amazon Security Lake divides.
#[cfg(feature = "parquet")]
#[test]
fn a_lake_holds_the_same_events() {
    use parquet::file::reader::{FileReader, SerializedFileReader};

    let inputs = made();
    let path = inputs.path().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    let arguments = ["export", "--quiet", path, "--ocsf", to, "--region", "eu-central-1", "--account", "123456789012"];
    let output = esaudit(&arguments);
    assert!(output.status.success(), "{output:?}");
    let mut events = lines(&["events", "--quiet", "--format", "ocsf", "--kind", "attempts,changes,powerful", path]);
    events.extend(lines(&["report", "--quiet", "--format", "ocsf", path]));
    let mut expected = BTreeMap::<String, Vec<String>>::new();
    for event in &events {
        let name = event["class_name"].as_str().unwrap().to_lowercase().replace(' ', "_");
        expected.entry(name).or_default().push(event["metadata"]["uid"].as_str().unwrap().to_owned());
    }
    let told_of: BTreeMap<&str, &Value> =
        events.iter().map(|event| (event["metadata"]["uid"].as_str().unwrap(), event)).collect();
    let mut found = BTreeMap::<String, Vec<String>>::new();
    for file in
        glob::glob(&format!("{to}/*/region=eu-central-1/accountId=123456789012/eventDay=*/part-0.parquet")).unwrap()
    {
        let file = file.unwrap();
        let class = file.strip_prefix(to).unwrap().iter().next().unwrap().to_str().unwrap().to_owned();
        let day = file.parent().unwrap().file_name().unwrap().to_str().unwrap().replace("eventDay=", "");
        let reader = SerializedFileReader::new(std::fs::File::open(&file).unwrap()).unwrap();
        as_the_lake_asks(&reader);
        for row in reader.get_row_iter(None).unwrap() {
            let row = crate::export::json_of(&row.unwrap());
            let time = esaudit::internals::time::Millis(row["time"].as_i64().unwrap()).rfc3339();
            assert!(time.replace('-', "").starts_with(&day), "{time} on {day}");
            found.entry(class.clone()).or_default().push(row["metadata"]["uid"].as_str().unwrap().to_owned());
            let told = told_of[row["metadata"]["uid"].as_str().unwrap()];
            assert_eq!(row["observables"], told["observables"]);
            if class == "detection_finding" {
                let technique = |value: &Value| value["finding_info"]["attacks"][0]["technique"]["uid"].clone();
                assert_eq!(technique(&row), technique(told));
                assert_eq!(row["confidence_score"], told["confidence_score"]);
            }
        }
    }
    for list in expected.values_mut().chain(found.values_mut()) {
        list.sort();
    }
    assert!(found.len() >= 4 && found == expected, "{:?} {:?}", found.keys(), expected.keys());
    let Some(python) = python::with("duckdb") else { return };
    let program = "import duckdb, sys\n\
        print(duckdb.sql(f\"SELECT count(*), count(DISTINCT \\\"user\\\".name), min(class_uid) \
        FROM '{sys.argv[1]}/authentication/**/*.parquet' WHERE status_id = 2 AND src_endpoint.ip IS NOT NULL\").fetchall()[0])";
    let told = python::run(&python, program, &[to]);
    assert!(told.contains("3002"), "{told}");
}
