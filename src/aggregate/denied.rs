//! What users who had authenticated were refused (403): by who, with which key, which action, on which index.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{LIST_LIMIT, clusters, power};
use crate::correlate::{Correlated, SourceLine};
use crate::model::Denied;
use crate::state::{Sym, TimeSpan};
use crate::time::Millis;

/// Texts of a row: principal, key, action, index.
type Texts<'j> = [Option<&'j [u8]>; 4];

/// One row.
#[derive(Default)]
struct DeniedRow {
    count: u64,
    span: TimeSpan,
    sources: Vec<Sym>,
    first: Option<(Millis, SourceLine)>,
    last: Option<(Millis, SourceLine)>,
}

/// The rows by count, the most frequent of them, and how many there are.
pub(super) fn denied(joined: &Correlated) -> (Vec<Denied>, u64) {
    let text = |sym: Sym| joined.state.symbols.get(sym);
    let mut rows: BTreeMap<(usize, Texts<'_>), DeniedRow> = BTreeMap::new();
    for (actor, series) in joined.denials.iter() {
        let texts = [actor.principal, actor.apikey, actor.es_action, actor.object].map(text);
        let row = rows.entry((joined.nodes.cluster(actor.node), texts)).or_default();
        row.count += series.count();
        row.span.merge(&TimeSpan { first: series.first(), last: series.last() });
        row.sources.push(actor.source);
        // The line of a bucket is that of its first event.
        let place = |bucket: &crate::state::Bucket| (bucket.first, joined.source_lines.of(bucket.pos));
        let first = series.buckets().first().map(place);
        row.first = [row.first, first].into_iter().flatten().min();
        row.last = row.last.max(series.buckets().last().map(place));
    }
    let total = rows.len() as u64;
    // The order of what stands in the map is kept among equals.
    let mut rows: Vec<((usize, Texts<'_>), DeniedRow)> = rows.into_iter().collect();
    rows.sort_by_key(|(_, row)| Reverse(row.count));
    rows.truncate(LIST_LIMIT);
    let string = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let made = rows.into_iter().map(|((cluster, [principal, api_key, action, index]), mut row)| {
        row.sources.retain(|source| source.is_some());
        row.sources.sort_unstable();
        row.sources.dedup();
        let mut places: Vec<SourceLine> = [row.first, row.last].into_iter().flatten().map(|(_, place)| place).collect();
        places.dedup();
        Denied {
            principal: principal.map(string),
            api_key: api_key.map(string),
            action: action.map(string),
            index: index.map(string),
            cluster: clusters::of(joined, cluster),
            count: row.count,
            first: row.span.first.map(Millis::rfc3339),
            last: row.span.last.map(Millis::rfc3339),
            sources_total: row.sources.len() as u64,
            lacks: None,
            anonymous_status: None,
            evidence: places.into_iter().map(|place| joined.evidence(place)).collect(),
        }
    });
    let mut made: Vec<Denied> = made.collect();
    power::explain_denied(joined, &mut made);
    (made, total)
}
