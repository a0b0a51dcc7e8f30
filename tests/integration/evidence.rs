//! Reports that stand up: they name what they rest on, can be checked against it, and lead back to the lines.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use esaudit::internals::model::{Evidence, Report};

use test_support::line::failed;
use test_support::{ended, esaudit, gzip};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A report with a manifest on `paths`, in a file, and what is in it.
fn report(folder: &Path, paths: &[&Path], options: &[&str]) -> (PathBuf, Report) {
    let mut arguments = vec!["report", "--format", "json", "--manifest"];
    arguments.extend(options);
    arguments.extend(paths.iter().map(|path| path.to_str().unwrap()));
    let output = esaudit(&arguments);
    let file = folder.join("report.json");
    fs::write(&file, &output.stdout).unwrap();
    let parsed = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (file, parsed)
}

fn verify(report: &Path, paths: &[&Path]) -> Output {
    let mut arguments = vec!["verify", report.to_str().unwrap()];
    arguments.extend(paths.iter().map(|path| path.to_str().unwrap()));
    esaudit(&arguments)
}

/// The lines of the outcome that do not hold.
fn failures(output: &Output) -> Vec<String> {
    text(&output.stdout)
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("FAIL "))
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}

/// Two logs in `logs/`: one plain, one compressed.
fn logs(folder: &Path) -> PathBuf {
    let logs = folder.join("logs");
    fs::create_dir_all(logs.join("es-1")).unwrap();
    let lines =
        |from: i64| ended(&(from..from + 20).map(|at| failed(at * 1000, &format!("r{at}"))).collect::<Vec<_>>());
    fs::write(logs.join("es-1/audit.json"), lines(0)).unwrap();
    fs::write(logs.join("es-1/audit.json.gz"), gzip(&lines(100))).unwrap();
    logs
}

#[test]
fn a_manifest_names_every_input_as_it_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let logs = logs(folder.path());
    let (file, report) = report(folder.path(), &[&logs], &[]);
    let manifest = report.manifest.clone().unwrap();
    let names: Vec<_> = manifest.inputs.iter().map(|input| input.path.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["audit.json", "audit.json.gz"]);
    for input in &manifest.inputs {
        let bytes = fs::read(&input.path).unwrap();
        assert_eq!(input.sha256, Some(esaudit::internals::manifest::sha256(&bytes)));
        assert_eq!(input.size, Some(bytes.len() as u64));
        assert!(input.modified.as_ref().unwrap().ends_with('Z'));
    }
    assert_eq!(manifest.tool.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(manifest.parameters, report.parameters);
    // The definition: the report as it is written without the member.
    let without = esaudit(&["report", "--format", "json", logs.to_str().unwrap()]).stdout;
    assert_eq!(manifest.report_sha256, esaudit::internals::manifest::sha256(&without));
    let again = esaudit(&["report", "--format", "json", "--manifest", logs.to_str().unwrap(), "--threads", "1"]).stdout;
    assert_eq!(again, fs::read(file).unwrap());
}

#[test]
fn verify_tells_what_holds() {
    let folder = tempfile::tempdir().unwrap();
    let logs = logs(folder.path());
    let (file, _) = report(folder.path(), &[&logs], &["--top", "1"]);
    for paths in [vec![], vec![logs.as_path()], vec![folder.path()]] {
        let output = verify(&file, &paths);
        assert_eq!((output.status.code(), failures(&output)), (Some(0), vec![]), "{}", text(&output.stdout));
    }
    // Moved, and under another name.
    let copy = folder.path().join("copy");
    fs::create_dir(&copy).unwrap();
    fs::copy(logs.join("es-1/audit.json"), copy.join("audit.json")).unwrap();
    fs::copy(logs.join("es-1/audit.json.gz"), copy.join("renamed")).unwrap();
    let output = verify(&file, &[&copy]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_eq!(text(&output.stdout).matches("moved").count(), 2);
    // Another file, a changed one, a missing one.
    fs::write(copy.join("more"), "x").unwrap();
    fs::write(copy.join("audit.json"), "x").unwrap();
    fs::remove_file(copy.join("renamed")).unwrap();
    let output = verify(&file, &[&copy]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(failures(&output), ["changed", "missing", "additional"], "{}", text(&output.stdout));
    // The same size and other bytes.
    let mut bytes = fs::read(logs.join("es-1/audit.json")).unwrap();
    bytes[30] ^= 1;
    fs::write(logs.join("es-1/audit.json"), bytes).unwrap();
    assert_eq!(failures(&verify(&file, &[&logs])), ["changed"]);
}

#[test]
fn a_listing_of_keys_among_the_logs_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let logs = logs(folder.path());
    let listing = logs.join("api_keys.json");
    fs::write(&listing, r#"{"api_keys":[{"id":"k","name":"n","creation":1767225600000,"invalidated":false}]}"#)
        .unwrap();
    let (file, report) = report(folder.path(), &[&logs], &["--api-keys", listing.to_str().unwrap()]);
    assert_eq!(report.manifest.unwrap().inputs.len(), 3);
    let output = verify(&file, &[&logs]);
    assert_eq!((failures(&output), output.status.code()), (vec![], Some(0)), "{output:?}");
}

#[test]
fn verify_sees_every_change_of_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let logs = logs(folder.path());
    let (file, _) = report(folder.path(), &[&logs], &[]);
    let good = fs::read_to_string(&file).unwrap();
    let value: serde_json::Value = serde_json::from_str(&good).unwrap();
    for (what, tampered) in [
        ("a number", good.replacen("\"failed_attempts\": 40", "\"failed_attempts\": 39", 1)),
        ("a blank", good.replacen("\"groups\": [", "\"groups\":  [", 1)),
        ("a member after it", good.trim_end().strip_suffix('}').unwrap().trim_end().to_owned() + ",\n  \"x\": 1\n}\n"),
        ("formatted anew", value.to_string()),
    ] {
        assert_ne!(good, tampered, "{what}");
        fs::write(&file, tampered).unwrap();
        let output = verify(&file, &[&logs]);
        assert_eq!((output.status.code(), failures(&output)), (Some(1), vec!["changed".to_owned()]), "{what}");
    }
    // The manifest itself: each member, and an input that was left out.
    let size = format!("\"size\": {}", value["manifest"]["inputs"][0]["size"]);
    let last = good.rfind("\"manifest\": {").unwrap();
    let within = |from: &str, to: &str| {
        let (body, manifest) = good.split_at(last);
        let forged = manifest.replacen(from, to, 1);
        assert_ne!(forged, manifest, "{from}");
        body.to_owned() + &forged
    };
    let without_one = {
        let mut manifest = value["manifest"].clone();
        manifest["inputs"].as_array_mut().unwrap().pop();
        let text = serde_json::to_string_pretty(&serde_json::json!({ "manifest": manifest })).unwrap();
        good[..last].to_owned() + text.strip_prefix("{\n  ").unwrap() + "\n"
    };
    for (what, tampered) in [
        ("commit", within("\"commit\": ", "\"commit\": \"forged\", \"was\": ")),
        ("parameters", within("\"assume_tz\": null", "\"assume_tz\": \"Europe/Berlin\"")),
        ("mtime", within("\"modified\": \"20", "\"modified\": \"19")),
        ("size", within(&size, "\"size\": 1")),
        ("an input less", without_one),
        ("no hash", within("\"manifest_sha256\"", "\"other\"")),
    ] {
        fs::write(&file, tampered).unwrap();
        let output = verify(&file, &[&logs]);
        assert_eq!(output.status.code(), Some(1), "{what}: {}", text(&output.stdout));
        assert!(text(&output.stdout).contains("report manifest"), "{what}");
    }
    // What is added is in no hash: it is told by name.
    let twice = format!("{size}, {size}");
    for (what, told, tampered) in [
        ("of the manifest", "note", within("\"manifest\": {", "\"manifest\": {\n    \"note\": \"x\",")),
        ("of an input", "inputs[0].note", within("\"path\": ", "\"note\": {\"a\": [1]}, \"path\": ")),
        ("of the tool", "tool.note", within("\"name\": ", "\"note\": null, \"name\": ")),
        ("that is never written so", "inputs[0].error", within("\"path\": ", "\"error\": null, \"path\": ")),
        ("a parameter twice", "parameters.assume_tz", within("\"assume_tz\"", "\"assume_tz\": \"UTC\", \"assume_tz\"")),
        ("a member twice", "inputs[0].size", within(&size, &twice)),
        ("a blank", "laid out", within("\"path\": ", "\"path\":  ")),
        ("an escape", "laid out", within("\"esaudit\"", "\"es\\u0061udit\"")),
    ] {
        fs::write(&file, tampered).unwrap();
        let output = verify(&file, &[&logs]);
        let shown: String = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        let row = shown.split_once("report manifest").unwrap().1;
        assert_eq!((output.status.code(), row.contains(told)), (Some(1), true), "{what}: {shown}");
    }
    for (what, broken) in [("no manifest", "{\"schema_version\":1}"), ("no JSON", "x"), ("empty", "")] {
        fs::write(&file, broken).unwrap();
        assert_eq!(verify(&file, &[&logs]).status.code(), Some(2), "{what}");
    }
    assert_eq!(verify(Path::new("no such file"), &[]).status.code(), Some(2));
}

fn show(id: &str, report: &Path, more: &[&str]) -> Output {
    esaudit(&[&["show", id, "--report", report.to_str().unwrap()], more].concat())
}

/// A log of `megabytes`, mostly of one user, in which another appears at the given lines.
fn large(megabytes: usize, rare: &[usize]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for at in 0.. {
        if bytes.len() > megabytes << 20 {
            break;
        }
        let line = failed(at as i64 * 10, &format!("r{at}"));
        let line = if rare.contains(&at) { line.replace("\"kim\"", "\"rare\"") } else { line };
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

fn of(report: &Report, principal: &str) -> (String, Vec<Evidence>) {
    let group = report.groups.iter().find(|group| group.principal.as_deref() == Some(principal)).unwrap();
    (group.id, group.evidence)
}

#[test]
fn show_finds_lines_by_stored_offsets_in_every_kind_of_input() {
    let folder = tempfile::tempdir().unwrap();
    let log = large(3, &[3, 9000]);
    let mut tar = tempfile::NamedTempFile::new().unwrap();
    let mut header = [0_u8; 512];
    header[..8].copy_from_slice(b"in/a.log");
    header[124..136].copy_from_slice(format!("{:011o}\0", log.len()).as_bytes());
    header[156] = b'0';
    header[257..263].copy_from_slice(b"ustar\0");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    std::io::Write::write_all(&mut tar, &[&header[..], &log, &vec![0; 512 - log.len() % 512], &[0; 1024]].concat())
        .unwrap();
    let packed = gzip(&fs::read(tar.path()).unwrap());
    for (name, bytes) in [("a.log", log.clone()), ("a.log.gz", gzip(&log)), ("a.tar.gz", packed)] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (file, whole) = report(folder.path(), &[&path], &[]);
        let (id, lines) = of(&whole, "rare");
        assert_eq!(lines.iter().map(|line| line.line).collect::<Vec<_>>(), [4, 9001], "{name}");
        // The first block has no mark; a later one is a line start, and not far before the line.
        assert_eq!(lines[0].offset, None);
        let (offset, number) = (lines[1].offset.unwrap() as usize, lines[1].offset_line.unwrap());
        assert_eq!(log[offset - 1], b'\n');
        assert_eq!(log[..offset].iter().filter(|&&byte| byte == b'\n').count() as u64 + 1, number);
        // The size of chunks and the number of threads do not show.
        let path = path.to_str().unwrap();
        let small = ["--chunk-size", "50000", "--threads", "2"];
        let again = esaudit(&[&["report", path, "--format", "json", "--manifest"][..], &small].concat()).stdout;
        assert!(again == fs::read(&file).unwrap(), "{name}");

        let shown = show(&id, &file, &[]);
        assert_eq!(shown.status.code(), Some(0), "{name}: {}", text(&shown.stderr));
        let member = if name == "a.tar.gz" { "!in/a.log" } else { "" };
        let expected = |line: usize| format!("{path}{member}:{line}: {{\"type\":\"audit\"");
        let shown = text(&shown.stdout);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 2, "{name}: {shown}");
        assert!(lines[0].starts_with(&expected(4)) && lines[1].starts_with(&expected(9001)), "{name}: {shown}");
        assert!(lines.iter().all(|line| line.contains("\"rare\"")));
        let around = text(&show(&id.to_lowercase(), &file, &["--context", "1"]).stdout);
        assert_eq!(around.lines().count(), 7, "{name}: {around}");
        let raw = show(&id, &file, &["--raw"]).stdout;
        let all: Vec<&[u8]> = log.split_inclusive(|&byte| byte == b'\n').collect();
        assert_eq!(raw, [all[3], all[9000]].concat(), "{name}");
    }
}

#[test]
fn show_says_where_a_log_is_not_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let log = large(1, &[3]);
    fs::write(&path, &log).unwrap();
    let (file, whole) = report(folder.path(), &[&path], &[]);
    let (id, _) = of(&whole, "rare");
    assert_eq!(show("F99", &file, &[]).status.code(), Some(2));
    // Moved.
    let moved = folder.path().join("moved");
    fs::create_dir(&moved).unwrap();
    fs::rename(&path, moved.join("a.log")).unwrap();
    assert_eq!(show(&id, &file, &[]).status.code(), Some(2));
    assert_eq!(show(&id, &file, &[moved.to_str().unwrap()]).status.code(), Some(0));
    // Longer; other bytes; shorter.
    for (what, bytes, says) in [
        ("longer", [log.as_slice(), b"x\n"].concat(), "has changed"),
        ("other", [&log[..5], b"X", &log[6..]].concat(), "other bytes"),
        ("shorter", log[..300].to_vec(), "no such line"),
        ("rewritten", b"x\n".repeat(100), "no longer a record"),
    ] {
        fs::write(moved.join("a.log"), bytes).unwrap();
        let output = show(&id, &file, &[moved.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{what}");
        assert!(text(&output.stderr).contains(says), "{what}: {}", text(&output.stderr));
    }
}

#[test]
fn shown_lines_are_harmless_and_records_of_several_lines_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let line = failed(0, "r").replace("kim", "\u{202e}kim\u{9b}31m");
    fs::write(&path, format!("{line}\n")).unwrap();
    let (file, _) = report(folder.path(), &[&path], &[]);
    let shown = text(&show("G1", &file, &[]).stdout);
    assert!(shown.contains("\\u{202e}kim\\u{9b}31m"), "{shown}");
    let source = failed(0, "r").replace(", ", ",\n  ");
    let document =
        format!("{{\"took\": 1,\n\"hits\": {{\"hits\": [\n{{\"_index\": \"x\",\n\"_source\": {source}\n}}\n]}}}}\n");
    fs::write(&path, &document).unwrap();
    let (file, whole) = report(folder.path(), &[&path], &[]);
    assert_eq!(whole.totals.failed_attempts, 1, "{:?}", whole.coverage);
    let shown = text(&show("G1", &file, &["--raw"]).stdout);
    assert!(shown.contains("authentication_failed") && shown.contains("kim"), "{shown}");
}

#[test]
fn a_report_of_somebody_else_opens_no_file_of_the_reader() {
    let folder = tempfile::tempdir().unwrap();
    let (log, secret, mixed) = (folder.path().join("a.log"), folder.path().join("secret"), folder.path().join("mixed"));
    fs::write(&log, ended(&[failed(0, "r")])).unwrap();
    fs::write(&secret, "root:$6$hash:19000:0:99999:7:::\nPASSWORD=hunter2\n").unwrap();
    fs::write(&mixed, ended(&["PASSWORD=hunter2".to_owned(), failed(0, "r")])).unwrap();
    let written = esaudit(&["report", log.to_str().unwrap(), "--format", "json"]).stdout;
    let crafted = |file: &str, line: u64| {
        let mut report: serde_json::Value = serde_json::from_slice(&written).unwrap();
        report["groups"][0]["evidence"] = serde_json::json!([{ "path": file, "line": line }]);
        let path = folder.path().join("crafted.json");
        fs::write(&path, report.to_string()).unwrap();
        path
    };
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    for (file, line, is_shown) in [
        (path(&log), 1, true),
        (path(&mixed), 2, true),
        (path(&mixed), 1, false),
        (path(&secret), 1, false),
        (path(&secret), 2, false),
        ("/proc/self/environ".to_owned(), 1, false),
        ("/proc/self/cmdline".to_owned(), 1, false),
        ("/dev/zero".to_owned(), 1, false),
        ("/etc/passwd".to_owned(), 1, false),
    ] {
        for raw in [&[][..], &["--raw"]] {
            let shown = show("G1", &crafted(&file, line), raw);
            let expected = if is_shown { Some(0) } else { Some(2) };
            assert_eq!((shown.status.code(), shown.stdout.is_empty()), (expected, !is_shown), "{file}:{line}");
        }
    }
    // Whoever names the file wants to see it.
    let shown = show("G1", &crafted(&path(&secret), 2), &[secret.to_str().unwrap()]);
    assert!(text(&shown.stdout).contains("hunter2"), "{shown:?}");
}

/// The second pass of `impact` reads what the report names: nothing that never ends, no folder, no pattern.
#[test]
fn a_report_of_somebody_else_makes_impact_open_no_device_folder_or_pattern() {
    let folder = tempfile::tempdir().unwrap();
    let written = esaudit(&["report", "testdata/incident", "--format", "json"]).stdout;
    let (fifo, within) = (folder.path().join("fifo"), folder.path().join("private"));
    fs::create_dir(&within).unwrap();
    fs::write(within.join("secret"), "hunter2").unwrap();
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success());
    let pattern = within.join("*");
    let mut named = vec![within.to_str().unwrap(), pattern.to_str().unwrap(), "/proc/kmsg", "/dev/zero", "-"];
    named.extend(made.then_some(fifo.to_str().unwrap()));
    for path in named {
        let mut report: serde_json::Value = serde_json::from_slice(&written).unwrap();
        report["coverage"]["inputs"][0]["path"] = path.into();
        let crafted = folder.path().join("crafted.json");
        fs::write(&crafted, report.to_string()).unwrap();
        let since = std::time::Instant::now();
        let done = esaudit(&["impact", "F1", "--report", crafted.to_str().unwrap(), "--format", "json", "--quiet"]);
        assert!(since.elapsed() < 3 * PROMPT, "{path}");
        let (shown, told) = (text(&done.stdout), text(&done.stderr));
        assert_eq!((done.status.code(), shown.contains("secret")), (Some(2), false), "{path}: {told}");
        assert!(told.contains(path) && told.contains("not found"), "{path}: {told}");
        let coverage = serde_json::from_slice::<serde_json::Value>(&done.stdout).unwrap()["coverage"].take();
        let first = &coverage["problems"][0];
        assert_eq!((&coverage["complete"], &first["path"]), (&false.into(), &path.into()), "{coverage}");
    }
    // What is read and is no log is not told in its own words, unless the reader names it.
    let secret = within.join("secret");
    let mut report: serde_json::Value = serde_json::from_slice(&written).unwrap();
    report["coverage"]["inputs"][0]["path"] = secret.to_str().unwrap().into();
    let crafted = folder.path().join("crafted.json");
    fs::write(&crafted, report.to_string()).unwrap();
    let told = |more: &[&str]| {
        let done = esaudit(&[&["impact", "F1", "--report", crafted.to_str().unwrap()], more].concat());
        text(&done.stdout) + &text(&done.stderr)
    };
    assert!(!told(&[]).contains("hunter2") && !told(&["--format", "json"]).contains("hunter2"));
    assert!(told(&["testdata/incident", secret.to_str().unwrap(), "--format", "json"]).contains("hunter2"));
}

/// What cannot be read a second time has no hash: nobody can check it later, and whoever signs has to know.
#[test]
fn an_input_without_a_hash_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, fifo) = (logs(folder.path()), folder.path().join("keys"));
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success());
    if !made {
        return;
    }
    let writer = {
        let fifo = fifo.clone();
        std::thread::spawn(move || fs::write(fifo, r#"{"api_keys":[]}"#))
    };
    let keys = ["--api-keys", fifo.to_str().unwrap(), "--quiet"];
    let run = esaudit(&[&["report", logs.to_str().unwrap(), "--format", "json", "--manifest"], &keys[..]].concat());
    let _ = writer.join().unwrap();
    let report: Report = serde_json::from_slice(&run.stdout).unwrap();
    let inputs = report.manifest.unwrap().inputs;
    assert!(inputs.iter().any(|input| input.sha256.is_none() && input.path.ends_with("keys")), "{inputs:?}");
    let told = text(&run.stderr);
    assert_eq!((run.status.code(), told.contains("keys: it has no hash in the manifest")), (Some(2), true), "{told}");
}

/// How long a report of somebody else may keep the reader busy.
const PROMPT: std::time::Duration = std::time::Duration::from_secs(10);

#[test]
fn a_manifest_of_somebody_else_makes_verify_read_no_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _) = report(folder.path(), &[&logs(folder.path())], &[]);
    let within = folder.path().join("private");
    fs::create_dir(&within).unwrap();
    fs::write(within.join("secret"), "hunter2").unwrap();
    let hole = folder.path().join("hole");
    let is_sparse = fs::File::create(&hole).unwrap().set_len(1 << 40).is_ok();
    let written: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let mut named = vec![within.to_str().unwrap(), "/proc/kmsg", "/dev/zero", "-"];
    named.extend(is_sparse.then_some(hole.to_str().unwrap()));
    for path in named {
        let mut report = written.clone();
        report["manifest"]["inputs"][0]["path"] = path.into();
        fs::write(&file, report.to_string()).unwrap();
        let since = std::time::Instant::now();
        let checked = verify(&file, &[]);
        assert!(since.elapsed() < PROMPT, "{path}");
        let told = text(&checked.stdout);
        assert_eq!((checked.status.code(), told.contains("secret")), (Some(1), false), "{path}: {told}");
        assert!(told.lines().any(|line| line.contains("FAIL") && line.contains(path)), "{path}: {told}");
    }
}

#[test]
fn a_report_of_somebody_else_shows_records_only_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (log, mixed, hole) = (folder.path().join("a.log"), folder.path().join("mixed"), folder.path().join("hole"));
    fs::write(&log, ended(&[failed(0, "r")])).unwrap();
    fs::write(&mixed, ended(&["PASSWORD=hunter2".to_owned(), failed(0, "r"), failed(1, "s"), "after".to_owned()]))
        .unwrap();
    let is_sparse = fs::File::create(&hole).unwrap().set_len(1 << 40).is_ok();
    let written = esaudit(&["report", log.to_str().unwrap(), "--format", "json"]).stdout;
    let crafted = |file: &Path, line: u64| {
        let mut report: serde_json::Value = serde_json::from_slice(&written).unwrap();
        report["groups"][0]["evidence"] = serde_json::json!([{ "path": file, "line": line }]);
        let path = folder.path().join("crafted.json");
        fs::write(&path, report.to_string()).unwrap();
        path
    };
    for raw in [&[][..], &["--raw"]] {
        let shown = text(&show("G1", &crafted(&mixed, 2), &[&["-C", "50"], raw].concat()).stdout);
        let records = shown.matches("authentication_failed").count();
        assert_eq!((records, shown.contains("hunter2"), shown.contains("after")), (2, false, false), "{shown}");
        // Whoever names the file wants to see what stands around.
        let named = show("G1", &crafted(&mixed, 2), &[&["-C", "50", mixed.to_str().unwrap()], raw].concat());
        assert!(text(&named.stdout).contains("hunter2"));
        if is_sparse {
            let since = std::time::Instant::now();
            let shown = show("G1", &crafted(&hole, 2), raw);
            assert!(since.elapsed() < PROMPT, "{:?}", since.elapsed());
            assert_eq!((shown.status.code(), shown.stdout.len()), (Some(2), 0), "{shown:?}");
        }
    }
}
