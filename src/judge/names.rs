//! How much names have in common: sets of them as sketches, without keeping the lists, and two of them.

use crate::words;

/// Hashes kept of a set: the smallest ones, which are a fair sample of it (bottom-k sketch, Cohen & Kaplan 2007).
const KEPT: usize = 32;

/// A set of names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct NameSet {
    /// Smallest first.
    hashes: Vec<u64>,
    added: usize,
}

impl NameSet {
    /// Adds a name; attackers' lists differ in case and blanks (`admin `, `Admin`).
    pub(super) fn add(&mut self, name: &[u8]) {
        let plain = name.trim_ascii().to_ascii_lowercase();
        let hash = xxhash_rust::xxh3::xxh3_64(&plain);
        if let Err(at) = self.hashes.binary_search(&hash) {
            self.added += 1;
            if at < KEPT {
                self.hashes.insert(at, hash);
                self.hashes.truncate(KEPT);
            }
        }
    }

    /// About how many names there are: exact while they are few.
    pub(super) fn len(&self) -> usize {
        self.added
    }

    /// The share of both sets' names that both have.
    pub(super) fn alike(&self, other: &Self) -> f64 {
        let (mut own, mut others) = (self.hashes.as_slice(), other.hashes.as_slice());
        let (mut both, mut union) = (0, 0);
        // The smallest of the union one by one, as both lists are sorted.
        while union < KEPT {
            let Some(least) = own.first().into_iter().chain(others.first()).min().copied() else { break };
            let [in_own, in_others] = [&mut own, &mut others].map(|list| match list.split_first() {
                Some((first, rest)) if *first == least => {
                    *list = rest;
                    true
                }
                _ => false,
            });
            union += 1;
            both += usize::from(in_own && in_others);
        }
        both as f64 / union.max(1) as f64
    }
}

/// Whether it is the name of a service account, `namespace/service`.
pub(super) fn is_service_account(name: &[u8]) -> bool {
    name.contains(&b'/')
}

/// Whether one of two names may be the other, written wrong or in part: one holds the other, or they differ in a third of the letters
/// at most, whatever their case.
pub(super) fn resemble(one: &[u8], other: &[u8]) -> bool {
    /// Letters that are compared: longer names are none that people type.
    const MOST: usize = 64;
    /// A part of a name that is shorter is in many.
    const PART: usize = 3;
    let [one, other] = [one, other].map(|name| name[..name.len().min(MOST)].to_ascii_lowercase());
    let (short, long) = if one.len() < other.len() { (&one, &other) } else { (&other, &one) };
    let holds = short.len() >= PART && memchr::memmem::find(long, short).is_some();
    holds || words::apart(short, long, long.len() / 3).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_written_wrong_resembles_the_right_one() {
        for (one, other) in [("jsmith", "jsmiht"), ("Kim", "kim@corp.example"), ("kim.admin", "kim-admn"), ("", "")] {
            assert!(resemble(one.as_bytes(), other.as_bytes()), "{one} {other}");
            assert!(resemble(other.as_bytes(), one.as_bytes()), "{one} {other}");
        }
        for (one, other) in [("maja.arslan", "gloria.nakamura"), ("root", "kim"), ("a", "maja"), ("", "kim")] {
            assert!(!resemble(one.as_bytes(), other.as_bytes()), "{one} {other}");
        }
        let distance = |one: &[u8], other: &[u8]| words::apart(one, other, 9);
        assert_eq!(
            [distance(b"kitten", b"sitting"), distance(b"", b"ab"), distance(b"ab", b"ab")],
            [3, 2, 0].map(Some)
        );
    }

    fn names(list: impl IntoIterator<Item = String>) -> NameSet {
        let mut names = NameSet::default();
        list.into_iter().for_each(|name| names.add(name.as_bytes()));
        names
    }

    #[test]
    fn lists_in_common() {
        let one = names((0..200).map(|at| format!("user{at}")));
        let half = names((100..300).map(|at| format!("User{at} ")));
        let none = names((500..700).map(|at| format!("user{at}")));
        assert!((one.alike(&half) - 1.0 / 3.0).abs() < 0.2, "{}", one.alike(&half));
        assert_eq!((one.alike(&none), one.alike(&one)), (0.0, 1.0));
        assert_eq!(names(["a".to_owned(), "A ".to_owned()]).len(), 1);
    }
}
