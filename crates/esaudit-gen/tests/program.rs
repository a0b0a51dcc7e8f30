//! The generator as a program: how it ends and where it says what.

#![allow(clippy::unwrap_used, reason = "a test that cannot start the program has failed")]

use std::process::Command;

fn esaudit_gen(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_esaudit-gen")).args(arguments).output().unwrap()
}

#[test]
fn plants_are_listed() {
    let output = esaudit_gen(&["--list-plants"]);
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().lines().any(|line| line.starts_with("password_guessing (")));
}

#[test]
fn a_folder_that_is_not_empty_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kept"), "").unwrap();
    let output = esaudit_gen(&["--out", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("not empty"));
}
