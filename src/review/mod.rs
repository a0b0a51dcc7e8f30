//! The audit-readiness review: what logs and settings would not show when they are needed, and what in the cluster invites
//! trouble. Each file looks at one subject; what cannot be known is not complained of.

mod accounts;
mod clocks;
mod draft;
mod events;
mod keys;
mod missing;
mod reach;
mod settings;

use std::collections::BTreeMap;

use crate::aggregate::{self, PathProblems};
use crate::correlate::Correlated;
use crate::judge::Severity;
use crate::model::check::CheckReport;
use crate::model::{SCHEMA_VERSION, Tool};
use crate::options::Options;
use crate::time::Millis;
use draft::{CheckDraft, ReviewScene};

/// Looks at everything that was read.
#[must_use]
pub fn review(joined: &Correlated, problems: PathProblems<'_>, options: &Options) -> CheckReport {
    let scene = ReviewScene::of(joined);
    let mut drafts: Vec<CheckDraft> = Vec::new();
    for look in [events::look, settings::look, reach::look, clocks::look, keys::look, accounts::look] {
        drafts.extend(look(&scene));
    }
    drafts.sort_by_key(|draft| (std::cmp::Reverse(draft.severity), draft.id));
    let mut met: BTreeMap<&'static str, u32> = BTreeMap::new();
    let mut checks: Vec<_> = drafts
        .into_iter()
        .map(|draft| {
            let number = met.entry(draft.id).or_default();
            *number += 1;
            draft.finish(*number)
        })
        .collect();
    // Numbers stand behind ids, so that the order is of both.
    checks.sort_by_cached_key(|check| (std::cmp::Reverse(Severity::parse(&check.severity)), check.id.clone()));
    let mut coverage = aggregate::coverage(joined, problems, options);
    coverage.cannot_tell.extend(missing::untold(&scene));
    let mut parameters = aggregate::parameters(options);
    parameters.retain(|name, _| name != "by" && name != "top");
    CheckReport {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "esaudit".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        parameters,
        coverage,
        as_of: scene.now.map(Millis::rfc3339),
        checks,
    }
}
