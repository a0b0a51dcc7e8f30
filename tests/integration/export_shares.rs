//! `esaudit export --share`: what several write side by side is what one writes.
#![cfg(feature = "parquet")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use test_support::{Inputs, esaudit};

use super::export::{export, files};

/// Three days of failures of two accounts.
fn days() -> Inputs {
    use test_support::line::Line;
    let line = |at: i64| {
        let line =
            Line::new(at, "authentication_failed").user(["kim", "lee"][usize::try_from(at / 60_000 % 2).unwrap()]);
        line.from("10.0.0.1:1").request(&format!("r{at}")).end()
    };
    let lines: Vec<String> = (0..3 * 24 * 60).map(|minute| line(minute * 60_000)).collect();
    Inputs::of(&[("a.json", &lines)])
}

#[test]
fn shares_are_the_files_of_the_whole_each_once() {
    let days = days();
    // Fewer shares than days, more than days, and more than files.
    for (path, counts) in [(days.path().to_str().unwrap(), [2, 5]), ("testdata/incident", [1, 9])] {
        let whole = files(export(&[path], &["--threads", "1"]).path());
        for of in counts {
            let mut together: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
            let mut with_attempts = 0;
            for number in 1..=of {
                let share = format!("{number}/{of}");
                let threads = (number % 3 + 1).to_string();
                let written = files(export(&[path], &["--share", &share, "--threads", &threads]).path());
                with_attempts += usize::from(written.keys().any(|name| name.starts_with("attempts")));
                for (name, bytes) in written {
                    assert!(together.insert(name, bytes).is_none(), "{share} of {path}");
                }
            }
            assert!(together == whole, "{of} of {path}");
            // Days are divided, not only tables.
            let days = whole.keys().filter(|name| name.starts_with("attempts")).count();
            assert_eq!(with_attempts, days.min(of), "{of} of {path}");
        }
    }
}

#[test]
fn shares_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let refused = |words: &[&str]| {
        let done = esaudit(&[&["export", "testdata/incident"], words].concat());
        assert_eq!(done.status.code(), Some(64), "{done:?}");
        assert!(!Path::new(&out).exists());
        String::from_utf8(done.stderr).unwrap()
    };
    let out = out.to_str().unwrap();
    assert!(refused(&["--parquet", out, "--share", "3/2"]).contains("2/8"));
    assert!(refused(&["--ocsf", out, "--share", "1/2"]).contains("--share"));
}
