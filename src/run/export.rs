//! `esaudit export`.

use crate::cli::ExportRequest;
use crate::error::Error;
use crate::options::EventKinds;

/// Reads logs or parts and writes attempts, changes and reasons as Parquet to an empty or new folder.
///
/// # Errors
/// Parts that cannot be used, no threads, or a folder that cannot be filled: then it is as it was before.
#[cfg(feature = "parquet")]
pub fn export(request: ExportRequest) -> Result<u8, Error> {
    use super::console::{complain, watched};
    use super::outcome::{refused, status};
    use crate::output;

    let ExportRequest { read, folder } = request;
    let failed = |error| Error::Output { what: format!("{} was not written", folder.display()), error };
    output::check_folder(&folder).map_err(failed)?;
    let progress = read.progress.clone();
    let mut evidence = watched(&progress, || Ok::<_, Error>(read.join()?.looked_at()))?;
    let coverage = evidence.coverage();
    if let Some(status) = refused(evidence.options().strict, &coverage) {
        return Ok(status);
    }
    evidence.find();
    output::folder(&folder, |within| write(&evidence, within)).map_err(failed)?;
    let lacks = evidence.lacks(EventKinds::default());
    lacks.iter().for_each(|lack| complain(lack));
    Ok(status(&coverage, evidence.options().require_events, evidence.incomplete || !lacks.is_empty(), 0))
}

/// Fills a folder with the three tables.
#[cfg(feature = "parquet")]
fn write(evidence: &crate::pipeline::JoinedRun, folder: &std::path::Path) -> std::io::Result<()> {
    use crate::aggregate;
    use crate::data::{parquet, tables};

    let kinds = EventKinds { attempts: true, ..EventKinds::default() };
    let joined = &evidence.joined;
    let attempts = evidence.events(kinds).map(tables::attempt);
    let changes = aggregate::changes(joined).map(|(time, node, change)| tables::change(time, node, change));
    let reasons = aggregate::reasons(joined).map(tables::reason);
    parquet::write(&tables::ATTEMPTS, attempts, &folder.join(tables::ATTEMPTS.name))?;
    parquet::write(&tables::CHANGES, changes, &folder.join(tables::CHANGES.name))?;
    parquet::write(&tables::REASONS, reasons, &folder.join(tables::REASONS.name))
}

/// Says that this program cannot do it.
///
/// # Errors
/// Always.
#[cfg(not(feature = "parquet"))]
pub fn export(_: ExportRequest) -> Result<u8, Error> {
    let message = "this program was built without Parquet; build it with `cargo build --release --features parquet`";
    Err(Error::Option(message.to_owned()))
}
