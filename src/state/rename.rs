//! Other texts for those whom records name.

use super::acts::{ActKind, ActLog};
use super::series::Actor;
use super::{ActorSeries, State, line_order};

impl State {
    /// Changes whom series are of; those that thereby become one are joined.
    pub fn rename_actors(&mut self, mut rename: impl FnMut(&mut Actor)) {
        let order = line_order(&self.inputs, &self.chunks);
        for series in [&mut self.successes, &mut self.denials] {
            let renamed = std::mem::take(series).into_iter().map(|(mut actor, events)| {
                rename(&mut actor);
                (actor, events)
            });
            series.join(vec![ActorSeries::unordered(renamed.collect())], &order);
        }
    }

    /// Changes whose acts are kept, likewise.
    pub fn rename_acts(&mut self, mut rename: impl FnMut(&mut ActKind)) {
        let order = line_order(&self.inputs, &self.chunks);
        for (mut kind, acts) in std::mem::take(&mut self.acts.kinds) {
            rename(&mut kind);
            let one = ActLog { kinds: std::iter::once((kind, acts)).collect(), ..ActLog::default() };
            self.acts.merge(one, &order);
        }
    }
}
