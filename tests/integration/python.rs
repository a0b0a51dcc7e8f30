//! What Python sees: the module of the wheel, the notebook, and object stores read through their command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{esaudit, python};

/// A Python that finds the module in the sources, and the program that was built.
fn with_module(python: &Path) -> Command {
    let mut command = Command::new(python);
    command
        .env("PYTHONPATH", "contrib/python")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("ESAUDIT", env!("CARGO_BIN_EXE_esaudit"));
    command
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// pandas and pyarrow are those of the environment that `.ci/run` makes; without one it is left out within.
#[test]
fn the_module_gives_reports_and_events() {
    let Some(python) = python::with("pandas") else { return };
    let folder = tempfile::tempdir().unwrap();
    succeeds(with_module(&python).args(["contrib/python/tests/module.py", "testdata/incident"]).arg(folder.path()));
}

/// As a newcomer would use the module: what stands for a path or a value is taken, and what does not is told in words of Python.
#[test]
fn the_module_takes_what_python_has_and_says_what_it_does_not() {
    let Some(python) = python::with("sys") else { return };
    let folder = tempfile::tempdir().unwrap();
    succeeds(with_module(&python).args(["contrib/python/tests/misuse.py", "testdata/incident"]).arg(folder.path()));
}

/// The wheel's version is that of the program, which the build reads; its files are there.
#[test]
fn the_wheel_is_described() {
    let text = fs::read_to_string("pyproject.toml").unwrap();
    let project: toml::Table = text.parse().unwrap();
    assert_eq!(project["build-system"]["build-backend"].as_str(), Some("maturin"));
    let maturin = &project["tool"]["maturin"];
    assert_eq!(maturin["bindings"].as_str(), Some("bin"));
    let module = Path::new(maturin["python-source"].as_str().unwrap()).join("esaudit");
    assert!(module.join("__init__.py").exists() && module.join("py.typed").exists());
    assert!(Path::new(project["project"]["readme"].as_str().unwrap()).exists());
    assert_eq!(project["project"]["dynamic"][0].as_str(), Some("version"));
    // What the program is built of beside its sources is in the archive of the sources.
    let included = fs::read_to_string("src/cli/demo.rs").unwrap();
    let logs = included.split("include_bytes!(\"../../").nth(1).unwrap().split('"').next().unwrap();
    for pattern in maturin["exclude"].as_array().unwrap().iter().map(|pattern| pattern.as_str().unwrap()) {
        assert!(!glob::Pattern::new(pattern).unwrap().matches(logs), "{pattern} leaves {logs} out");
    }
}

/// By Jupyter, as `.ci/run` installs it; where a user has none, cell by cell.
#[test]
fn the_notebook_runs() {
    const RUN: &str = "import json, sys
try:
    import nbclient, nbformat
    book = nbformat.read('incident.ipynb', as_version=4)
    nbclient.NotebookClient(book, timeout=120).execute()
    outputs = [output for cell in book.cells if cell.cell_type == 'code' for output in cell.outputs]
    print(''.join(output.get('text', '') for output in outputs))
except ImportError:
    names = {}
    for cell in json.load(open('incident.ipynb'))['cells']:
        if cell['cell_type'] == 'code':
            exec(''.join(cell['source']), names)";
    let Some(python) = python::with("pandas") else { return };
    if python::if_there("nbclient, ipykernel").is_none() {
        python::missing("no Jupyter: the notebook runs cell by cell");
    }
    let module = fs::canonicalize("contrib/python").unwrap();
    let printed = succeeds(with_module(&python).args(["-c", RUN]).env("PYTHONPATH", module).current_dir("examples"));
    assert!(printed.contains("critical · account_compromise · hostile"), "{printed}");
    assert!(printed.lines().filter(|line| line.starts_with("2026-03-01T")).count() == 5, "{printed}");
}

/// The recipe of `docs/beyond-one-machine.md` against a store that moto plays: the report of one run; and a download that breaks
/// off leaves no part and a failure.
#[test]
fn the_recipe_for_object_stores_is_one_run() {
    let Some(python) = python::with("moto.server, awscli, flask") else { return };
    let page = fs::read_to_string("docs/beyond-one-machine.md").unwrap();
    let begin = page.find("set -euo pipefail").unwrap();
    let recipe = &page[begin..begin + page[begin..].find("```").unwrap()];
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("recipe.sh"), recipe).unwrap();
    let told = succeeds(
        Command::new(&python)
            .args(["tests/python/store.py", "testdata/incident/es-1"])
            .arg(folder.path())
            .arg(PathBuf::from(env!("CARGO_BIN_EXE_esaudit")).parent().unwrap()),
    );
    let told: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!((&told["status"], &told["objects"]), (&0.into(), &told["parts"]), "{told}");
    let forbidden = &told["forbidden"];
    assert!(forbidden["status"] != 0 && forbidden["parts"] == 0, "{told}");
    assert!(forbidden["said"].as_str().unwrap().contains("(404)"), "{told}");
    let empty = &told["empty"];
    assert!(empty["status"] == 1 && empty["said"] == "nothing in s3://logs/2027/\n", "{told}");
    let merged = |path: &str| -> serde_json::Value {
        let part = folder.path().join(path).display().to_string();
        serde_json::from_slice(&esaudit(&["merge", &part, "--format", "json"]).stdout).unwrap()
    };
    let direct: serde_json::Value =
        serde_json::from_slice(&esaudit(&["report", "testdata/incident/es-1", "--format", "json"]).stdout).unwrap();
    let stored = merged("all.esa");
    let failures = |report: &serde_json::Value| report["totals"]["failed_attempts"].as_u64().unwrap();
    assert_eq!(failures(&stored), failures(&direct) + 2);
    assert!(stored["coverage"]["inputs"][0]["path"].as_str().unwrap().starts_with("s3://logs/2026/"));
}
