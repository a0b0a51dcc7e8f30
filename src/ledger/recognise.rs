//! Which of the files that are met is which of those that are remembered.

use std::collections::{BTreeMap, BTreeSet};

use super::remembered::{HEAD, Hash, KeptForm, Remembered};
use crate::input::{Look, StoredForm};
use crate::platform::FileId;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// Nothing is remembered that begins so.
    New,
    /// It goes on where this one, by its place in the list, was left.
    Known(usize),
    /// It begins as one that another file goes on.
    Copy,
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

/// Tells for each file, given with its path, what it is. Each remembered one is gone on by one file at most: by that with its
/// inode, else by that of its name, else by the first.
pub(super) fn recognise(looks: &[(&str, &Look)], known: &[Remembered]) -> Vec<Met> {
    let mut by_head = ByHead::new();
    for (at, file) in known.iter().enumerate() {
        by_head.entry((file.head_bytes, file.head)).or_default().push(at);
    }
    let lengths: BTreeSet<usize> = by_head.keys().map(|(length, _)| *length).filter(|length| *length > 0).collect();
    let alike: Vec<Vec<usize>> = looks.iter().map(|(_, look)| candidates(look, (&by_head, &lengths), known)).collect();
    let mut met: Vec<Met> = alike.iter().map(|alike| if alike.is_empty() { Met::New } else { Met::Copy }).collect();
    let mut claimed = BTreeSet::new();
    type Prefers = fn(&str, FileId, &Remembered) -> bool;
    let preferred: [Prefers; 3] =
        [|_, id, file| (file.device, file.inode) == id, |path, _, file| file.path == path, |_, _, _| true];
    for prefers in preferred {
        for (at, (path, look)) in looks.iter().enumerate().filter(|(at, _)| !alike[*at].is_empty()) {
            if matches!(met[at], Met::Known(_)) {
                continue;
            }
            let free = |file: &&usize| !claimed.contains(*file) && prefers(path, look.id, &known[**file]);
            if let Some(&file) = alike[at].iter().find(free) {
                claimed.insert(file);
                met[at] = Met::Known(file);
            }
        }
    }
    met
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
    use super::*;

    fn look(inode: u64, head: &[u8]) -> Look {
        Look { id: (1, inode), size: 100, form: StoredForm::Plain, head: head.to_vec() }
    }

    #[test]
    fn a_file_is_told_by_its_head_and_one_of_several_by_its_inode() {
        // Both begin with `abc`; inode 2 is that of the first.
        let known = [Remembered::example(1), Remembered { inode: 9, path: "b".to_owned(), ..Remembered::example(2) }];
        let (same, other, long) = (look(2, b"abcd"), look(5, b"xbcd"), look(6, b"abce"));
        let met = recognise(&[("z", &long), ("a.json", &other), ("moved", &same)], &known);
        assert_eq!(met, [Met::Known(1), Met::New, Met::Known(0)]);
        let copies = recognise(&[("x", &long), ("y", &look(7, b"abcf")), ("moved", &same)], &known);
        assert_eq!(copies, [Met::Known(1), Met::Copy, Met::Known(0)]);
        assert_eq!(recognise(&[("a.json", &look(2, b"ab"))], &known), [Met::New]);
    }

    #[test]
    fn an_archive_is_known_by_its_size_too() {
        let known = [Remembered { form: KeptForm::Whole, size: 100, ..Remembered::example(1) }];
        let whole = Look { form: StoredForm::Whole, ..look(2, b"abcd") };
        assert_eq!(recognise(&[("a", &whole)], &known), [Met::Known(0)]);
        assert_eq!(recognise(&[("a", &Look { size: 101, ..whole })], &known), [Met::New]);
        assert_eq!(recognise(&[("a", &look(2, b"abcd"))], &known), [Met::New]);
    }
}
