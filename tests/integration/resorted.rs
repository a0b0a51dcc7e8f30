//! Logs that something put into another order: their chains are the true ones, or sets of which nothing is inferred.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use test_support::line::{Line, ZERO, asked, failed};
use test_support::{Inputs, esaudit};

/// As the node of these logs asks its realms.
const REALMS: [&str; 4] = ["reserved", "default_file", "default_native", "ldap1"];

/// Numbers that look random, the same for a seed on each machine (SplitMix64, Steele et al. 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: u64) -> i64 {
        i64::try_from(self.next() % end).unwrap()
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, usize::try_from(self.next() % (at as u64 + 1)).unwrap());
        }
    }
}

/// A line with what a sort may go by.
#[derive(Debug, Clone)]
struct Written {
    millis: i64,
    is_end: bool,
    realm: &'static str,
    text: String,
}

/// A log as one node writes it, and the chains of its attempts by their end: a few accounts whose realm was moved to the front, and
/// logins that succeed at the third realm.
fn log(random: &mut Random, attempts: usize, end_later: bool) -> (Vec<Written>, BTreeMap<i64, Vec<&'static str>>) {
    let (mut lines, mut chains, mut millis) = (Vec::new(), BTreeMap::new(), 0);
    for at in 0..attempts + attempts / 2 {
        millis += 50 + random.below(20_000);
        let (request, account) = (format!("{:016x}-{at:05}", random.next()), random.below(8));
        let mut realms = REALMS.to_vec();
        if account < 2 {
            let front = realms.remove(if account == 0 { 2 } else { 3 });
            realms.insert(0, front);
        }
        let fails = at < attempts;
        realms.truncate(if fails { 4 } else { 2 });
        let user = if fails { format!("user-{account}") } else { "known".to_owned() };
        let line = |millis: i64, action: &str| Line::new(millis, action).user(&user).from("10.0.0.1:40000");
        for (number, &realm) in realms.iter().enumerate() {
            millis += i64::from(number > 0 && random.below(3) == 0);
            let text = line(millis, "realm_authentication_failed").realm(realm).request(&request).end();
            lines.push(Written { millis, is_end: false, realm, text });
        }
        millis += if end_later { 1 } else { i64::from(random.below(3) == 0) };
        let action = if fails { "authentication_failed" } else { "authentication_success" };
        lines.push(Written { millis, is_end: true, realm: "", text: line(millis, action).request(&request).end() });
        if fails {
            chains.insert(ZERO + millis, realms);
        }
    }
    lines.sort_by_key(|line| line.millis);
    (lines, chains)
}

/// What is wrong of the chains that are shown as ordered, what of the reasons that are inferred, and whether all have an order.
fn wrong(lines: &[String], chains: &BTreeMap<i64, Vec<&'static str>>) -> (usize, usize, bool) {
    let inputs = Inputs::of(&[("audit.json", lines)]);
    let output = esaudit(&["events", inputs.path().to_str().unwrap(), "--format", "jsonl", "-q"]);
    let events: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), chains.len());
    let (mut of_chains, mut of_reasons, mut all) = (0, 0, true);
    for event in &events {
        let time = chrono::DateTime::parse_from_rfc3339(event["time"].as_str().unwrap()).unwrap();
        let chain = &chains[&time.timestamp_millis()];
        let ordered = event["realm_chain_ordered"] != json!(false);
        all &= ordered;
        if ordered {
            of_chains += usize::from(event["realm_chain"] != json!(chain));
        } else {
            let mut names = chain.clone();
            names.sort_unstable();
            assert_eq!(event["realm_chain"], json!(names));
        }
        let inferred = event["reason_basis"] == json!("inferred");
        of_reasons += usize::from(inferred && (!ordered || chain[0] == "reserved"));
    }
    (of_chains, of_reasons, all)
}

fn texts(lines: &[Written]) -> Vec<String> {
    lines.iter().map(|line| line.text.clone()).collect()
}

type Arrange = fn(&mut Vec<Written>, &mut Random);

/// What tools do to the lines of a log.
const WAYS: [(&str, Arrange); 12] = [
    ("shuf", |lines, random| random.shuffle(lines)),
    ("sort", |lines, _| lines.sort_by(|a, b| a.text.cmp(&b.text))),
    ("sort -r", |lines, _| lines.sort_by(|a, b| b.text.cmp(&a.text))),
    ("by time alone", |lines, random| {
        random.shuffle(lines);
        lines.sort_by_key(|line| line.millis);
    }),
    ("by time alone, newest first", |lines, random| {
        random.shuffle(lines);
        lines.sort_by_key(|line| -line.millis);
    }),
    ("by second", |lines, random| {
        random.shuffle(lines);
        lines.sort_by_key(|line| line.millis / 1000);
    }),
    ("two shards merged by time", |lines, random| {
        let mut of_shards: Vec<(i64, Written)> = lines.drain(..).map(|line| (random.below(2), line)).collect();
        of_shards.sort_by_key(|(shard, line)| (line.millis, *shard));
        lines.extend(of_shards.into_iter().map(|(_, line)| line));
    }),
    ("five shards merged by time", |lines, random| {
        let mut of_shards: Vec<(i64, Written)> = lines.drain(..).map(|line| (random.below(5), line)).collect();
        of_shards.sort_by_key(|(shard, line)| (line.millis, *shard));
        lines.extend(of_shards.into_iter().map(|(_, line)| line));
    }),
    ("ends last of their millisecond", |lines, random| {
        random.shuffle(lines);
        lines.sort_by_key(|line| (line.millis, line.is_end));
    }),
    ("ends first of their millisecond", |lines, _| lines.sort_by_key(|line| (line.millis, !line.is_end))),
    ("by realm", |lines, _| lines.sort_by_key(|line| (line.millis, line.is_end, line.realm))),
    ("by request, then shuffled", |lines, random| {
        random.shuffle(lines);
        lines.sort_by_key(|line| (line.millis / 1000, line.text.len()));
    }),
];

#[test]
fn what_was_put_into_another_order_gives_true_chains_or_sets() {
    let mut found = BTreeMap::new();
    for seed in 0..6 {
        for (way, arrange) in WAYS {
            let mut random = Random(seed);
            let (mut lines, chains) = log(&mut random, 40, seed % 2 == 1);
            arrange(&mut lines, &mut random);
            let (of_chains, of_reasons, _) = wrong(&texts(&lines), &chains);
            if of_chains + of_reasons > 0 {
                found.insert((way, seed), (of_chains, of_reasons));
            }
        }
    }
    assert_eq!(found, BTreeMap::new());
}

#[test]
fn a_log_as_it_was_written_and_one_turned_around_keep_all_their_chains() {
    for seed in 0..6 {
        let (mut lines, chains) = log(&mut Random(seed), 40, seed % 2 == 1);
        for turn in 0..2 {
            assert_eq!(wrong(&texts(&lines), &chains), (0, 0, true), "seed {seed}, turn {turn}");
            lines.reverse();
        }
        // As a search sorts by time, newest first: its index keeps the order of equal times, which ends show where they are some.
        lines.sort_by_key(|line| -line.millis);
        let (of_chains, of_reasons, all) = wrong(&texts(&lines), &chains);
        assert_eq!((of_chains, of_reasons), (0, 0), "seed {seed}, newest first");
        assert!(all || seed % 2 == 1, "seed {seed}, newest first");
    }
}

#[test]
fn a_node_that_is_configured_anew_keeps_all_its_chains() {
    let mut lines = Vec::new();
    let mut chains = BTreeMap::new();
    for at in 0..30 {
        // Another order for a day, and back.
        let realms =
            if at / 10 == 1 { ["reserved", "ldap1", "saml1", "pki1"] } else { ["reserved", "pki1", "saml1", "ldap1"] };
        let (request, millis) = (format!("r{at}"), at * 3_600_000);
        lines.extend(realms.map(|realm| asked(millis, &request, realm)));
        lines.push(failed(millis, &request));
        chains.insert(ZERO + millis, realms.to_vec());
    }
    let (of_chains, _, all) = wrong(&lines, &chains);
    assert_eq!((of_chains, all), (0, true));
}
