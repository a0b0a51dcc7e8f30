//! Rules of others: Sigma (github.com/SigmaHQ/sigma-specification, rules 2.1 and correlations 2.1), run over events that have
//! the names of the Elastic Common Schema.
//!
//! A rule that asks for what is not supported, or for what the events do not have, is skipped, and why is said: it would else
//! be told that it found nothing.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use correlation::Counting;
use rule::{About, Correlation, Read, SigmaRule};

use crate::files;
use crate::time::Millis;

mod condition;
mod correlation;
mod pattern;
mod rule;
mod yaml;

pub use correlation::Stretch;
pub use rule::About as SigmaAbout;

/// Files of rules that are read; the public collection of all products has about 4,000.
const MOST_FILES: usize = 20_000;

/// Places of events that are told of a rule.
const PLACES: usize = 5;

/// A rule that was not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// What it says of itself.
    pub about: About,
    /// Why.
    pub why: String,
}

/// Rules that were read.
#[derive(Debug)]
pub struct SigmaRules {
    path: PathBuf,
    rules: Vec<SigmaRule>,
    /// With the numbers of the rules that each refers to.
    correlations: Vec<(Correlation, Vec<usize>)>,
    skipped: Vec<Skipped>,
}

/// The same rules, as far as options are compared: those of one path.
impl PartialEq for SigmaRules {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The rule.
    pub about: About,
    /// Events that meet it, or that are in stretches of a correlation.
    pub events: u64,
    /// The first of them.
    pub first: Option<Millis>,
    /// The last.
    pub last: Option<Millis>,
    /// Fields by which a correlation groups events; none of rules.
    pub group_by: Vec<String>,
    /// Stretches in which a correlation holds.
    pub stretches: Vec<Stretch>,
    /// Where the first events stand: path and line.
    pub places: Vec<(String, u64)>,
}

impl SigmaRules {
    /// Reads the rules of a folder (`.yml`, `.yaml`, recursively), or of one file, for events that have these fields.
    ///
    /// # Errors
    /// That there is no file of rules, that a folder cannot be read, or the one file that is named.
    pub fn load(path: &Path, fields: &[&str]) -> Result<Self, String> {
        let mut paths = Vec::new();
        list(path, &mut paths).map_err(|error| format!("{}: {error}", path.display()))?;
        paths.sort();
        if paths.is_empty() {
            return Err(format!("{}: no file of rules (.yml) in it", path.display()));
        }
        let mut read = Self { path: path.to_owned(), rules: Vec::new(), correlations: Vec::new(), skipped: Vec::new() };
        let mut correlations = Vec::new();
        for file in paths {
            let name = file.strip_prefix(path).ok().filter(|name| name.iter().next().is_some()).unwrap_or(&file);
            let name = name.display().to_string();
            let nodes = files::read(&file, files::WRITTEN_BY_HAND)
                .map_err(|error| error.to_string())
                .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "no UTF-8".to_owned()))
                .and_then(|text| yaml::documents(&text));
            match nodes {
                // Who names a file means that one.
                Err(why) if file == path => return Err(format!("{}: {why}", path.display())),
                Ok(nodes) if file == path && nodes.iter().all(yaml::YamlNode::is_null) => {
                    return Err(format!("{}: there is no rule in it", path.display()));
                }
                Ok(nodes) => {
                    for node in nodes.iter().filter(|node| !node.is_null()) {
                        let about = rule::about(node, &name);
                        match rule::read(node, about.clone(), fields) {
                            Ok(Read::SigmaRule(rule)) => read.rules.push(rule),
                            Ok(Read::Correlation(correlation)) => correlations.push(correlation),
                            Err(why) => read.skipped.push(Skipped { about, why }),
                        }
                    }
                }
                Err(why) => {
                    read.skipped.push(Skipped { about: rule::about(&yaml::YamlNode::List(Vec::new()), &name), why })
                }
            }
        }
        for correlation in correlations {
            match read.of(&correlation) {
                Ok(of) => read.correlations.push((correlation, of)),
                Err(why) => read.skipped.push(Skipped { about: correlation.about, why }),
            }
        }
        Ok(read)
    }

    /// The rules that a correlation refers to.
    fn of(&self, correlation: &Correlation) -> Result<Vec<usize>, String> {
        let find = |name: &String| {
            let is = |rule: &SigmaRule| rule.about.name.as_ref() == Some(name) || rule.about.id.as_ref() == Some(name);
            self.rules
                .iter()
                .position(is)
                .ok_or(format!("there is no rule {name} that was read (correlations of others do not count)"))
        };
        correlation.of.iter().map(find).collect()
    }

    /// Where they come from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many rules and correlations are run.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len() + self.correlations.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was not read.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Begins to run them.
    #[must_use]
    pub fn run(&self) -> RuleRun<'_> {
        let counting = self.correlations.iter().map(|_| Counting::default()).collect();
        let silent = correlation::silent(&self.correlations);
        let found = self.rules.iter().map(|rule| Found::of(&rule.about)).collect();
        RuleRun { rules: self, found, counting, silent }
    }
}

impl Found {
    fn of(about: &About) -> Self {
        Self {
            about: about.clone(),
            events: 0,
            first: None,
            last: None,
            group_by: Vec::new(),
            stretches: Vec::new(),
            places: Vec::new(),
        }
    }
}

/// Rules that are being run.
#[derive(Debug)]
pub struct RuleRun<'r> {
    rules: &'r SigmaRules,
    found: Vec<Found>,
    counting: Vec<Counting>,
    silent: std::collections::BTreeSet<usize>,
}

impl RuleRun<'_> {
    /// Takes an event, which stands at a path and line; events come by time.
    pub fn take(&mut self, at: Millis, event: &Value, path: &str, line: u64) {
        for (number, rule) in self.rules.rules.iter().enumerate() {
            if !rule.meets(event) {
                continue;
            }
            let found = &mut self.found[number];
            found.events += 1;
            found.first.get_or_insert(at);
            found.last = Some(at);
            if found.places.len() < PLACES {
                found.places.push((path.to_owned(), line));
            }
            for ((correlation, of), counting) in self.rules.correlations.iter().zip(&mut self.counting) {
                if let Some(place) = of.iter().position(|&one| one == number) {
                    counting.take(correlation, place, at, event);
                }
            }
        }
    }

    /// What they found: rules, then correlations, in the order in which they were read; those that found nothing are not there.
    #[must_use]
    pub fn found(self) -> Vec<Found> {
        let Self { rules, found, counting, silent } = self;
        let told = found.iter().enumerate().filter(|(number, found)| found.events > 0 && !silent.contains(number));
        let mut all: Vec<Found> = told.map(|(_, found)| found.clone()).collect();
        for ((correlation, of), counting) in rules.correlations.iter().zip(counting) {
            let stretches = counting.stretches();
            if stretches.is_empty() {
                continue;
            }
            all.push(Found {
                about: correlation.about.clone(),
                events: stretches.iter().map(|stretch| stretch.events).sum(),
                first: stretches.iter().map(|stretch| stretch.first).min(),
                last: stretches.iter().map(|stretch| stretch.last).max(),
                group_by: correlation.group_by.clone(),
                stretches,
                places: of.iter().flat_map(|&rule| found[rule].places.first().cloned()).collect(),
            });
        }
        all
    }
}

/// The files of rules below a path.
fn list(path: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        // A path that is not there is an error of its own.
        fs::metadata(path)?;
        found.push(path.to_owned());
        return Ok(());
    }
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let path = entry.path();
            let is_rule = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
            if kind.is_dir() {
                folders.push(path);
            // Of what cannot be looked at reading says why.
            } else if is_rule && fs::metadata(&path).map_or(true, |meta| meta.is_file()) {
                found.push(path);
            }
            if found.len() > MOST_FILES {
                return Err(std::io::Error::other(format!("more than {MOST_FILES} files of rules")));
            }
        }
    }
    Ok(())
}
