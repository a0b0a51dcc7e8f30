//! Places for the charts that the script draws, each with its content in words and in a table, for those who do not see it
//! and for those without the script.

use super::grid::{Grid, Kind};
use super::{Page, text};
use crate::model::Bucket;
use crate::report::table::text::{count, duration, number};

/// Bytes of a table beside a chart.
const ROOM: usize = 256 << 10;

/// A series of the timeline: its name and its value in a bucket.
type Series = (&'static str, fn(&Bucket) -> u64);

const SERIES: [Series; 3] = [
    ("Authentication failed", |bucket| bucket.authentication_failed),
    ("Anonymous access denied", |bucket| bucket.anonymous_access_denied),
    ("Access denied", |bucket| bucket.access_denied),
];

/// A section with a chart: `id` names it, the script draws into `c-<id>`.
fn section(id: &str, title: &str, words: &str, chart: &str, rest: &str) -> String {
    format!(
        "<section id=\"{id}\" aria-labelledby=\"h-{id}\">\n<h2 id=\"h-{id}\">{title}</h2>\n<p class=\"words\">{words}</p>\n\
         <div class=\"chart\" id=\"c-{id}\">{chart}</div>\n{rest}</section>\n"
    )
}

const WITHOUT_SCRIPT: &str = "<p class=\"noscript\">The chart needs JavaScript; its numbers stand below.</p>";

impl Page<'_> {
    pub(super) fn charts(&self) -> String {
        [self.timeline(), self.heat(), self.realms(), self.keys()].concat()
    }

    fn timeline(&self) -> String {
        let timeline = &self.report.timeline;
        if timeline.buckets.is_empty() {
            return String::new();
        }
        let step = duration(timeline.bucket_seconds);
        let mut words = Vec::new();
        for (name, value) in SERIES {
            let total = timeline.buckets.iter().fold(0, |total: u64, bucket| total.saturating_add(value(bucket)));
            // The first of equal peaks.
            let peak = timeline.buckets.iter().rev().max_by_key(|bucket| value(bucket));
            if let Some(peak) = peak.filter(|_| total > 0) {
                words.push(format!(
                    "{}: {}, at most {} in {step} from {}",
                    name,
                    number(total),
                    number(value(peak)),
                    self.time(Some(&peak.start))
                ));
            }
        }
        let columns = [
            ("Start", Kind::Time),
            ("Authentication failed", Kind::Number),
            ("Anonymous access denied", Kind::Number),
            ("Access denied", Kind::Number),
        ];
        let caption = format!("Events in each {step}; stretches without any are left out");
        let mut grid = Grid::new("t-timeline", &caption, &columns, self.top, ROOM);
        for bucket in &timeline.buckets {
            let numbers = SERIES.iter().map(|(_, value)| number(value(bucket)));
            let cells: Vec<String> = std::iter::once(self.time(Some(&bucket.start))).chain(numbers).collect();
            if !grid.row(&cells) {
                break;
            }
        }
        let table = grid.finish(timeline.buckets.len(), true);
        section(
            "timeline",
            "Timeline",
            &format!("{}.", words.join("; ")),
            WITHOUT_SCRIPT,
            &format!("<details class=\"numbers\"><summary>The numbers of this chart</summary>{table}</details>\n"),
        )
    }

    fn heat(&self) -> String {
        let heat = &self.report.charts.heat;
        if heat.sources.is_empty() {
            return String::new();
        }
        let tops = &self.report.tops;
        let mut tables = String::new();
        for (id, title, list, total, absent) in [
            ("t-sources", "Addresses with the most failed attempts", &tops.sources, tops.sources_total, "not logged"),
            (
                "t-principals",
                "Principals with the most failed attempts",
                &tops.principals,
                tops.principals_total,
                "none",
            ),
        ] {
            let columns = [("Name", Kind::Text), ("Failed attempts", Kind::Number)];
            let mut grid = Grid::new(id, title, &columns, self.top, ROOM);
            for top in list {
                grid.row(&[text::log_or(top.key.as_deref(), absent), number(top.count)]);
            }
            tables
                .push_str(&format!("<div>{}</div>", grid.finish(usize::try_from(total).unwrap_or(usize::MAX), false)));
        }
        let words = format!(
            "Failed attempts by client address or by principal over time, {} a cell; the stronger the colour, the more. Choose a name to \
             find it in the table of failures.",
            duration(heat.bucket_seconds)
        );
        section(
            "heat",
            "Who failed when",
            &words,
            "",
            &format!(
                "<details class=\"numbers\" open><summary>Most frequent</summary><div class=\"columns\">{tables}</div></details>\n"
            ),
        )
    }

    fn realms(&self) -> String {
        let charts = &self.report.charts;
        if charts.realm_flows.is_empty() {
            return String::new();
        }
        let columns = [("Attempts", Kind::Number), ("Realms asked, in order", Kind::Text), ("Ended as", Kind::Text)];
        let mut grid = Grid::new("t-flows", "Realm chains and how they ended", &columns, self.top, ROOM);
        for flow in &charts.realm_flows {
            grid.row(&[number(flow.count), text::chain(flow.realm_chain.as_deref()), text::words(&flow.reason)]);
        }
        let total = usize::try_from(charts.realm_flows_total).unwrap_or(usize::MAX);
        section(
            "realms",
            "Which realms said no",
            "Each failed attempt from the realm asked first, left, to the reason of its failure, right. The width is the \
             number of attempts.",
            "",
            &format!(
                "<details class=\"numbers\" open><summary>The numbers of this chart</summary>{}</details>\n",
                grid.finish(total, false)
            ),
        )
    }

    fn keys(&self) -> String {
        let charts = &self.report.charts;
        if charts.key_lives.is_empty() {
            return String::new();
        }
        let columns = [
            ("Key", Kind::Text),
            ("Name", Kind::Text),
            ("Owner", Kind::Text),
            ("Status", Kind::Text),
            ("Created", Kind::Time),
            ("Used", Kind::Number),
            ("Last used", Kind::Time),
            ("Ended", Kind::Time),
            ("By", Kind::Text),
            ("Refused", Kind::Number),
            ("Last refused", Kind::Time),
        ];
        let mut grid = Grid::new(
            "t-keys",
            "API keys: the refused first, then the ended, then the most used",
            &columns,
            self.top,
            ROOM,
        );
        for key in &charts.key_lives {
            let ended = key.invalidated_at.as_deref().or(key.expires.as_deref().filter(|_| key.status == "expired"));
            grid.row(&[
                text::log(&key.id),
                text::log_or(key.name.as_deref(), "unknown"),
                text::log_or(key.owner.as_deref(), "unknown"),
                text::plain(&key.status),
                self.time(key.created_at.as_deref()),
                number(key.used),
                self.time(key.last_used.as_deref()),
                self.time(ended),
                text::log_or(key.invalidated_by.as_deref(), "–"),
                number(key.refused),
                self.time(key.last_refused.as_deref()),
            ]);
        }
        let refused = charts.key_lives.iter().filter(|key| key.refused > 0).count() as u64;
        let words = format!(
            "Use of each key as a bar, its end as a mark, refusals after it in red. {} met, {} of those shown refused. \
             <code>esaudit keys</code> tells more.",
            count(charts.key_lives_total, "key was", "keys were"),
            number(refused)
        );
        let total = usize::try_from(charts.key_lives_total).unwrap_or(usize::MAX);
        section(
            "keys",
            "API keys",
            &words,
            "",
            &format!(
                "<details class=\"numbers\" open><summary>The numbers of this chart</summary>{}</details>\n",
                grid.finish(total, false)
            ),
        )
    }
}
