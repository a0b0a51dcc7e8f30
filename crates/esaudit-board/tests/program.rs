//! The board as a program: how it ends where there is nothing to score.

#![allow(clippy::unwrap_used, reason = "a test that cannot start the program has failed")]

use std::process::Command;

fn esaudit_board(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_esaudit-board")).args(arguments).output().unwrap()
}

#[test]
fn seeds_that_are_no_range_are_refused() {
    let output = esaudit_board(&["--held-out", "7"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("expected A..B"));
}

#[test]
fn what_it_is_to_be_held_to_has_to_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let output = esaudit_board(&["--check", folder.path().join("best.toml").to_str().unwrap()]);
    assert_ne!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stderr).unwrap().contains("best.toml"));
}
