//! What changed between two reports: did the fix work?
//!
//! Findings have no identity of their own: two of one kind are the same if they are about the same keys, users, addresses or
//! nodes, the ones that share most first. Groups are the same if their keys are, failing keys if id and reason are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::error::Error;
use crate::files;
use crate::judge::Severity;
use crate::model::diff::{
    DiffReport, DiffSide, FindingChange, GroupChange, Lists, NumberChange, RefusedChange, TotalsChange,
};
use crate::model::{FailingKey, Finding, Group, Report, SCHEMA_VERSION};
use crate::words;

/// Reads a report that `esaudit report --format json` wrote.
///
/// # Errors
/// A message for the user that names the file.
pub fn load(path: &Path) -> Result<Report, Error> {
    let name = path.display();
    let text = files::read(path, files::LONGEST).map_err(|error| Error::File { path: path.to_owned(), error })?;
    let document: serde_json::Value = serde_json::from_slice(&text).map_err(|error| {
        Error::Report(format!(
            "{name} is no JSON report of esaudit: {error}; make one with `esaudit report LOGS -o FILE.json`"
        ))
    })?;
    let version = document.get("schema_version").and_then(serde_json::Value::as_u64);
    match version {
        None => return Err(Error::Report(format!("{name} is no report of esaudit: it has no schema_version"))),
        Some(version) if version != u64::from(SCHEMA_VERSION) => {
            return Err(Error::Report(format!(
                "{name} has schema_version {version}, and this program knows {SCHEMA_VERSION}: make it again with \
                 `esaudit report LOGS -o FILE.json`"
            )));
        }
        Some(_) => {}
    }
    serde_json::from_value(document).map_err(|error| {
        Error::Report(format!(
            "{name} is not what `esaudit report --format json` writes ({error}); other verbs' results cannot be compared"
        ))
    })
}

/// Compares two reports; `old_path` and `new_path` are how they are called.
#[must_use]
pub fn diff((old_path, old): (&str, &Report), (new_path, new): (&str, &Report)) -> DiffReport {
    let mut notes = Vec::new();
    let comparable = old.parameters.get("by") == new.parameters.get("by");
    if !comparable {
        notes.push("the reports group failures by different keys (--by): their groups are not compared".to_owned());
    }
    notes.extend(different_options(old, new));
    for (path, report) in [(old_path, old), (new_path, new)] {
        let told = notes.len();
        if report.groups_total > report.groups.len() as u64 {
            notes.push(format!(
                "{path} holds {} of {} groups (--top): some that look new or gone may have been cut off",
                report.groups.len(),
                report.groups_total
            ));
        }
        let unread = report.coverage.inputs.iter().filter(|input| input.error.is_some()).count();
        if unread > 0 {
            let inputs = words::count(unread as u64, "input", "inputs");
            notes.push(format!("{path}: {inputs} could not be read whole, so numbers may be too small"));
        }
        if !report.coverage.complete && notes.len() == told {
            notes.push(format!(
                "{path} is not complete, as its coverage tells: what is not in it may look gone, or new"
            ));
        }
    }
    if old.coverage.last.as_ref().zip(new.coverage.last.as_ref()).is_some_and(|(old, new)| new < old) {
        notes.push(format!("{new_path} ends before {old_path} does: are they in the right order?"));
    }
    DiffReport {
        schema_version: SCHEMA_VERSION,
        tool: new.tool.clone(),
        old: side(old_path, old),
        new: side(new_path, new),
        notes,
        totals: TotalsChange {
            failed_attempts: NumberChange::new(old.totals.failed_attempts, new.totals.failed_attempts),
            principals: NumberChange::new(old.totals.principals, new.totals.principals),
            sources: NumberChange::new(old.totals.sources, new.totals.sources),
            api_key_invalidations: NumberChange::new(
                old.totals.api_key_invalidations,
                new.totals.api_key_invalidations,
            ),
            findings: NumberChange::new(old.findings.len() as u64, new.findings.len() as u64),
        },
        findings: findings(&old.findings, &new.findings),
        groups: if comparable {
            groups(&old.groups.iter().collect::<Vec<_>>(), &new.groups.iter().collect::<Vec<_>>())
        } else {
            Lists::default()
        },
        api_keys: keys(&old.api_keys.failing, &new.api_keys.failing),
    }
}

fn side(path: &str, report: &Report) -> DiffSide {
    DiffSide {
        path: path.to_owned(),
        first: report.coverage.first.clone(),
        last: report.coverage.last.clone(),
        filters: report.filters.as_ref().map(|filters| filters.in_force.clone()).unwrap_or_default(),
    }
}

/// Options that make numbers differ though nothing else does. Filters stand at each side.
fn different_options(old: &Report, new: &Report) -> Option<String> {
    const OWN_WORDS: [&str; 4] = ["by", "top", "filters", "problems"];
    let names: BTreeSet<&String> = old.parameters.keys().chain(new.parameters.keys()).collect();
    let differ: Vec<&str> = names
        .into_iter()
        .filter(|name| !OWN_WORDS.contains(&name.as_str()) && old.parameters.get(*name) != new.parameters.get(*name))
        .map(String::as_str)
        .collect();
    (!differ.is_empty()).then(|| format!("the reports were made with different options: {}", differ.join(", ")))
}

/// How much two findings have in common: nothing, unless they are of one kind.
fn likeness(old: &Finding, new: &Finding) -> usize {
    if old.kind != new.kind {
        return 0;
    }
    let shared = |one: &[String], other: &[String]| {
        let one: BTreeSet<&String> = one.iter().collect();
        other.iter().filter(|name| one.contains(name)).count()
    };
    let keys = shared(&old.api_keys, &new.api_keys);
    // Two keys are two problems, whoever uses them.
    if keys == 0 && !old.api_keys.is_empty() && !new.api_keys.is_empty() {
        return 0;
    }
    let about = 100 * keys + 10 * shared(&old.principals, &new.principals) + 5 * shared(&old.sources, &new.sources);
    let nobody =
        |finding: &Finding| finding.api_keys.is_empty() && finding.principals.is_empty() && finding.sources.is_empty();
    if about == 0 && nobody(old) && nobody(new) { 1 + shared(&old.nodes, &new.nodes) } else { about }
}

fn findings(old: &[Finding], new: &[Finding]) -> Lists<FindingChange> {
    let mut alike: Vec<(Reverse<usize>, usize, usize)> = Vec::new();
    for (before, one) in old.iter().enumerate() {
        for (after, other) in new.iter().enumerate() {
            let likeness = likeness(one, other);
            if likeness > 0 {
                alike.push((Reverse(likeness), before, after));
            }
        }
    }
    alike.sort_unstable();
    let mut partner: BTreeMap<usize, usize> = BTreeMap::new();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    for (_, before, after) in alike {
        if !partner.contains_key(&before) && taken.insert(after) {
            partner.insert(before, after);
        }
    }
    let mut lists = Lists::default();
    for (before, one) in old.iter().enumerate() {
        let other = partner.get(&before).map(|&after| &new[after]);
        let failures = NumberChange::new(one.failures, other.map_or(0, |other| other.failures));
        // What has become worse has grown, whatever was counted.
        let rank = |finding: &Finding| Severity::parse(&finding.severity).map_or(0, |severity| severity as u64);
        let ranks = NumberChange::new(rank(one), other.map_or(0, rank));
        let change = if ranks.old == ranks.new { failures } else { ranks };
        lists.add(found(Some(one), other), true, other.is_some(), change);
    }
    for (_, other) in new.iter().enumerate().filter(|(after, _)| !taken.contains(after)) {
        lists.add(found(None, Some(other)), false, true, NumberChange::new(0, other.failures));
    }
    lists
}

fn found(old: Option<&Finding>, new: Option<&Finding>) -> FindingChange {
    let told = new.or(old);
    let text = |get: fn(&Finding) -> &String| told.map(get).cloned().unwrap_or_default();
    FindingChange {
        kind: text(|finding| &finding.kind),
        title: told.map(|finding| finding.title.clone()).unwrap_or_default(),
        verdict: text(|finding| &finding.verdict),
        severity_old: old.map(|finding| finding.severity.clone()),
        severity_new: new.map(|finding| finding.severity.clone()),
        id_old: old.map(|finding| finding.id.clone()),
        id_new: new.map(|finding| finding.id.clone()),
        last_old: old.and_then(|finding| finding.end.clone()),
        last_new: new.and_then(|finding| finding.end.clone()),
        failures: NumberChange::new(
            old.map_or(0, |finding| finding.failures),
            new.map_or(0, |finding| finding.failures),
        ),
    }
}

/// Attempts of a group, and the last of them.
#[derive(Clone, Default)]
struct Failures {
    count: u64,
    last: Option<String>,
}

/// What groups are compared by: principal, chain, reason, credential, cluster, other keys.
type ComparedKey<'g> = (
    &'g Option<String>,
    &'g Option<Vec<String>>,
    &'g String,
    Option<&'g String>,
    Option<&'g String>,
    &'g BTreeMap<String, Option<String>>,
);

fn sums(groups: &[Group], credentials: bool, clusters: bool) -> BTreeMap<ComparedKey<'_>, Failures> {
    let mut sums: BTreeMap<ComparedKey<'_>, Failures> = BTreeMap::new();
    for group in groups {
        let credential = group.credential.as_ref().filter(|_| credentials);
        let cluster = group.cluster.as_ref().filter(|_| clusters);
        let key = (&group.principal, &group.realm_chain, &group.reason, credential, cluster, &group.by);
        let failures = sums.entry(key).or_default();
        failures.count += group.count;
        failures.last = failures.last.take().max(group.last.clone());
    }
    sums
}

fn groups(old: &[Group], new: &[Group]) -> Lists<GroupChange> {
    // Reports of older versions do not tell credentials and clusters apart: then their groups are compared with all that
    // have the other keys in common.
    let all = |has: fn(&Group) -> bool| [old, new].iter().all(|groups| groups.iter().any(has));
    let credentials = all(|group| group.credential.is_some());
    let clusters = all(|group| group.cluster.is_some());
    let (before, after) = (sums(old, credentials, clusters), sums(new, credentials, clusters));
    let mut lists = Lists::default();
    let keys: BTreeSet<&ComparedKey<'_>> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (one, other) = (before.get(key), after.get(key));
        let count = NumberChange::new(one.map_or(0, |group| group.count), other.map_or(0, |group| group.count));
        let change = GroupChange {
            principal: key.0.clone(),
            realm_chain: key.1.clone(),
            reason: key.2.clone(),
            credential: key.3.cloned(),
            cluster: key.4.cloned(),
            by: key.5.clone(),
            count,
            last_old: one.and_then(|group| group.last.clone()),
            last_new: other.and_then(|group| group.last.clone()),
        };
        lists.add(change, one.is_some(), other.is_some(), count);
    }
    lists.sort_by_key(|change| change.count);
    lists
}

fn keys(old: &[FailingKey], new: &[FailingKey]) -> Lists<RefusedChange> {
    fn key(refused: &FailingKey) -> (&Option<String>, &String) {
        (&refused.id, &refused.reason)
    }
    let before: BTreeMap<_, &FailingKey> = old.iter().map(|refused| (key(refused), refused)).collect();
    let after: BTreeMap<_, &FailingKey> = new.iter().map(|refused| (key(refused), refused)).collect();
    let mut lists = Lists::default();
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    for (id, reason) in keys {
        let (one, other) = (before.get(&(id, reason)).copied(), after.get(&(id, reason)).copied());
        let count = NumberChange::new(one.map_or(0, |refused| refused.count), other.map_or(0, |refused| refused.count));
        let refused = RefusedChange {
            id: id.clone(),
            name: other.or(one).and_then(|refused| refused.name.clone()),
            reason: reason.clone(),
            count,
            last_old: one.and_then(|refused| refused.last.clone()),
            last_new: other.and_then(|refused| refused.last.clone()),
        };
        lists.add(refused, one.is_some(), other.is_some(), count);
    }
    lists.sort_by_key(|refused| refused.count);
    lists
}
