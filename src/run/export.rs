//! `esaudit export`.

#[cfg(feature = "parquet")]
use std::{io, path::Path};

use crate::cli::ExportRequest;
use crate::error::Error;
#[cfg(feature = "parquet")]
use crate::{
    data::tables::{DataCell, DataTable},
    model::Coverage,
    model::events::Event,
    options::{EventKinds, Share},
    pipeline::JoinedRun,
    time::Millis,
};

/// Reads logs or parts and writes tables as Parquet to empty or new folders.
///
/// # Errors
/// Parts that cannot be used, no threads, or a folder that cannot be filled: then it is as it was before.
#[cfg(feature = "parquet")]
pub fn export(request: ExportRequest) -> Result<u8, Error> {
    use super::console::{complain, watched};
    use super::outcome::{refused, status};
    use crate::{output, pipeline};

    let ExportRequest { read, parquet, share, ocsf, kinds, within } = request;
    let failed = |folder: &Path| {
        let what = format!("{} was not written", folder.display());
        move |error| Error::Output { what, error }
    };
    for folder in parquet.iter().chain(&ocsf) {
        output::check_folder(folder).map_err(failed(folder))?;
    }
    let progress = read.progress.clone();
    // Our tables have powerful actions, whatever the others have.
    let asked = EventKinds { powerful: true, ..kinds };
    let (mut evidence, found, unread) = watched(&progress, || pipeline::single_events(read, asked))?;
    if let Some(why) = unread {
        complain(&format!("single successes and refusals are left out: {why}"));
    }
    let coverage = evidence.coverage();
    if let Some(status) = refused(evidence.options().strict, &coverage) {
        return Ok(status);
    }
    evidence.find();
    if let Some(folder) = &parquet {
        output::folder(folder, |made| tables(&evidence, &coverage, share, made))?;
    }
    if let Some(folder) = &ocsf {
        output::folder(folder, |made| classes(&evidence, (kinds, &found), &within, made))?;
    }
    let lacks = evidence.lacks(EventKinds { powerful: true, ..EventKinds::default() });
    lacks.iter().for_each(|lack| complain(lack));
    let incomplete = evidence.incomplete || unread.is_some() || !lacks.is_empty();
    Ok(status(&coverage, evidence.options().require_events, incomplete, 0))
}

/// The most that write files of tables side by side: each gathers up to 32 MiB of rows.
#[cfg(feature = "parquet")]
const WRITERS: u32 = 8;

/// Fills a folder with our tables, or a share of their files.
#[cfg(feature = "parquet")]
fn tables(evidence: &JoinedRun, coverage: &Coverage, share: Share, folder: &Path) -> io::Result<()> {
    use rayon::prelude::*;

    let writers = u32::try_from(evidence.threads()).unwrap_or(WRITERS).min(WRITERS);
    let write = |at| write_share(evidence, coverage, share.part(at, writers), folder);
    evidence.in_threads(|| (0..writers).into_par_iter().map(write).collect())
}

/// Writes the files of a share.
#[cfg(feature = "parquet")]
fn write_share(evidence: &JoinedRun, coverage: &Coverage, share: Share, folder: &Path) -> io::Result<()> {
    use crate::aggregate::{self, events};
    use crate::data::tables::{self, ATTEMPTS, CHANGES, REASONS};
    use crate::data::{parquet, report_tables};
    use report_tables::{FINDINGS, INPUTS, NEW_PLACES, POWERFUL};

    let joined = &evidence.joined;
    let any = |_: Millis| true;
    let wanted = |number: u32| move |time: Millis| share.has(number, time);

    let kinds = EventKinds { attempts: true, ..EventKinds::default() };
    let rows = evidence.events_at(kinds, &[], wanted(0)).map(tables::attempt);
    write_days(&ATTEMPTS, rows, || wanted(0)(NO_ROWS) && joined.attempts.is_empty(), folder)?;
    let rows = aggregate::changes(joined, wanted(1)).map(|(time, node, change)| tables::change(time, node, change));
    write_days(&CHANGES, rows, || wanted(1)(NO_ROWS) && aggregate::changes(joined, any).next().is_none(), folder)?;
    let rows = aggregate::reasons(joined, wanted(2)).map(tables::reason);
    write_days(&REASONS, rows, || wanted(2)(NO_ROWS) && aggregate::reasons(joined, any).next().is_none(), folder)?;
    let kinds = EventKinds { powerful: true, ..EventKinds::default() };
    let rows = evidence.events_at(kinds, &[], wanted(3)).map(report_tables::powerful);
    write_days(&POWERFUL, rows, || wanted(3)(NO_ROWS) && events(joined, kinds, &[], any).next().is_none(), folder)?;

    // These are one file each.
    if share.has(4, NO_ROWS) {
        let rows = report_tables::findings(evidence.findings());
        parquet::write(&FINDINGS, rows.into_iter(), &folder.join(FINDINGS.name))?;
    }
    if share.has(5, NO_ROWS) {
        let rows = evidence.new_places().into_iter().map(report_tables::new_place);
        parquet::write(&NEW_PLACES, rows, &folder.join(NEW_PLACES.name))?;
    }
    if share.has(6, NO_ROWS) {
        let rows = report_tables::inputs(&coverage.inputs);
        parquet::write(&INPUTS, rows.into_iter(), &folder.join(INPUTS.name))?;
    }
    Ok(())
}

/// The day of the file of a table without rows.
#[cfg(feature = "parquet")]
const NO_ROWS: Millis = Millis(0);

/// Writes the days of a table that have rows here, and the one file of a table that has none anywhere.
#[cfg(feature = "parquet")]
fn write_days(
    table: &DataTable,
    rows: impl Iterator<Item = Vec<DataCell>>,
    is_nothing: impl FnOnce() -> bool,
    folder: &Path,
) -> io::Result<()> {
    let mut rows = rows.peekable();
    if rows.peek().is_none() && !is_nothing() {
        return Ok(());
    }
    crate::data::parquet::write(table, rows, &folder.join(table.name))
}

/// Fills a folder with the classes of OCSF: events of some kinds, successes and refusals as they were found.
#[cfg(feature = "parquet")]
fn classes(
    evidence: &JoinedRun,
    (kinds, found): (EventKinds, &[Event]),
    within: &Path,
    folder: &Path,
) -> io::Result<()> {
    use crate::data::ocsf::{self, OcsfClass};
    use crate::data::{ocsf_tables, parquet};

    for class in OcsfClass::ALL {
        let table = ocsf_tables::table(class);
        let at = folder.join(table.name).join(within);
        if class == OcsfClass::DetectionFinding {
            let mut findings: Vec<_> = evidence.findings().iter().map(ocsf::finding).collect();
            findings.sort_by_key(|finding| finding["time"].as_u64());
            parquet::write(&table, findings.iter().map(|finding| ocsf_tables::row(&table, finding)), &at)?;
        } else {
            let events = evidence.events_with(kinds, found).filter(|event| ocsf::class(event) == class);
            parquet::write(&table, events.map(|event| ocsf_tables::row(&table, &ocsf::event(&event))), &at)?;
        }
    }
    Ok(())
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
