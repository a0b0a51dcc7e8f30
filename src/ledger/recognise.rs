//! Which of the files that are met is which of those that are remembered.

use std::collections::{BTreeMap, BTreeSet};

use super::proof::{Compared, SeenSource};
use super::remembered::{HEAD, Hash, KeptForm, Remembered, RememberedCopy};
use crate::input::{self, Look, StoredForm};
use crate::options::Limits;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// It is none of those that are remembered.
    New,
    /// It goes on where this one, by its place in the list, was left.
    Known(usize),
    /// All of it is what another file begins with, which goes on this one.
    Copy {
        of: usize,
        /// That file, by its place, if they were compared now; without one they were in a run before.
        with: Option<usize>,
        /// Whether it is whole, so that there is nothing to compare in the next run.
        is_whole: bool,
    },
    /// It could not be compared with what is remembered, or with what goes on that.
    Unread,
}

/// How a file is stored.
pub(super) fn form_of(form: StoredForm) -> KeptForm {
    match form {
        StoredForm::Plain => KeptForm::Plain,
        StoredForm::Compressed(_) => KeptForm::Compressed,
        StoredForm::Whole => KeptForm::Whole,
    }
}

/// Those that are remembered, by the length and the hash of their heads.
type ByHead = BTreeMap<(usize, Hash), Vec<usize>>;

/// Tells for each file what it is. Each remembered one is gone on by one file at most: by one that holds what was read where
/// reading had ended; of several by that with its inode, else by that of its name, else by the first. Where none holds it, by
/// inode or name, for it was replaced.
pub(super) fn recognise(
    seen: &[SeenSource],
    (known, copies): (&[Remembered], &[RememberedCopy]),
    limits: Limits,
) -> Vec<Met> {
    let mut by_head = ByHead::new();
    for (at, file) in known.iter().enumerate() {
        by_head.entry((file.head_bytes, file.head)).or_default().push(at);
    }
    let lengths: BTreeSet<usize> = by_head.keys().map(|(length, _)| *length).filter(|length| *length > 0).collect();
    let alike: Vec<Vec<usize>> = seen.iter().map(|seen| candidates(&seen.look, (&by_head, &lengths), known)).collect();
    let mut wanted: BTreeMap<usize, usize> = BTreeMap::new();
    alike.iter().flatten().for_each(|at| *wanted.entry(*at).or_default() += 1);
    let mut claims = Claims { seen, known, met: vec![None; seen.len()], by: BTreeMap::new() };
    // Where nothing else comes into question, whoever measures the file finds whether it goes on the other.
    for (at, alike) in alike.iter().enumerate() {
        if let [one] = alike[..]
            && wanted[&one] == 1
        {
            claims.claim(at, one);
        }
    }
    let mut unread = BTreeSet::new();
    let proven: Vec<Vec<usize>> = (0..seen.len())
        .map(|at| {
            let mut proven = match claims.met[at] {
                None => seen[at].goes_on(&alike[at], known, limits).unwrap_or_else(|error| {
                    unread.extend((!input::is_elsewhere(&error)).then_some(at));
                    Vec::new()
                }),
                Some(_) => Vec::new(),
            };
            // That of which most was read leaves the least to be read again.
            proven.sort_by_key(|&at| (std::cmp::Reverse(known[at].read), at));
            proven
        })
        .collect();
    let by_inode: Prefers = |seen, file| (file.device, file.inode) == seen.look.id;
    let by_path: Prefers = |seen, file| file.path == seen.source.label;
    for (among, prefers) in
        [(&proven, by_inode), (&proven, by_path), (&proven, |_, _| true), (&alike, by_inode), (&alike, by_path)]
    {
        claims.settle(among, prefers);
    }
    let copy = |at: usize| claims.copy(at, &alike[at], copies, limits);
    let met = |at: usize| claims.met[at].map_or_else(|| copy(at), Met::Known);
    (0..seen.len()).map(|at| if unread.contains(&at) { Met::Unread } else { met(at) }).collect()
}

type Prefers = fn(&SeenSource, &Remembered) -> bool;

/// Which file goes on which that is remembered.
struct Claims<'s> {
    seen: &'s [SeenSource],
    known: &'s [Remembered],
    /// By file.
    met: Vec<Option<usize>>,
    /// The file, by what is remembered.
    by: BTreeMap<usize, usize>,
}

impl Claims<'_> {
    fn claim(&mut self, at: usize, file: usize) {
        self.met[at] = Some(file);
        self.by.insert(file, at);
    }

    /// Lets each file that goes on nothing yet go on the first of some that is free and suits it.
    fn settle(&mut self, among: &[Vec<usize>], prefers: Prefers) {
        for (at, among) in among.iter().enumerate() {
            let suits = |file: &&usize| !self.by.contains_key(*file) && prefers(&self.seen[at], &self.known[**file]);
            if self.met[at].is_none()
                && let Some(&file) = among.iter().find(suits)
            {
                self.claim(at, file);
            }
        }
    }

    /// What a file is that goes on nothing: a copy only if it was compared to its last byte, now or in a run before.
    fn copy(&self, at: usize, alike: &[usize], copies: &[RememberedCopy], limits: Limits) -> Met {
        let one = &self.seen[at];
        let compared =
            |&&of: &&usize| copies.binary_search(&RememberedCopy::of(self.known[of].content, &one.look)).is_ok();
        if let Some(&of) = alike.iter().find(compared) {
            return Met::Copy { of, with: None, is_whole: true };
        }
        let compare = |&of: &usize| {
            let with = *self.by.get(&of)?;
            match one.compared_with(&self.seen[with], limits) {
                Compared::Other => None,
                Compared::Unread => Some(Met::Unread),
                compared => Some(Met::Copy { of, with: Some(with), is_whole: compared == Compared::Copy }),
            }
        };
        alike.iter().find_map(compare).unwrap_or(Met::New)
    }
}

/// The remembered ones that a file may go on: those of which it has the longest head.
fn candidates(look: &Look, (by_head, lengths): (&ByHead, &BTreeSet<usize>), known: &[Remembered]) -> Vec<usize> {
    let form = form_of(look.form);
    let is_alike = |file: &Remembered| match (file.form, form) {
        // What became of an archive is not looked into.
        (KeptForm::Whole, KeptForm::Whole) => file.size == look.size,
        (one, other) => (one == KeptForm::Whole) == (other == KeptForm::Whole),
    };
    let most = look.head.len().min(HEAD);
    let of_length = |length: &usize| {
        let alike = by_head.get(&(*length, Hash::of(&look.head[..*length])))?;
        let alike: Vec<usize> = alike.iter().copied().filter(|&at| is_alike(&known[at])).collect();
        (!alike.is_empty()).then_some(alike)
    };
    lengths.range(..=most).rev().find_map(of_length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::input::Source;

    /// Plain files of a folder, as they are looked at.
    fn seen(folder: &Path, names: &[&str]) -> Vec<SeenSource> {
        let found = input::discover(&names.iter().map(|name| folder.join(name).into()).collect::<Vec<_>>());
        let look = |source: Source| {
            let look = input::look(&source, 64, Limits::default()).unwrap();
            SeenSource { source, look }
        };
        found.sources.into_iter().map(look).collect()
    }

    /// What is remembered of a file of which so much was read.
    fn remembered(content: u128, seen: &SeenSource, bytes: &[u8]) -> Remembered {
        Remembered {
            path: seen.source.label.clone(),
            device: seen.look.id.0,
            inode: seen.look.id.1,
            size: bytes.len() as u64,
            end: Some(Hash::of(bytes)),
            read: bytes.len() as u64,
            tail: Some(Hash::of(bytes)),
            ..Remembered::example(content)
        }
    }

    #[test]
    fn a_begin_alone_is_neither_a_copy_nor_what_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        write("a", b"abc 1 and more");
        write("b", b"abc 2");
        write("copy", b"abc 1 and");
        write("longer", b"abc 1 and more of it");
        let all = seen(folder.path(), &["a", "b", "copy", "longer"]);
        let known = [remembered(1, &all[0], b"abc 1")];
        let met = recognise(&all, (&known, &[]), Limits::default());
        let copy = Met::Copy { of: 0, with: Some(0), is_whole: true };
        assert_eq!(met, [Met::Known(0), Met::New, copy, Met::New]);
        // It is not compared again, and is one as long as it is what it was.
        let copies = [RememberedCopy::of(known[0].content, &all[2].look)];
        assert_eq!(
            recognise(&all, (&known, &copies), Limits::default())[2],
            Met::Copy { of: 0, with: None, is_whole: true }
        );
        write("copy", b"abc 1 or!");
        let met = recognise(&seen(folder.path(), &["a", "copy"]), (&known, &copies), Limits::default());
        assert_eq!(met, [Met::Known(0), Met::New]);
    }

    #[test]
    fn of_several_that_begin_alike_each_goes_on_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        for name in ["one", "two"] {
            write(name, b"");
        }
        let old = seen(folder.path(), &["one", "two"]);
        let known = [remembered(1, &old[0], b"abc 1"), remembered(2, &old[1], b"abc 2")];
        // Both were moved to each other's names, by copying; the second is written anew under its inode.
        write("three", b"abc 2 and more");
        write("two", b"abc 3");
        let met = recognise(&seen(folder.path(), &["three", "two"]), (&known, &[]), Limits::default());
        assert_eq!(met, [Met::Known(1), Met::New]);
        // What nobody goes on was replaced where it lay.
        let met = recognise(&seen(folder.path(), &["two"]), (&known, &[]), Limits::default());
        assert_eq!(met, [Met::Known(1)]);
    }

    #[test]
    fn an_archive_is_known_by_its_size_too() {
        let look = |size| Look { id: (1, 2), size, form: StoredForm::Whole, head: b"abcd".to_vec(), end: Vec::new() };
        let known = [Remembered { form: KeptForm::Whole, size: 100, ..Remembered::example(1) }];
        let by_head = ByHead::from([((3, known[0].head), vec![0])]);
        let alike = |look: &Look| candidates(look, (&by_head, &BTreeSet::from([3])), &known);
        assert_eq!(alike(&look(100)), [0]);
        assert_eq!(alike(&look(101)), [0; 0]);
        assert_eq!(alike(&Look { form: StoredForm::Plain, ..look(100) }), [0; 0]);
    }
}
