//! `esaudit demo`: an incident that the program brings along, so that it can be tried without logs.

use std::path::PathBuf;

use super::files;
use super::report;
use crate::cli::{DEMO_LOGS as LOGS, DEMO_NAME as NAME, DemoRequest};
use crate::error::Error;
use crate::output;
use crate::pipeline::Inputs;

/// Reports on the incident, or writes its logs to a folder.
///
/// # Errors
/// The logs cannot be written, or what [`report::report`] says.
pub fn demo(request: DemoRequest) -> Result<u8, Error> {
    let mut request = match request {
        DemoRequest::Report(request) => *request,
        DemoRequest::Logs(folder) => {
            let status = files::files(&folder, &[(NAME.to_owned(), LOGS.to_vec())])?;
            let path = folder.join(NAME);
            let told = format!("The logs are in {0}: esaudit report {0}\n", path.display());
            return Ok(status.max(files::text(told.as_bytes())?));
        }
    };
    // Gone with its content at the end, whatever happens.
    let folder = tempfile::tempdir()?;
    let path: PathBuf = folder.path().join(NAME);
    output::file(&path, |out| out.write_all(LOGS)).map_err(|error| Error::File { path: path.clone(), error })?;
    request.read.naming.base = Some(folder.path().to_owned());
    request.read.inputs = Inputs::Logs(vec![path.into_os_string()]);
    report::report(request)
}
