//! The tool against the slow second implementation: on random logs that collide on purpose, and on synthetic clusters.

use proptest::prelude::*;

use test_support::model::{arrange, cut, ending_last, ending_once, event, lines, order};
use test_support::{Inputs, assert_equal, disagreement, ended, generate};

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn on_random_logs_in_any_order(
        events in prop::collection::vec(event(), 0..40).prop_map(ending_once).prop_map(ending_last),
        order in order(),
        cuts in prop::collection::vec(any::<usize>(), 0..3),
    ) {
        let mut inputs = Inputs::new();
        let lines = arrange(&events, lines(&events), order);
        for (index, file) in cut(&lines, cuts).iter().enumerate() {
            inputs.add(&format!("{index}.json"), &ended(file));
        }
        prop_assert_eq!(disagreement(&inputs.both(&[])), None, "{:?} {}", order, inputs.shown());
    }

    #[test]
    fn on_requests_that_fail_several_times(events in prop::collection::vec(event(), 0..40)) {
        let mut inputs = Inputs::new();
        inputs.add("audit.json", &ended(&lines(&events)));
        prop_assert_eq!(disagreement(&inputs.both(&[])), None, "{}", inputs.shown());
    }

    #[test]
    fn on_overlapping_files(
        events in prop::collection::vec(event(), 1..25).prop_map(ending_once).prop_map(ending_last),
        first in any::<usize>(),
        last in any::<usize>(),
    ) {
        let lines = lines(&events);
        let (first, last) = (first % lines.len(), last % lines.len());
        let mut inputs = Inputs::new();
        inputs.add("a.json", &ended(&lines));
        inputs.add("b.json", &ended(&lines[first.min(last)..=first.max(last)]));
        prop_assert_eq!(disagreement(&inputs.both(&[])), None, "{}", inputs.shown());
    }
}

#[test]
fn on_synthetic_clusters() {
    for (seed, options) in [
        ("1", "--days 0.02 --rate 1.5 --plant all --show-node-name es-1"),
        ("2", "--days 0.02 --rate 1.5 --format-version 7 --wrap docker --server-log --server-format json7"),
        ("3", "--days 0.02 --rate 1.5 --format-version 7.1 --roll-lines 150 --gzip rolled --no-realm-events none"),
        ("4", "--days 0.02 --rate 1.5 --format-version 6.5 --failure-share 0.2"),
        ("5", "--days 0.02 --rate 1.5 --log-successes all --server-log --tz +05:30 --failing-keys 3"),
    ] {
        let options: Vec<&str> = ["--seed", seed].into_iter().chain(options.split(' ')).collect();
        let (inputs, _) = generate(&options);
        let both = inputs.both(&[]);
        assert!(both.0.totals[0] > 0, "{options:?} has failures");
        assert_equal(&both, &options.join(" "));
    }
}

#[test]
fn on_lines_that_end_and_begin_oddly() {
    let line = test_support::line::failed(0, "r");
    for bytes in [
        String::new(),
        "\n".into(),
        line.clone(),
        format!("{line}\r\n{line}\r"),
        format!("\u{feff}{line}\n\n \n{line}"),
        format!("\n\n{line}\n\0\n"),
        format!("{}\n{line}", &line[..40]),
        format!("  {line}  \n[1,2]\nnull\n\"x\"\n{{}}\n{line} x\n"),
    ] {
        let mut inputs = Inputs::new();
        inputs.add("a.json", bytes.as_bytes());
        assert_equal(&inputs.both(&[]), &format!("{bytes:?}"));
    }
}

#[test]
fn on_times_without_a_zone() {
    let line = r#"{"@timestamp":"2018-10-31T09:34:25,109", "node.id":"n", "event.type":"rest", "event.action":"authentication_failed", "user.name":"elastic"}"#;
    let inputs = Inputs::of(&[("a.json", &[line])]);
    for options in [&["--assume-tz", "+02"][..], &["--assume-tz", "-07"], &[]] {
        assert_equal(&inputs.both(options), &options.join(" "));
    }
}

#[test]
fn on_lines_above_the_limit() {
    let (short, long) = (test_support::line::failed(0, "r"), test_support::line::asked(0, "s", &"x".repeat(900)));
    let inputs = Inputs::of(&[("a.json", &[&short, &long, &short, &long][..])]);
    let limit = long.len().to_string();
    let below = (long.len() - 1).to_string();
    for limit in [limit, below, "500".to_owned()] {
        for chunk in ["64", "1000", "1000000"] {
            let options = ["--max-line", &limit, "--chunk-size", chunk];
            assert_equal(&inputs.both(&options), &options.join(" "));
        }
    }
}
