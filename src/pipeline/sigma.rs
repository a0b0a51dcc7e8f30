//! Rules of others, run over single events.

use crate::data::ecs;
use crate::model::events::Event;
use crate::model::{Evidence, SigmaMatch, SigmaReport, SigmaStretch, SkippedRule};
use crate::sigma::{Found, SigmaRules, Stretch};

/// Stretches that are listed of a correlation.
const LISTED: usize = 50;

/// What is said of rules where the names that they ask for are not there.
pub(super) fn none(rules: &SigmaRules) -> SigmaReport {
    let about = |why: &str| SkippedRule {
        title: format!("{} rules", rules.len()),
        file: rules.path().display().to_string(),
        why: why.to_owned(),
    };
    let skipped = vec![about("names are pseudonyms, for which rules do not ask")];
    SigmaReport { rules: 0, matches: Vec::new(), skipped }
}

/// What rules find among events, which come by time.
pub(super) fn found(rules: &SigmaRules, events: impl Iterator<Item = Event>) -> SigmaReport {
    let mut asked = rules.run();
    for event in events {
        asked.take(event.at, &ecs::document(&event), &event.evidence.path, event.evidence.line);
    }
    let skipped = rules.skipped().iter().map(|skipped| SkippedRule {
        title: skipped.about.title.clone(),
        file: skipped.about.file.clone(),
        why: skipped.why.clone(),
    });
    SigmaReport {
        rules: rules.len() as u64,
        matches: asked.found().into_iter().map(told).collect(),
        skipped: skipped.collect(),
    }
}

fn told(found: Found) -> SigmaMatch {
    let stretch = |stretch: &Stretch| SigmaStretch {
        group: found.group_by.iter().cloned().zip(stretch.group.iter().cloned()).collect(),
        first: stretch.first.rfc3339(),
        last: stretch.last.rfc3339(),
        events: stretch.events,
    };
    let evidence =
        |(path, line): &(String, u64)| Evidence { path: path.clone(), line: *line, offset: None, offset_line: None };
    SigmaMatch {
        stretches: found.stretches.iter().take(LISTED).map(stretch).collect(),
        stretches_total: found.stretches.len() as u64,
        evidence: found.places.iter().map(evidence).collect(),
        title: found.about.title,
        id: found.about.id,
        level: found.about.level,
        file: found.about.file,
        events: found.events,
        first: found.first.map(|time| time.rfc3339()),
        last: found.last.map(|time| time.rfc3339()),
    }
}
