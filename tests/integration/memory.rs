//! Bounded memory: what has no room is counted exactly, and said.

use std::process::Command;

use serde_json::Value;

use test_support::line::{Line, failed};
use test_support::{Inputs, ended, json};

/// A flood of new names over a few that fail often, and some that fail three times.
fn flood(names: i64) -> Vec<String> {
    let attempt = |at: i64, who: &str, from: &str| {
        Line::new(at * 100, "authentication_failed").user(who).from(from).request(&format!("r{at}")).end()
    };
    let mut lines = Vec::new();
    for number in 0..names {
        let address = format!("10.{}.{}.{}:40000", number >> 16, number >> 8 & 255, number & 255);
        let at = lines.len() as i64;
        lines.push(attempt(at, &format!("nobody-{number:07}"), &address));
        if number % 20 == 0 {
            let at = lines.len() as i64;
            lines.push(
                Line::new(at * 100, "realm_authentication_failed")
                    .user("backup")
                    .request(&format!("r{}", at + 1))
                    .realm("native1")
                    .end(),
            );
            lines.push(attempt(at + 1, "backup", "192.0.2.9:1"));
        }
        if number % 100 < 3 {
            let at = lines.len() as i64;
            lines.push(attempt(at, &format!("person-{}", number / 100), "192.0.2.10:1"));
        }
    }
    lines
}

fn report(inputs: &Inputs, options: &[&str]) -> Value {
    serde_json::from_slice(&json(&[inputs.path().to_str().unwrap()], options)).unwrap()
}

fn sum(list: &Value, members: &[&str]) -> u64 {
    let list = list.as_array().unwrap();
    list.iter().map(|entry| members.iter().map(|member| entry[member].as_u64().unwrap()).sum::<u64>()).sum()
}

const TIMELINE: [&str; 2] = ["authentication_failed", "anonymous_access_denied"];

#[test]
fn counts_stay_exact_and_what_was_left_out_is_said() {
    let lines = flood(12_000);
    let mut inputs = Inputs::new();
    let half = lines.len() / 2;
    inputs.add("1.json", &ended(&lines[..half]));
    inputs.add("2.json", &ended(&lines[half..]));
    // The same events again count once, left out or not.
    inputs.add("copy.json", &ended(&lines[half / 2..half + half / 2]));
    let whole = report(&inputs, &[]);
    let short = report(&inputs, &["--max-memory", "3M", "--chunk-size", "65536"]);
    assert_eq!(
        (&whole["coverage"]["complete"], &short["coverage"]["complete"]),
        (&Value::from(true), &Value::from(false))
    );
    assert_eq!(whole["coverage"]["counted_only"], Value::Null);
    assert_eq!(whole["parameters"]["max_memory"], Value::Null);
    let left_out = short["coverage"]["counted_only"]["attempts"].as_u64().unwrap();
    assert!(left_out > 1_000, "{left_out}");
    assert_eq!(short["totals"], whole["totals"]);
    assert_eq!(short["coverage"]["duplicates"], whole["coverage"]["duplicates"]);
    assert_eq!(short["coverage"]["actions"], whole["coverage"]["actions"]);
    assert_eq!(short["timeline"], whole["timeline"]);
    let attempts = whole["totals"]["failed_attempts"].as_u64().unwrap();
    assert_eq!(sum(&short["groups"], &["count"]), attempts - left_out);
    assert_eq!(sum(&short["timeline"]["buckets"], &TIMELINE), attempts);
    // Who fails often is whole, with the chain.
    assert_eq!(short["groups"][0], whole["groups"][0]);
    assert_eq!(short["groups"][0]["realm_chain"][0], "native1");
    let people = |report: &Value| {
        let groups = report["groups"].as_array().unwrap().iter();
        groups.filter(|group| group["principal"].as_str().unwrap().starts_with("person-")).cloned().collect::<Vec<_>>()
    };
    assert_eq!(people(&short), people(&whole));
    let told = short["coverage"]["cannot_tell"][0].as_str().unwrap();
    assert!(told.contains(&left_out.to_string()) && told.contains("--max-memory (3 MiB)"), "{told}");
    // Who wants all or nothing gets nothing.
    let strict = Command::new(env!("CARGO_BIN_EXE_esaudit"))
        .args(["report", inputs.path().to_str().unwrap(), "--max-memory", "3M", "--chunk-size", "65536", "--strict"])
        .output()
        .unwrap();
    assert_eq!((strict.status.code(), &strict.stdout[..]), (Some(2), &b""[..]));
    let told = String::from_utf8_lossy(&strict.stderr).into_owned();
    assert!(told.replace(',', "").contains(&format!("because of --strict: {left_out} attempts are")), "{told}");
}

#[test]
fn what_is_kept_depends_on_the_events_alone() {
    let lines = flood(12_000);
    let mut inputs = Inputs::new();
    for (number, part) in lines.chunks(5_000).enumerate() {
        inputs.add(&format!("{number}.json"), &ended(part));
    }
    let run = |threads, chunk| {
        let report = report(&inputs, &["--max-memory", "2M", "--threads", threads, "--chunk-size", chunk]);
        assert!(report["coverage"]["counted_only"]["attempts"].as_u64().unwrap() > 0);
        report
    };
    let first = run("1", "1048576");
    for (threads, chunk) in [("1", "8192"), ("2", "65536"), ("3", "20000"), ("8", "8192")] {
        assert_eq!(run(threads, chunk), first, "{threads} threads, chunks of {chunk}");
    }
}

#[test]
fn one_that_fails_too_often_is_kept_in_part() {
    let lines: Vec<String> = (0..20_000)
        .map(|at| Line::new(at * 10, "authentication_failed").user("kim").request(&format!("r{at}")).end())
        .collect();
    let inputs = Inputs::of(&[("audit.json", &lines)]);
    let short = report(&inputs, &["--max-memory", "3M", "--chunk-size", "65536"]);
    let counted = &short["coverage"]["counted_only"];
    let kept = short["groups"][0]["count"].as_u64().unwrap();
    assert_eq!((&counted["principals"], &counted["principals_in_part_total"]), (&Value::from(0), &Value::from(1)));
    assert_eq!(counted["principals_in_part"][0]["key"], "kim");
    assert_eq!(counted["principals_in_part"][0]["count"], counted["attempts"]);
    assert_eq!(counted["attempts"].as_u64().unwrap() + kept, 20_000);
    assert!((500..15_000).contains(&kept), "{kept}");
}

#[test]
fn states_that_fit_after_all_leave_no_trace() {
    let inputs = Inputs::of(&[("audit.json", &flood(4_000))]);
    // Each worker's share is half of what may be kept: it is crossed, but everything together fits.
    let options = ["--max-memory", "5M", "--chunk-size", "16384", "--threads", "2"];
    let short = json(&[inputs.path().to_str().unwrap()], &options);
    let whole = json(&[inputs.path().to_str().unwrap()], &[]);
    let (short, whole): (Value, Value) =
        (serde_json::from_slice(&short).unwrap(), serde_json::from_slice(&whole).unwrap());
    assert_eq!(short["groups"], whole["groups"]);
    assert_eq!(short["totals"], whole["totals"]);
    assert_eq!(short["findings"], whole["findings"]);
    assert_eq!(short["groups_total"], whole["groups_total"]);
    assert_eq!(short["coverage"]["counted_only"], Value::Null);
}

#[test]
fn without_room_for_temporary_files_nothing_is_lost() {
    let inputs = Inputs::of(&[("audit.json", &flood(4_000))]);
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_esaudit"))
        .args(["report", "--format", "json", "--max-memory", "1M", "--chunk-size", "16384", "--threads", "1", "-q"])
        .arg(inputs.path())
        .env("TMPDIR", inputs.path().join("missing"))
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&run.stderr).contains("temporary files cannot be used"), "{run:?}");
    let report: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert_eq!(report["totals"]["failed_attempts"], 4_000 + 200 + 120);
    assert!(report["coverage"]["problems"][0]["message"].as_str().unwrap().contains("TMPDIR"));
}

#[test]
fn rows_that_have_no_room_are_said_to_be_missing() {
    let inputs = Inputs::of(&[("audit.json", &flood(4_000))]);
    let path = inputs.path().to_str().unwrap();
    let events = |limit: &str| {
        test_support::esaudit(&["events", path, "--max-memory", limit, "--chunk-size", "16384", "--threads", "1"])
    };
    let whole = events("1G");
    assert_eq!((whole.status.code(), whole.stderr.len()), (Some(0), 0));
    let rows = |output: &std::process::Output| output.stdout.iter().filter(|&&byte| byte == b'\n').count();
    let short = events("1M");
    let missing = rows(&whole) - rows(&short);
    assert!(missing > 0);
    let told = String::from_utf8_lossy(&short.stderr).into_owned();
    assert_eq!(
        (short.status.code(), told.contains(&format!("{missing} attempts are left out"))),
        (Some(2), true),
        "{told}"
    );
}

/// Runs `scan` on each file, gives the parts.
fn parts(inputs: &Inputs, names: &[&str], options: &[&str]) -> Vec<String> {
    let scan = |name: &&str| {
        let part = inputs.path().join(name).with_extension("esa").to_str().unwrap().to_owned();
        let log = inputs.path().join(name).to_str().unwrap().to_owned();
        let run = std::process::Command::new(env!("CARGO_BIN_EXE_esaudit"))
            .args([&["scan", &log, "-o", &part], options].concat())
            .status()
            .unwrap();
        assert!(run.success());
        part
    };
    names.iter().map(scan).collect()
}

fn merged(parts: &[String], options: &[&str]) -> Value {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_esaudit"))
        .args([&["merge", "--format", "json"], options].concat())
        .args(parts)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&run.stdout).unwrap()
}

fn three_logs() -> Inputs {
    let lines = flood(12_000);
    let mut inputs = Inputs::new();
    for (number, part) in lines.chunks(lines.len().div_ceil(3)).enumerate() {
        inputs.add(&format!("{number}.json"), &ended(part));
    }
    inputs
}

const LOGS: [&str; 3] = ["0.json", "1.json", "2.json"];

#[test]
fn merging_leaves_out_what_one_run_leaves_out() {
    let inputs = three_logs();
    let logs: Vec<String> = LOGS.map(|name| inputs.path().join(name).to_str().unwrap().to_owned()).into();
    let logs: Vec<&str> = logs.iter().map(String::as_str).collect();
    let mut parts = parts(&inputs, &LOGS, &[]);
    for limit in ["2M", "4M", "64M"] {
        let one: Value = serde_json::from_slice(&json(&logs, &["--max-memory", limit])).unwrap();
        let left_out = &one["coverage"]["counted_only"];
        assert_eq!(left_out.is_null(), limit == "64M", "{left_out}");
        // Where nothing is left out other tests merge in every order.
        for _ in 0..if limit == "2M" { 3 } else { 1 } {
            parts.rotate_left(1);
            assert_eq!(merged(&parts, &["--max-memory", limit]), one, "{limit}");
        }
    }
}

#[test]
fn totals_of_parts_that_left_something_out_are_bounds_and_said_to_be() {
    let inputs = three_logs();
    let whole = merged(&parts(&inputs, &LOGS, &[]), &[]);
    let short = merged(&parts(&inputs, &LOGS, &["--max-memory", "1M", "--chunk-size", "16384"]), &[]);
    assert!(short["coverage"]["counted_only"]["attempts"].as_u64().unwrap() > 1_000);
    // No event stands in two of the logs, so attempts are exact; principals do, so they are counted in each.
    assert_eq!(short["totals"]["failed_attempts"], whole["totals"]["failed_attempts"]);
    for key in ["principals", "sources"] {
        assert!(short["totals"][key].as_u64() >= whole["totals"][key].as_u64(), "{key}");
    }
    let told = |report: &Value| report["coverage"]["cannot_tell"].to_string().contains("upper bounds");
    assert!(told(&short) && !told(&whole));
    // One part alone is exact, and so is a part merged with what holds no attempt.
    let one = |options: &[&str]| merged(&parts(&inputs, &LOGS[..1], options), &[]);
    let (short, whole) = (one(&["--max-memory", "1M", "--chunk-size", "16384"]), one(&[]));
    assert_eq!(short["totals"], whole["totals"]);
    assert!(!told(&short));
}

#[test]
fn powerful_actions_beyond_those_that_are_kept_are_read_again_or_said_to_be_missing() {
    let act = |at: i64| {
        let line = Line::new(at * 1000, "access_granted").user("kim").from("10.0.0.1:5").request(&format!("r{at}"));
        line.text("origin.type", "rest").text("action", "indices:admin/delete").raw("indices", r#"["x"]"#).end()
    };
    // Newest first: what comes later is earlier than all that is kept.
    let log = |count: i64| Inputs::of(&[("audit.json", &(0..count).rev().map(act).collect::<Vec<_>>())]);
    let events = |inputs: &Inputs, options: &[&str]| {
        let arguments =
            ["events", inputs.path().to_str().unwrap(), "--kind", "powerful", "--format", "jsonl", "--quiet"];
        let events = test_support::esaudit(&[&arguments, options].concat());
        let rows = events.stdout.iter().filter(|&&byte| byte == b'\n').count();
        ((rows, events.status.code()), events.stdout)
    };
    let few = log(64);
    assert_eq!((events(&few, &[]).0, few.report(&[]).coverage.complete), ((64, Some(0)), true));
    let many = log(1000);
    assert!(!many.report(&[]).coverage.complete);
    let (told, whole) = events(&many, &[]);
    assert_eq!(told, (1000, Some(0)));
    assert!(events(&many, &["--threads", "3", "--chunk-size", "2000"]).1 == whole);
    // Where there is no room for all of them, and where nothing can be read again, it is said.
    assert_eq!(events(&many, &["--max-memory", "1M"]).0, (64, Some(2)));
    let file = many.path().join("audit.json");
    let command =
        format!("cat {} | {} events - --kind powerful --format jsonl", file.display(), env!("CARGO_BIN_EXE_esaudit"));
    let piped = std::process::Command::new("sh").args(["-c", &command]).output().unwrap();
    assert_eq!(piped.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&piped.stderr).contains("936 powerful actions are left out"));
}

#[test]
fn too_little_memory_for_threads_is_told() {
    let inputs = Inputs::of(&[("audit.json", &flood(40))]);
    let path = inputs.path().join("audit.json");
    let command = format!(
        "ulimit -c 0; ulimit -v 400000; exec {} report {} --threads 64 --format json",
        env!("CARGO_BIN_EXE_esaudit"),
        path.display()
    );
    let output = std::process::Command::new("sh").args(["-c", &command]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    // However much each thread takes here: there is a whole answer, or a word why there is none.
    match output.status.code() {
        Some(0) => assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok()),
        code => {
            assert_eq!((code, output.stdout.len()), (Some(2), 0), "{told}");
            assert!(told.contains("ulimit -v"), "{told}");
        }
    }
}

/// What has no room to say that a limit left something out: the run says it on standard error, however quiet, and ends with 2.
#[test]
fn what_a_limit_left_out_is_said_by_every_verb() {
    let mut lines = flood(4_000);
    lines.push(failed(1, "long").replace("kim", &"x".repeat(500)));
    let inputs = Inputs::of(&[("audit.json", &lines)]);
    let path = inputs.path().to_str().unwrap();
    let short = ["--max-memory", "1M", "--chunk-size", "16384", "--threads", "1", "-q"];
    let verbs: [&[&str]; 5] =
        [&["report"], &["keys"], &["check"], &["timeline", "--principal", "kim"], &["impact", "--principal", "kim"]];
    for verb in verbs {
        let run = |format: &str, limits: &[&str]| {
            test_support::esaudit(&[&[verb[0], path], &verb[1..], &["--format", format], limits].concat())
        };
        let whole = run("csv", &["-q"]);
        for limits in [&short[..], &["--max-line", "600", "-q"]] {
            let about = format!("{verb:?} {limits:?}");
            assert_eq!((whole.status.code(), whole.stderr.len()), (Some(0), 0), "{about}");
            let csv = run("csv", limits);
            let told = String::from_utf8_lossy(&csv.stderr).into_owned();
            assert_eq!((csv.status.code(), told.contains(limits[0])), (Some(2), true), "{about} {told}");
            // Tables and JSON say it themselves.
            let json = run("json", limits);
            let report: Value = serde_json::from_slice(&json.stdout).unwrap();
            assert_eq!(report["coverage"]["complete"], Value::from(false), "{about}");
            assert!(report["coverage"]["cannot_tell"].to_string().contains(limits[0]), "{about}");
            assert_eq!((json.status.code(), json.stderr.len()), (Some(0), 0), "{about}");
        }
    }
}

#[test]
fn who_was_left_out_is_not_said_to_be_absent() {
    let inputs = Inputs::of(&[("audit.json", &flood(4_000))]);
    let path = inputs.path().to_str().unwrap();
    let short = ["--max-memory", "1M", "--chunk-size", "16384", "--threads", "1"];
    for verb in ["timeline", "impact"] {
        let run = |limits: &[&str]| {
            let run = test_support::esaudit(&[&[verb, path, "--principal", "nobody"], limits].concat());
            [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        };
        let said =
            |text: &[String; 2]| text.iter().any(|text| text.contains("limits left") && text.contains("--max-memory"));
        assert!(!said(&run(&[])), "{verb}");
        assert!(said(&run(&short)), "{verb} {:?}", run(&short));
    }
    let timeline = test_support::esaudit(&[&["timeline", path, "--principal", "nobody"], &short[..]].concat());
    let [table, remark] = [timeline.stdout, timeline.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(
        remark.contains("where it may be") && table.contains("unless it is in what limits left out"),
        "{table}{remark}"
    );
}

#[test]
fn lines_that_are_too_long_are_missing_from_events() {
    let lines = [failed(0, "r"), failed(1, "s").replace("kim", &"x".repeat(500))];
    let inputs = Inputs::of(&[("audit.json", &lines)]);
    let run = test_support::esaudit(&["events", inputs.path().to_str().unwrap(), "--max-line", "600", "-q"]);
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.stdout.iter().filter(|&&byte| byte == b'\n').count(), 1);
    assert_eq!(
        (run.status.code(), told.contains("1 line is skipped, longer than --max-line")),
        (Some(2), true),
        "{told}"
    );
}
