//! Files that `--output` writes: which format, whole or not at all, and each for itself.

use std::fs;
use std::path::{Path, PathBuf};

use esaudit::internals::model::Report;
use serde_json::Value;

use test_support::line::failed;
use test_support::{Inputs, esaudit};

/// Three failures by two principals, and a folder for the outputs.
fn some() -> (Inputs, tempfile::TempDir) {
    let lines = [failed(0, "r"), failed(1, "s"), failed(2, "t").replace("kim", "=1+1")];
    (Inputs::of(&[("a.json", &lines)]), tempfile::tempdir().unwrap())
}

fn run(inputs: &Inputs, options: &[&str]) -> std::process::Output {
    esaudit(&[&["report", inputs.path().to_str().unwrap()], options].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn one_run_writes_every_format() {
    let (inputs, folder) = some();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let names = ["a.html", "a.json", "a.jsonl", "a.csv", "a.md", "a.txt"];
    let paths: Vec<String> = names.iter().map(|name| path(name)).collect();
    let options: Vec<&str> = paths.iter().flat_map(|path| ["-o", path.as_str()]).collect();
    let output = run(&inputs, &options);
    assert_eq!((output.status.code(), output.stdout.len(), output.stderr.len()), (Some(0), 0, 0), "{output:?}");
    let read = |name: &str| fs::read_to_string(path(name)).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names.len());
    let report: Report = serde_json::from_str(&read("a.json")).unwrap();
    assert_eq!(report.groups.len(), 2);
    let records: Vec<Value> = read("a.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let groups: Vec<&Value> = records.iter().filter(|record| record["type"] == "group").collect();
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[0]["count"], 2);
    assert!(records.iter().any(|record| record["type"] == "totals" && record["failed_attempts"] == 3));
    let csv = read("a.csv");
    assert!(csv.starts_with("count,principal,") && csv.contains("\"'=1+1\""), "{csv}");
    assert!(csv.lines().count() == 3 && csv.ends_with("\r\n"));
    assert!(read("a.md").contains("`=1+1`"));
    // The same table as on standard output.
    assert_eq!(read("a.txt"), text(&run(&inputs, &[]).stdout));
    assert_eq!(read("a.json"), text(&run(&inputs, &["--format", "json"]).stdout));
}

#[test]
fn format_overrides_and_a_dash_is_standard_output() {
    let (inputs, folder) = some();
    let file = folder.path().join("a.txt");
    let output = run(&inputs, &["-o", file.to_str().unwrap(), "-o", "-", "--format", "json"]);
    assert_eq!(fs::read(&file).unwrap(), output.stdout);
    assert!(serde_json::from_slice::<Report>(&output.stdout).is_ok());
}

#[test]
fn an_unknown_extension_is_wrong_usage() {
    let (inputs, folder) = some();
    let path = folder.path().join("a.docx");
    let output = run(&inputs, &["-o", path.to_str().unwrap()]);
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(64));
    assert!([".html", ".json", ".jsonl", ".csv", ".md", ".txt"].iter().all(|known| errors.contains(known)), "{errors}");
    assert!(!path.exists());
}

#[test]
fn what_cannot_be_written_is_named_and_the_others_are_written() {
    let (inputs, folder) = some();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (missing, good) = (path("no/such/folder/a.json"), path("good.csv"));
    let output = run(&inputs, &["-o", &missing, "-o", &good]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains(&missing), "{output:?}");
    assert!(fs::read_to_string(&good).unwrap().contains("kim"));
    if PathBuf::from("/dev/full").exists() {
        let output = run(&inputs, &["-o", "/dev/full", "--format", "csv", "-o", &good, "--force"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("/dev/full"), "{output:?}");
    }
}

#[test]
fn top_cuts_each_format_in_its_way() {
    let (inputs, folder) = some();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (json, table) = (path("a.json"), path("a.txt"));
    run(&inputs, &["--top", "1", "-o", &json, "-o", &table]);
    let report: Report = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    assert_eq!((report.groups.len(), &report.parameters["top"]), (1, &Value::from(1)));
    assert!(fs::read_to_string(table).unwrap().contains("1 of 2"));
}

#[test]
fn keys_can_be_written_to_files() {
    let (inputs, folder) = some();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (json, table) = (path("k.json"), path("k.txt"));
    let output = esaudit(&["keys", inputs.path().to_str().unwrap(), "-o", &json, "-o", &table]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(serde_json::from_slice::<Value>(&fs::read(json).unwrap()).unwrap()["keys"].is_array());
    assert!(fs::read_to_string(table).unwrap().contains("esaudit"));
}

/// A folder with a log, and links to it.
fn linked() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("log.json"), test_support::ended(&[failed(0, "r")])).unwrap();
    std::os::unix::fs::symlink("log.json", path("link.json")).unwrap();
    fs::hard_link(path("log.json"), path("hard.json")).unwrap();
    fs::write(path("esaudit.toml"), "").unwrap();
    folder
}

#[test]
fn an_output_never_replaces_an_input() {
    let folder = linked();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let before = fs::read(path("log.json")).unwrap();
    let within = path(".");
    let indirect = path("../") + folder.path().file_name().unwrap().to_str().unwrap() + "/log.json";
    let verbs: [&[&str]; 4] = [&["report"], &["events", "--format", "jsonl"], &["scan"], &["keys"]];
    for verb in verbs {
        for input in [&path("log.json"), &within, &path("*.json"), &path("link.json")] {
            for output in [&path("log.json"), &path("link.json"), &path("hard.json"), &indirect] {
                let done = esaudit(&[verb, &[input, "-o", output, "--force"]].concat());
                let told = text(&done.stderr);
                assert_eq!(done.status.code(), Some(64), "{verb:?} {input} {output}: {told}");
                assert!(told.contains("an output never replaces"), "{told}");
                assert_eq!(fs::read(path("log.json")).unwrap(), before);
            }
        }
    }
    // What is read besides logs, and what would be there the next time.
    let (log, config, missing) = (path("log.json"), path("esaudit.toml"), path("none.json"));
    let config = ["report", &log, "--config", &config, "--format", "json", "-o", &config].map(str::to_owned);
    let missing = ["report", &log, &missing, "-o", &missing].map(str::to_owned);
    let good = path("good.csv");
    fs::write(&good, "198.51.100.7").unwrap();
    let known = ["report", &log, "--addresses", &format!("good={good}"), "-o", &good].map(str::to_owned);
    for arguments in [config.to_vec(), missing.to_vec(), known.to_vec()] {
        assert_eq!(esaudit(&arguments).status.code(), Some(64), "{arguments:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
}

/// What a verb reads without its being named: rules in a folder, a signature beside the report, the part that has a number.
#[test]
fn an_output_never_replaces_what_is_read_unnamed() {
    let folder = linked();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (log, rules, rule) = (path("log.json"), path("rules"), path("rules/deep/a.yml"));
    fs::create_dir_all(path("rules/deep")).unwrap();
    fs::write(
        &rule,
        "title: x\nlogsource: {product: elasticsearch}\ndetection: {sel: {event.action: x}, condition: sel}\n",
    )
    .unwrap();
    std::os::unix::fs::symlink(&rule, path("linked.yml")).unwrap();
    let (report, signature) = (path("r.json"), path("r.json.minisig"));
    assert_eq!(esaudit(&["report", &log, "-o", &report, "--manifest"]).status.code(), Some(0));
    fs::write(&signature, "untrusted comment: signature of an esaudit report").unwrap();
    let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    fs::copy(&log, path("n-000001.esa")).unwrap();
    let state = path("n.state");
    let runs: [(&[&str], &str); 4] = [
        (&["report", &log, "--sigma", &rules, "--format", "json", "-o", &rule], &rule),
        (&["report", &log, "--sigma", &rules, "--format", "json", "-o", &path("linked.yml")], &rule),
        (&["verify", &report, "--key", key, "--format", "json", "-o", &signature], &signature),
        (&["scan", &path("n-000001.esa"), "--state", &state], &path("n-000001.esa")),
    ];
    for (run, file) in runs {
        let before = fs::read(file).unwrap();
        let done = esaudit(&[run, &["--force"]].concat());
        let told = text(&done.stderr);
        assert_eq!(done.status.code(), Some(64), "{run:?}: {told}");
        assert!(told.contains("an output never replaces"), "{told}");
        assert_eq!(fs::read(file).unwrap(), before);
    }
    // What is not there yet may be written beside the rules, and a folder that is only taken off paths is not read.
    let beside = path("rules/new.json");
    assert_eq!(esaudit(&["report", &log, "--sigma", &rules, "-o", &beside]).status.code(), Some(0));
    let part = path("p.esa");
    for _ in 0..2 {
        let stripped = ["scan", &log, "--strip", folder.path().to_str().unwrap(), "-o", &part];
        assert_eq!(esaudit(&stripped).status.code(), Some(0));
    }
}

#[test]
fn links_to_nothing_lead_to_the_file_that_is_written() {
    let folder = linked();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (target, name) in [("two", "one.json"), ("real.json", "two")] {
        std::os::unix::fs::symlink(target, path(name)).unwrap();
    }
    let (log, one, real) = (path("log.json"), path("one.json"), path("real.json"));
    for (input, output) in [(&real, &one), (&one, &real), (&path("two"), &one)] {
        let done = esaudit(&["report", &log, input, "-o", output, "--format", "json"]);
        assert_eq!(done.status.code(), Some(64), "{input} {output}: {done:?}");
    }
    assert_eq!(esaudit(&["report", &log, "-o", &one, "-o", &real]).status.code(), Some(64));
    for _ in 0..2 {
        assert_eq!(esaudit(&["report", &log, "-o", &one]).status.code(), Some(0));
        assert!(Path::new(&one).is_symlink() && Path::new(&path("two")).is_symlink());
        assert!(fs::symlink_metadata(&real).unwrap().is_file());
    }
}

/// A pipe behind a link of the system has no name that could be followed.
#[test]
fn standard_output_by_name_is_standard_output() {
    let (inputs, _folder) = some();
    let done = run(&inputs, &["--format", "json", "-o", "/dev/stdout"]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert!(serde_json::from_slice::<Report>(&done.stdout).is_ok());
}

/// Shells open the file: `>>` would add to the log what is read from it.
#[test]
fn standard_output_never_adds_to_an_input() {
    let folder = linked();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let before = fs::read(path("log.json")).unwrap();
    let added = |input: &str, file: &str| {
        let out = fs::OpenOptions::new().create(true).append(true).open(path(file)).unwrap();
        let run = std::process::Command::new(env!("CARGO_BIN_EXE_esaudit"))
            .args(["report", input, "--format", "json", "--quiet"])
            .stdout(out)
            .output();
        run.unwrap().status.code()
    };
    for (input, file) in [(path("log.json"), "link.json"), (path("."), "log.json"), (path("link.json"), "hard.json")] {
        assert_eq!(added(&input, file), Some(64), "{input} {file}");
        assert_eq!(fs::read(path("log.json")).unwrap(), before);
    }
    // A new file among the inputs, as `report . > report.json` makes it, and one that is no input.
    assert_eq!(added(&path("."), "new.json"), Some(0));
    fs::create_dir(path("notes")).unwrap();
    fs::write(path("notes/a"), "mine").unwrap();
    assert_eq!(added(&path("log.json"), "notes/a"), Some(0));
}

#[test]
fn two_outputs_are_two_files() {
    let folder = linked();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::os::unix::fs::symlink("one.json", path("two.json")).unwrap();
    let (log, one, two) = (path("log.json"), path("one.json"), path("two.json"));
    let indirect = path("../") + folder.path().file_name().unwrap().to_str().unwrap() + "/one.json";
    for other in [two, indirect] {
        let done = esaudit(&["report", &log, "-o", &one, "-o", &other]);
        assert_eq!(done.status.code(), Some(64), "{done:?}");
        assert!(text(&done.stderr).contains("are one file"), "{done:?}");
    }
    assert!(!Path::new(&one).exists());
    assert_eq!(esaudit(&["report", &log, "-o", &one, "-o", "/dev/null", "--format", "json"]).status.code(), Some(0));
}

#[test]
fn files_of_others_are_replaced_only_by_force() {
    let (inputs, folder) = some();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let status = |options: &[&str]| run(&inputs, options).status.code();
    for name in ["a.html", "a.json", "a.jsonl", "a.txt", "a.csv", "a.md"] {
        let path = path(name);
        let to = ["-o", path.as_str()];
        assert_eq!(status(&to), Some(0), "{name}");
        // CSV and Markdown do not say who wrote them.
        let again = if matches!(name, "a.csv" | "a.md") { Some(64) } else { Some(0) };
        assert_eq!(status(&to), again, "{name}");
        assert_eq!(status(&[&to[..], &["--force"]].concat()), Some(0), "{name}");
        fs::write(&path, "notes of somebody").unwrap();
        assert_eq!(status(&to), Some(64), "{name}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "notes of somebody");
        fs::write(&path, "").unwrap();
        assert_eq!(status(&to), Some(0), "{name}");
    }
}

#[test]
fn tables_without_rows_have_their_heads() {
    let inputs = Inputs::of(&[("a.json", &[test_support::line::Line::new(0, "authentication_success").end()])]);
    let csv = text(&run(&inputs, &["--format", "csv"]).stdout);
    assert!(csv.starts_with("count,principal,") && csv.lines().count() == 1, "{csv}");
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("r.json");
    let report = report.to_str().unwrap();
    assert_eq!(run(&inputs, &["-o", report]).status.code(), Some(0));
    let csv = text(&esaudit(&["diff", report, report, "--format", "csv"]).stdout);
    assert!(csv.starts_with("became,") && csv.lines().count() == 1, "{csv}");
}

#[test]
fn a_folder_of_tables_that_a_killed_run_left_half_filled_is_filled() {
    let (inputs, folder) = some();
    let out = folder.path().join("tables");
    let left = out.join(".esaudit-Ab12cd.part");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("groups.csv"), "count").unwrap();
    let tables = ["--format", "csv", "--table", "all", "-o", out.to_str().unwrap()];
    // It may be in use still.
    assert_eq!(run(&inputs, &tables).status.code(), Some(2));
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    fs::File::open(&left).unwrap().set_modified(long_ago).unwrap();
    let output = run(&inputs, &tables);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!left.exists() && fs::read_dir(&out).unwrap().count() > 3);
}

/// A report may be all that names the logs: they are inputs of whoever reads it.
#[test]
fn an_output_never_replaces_an_input_that_only_a_report_or_a_list_names() {
    let (inputs, folder) = some();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (log, report, list) = (inputs.path().join("a.json"), path("r.json"), path("list.json"));
    let log = log.to_str().unwrap();
    assert_eq!(run(&inputs, &["-o", &report, "--manifest"]).status.code(), Some(0));
    fs::write(&list, log).unwrap();
    let before = [fs::read(log).unwrap(), fs::read(&report).unwrap(), fs::read(&list).unwrap()];
    let verbs: [&[&str]; 6] = [
        &["verify", &report, "-o", log],
        &["show", "G1", "--report", &report, "-o", log, "--format", "json"],
        &["impact", "F1", "--report", &report, "-o", log],
        // Also where the logs are read elsewhere.
        &["verify", &report, folder.path().to_str().unwrap(), "-o", log],
        &["report", "--files-from", &list, "-o", &list],
        &["report", &format!("--files-from={list}"), "-o", &list],
    ];
    for verb in verbs {
        let done = esaudit(&[verb, &["--force"]].concat());
        let told = text(&done.stderr);
        assert_eq!(done.status.code(), Some(64), "{verb:?}: {told}");
        assert!(told.contains("an output never replaces"), "{verb:?}: {told}");
        assert_eq!([fs::read(log).unwrap(), fs::read(&report).unwrap(), fs::read(&list).unwrap()], before);
    }
}

#[test]
fn a_word_of_an_option_is_no_input() {
    let (inputs, folder) = some();
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_esaudit"))
        .args(["report", inputs.path().to_str().unwrap(), "--format", "json", "-o", "json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert!(serde_json::from_slice::<Report>(&fs::read(folder.path().join("json")).unwrap()).is_ok());
}

#[test]
fn files_in_a_folder_are_replaced_only_by_force() {
    let folder = tempfile::tempdir().unwrap();
    let within = folder.path().to_str().unwrap();
    for (verb, name) in [
        (&["man", within][..], "esaudit.1"),
        (&["rules", "-o", within], "persistence.yml"),
        (&["demo", "--logs", within], "incident.tar.xz"),
    ] {
        let status = |more: &[&str]| esaudit(&[verb, more].concat()).status.code();
        // Its own files are written anew.
        assert_eq!((status(&[]), status(&[])), (Some(0), Some(0)), "{verb:?}");
        let path = folder.path().join(name);
        fs::write(&path, "notes of somebody").unwrap();
        assert_eq!(status(&[]), Some(64), "{verb:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "notes of somebody");
        assert_eq!(status(&["--force"]), Some(0), "{verb:?}");
        assert_ne!(fs::read_to_string(&path).unwrap_or_default(), "notes of somebody");
    }
}
