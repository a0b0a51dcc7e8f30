//! The Jobs of `contrib/kubernetes`, and the playbook: they are such as their schemas say, and their scripts give the report of
//! one run with nothing but what their image has.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use test_support::{esaudit, python};

/// A YAML file.
fn parsed(python: &Path, path: &str) -> Value {
    const PARSE: &str = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    serde_json::from_str(&python::run(python, PARSE, &[path])).unwrap()
}

/// What the Dockerfile beside the Jobs puts on the PATH, as far as their README says that they call it.
fn image() -> tempfile::TempDir {
    let dockerfile = std::fs::read_to_string("contrib/kubernetes/Dockerfile").unwrap();
    assert!(dockerfile.contains("FROM alpine:3\nCOPY esaudit /usr/local/bin/\n"), "{dockerfile}");
    let folder = tempfile::tempdir().unwrap();
    let link = |target: &Path, name: &str| std::os::unix::fs::symlink(target, folder.path().join(name)).unwrap();
    link(Path::new(env!("CARGO_BIN_EXE_esaudit")), "esaudit");
    let paths = std::env::var_os("PATH").unwrap();
    for name in ["sh", "find", "sort", "awk", "mktemp", "rm"] {
        let found = std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.is_file());
        link(&found.unwrap(), name);
    }
    folder
}

/// Runs the script of a Job's only container on other folders, as the pod of an index.
fn run(job: &Value, folders: [&Path; 2], index: usize) {
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let command: Vec<&str> =
        container["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let [shell, option, script] = command.as_slice() else { panic!("{command:?}") };
    let [logs, parts] = folders.map(|path| path.to_str().unwrap());
    let script = script.replace("/logs", logs).replace("/parts", parts);
    let image = image();
    let mut program = Command::new(image.path().join(shell));
    program.args([option, script.as_str()]).env("PATH", image.path()).env("JOB_COMPLETION_INDEX", index.to_string());
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

/// More paths in a share than a command line takes: 30,000 of 100 bytes, where all arguments together may be 2 MiB.
#[test]
fn a_share_of_many_files_is_no_command_line() {
    let Some(python) = python::with("yaml") else { return };
    let scan = parsed(&python, "contrib/kubernetes/scan.yaml");
    let folder = tempfile::tempdir().unwrap();
    let (logs, parts) = (folder.path().join("logs"), folder.path().join("out"));
    let deep = logs.join("a".repeat(100));
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::create_dir(&parts).unwrap();
    std::fs::copy("testdata/incident/es-1/prod_audit.json", deep.join("0.json")).unwrap();
    for number in 1..30_000 {
        std::os::unix::fs::symlink("0.json", deep.join(format!("{number}.json"))).unwrap();
    }
    // Links are no files to `find -type f`, and cost no blocks: the list is what the script would find.
    let script = scan["spec"]["template"]["spec"]["containers"][0]["command"][2].as_str().unwrap();
    let mut all = scan.clone();
    let linked = script.replace("find /logs -type f", "find /logs ! -type d");
    assert_ne!(linked, script);
    all["spec"]["template"]["spec"]["containers"][0]["command"][2] = linked.into();
    all["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = "1".into();
    run(&all, [&logs, &parts], 0);
    assert!(parts.join("0.esa").exists());
}

/// Each manifest as the schema of the newest Kubernetes that is known has it, without a member that it does not.
#[test]
fn manifests_are_as_the_schema_says() {
    const VALIDATE: &str = "import sys, yaml, kubernetes_validate as k
for path in sys.argv[1:]:
    for resource in yaml.safe_load_all(open(path)):
        k.validate(resource, k.latest_version(), strict=True)
resource['spec']['template']['spec']['containers'][0]['commands'] = []
try:
    k.validate(resource, k.latest_version(), strict=True)
except k.ValidationError as error:
    print(error.message)";
    let Some(python) = python::with("kubernetes_validate") else { return };
    let told = python::run(&python, VALIDATE, &["contrib/kubernetes/scan.yaml", "contrib/kubernetes/merge.yaml"]);
    assert!(told.contains("'commands' was unexpected"), "{told}");
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

/// What a play sets itself beats the inventory, so a play has only what stands in for what the inventory lacks.
#[test]
fn the_inventory_names_the_folders() {
    let Some(python) = python::with("yaml") else { return };
    for (playbook, names) in [("scan", vec!["logs"]), ("nightly", vec!["logs", "kept"])] {
        let play = parsed(&python, &format!("contrib/ansible/{playbook}.yml"));
        assert!(play[0]["vars"].is_null(), "{playbook}");
        let folders = &play[0]["tasks"][0]["ansible.builtin.set_fact"];
        for name in names {
            let value = folders[name].as_str().unwrap();
            assert!(value.starts_with(&format!("{{{{ {name} | default('/var/")), "{playbook}: {value}");
        }
    }
}

/// Twice: the second run finds nothing new, and has a part of its own.
#[test]
fn the_nightly_playbook_reads_what_is_new() {
    let Some(python) = python::with("yaml") else { return };
    let play = parsed(&python, "contrib/ansible/nightly.yml");
    let tasks = play[0]["tasks"].as_array().unwrap();
    let scan = tasks.iter().find(|task| task["name"] == "Scan").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let words = scan["ansible.builtin.command"]["argv"].as_array().unwrap().iter().map(|word| {
        word.as_str()
            .unwrap()
            .replace("{{ kept }}/esaudit", env!("CARGO_BIN_EXE_esaudit"))
            .replace("{{ kept }}", folder.path().to_str().unwrap())
            .replace("{{ logs }}", "testdata/incident/es-1")
            .replace("{{ inventory_hostname }}", "es-1")
    });
    let words: Vec<String> = words.collect();
    for part in ["es-000001.esa", "es-000002.esa"] {
        let output = Command::new(&words[0]).args(&words[1..]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(folder.path().join(part).exists());
    }
}
