//! Strangers who come all the time. A page for login that anybody can reach has people who mistype their names and people who
//! have no account, each from an address of their own, hour by hour; an identity provider has assertions that are too old. What
//! goes on at one rate as long as the log lasts is how the site is: nothing began (Herley & Schechter, NDSS 2019).

use std::collections::BTreeMap;

use super::campaign::Campaign;
use super::index::Class;
use super::measure::Measure;
use super::null::binomial_tail;
use super::scene::Scene;
use super::unit::{Standing, Unit};
use crate::state::Sym;
use crate::time::Millis;

/// Tries of a stranger who mistypes, or has no account.
const TRIES: usize = 3;

/// Share of a campaign's episodes that are of such strangers, where it may be no more than these.
const MOST: f64 = 0.8;

/// How many more than on average come in the hours of work, where these are no more than half of the log.
const BUSY: f64 = 3.0;
const HALF: f64 = 0.5;

/// Logarithm of the chance below which something began.
const BEGAN: f64 = 9.0;

/// Moments of people at work without which the hours of a site are not known, and how many of each pair of account and address
/// are looked at.
const KNOWN: usize = 20;
const MOMENTS: usize = 16;

/// Times by cluster, in order.
type Times = BTreeMap<u16, Vec<Millis>>;

/// When strangers came, and when people were at work.
#[derive(Debug)]
pub(super) struct Strangers {
    came: Times,
    work: Times,
}

impl Strangers {
    pub(super) fn new(scene: &Scene<'_>, units: &[Unit]) -> Self {
        let (mut came, mut work) = (Times::new(), Times::new());
        for unit in units.iter().filter(|unit| is_passing(scene, unit)) {
            came.entry(unit.cluster).or_default().push(unit.first);
        }
        let own = scene.history.pasts().iter().filter(|past| !past.key.is_some());
        for past in own.filter(|past| !scene.is_program(past.cluster, past.principal)) {
            let moments = scene.history.stretches(past).take(MOMENTS).map(|(first, _)| first);
            work.entry(past.cluster).or_default().extend(moments);
        }
        came.values_mut().chain(work.values_mut()).for_each(|times| times.sort_unstable());
        Self { came, work }
    }

    /// How many come outside of a stretch of time.
    fn beside(&self, cluster: u16, stretch: (Millis, Millis)) -> usize {
        let times = of(&self.came, cluster);
        times.len() - within(times, stretch)
    }

    /// The part of its hours of work that a site has in a stretch of time.
    fn hours(&self, cluster: u16, stretch: (Millis, Millis)) -> Option<f64> {
        let times = of(&self.work, cluster);
        (times.len() >= KNOWN).then(|| within(times, stretch) as f64 / times.len() as f64)
    }
}

fn of(times: &Times, cluster: u16) -> &[Millis] {
    times.get(&cluster).map_or(&[], Vec::as_slice)
}

/// How many of these times lie in a stretch.
fn within(times: &[Millis], (from, to): (Millis, Millis)) -> usize {
    times.partition_point(|&time| time <= to) - times.partition_point(|&time| time < from)
}

/// Whether an episode is that of a stranger outside who passes by.
fn is_passing(scene: &Scene<'_>, unit: &Unit) -> bool {
    let stranger = matches!(unit.standing, Standing::Unknown | Standing::UnknownAccount | Standing::Blind);
    unit.class == Class::Named && stranger && unit.len() <= TRIES && scene.is_outside(unit.source)
}

impl Measure<'_, '_> {
    /// How surely a campaign of strangers, or of what somebody else signs, is what goes on all the time, from 0 to 1.
    pub(super) fn steady(&self, campaign: &Campaign) -> f64 {
        let scene = self.scene;
        let Some((first, last)) = campaign.span(scene) else { return 0.0 };
        let all = campaign.units.len().max(1) as f64;
        let share = |is: &dyn Fn(&Unit) -> bool| self.units_of(campaign).filter(|unit| is(unit)).count() as f64 / all;
        let signed = share(&|unit| unit.is_signed(scene)) >= MOST;
        let mut sources: Vec<Sym> = self.units_of(campaign).map(|unit| unit.source).collect();
        sources.sort_unstable();
        sources.dedup();
        // Each is from elsewhere.
        let apart = sources.len() * 2 >= campaign.units.len();
        if !signed && (!apart || share(&|unit| is_passing(scene, unit)) < MOST) {
            return 0.0;
        }
        let strangers = self.strangers.get_or_init(|| Strangers::new(scene, self.units));
        let (many, beside) = match signed {
            true => (campaign.attempts.len(), 0),
            false => (campaign.units.len(), strangers.beside(campaign.cluster, (first, last))),
        };
        // Pauses as long as its longest, nights among them, are no beginning and no end.
        let pause = scene.gaps(&campaign.attempts).into_iter().max().unwrap_or(0);
        let (start, end) = scene.span;
        let (from, to) = ((first.0 - pause).max(start.0), (last.0 + pause).min(end.0));
        let part = (to - from) as f64 / scene.length() as f64;
        let part = strangers.hours(campaign.cluster, (Millis(from), Millis(to))).map_or(part, |hours| part.max(hours));
        let part = if part < HALF { (BUSY * part).min(HALF) } else { part };
        let chance = if part >= 1.0 { 0.0 } else { binomial_tail(many as f64, (many + beside) as f64, part) };
        (1.0 + chance / BEGAN).max(0.0)
    }
}
