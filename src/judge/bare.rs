//! Requests without credentials: whether their clients have any, ask by habit, or are over soon.

use super::campaign::Campaign;
use super::episodes::median;
use super::features::{Feature, Features};
use super::history::HOUR;
use super::measure::Measure;
use super::unit::{Standing, Unit, is_regular};
use crate::reason::Basis;
use crate::state::Sym;

/// Probability at most that nothing happened, where clients lack the credentials that they have at other times.
const LOST_HEADER: f64 = 0.1;

impl Measure<'_, '_> {
    /// The features of requests without credentials; `blind` is the share of those of which no success would be seen, `share`
    /// gives the share of episodes of which something holds.
    pub(super) fn bare(
        &self,
        campaign: &Campaign,
        features: &mut Features,
        blind: f64,
        share: impl Fn(&dyn Fn(&Unit) -> bool) -> f64,
    ) {
        features.set(Feature::Blind, blind);
        // From outside, only what keeps to the clock is a probe; several that do, each to its own.
        let regular = self.units_of(campaign).all(|unit| self.is_regular(unit));
        let regular = features.get(Feature::Regular).max(f64::from(u8::from(regular)));
        let inside = (1.0 - features.get(Feature::Outside)).max(regular);
        let never = share(&|unit| matches!(unit.standing, Standing::Unknown | Standing::Blind));
        let probe = features.get(Feature::WholeLog) * inside * never;
        let clocks = self.units_of(campaign).all(|unit| self.keeps_to_the_clock_for_hours(unit));
        let begun = (1.0 - features.get(Feature::Outside)) * f64::from(u8::from(clocks && probe <= 0.0));
        features.set(Feature::HealthCheck, begun * never);
        features.set(Feature::WholeLog, 0.0);
        features.set(Feature::Probe, probe);
        // Where successes are logged, the client's own life tells more.
        features.set(Feature::Brief, blind * self.brief(campaign));
        // Who is asked for credentials now and then all the time, and has them, has sessions that end.
        let length = self.scene.length(campaign.cluster);
        let long = campaign.span(self.scene).is_some_and(|(first, last)| (last.0 - first.0) * 5 >= length * 2);
        features.set(Feature::Habit, if long { features.get(Feature::Alternating) } else { 0.0 });
        features.set(Feature::KeyStops, share(&|unit| self.stopped_key(unit).is_some()));
        features.set(Feature::Challenge, share(&|unit| self.lets_itself_in(unit) || self.is_answered(unit)));
        // Who is asked for credentials and gives them at once, as with Kerberos, has them.
        features.headerless =
            features.get(Feature::Challenge) <= 0.0 && self.units_of(campaign).all(|unit| unit.headerless);
        if features.headerless {
            features.ordinary_at_most = LOST_HEADER;
        }
        // From where hardly anybody comes, more requests than people make by hand need a program that had got in.
        let unusual = features.get(Feature::Outside) - features.get(Feature::UsualOutside);
        let displaced = features.get(Feature::Displaced) > 0.0 || share(&|unit| self.is_of_programs(unit)) > 0.0;
        features.unexplained = unusual > 0.5 && features.get(Feature::Volume) >= 1.0 && !displaced;
    }

    /// Whether an episode keeps to the clock.
    fn is_regular(&self, unit: &Unit) -> bool {
        let mut gaps = self.scene.gaps(unit.attempts(self.scene));
        let usual = median(&mut gaps);
        is_regular(&gaps, usual)
    }

    /// Whether an episode keeps to the clock for hours, as nobody does who looks around.
    fn keeps_to_the_clock_for_hours(&self, unit: &Unit) -> bool {
        /// How long, and how often.
        const LONG: i64 = 2 * HOUR;
        const OFTEN: usize = 60;
        unit.last.0 - unit.first.0 >= LONG && unit.len() >= OFTEN && self.is_regular(unit)
    }

    /// How soon many requests are over in a log that goes on before and after, from 0 to 1: who asks without credentials by habit
    /// goes on doing so.
    fn brief(&self, campaign: &Campaign) -> f64 {
        /// Requests that tell a habit, and the part of the log of which they would fill more.
        const MANY: usize = 20;
        const PART: f64 = 4.0;
        let Some((first, last)) = campaign.span(self.scene) else { return 0.0 };
        let (start, end) = self.scene.span(campaign.cluster);
        let rest = (first.0 - start.0).min(end.0 - last.0);
        if campaign.attempts.len() < MANY || rest < (last.0 - first.0).min(HOUR) {
            return 0.0;
        }
        (1.0 - PART * (last.0 - first.0) as f64 / self.scene.length(campaign.cluster) as f64).max(0.0)
    }

    /// Whether programs or keys get in from the address of an episode.
    fn is_of_programs(&self, unit: &Unit) -> bool {
        let mut own = self.scene.history.of_source(unit.cluster, unit.source).take(64);
        own.any(|past| past.key.is_some() || self.scene.is_program(unit.cluster, past.principal))
    }

    /// The key that an address used, and nothing else, where it is not used any more by anybody.
    pub(super) fn stopped_key(&self, unit: &Unit) -> Option<Sym> {
        let history = &self.scene.history;
        // An ended key leaves a line (audit-format 3), so where the server log was there and says nothing, it was none.
        let nodes = &self.scene.joined.nodes;
        let is_silent = |at: &u32| {
            let attempt = self.scene.attempt(*at);
            attempt.basis != Basis::ServerLog && nodes.of(attempt.node).server_log_covers(attempt.time, 0)
        };
        if unit.attempts(self.scene).iter().all(is_silent) {
            return None;
        }
        let mut key = None;
        for past in history.of_source(unit.cluster, unit.source).take(64) {
            let other = key.is_some_and(|known| known != past.key);
            if !past.key.is_some() || other || past.last > unit.first {
                return None;
            }
            key = Some(past.key);
        }
        let is_over = |&key: &Sym| history.of_key(unit.cluster, key).all(|past| past.last <= unit.first);
        key.filter(is_over).filter(|_| unit.before >= 5.0)
    }

    /// Whether most requests without credentials are followed at once by a success from their address, as where Kerberos or HTTP
    /// negotiate: clients answer the challenge within a round trip. Where successes are so many that one would follow by
    /// chance, or is known only as one of a longer stretch, nothing is told.
    fn is_answered(&self, unit: &Unit) -> bool {
        /// How soon a challenge is answered.
        const SOON: i64 = 2 * 1000;
        /// Successes within that time, on average, from which on one follows by chance.
        const BUSY: f64 = 0.2;
        let span = (unit.last.0 - unit.first.0).max(60_000);
        if f64::from(unit.between) * SOON as f64 > BUSY * span as f64 {
            return false;
        }
        let history = &self.scene.history;
        let own = unit.pasts(self.scene).into_iter();
        let mut stretches: Vec<(i64, i64)> =
            own.flat_map(|past| history.stretches(past)).map(|(first, last)| (first.0, last.0)).collect();
        stretches.sort_unstable();
        // The last end of those that begin before each.
        let ends: Vec<i64> = stretches
            .iter()
            .scan(i64::MIN, |end, &(_, last)| {
                *end = last.max(*end);
                Some(*end)
            })
            .collect();
        let (mut known, mut answered) = (0, 0);
        for &at in unit.attempts(self.scene) {
            let time = self.scene.time(at).0;
            let next = stretches.partition_point(|&(first, _)| first < time);
            if next.checked_sub(1).is_some_and(|before| ends[before] >= time) {
                continue;
            }
            known += 1;
            answered += usize::from(stretches.get(next).is_some_and(|&(first, _)| first - time <= SOON));
        }
        answered * 2 > known
    }

    /// Whether an address gets in right after most of its requests without credentials.
    fn lets_itself_in(&self, unit: &Unit) -> bool {
        let span = (unit.last.0 - unit.first.0).max(1);
        let gap = span / unit.len().max(1) as i64;
        // Who had got in without being asked first does not do so by habit.
        unit.between >= 0.5 * unit.len() as f32
            && unit.between >= 3.0
            && gap > 0
            && unit.before_any <= 0.1 * unit.between.max(30.0)
    }
}
