//! Hypotheses compete: each adds up what the features say for and against it, and a softmax makes probabilities of the sums.
//! Kind, verdict and confidence are read off these alone.

use super::campaign::Family;
use super::features::{Feature, Features};
use super::hypotheses::HYPOTHESES;
use super::kinds::{Kind, Verdict};
use super::weights::{self, WeightSubject};

/// How much one story may say for or against a hypothesis at most.
const CAP: f64 = 12.0;

/// From this share of hostile kinds among all that are no accident on, the verdict is hostile; below the other, operational.
/// Between them the evidence is balanced. To call an attack broken costs more than the reverse, so less is enough to doubt.
const HOSTILE: f64 = 0.8;
const OPERATIONAL: f64 = 0.15;

/// What may as well be chance is not called an attack: the hostile kinds have at least so much of all.
const SURE: f64 = 0.7;

/// Share of the hostile kinds among all that are no accident at most, where a log holds only the failures of some minutes, or no success
/// and failures like those of people: behind a gateway of their own while the directory is down, or when the holidays are over, they
/// fail like that, too. And where an account is tried at an address
/// inside that nobody else uses: a device of its owner's fails like that.
const NOTHING_BESIDE: f64 = 0.75;

/// And at most, where a program fails from the first line to the last amid several hosts of its own.
const AMONG_HOSTS: f64 = 0.4;

/// And at most, where clients that get in have lost their header for a time, or a job comes with a wrong key at its hour of each day.
const OF_A_PROGRAM: f64 = 0.1;

/// And at least, where tries end in the first success that the log knows of, for some and for more than anybody makes: that it was
/// repaired is not seen, as nothing had worked.
const NEVER_WORKED: [f64; 2] = [0.2, 0.55];

/// And at least, where requests come without credentials from where hardly anybody comes, more than people make: that somebody had
/// logged in there is little. And where no success is logged: that a client ever worked is not seen. And where an account is tried
/// behind an address that many share, while its owner works on.
const UNEXPLAINED: f64 = 0.2;

/// And at least, where a person's account is tried many times at a login page, in which nobody stores a password.
const LOGIN_PAGE: f64 = 0.55;

/// And at least, where tokens are tried that their sender signs: a client that was set up for another cluster has those of one issuer.
const INVENTED: f64 = 0.7;

/// And at least, where each try names another client in `x_forwarded_for`, which none does but to hide.
const FORGED: f64 = 0.9;

/// Probabilities of what a campaign is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Posterior {
    /// Kinds with their probability, the likeliest first.
    pub(super) kinds: Vec<(Kind, f64)>,
    /// Mass of the hostile kinds, of the operational kinds, and of "nothing happened".
    pub(super) hostile: f64,
    pub(super) operational: f64,
    pub(super) ordinary: f64,
}

impl Posterior {
    /// The probabilities of a campaign with these features.
    pub(super) fn of(family: Family, features: &Features) -> Self {
        let rivals = HYPOTHESES.iter().filter(|rival| rival.families.contains(&family));
        let mut sums: Vec<(Option<Kind>, bool, f64)> = rivals
            .map(|rival| {
                let side = if rival.hostile { WeightSubject::Hostile } else { WeightSubject::Operational };
                (Some(rival.doc.kind), rival.hostile, sum(features, &[side, WeightSubject::Kind(rival.doc.kind)]))
            })
            .collect();
        sums.push((None, false, sum(features, &[WeightSubject::Ordinary])));
        let most = sums.iter().map(|(.., sum)| *sum).fold(f64::NEG_INFINITY, f64::max);
        let all: f64 = sums.iter().map(|(.., sum)| (sum - most).exp()).sum();
        let mut posterior = Self { kinds: Vec::new(), hostile: 0.0, operational: 0.0, ordinary: 0.0 };
        for (kind, hostile, sum) in sums {
            let mass = (sum - most).exp() / all;
            match kind {
                None => posterior.ordinary = mass,
                Some(kind) => {
                    *(if hostile { &mut posterior.hostile } else { &mut posterior.operational }) += mass;
                    posterior.kinds.push((kind, mass));
                }
            }
        }
        if (features.nothing_beside || features.perhaps_owner) && posterior.hostility() > NOTHING_BESIDE {
            posterior.share(NOTHING_BESIDE);
        }
        if features.among_hosts && posterior.hostility() > AMONG_HOSTS {
            posterior.share(AMONG_HOSTS);
        }
        if (features.headerless || features.of_a_job) && posterior.hostility() > OF_A_PROGRAM {
            posterior.share(OF_A_PROGRAM);
        }
        let least = least_hostility(features);
        if posterior.hostility() < least {
            posterior.share(least);
        }
        if posterior.ordinary > features.ordinary_at_most {
            posterior.happened(1.0 - features.ordinary_at_most);
        }
        if features.too_few {
            posterior.is_no_attack();
        }
        posterior.kinds.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        posterior
    }

    /// Gives the hostile kinds such a share of all that are no accident.
    fn share(&mut self, hostility: f64) {
        // A family that has kinds of one side only, or one side that is impossible, has nothing to share.
        if self.hostile <= 0.0 || self.operational <= 0.0 {
            return;
        }
        let told = self.hostile + self.operational;
        let part = hostility * told / self.hostile;
        let other = (1.0 - hostility) * told / self.operational;
        for (kind, mass) in &mut self.kinds {
            *mass *= if is_hostile(*kind) { part } else { other };
        }
        self.hostile *= part;
        self.operational *= other;
    }

    /// Gives the kinds such a mass together.
    fn happened(&mut self, mass: f64) {
        let part = mass / (self.hostile + self.operational).max(1e-12);
        self.kinds.iter_mut().for_each(|(_, mass)| *mass *= part);
        self.hostile *= part;
        self.operational *= part;
        self.ordinary = 1.0 - mass;
    }

    /// Gives the mass of the hostile kinds to "nothing happened".
    fn is_no_attack(&mut self) {
        self.kinds.iter_mut().filter(|(kind, _)| is_hostile(*kind)).for_each(|(_, mass)| *mass = 0.0);
        self.ordinary += self.hostile;
        self.hostile = 0.0;
    }

    /// Share of the hostile kinds among all that are no accident.
    pub(super) fn hostility(&self) -> f64 {
        self.hostile / (self.hostile + self.operational).max(1e-12)
    }

    /// Which way it leans.
    pub(super) fn verdict(&self) -> Verdict {
        match self.hostility() {
            share if share >= HOSTILE && self.hostile >= SURE => Verdict::Hostile,
            share if share <= OPERATIONAL => Verdict::Operational,
            _ => Verdict::Unclear,
        }
    }

    /// The likeliest kind of the likelier side.
    pub(super) fn kind(&self) -> Option<Kind> {
        let hostile = self.hostile >= self.operational;
        self.kinds.iter().map(|(kind, _)| *kind).find(|kind| is_hostile(*kind) == hostile)
    }

    /// The probability that what is told is right: the mass of the side that is told.
    pub(super) fn confidence(&self) -> f64 {
        rounded(self.hostile.max(self.operational))
    }
}

/// Share of the hostile kinds among all that are no accident, at least: where what would tell otherwise is not seen.
fn least_hostility(features: &Features) -> f64 {
    let unexplained = features.unexplained || features.unproven || features.behind_others;
    let never_worked = NEVER_WORKED[usize::from(features.never_worked >= 1.0)];
    let page = features.login_page;
    let guessed = features.never_worked > 0.0;
    [
        (unexplained, UNEXPLAINED),
        (guessed, never_worked),
        (page, LOGIN_PAGE),
        (features.invents, INVENTED),
        (features.forges, FORGED),
    ]
    .into_iter()
    .filter_map(|(holds, least)| holds.then_some(least))
    .fold(0.0, f64::max)
}

/// Whether a kind is an attack.
fn is_hostile(kind: Kind) -> bool {
    HYPOTHESES.iter().any(|rival| rival.doc.kind == kind && rival.hostile)
}

/// A probability as it is told: two digits, never certain.
pub(super) fn rounded(probability: f64) -> f64 {
    (probability * 100.0).round().clamp(1.0, 99.0) / 100.0
}

/// A logarithm of odds as a probability.
pub(super) fn logistic(sum: f64) -> f64 {
    1.0 / (1.0 + (-sum).exp())
}

/// What the features say for some subjects together, each story capped.
pub(super) fn sum(features: &Features, subjects: &[WeightSubject]) -> f64 {
    let weights: Vec<&[f64]> = subjects.iter().map(|&subject| weights::of(subject)).collect();
    let bias: f64 = weights.iter().map(|weights| weights[Feature::ALL.len()]).sum();
    let mut stories = [0.0_f64; 8];
    for (feature, value) in features.all() {
        let weight: f64 = weights.iter().map(|weights| weights[feature as usize]).sum();
        stories[feature.story() as usize] += value * weight;
    }
    bias + stories.iter().map(|story| story.clamp(-CAP, CAP)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_beside_the_failures_no_verdict_is_sure_and_no_mass_is_lost() {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let mut limited = 0;
        for family in HYPOTHESES.iter().flat_map(|rival| rival.families.iter().copied()) {
            for (feature, at) in Feature::ALL.iter().flat_map(|&feature| [(feature, 1.0), (feature, 3.0)]) {
                let mut features = Features::new();
                features.set(feature, at);
                let free = Posterior::of(family, &features);
                features.nothing_beside = true;
                let told = Posterior::of(family, &features);
                let side = |hostile| {
                    told.kinds.iter().filter(|(kind, _)| is_hostile(*kind) == hostile).map(|(_, mass)| mass).sum()
                };
                assert!(near(told.hostile, side(true)) && near(told.operational, side(false)), "{family:?} {told:?}");
                assert!(near(told.hostile + told.operational + told.ordinary, 1.0), "{family:?} {told:?}");
                assert!(near(told.ordinary, free.ordinary));
                assert!(near(told.hostility(), free.hostility().min(NOTHING_BESIDE)), "{family:?} {told:?}");
                limited += u32::from(free.hostility() > NOTHING_BESIDE);
            }
        }
        assert!(limited > 10, "{limited}");
    }

    #[test]
    fn what_cannot_be_told_apart_is_no_all_clear_and_what_chance_does_not_explain_is_told() {
        let mut changed = 0;
        for family in HYPOTHESES.iter().flat_map(|rival| rival.families.iter().copied()) {
            for &feature in Feature::ALL {
                let mut features = Features::new();
                features.set(feature, 2.0);
                let free = Posterior::of(family, &features);
                features.behind_others = true;
                features.ordinary_at_most = 0.45;
                let told = Posterior::of(family, &features);
                // A family of which no kind is hostile has nothing to doubt.
                assert!(told.hostile <= 0.0 || told.verdict() != Verdict::Operational, "{family:?} {told:?}");
                assert!(told.ordinary <= 0.45 + 1e-9, "{family:?} {told:?}");
                assert!((told.hostile + told.operational + told.ordinary - 1.0).abs() < 1e-9, "{family:?} {told:?}");
                changed += u32::from(free.verdict() == Verdict::Operational && free.ordinary > 0.45);
            }
        }
        assert!(changed > 10, "{changed}");
    }
}
