//! Parts that are merged: whether they go together, and what their inputs are called now.

use std::collections::BTreeMap;

use super::{ContentNames, ContentPiece, Part, Problems, Reading};
use crate::error::Error;
use crate::state::State;

/// What parts that are merged must agree in, and what of them is no state.
#[derive(Debug, Default)]
pub struct PartsUnion {
    /// The first part's name, and how it was read.
    first: Option<(String, Reading)>,
    /// Inputs, the part that each stands in, and the content of those that are read bit by bit.
    origin: BTreeMap<String, (String, Option<u128>)>,
    problems: Problems,
    /// What files that are read bit by bit are called.
    names: ContentNames,
}

impl PartsUnion {
    /// A union of parts that call contents so.
    #[must_use]
    pub fn new(names: ContentNames) -> Self {
        Self { names, ..Self::default() }
    }

    /// Takes a part, given with the name of its file, and gives its state.
    ///
    /// # Errors
    /// Which parts do not fit together, and why.
    pub fn take(&mut self, name: String, part: Part) -> Result<State, Error> {
        let (first_name, reading) = self.first.get_or_insert_with(|| (name.clone(), part.reading.clone()));
        if let Some((option, one, other)) = reading.difference(&part.reading) {
            return Err(Error::Inputs(format!(
                "{first_name} was scanned with --{option} `{one}`, {name} with `{other}`: scan all parts alike"
            )));
        }
        let (mut state, labels) = (part.state, contents(&part.pieces));
        for dump in &mut state.dumps {
            self.rename(&labels, &mut dump.path);
        }
        for input in &mut state.inputs {
            let content = self.rename(&labels, &mut input.label);
            if let Some((_, Some(compression))) = &content {
                input.compression.clone_from(compression);
            }
            let content = content.map(|(content, _)| content);
            if let Some((before, known)) = self.origin.insert(input.label.clone(), (name.clone(), content))
                && (content.is_none() || content != known)
            {
                return Err(Error::Inputs(format!(
                    "{before} and {name} both hold {}: either one of them is given twice, or files of several machines have \
                     the same path; scan those with --prefix",
                    input.label
                )));
            }
        }
        for problem in part.problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        Ok(state)
    }

    /// Gives a file that is read bit by bit, or a member of an archive, the name that it has now: its content, and the compression
    /// of what is no member.
    fn rename(&self, labels: &BTreeMap<&str, u128>, label: &mut String) -> Option<(u128, Option<String>)> {
        let (content, length) = content_of(labels, label)?;
        let Some((path, compression)) = self.names.get(content) else { return Some((content, None)) };
        let member = label.split_off(length);
        let compression = member.is_empty().then(|| compression.clone());
        *label = format!("{path}{member}");
        Some((content, compression))
    }

    /// How all parts were read, the problems met before anything was read, and what they hold of files that are read bit by bit.
    ///
    /// # Errors
    /// There was no part.
    pub fn finish(self) -> Result<(Reading, Problems, Vec<ContentPiece>), Error> {
        let (_, reading) = self.first.ok_or_else(|| Error::Inputs("no part to merge".to_owned()))?;
        Ok((reading, self.problems, self.names.into_pieces()))
    }
}

/// Contents by the labels under which a part has them.
fn contents(pieces: &[ContentPiece]) -> BTreeMap<&str, u128> {
    pieces.iter().map(|piece| (piece.label.as_str(), piece.content)).collect()
}

/// The content that an input is of, or the archive that it is in, and the length of that one's label.
fn content_of(labels: &BTreeMap<&str, u128>, label: &str) -> Option<(u128, usize)> {
    let ends = std::iter::once(label.len()).chain(label.match_indices('!').map(|(at, _)| at));
    ends.into_iter().find_map(|end| labels.get(&label[..end]).map(|&content| (content, end)))
}
