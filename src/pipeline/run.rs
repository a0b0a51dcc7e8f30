//! What of a request lasts from reading to the end.

use std::path::PathBuf;
use std::sync::Arc;

use rayon::ThreadPool;

use crate::copies::Copies;
use crate::options::Options;
use crate::progress::Progress;
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

/// What lasts from reading to the end.
#[derive(Debug)]
pub(super) struct RunContext {
    /// Those of the request; of parts those that they were scanned with.
    pub(super) options: Options,
    pub(super) pseudonyms: Option<Pseudonyms>,
    pub(super) progress: Progress,
    /// What sorts or counts everything finds the chosen number of threads here.
    pub(super) threads: ThreadPool,
    /// What of the inputs is known to be a copy of what others hold.
    pub(super) copies: Option<Arc<Copies>>,
}
