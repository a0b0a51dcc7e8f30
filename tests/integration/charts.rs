//! The numbers of charts agree with the rest of the report.

use esaudit::internals::model::charts::HeatRow;
use esaudit::internals::model::keys::KeysReport;
use esaudit::internals::model::{Report, TopText};

use test_support::{esaudit, report};

fn incident(options: &[&str]) -> Report {
    report(&["testdata/incident"], options)
}

#[test]
fn heat_rows_are_the_most_frequent_and_add_up() {
    for report in [incident(&[]), incident(&["--since", "2026-03-01T12:00:00Z", "--until", "2026-03-01T14:00:00Z"])] {
        let heat = &report.charts.heat;
        let check = |rows: &[HeatRow], tops: &[TopText]| {
            assert!(rows.len() == tops.len().min(20) && !rows.is_empty());
            for (row, top) in rows.iter().zip(tops) {
                assert_eq!((&row.key, row.count), (&top.key, top.count));
                assert_eq!(row.counts.iter().sum::<u64>(), row.count);
                assert!(row.counts.len() <= 100);
            }
        };
        check(&heat.sources, &report.tops.sources);
        check(&heat.principals, &report.tops.principals);
        let flows: u64 = report.charts.realm_flows.iter().map(|flow| flow.count).sum();
        assert_eq!(flows, report.totals.failed_attempts);
        assert_eq!(report.charts.realm_flows_total, report.charts.realm_flows.len() as u64);
    }
}

#[test]
fn lives_are_those_of_the_keys() {
    let output = esaudit(&["keys", "testdata/incident", "--format", "json"]);
    let keys: KeysReport = serde_json::from_slice(&output.stdout).unwrap();
    let report = incident(&[]);
    let lives = &report.charts.key_lives;
    assert_eq!((lives.len(), report.charts.key_lives_total), (16, 16));
    for life in lives {
        let key = keys.keys.iter().find(|key| key.id == life.id).unwrap();
        assert_eq!((&life.status, life.used, life.refused), (&key.status, key.used.count, key.refused.count));
        assert_eq!((&life.invalidated_at, &life.created_at), (&key.invalidated_at, &key.created_at));
    }
    // The refused first.
    assert!(lives.windows(2).all(|pair| pair[0].refused >= pair[1].refused));
    assert_eq!(lives[0].invalidated_by.as_deref(), Some("root.admin"));
}
