//! What each verb does with what was asked for: reads, writes the results, and gives the exit status.

mod console;
mod demo;
mod diff;
mod embed;
mod events;
mod explain;
mod export;
mod files;
mod found;
mod impact;
mod keys;
mod listing;
mod merge;
mod nothing;
mod outcome;
mod report;
mod scan;
mod show;
mod timeline;
mod verify;

pub use console::{complain, terminal};
pub use demo::demo;
pub use diff::diff;
pub use events::events;
pub use explain::explain;
pub use export::export;
pub use files::{files, text};
pub use impact::impact;
pub use keys::keys;
pub use merge::merge;
pub use outcome::INCOMPLETE;
pub use report::report;
pub use scan::scan;
pub use show::show;
pub use timeline::timeline;
pub use verify::verify;
