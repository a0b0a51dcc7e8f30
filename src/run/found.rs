//! The report that a finding is looked up in: one that was saved, or that of the inputs, made anew.

use std::path::Path;

use super::console::watched;
use crate::error::Error;
use crate::model::Report;
use crate::pipeline::Request;
use crate::show;

/// A report, and what complaints call it.
pub(super) struct LoadedReport {
    pub(super) report: Report,
    pub(super) name: String,
}

impl LoadedReport {
    /// The report that was saved, else that of a request.
    ///
    /// # Errors
    /// It cannot be read or made.
    pub(super) fn of(saved: Option<&Path>, request: impl FnOnce() -> Request) -> Result<Self, Error> {
        if let Some(path) = saved {
            return Ok(Self { report: show::load(path)?, name: path.display().to_string() });
        }
        let request = request();
        let progress = request.progress.clone();
        let analysis = watched(&progress, || Ok::<_, Error>(request.join()?.report()))?;
        Ok(Self { report: analysis.report, name: "the report of these logs".to_owned() })
    }
}
