//! A check while it is made, and what all of them look at.

use std::collections::BTreeMap;

use crate::context::{ClusterFacts, Settings};
use crate::correlate::{Correlated, is_near};
use crate::judge::Severity;
use crate::model::Evidence;
use crate::model::check::ReadinessCheck;
use crate::model::text::{Span, Text};
use crate::time::Millis;

/// Names of a list; more are counted.
const LISTED: usize = 50;

/// Names of a sentence; more are counted.
const NAMED: usize = 4;

/// What is looked at.
pub(super) struct ReviewScene<'j> {
    pub(super) joined: &'j Correlated,
    /// The time that ages are counted to.
    pub(super) now: Option<Millis>,
    /// What stands for names of listings, where they must not be shown.
    shown: BTreeMap<String, String>,
}

impl<'j> ReviewScene<'j> {
    pub(super) fn of(joined: &'j Correlated) -> Self {
        let dumped = joined.context.read.iter().filter_map(|(_, _, as_of, _)| *as_of).max();
        let text = |sym| joined.state.symbols.string(sym);
        let pair = |(&shown, &original): (&_, &_)| Some((text(original)?, text(shown)?));
        let shown = joined.originals.iter().filter_map(pair).collect();
        Self { joined, now: joined.last_event().max(dumped), shown }
    }

    /// A name of a listing as it may be shown: under pseudonyms that of the logs, else none.
    pub(super) fn shown(&self, name: &str) -> String {
        if !self.joined.pseudonymized {
            return name.to_owned();
        }
        self.shown.get(name).cloned().unwrap_or_else(|| "(withheld)".to_owned())
    }

    /// A principal of a listing.
    pub(super) fn principal(&self, name: &str) -> Span {
        Span::principal(&self.shown(name))
    }

    /// Clusters with what is known of them and their number.
    pub(super) fn clusters(&self) -> impl Iterator<Item = (usize, &'j ClusterFacts)> {
        self.joined.context.clusters.iter().enumerate()
    }

    /// Every node that settings are known of: its id, name, and settings.
    pub(super) fn settings(&self) -> Vec<ReviewedNode> {
        let mut found = Vec::new();
        for (cluster, facts) in self.clusters() {
            for (id, node) in &facts.nodes {
                let Some(settings) = facts.settings_of(id) else { continue };
                let near = settings.as_of.is_none_or(|time| is_near(self.joined, time));
                if near && settings.fact.tell_of_realms() {
                    found.push(ReviewedNode {
                        id: id.clone(),
                        name: node.fact.name.clone(),
                        cluster,
                        settings: settings.fact,
                        path: settings.path,
                    });
                }
            }
        }
        found
    }
}

/// A node whose settings are known.
pub(super) struct ReviewedNode {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) cluster: usize,
    pub(super) settings: Settings,
    /// The input that says so.
    pub(super) path: String,
}

impl ReviewedNode {
    /// How a sentence names it.
    pub(super) fn span(&self) -> Span {
        Span::node(self.name.as_deref().unwrap_or(&self.id))
    }
}

/// A check while it is made.
pub(super) struct CheckDraft {
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    pub(super) title: Text,
    pub(super) why: Vec<Text>,
    pub(super) fix: Vec<Text>,
    pub(super) nodes: Vec<String>,
    pub(super) principals: Vec<String>,
    pub(super) api_keys: Vec<String>,
    /// Inputs that show it.
    pub(super) paths: Vec<String>,
    pub(super) evidence: Vec<Evidence>,
}

impl CheckDraft {
    pub(super) fn new(id: &'static str, severity: Severity, title: impl Into<Text>) -> Self {
        Self {
            id,
            severity,
            title: title.into(),
            why: Vec::new(),
            fix: Vec::new(),
            nodes: Vec::new(),
            principals: Vec::new(),
            api_keys: Vec::new(),
            paths: Vec::new(),
            evidence: Vec::new(),
        }
    }

    pub(super) fn why(mut self, why: impl Into<Text>) -> Self {
        self.why.push(why.into());
        self
    }

    pub(super) fn fix(mut self, fix: impl Into<Text>) -> Self {
        self.fix.push(fix.into());
        self
    }

    pub(super) fn shown_by(mut self, path: &str) -> Self {
        self.paths.push(path.to_owned());
        self
    }

    /// The check under its number among those of its id.
    pub(super) fn finish(mut self, number: u32) -> ReadinessCheck {
        for list in [&mut self.nodes, &mut self.principals, &mut self.api_keys, &mut self.paths] {
            list.sort();
            list.dedup();
            list.truncate(LISTED);
        }
        let of_input = |path: String| Evidence { path, line: 1, offset: None, offset_line: None };
        self.evidence.extend(self.paths.into_iter().map(of_input));
        self.evidence.truncate(LISTED);
        ReadinessCheck {
            id: if number == 1 { self.id.to_owned() } else { format!("{}.{number}", self.id) },
            severity: self.severity.name().to_owned(),
            title: self.title,
            why: self.why,
            fix: self.fix,
            nodes: self.nodes,
            principals: self.principals,
            api_keys: self.api_keys,
            evidence: self.evidence,
        }
    }
}

/// A few names, and how many more there are.
pub(super) fn few(names: impl IntoIterator<Item = Span>, total: usize) -> Text {
    Text::list(names, total as u64, NAMED)
}
