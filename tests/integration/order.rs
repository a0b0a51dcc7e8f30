//! Order that a file has lost is said to be lost, and taken from where a document tells it.

use esaudit::Report;
use serde_json::{Value, json};
use test_support::Inputs;
use test_support::line::{asked, failed};

/// Attempts of several clients through two realms, each within one millisecond.
fn attempts() -> Vec<Vec<String>> {
    let attempt = |at: i64| {
        let (request, millis) = (format!("r{at}"), at * 10);
        vec![asked(millis, &request, "reserved"), asked(millis, &request, "ldap1"), failed(millis, &request)]
    };
    (0..24).map(attempt).collect()
}

/// The lines of each attempt in another order each time, as a sort by time alone leaves them.
fn shuffled() -> Vec<(usize, String)> {
    let mut all = Vec::new();
    for (turn, lines) in attempts().into_iter().enumerate() {
        let numbered: Vec<(usize, String)> = (3 * turn..).zip(lines).collect();
        let order = [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2], [0, 2, 1], [2, 0, 1]][turn % 6];
        all.extend(order.map(|place| numbered[place].clone()));
    }
    all
}

fn chains(report: &Report) -> Vec<(Option<Vec<String>>, bool, u64)> {
    let chain = |group: esaudit::Group| (group.realm_chain, group.realm_chain_ordered, group.count);
    report.groups.iter().map(chain).collect()
}

fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|&name| name.to_owned()).collect())
}

#[test]
fn shuffled_lines_give_sets_and_are_told() {
    let lines: Vec<String> = shuffled().into_iter().map(|(_, line)| line).collect();
    for name in ["audit.json", "z.json"] {
        let report = Inputs::of(&[(name, &lines)]).report(&[]);
        assert_eq!(chains(&report), [(names(&["ldap1", "reserved"]), false, 24)]);
        assert!(report.groups.iter().all(|group| group.reason_basis != "inferred"));
        let told = &report.coverage.cannot_tell;
        assert!(told.iter().any(|text| text.contains("order") && text.contains(name)), "{told:?}");
    }
}

#[test]
fn one_that_ends_where_none_can_is_enough_among_few() {
    let all = attempts();
    for few in 1..=3_usize {
        let mut lines: Vec<String> = all[..few].concat();
        assert!(chains(&Inputs::of(&[("audit.json", &lines)]).report(&[])).iter().all(|(_, ordered, _)| *ordered));
        // The end of the first stands between its realms.
        lines.swap(1, 2);
        let report = Inputs::of(&[("audit.json", &lines)]).report(&[]);
        assert_eq!(chains(&report), [(names(&["ldap1", "reserved"]), false, few as u64)]);
    }
}

#[test]
fn a_log_as_it_was_written_and_one_turned_around_keep_their_order() {
    let mut lines: Vec<String> = attempts().concat();
    for _ in 0..2 {
        let report = Inputs::of(&[("audit.json", &lines)]).report(&[]);
        assert_eq!(chains(&report), [(names(&["reserved", "ldap1"]), true, 24)]);
        lines.reverse();
    }
}

#[test]
fn what_orders_the_documents_is_used() {
    type Put = fn(&mut Value, usize);
    let ways: [Put; 4] = [
        |document, at| document["_source"]["event"]["sequence"] = json!(at),
        |document, at| document["_source"]["log"] = json!({"offset": at * 500}),
        |document, at| document["_seq_no"] = json!(at),
        |document, at| document["sort"] = json!([1_772_368_496_789_i64, at]),
    ];
    for (way, put) in ways.into_iter().enumerate() {
        let document = |(at, line): (usize, String)| {
            let mut document = json!({"_index":"audit","_id":at.to_string(),"_source":{"message":line}});
            put(&mut document, at);
            document.to_string()
        };
        let documents: Vec<String> = shuffled().into_iter().map(document).collect();
        let report = Inputs::of(&[("dump.json", &documents)]).report(&[]);
        assert_eq!(chains(&report), [(names(&["reserved", "ldap1"]), true, 24)], "way {way}");
        // Requests that straddle files, too.
        let halves = Inputs::of(&[("a.json", &documents[..37]), ("b.json", &documents[37..])]).report(&[]);
        assert_eq!(chains(&halves), chains(&report), "way {way}, in two files");
    }
}

#[test]
fn numbers_order_a_file_that_was_shuffled_as_a_whole() {
    // Of several chunks, so that most requests stand in more than one.
    let lines = (0..2400_i64).flat_map(|at| {
        let (request, millis) = (format!("r{at}"), at * 10);
        [asked(millis, &request, "reserved"), asked(millis, &request, "ldap1"), failed(millis, &request)]
    });
    let mut documents: Vec<String> = lines
        .enumerate()
        .map(|(at, line)| {
            let source = json!({"message": line, "event": {"sequence": at}});
            json!({"_index": "audit", "_id": at.to_string(), "_source": source}).to_string()
        })
        .collect();
    let mut random = 1_u64;
    for at in (1..documents.len()).rev() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        documents.swap(at, (random >> 33) as usize % (at + 1));
    }
    let report = Inputs::of(&[("dump.json", &documents)]).report(&[]);
    assert_eq!(chains(&report), [(names(&["reserved", "ldap1"]), true, 2400)]);
}

#[test]
fn lines_of_one_millisecond_in_two_overlapping_inputs_give_sets_and_are_told() {
    // Three realms, so that the middle one stands in another input than the others.
    let lines: Vec<String> = (0..4)
        .flat_map(|at: i64| {
            let (request, millis) = (format!("r{at}"), at * 10);
            let realm = |name| asked(millis, &request, name);
            [realm("reserved"), realm("file1"), realm("native1"), failed(millis, &request)]
        })
        .collect();
    let every = |turn: usize| -> Vec<String> { lines.iter().skip(turn).step_by(2).cloned().collect() };
    let both = Inputs::of(&[("a.json", &every(0)[..]), ("b.json", &every(1))]).report(&[]);
    assert_eq!(chains(&both), [(names(&["file1", "native1", "reserved"]), false, 4)]);
    let told = format!("{:?}", both.coverage.cannot_tell);
    assert!(told.contains("in which order realms were asked in 4 attempts"), "{told}");
    // A log that is cut within a request stands in order.
    let cut = Inputs::of(&[("b.json", &lines[..6]), ("a.json", &lines[6..])]).report(&[]);
    assert_eq!(chains(&cut), [(names(&["reserved", "file1", "native1"]), true, 4)]);
}
