//! What verbs have to tell: as a document, and as data.

use std::io;

use super::Document;
use super::summary::Summary;

/// What verbs have to tell.
pub trait Results {
    /// For people.
    fn document(&self) -> Document<'_>;

    /// In as much as one screen holds, if there is something to sum up.
    fn summary(&self) -> Option<Summary> {
        None
    }

    /// For programs, in one of the forms that the verb offers.
    ///
    /// # Errors
    /// Those of `out`.
    fn data(&self, form: Form, out: &mut dyn io::Write) -> io::Result<()>;
}

/// Forms of data, written from the results themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON document: the contract.
    Json,
    /// A JSON object a line.
    Lines,
    /// JSON lines for Timesketch.
    Timesketch,
    /// Documents of the Elastic Common Schema with the lines of the bulk API.
    EcsBulk,
    /// A layer of the ATT&CK Navigator.
    Navigator,
    /// Indicators of STIX 2.1.
    Stix,
    /// Events of the Open Cybersecurity Schema Framework, one a line.
    Ocsf,
    /// A part file.
    Part,
}
