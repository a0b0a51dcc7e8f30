//! What is asked for: the one way in.

use std::ffi::OsString;

use super::gathered::Gathered;
use super::joined_run::JoinedRun;
use super::run::{LedgerFile, Naming, RunContext};
use super::{gather, parts};
use crate::error::Error;
use crate::options::Options;
use crate::part::{Part, Reading, are_parts};
use crate::progress::Progress;
use crate::pseudonyms::Pseudonyms;

/// What is read.
#[derive(Debug, Clone)]
pub enum Inputs {
    /// Files, folders (recursively), globs, or `-` for standard input, all of them logs.
    Logs(Vec<OsString>),
    /// Part files, in any order.
    Parts(Vec<OsString>),
    /// Either, as their content says.
    Any(Vec<OsString>),
    /// A part in memory.
    Part(Box<Part>),
}

/// What is to be read, how, and what may be shown of it.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is read.
    pub inputs: Inputs,
    /// How logs are named.
    pub naming: Naming,
    /// How it is read, and what is made of it.
    pub options: Options,
    /// What runs before have read of logs that grow: only what is new is read. Meant for parts alone.
    pub ledger: Option<LedgerFile>,
    /// Makes pseudonyms of what names somebody, if nobody is to be named.
    pub pseudonyms: Option<Pseudonyms>,
    /// How far the run is, for whoever looks. Never changes the answer.
    pub progress: Progress,
}

impl Request {
    /// With nothing but inputs and options.
    #[must_use]
    pub fn new(inputs: Inputs, options: Options) -> Self {
        Self {
            inputs,
            naming: Naming::default(),
            options,
            ledger: None,
            pseudonyms: None,
            progress: Progress::default(),
        }
    }

    /// Logs or part files, with options.
    #[must_use]
    pub fn of<P: Into<OsString>>(paths: impl IntoIterator<Item = P>, options: Options) -> Self {
        Self::new(Inputs::Any(paths.into_iter().map(Into::into).collect()), options)
    }

    /// Reads everything, to be stored as a part.
    ///
    /// # Errors
    /// Parts that cannot be used, or no threads. Logs that cannot be read are problems, not errors.
    pub fn read(self) -> Result<Gathered, Error> {
        self.read_for(true)
    }

    /// Reads everything and joins it.
    ///
    /// # Errors
    /// Those of [`Request::read`].
    pub fn join(self) -> Result<JoinedRun, Error> {
        Ok(self.read_for(false)?.join())
    }

    fn read_for(self, for_part: bool) -> Result<Gathered, Error> {
        let Self { inputs, naming, options, ledger, pseudonyms, progress } = self;
        let threads = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build();
        let threads = threads.map_err(|error| Error::Threads(std::io::Error::other(error)))?;
        let mut run = RunContext { options, pseudonyms, progress, threads, for_part, copies: None };
        let inputs = match inputs {
            Inputs::Any(paths) if are_parts(&paths)? => Inputs::Parts(paths),
            Inputs::Any(paths) => Inputs::Logs(paths),
            known => known,
        };
        match inputs {
            Inputs::Logs(paths) | Inputs::Any(paths) => Ok(gather::gather(&paths, &naming, ledger, run)),
            Inputs::Parts(paths) => {
                let part = parts::open(paths, &run)?;
                scanned_with(&part.reading, &mut run)?;
                Ok(Gathered::of_part(part, run))
            }
            Inputs::Part(part) => {
                scanned_with(&part.reading, &mut run)?;
                Ok(Gathered::of_part(*part, run))
            }
        }
    }
}

/// Puts the options that parts were scanned with into those of the request.
fn scanned_with(reading: &Reading, run: &mut RunContext) -> Result<(), Error> {
    let RunContext { options, pseudonyms, .. } = run;
    if let Some((name, asked, used)) = reading.refuses(&Reading::of(options)) {
        let message = format!("--{name} `{asked}`: the parts were scanned with `{used}`; scan the logs anew");
        return Err(Error::Inputs(message));
    }
    reading.apply(options)?;
    let Some(key) = &options.pseudonymized else { return Ok(()) };
    if pseudonyms.as_ref().is_some_and(|names| names.fingerprint() != *key) {
        let message = "--pseudonymize: the parts hold pseudonyms already, of another key; leave it out";
        return Err(Error::Inputs(message.to_owned()));
    }
    if !options.api_keys.is_empty() {
        let message = "--api-keys lists keys by their ids, and the parts hold pseudonyms only; leave it out";
        return Err(Error::Inputs(message.to_owned()));
    }
    Ok(())
}
