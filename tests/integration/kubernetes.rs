//! The Jobs of `contrib/kubernetes`, and the playbook: they parse, and their scripts give the report of one run.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use test_support::{esaudit, python};

/// A YAML file.
fn parsed(python: &Path, path: &str) -> Value {
    const PARSE: &str = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    serde_json::from_str(&python::run(python, PARSE, &[path])).unwrap()
}

/// Runs the script of a Job's only container on other folders, as the pod of an index.
fn run(job: &Value, folders: [&Path; 2], index: usize) {
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let command: Vec<&str> =
        container["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let [shell, option, script] = command.as_slice() else { panic!("{command:?}") };
    let [logs, parts] = folders.map(|path| path.to_str().unwrap());
    let script = script.replace("/logs", logs).replace("/parts", parts);
    let bin = Path::new(env!("CARGO_BIN_EXE_esaudit")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut program = Command::new(shell);
    program.args([option, script.as_str()]).env("PATH", path).env("JOB_COMPLETION_INDEX", index.to_string());
    for variable in container["env"].as_array().into_iter().flatten() {
        program.env(variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap());
    }
    let output = program.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_jobs_give_the_report_of_one_run() {
    let Some(python) = python::with("yaml") else { return };
    let scan = parsed(&python, "contrib/kubernetes/scan.yaml");
    let merge = parsed(&python, "contrib/kubernetes/merge.yaml");
    let shares = scan["spec"]["completions"].as_u64().unwrap() as usize;
    assert_eq!(scan["spec"]["completionMode"], "Indexed");
    let env = &scan["spec"]["template"]["spec"]["containers"][0]["env"][0];
    assert_eq!((env["name"].as_str(), env["value"].as_str()), (Some("SHARES"), Some(shares.to_string().as_str())));

    let folder = tempfile::tempdir().unwrap();
    let (logs, parts) = (folder.path().join("logs"), folder.path().join("out"));
    copy(Path::new("testdata/incident"), &logs);
    std::fs::write(logs.join("es-3/an empty log.json"), b"").unwrap();
    std::fs::create_dir(&parts).unwrap();
    let folders = [logs.as_path(), parts.as_path()];
    // One pod is repeated.
    for index in (0..shares).chain([1]) {
        run(&scan, folders, index);
    }
    run(&merge, folders, 0);
    let direct = esaudit(&["report", logs.to_str().unwrap(), "--format", "json"]).stdout;
    assert!(std::fs::read(parts.join("report.json")).unwrap() == direct);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn the_playbook_scans_and_merges() {
    let Some(python) = python::with("yaml") else { return };
    let play = parsed(&python, "contrib/ansible/scan.yml");
    let tasks = play[0]["tasks"].as_array().unwrap();
    let scan = tasks.iter().find(|task| task["name"] == "Scan").unwrap();
    let words: Vec<&str> =
        scan["ansible.builtin.command"]["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    // The command itself, with what Ansible puts in.
    let folder = tempfile::tempdir().unwrap();
    let filled: Vec<String> = words
        .iter()
        .map(|word| {
            word.replace("{{ folder.path }}/esaudit", env!("CARGO_BIN_EXE_esaudit"))
                .replace("{{ folder.path }}", folder.path().to_str().unwrap())
                .replace("{{ logs }}", "testdata/incident/es-1")
                .replace("{{ inventory_hostname }}", "es-1")
        })
        .collect();
    let output = Command::new(&filled[0]).args(&filled[1..]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.path().join("part.esa").exists());
}
