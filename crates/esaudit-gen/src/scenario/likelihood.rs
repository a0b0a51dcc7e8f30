//! How likely ordinary life would have made the like of what was planted: the generator's own reckoning, from the
//! distributions that it draws from, never from anything that a judge computes.
//!
//! The likelihood ratio of a truth against the null is the inverse of the chance that *somewhere in this log* ordinary
//! people or machines make at least as much (the truth makes it with certainty, given its own draws). Where several
//! ordinary stories could make it, of this site or of sites in general, the likeliest counts. An incident is above threshold when the ratio exceeds 10⁴; what is
//! below may be told, and need not.

use crate::scenario::living::STRANGERS_GO_ON;
use crate::scenario::nuisance::Life;
use crate::text::{HOUR, Micros};

/// Threshold of the ratio, as its decimal logarithm.
pub(crate) const THRESHOLD: f64 = 4.0;

/// Mean over all sites of the share of logins from a new place: 70 % of the sites, log-uniform 1e-4 to 0.03. Nobody can know
/// from one log that its people wander less than people do.
const WANDERS: f64 = 0.7 * 0.005_2;
/// Mean over all sites of the share of a machine's requests that fail: half of the sites, log-uniform 1e-5 to 1e-3.
const SLIPS: f64 = 0.5 * 0.000_215;

/// Share of sites with a page for login that anybody can reach.
const PAGES: f64 = 0.12;

/// Ordinary life as a source of chance: of this site or of all, whichever makes it likelier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Null {
    life: Life,
    /// Length of the log in hours.
    hours: f64,
}

/// Who fails, as far as the null story goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum From {
    /// So many different addresses that the accounts never had.
    New(usize),
    /// An address that the accounts have, or that everybody has.
    Known,
}

impl Null {
    /// Ordinary life of this site over a log of this length.
    pub(crate) fn new(life: Life, length: Micros) -> Self {
        Self { life, hours: (length as f64 / HOUR as f64).max(0.1) }
    }

    fn wanders(&self) -> f64 {
        self.life.wanders.max(WANDERS)
    }

    /// The natural logarithm of the chance that a login comes from so many new addresses.
    fn place(&self, from: From) -> f64 {
        match from {
            From::New(addresses) => addresses.max(1) as f64 * self.wanders().ln(),
            From::Known => 0.0,
        }
    }

    /// `tries` wrong passwords on one account within `span`: one run of somebody who mistypes or forgot, anywhere in the
    /// log, or independent errors of one person that fall together.
    pub(crate) fn on_one(&self, tries: usize, span: Micros, from: From) -> f64 {
        let life = &self.life;
        let more = (tries.max(1) - 1) as f64;
        let logins = (life.logins as f64).ln();
        let run = logins + self.run(more) + self.place(from);
        let errors = self.per_hour() / life.people as f64 * hours(span) * life.typo / (1.0 - life.again);
        let each = match from {
            From::New(_) => self.wanders(),
            From::Known => 1.0,
        };
        let apart = (life.people as f64).ln() + self.looks(span) + tail(tries, errors * each);
        let stranger = (life.strangers as f64).ln() + more * STRANGERS_GO_ON.ln();
        ratio(run.max(apart).max(stranger))
    }

    /// The natural logarithm of the chance that a login begins with one wrong try and so many more.
    fn run(&self, more: f64) -> f64 {
        let life = &self.life;
        let mistyped = life.typo.ln() + more * life.again.ln();
        let forgot = life.forgets.ln() + more * life.insists.ln();
        // Over all sites: typing errors 0.0125 in the mean with continuation 0.1 to 0.4, forgotten passwords 1.25e-4 with 0.6
        // to 0.88, both even, so that a power of the continuation is the mean of an integral.
        let over = |share: f64, high: f64, range: f64| {
            share.ln() + more * high.ln() - (range / high * (more + 1.0)).max(1.0).ln()
        };
        mistyped.max(forgot).max(over(0.0125, 0.4, 0.3)).max(over(1.25e-4, 0.88, 0.28))
    }

    /// Wrong passwords of `names` different accounts (of which `unknown` do not exist) within `span`.
    pub(crate) fn on_many(&self, names: usize, unknown: usize, span: Micros, from: From) -> f64 {
        let logins = self.per_hour() * hours(span);
        let each = match from {
            From::New(_) => self.wanders(),
            From::Known => 1.0,
        };
        let known = tail(names - unknown.min(names), logins * self.life.typo * each);
        let part = (hours(span) / self.hours).min(1.0);
        let wrong = tail(unknown, logins * self.life.misnames * each + self.life.strangers as f64 * part);
        // Or of a site whose page for login anybody can reach, where strangers happened to come only then.
        let wrong =
            if from == From::Known { wrong } else { wrong.max(PAGES.ln() - unknown as f64 * (1.0 - part) / part) };
        // One new address for all of them is a coincidence of its own: two strangers who wander meet once in a hundred.
        let shared = if from == From::New(1) { names.saturating_sub(1) as f64 * 0.01_f64.ln() } else { 0.0 };
        ratio(self.looks(span) + known + wrong + shared)
    }

    /// So many people all fail within `span` where otherwise they get in, and none of them gets in there.
    pub(crate) fn none_gets_in(&self, people: usize, span: Micros) -> f64 {
        ratio(self.looks(span) + people as f64 * self.life.typo.max(0.0125).ln())
    }

    /// A success after a run, from a new place: the chance that its owner typed all this there.
    pub(crate) fn got_in(&self, tries: usize, span: Micros, from: From) -> f64 {
        self.on_one(tries, span, from)
    }

    /// So many kinds of powerful request by an account from a place it never had, none of which it made before.
    pub(crate) fn powerful(&self, kinds: usize) -> f64 {
        // One login in a hundred is of somebody who administers; each kind of rare request is first made once in fifty.
        let first = (self.life.logins as f64 * 0.01).max(1.0).ln() + self.wanders().ln();
        ratio(first + kinds as f64 * 0.02_f64.ln())
    }

    /// `paths` different paths asked for without credentials by one address that never sent any.
    pub(crate) fn paths(&self, paths: usize) -> f64 {
        // Probes and forgotten clients ask for one or two; each further path is a third as likely.
        ratio((self.life.machines as f64).ln() + paths.saturating_sub(1) as f64 * (1.0_f64 / 3.0).ln())
    }

    /// `failures` of machines that otherwise work.
    pub(crate) fn of_machines(&self, failures: usize) -> f64 {
        let slips = self.life.slips.max(SLIPS);
        ratio((self.life.requests as f64).ln() + failures as f64 * slips.ln())
    }

    /// A node that writes `per_hour` events is silent for so long.
    pub(crate) fn silence(&self, per_hour: f64, span: Micros) -> f64 {
        ratio(self.looks(span) - per_hour * hours(span))
    }

    /// `keys` keys end within one request or a few, by somebody who never ended any.
    pub(crate) fn ended(&self, keys: usize) -> f64 {
        ratio(keys as f64 * 0.2_f64.ln())
    }

    fn per_hour(&self) -> f64 {
        self.life.logins as f64 / self.hours
    }

    /// How many windows of this length the log holds, as a logarithm.
    fn looks(&self, span: Micros) -> f64 {
        (self.hours / hours(span)).max(1.0).ln()
    }
}

fn hours(span: Micros) -> f64 {
    (span as f64 / HOUR as f64).max(1.0 / 60.0)
}

/// The natural logarithm of the chance of at least `count` where `mean` are expected (Chernoff's bound for a Poisson
/// distribution, which errs towards the null).
fn tail(count: usize, mean: f64) -> f64 {
    let count = count as f64;
    let mean = mean.max(1e-12);
    if count <= mean { 0.0 } else { count - mean - count * (count / mean).ln() }
}

/// The ratio as a decimal logarithm, from the natural logarithm of the chance.
fn ratio(chance: f64) -> f64 {
    (-chance.min(0.0) / std::f64::consts::LN_10).min(300.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn more_of_the_same_is_never_likelier() {
        let mut rng = Rng::new(3);
        for _ in 0..200 {
            let null = Null::new(Life::draw(&mut rng), rng.range(HOUR, 500 * HOUR));
            for from in [From::New(1), From::New(3), From::Known] {
                for n in 1..60 {
                    assert!(null.on_one(n, HOUR, from) <= null.on_one(n + 1, HOUR, from) + 1e-9);
                    assert!(null.on_many(n, n / 2, HOUR, from) <= null.on_many(n + 2, n / 2, HOUR, from) + 1e-9);
                }
            }
        }
    }

    #[test]
    fn one_typing_error_is_no_evidence_and_hundreds_of_guesses_are() {
        let mut rng = Rng::new(4);
        for _ in 0..200 {
            let null = Null::new(Life::draw(&mut rng), 48 * HOUR);
            assert!(null.on_one(1, HOUR, From::Known) < THRESHOLD);
            assert!(null.on_one(600, HOUR, From::New(1)) > THRESHOLD);
        }
    }
}
