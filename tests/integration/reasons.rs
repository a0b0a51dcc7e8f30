//! How well reasons and keys of the server log are joined to attempts: precision, recall and calibration against what the
//! generator knows it did, also under conditions worse than those it makes. `cargo test --test reasons -- --nocapture`
//! prints the figures.

// Helpers of tests may fail as tests do, and figures are for whoever runs the test.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use esaudit::internals::correlate::Correlated;
use esaudit::internals::options::Options;
use esaudit::internals::pipeline::Request;
use esaudit::internals::reason::{Basis, Reason};
use esaudit::internals::state::RecordKey;
use serde_json::Value;

use test_support::{difference, json};

/// A generated cluster, with what is true of each attempt.
struct Cluster {
    dir: tempfile::TempDir,
    truth: Arc<HashMap<RecordKey, Truth>>,
}

struct Truth {
    reason: String,
    api_key: Option<String>,
    source: Option<String>,
    trace: Option<String>,
}

/// Small numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

const SPARSE: &str = "--nodes 6 --days 0.04 --rate 0.5 --noise 3 --failure-share 0.05 --server-log --failing-keys 6 \
                          --failing-clients 10 --failing-rate 0.2";
const DENSE: &str = "--nodes 6 --days 0.003 --rate 2 --noise 3 --failure-share 0.05 --server-log --failing-keys 6 \
                         --failing-clients 10 --failing-rate 5";

impl Cluster {
    fn new(options: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let attempts = dir.path().join("attempts");
        let logs = dir.path().join("logs");
        let paths = ["--out".as_ref(), logs.as_os_str(), "--truth-attempts".as_ref(), attempts.as_os_str()];
        let arguments = paths.into_iter().chain(options.split_whitespace().map(|option| option.as_ref()));
        if let Err(message) = esaudit_gen::command(arguments) {
            panic!("{options}: {message}");
        }
        let truth = std::fs::read_to_string(&attempts).unwrap();
        let truth = truth
            .lines()
            .map(|line| {
                let attempt: Value = serde_json::from_str(line).unwrap();
                let text = |name: &str| attempt[name].as_str().map(str::to_owned);
                let part = |name: &str| text(name).map(String::into_bytes);
                let parts = [part("node"), part("request_id"), part("principal")];
                let key = RecordKey::of(&parts.each_ref().map(|part| part.as_deref()));
                let reason = text("reason").unwrap();
                (key, Truth { reason, api_key: text("api_key"), source: text("source"), trace: text("trace_id") })
            })
            .collect();
        Self { dir, truth: Arc::new(truth) }
    }

    /// The same once more, to be changed in another way.
    fn copy(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for from in files(&self.logs(), "") {
            let to = dir.path().join(from.strip_prefix(self.dir.path()).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(from, to).unwrap();
        }
        Self { dir, truth: Arc::clone(&self.truth) }
    }

    fn logs(&self) -> PathBuf {
        self.dir.path().join("logs")
    }

    /// Rewrites the lines of the files whose names contain `name`.
    fn rewrite(&self, name: &str, mut change: impl FnMut(&str) -> Vec<String>) {
        for path in files(&self.logs(), name) {
            let text = std::fs::read_to_string(&path).unwrap();
            let lines: Vec<String> = text.lines().flat_map(&mut change).collect();
            std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        }
    }

    /// Shifts the times of the server lines back by up to so many milliseconds: the end of an attempt waited.
    fn jitter(&self, millis: u64) {
        let mut dice = Dice(millis);
        let shift = |line: &str| {
            let at = line.find("\"@timestamp\":\"").unwrap() + 14;
            let time = chrono::DateTime::parse_from_rfc3339(&line[at..at + 24]).unwrap();
            let by = -i64::try_from(dice.below(millis + 1)).unwrap();
            let time = time + chrono::Duration::milliseconds(by);
            vec![format!("{}{}{}", &line[..at], time.format("%Y-%m-%dT%H:%M:%S%.3fZ"), &line[at + 24..])]
        };
        self.rewrite("server", shift);
    }

    /// Drops one line of the server logs in so many.
    fn drop_one_in(&self, share: u64) {
        let mut dice = Dice(share);
        self.rewrite("server", |line| if dice.below(share) == 0 { vec![] } else { vec![line.to_owned()] });
    }

    /// Takes away the ids that would make it easy.
    fn without_traces(&self) {
        for name in ["server", "audit"] {
            self.rewrite(name, |line| {
                let Some(at) = line.find("\"trace.id\":\"") else { return vec![line.to_owned()] };
                vec![format!("{}\"labels.x\":\"{}", &line[..at], &line[at + 12..])]
            });
        }
    }

    /// All clients behind one address.
    fn behind_one_address(&self) {
        self.rewrite("audit", |line| {
            let Some(at) = line.find("\"origin.address\":\"") else { return vec![line.to_owned()] };
            let at = at + 18;
            let end = at + line[at..].find('"').unwrap();
            let port = line[at..end].rsplit(':').next().unwrap();
            vec![format!("{}10.99.0.1:{port}{}", &line[..at], &line[end..])]
        });
    }

    /// A probe without credentials shortly before and after every refusal, and one in between.
    fn probes(&self) {
        let mut number = 0;
        let mut dice = Dice(1);
        self.rewrite("audit", |line| {
            if !line.contains("\"event.action\":\"anonymous_access_denied\"") {
                return vec![line.to_owned()];
            }
            let mut probe = |late: u64| {
                number += 1;
                let at = line.find("\"timestamp\":\"").unwrap() + 13;
                let time = chrono::DateTime::parse_from_str(&line[at..at + 28], "%Y-%m-%dT%H:%M:%S,%3f%z").unwrap();
                let time = time + chrono::Duration::milliseconds(i64::try_from(late + dice.below(40)).unwrap());
                format!(
                    "{}{}{}",
                    &line[..at],
                    time.format("%Y-%m-%dT%H:%M:%S,%3f%z"),
                    line[at + 28..]
                        .replace("\"request.id\":\"", &format!("\"request.id\":\"probe-{number}-"))
                        .replace("\"origin.address\":\"", "\"origin.address\":\"10.255.255.1:5\", \"x\":\"")
                        .replace("\"trace.id\":\"", "\"labels.x\":\"")
                )
            };
            let (one, two) = (probe(1), probe(60));
            vec![line.to_owned(), one, two]
        });
    }

    fn score(&self, about: &str) -> Score {
        self.score_with(about, &Options::default())
    }

    fn score_with(&self, about: &str, options: &Options) -> Score {
        let read = Request::of([self.logs()], options.clone()).read().unwrap();
        let score = Score::of(&read.join().joined, &self.truth);
        println!("{}", score.shown(about));
        score
    }

    /// The report must not depend on order or threads.
    fn assert_stable(&self) {
        let paths: Vec<PathBuf> = files(&self.logs(), "");
        let paths: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
        let backwards: Vec<&str> = paths.iter().rev().copied().collect();
        let one = json(&paths, &["--threads", "1"]);
        for (paths, options) in
            [(&backwards, &["--threads", "3", "--chunk-size", "5000"][..]), (&paths, &["--threads", "2"])]
        {
            let other = json(paths, options);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            if let Some(difference) = difference(&text(&one), &text(&other)) {
                panic!("{options:?} {difference}");
            }
        }
    }
}

fn files(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, name));
        } else if path.file_name().unwrap().to_str().unwrap().contains(name) && !path.ends_with("api_keys.json") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Upper ends of the bins of confidence.
const BINS: [f64; 7] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 1.01];

#[derive(Default)]
struct Score {
    /// Refusals of keys that happened.
    happened: u64,
    /// Told by a line, by inference or by both.
    told: u64,
    /// Put down to a client.
    attributed: u64,
    /// Of these: to an attempt that was a refusal of this very key.
    right: u64,
    /// Refusals whose attempt has the true reason.
    reason_right: u64,
    /// Reasons claimed of any attempt, and those that are true, by basis.
    claimed: [(u64, u64); 5],
    /// Of the attributed lines whose request is known for sure: all, and those put down to the right client.
    traced: (u64, u64),
    /// By bin of confidence: refusals, and right ones.
    bins: [(u64, u64); 7],
}

impl Score {
    fn of(joined: &Correlated, truth: &HashMap<RecordKey, Truth>) -> Self {
        let mut score = Self::default();
        let none = Truth { reason: "missing_credentials".into(), api_key: None, source: None, trace: None };
        // Where the ids that would make it easy were put aside, they tell whose line it is.
        let by_trace: HashMap<&str, &Truth> =
            truth.values().filter_map(|truth| Some((truth.trace.as_deref()?, truth))).collect();
        let texts: Vec<String> = (joined.state.inputs.iter())
            .map(|input| std::fs::read_to_string(&input.label).unwrap_or_default())
            .collect();
        let lines: Vec<Vec<&str>> = texts.iter().map(|text| text.lines().collect()).collect();
        let of = |at: usize| truth.get(&joined.attempts[at].key).unwrap_or(&none);
        for (at, attempt) in joined.attempts.iter().enumerate() {
            let truth = of(at);
            let right = attempt.reason.name() == truth.reason;
            score.happened += u64::from(truth.api_key.is_some());
            score.reason_right += u64::from(truth.api_key.is_some() && right);
            if attempt.reason != Reason::Unknown {
                let (claimed, true_ones) = &mut score.claimed[attempt.basis as usize];
                *claimed += 1;
                *true_ones += u64::from(right);
            }
        }
        let mut met = std::collections::HashSet::new();
        for failure in joined.key_failures.iter() {
            score.told += 1;
            let Some(at) = failure.attempt else { continue };
            assert!(met.insert(at), "an attempt explained twice");
            let truth = of(at as usize);
            let key = joined.state.symbols.string(failure.key);
            let right = failure.reason.name() == truth.reason && (key.is_none() || key == truth.api_key);
            let bin = BINS.iter().position(|end| failure.confidence < *end).unwrap();
            score.bins[bin].0 += 1;
            score.bins[bin].1 += u64::from(right);
            if failure.confidence < 0.5 {
                continue;
            }
            score.attributed += 1;
            score.right += u64::from(right);
            let line = lines[joined.source_lines.input(failure.place.rank)].get(failure.place.line as usize - 1);
            let trace = line.and_then(|line| line.split_once("\"labels.x\":\"")).map(|(_, rest)| &rest[..32]);
            if let Some(of_line) = trace.and_then(|trace| by_trace.get(trace)) {
                score.traced.0 += 1;
                score.traced.1 += u64::from(of_line.source == truth.source);
            }
        }
        score
    }

    fn precision(&self) -> f64 {
        self.right as f64 / self.attributed.max(1) as f64
    }

    fn recall(&self) -> f64 {
        self.right as f64 / self.happened.max(1) as f64
    }

    /// Of those with confidence of at least 0.9, how many are right.
    fn sure(&self) -> f64 {
        let (all, right) = self.bins[5..].iter().fold((0, 0), |sum, bin| (sum.0 + bin.0, sum.1 + bin.1));
        right as f64 / f64::from(u32::try_from(all.max(1)).unwrap())
    }

    fn shown(&self, about: &str) -> String {
        let mut out = format!(
            "{about}: {} refusals of keys, {} told, {} attributed: precision {:.4}, recall {:.4}, reasons right {:.4}; \
                 of those >= 0.9 sure {:.4} are right\n   ",
            self.happened,
            self.told,
            self.attributed,
            self.precision(),
            self.recall(),
            self.reason_right as f64 / self.happened.max(1) as f64,
            self.sure()
        );
        let mut start = 0.0;
        for (end, (all, right)) in BINS.iter().zip(self.bins) {
            let share = right as f64 / all.max(1) as f64;
            write!(out, " [{start:.2},{:.2}) {all}: {share:.3} ", end.min(1.0)).unwrap();
            start = *end;
        }
        out.push_str("\n    reasons claimed: ");
        for basis in [Basis::Explicit, Basis::ServerLog, Basis::Context, Basis::Inferred] {
            let (claimed, right) = self.claimed[basis as usize];
            let share = right as f64 / claimed.max(1) as f64;
            write!(out, "{} {claimed}: {share:.4}  ", basis.name()).unwrap();
        }
        if self.traced.0 > 0 {
            let share = self.traced.1 as f64 / self.traced.0 as f64;
            write!(out, "\n    of {} lines whose client is known, right {share:.4}", self.traced.0).unwrap();
        }
        out
    }

    #[track_caller]
    fn assert_at_least(&self, precision: f64, recall: f64, sure: f64) {
        assert!(self.precision() >= precision, "precision {}", self.precision());
        assert!(self.recall() >= recall, "recall {}", self.recall());
        assert!(self.sure() >= sure, "sure {}", self.sure());
        let (traced, right) = self.traced;
        assert!(right as f64 >= precision * traced as f64, "of {traced} lines {right} to the right client");
    }
}

#[test]
fn sparse_refusals_are_attributed() {
    for (seed, format) in [(1, "ecs"), (2, "json7"), (3, "text"), (3, "csv")] {
        let cluster = Cluster::new(&format!("{SPARSE} --seed {seed} --server-format {format}"));
        cluster.score(&format!("sparse, {format}")).assert_at_least(0.99, 0.95, 0.99);
    }
    let cluster = Cluster::new(&format!("{SPARSE} --seed 4 --wrap docker --server-format json7"));
    cluster.score("sparse, docker").assert_at_least(0.99, 0.95, 0.99);
}

#[test]
fn dense_refusals_are_attributed() {
    for (seed, format) in [(11, "ecs"), (12, "json7"), (13, "text")] {
        let cluster = Cluster::new(&format!("{DENSE} --seed {seed} --server-format {format}"));
        cluster.score(&format!("dense, {format}")).assert_at_least(0.99, 0.9, 0.98);
    }
}

#[test]
fn without_ids_that_make_it_easy() {
    for (name, options, recall) in [("sparse, no traces", SPARSE, 0.95), ("dense, no traces", DENSE, 0.9)] {
        let cluster = Cluster::new(&format!("{options} --seed 71"));
        cluster.without_traces();
        cluster.score(name).assert_at_least(0.99, recall, 0.99);
    }
}

#[test]
fn delays_cost_little() {
    for (name, options, delays) in [
        ("sparse", SPARSE, [(20, 0.99, 0.95), (100, 0.99, 0.95)]),
        ("dense", DENSE, [(20, 0.95, 0.9), (100, 0.9, 0.8)]),
    ] {
        let on_time = Cluster::new(&format!("{options} --seed 21"));
        on_time.without_traces();
        for (millis, precision, recall) in delays {
            let cluster = on_time.copy();
            cluster.jitter(millis);
            cluster.score(&format!("{name}, {millis} ms")).assert_at_least(precision, recall, 0.97);
        }
    }
}

#[test]
fn lost_lines_are_not_made_up() {
    for (name, options, recall) in [("sparse, a tenth lost", SPARSE, 0.86), ("dense, a tenth lost", DENSE, 0.8)] {
        let cluster = Cluster::new(&format!("{options} --seed 31"));
        cluster.without_traces();
        cluster.drop_one_in(10);
        cluster.score(name).assert_at_least(0.99, recall, 0.98);
    }
}

#[test]
fn one_address_for_all_and_probes_everywhere() {
    for (name, options, seed, recall) in [("sparse", SPARSE, 41, 0.95), ("dense", DENSE, 42, 0.9)] {
        let cluster = Cluster::new(&format!("{options} --seed {seed}"));
        cluster.without_traces();
        let behind_one = cluster.copy();
        behind_one.behind_one_address();
        behind_one.score(&format!("{name}, one address")).assert_at_least(0.98, recall, 0.98);
        cluster.probes();
        cluster.score(&format!("{name}, probes")).assert_at_least(0.97, recall, 0.98);
    }
}

#[test]
fn a_node_without_a_server_log_tells_nothing_about_others() {
    let cluster = Cluster::new(&format!("{SPARSE} --seed 51 --no-server-log es-2,es-5"));
    let score = cluster.score("sparse, two of six nodes without a server log");
    assert!(score.precision() >= 0.99 && score.recall() >= 0.6, "{} {}", score.precision(), score.recall());
}

#[test]
fn neither_order_nor_threads_matter() {
    let cluster = Cluster::new(&format!("{DENSE} --seed 61"));
    cluster.without_traces();
    cluster.jitter(100);
    cluster.assert_stable();
    Cluster::new(&format!("{SPARSE} --seed 62 --server-format text --show-node-name es-2 --gzip all")).assert_stable();
}

impl Cluster {
    /// Server lines as 7.x and early 8.x write them: without the ids of keys that were invalidated or whose secret is wrong.
    fn without_ids(&self) {
        self.rewrite("server", |line| {
            let cut = |line: &str, before: &str, after: &str, instead: &str| {
                let Some(start) = line.find(before) else { return line.to_owned() };
                let end = start + line[start..].find(after).unwrap() + after.len();
                format!("{}{instead}{}", &line[..start], &line[end..])
            };
            let line = cut(line, "api key [", "] has been invalidated", "api key has been invalidated");
            vec![cut(&line, "invalid credentials for API key [", "]", "invalid credentials")]
        });
    }

    /// Clients that fire on the same tick: all times of a few seconds are one.
    fn on_ticks(&self, seconds: u32) {
        for name in ["server", "audit"] {
            self.rewrite(name, |line| {
                let at = line.find("timestamp\":\"").unwrap() + 12 + 17;
                let second: u32 = line[at..at + 2].parse().unwrap();
                vec![format!(
                    "{}{:02}{}000{}",
                    &line[..at],
                    second / seconds * seconds,
                    &line[at + 2..at + 3],
                    &line[at + 6..]
                )]
            });
        }
    }
}

/// Seeds that nothing was tuned on.
#[test]
fn attribution_table() {
    let options = "--nodes 3 --days 0.02 --rate 1 --noise 2 --failure-share 0.05 --server-log --failing-keys 8 \
                   --failing-clients 8 --failing-rate 1";
    for seed in 901..903 {
        let with_ids = Cluster::new(&format!("{options} --seed {seed}"));
        with_ids.without_traces();
        for (name, ids, ticks) in
            [("ids", true, 0), ("no ids", false, 0), ("ids, ticks of 5 s", true, 5), ("no ids, ticks of 5 s", false, 5)]
        {
            let cluster = with_ids.copy();
            if !ids {
                cluster.without_ids();
            }
            if ticks > 0 {
                cluster.on_ticks(ticks);
            }
            let score = cluster.score(&format!("seed {seed}, {name}"));
            if ticks == 0 {
                score.assert_at_least(0.99, 0.99, 0.99);
            }
            // On ticks the lines of clients that send the same key at one moment are alike, and any of them fits.
            assert!(score.precision() >= 0.99 && score.recall() >= 0.99 && score.sure() >= 0.99);
            let reasons = score.reason_right as f64 / score.happened as f64;
            assert!(reasons >= 0.99, "{reasons}");
        }
    }
}
