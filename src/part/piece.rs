//! What parts hold of files that are read bit by bit, night after night: which bytes of which content, and what the file is
//! called meanwhile. Merged, the pieces of a file are one input again, under the path at which it was seen last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Problems;
use crate::error::{Error, ProblemKind};

/// No content is longer, in bytes: what is added to offsets does not overflow.
const FURTHEST: u64 = 1 << 56;

/// Bytes of one file that a part holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContentPiece {
    /// The content, whatever the file is called: a hash made when it was met first.
    pub content: u128,
    /// First byte, after decompression.
    pub from: u64,
    /// Byte after the last; the same as `from` where only the file's name is news.
    pub to: u64,
    /// The state file's id: whose runs remember the content.
    pub ledger: u64,
    /// Run, from 1, in which the content was met first.
    pub first_run: u32,
    /// Run in which it was met last.
    pub run: u32,
    /// Under which name the bytes stand in the state of the part.
    pub label: String,
    /// Where the file lay at `run`.
    pub path: String,
    /// Name of its compression then.
    pub compression: String,
}

/// Whether they are such as they are written.
pub(super) fn are_sound(pieces: &[ContentPiece]) -> bool {
    let sound = |s: &ContentPiece| s.from <= s.to && s.to <= FURTHEST && (1..=s.run).contains(&s.first_run);
    pieces.iter().all(sound) && pieces.is_sorted()
}

/// What the contents that some parts hold pieces of are called now.
#[derive(Debug, Default)]
pub struct ContentNames {
    names: BTreeMap<u128, (String, String)>,
    /// Those of all parts, adjacent ones put together.
    pieces: Vec<ContentPiece>,
}

impl ContentNames {
    /// Those of the pieces of parts, given with the names of the parts.
    ///
    /// # Errors
    /// Two parts hold the same bytes, or two state files tell of one path.
    pub fn of(mut pieces: Vec<(String, ContentPiece)>) -> Result<Self, Error> {
        pieces.sort_by(|(one, a), (other, b)| (a, one).cmp(&(b, other)));
        held_once(&pieces)?;
        let mut latest: BTreeMap<u128, &ContentPiece> = BTreeMap::new();
        let mut first_runs: BTreeMap<u128, u32> = BTreeMap::new();
        for (_, piece) in &pieces {
            let known = latest.entry(piece.content).or_insert(piece);
            if (piece.run, piece.to) >= (known.run, known.to) {
                *known = piece;
            }
            first_runs
                .entry(piece.content)
                .and_modify(|run| *run = piece.first_run.min(*run))
                .or_insert(piece.first_run);
        }
        let mut paths: BTreeMap<&str, Vec<&ContentPiece>> = BTreeMap::new();
        for piece in latest.values() {
            paths.entry(&piece.path).or_default().push(piece);
        }
        let mut names = BTreeMap::new();
        for (path, mut met) in paths {
            one_ledger(path, &met, &pieces)?;
            // Whatever lies there now bears the path; what lay there before and is gone has a number.
            met.sort_by_key(|piece| std::cmp::Reverse((first_runs.get(&piece.content), piece.run, piece.content)));
            for (number, piece) in (1..).zip(met) {
                let name = if number == 1 { path.to_owned() } else { format!("{path}#{number}") };
                names.insert(piece.content, (name, piece.compression.clone()));
            }
        }
        let pieces = together(pieces, &names);
        Ok(Self { names, pieces })
    }

    /// The name and the compression of a content.
    #[must_use]
    pub fn get(&self, content: u128) -> Option<&(String, String)> {
        self.names.get(&content)
    }

    /// What the parts hold together.
    #[must_use]
    pub fn into_pieces(self) -> Vec<ContentPiece> {
        self.pieces
    }
}

/// Refuses bytes that two parts hold.
fn held_once(sorted: &[(String, ContentPiece)]) -> Result<(), Error> {
    let mut furthest: Option<&(String, ContentPiece)> = None;
    for piece in sorted.iter().filter(|(_, piece)| piece.from < piece.to) {
        if let Some((name, before)) = furthest
            && before.content == piece.1.content
            && piece.1.from < before.to
        {
            let ((other, piece), path) = (piece, &before.path);
            return Err(Error::Inputs(format!(
                "{name} and {other} both hold bytes {} to {} of {path}: either one of them is given twice, or the state file \
                 was set back between their runs; leave one out",
                piece.from,
                piece.to.min(before.to)
            )));
        }
        let goes_further =
            |(_, before): &(String, ContentPiece)| before.content != piece.1.content || piece.1.to > before.to;
        if furthest.is_none_or(goes_further) {
            furthest = Some(piece);
        }
    }
    Ok(())
}

/// Refuses pieces of one path that two state files tell of.
fn one_ledger(path: &str, met: &[&ContentPiece], pieces: &[(String, ContentPiece)]) -> Result<(), Error> {
    let Some((first, other)) =
        met.first().and_then(|first| Some((first, met.iter().find(|s| s.ledger != first.ledger)?)))
    else {
        return Ok(());
    };
    let part = |of: &ContentPiece| pieces.iter().find(|(_, piece)| piece == of).map_or("", |(name, _)| name.as_str());
    Err(Error::Inputs(format!(
        "{} and {} both hold {path}, by two state files: files of several machines have the same path (scan those with --prefix), \
         or the state was begun anew, and then the parts from before are to be left out",
        part(first),
        part(other)
    )))
}

/// Puts adjacent ones together, under the names that they have now.
fn together(sorted: Vec<(String, ContentPiece)>, names: &BTreeMap<u128, (String, String)>) -> Vec<ContentPiece> {
    let mut whole: Vec<ContentPiece> = Vec::new();
    for (_, mut piece) in sorted {
        if let Some((name, _)) = names.get(&piece.content) {
            piece.label.clone_from(name);
        }
        match whole.last_mut() {
            Some(last) if last.content == piece.content && last.to == piece.from => {
                last.to = piece.to;
                last.first_run = last.first_run.min(piece.first_run);
                if piece.run >= last.run {
                    (last.run, last.path, last.compression) = (piece.run, piece.path, piece.compression);
                }
            }
            _ => whole.push(piece),
        }
    }
    whole.sort();
    whole
}

/// What lies between two pieces of a file and in no part.
#[must_use]
pub fn missing(pieces: &[ContentPiece]) -> Problems {
    let gap = |pair: &[ContentPiece]| {
        let [before, after] = pair else { return None };
        let is_gap = before.content == after.content && before.to < after.from;
        let message = || {
            format!(
                "its bytes {} to {} are in none of the parts: that of a run between is missing",
                before.to, after.from
            )
        };
        is_gap.then(|| (after.label.clone(), ProblemKind::Unreadable, message()))
    };
    pieces.windows(2).filter_map(gap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(content: u128, (from, to): (u64, u64), run: u32, path: &str) -> (String, ContentPiece) {
        let compression = if path.ends_with(".gz") { "gzip" } else { "none" }.to_owned();
        let (label, path) = (path.to_owned(), path.to_owned());
        (
            format!("{run}.esa"),
            ContentPiece { content, from, to, ledger: 1, first_run: 1, run, label, path, compression },
        )
    }

    #[test]
    fn a_file_is_called_what_it_was_called_last() {
        let pieces = vec![
            piece(7, (0, 10), 1, "a.json"),
            piece(7, (10, 30), 2, "a-1.json.gz"),
            (String::from("2.esa"), ContentPiece { first_run: 2, ..piece(8, (0, 5), 2, "a.json").1 }),
        ];
        for pieces in [pieces.clone(), pieces.into_iter().rev().collect()] {
            let names = ContentNames::of(pieces).unwrap();
            assert_eq!(names.get(7), Some(&("a-1.json.gz".to_owned(), "gzip".to_owned())));
            assert_eq!(names.get(8).unwrap().0, "a.json");
            let pieces = names.into_pieces();
            let spans: Vec<(u64, u64)> = pieces.iter().map(|s| (s.from, s.to)).collect();
            assert_eq!(spans, [(0, 30), (0, 5)]);
            assert!(are_sound(&pieces) && missing(&pieces).is_empty());
        }
    }

    #[test]
    fn what_lay_at_a_path_before_has_a_number() {
        let later = (String::from("3.esa"), ContentPiece { first_run: 3, ..piece(8, (0, 5), 3, "a.json").1 });
        let names = ContentNames::of(vec![piece(7, (0, 10), 1, "a.json"), later]).unwrap();
        assert_eq!((names.get(8).unwrap().0.as_str(), names.get(7).unwrap().0.as_str()), ("a.json", "a.json#2"));
    }

    #[test]
    fn the_same_bytes_and_missing_ones_are_told() {
        let twice = ContentNames::of(vec![piece(7, (0, 10), 1, "a"), piece(7, (5, 20), 2, "a")]);
        assert!(twice.unwrap_err().to_string().contains("1.esa and 2.esa both hold bytes 5 to 10 of a"));
        let names = ContentNames::of(vec![piece(7, (0, 10), 1, "a"), piece(7, (15, 20), 3, "a")]).unwrap();
        let told = missing(&names.into_pieces());
        assert!(told.len() == 1 && told[0].2.contains("bytes 10 to 15"), "{told:?}");
        let other = (String::from("b.esa"), ContentPiece { ledger: 2, ..piece(9, (0, 5), 1, "a").1 });
        let refused = ContentNames::of(vec![piece(7, (0, 10), 1, "a"), other]).unwrap_err().to_string();
        assert!(refused.contains("--prefix"), "{refused}");
    }
}
