//! Real lines from public repositories, which are not part of this package: the folder is `../shared/samples` beside it,
//! or what `ESAUDIT_SAMPLES` names. Without it these tests pass and say so.

use std::path::{Path, PathBuf};

use test_support::reference::{self, Numbers, Settings};
use test_support::{assert_equal, report};

fn sample(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ESAUDIT_SAMPLES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples"), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    // The crate forbids printing; tests have nobody else to tell.
    #[allow(clippy::print_stderr)]
    {
        eprintln!("skipped: no sample {} (set ESAUDIT_SAMPLES)", path.display());
    }
    None
}

fn numbers(name: &str) -> Option<Numbers> {
    let path = sample(name)?;
    let path = path.to_str().unwrap();
    let report = report(&[path], &[]);
    let settings = Settings { max_line: 64 << 20, offset: 0, bucket_seconds: report.timeline.bucket_seconds };
    let reference = reference::numbers(&[(path.to_owned(), std::fs::read(path).unwrap())], &settings);
    let both = (Numbers::of(&report), reference);
    assert_equal(&both, name);
    Some(both.0)
}

#[test]
fn native_files_of_every_release_are_read_as_the_reference_reads_them() {
    for name in [
        "beats-module-elasticsearch-audit-test-audit.log",
        "beats-module-elasticsearch-audit-test-audit-711.log",
        "beats-module-elasticsearch-audit-test-audit-730.log",
        "beats-module-elasticsearch-audit-test-audit-761.log",
        "beats-module-elasticsearch-audit-test-audit-800.log",
        "beats-module-elasticsearch-audit-test-audit-800.mixed.log",
        "beats-module-elasticsearch-audit-test-audit-docker.log",
        "integrations-elasticsearch-audit-test-audit-logs.log",
        "integrations-elasticsearch-audit-test-security-config-change.log",
        "DERIVED-docker-json-file-wrapped-audit.log",
        "DERIVED-elasticsearch-docs-examples-joined.jsonl",
        "github-issue-server-log-apikey-failures.jsonl",
    ] {
        if let Some(numbers) = numbers(name) {
            assert_eq!(numbers.counts.undecodable, 0, "{name}");
            assert!(numbers.counts.audit + numbers.counts.server > 0, "{name}");
        }
    }
}

#[test]
fn the_first_json_release_has_failures_without_request_ids() {
    if let Some(numbers) = numbers("beats-module-elasticsearch-audit-test-audit.log") {
        assert_eq!(numbers.actions["authentication_failed"], 2);
        assert_eq!(numbers.totals[0], 2);
        let group = &numbers.groups[0];
        assert_eq!((group.principal.as_deref(), &group.chain), (Some("elastic"), &None));
        assert_eq!(group.sources, [("::1".to_owned(), 2)]);
    }
}

#[test]
fn docker_streams_mix_audit_and_server_lines() {
    for name in ["beats-module-elasticsearch-audit-test-audit-docker.log", "DERIVED-docker-json-file-wrapped-audit.log"]
    {
        if let Some(numbers) = numbers(name) {
            assert_eq!((numbers.counts.audit, numbers.counts.server), (2, 1), "{name}");
            assert_eq!(numbers.totals[0], 2, "{name}");
        }
    }
}
