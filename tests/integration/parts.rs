//! Parts: whatever the split into parts and the order of merging, the bytes of one run.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use esaudit::internals::document::formats::{Form, Results as _};
use esaudit::internals::error::PartError;
use esaudit::internals::options::Options;
use esaudit::internals::part::{MAGIC, Part};
use esaudit::internals::pipeline;
use esaudit::internals::pipeline::{Analysis, Inputs as Source, Request, analyze};
use proptest::prelude::*;

use test_support::Inputs;
use test_support::ended;
use test_support::line::failed;
use test_support::model::{Event, arrange, cut, event, lines, order};

fn options(threads: usize) -> Options {
    // Small chunks, so that requests straddle them.
    Options { threads, chunk_size: 4096, ..Options::default() }
}

fn scan(paths: &[OsString], threads: usize) -> Part {
    Request::of(paths, options(threads)).read().unwrap().part().clone()
}

fn bytes(part: &Part) -> Vec<u8> {
    let mut bytes = Vec::new();
    part.write(&mut bytes).unwrap();
    bytes
}

fn rendered(analysis: &Analysis) -> String {
    let mut out = Vec::new();
    analysis.report.data(Form::Json, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Merges named parts in a tree that `shape` decides, each merge through its bytes.
fn tree(mut parts: Vec<(String, Part)>, shape: &[prop::sample::Index]) -> Part {
    let mut shape = shape.iter().cycle();
    let mut next = |len: usize| shape.next().map_or(0, |index| index.index(len));
    while parts.len() > 1 {
        let one = parts.swap_remove(next(parts.len()));
        let other = parts.swap_remove(next(parts.len()));
        let name = format!("({} {})", one.0, other.0);
        let merged = pipeline::merge_parts([one, other], &options(1)).unwrap();
        parts.push((name, Part::parse(&bytes(&merged)).unwrap()));
    }
    parts.pop().unwrap().1
}

/// Events, each once: what several inputs hold is taken from the first of them, and of parts that is the first that is given.
fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(event(), 1..80).prop_map(|events| {
        let mut met = std::collections::BTreeSet::new();
        let same = |event: &Event| format!("{event:?}").split(", step").next().map(str::to_owned);
        events.into_iter().filter(|event| met.insert(same(event))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_parts_merged_in_any_way_are_one_run(
        events in events(),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
        owners in prop::collection::vec(0..4_usize, 8),
        shape in prop::collection::vec(any::<prop::sample::Index>(), 8),
        order in order(),
    ) {
        let mut inputs = Inputs::new();
        let lines = arrange(&events, lines(&events), order);
        let files: Vec<OsString> = cut(&lines, cuts)
            .iter()
            .enumerate()
            .map(|(index, file)| inputs.add(&format!("{index}.json"), &ended(file)).into_os_string())
            .collect();
        let parts: Vec<(String, Part)> = (0..4)
            .map(|part| {
                let own = files.iter().zip(&owners).filter(|&(_, &owner)| owner == part).map(|(file, _)| file.clone());
                (part.to_string(), scan(&own.collect::<Vec<_>>(), 1 + part))
            })
            .collect();
        let merged = tree(parts, &shape);
        let whole = scan(&files, 3);
        prop_assert!(bytes(&merged) == bytes(&whole), "the merged part differs");
        let one_run = rendered(&analyze(Request::of(&files, options(2))).unwrap());
        let of_parts = rendered(&analyze(Request::new(Source::Part(Box::new(merged)), options(1))).unwrap());
        prop_assert_eq!(of_parts, one_run);
    }

    #[test]
    fn damage_is_noticed(at in any::<prop::sample::Index>(), flip in 1..=255_u8, cut in any::<prop::sample::Index>()) {
        let inputs = Inputs::of(&[("a.json", &[failed(1, "r1").as_str()])]);
        let mut bytes = bytes(&scan(&[inputs.path().into()], 1));
        let cut = cut.index(bytes.len());
        prop_assert!(Part::parse(&bytes[..cut]).is_err(), "{cut} bytes of {}", bytes.len());
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(Part::parse(&bytes).is_err(), "byte {at} changed");
    }
}

fn esaudit(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_esaudit")).args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Two parts of one line each, in a folder.
fn two() -> (Inputs, String, String) {
    let inputs =
        Inputs::of(&[("a/audit.json", &[failed(1, "r1").as_str()]), ("b/audit.json", &[failed(2, "r2").as_str()])]);
    let path = |name: &str| inputs.path().join(name).to_str().unwrap().to_owned();
    for name in ["a", "b"] {
        let done = esaudit(&["scan", &path(name), "-o", &path(&format!("{name}.esa"))]);
        assert_eq!((done.status.code(), stderr(&done)), (Some(0), String::new()));
    }
    let (one, other) = (path("a.esa"), path("b.esa"));
    (inputs, one, other)
}

#[test]
fn merge_writes_reports_and_parts() {
    let (inputs, one, other) = two();
    let path = |name: &str| inputs.path().join(name).to_str().unwrap().to_owned();
    let (all, json) = (path("all.esa"), path("report.json"));
    let done = esaudit(&["merge", &other, &one, "-o", &all, "-o", &json, "-o", "-"]);
    assert_eq!((done.status.code(), stderr(&done)), (Some(0), String::new()));
    assert!(String::from_utf8_lossy(&done.stdout).contains("2 failed attempts"));
    let again = esaudit(&["merge", &all, "--format", "json"]);
    let direct = esaudit(&["report", &path("a"), &path("b"), "--format", "json"]);
    assert_eq!(again.stdout, direct.stdout);
    assert_eq!(std::fs::read(json).unwrap(), direct.stdout);
}

#[test]
fn a_prefix_tells_machines_apart() {
    let (inputs, one, _) = two();
    let folder = inputs.path().join("a");
    let prefixed = inputs.path().join("prefixed.esa");
    let (folder, prefixed) = (folder.to_str().unwrap(), prefixed.to_str().unwrap());
    assert_eq!(esaudit(&["scan", folder, "--prefix", "es-2:", "-o", prefixed]).status.code(), Some(0));
    let done = esaudit(&["merge", &one, prefixed, "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["coverage"]["inputs"][1]["path"], format!("es-2:{folder}/audit.json"));
}

#[test]
fn what_does_not_fit_together_is_refused_and_nothing_is_written() {
    let (inputs, one, other) = two();
    let path = |name: &str| inputs.path().join(name).to_str().unwrap().to_owned();
    let alike = path("alike.esa");
    assert_eq!(esaudit(&["scan", &path("b"), "--assume-tz", "+02:00", "-o", &alike]).status.code(), Some(0));
    let mut damaged = std::fs::read(&one).unwrap();
    let mut newer = damaged.clone();
    damaged[40] ^= 1;
    newer[MAGIC.len()] = 99;
    std::fs::write(path("damaged.esa"), damaged).unwrap();
    std::fs::write(path("newer.esa"), newer).unwrap();
    std::fs::write(path("empty.esa"), b"").unwrap();
    let target = path("all.esa");
    for (parts, told) in [
        (vec![one.clone(), one.clone()], "both hold"),
        (vec![one.clone(), alike], "--assume-tz"),
        (vec![other.clone(), path("damaged.esa")], "damaged"),
        (vec![other.clone(), path("newer.esa")], "format 99"),
        (vec![other.clone(), path("empty.esa")], "not a part file"),
        (vec![other.clone(), path("a/audit.json")], "not a part file"),
        (vec![other.clone(), path("missing.esa")], "missing.esa"),
        (vec![path("")], "name the part files in it"),
    ] {
        let mut arguments = vec!["merge", "-o", &target];
        arguments.extend(parts.iter().map(String::as_str));
        let done = esaudit(&arguments);
        assert_eq!(done.status.code(), Some(2), "{told}");
        assert!(stderr(&done).contains(told), "{}", stderr(&done));
        assert!(!std::path::Path::new(&target).exists(), "{told}");
    }
    let by_path = esaudit(&["merge", &one, "--by", "path"]);
    assert!(stderr(&by_path).contains("--keep-path"), "{}", stderr(&by_path));
}

/// The incident, each node scanned by itself or file by file through a pipe, merged in every order.
#[test]
fn the_nodes_of_an_incident_give_the_bytes_of_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let direct = esaudit(&["report", "testdata/incident", "--format", "json"]).stdout;
    let nodes = ["es-1", "es-2", "es-3"].map(|node| {
        let part = folder.path().join(format!("{node}.esa")).to_str().unwrap().to_owned();
        let done = esaudit(&["scan", &format!("testdata/incident/{node}"), "-o", &part]);
        assert_eq!((done.status.code(), stderr(&done)), (Some(0), String::new()));
        part
    });
    // The listing of API keys lies beside the nodes.
    let rest = folder.path().join("rest.esa").to_str().unwrap().to_owned();
    assert_eq!(esaudit(&["scan", "testdata/incident/api_keys.json", "-o", &rest]).status.code(), Some(0));
    for [a, b, c] in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let merged = esaudit(&["merge", &nodes[a], &rest, &nodes[b], &nodes[c], "--format", "json"]);
        assert!(merged.stdout == direct, "in the order {a} {b} {c}");
    }
    let mut piped = Vec::new();
    for path in glob::glob("testdata/incident/**/*.*").unwrap().map(Result::unwrap).filter(|path| path.is_file()) {
        let part = folder.path().join(format!("piped-{}.esa", piped.len())).to_str().unwrap().to_owned();
        let mut child = Command::new(env!("CARGO_BIN_EXE_esaudit"))
            .args(["scan", "-", "--name", path.to_str().unwrap(), "-o", &part])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&std::fs::read(&path).unwrap()).unwrap();
        assert!(child.wait().unwrap().success());
        piped.push(part);
    }
    piped.reverse();
    let arguments: Vec<&str> =
        ["merge", "--format", "json"].into_iter().chain(piped.iter().map(String::as_str)).collect();
    assert!(esaudit(&arguments).stdout == direct, "piped");
    let misused = esaudit(&["scan", "testdata", "--name", "x", "-o", "-"]);
    assert_eq!(misused.status.code(), Some(64));
}

/// The verbs that look at logs say the same of parts.
#[test]
fn verbs_that_read_logs_read_parts() {
    let folder = tempfile::tempdir().unwrap();
    let parts = [
        ("es-1", "testdata/incident/es-1"),
        ("rest", "testdata/incident/es-[23]"),
        ("keys", "testdata/incident/*.json"),
    ]
    .map(|(name, paths)| {
        let part = folder.path().join(format!("{name}.esa")).to_str().unwrap().to_owned();
        let done = esaudit(&["scan", "--keep-path", paths, "-o", &part]);
        assert_eq!((done.status.code(), stderr(&done)), (Some(0), String::new()));
        part
    });
    let of_parts = |verb: &[&str]| {
        let done = esaudit(&[verb, &parts.each_ref().map(String::as_str)].concat());
        (done.status.code(), stderr(&done), String::from_utf8(done.stdout).unwrap())
    };
    for verb in [
        &["timeline", "--source", "198.51.100.0/24", "--format", "json"][..],
        &["timeline", "--principal", "alice"],
        &["events", "--kind", "attempts,changes"],
        &["keys", "--format", "json"],
    ] {
        let done = esaudit(&[verb, &["testdata/incident"]].concat());
        assert!(done.stdout.len() > 500, "{verb:?} has something to say");
        let direct = (done.status.code(), stderr(&done), String::from_utf8(done.stdout).unwrap());
        assert!(of_parts(verb) == direct, "{verb:?}");
    }
    let told = |verb: &[&str], message: &str| {
        let (status, errors, _) = of_parts(verb);
        assert!(status == Some(2) && errors.contains(message), "{verb:?}: {errors}");
    };
    told(&["report"], "esaudit merge");
    // A folder is looked through for logs.
    let done = esaudit(&["report", folder.path().to_str().unwrap()]);
    assert!(done.status.code() == Some(2) && stderr(&done).contains("esaudit merge"), "{}", stderr(&done));
    told(&["events", "testdata/incident"], "scan the logs into a part, too");
    told(
        &["keys", "--assume-tz", "+02:00"],
        "the parts were scanned with `the zone that a node's audit log names, else UTC`",
    );
    let pathless = folder.path().join("pathless.esa").to_str().unwrap().to_owned();
    assert_eq!(esaudit(&["scan", "testdata/incident/es-1", "-o", &pathless]).status.code(), Some(0));
    let events = esaudit(&["events", &pathless]);
    let first: serde_json::Value =
        serde_json::from_slice(events.stdout.split(|&b| b == b'\n').next().unwrap()).unwrap();
    assert_eq!((events.status.code(), &first["url_path"]), (Some(0), &serde_json::Value::Null));
}

#[test]
fn references_to_what_is_not_there_are_noticed() {
    let inputs = Inputs::of(&[("a.json", &[failed(1, "r1").as_str()])]);
    let sound = scan(&[inputs.path().into()], 1);
    let broken: [fn(&mut Part); 5] = [
        |part| part.state.attempts[0].principal.0 = 1_000,
        |part| part.state.attempts[0].chain.0 = 1_000,
        |part| part.state.attempts[0].node = 1_000,
        |part| part.state.attempts[0].pos.chunk = 1_000,
        |part| part.state.chunks[0].input = 1_000,
    ];
    for (number, change) in broken.into_iter().enumerate() {
        let mut part = sound.clone();
        change(&mut part);
        assert!(matches!(Part::parse(&bytes(&part)), Err(PartError::Damaged("its references"))), "{number}");
    }
    assert_eq!(Part::parse(&bytes(&sound)).unwrap(), sound);
}

/// The bytes of a part with another state, as somebody would write it who means harm: sizes and checksum are right.
fn with_state(part: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let length = u32::from_le_bytes(part[12..16].try_into().unwrap()) as usize;
    let header = &part[16..16 + length];
    let mut plain = zstd::decode_all(&part[16 + length..part.len() - 16]).unwrap();
    let size = plain.len();
    change(&mut plain);
    // The size stands last in the header.
    let written = postcard::to_stdvec(&(size as u64)).unwrap();
    assert!(header.ends_with(&written));
    let mut header = header[..header.len() - written.len()].to_vec();
    header.extend(postcard::to_stdvec(&(plain.len() as u64)).unwrap());
    let mut out = part[..12].to_vec();
    out.extend((header.len() as u32).to_le_bytes());
    out.extend(header);
    out.extend(zstd::encode_all(plain.as_slice(), 1).unwrap());
    let checksum = xxhash_rust::xxh3::xxh3_128(&out).to_le_bytes();
    out.extend(checksum);
    out
}

fn incident_part() -> Vec<u8> {
    std::fs::read(test_support::root().join("testdata/es-1.esa")).unwrap()
}

#[test]
fn a_part_that_is_written_anew_is_read() {
    let part = incident_part();
    assert_eq!(Part::parse(&with_state(&part, |_| ())).unwrap(), Part::parse(&part).unwrap());
}

#[test]
fn a_small_part_does_not_take_much_memory() {
    let part = with_state(&incident_part(), |plain| *plain = vec![0; 64 << 20]);
    assert!(part.len() < 200_000, "{}", part.len());
    let most = 100 << 20;
    let refused = Part::parse_within(&part, most);
    assert!(
        matches!(refused, Err(PartError::TooLarge { needs, most: told }) if needs > most && told == most),
        "{refused:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.esa");
    std::fs::write(&path, part).unwrap();
    let output = esaudit(&["merge", path.to_str().unwrap(), "--max-memory", "100M"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--max-memory"), "{}", stderr(&output));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in a part whose checksum is right: it is refused, or gives a report.
    #[test]
    fn a_part_that_was_tampered_with_is_refused_or_gives_a_report(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..5_u8, any::<u8>()), 1..4),
    ) {
        let part = with_state(&incident_part(), |plain| {
            for (at, what, byte) in changes {
                let at = at.index(plain.len());
                match what {
                    0 => plain[at] = byte,
                    1 => plain[at] ^= 1 << (byte % 8),
                    2 => plain.insert(at, byte),
                    3 => drop(plain.remove(at)),
                    _ => {
                        let end = (at + usize::from(byte)).min(plain.len());
                        let copy = plain[at..end].to_vec();
                        plain.splice(at..at, copy);
                    }
                }
            }
        });
        if let Ok(part) = Part::parse(&part) {
            let again = Part::parse(&bytes(&part)).unwrap();
            prop_assert!(again == part);
            let analysis = analyze(Request::new(Source::Part(Box::new(part)), options(1))).unwrap();
            prop_assert!(!rendered(&analysis).is_empty());
        }
    }
}

#[test]
fn a_state_that_is_not_such_as_it_is_written_is_refused() {
    let sound = Part::parse(&incident_part()).unwrap();
    type Harm = fn(&mut esaudit::internals::state::State);
    let harms: [Harm; 12] = [
        |state| state.attempts.swap(0, 1),
        |state| state.attempts[0].pos.line = u32::MAX,
        |state| state.attempts[0].time.0 = i64::MIN,
        |state| state.inputs[0].lines = u64::MAX,
        |state| state.inputs[0].audit_events += 1,
        |state| state.inputs.reverse(),
        |state| state.chunks[0].lines = 0,
        |state| *state.actions.values_mut().next().unwrap() += 1,
        |state| state.nodes[0].audit_events = u64::MAX,
        |state| state.nodes[0].span.first = None,
        |state| state.documents.push((1, state.attempts[0].pos)),
        |state| state.unsettled.events = u64::MAX,
    ];
    for (number, harm) in harms.into_iter().enumerate() {
        let mut part = sound.clone();
        harm(&mut part.state);
        let refused = Part::parse(&bytes(&part));
        assert!(matches!(refused, Err(PartError::Damaged(_))), "harm {number}: {:?}", refused.map(|_| ()));
    }
}
