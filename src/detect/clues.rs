//! What speaks for a broken credential and what for an attack, and how the two are weighed.
//!
//! The weights are judgement, not measurement: each clue alone leaves the verdict open or nearly so, two that agree settle
//! it, and clues that contradict each other leave it unclear.

use super::kinds::Verdict;
use super::scene::Scene;
use super::words;
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// One piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Clue {
    /// The times keep to a clock.
    Steady { median_ms: i64, spread: f64, clients: usize },
    /// They do not.
    Irregular { spread: f64 },
    /// A machine's speed, and more than a retry loop needs.
    Fast { most_in_minute: u64 },
    /// Not one of the organisation's addresses.
    Outside,
    /// One of them.
    Inside,
    /// Nobody ever got in from there before.
    Stranger,
    /// The principal itself got in from there before.
    WorkedBefore { last: Millis },
    /// It got in from there afterwards, without a change of habit: it was repaired.
    Repaired { at: Millis },
    /// The failures begin at a change of the account: index of the change.
    Onset { change: u32 },
    /// The realm that was asked first shows that the account had worked on that node within the hour.
    FrontMoved { realm: Sym },
    /// No realm knows the name.
    UnknownName { share: f64 },
    /// The same source fails as others too.
    ManyPrincipals { principals: u64 },
    /// Many sources try the same name.
    ManySources { sources: u64 },
    /// An account of a program.
    Service,
    /// It got in from there between the failures too, again and again.
    Alternating { successes: u64 },
}

impl Clue {
    /// How much it weighs: above 0 for an attack, below for a broken credential.
    pub(super) fn weight(&self) -> f64 {
        match *self {
            Self::Steady { .. } => -2.0,
            Self::Irregular { spread } => {
                if spread >= 0.35 {
                    1.5
                } else {
                    0.5
                }
            }
            Self::Fast { .. } => 2.0,
            Self::Outside => 1.5,
            Self::Inside => -0.5,
            Self::Stranger => 1.0,
            Self::WorkedBefore { .. } => -2.0,
            Self::Repaired { .. } => -1.0,
            Self::Onset { .. } => -3.0,
            Self::FrontMoved { .. } => -0.5,
            Self::UnknownName { share } => share,
            Self::ManyPrincipals { principals } => {
                if principals >= 5 {
                    2.0
                } else {
                    1.0
                }
            }
            Self::ManySources { .. } => 1.0,
            Self::Service => -1.5,
            Self::Alternating { .. } => -3.0,
        }
    }

    /// The sentence that tells it.
    pub(super) fn sentence(&self, scene: &Scene<'_>) -> Text {
        let told = match *self {
            Self::WorkedBefore { last } => {
                return text!("The same account got in from there before, last at {}", last);
            }
            Self::Repaired { at } => return text!("The account gets in from there again from {} on", at),
            Self::Onset { change } => return onset(scene, change as usize),
            Self::Steady { median_ms, spread, clients } => {
                let clients = if clients > 1 { format!(", as of {clients} clients in turn") } else { String::new() };
                format!(
                    "Steady cadence: one every {}{clients}, the median deviation is {} of that (chance would be 69 %)",
                    words::duration(median_ms),
                    words::percent(spread)
                )
            }
            Self::Irregular { spread } => format!(
                "Irregular cadence: the median deviation of the gaps is {} of their median (a scheduler stays below 10 %)",
                words::percent(spread)
            ),
            Self::Fast { most_in_minute } => {
                format!("Fast: up to {} within a minute", words::count(most_in_minute, "failure", "failures"))
            }
            Self::Outside => "The source lies outside the internal networks".to_owned(),
            Self::Inside => "The source is an internal address".to_owned(),
            Self::Stranger => "Nobody had got in from there before the failures began".to_owned(),
            Self::FrontMoved { realm } => format!(
                "Realm {} was asked first, out of order: the account exists there and had worked on that node within the hour",
                scene.text(realm)
            ),
            Self::UnknownName { share } if share < 0.995 => {
                format!("{} of the attempts used names that no realm knows", words::percent(share))
            }
            Self::UnknownName { .. } => "No realm knows the name".to_owned(),
            Self::ManyPrincipals { principals } => {
                format!("The source fails as {}", words::count(principals, "principal", "different principals"))
            }
            Self::ManySources { sources } => {
                format!("{} try the same name", words::count(sources, "source", "different sources"))
            }
            Self::Alternating { successes } => format!(
                "Between the failures it got in from there {}: the password is right, something else is wrong",
                words::count(successes, "time", "times")
            ),
            Self::Service => "The account belongs to a program, not a person".to_owned(),
        };
        told.into()
    }
}

fn onset(scene: &Scene<'_>, change: usize) -> Text {
    let change = &scene.joined.changes[change];
    let by =
        if change.actor.is_some() { text!(" by {}", Span::principal(&scene.text(change.actor))) } else { Text::new() };
    text!(
        "The failures begin after {} of that account at {}{}",
        Span::name(&scene.text(change.record.action)),
        change.record.time,
        by
    )
}

/// The verdict and how sure it is.
pub(super) fn weigh(clues: &[Clue]) -> (Verdict, f64) {
    let sum: f64 = clues.iter().map(Clue::weight).sum();
    let verdict = match sum {
        sum if sum >= DECIDED => Verdict::Hostile,
        sum if sum <= -DECIDED => Verdict::Operational,
        _ => Verdict::Unclear,
    };
    (verdict, confidence(sum.abs()))
}

/// The sum of weights that decides: one strong clue or two weak ones more on one side than on the other.
pub(super) const DECIDED: f64 = 1.5;

/// How sure a balance of clues makes: an even one 0.5, more of them ever less per clue, never certain.
pub(super) fn confidence(balance: f64) -> f64 {
    let sure = 1.0 - 0.5 * (-balance / 3.0).exp();
    (sure * 100.0).round().min(99.0) / 100.0
}

/// The sum of the weights.
pub(super) fn balance(clues: &[Clue]) -> f64 {
    clues.iter().map(Clue::weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clues_that_contradict_leave_it_open() {
        let steady = Clue::Steady { median_ms: 60_000, spread: 0.01, clients: 1 };
        assert_eq!(weigh(&[steady, Clue::Inside]).0, Verdict::Operational);
        assert_eq!(weigh(&[steady, Clue::Outside]).0, Verdict::Unclear);
        assert_eq!(weigh(&[Clue::Irregular { spread: 0.7 }, Clue::Outside]).0, Verdict::Hostile);
        assert!(confidence(8.0) > confidence(3.0) && confidence(100.0) < 1.0 && confidence(0.0) == 0.5);
    }
}
