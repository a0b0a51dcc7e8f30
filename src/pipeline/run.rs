//! What of a request lasts from reading to the end.

use std::path::PathBuf;
use std::sync::Arc;

use rayon::ThreadPool;

use crate::copies::Copies;
use crate::interrupt::{self, AtSignal};
use crate::ledger::Ledger;
use crate::options::Options;
use crate::progress::{Progress, READING};
use crate::pseudonyms::Pseudonyms;

/// How inputs are named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Naming {
    /// Put before every path.
    pub prefix: String,
    /// The path of standard input, `-` unless chosen.
    pub stdin: Option<String>,
    /// The folder that paths are told from; what is not in it is told as it is.
    pub base: Option<PathBuf>,
}

/// What runs before have read, and the file that it stands in, which is no log.
#[derive(Debug, Clone)]
pub struct LedgerFile {
    /// What they have read.
    pub ledger: Ledger,
    /// Device and inode of the file.
    pub id: Option<(u64, u64)>,
}

/// Phases in which a signal only ends the reading.
const STOPPABLE: [&str; 5] = ["looking for files", READING, COMPARING, READING_AGAIN, SEARCHING];

/// Reading what several inputs hold, to compare it.
pub(super) const COMPARING: &str = "comparing what several inputs hold";

/// Reading everything once more.
pub(super) const READING_AGAIN: &str = "reading again without copies";

/// The second pass.
pub(super) const SEARCHING: &str = "searching";

impl RunContext {
    /// Tells what is done from now on.
    pub(super) fn phase(&self, what: &'static str) {
        self.progress.phase(what);
        let at_signal = if STOPPABLE.contains(&what) { AtSignal::Stops } else { AtSignal::Ends };
        interrupt::enter(what, at_signal);
    }
}

/// What lasts from reading to the end.
#[derive(Debug)]
pub(super) struct RunContext {
    /// Those of the request; of parts those that they were scanned with.
    pub(super) options: Options,
    pub(super) pseudonyms: Option<Pseudonyms>,
    pub(super) progress: Progress,
    /// What sorts or counts everything finds the chosen number of threads here.
    pub(super) threads: ThreadPool,
    /// Whether a part is made, which is merged with others.
    pub(super) for_part: bool,
    /// What of the inputs is known to be a copy of what others hold.
    pub(super) copies: Option<Arc<Copies>>,
}
