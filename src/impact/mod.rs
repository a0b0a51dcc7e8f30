//! What an actor did once it was in: `esaudit impact`.
//!
//! The first pass tells whom to follow ([`Plan`]): the actor, what it made, who came with it. A second one, searched and not
//! read ([`Search`]), finds the events that name them, and [`report`] makes the contract's model of these. Of parts there is no
//! second pass: `SearchResult::of_records` gives what their records hold.

#![expect(
    clippy::cast_possible_truncation,
    reason = "entries of tables are numbered in 32 bits: --max-memory holds fewer, as they do lines of a chunk"
)]

mod distinct;
mod events;
mod hits;
mod lists;
mod made;
mod needles;
mod plan;
mod reach;
mod records;
mod requests;
mod search;
mod since;
mod tally;
mod tell;
mod undo;

pub use events::events;
pub use plan::{Asked, Plan, Suspect};
pub use search::{Finder, Search, SearchResult, Wanted};
pub use since::after_entry;
pub use tell::{AnswerBasis, report};
