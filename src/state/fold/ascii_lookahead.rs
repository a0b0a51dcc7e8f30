//! Sees the bytes of a chunk a little before they are read.

/// Bytes that are looked at at a time.
const STEP: usize = 1024;

/// How far ahead it goes: some lines, which stay in a first-level cache until they are read.
const AHEAD: usize = 4 * STEP;

/// Looks which bytes are not ASCII, ahead of who reads them. To look at bytes in a row is cheap, and brings them near: who
/// reads lines jumps between them, and would wait for each.
#[derive(Debug, Default)]
pub(super) struct AsciiLookahead {
    /// Where it goes on.
    at: usize,
    /// The end of the last step that was not ASCII.
    odd: usize,
}

impl AsciiLookahead {
    /// Goes on for who reads from `reader` on.
    #[inline]
    pub(super) fn go_on(&mut self, bytes: &[u8], reader: usize) {
        while self.at < bytes.len().min(reader + AHEAD) {
            let step = &bytes[self.at..bytes.len().min(self.at + STEP)];
            self.at += step.len();
            if !step.is_ascii() {
                self.odd = self.at;
            }
        }
    }

    /// Whether a line that begins at `start` and that it went past may hold bytes that are not ASCII.
    #[inline]
    pub(super) fn may_be_odd(&self, start: usize) -> bool {
        start < self.odd
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_line_that_is_not_ascii_is_missed(
            lens in prop::collection::vec(0..3 * AHEAD, 1..12),
            odd in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        ) {
            let mut bytes = vec![b'a'; lens.iter().sum::<usize>() + 1];
            for at in odd {
                let at = at.index(bytes.len());
                bytes[at] = 0xc3;
            }
            let mut ascii_lookahead = AsciiLookahead::default();
            ascii_lookahead.go_on(&bytes, 0);
            let mut start = 0;
            for len in lens {
                let line = &bytes[start..start + len];
                ascii_lookahead.go_on(&bytes, start + len);
                prop_assert!(line.is_ascii() || ascii_lookahead.may_be_odd(start));
                start += len;
            }
        }
    }

    #[test]
    fn what_is_far_behind_is_forgotten() {
        let mut bytes = vec![b'a'; 4 * AHEAD];
        bytes[AHEAD] = 0xc3;
        let mut ascii_lookahead = AsciiLookahead::default();
        ascii_lookahead.go_on(&bytes, 0);
        assert!(!ascii_lookahead.may_be_odd(0));
        ascii_lookahead.go_on(&bytes, AHEAD);
        assert!(ascii_lookahead.may_be_odd(AHEAD) && !ascii_lookahead.may_be_odd(AHEAD + STEP));
    }
}
