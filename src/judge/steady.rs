//! Strangers who come all the time. A page for login that anybody can reach has people who mistype their names and people who
//! have no account, each from an address of their own, hour by hour; an identity provider has assertions that are too old. What
//! goes on at one rate as long as the log lasts is how the site is: nothing began (Herley & Schechter, NDSS 2019).

use super::campaign::Campaign;
use super::episodes::median;
use super::history::DAY;
use super::measure::Measure;
use super::null::binomial_tail;
use super::strangers::{Strangers, is_passing};
use super::unit::{Unit, is_regular};
use crate::state::Sym;
use crate::time::Millis;

/// Share of a campaign's episodes that are of such strangers, where it may be no more than these.
const MOST: f64 = 0.8;

/// How many more than on average come in the hours of work, where these are no more than half of the log.
const BUSY: f64 = 3.0;
const HALF: f64 = 0.5;

/// Logarithm of the chance below which something began.
const BEGAN: f64 = 9.0;

impl Measure<'_, '_> {
    /// Whether one client tries at an even cadence.
    pub(super) fn is_on_a_beat(&self, unit: &Unit) -> bool {
        let mut gaps = self.scene.gaps(unit.attempts(self.scene));
        let usual = median(&mut gaps);
        is_regular(&gaps, usual)
    }

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
        let (start, end) = scene.span(campaign.cluster);
        let (from, to) = ((first.0 - pause).max(start.0), (last.0 + pause).min(end.0));
        let part = (to - from) as f64 / scene.length(campaign.cluster) as f64;
        let part = strangers.hours(campaign.cluster, (Millis(from), Millis(to))).map_or(part, |hours| part.max(hours));
        let part = if part < HALF { (BUSY * part).min(HALF) } else { part };
        let chance = if part >= 1.0 { 0.0 } else { binomial_tail(many as f64, (many + beside) as f64, part) };
        let chance = chance.min(if signed { 0.0 } else { self.densest(campaign, (many, beside)) });
        // A page has more people who log in than people who cannot: more strangers than these come for something.
        let usual = strangers.at_work(campaign.cluster).filter(|_| !signed);
        let most = usual.map_or(1.0, |usual| (usual as f64 / many as f64).min(1.0));
        (1.0 + chance / BEGAN).max(0.0) * most
    }

    /// Logarithm of the chance that most of a campaign's strangers, `many` of so many and others, come within as little time as they do:
    /// those who come all the time are linked to what began. Within less than a day it may be the time of day.
    fn densest(&self, campaign: &Campaign, (many, beside): (usize, usize)) -> f64 {
        /// Parts of a campaign.
        const PARTS: [f64; 2] = [MOST, 0.9];
        /// How many more than on average come within days of work.
        const WORKDAYS: f64 = 1.5;
        let length = self.scene.length(campaign.cluster) as f64;
        let mut times: Vec<i64> = self.units_of(campaign).map(|unit| unit.first.0).collect();
        times.sort_unstable();
        let of_part = |part: f64| {
            let some = ((part * many as f64).ceil() as usize).max(1);
            let shortest = times.windows(some).map(|stretch| stretch[some - 1] - stretch[0]).min()?;
            let usual = WORKDAYS * shortest as f64 / length;
            let looked_at = ((many - some + 1) as f64).ln();
            let chance = binomial_tail(some as f64, (many + beside) as f64, usual.min(1.0)) + looked_at;
            (shortest >= DAY).then_some(chance.min(0.0))
        };
        PARTS.into_iter().filter_map(of_part).fold(0.0, f64::min)
    }
}
