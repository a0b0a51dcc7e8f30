//! Proofs by content: that a file goes on what was read, and that one is a copy of another. A begin alone proves neither, for
//! exports of tables begin with one header, all of them.

use std::io::{self, Read};

use super::cut;
use super::remembered::{Hash, Remembered, TAIL};
use crate::error::ProblemKind;
use crate::input::{self, Look, Opened, Resume, Source, StoredForm};
use crate::options::Limits;

/// A source that was looked at.
pub(super) struct SeenSource {
    pub(super) source: Source,
    pub(super) look: Look,
}

/// What a comparison to the last byte shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// It holds something that the other does not.
    Other,
    /// All of it is what the other begins with.
    Copy,
    /// So is all that could be read of it; it is damaged, or still being written.
    SoFar,
    /// One of them could not be read to the end of what they have in common.
    Unread,
}

/// The last bytes of what passes, in blocks.
#[derive(Default)]
pub(super) struct Passing {
    /// The last block, and the [`TAIL`] bytes before it.
    recent: Vec<u8>,
    /// Bytes that passed.
    at: u64,
}

impl Passing {
    pub(super) fn push(&mut self, block: &[u8]) {
        let kept = usize::try_from(TAIL).unwrap_or(usize::MAX).min(self.recent.len());
        self.recent.drain(..self.recent.len() - kept);
        self.recent.extend_from_slice(block);
        self.at += block.len() as u64;
    }

    /// Hash of the bytes before a place within the last block.
    pub(super) fn before(&self, place: u64) -> Hash {
        let behind = usize::try_from(self.at.saturating_sub(place)).unwrap_or(usize::MAX);
        let end = self.recent.len().saturating_sub(behind);
        let begin = end.saturating_sub(usize::try_from(TAIL).unwrap_or(usize::MAX));
        Hash::of(&self.recent[begin..end])
    }
}

/// Gives blocks to `take` until the end, or until it wants no more.
///
/// # Errors
/// Those of reading.
pub(super) fn blocks(reader: &mut dyn Read, take: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<()> {
    let mut block = vec![0; cut::BLOCK];
    loop {
        match reader.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(read) if !take(&block[..read]) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether an error is that of a disk, or of the system: what is damaged ends early, and proves what came before.
fn is_unread(error: &io::Error) -> bool {
    input::problem_kind(error) == ProblemKind::ReadError && !input::is_elsewhere(error)
}

impl SeenSource {
    /// The same file, wherever its name leads meanwhile.
    fn pinned(&self) -> Source {
        let resume = Resume { id: self.look.id, from: 0, to: None, chunk: 0, records: 0, ends: true, framing: None };
        Source { resume: Some(resume), ..self.source.clone() }
    }

    /// Gives `read` the content after decompression; of an archive what is stored.
    fn content(&self, limits: Limits, read: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>) -> io::Result<()> {
        if self.look.form == StoredForm::Whole {
            return read(&mut std::fs::File::open(&self.source.path)?);
        }
        match input::open(&self.pinned(), limits)? {
            Opened::Ranges { mut file, .. } => read(&mut file),
            Opened::Streams(streams) => {
                let mut done = Ok(());
                let ended = streams.for_each(&mut |_, reader| done = read(reader));
                done.and(ended)
            }
        }
    }

    /// Hash of all that is stored.
    ///
    /// # Errors
    /// Those of reading.
    pub(super) fn hash(&self) -> io::Result<Hash> {
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        let mut file = std::fs::File::open(&self.source.path)?;
        blocks(&mut file, &mut |block| {
            hasher.update(block);
            true
        })?;
        Ok(Hash(hasher.digest128()))
    }

    /// Which of some remembered contents, by their places, it goes on: it holds what was read of them where reading ended. What lies
    /// elsewhere by now goes on nothing.
    ///
    /// # Errors
    /// It cannot be read. What is taken for new then might be read a second time.
    pub(super) fn goes_on(&self, alike: &[usize], known: &[Remembered], limits: Limits) -> io::Result<Vec<usize>> {
        let (settled, open): (Vec<usize>, Vec<usize>) =
            alike.iter().partition(|&&at| known[at].read == 0 || known[at].is_unchanged(&self.look));
        let open: Vec<(u64, Hash, usize)> = {
            let mut open: Vec<_> =
                open.into_iter().filter_map(|at| Some((known[at].read, known[at].tail?, at))).collect();
            open.sort_unstable();
            open
        };
        let mut proven = settled;
        // What is damaged ends early, and proves what came before.
        match self.look.form {
            _ if open.is_empty() => {}
            StoredForm::Whole => {
                let hash = self.hash()?;
                proven.extend(open.iter().filter(|(_, tail, _)| *tail == hash).map(|(.., at)| at));
            }
            StoredForm::Plain => match input::open(&self.pinned(), limits) {
                Ok(Opened::Ranges { file, len }) => {
                    for (read, tail, at) in open.iter().filter(|(read, ..)| *read <= len) {
                        if cut::tail_of(&file, *read)? == *tail {
                            proven.push(*at);
                        }
                    }
                }
                Err(error) if !input::is_elsewhere(&error) => return Err(error),
                _ => {}
            },
            StoredForm::Compressed(_) => {
                let (mut passing, mut rest) = (Passing::default(), open.as_slice());
                let read = self.content(limits, &mut |reader| {
                    blocks(reader, &mut |block| {
                        passing.push(block);
                        while let Some(((read, tail, at), others)) = rest.split_first()
                            && *read <= passing.at
                        {
                            if passing.before(*read) == *tail {
                                proven.push(*at);
                            }
                            rest = others;
                        }
                        !rest.is_empty()
                    })
                });
                read.or_else(|error| if is_unread(&error) { Err(error) } else { Ok(()) })?;
            }
        }
        Ok(proven)
    }

    /// Whether all of it is what another begins with. Reading ends where they differ.
    pub(super) fn compared_with(&self, other: &Self, limits: Limits) -> Compared {
        let (one, two) = (&self.look, &other.look);
        let both = one.head.len().min(two.head.len());
        let are_plain = one.form == StoredForm::Plain && two.form == StoredForm::Plain;
        if one.head[..both] != two.head[..both]
            || one.head.len() > two.head.len()
            || (one.form == StoredForm::Whole || two.form == StoredForm::Whole)
                && (one.form, one.size, &one.end) != (two.form, two.size, &two.end)
        {
            return Compared::Other;
        }
        match are_plain.then(|| self.ends_within(other, limits)) {
            None | Some(Ok(true)) => {}
            Some(Err(error)) if is_unread(&error) => return Compared::Unread,
            Some(_) => return Compared::Other,
        }
        let (mut differs, mut reached, mut unread) = (false, false, false);
        let read = self.content(limits, &mut |mine| {
            other.content(limits, &mut |theirs| {
                let mut there = vec![0; cut::BLOCK];
                reached = true;
                blocks(mine, &mut |here| {
                    let read = theirs.read_exact(&mut there[..here.len()]);
                    unread |= read.as_ref().is_err_and(is_unread);
                    let same = read.is_ok() && there[..here.len()] == *here;
                    differs |= !same;
                    same
                })
            })
        });
        match read {
            _ if unread => Compared::Unread,
            _ if differs => Compared::Other,
            Err(error) if is_unread(&error) => Compared::Unread,
            _ if !reached => Compared::Other,
            Ok(()) => Compared::Copy,
            Err(error) if input::problem_kind(&error) == ProblemKind::CorruptCompression => Compared::SoFar,
            Err(_) => Compared::Other,
        }
    }

    /// Whether another plain file has the same bytes where this one ends: most that only begin alike have not.
    fn ends_within(&self, other: &Self, limits: Limits) -> io::Result<bool> {
        let size = self.look.size;
        match input::open(&other.pinned(), limits)? {
            Opened::Ranges { file, len } => Ok(size <= len && cut::tail_of(&file, size)? == Hash::of(&self.look.end)),
            Opened::Streams(_) => Ok(false),
        }
    }
}
