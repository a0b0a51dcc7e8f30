//! Keeps the README true: every command in a `console` block is run, and what it prints must be what stands there.
//!
//! `ESAUDIT_UPDATE_README=1 cargo test --test readme` writes the present output into the README instead.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A command and the place of its output among the lines of the README.
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

#[test]
fn the_readme_shows_what_its_commands_print() {
    let path = root().join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let examples = examples(&lines);
    assert!(!examples.is_empty(), "the README has no examples");

    let jq = has("jq");
    assert!(jq || std::env::var_os("ESAUDIT_ALL_TESTS").is_none(), "jq is not installed");
    let duckdb = duckdb().is_some();
    assert!(duckdb || std::env::var_os("ESAUDIT_ALL_TESTS").is_none(), "no Python has duckdb");
    let folder = playground();
    let mut renewed = Vec::new();
    let mut written = 0;
    let mut wrong = Vec::new();
    for example in &examples {
        renewed.extend(lines[written..example.output.start].iter().map(|&line| line.to_owned()));
        written = example.output.end;
        let shown = &lines[example.output.clone()];
        if !jq && example.command.contains("jq ") || !duckdb && example.command.contains("duckdb") {
            renewed.extend(shown.iter().map(|&line| line.to_owned()));
            continue;
        }
        let output = run(&example.command, folder.path());
        let printed: Vec<&str> = output.lines().collect();
        if printed != shown {
            wrong.push(format!("$ {}\n{output}", example.command));
        }
        renewed.extend(printed.iter().map(|&line| line.to_owned()));
    }
    renewed.extend(lines[written..].iter().map(|&line| line.to_owned()));

    if std::env::var_os("ESAUDIT_UPDATE_README").is_some() {
        fs::write(&path, renewed.join("\n") + "\n").unwrap();
        return;
    }
    assert!(
        wrong.is_empty(),
        "{} of {} examples print something else now. If that is right, renew them with\n\
         ESAUDIT_UPDATE_README=1 cargo test --test readme\n\n{}",
        wrong.len(),
        examples.len(),
        wrong.join("\n")
    );
}

/// What the README shows of the incident is also what was planted: attempts by principal and chain, and the totals.
#[test]
fn the_incident_agrees_with_its_truth() {
    let output = run("esaudit report testdata/incident --format json", playground().path());
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

/// The anchor of a heading: lower case, spaces to hyphens, other signs dropped.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn links_within_the_repository_lead_somewhere() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let anchors: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect();
    for (at, _) in text.match_indices("](") {
        let target = text[at + 2..].split(')').next().unwrap();
        if target.contains("://") {
            continue;
        }
        let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
        assert!(file.is_empty() || root().join(file).exists(), "{target}");
        assert!(!file.is_empty() || anchors.iter().any(|known| known == fragment), "{target}");
    }
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
