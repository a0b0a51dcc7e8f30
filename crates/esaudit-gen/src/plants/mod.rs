//! Incidents that can be planted: one entry per kind of finding, with a truth that says what to expect.
//!
//! Strengths are chosen around the thresholds that other products publish for the same pattern; each plant says
//! which. `weak` stays below all of them.

mod access;
mod keys;
mod passwords;
mod slow;

use clap::ValueEnum;

use crate::changes::Change;
use crate::cli::{Args, Strength};
use crate::rng::Rng;
use crate::text::{Micros, SECOND, Text};
use crate::traffic::{Act, What};
use crate::world::World;

/// One kind of incident.
pub(crate) struct Plant {
    /// The finding's kind, as in the report's contract.
    pub(crate) kind: Text,
    /// The verdicts that are right, best first.
    pub(crate) verdicts: &'static [Text],
    /// What is planted, and at which strengths.
    pub(crate) doc: Text,
    /// Plants it.
    pub(crate) plant: fn(&mut Plot<'_>),
}

/// A planted incident, as the truth tells it. What was written of it is counted while writing.
pub(crate) struct Incident {
    pub(crate) kind: Text,
    pub(crate) strength: Strength,
    pub(crate) expected: bool,
    pub(crate) verdicts: &'static [Text],
    /// Other kinds that a good analyst may report for the same events.
    pub(crate) may_also: Vec<Text>,
    pub(crate) keys: Vec<u32>,
    /// Who made the change that caused it.
    pub(crate) actor: Option<u32>,
    /// When the cause happened.
    pub(crate) cause_at: Option<Micros>,
    pub(crate) note: Text,
}

/// All kinds, in the order of the contract.
pub(crate) static PLANTS: [&Plant; 17] = [
    &passwords::GUESSING,
    &passwords::SPRAYING,
    &passwords::STUFFING,
    &slow::LOW_AND_SLOW,
    &passwords::COMPROMISE,
    &slow::STALE,
    &keys::INVALIDATED_IN_USE,
    &keys::ROTATION_OUTAGE,
    &keys::EXPIRED_IN_USE,
    &keys::UNKNOWN,
    &keys::BAD_SECRET,
    &keys::WRONG_TYPE,
    &keys::UNDERPRIVILEGED,
    &keys::MASS_INVALIDATION,
    &access::MISSING_CREDENTIALS,
    &access::WRONG_REALM,
    &access::CLOCK_SKEW,
];

/// Where a plant plants: the world, the time, and the lists it adds to.
pub(crate) struct Plot<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) changes: &'a mut Vec<Change>,
    pub(crate) rng: Rng,
    pub(crate) start: Micros,
    pub(crate) end: Micros,
    pub(crate) strength: Strength,
    pub(crate) incident: Incident,
    acts: &'a mut Vec<Act>,
    number: u16,
}

impl Plot<'_> {
    /// The value for the strength wanted, of those for weak, edge, normal and strong.
    pub(crate) fn by<T: Copy>(&self, levels: [T; 4]) -> T {
        levels[self.strength as usize]
    }

    /// How long the log is.
    pub(crate) fn length(&self) -> Micros {
        self.end - self.start
    }

    /// A beginning that leaves room for an incident of this length where the log is long enough.
    pub(crate) fn begin(&mut self, length: Micros) -> Micros {
        let lead = self.length() / 10;
        let latest = (self.end - length - self.length() / 20).max(self.start + lead + 1);
        self.rng.range(self.start + lead, latest)
    }

    /// Any node whose clock is right: an incident whose times are spread by a wrong clock would not be of its strength.
    pub(crate) fn node(&mut self) -> u16 {
        let nodes = &self.world.nodes;
        let right: Vec<usize> = (0..nodes.len()).filter(|n| nodes[*n].clock_error.abs() < SECOND).collect();
        right.get(self.rng.index(right.len())).copied().unwrap_or(0) as u16
    }

    /// An act that belongs to this incident; dropped if it is outside the log.
    pub(crate) fn act(&mut self, time: Micros, node: u16, source: Text, what: What) {
        if time >= self.start && time < self.end {
            self.acts.push(Act { incident: Some(self.number), ..Act::new(time, node, source, what) });
        }
    }

    /// A security change, made from the administrator's place unless said otherwise.
    pub(crate) fn change(&mut self, time: Micros, source: Text, change: Change) {
        self.incident.actor = Some(change.actor);
        self.changes.push(change);
        let node = self.node();
        self.act(time, node, source, What::Change((self.changes.len() - 1) as u32));
    }

    /// Does something at a steady cadence with a jitter of up to `spread` of it, until `count` times or the log's end.
    /// Gives the time of the last.
    pub(crate) fn steady(
        &mut self,
        from: Micros,
        count: usize,
        gap: Micros,
        spread: f64,
        mut act: impl FnMut(&mut Self, Micros),
    ) -> Micros {
        let mut last = from;
        let jitter = (gap as f64 * spread) as Micros;
        for n in 0..count as i64 {
            let time = from + n * gap + self.rng.range(-jitter, jitter + 1);
            if time >= self.end {
                break;
            }
            act(self, time);
            last = time;
        }
        last
    }
}

/// A `KIND[:STRENGTH]` list, resolved.
pub(crate) fn wanted(list: &[String]) -> Result<Vec<(&'static Plant, Strength)>, String> {
    let mut out = Vec::new();
    for item in list {
        let (kind, strength) = match item.split_once(':') {
            Some((kind, strength)) => (kind, Strength::from_str(strength, true)?),
            None => (item.as_str(), Strength::Normal),
        };
        match kind {
            "none" => {}
            "all" => out.extend(PLANTS.iter().map(|p| (*p, strength))),
            kind => {
                let plant = PLANTS
                    .iter()
                    .find(|p| p.kind == kind)
                    .ok_or_else(|| format!("no such kind of incident: {kind}"))?;
                out.push((*plant, strength));
            }
        }
    }
    Ok(out)
}

/// Plants these; gives their acts and what the truth says of each.
pub(crate) fn plant(
    args: &Args,
    world: &mut World,
    changes: &mut Vec<Change>,
    list: &[(&'static Plant, Strength)],
    span: (Micros, Micros),
) -> (Vec<Act>, Vec<Incident>) {
    let mut acts = Vec::new();
    let mut incidents = Vec::new();
    // What changes the nodes themselves comes first, so that the others can keep clear of it.
    let mut list = list.to_vec();
    list.sort_by_key(|(plant, _)| !matches!(plant.kind, "wrong_realm" | "clock_skew"));
    for (number, (plant, strength)) in list.iter().enumerate() {
        let mut plot = Plot {
            world,
            changes,
            rng: Rng::named(args.seed.wrapping_add(number as u64), plant.kind),
            // Nothing is planted in the very first seconds: a log that begins within an incident is another matter.
            start: span.0 + 5 * SECOND,
            end: span.1,
            strength: *strength,
            incident: Incident {
                kind: plant.kind,
                strength: *strength,
                expected: *strength != Strength::Weak,
                verdicts: plant.verdicts,
                may_also: Vec::new(),
                keys: Vec::new(),
                actor: None,
                cause_at: None,
                note: "",
            },
            acts: &mut acts,
            number: number as u16,
        };
        (plant.plant)(&mut plot);
        incidents.push(plot.incident);
    }
    if args.behind_proxy {
        acts.iter_mut().filter(|act| World::is_outside(act.source)).for_each(|act| *act = act.through_proxy());
    }
    (acts, incidents)
}

/// Keys that are refused all the time, each sent by a few clients, for measuring how well failures are attributed to
/// keys. Not an incident: the truth has them in `failing_keys` and in the list of attempts.
pub(crate) fn failing_keys(args: &Args, world: &mut World, span: (Micros, Micros)) -> Vec<Act> {
    let mut rng = Rng::named(args.seed, "failing keys");
    let mut acts = Vec::new();
    if args.failing_keys == 0 || args.failing_rate <= 0.0 {
        return acts;
    }
    let owner = world.account("svc-retired", crate::event::NATIVE, &["logs_read"]);
    let keys: Vec<u32> = (0..args.failing_keys).map(|n| keys::broken(&mut rng, world, owner, n, span)).collect();
    let clients: Vec<(Text, What, bool)> = (0..args.failing_clients.max(1) as usize)
        .map(|n| (world.inside_source(), keys::refused(world, keys[n % keys.len()]), n % 5 == 0))
        .collect();
    for node in 0..world.nodes.len() as u16 {
        let mut time = span.0 as f64;
        loop {
            time += rng.wait(SECOND as f64 / args.failing_rate);
            if time >= span.1 as f64 {
                break;
            }
            let (source, what, traces) = *rng.pick(&clients);
            acts.push(Act { traces, ..Act::new(time as Micros, node, source, what) });
        }
    }
    acts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_unique_and_lists_resolve() {
        let mut kinds: Vec<_> = PLANTS.iter().map(|p| p.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), PLANTS.len());
        assert_eq!(wanted(&["all:weak".into()]).unwrap().len(), 17);
        assert_eq!(wanted(&["none".into()]).unwrap().len(), 0);
        assert!(wanted(&["nonsense".into()]).is_err());
        assert!(wanted(&["wrong_realm:huge".into()]).is_err());
    }
}
