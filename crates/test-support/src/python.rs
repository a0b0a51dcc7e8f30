//! Python with the packages that some tests read results back with.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// For the environment of programs that run on Java: they come up in half the time where they do not optimise what ends at once.
pub const JAVA: (&str, &str) = ("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");

/// A Python that has a module: `ESAUDIT_PYTHON`, or that of the environment which `.ci/run` makes. `None`, said, where
/// there is none.
pub fn with(module: &str) -> Option<PathBuf> {
    let found = if_there(module);
    if found.is_none() {
        missing(&format!("no Python with {module} (set ESAUDIT_PYTHON)"));
    }
    found
}

/// The same, of modules that need not be there.
pub fn if_there(module: &str) -> Option<PathBuf> {
    let own = crate::root().join("target/venv/bin/python");
    let python = std::env::var_os("ESAUDIT_PYTHON").map_or(own, PathBuf::from);
    let found = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    found.then_some(python)
}

/// Whether a program is not installed, which is said as [`missing`] does.
pub fn tool_is_missing(tool: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).any(|folder| folder.join(tool).is_file());
    if !found {
        missing(tool);
    }
    !found
}

/// Says that a test is left out for want of a tool; with `ESAUDIT_ALL_TESTS` that is a failure.
#[allow(clippy::print_stderr, reason = "the user is to know what was not tested")]
pub fn missing(tool: &str) {
    assert!(std::env::var_os("ESAUDIT_ALL_TESTS").is_none(), "{tool}");
    eprintln!("skipped: {tool}");
}

/// What a program prints; it must succeed.
pub fn run(python: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(python).args(["-c", program]).args(arguments).env(JAVA.0, JAVA.1).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
