//! Judgement: what happened, whether it is an attack or something broken, and what to do.
//!
//! A kind of finding is one file and its line in [`DETECTORS`]; reports, `esaudit explain`, the configuration file's comments
//! and the tests iterate that slice. Detectors run in stages: who explains attempts best comes first and claims them, so that
//! one cause is one finding (a client with a stale password is not also guessing, a spray is not also 400 guessing findings).
//! Everything rests on exact event times in sliding windows, and on groups that are built once (`index`).

mod cadence;
mod campaigns;
mod cases;
mod clues;
mod doc;
mod draft;
mod index;
mod kinds;
mod refusals;
mod scene;
mod successes;
mod sweep;
#[cfg(test)]
mod testing;
mod words;

mod account_compromise;
mod api_key_bad_secret;
mod api_key_expired_in_use;
mod api_key_invalidated_in_use;
mod api_key_rotation_outage;
mod api_key_underprivileged;
mod api_key_unknown;
mod api_key_wrong_type;
mod clock_skew;
mod credential_stuffing;
mod low_and_slow;
mod mass_invalidation;
mod missing_credentials;
mod password_guessing;
mod password_spraying;
mod stale_credential;
mod wrong_realm;

pub use doc::{Doc, explain, listing};
pub use kinds::{Kind, Severity, Verdict};

use crate::correlate::Correlated;
use crate::model::Finding;
use crate::options::Options;
use draft::Draft;
use scene::Scene;

/// Finds one kind of pattern.
pub trait Detector: Sync {
    /// Its documentation.
    fn doc(&self) -> &'static Doc;

    /// When it runs: the lower, the earlier; those of the same stage in the order of [`DETECTORS`].
    #[doc(hidden)]
    fn stage(&self) -> Stage;

    /// Looks for it.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "detectors are written here; outside they are only listed")]
    fn detect(&self, scene: &Scene<'_>, found: &mut Found);
}

/// Order in which detectors claim attempts: what a setting of a node explains, then what the records themselves explain, then
/// what a client explains, then what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The cluster's own settings.
    Settings,
    /// A key and its replacement.
    Rotation,
    /// The reason is known.
    Explained,
    /// A client's settings.
    Client,
    /// Attacks from many places.
    ManySources,
    /// Attacks on many accounts.
    ManyAccounts,
    /// Attacks on one account.
    OneAccount,
    /// What is left.
    Rest,
    /// What follows from other findings.
    Consequence,
}

/// Every kind of finding, in the order of the contract.
pub static DETECTORS: &[&dyn Detector] = &[
    &password_guessing::PasswordGuessing,
    &password_spraying::PasswordSpraying,
    &credential_stuffing::CredentialStuffing,
    &low_and_slow::LowAndSlow,
    &account_compromise::AccountCompromise,
    &stale_credential::StaleCredential,
    &api_key_invalidated_in_use::ApiKeyInvalidatedInUse,
    &api_key_rotation_outage::ApiKeyRotationOutage,
    &api_key_expired_in_use::ApiKeyExpiredInUse,
    &api_key_unknown::ApiKeyUnknown,
    &api_key_bad_secret::ApiKeyBadSecret,
    &api_key_wrong_type::ApiKeyWrongType,
    &api_key_underprivileged::ApiKeyUnderprivileged,
    &mass_invalidation::MassInvalidation,
    &missing_credentials::MissingCredentials,
    &wrong_realm::WrongRealm,
    &clock_skew::ClockSkew,
];

/// The findings so far, and which attempts they explain.
#[derive(Debug)]
struct Found {
    drafts: Vec<Draft>,
    /// By attempt: the number of the draft that explains it, or [`FREE`].
    owner: Vec<u32>,
}

/// No draft explains the attempt.
const FREE: u32 = u32::MAX;

impl Found {
    fn is_free(&self, attempt: u32) -> bool {
        self.owner[attempt as usize] == FREE
    }

    /// The drafts that explain these attempts, each once.
    fn owners(&self, attempts: &[u32]) -> Vec<usize> {
        let mut owners: Vec<u32> = attempts.iter().map(|&at| self.owner[at as usize]).collect();
        owners.retain(|&owner| owner != FREE);
        owners.sort_unstable();
        owners.dedup();
        owners.into_iter().map(|owner| owner as usize).collect()
    }

    /// The attempts that no finding explains yet.
    fn free(&self, attempts: &[u32]) -> Vec<u32> {
        attempts.iter().copied().filter(|&at| self.is_free(at)).collect()
    }

    /// Adds a finding that explains its attempts. Gives its number among the drafts.
    fn claim(&mut self, draft: Draft) -> usize {
        let number = self.drafts.len();
        for &at in &draft.attempts {
            self.owner[at as usize] = number as u32;
        }
        self.drafts.push(draft);
        number
    }

    /// Puts a finding that explains more in the place of one.
    fn replace(&mut self, number: usize, draft: Draft) {
        for &at in &draft.attempts {
            self.owner[at as usize] = number as u32;
        }
        self.drafts[number] = draft;
    }

    /// Adds a finding about attempts that others may explain too.
    fn add(&mut self, draft: Draft) -> usize {
        self.drafts.push(draft);
        self.drafts.len() - 1
    }

    /// Makes two findings point to each other.
    fn relate(&mut self, one: usize, other: usize) {
        for (from, to) in [(one, other), (other, one)] {
            if from != to && !self.drafts[from].related.contains(&to) {
                self.drafts[from].related.push(to);
            }
        }
    }
}

/// A finding and the attempts that it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What is told.
    pub finding: Finding,
    /// Indices into [`Correlated::attempts`], by time.
    pub attempts: Vec<u32>,
}

/// Judges the joined records. The findings come by severity, then start.
#[must_use]
pub fn detect(joined: &Correlated, options: &Options) -> Vec<Finding> {
    judge(joined, options).into_iter().map(|judged| judged.finding).collect()
}

/// As [`detect`], with the attempts.
#[must_use]
pub fn judge(joined: &Correlated, options: &Options) -> Vec<Judged> {
    let scene = Scene::new(joined, options);
    let mut found = Found { drafts: Vec::new(), owner: vec![FREE; joined.attempts.len()] };
    let mut order: Vec<&dyn Detector> = DETECTORS.to_vec();
    order.sort_by_key(|detector| detector.stage());
    for detector in order {
        detector.detect(&scene, &mut found);
    }
    draft::finish(&scene, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_those_of_the_contract_in_order() {
        let kinds: Vec<Kind> = DETECTORS.iter().map(|detector| detector.doc().kind).collect();
        assert_eq!(kinds, Kind::ALL);
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.name()), Some(*kind));
        }
    }
}
