//! `esaudit export`.

#[cfg(feature = "parquet")]
use std::{io, path::Path};

use crate::cli::ExportRequest;
use crate::error::Error;
#[cfg(feature = "parquet")]
use crate::{model::Coverage, model::events::Event, options::EventKinds, pipeline::JoinedRun};

/// Reads logs or parts and writes tables as Parquet to empty or new folders.
///
/// # Errors
/// Parts that cannot be used, no threads, or a folder that cannot be filled: then it is as it was before.
#[cfg(feature = "parquet")]
pub fn export(request: ExportRequest) -> Result<u8, Error> {
    use super::console::{complain, watched};
    use super::outcome::{refused, status};
    use crate::{output, pipeline};

    let ExportRequest { read, parquet, ocsf, kinds, within } = request;
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
        output::folder(folder, |made| tables(&evidence, &coverage, made)).map_err(failed(folder))?;
    }
    if let Some(folder) = &ocsf {
        output::folder(folder, |made| classes(&evidence, (kinds, &found), &within, made)).map_err(failed(folder))?;
    }
    let lacks = evidence.lacks(EventKinds { powerful: true, ..EventKinds::default() });
    lacks.iter().for_each(|lack| complain(lack));
    let incomplete = evidence.incomplete || unread.is_some() || !lacks.is_empty();
    Ok(status(&coverage, evidence.options().require_events, incomplete, 0))
}

/// Fills a folder with our tables.
#[cfg(feature = "parquet")]
fn tables(evidence: &JoinedRun, coverage: &Coverage, folder: &Path) -> io::Result<()> {
    use crate::aggregate;
    use crate::data::{parquet, report_tables, tables};

    let joined = &evidence.joined;
    let attempts = evidence.events(EventKinds { attempts: true, ..EventKinds::default() }).map(tables::attempt);
    let powerful = evidence.events(EventKinds { powerful: true, ..EventKinds::default() }).map(report_tables::powerful);
    let changes = aggregate::changes(joined).map(|(time, node, change)| tables::change(time, node, change));
    let reasons = aggregate::reasons(joined).map(tables::reason);
    let findings = report_tables::findings(evidence.findings()).into_iter();
    let places = evidence.new_places().into_iter().map(report_tables::new_place);
    let inputs = report_tables::inputs(&coverage.inputs).into_iter();
    let at = |table: &tables::DataTable| folder.join(table.name);
    parquet::write(&tables::ATTEMPTS, attempts, &at(&tables::ATTEMPTS))?;
    parquet::write(&tables::CHANGES, changes, &at(&tables::CHANGES))?;
    parquet::write(&tables::REASONS, reasons, &at(&tables::REASONS))?;
    parquet::write(&report_tables::FINDINGS, findings, &at(&report_tables::FINDINGS))?;
    parquet::write(&report_tables::NEW_PLACES, places, &at(&report_tables::NEW_PLACES))?;
    parquet::write(&report_tables::POWERFUL, powerful, &at(&report_tables::POWERFUL))?;
    parquet::write(&report_tables::INPUTS, inputs, &at(&report_tables::INPUTS))
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
