//! Keeps the README and the manual true: every command in a `console` block is run, and what it prints must be what stands
//! there.
//!
//! `ESAUDIT_UPDATE_README=1 cargo test --test integration readme::` writes the present output into them instead.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A command and the place of its output among the lines of a page.
struct Example {
    command: String,
    output: std::ops::Range<usize>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The examples of a text: within a `console` block, a line that begins with `$ ` is a command, which goes on on the next
/// line after a backslash or within single quotes; what follows up to the next command or the end of the block is its
/// output.
fn examples(lines: &[&str]) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut inside = false;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        if line.starts_with("```") {
            inside = line == "```console";
            continue;
        }
        if !inside {
            continue;
        }
        if let Some(begin) = line.strip_prefix("$ ") {
            let mut command = begin.to_owned();
            while let Some(more) = unfinished(&command) {
                command = format!("{more}{}", lines[at]);
                at += 1;
            }
            found.push(Example { command, output: at..at });
        } else if let Some(example) = found.last_mut() {
            example.output.end = at;
        }
    }
    found
}

/// What the next line is to be put after, if the command is not complete.
fn unfinished(command: &str) -> Option<String> {
    let quoted = command.matches('\'').count() % 2 == 1;
    if quoted { Some(format!("{command}\n")) } else { command.strip_suffix('\\').map(str::to_owned) }
}

/// A folder to run in: the test data under its name, so that paths are as in the README and nothing is written beside it;
/// and as `python3` one that has DuckDB, if there is one.
fn playground() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("testdata"), folder.path().join("testdata")).unwrap();
    if let Some(python) = duckdb() {
        fs::create_dir(folder.path().join("bin")).unwrap();
        // No link: an environment is found by the path of its program.
        let program = format!("#!/bin/sh\nexec '{}' \"$@\"\n", python.display());
        let path = folder.path().join("bin/python3");
        fs::write(&path, program).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// A Python that has DuckDB: `ESAUDIT_PYTHON`, or that of the environment which `.ci/run` makes.
fn duckdb() -> Option<PathBuf> {
    let own = root().join("target/venv/bin/python");
    let python = std::env::var_os("ESAUDIT_PYTHON").map_or(own, PathBuf::from);
    let found = Command::new(&python).args(["-c", "import duckdb"]).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success()).then_some(python)
}

fn run(command: &str, folder: &Path) -> String {
    let tools: PathBuf = Path::new(env!("CARGO_BIN_EXE_esaudit")).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths([folder.join("bin"), tools].into_iter().chain(std::env::split_paths(&path))).unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .current_dir(folder)
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn has(tool: &str) -> bool {
    Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// The README, then the pages of the manual.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages.insert(0, root().join("README.md"));
    pages
}

/// The examples of a page that print something else than what stands there; with `ESAUDIT_UPDATE_README` they are renewed.
fn wrong_examples(path: &Path, has_jq: bool, has_duckdb: bool) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let folder = playground();
    let mut renewed = Vec::new();
    let mut written = 0;
    let mut wrong = Vec::new();
    for example in examples(&lines) {
        renewed.extend(lines[written..example.output.start].iter().map(|&line| line.to_owned()));
        written = example.output.end;
        let shown = &lines[example.output.clone()];
        if !has_jq && example.command.contains("jq ") || !has_duckdb && example.command.contains("duckdb") {
            renewed.extend(shown.iter().map(|&line| line.to_owned()));
            continue;
        }
        let output = run(&example.command, folder.path());
        let printed: Vec<&str> = output.lines().collect();
        if printed != shown {
            wrong.push(format!("{}: $ {}\n{output}", path.display(), example.command));
        }
        renewed.extend(printed.iter().map(|&line| line.to_owned()));
    }
    renewed.extend(lines[written..].iter().map(|&line| line.to_owned()));
    if std::env::var_os("ESAUDIT_UPDATE_README").is_some() && !wrong.is_empty() {
        fs::write(path, renewed.join("\n") + "\n").unwrap();
        return Vec::new();
    }
    wrong
}

#[test]
fn the_readme_and_the_manual_show_what_their_commands_print() {
    let jq = has("jq");
    assert!(jq || std::env::var_os("ESAUDIT_ALL_TESTS").is_none(), "jq is not installed");
    let duckdb = duckdb().is_some();
    assert!(duckdb || std::env::var_os("ESAUDIT_ALL_TESTS").is_none(), "no Python has duckdb");
    let pages = pages();
    let found = pages.iter().map(|path| fs::read_to_string(path).unwrap().matches("\n$ ").count()).sum::<usize>();
    assert!(found > 40, "{found} examples");
    let wrong: Vec<String> = pages.iter().flat_map(|path| wrong_examples(path, jq, duckdb)).collect();
    assert!(
        wrong.is_empty(),
        "{} examples print something else now. If that is right, renew them with\n\
         ESAUDIT_UPDATE_README=1 cargo test --test integration readme::\n\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_readme_stays_short() {
    let size = fs::metadata(root().join("README.md")).unwrap().len();
    assert!(size <= 12 * 1024, "{size} bytes: the manual in docs/ is the place for more");
}

/// What the README shows of the incident is also what was planted: attempts by principal and chain, and the totals.
#[test]
fn the_incident_agrees_with_its_truth() {
    let output = run("esaudit report testdata/incident --format json 2>/dev/null", playground().path());
    let report: serde_json::Value = serde_json::from_str(&output).unwrap();
    let truth = fs::read_to_string(root().join("testdata/incident.truth.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
    // Reasons are left out: how many of them can be found is another question.
    let counts = |document: &serde_json::Value| {
        let mut counts = BTreeMap::new();
        for group in document["groups"].as_array().unwrap() {
            let key = format!("{} {}", group["principal"], group["realm_chain"]);
            *counts.entry(key).or_insert(0) += group["count"].as_u64().unwrap();
        }
        counts
    };
    assert_eq!(counts(&report), counts(&truth));
    for (name, total) in truth["totals"].as_object().unwrap() {
        assert_eq!(&report["totals"][name], total, "{name}");
    }
    assert_eq!(report["coverage"]["undecodable_lines"], 0);
}

#[test]
fn examples_are_found_as_written() {
    let text = "```console\n$ one \\\n  more\nout\n\nout\n$ two 'a\nb'\n```\n```sh\n$ not\n```";
    let lines: Vec<&str> = text.lines().collect();
    let found = examples(&lines);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].command.as_str(), found[0].output.clone()), ("one   more", 3..6));
    assert_eq!((found[1].command.as_str(), found[1].output.clone()), ("two 'a\nb'", 8..8));
}
