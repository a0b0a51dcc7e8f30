//! What nightly runs (`scan --state`) take for a copy: only what is one to its last byte; everything else that begins alike is read.

use std::fs;

use test_support::line::Line;
use test_support::{ended, gzip};

use super::nightly::{Nights, lines, told, zipped};

/// A table of failures under a header of so many columns that nobody fills.
fn table(columns: usize, rows: std::ops::Range<i64>) -> Vec<u8> {
    let mut text = "event.action,@timestamp,user.name,origin.address,origin.type,request.id,event.type".to_owned();
    (0..columns).for_each(|at| text.push_str(&format!(",column_that_is_empty_{at:04}")));
    text.push('\n');
    for at in rows {
        let time = format!("2026-03-01T{:02}:{:02}:{:02},000+0000", at / 3600, at / 60 % 60, at % 60);
        text.push_str(&format!("authentication_failed,\"{time}\",alice,10.0.0.1:40000,rest,r{at},rest"));
        text.push_str(&",".repeat(columns));
        text.push('\n');
    }
    text.into_bytes()
}

/// Exports of tables begin alike, whether the first has a header and nothing else, or the header is longer than what is
/// remembered of a begin; those of before lie there still, or are gone, or were compressed.
#[test]
fn exports_under_one_header_are_all_read() {
    for columns in [0, 300] {
        for keep in ["all", "none", "compressed"] {
            let nights = Nights::new();
            let mut failures = 0;
            for night in 0..5_i64 {
                // The first holds nothing else; the fourth less than those before.
                let rows = [0, 7, 9, 3, 11][usize::try_from(night).unwrap()];
                let (name, bytes) = (format!("export-{night}.csv"), table(columns, night * 100..night * 100 + rows));
                if keep == "compressed" {
                    fs::write(nights.log(&format!("{name}.gz")), gzip(&bytes)).unwrap();
                } else {
                    nights.append(&name, &bytes);
                }
                if keep != "all" && night > 0 {
                    fs::remove_dir_all(nights.log("")).unwrap();
                    fs::create_dir(nights.log("")).unwrap();
                    let path = nights.log(&name);
                    match keep {
                        "none" => fs::write(path, &bytes).unwrap(),
                        _ => fs::write(zipped(&path), gzip(&bytes)).unwrap(),
                    }
                }
                let done = nights.scan(&["--quiet"]);
                assert!(matches!(done.status.code(), Some(0 | 2)), "{}", told(&done));
                failures += u64::try_from(rows).unwrap();
                if night > 0 {
                    assert_eq!(nights.failures(), failures, "{columns} {keep} {night}");
                }
            }
        }
    }
}

/// A file that begins with all that there is of another, which grows meanwhile.
#[test]
fn what_begins_like_a_short_file_is_read() {
    let nights = Nights::new();
    let success = Line::new(2000, "access_granted").user("app").request("s").from("10.0.0.8:1").end();
    let begin = [lines(0, 2), ended(&[success])].concat();
    nights.append("a.json", &begin);
    nights.night();
    nights.append("a.json", &lines(10, 5));
    nights.append("b.json", &[begin, lines(20, 4)].concat());
    nights.night();
    assert_eq!(nights.failures(), 2 + 5 + 4);
    // Failures count once; of successes it is said that they may not.
    assert!(nights.merged().contains("whether up to 1 event, mostly successes, happened once or twice"));
    nights.append("b.json", &lines(30, 3));
    nights.night();
    assert_eq!(nights.failures(), 2 + 5 + 4 + 3);
}

/// What is a copy is said, compared once, and read as soon as it is none.
#[test]
fn a_copy_is_compared_to_its_last_byte() {
    let nights = Nights::new();
    let log = lines(0, 100);
    nights.append("a.json", &log);
    nights.night();
    nights.append("copy.json", &log);
    fs::write(nights.log("packed.json.gz"), gzip(&log)).unwrap();
    // As it was at noon; and one that was written to since.
    nights.append("noon.json", &log[..log.len() / 2]);
    let mut other = log.clone();
    let at = other.len() - 200;
    other[at] ^= 1;
    nights.append("other.json", &other);
    let done = nights.scan(&[]);
    let errors = told(&done);
    for name in ["copy.json", "packed.json.gz", "noon.json"] {
        let line = errors.lines().find(|line| line.contains(name)).unwrap_or_default();
        assert!(line.contains("is a copy of") && line.contains("a.json"), "{errors}");
    }
    assert!(!errors.contains("other.json"), "{errors}");
    assert_eq!(nights.parts().len(), 2);
    let done = nights.scan(&["-v"]);
    assert!(told(&done).contains("copy.json: a copy, as in the run before"), "{}", told(&done));
    nights.append("noon.json", &lines(500, 3));
    nights.append("copy.json", &lines(600, 3));
    nights.night();
    // The line that was cut at noon is no event.
    assert_eq!(nights.failures(), 100 + 2 + 3);
}

/// Archives whose first member, size and end are the same.
#[test]
fn an_archive_that_only_looks_like_another_is_read() {
    let nights = Nights::new();
    let tar = |rows: std::ops::Range<i64>| {
        let (one, two) = (lines(0, 40), lines(rows.start, rows.end - rows.start));
        let mut tar = test_support::tar(&[("audit-1.json", &one), ("audit-2.json", &two)]);
        tar.resize(tar.len() + 16384, 0);
        tar
    };
    let (one, two) = (tar(100..120), tar(200..220));
    assert_eq!((one.len(), &one[one.len() - 4096..]), (two.len(), &two[two.len() - 4096..]));
    nights.append("one.tar", &one);
    nights.night();
    nights.append("two.tar", &two);
    nights.append("again.tar", &one);
    let done = nights.scan(&[]);
    assert!(told(&done).contains("again.tar: not read, for it is a copy of"), "{}", told(&done));
    assert_eq!(nights.failures(), 40 + 20 + 20);
    fs::remove_file(nights.log("one.tar")).unwrap();
    nights.night();
    nights.append("three.tar", &tar(300..320));
    nights.night();
    assert_eq!(nights.failures(), 40 + 20 + 20 + 20);
}
