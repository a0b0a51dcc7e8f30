//! What bounds the reading of one input: how much may come out of its compressed parts, and the signal to stop.

use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use crate::interrupt;
use crate::options::Limits;
use crate::platform;

/// Nothing smaller than this is judged by its ratio: a short file of equal lines compresses as well as a bomb.
const RATIO_FROM: u64 = 256 << 20;

/// The counters of one input.
#[derive(Debug)]
pub(super) struct InputBudget {
    limits: Limits,
    made: Cell<u64>,
    /// Bytes as stored: the size of a file; of a pipe, what came so far.
    pub(super) stored: Cell<u64>,
}

impl InputBudget {
    pub(super) fn new(limits: Limits, stored: u64) -> Self {
        Self { limits, made: Cell::new(0), stored: Cell::new(stored) }
    }

    /// The most that may come out now; 0 once a limit is reached.
    fn left(&self) -> u64 {
        let by_ratio = self.stored.get().saturating_mul(self.limits.ratio).max(RATIO_FROM);
        self.limits.decompressed.min(by_ratio).saturating_sub(self.made.get())
    }

    fn reached(&self) -> io::Error {
        let made = self.made.get();
        let message = if made >= self.limits.decompressed {
            format!("more than {made} bytes when decompressed, cut there (--max-decompressed)")
        } else {
            format!(
                "{made} bytes came out of {} stored ones, more than {} for each: a decompression bomb? cut there (--max-ratio)",
                self.stored.get(),
                self.limits.ratio
            )
        };
        io::Error::other(Stopped::Limit(message))
    }
}

/// Why reading was ended although there may be more.
#[derive(Debug)]
pub(super) enum Stopped {
    Limit(String),
    Signal,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(message) => f.write_str(message),
            Self::Signal => f.write_str(INTERRUPTED),
        }
    }
}

/// What is said of an input that a signal cut.
pub const INTERRUPTED: &str = "a signal ended the run, the rest was not read";

impl std::error::Error for Stopped {}

/// A reader of decompressed bytes that ends with an error where the budget does.
pub(super) struct Limited<'b, R> {
    pub(super) reader: R,
    pub(super) budget: &'b InputBudget,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let left = usize::try_from(self.budget.left()).unwrap_or(usize::MAX);
        if left == 0 {
            // An input that ends exactly here has not gone beyond.
            return if self.reader.read(&mut [0])? == 0 { Ok(0) } else { Err(self.budget.reached()) };
        }
        let room = out.len().min(left);
        let made = self.reader.read(&mut out[..room])?;
        self.budget.made.set(self.budget.made.get() + made as u64);
        Ok(made)
    }
}

/// What reading ends with when a signal comes.
#[must_use]
pub fn interrupted() -> io::Error {
    io::Error::other(Stopped::Signal)
}

/// A reader that ends with an error when a signal comes; what was read before it is not lost.
pub struct UntilSignal<'r>(pub &'r mut dyn Read);

impl Read for UntilSignal<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if interrupt::requested() {
            return Err(interrupted());
        }
        self.0.read(out)
    }
}

/// What sees the bytes of an input as they are stored.
pub type Observer<'o> = dyn FnMut(&[u8]) + 'o;

/// The bytes of an input as they are stored, until a signal comes.
pub(super) struct Stored<'b, 'o> {
    pub(super) file: File,
    pub(super) budget: &'b InputBudget,
    /// A pipe or a terminal: a read may wait for ever, and its size is not known before its end.
    pub(super) may_wait: bool,
    pub(super) observer: Option<&'o mut Observer<'o>>,
}

impl Read for Stored<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if interrupt::requested() {
                return Err(interrupted());
            }
            if self.may_wait && !platform::is_ready(&self.file)? {
                continue;
            }
            let read = match self.file.read(out) {
                // Another reader of the same pipe was faster.
                Err(error) if self.may_wait && error.kind() == io::ErrorKind::WouldBlock => continue,
                read => read?,
            };
            if self.may_wait {
                self.budget.stored.set(self.budget.stored.get() + read as u64);
            }
            if let Some(observer) = &mut self.observer {
                observer(&out[..read]);
            }
            return Ok(read);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], decompressed: u64) -> (Vec<u8>, Option<String>) {
        let budget = InputBudget::new(Limits { decompressed, ratio: 10 }, 1);
        let mut reader = Limited { reader: text, budget: &budget };
        let mut out = Vec::new();
        let error = reader.read_to_end(&mut out).err().map(|error| error.to_string());
        (out, error)
    }

    #[test]
    fn what_fits_is_read_and_what_does_not_is_cut() {
        assert_eq!(read(b"12345", 5), (b"12345".to_vec(), None));
        let (out, error) = read(b"123456", 5);
        assert_eq!(out, b"12345");
        assert!(error.unwrap().contains("--max-decompressed"));
    }

    #[test]
    fn a_ratio_is_judged_from_some_size_on() {
        let budget = InputBudget::new(Limits { decompressed: u64::MAX, ratio: 10 }, 100);
        assert_eq!(budget.left(), RATIO_FROM);
        budget.stored.set(RATIO_FROM);
        assert_eq!(budget.left(), RATIO_FROM * 10);
        budget.made.set(RATIO_FROM * 10);
        assert_eq!(budget.left(), 0);
        assert!(budget.reached().to_string().contains("--max-ratio"));
    }
}
