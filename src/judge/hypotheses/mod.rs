//! The hypotheses: a file a kind of finding. A kind says what it is, which failures it may explain, how bad it is and what it
//! is called; what speaks for it stands in the table of weights under its name. To add one: its file, its line in
//! [`HYPOTHESES`], its rows in `weights.tsv`, its name in [`super::kinds::Kind`].

mod account_compromise;
mod api_key_bad_secret;
mod api_key_expired_in_use;
mod api_key_guessing;
mod api_key_invalidated_in_use;
mod api_key_rotation_outage;
mod api_key_underprivileged;
mod api_key_unknown;
mod api_key_wrong_type;
mod audit_gap;
mod clock_skew;
mod credential_stuffing;
mod low_and_slow;
mod mass_invalidation;
mod missing_credentials;
mod password_guessing;
mod password_spraying;
mod persistence;
mod realm_outage;
mod stale_credential;
mod suspicious_access;
mod unauthenticated_scan;
mod wrong_realm;

use std::collections::BTreeMap;

use super::campaign::{Campaign, Family};
use super::doc::Doc;
use super::features::{Feature, Features};
use super::kinds::{Kind, Severity, Verdict};
use super::ranked::{NAMED, ranked, sources_in_words};
use super::scene::Scene;
use super::words;

/// What a campaign may be.
#[derive(Debug)]
pub(super) struct Hypothesis {
    pub(super) doc: Doc,
    /// An attack, not something broken.
    pub(super) hostile: bool,
    /// Which failures it may explain; empty for what is not told of failures alone.
    pub(super) families: &'static [Family],
    pub(super) severity: fn(&ToldCampaign<'_, '_>) -> Severity,
    pub(super) title: fn(&ToldCampaign<'_, '_>) -> String,
}

/// Every kind, in the order of the contract.
pub(super) static HYPOTHESES: &[&Hypothesis] = &[
    &password_guessing::HYPOTHESIS,
    &password_spraying::HYPOTHESIS,
    &credential_stuffing::HYPOTHESIS,
    &low_and_slow::HYPOTHESIS,
    &account_compromise::HYPOTHESIS,
    &stale_credential::HYPOTHESIS,
    &api_key_invalidated_in_use::HYPOTHESIS,
    &api_key_rotation_outage::HYPOTHESIS,
    &api_key_expired_in_use::HYPOTHESIS,
    &api_key_unknown::HYPOTHESIS,
    &api_key_bad_secret::HYPOTHESIS,
    &api_key_wrong_type::HYPOTHESIS,
    &api_key_underprivileged::HYPOTHESIS,
    &mass_invalidation::HYPOTHESIS,
    &missing_credentials::HYPOTHESIS,
    &wrong_realm::HYPOTHESIS,
    &clock_skew::HYPOTHESIS,
    &suspicious_access::HYPOTHESIS,
    &persistence::HYPOTHESIS,
    &api_key_guessing::HYPOTHESIS,
    &unauthenticated_scan::HYPOTHESIS,
    &realm_outage::HYPOTHESIS,
    &audit_gap::HYPOTHESIS,
];

/// Every kind's documentation, in the order of the contract.
pub fn docs() -> impl Iterator<Item = &'static Doc> {
    HYPOTHESES.iter().map(|hypothesis| &hypothesis.doc)
}

/// The documentation of a kind.
pub(super) fn doc_of(kind: Kind) -> &'static Doc {
    &HYPOTHESES[kind as usize].doc
}

/// A campaign that is about to be told as a finding.
pub(super) struct ToldCampaign<'t, 'c> {
    pub(super) scene: &'t Scene<'c>,
    pub(super) campaign: &'t Campaign,
    pub(super) features: &'t Features,
    pub(super) verdict: Verdict,
}

impl ToldCampaign<'_, '_> {
    fn failures(&self) -> u64 {
        self.campaign.failures(self.scene)
    }

    fn accounts(&self) -> String {
        match self.features.accounts as u64 {
            0 => "Clients without an account".to_owned(),
            1 => self.list(|attempt| attempt.principal),
            many => words::count(many, "account", "accounts"),
        }
    }

    fn places(&self) -> String {
        if self.campaign.attempts.is_empty() {
            return "clients that no line names".to_owned();
        }
        match self.features.sources as u64 {
            0..=2 => sources_in_words(self.scene, &self.campaign.attempts),
            many => words::count(many, "source", "sources"),
        }
    }

    fn list(&self, of: fn(&crate::state::Attempt) -> crate::state::Sym) -> String {
        let syms = self.campaign.attempts.iter().map(|&at| of(self.scene.attempt(at))).collect();
        let (names, total) = ranked(self.scene, syms);
        words::list(&names, total, NAMED)
    }

    fn nodes(&self) -> String {
        let names: Vec<String> = self.failing_nodes().iter().map(|&node| self.scene.node_name(node)).collect();
        words::list(&names, names.len() as u64, NAMED)
    }

    /// The nodes on which it fails, by their place in the log's list. People mistype on every node: those with less than a tenth
    /// of the failures of the one that has most are left out.
    pub(super) fn failing_nodes(&self) -> Vec<usize> {
        let attempts = self.campaign.attempts.iter().map(|&at| self.scene.node(at));
        let refusals = self.campaign.refusals.iter().map(|&at| self.scene.joined.key_failures[at as usize].node);
        let mut counts: BTreeMap<usize, u64> = BTreeMap::new();
        for node in attempts.chain(refusals) {
            *counts.entry(node).or_default() += 1;
        }
        let most = counts.values().copied().max().unwrap_or_default();
        counts.into_iter().filter(|(_, count)| count.saturating_mul(10) >= most).map(|(node, _)| node).collect()
    }

    fn keys(&self, one: &str, several: &str) -> String {
        match self.campaign.keys.as_slice() {
            [] => format!("An API key that no line names {one}"),
            [only] => format!("API key {} {one}", super::ranked::key_in_words(self.scene, *only)),
            keys => format!("{} {several}", words::count(keys.len() as u64, "API key", "API keys")),
        }
    }
}

/// How bad an attack is that is not known to have got in: high where it may.
fn attack(told: &ToldCampaign<'_, '_>) -> Severity {
    let features = told.features;
    let exists = 1.0 - features.get(Feature::Unknown) - features.get(Feature::UnknownAccount) > 0.2;
    let tries = told.failures();
    match told.verdict {
        Verdict::Hostile if tries >= 20 && (exists || tries >= 100) => Severity::High,
        Verdict::Hostile if tries >= 5 => Severity::Medium,
        Verdict::Unclear if tries >= 20 => Severity::Medium,
        _ => Severity::Low,
    }
}

/// How bad it is that somebody looks around without credentials: nothing is lost by it.
fn scan(told: &ToldCampaign<'_, '_>) -> Severity {
    if told.failures() >= 100 { Severity::Medium } else { Severity::Low }
}

/// How bad it is that clients are shut out, by their number.
fn outage(told: &ToldCampaign<'_, '_>) -> Severity {
    match (told.failures(), told.features.sources.max(told.campaign.keys.len())) {
        (1000.., _) | (_, 10..) => Severity::High,
        (100.., _) | (_, 3..) => Severity::Medium,
        _ => Severity::Low,
    }
}

/// The title of kinds that are told of more than failures: whoever finds one writes it.
fn named(_: &ToldCampaign<'_, '_>) -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::super::doc::spoken;
    use super::super::kinds::Kind;
    use super::*;
    use crate::model::text::Span;

    #[test]
    fn every_kind_is_documented_whole() {
        for doc in docs() {
            let name = doc.kind.name();
            for text in [doc.signature, doc.meaning, doc.verdict, doc.source] {
                assert!(text.len() > 10, "{name}: {text}");
            }
            assert!(!doc.next_steps.is_empty() && !doc.false_positives.is_empty(), "{name}");
            for template in doc.next_steps.iter().chain([&doc.meaning]) {
                let told = spoken(template);
                let words = told.spans().iter().filter(|span| !matches!(span, Span::Call(_)));
                let words: String = words.map(|span| span.plain().into_owned()).collect();
                assert!(!words.contains('{') && !words.contains('['), "{name}: {words}");
            }
        }
        assert_eq!(docs().count(), Kind::ALL.len());
    }

    #[test]
    fn kinds_are_those_of_the_contract_in_order() {
        let kinds: Vec<Kind> = HYPOTHESES.iter().map(|rival| rival.doc.kind).collect();
        assert_eq!(kinds, Kind::ALL);
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.name()), Some(*kind));
        }
    }
}
