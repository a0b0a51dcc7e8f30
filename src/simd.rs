//! Looking at many bytes at a time. No `unsafe`: the vectors are those of `wide`, 16 bytes on every machine that has any.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "masks of as many bits, and patterns of at most 32 bytes"
)]

use wide::u8x16;

/// Bytes that one look takes.
pub(crate) const STEP: usize = 32;

/// Bits of the bytes that end plain text: quote, backslash and control characters.
#[inline]
pub(crate) fn ends(block: u8x16) -> u32 {
    let control = block.min(u8x16::splat(0x1f)).cmp_eq(block);
    let hits = block.cmp_eq(u8x16::splat(b'"')) | block.cmp_eq(u8x16::splat(b'\\')) | control;
    hits.move_mask() as u32
}

/// Bytes that are looked at in one step: two vectors. As arrays in place, for copying them takes a call each.
type VectorPair = [[u8; 16]; 2];

/// The whole blocks that a text begins with.
#[inline]
fn blocks(text: &[u8]) -> &[VectorPair] {
    text.as_chunks::<16>().0.as_chunks::<2>().0
}

/// The first quote, backslash or control character from `at` on; the end of the text where there is none.
#[inline]
pub(crate) fn plain_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let mut seen = 0;
    for block in blocks(rest) {
        let (low, high) = halves(block);
        let hits = ends(low) | ends(high) << 16;
        if hits != 0 {
            return at + seen + hits.trailing_zeros() as usize;
        }
        seen += STEP;
    }
    let tail = rest.get(seen..).unwrap_or_default();
    at + seen + tail.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20).unwrap_or(tail.len())
}

/// Bits of the backslashes among the [`STEP`] bytes from `at` on; `None` where fewer follow.
#[inline]
pub(crate) fn backslashes(text: &[u8], at: usize) -> Option<u32> {
    let (low, high) = halves(blocks(text.get(at..)?).first()?);
    let found = |half: u8x16| half.cmp_eq(u8x16::splat(b'\\')).move_mask();
    Some((found(low) | found(high) << 16) as u32)
}

/// Whether a text is of plain ASCII, tabs included, and holds neither `|` nor `{`.
pub(crate) fn is_plain_text(text: &[u8]) -> bool {
    let plain = |byte: &u8| (*byte >= b' ' && *byte < 0x7f || *byte == b'\t') && *byte != b'|' && *byte != b'{';
    let (blocks, rest) = text.as_chunks::<16>();
    let all = |block: &[u8; 16]| {
        let block = u8x16::new(*block);
        let control = block.min(u8x16::splat(0x1f)).cmp_eq(block) & !block.cmp_eq(u8x16::splat(b'\t'));
        let high = block.max(u8x16::splat(0x7f)).cmp_eq(block);
        let marks = block.cmp_eq(u8x16::splat(b'|')) | block.cmp_eq(u8x16::splat(b'{'));
        (control | high | marks).move_mask() == 0
    };
    blocks.iter().all(all) && rest.iter().all(plain)
}

/// How many bytes two texts have in common from their beginnings. Only the first `len` are asked for; a few more may be
/// counted.
#[inline]
pub(crate) fn common(a: &[u8], b: &[u8], len: usize) -> usize {
    let both = blocks(a).iter().zip(blocks(b)).take(len.div_ceil(STEP));
    let mut at = 0;
    for (a, b) in both {
        let differ = !equal(a, b);
        if differ != 0 {
            return at + differ.trailing_zeros() as usize;
        }
        at += STEP;
    }
    if at >= len {
        return at;
    }
    at + a[at..].iter().zip(&b[at..]).take_while(|(a, b)| a == b).count()
}

/// Bits of the bytes in which two blocks are equal.
#[inline]
fn equal(a: &VectorPair, b: &VectorPair) -> u32 {
    let ((low_a, high_a), (low_b, high_b)) = (halves(a), halves(b));
    (low_a.cmp_eq(low_b).move_mask() | high_a.cmp_eq(high_b).move_mask() << 16) as u32
}

/// Whether two texts are equal; for texts that are too short for a call to pay.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let (Some(last_a), Some(last_b)) = (a.last_chunk::<16>(), b.last_chunk::<16>()) else { return a == b };
    let blocks = a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0);
    let all = |a: &[u8; 16], b: &[u8; 16]| u8x16::new(*a).cmp_eq(u8x16::new(*b)).move_mask() == 0xffff;
    blocks.into_iter().all(|(a, b)| all(a, b)) && all(last_a, last_b)
}

/// Text of at most [`STEP`] bytes that is looked for often at a known place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShortText {
    text: VectorPair,
    /// Bits of the bytes of `text` that count.
    bits: u32,
    /// How many they are.
    len: u32,
}

impl ShortText {
    /// The pattern of the parts, one after the other. What is longer than [`STEP`] does not compile.
    pub(crate) const fn of(before: &[u8], name: &[u8], after: &[u8]) -> Self {
        let mut text: VectorPair = [[0; 16]; 2];
        let mut used = 0;
        let parts = [before, name, after];
        let mut part = 0;
        while part < parts.len() {
            let mut at = 0;
            while at < parts[part].len() {
                text[used / 16][used % 16] = parts[part][at];
                used += 1;
                at += 1;
            }
            part += 1;
        }
        Self { text, bits: ((1_u64 << used) - 1) as u32, len: used as u32 }
    }

    /// Its length.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether the text stands at `at`. `false` also where fewer than [`STEP`] bytes follow: who asks must be
    /// able to do without an answer there.
    #[inline]
    pub(crate) fn is_at(&self, text: &[u8], at: usize) -> bool {
        let Some(block) = text.get(at..).and_then(|rest| blocks(rest).first()) else { return false };
        equal(block, &self.text) & self.bits == self.bits
    }
}

#[inline]
fn halves(block: &VectorPair) -> (u8x16, u8x16) {
    (u8x16::new(block[0]), u8x16::new(block[1]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_the_obvious_way(text in prop::collection::vec(prop::sample::select(&b"aaaaaaaaaaaaaaaaaaaaab\x7f\xff \"\\\n\x1f"[..]), 0..120), from in 0_usize..20, cut in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let from = from.min(text.len());
            let end = text[from..].iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
            prop_assert_eq!(plain_end(&text, from), from + end.unwrap_or(text.len() - from));
            let mut other = text.clone();
            if !other.is_empty() {
                let at = cut.index(other.len());
                other[at] ^= 0x40;
                prop_assert_eq!(common(&text, &other, text.len()), at);
                prop_assert_eq!(common(&text, &other[..at], text.len()), at);
                let some = common(&text, &other, from);
                prop_assert!(some == at || from <= some && some < at);
            }
            prop_assert_eq!(common(&text, &text, text.len() + 1), text.len());
            let marked = [&text[..], &[byte], &text].concat();
            let plain = |byte: &u8| (b' '..0x7f).contains(byte) && !b"|{".contains(byte) || *byte == b'\t';
            prop_assert_eq!(is_plain_text(&marked), marked.iter().all(plain));
            prop_assert!(same(&text, &text.clone()));
            if !text.is_empty() {
                prop_assert!(!same(&text, &other) && !same(&text, &text[1..]));
            }
            let pattern = ShortText::of(b", \"", b"user.name", b"\":");
            let mut line = text.clone();
            line.extend_from_slice(b", \"user.name\":");
            line.extend_from_slice(&text);
            prop_assert_eq!(pattern.is_at(&line, text.len()), line.len() >= text.len() + STEP);
        }
    }
}
