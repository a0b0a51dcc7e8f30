//! The one reader of flat JSON objects: known members, each once, whose values are texts, some of them lists of texts. What
//! members there are, and how strictly they are written, a [`Layout`] says.
//!
//! That is a subset of JSON which the walk checks whole, so an object that is read is one that the decoders accept, with the
//! same members. Whatever else it holds (numbers, objects, unknown or repeated members, damage) leaves it to them.
//!
//! Objects of one source are alike: the member that follows another is guessed to be one of the two that followed it last, and
//! compared in one step; what a line has in common with the one before it can be taken from there, see [`Flat::resume`].

use crate::simd::{ShortText, common, plain_end, same};

/// The members of one kind of line; the type is that of their keys.
pub(super) trait Layout: Copy + 'static {
    /// Texts may hold escapes, and spaces may stand between all that is written; otherwise objects are what the audit
    /// appender writes, to the byte.
    const LENIENT: bool;
    /// An object may end behind a comma, with its text: the rest of it follows in lines of its own.
    const GOES_ON: bool;
    /// Any of the keys.
    const FIRST: Self;
    /// The key of a name.
    fn named(name: &[u8]) -> Option<Self>;
    /// The key as it stands after another member.
    fn pattern(self) -> &'static ShortText;
    /// Its number.
    fn index(self) -> usize;
    /// Whether a list of texts may be its value.
    fn may_be_list(self) -> bool;
    /// Whether it is noted of a list that it holds a text that begins with these bytes.
    fn is_noted(start: Option<&[u8; 2]>) -> bool;
}

/// The keys of a layout, as an enum with the names that stand in lines, from `(before)name":`.
macro_rules! layout_keys {
    ($(#[$doc:meta])* $keys:ident [$count:ident, $patterns:ident, $before:literal] { $($name:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum $keys {
            $($name,)*
        }

        impl $keys {
            /// The key of a name.
            #[allow(non_upper_case_globals, reason = "one name for the key and its text")]
            fn of_name(name: &[u8]) -> Option<Self> {
                // Compared as texts of one type, so that the compiler may choose by length first.
                $(const $name: &[u8] = $text;)*
                match name {
                    $($name => Some(Self::$name),)*
                    _ => None,
                }
            }
        }

        /// How many keys there are.
        pub(super) const $count: usize = [$(stringify!($name)),*].len();

        /// Each key as it stands after another member.
        static $patterns: [$crate::simd::ShortText; $count] =
            [$($crate::simd::ShortText::of($before, $text, b"\":")),*];
    };
}

pub(super) use layout_keys;

/// A member of the object read last.
#[derive(Debug, Clone, Copy)]
struct TakenMember<L> {
    key: L,
    /// Where it ends, from the start of the object.
    end: u32,
}

/// An object as far as it was read, which is where its members stand, and what was learned from those before it.
#[derive(Debug)]
pub(super) struct Flat<L, const N: usize> {
    /// Which two members followed each member last, the later first.
    next: [[L; 2]; N],
    /// Members in order.
    members: [TakenMember<L>; N],
    count: usize,
    /// Which members there are.
    met: u64,
    /// Where their values stand, from the start of the object.
    values: [(u32, u32); N],
    /// Which values are lists: their places are those between the brackets.
    lists: u64,
    /// Which lists hold a text that is noted.
    noted: u64,
    /// Which texts hold escapes.
    escaped: u64,
}

impl<L: Layout, const N: usize> Flat<L, N> {
    pub(super) fn new() -> Self {
        Self {
            next: [[L::FIRST; 2]; N],
            members: [TakenMember { key: L::FIRST, end: 0 }; N],
            count: 0,
            met: 0,
            values: [(0, 0); N],
            lists: 0,
            noted: 0,
            escaped: 0,
        }
    }

    /// Reads the object that starts at `start` from its first member on; where it ends.
    pub(super) fn read(&mut self, text: &[u8], start: usize) -> Option<usize> {
        let at = self.begin(text, start)?;
        self.walk(text, start, at)
    }

    /// The first member.
    pub(super) fn begin(&mut self, text: &[u8], start: usize) -> Option<usize> {
        self.count = 0;
        self.met = 0;
        self.escaped = 0;
        let (key, value) = key::<L>(text, start, b"{\"")?;
        self.member(text, start, key, value)
    }

    /// The members after another one, up to the end of the object.
    #[inline]
    pub(super) fn walk(&mut self, text: &[u8], start: usize, mut at: usize) -> Option<usize> {
        let mut previous = self.members[self.count - 1].key;
        loop {
            if L::LENIENT {
                at = spaces(text, at);
            }
            match text.get(at)? {
                b',' => {}
                b'}' => return Some(at + 1),
                _ => return None,
            }
            if L::LENIENT {
                if L::GOES_ON && at + 1 == text.len() {
                    return Some(at + 1);
                }
                at = spaces(text, at + 1);
            }
            let [guess, other] = self.next[previous.index()];
            let (found, value) = if guess.pattern().is_at(text, at) {
                (guess, at + guess.pattern().len())
            } else {
                let (found, value) = if other.pattern().is_at(text, at) {
                    (other, at + other.pattern().len())
                } else {
                    key::<L>(text, at, if L::LENIENT { b"\"" } else { b", \"" })?
                };
                self.next[previous.index()] = [found, guess];
                (found, value)
            };
            at = self.member(text, start, found, value)?;
            previous = found;
        }
    }

    /// A member whose value is at `value`; where it ends.
    #[inline]
    fn member(&mut self, text: &[u8], start: usize, key: L, value: usize) -> Option<usize> {
        let bit = 1 << key.index();
        if self.met & bit != 0 {
            return None;
        }
        let value = if L::LENIENT { spaces(text, value) } else { value };
        let end = match text.get(value)? {
            b'"' => {
                let end = if L::LENIENT {
                    let (end, escaped) = text_end(text, value + 1)?;
                    self.escaped |= if escaped { bit } else { 0 };
                    end
                } else {
                    plain_end(text, value + 1)
                };
                if text.get(end) != Some(&b'"') {
                    return None;
                }
                self.values[key.index()] = ((value + 1 - start) as u32, (end - start) as u32);
                self.lists &= !bit;
                end + 1
            }
            b'[' if key.may_be_list() => {
                let (end, noted) = if L::LENIENT {
                    (list_end(text, value + 1)?, false)
                } else {
                    plain_list_end::<L>(text, value + 1)?
                };
                self.noted = if noted { self.noted | bit } else { self.noted & !bit };
                self.values[key.index()] = ((value + 1 - start) as u32, (end - 1 - start) as u32);
                self.lists |= bit;
                end
            }
            _ => return None,
        };
        self.met |= bit;
        self.members[self.count] = TakenMember { key, end: (end - start) as u32 };
        self.count += 1;
        Some(end)
    }

    /// What the object at `start` has in common with the one at `last`, but for the value of `time` and for values that
    /// differ: what `read` makes of that value, where the members end that were taken from the other object, and those
    /// that may have changed. Of a layout that is not lenient.
    #[inline]
    pub(super) fn resume<T>(
        &mut self,
        text: &[u8],
        (last, start): (usize, usize),
        time: L,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Option<(T, usize, u64)> {
        let (from, to) = self.values[time.index()];
        let (from, to) = (from as usize, to as usize);
        let before = text.get(last..)?;
        let line = text.get(start..)?;
        if !same(line.get(..from)?, before.get(..from)?) {
            return None;
        }
        // What is a time holds no quote, backslash or control character.
        let stamp = read(line.get(from..to)?)?;
        let mut member = self.members[..self.count].iter().position(|member| member.end as usize > to)?;
        let times = member;
        let mut changed = 0;
        let last_end = self.members[self.count.checked_sub(1)?].end as usize;
        // Where both are compared next: at the end of a value, so that equal bytes mean the same from there on.
        let (mut new, mut old) = (to, to);
        while member < self.count {
            let differs = old + common(line.get(new..)?, before.get(old..)?, last_end.saturating_sub(old));
            let shift = (new as u32).wrapping_sub(old as u32);
            while member < self.count && self.members[member].end as usize <= differs {
                self.shift(member, shift);
                member += 1;
            }
            // The member of the time itself must be the same.
            if member == times {
                return None;
            }
            if member == self.count {
                break;
            }
            let key = self.members[member].key;
            let (from, to) = self.values[key.index()];
            if differs < from as usize || self.lists & (1 << key.index()) != 0 {
                break;
            }
            // The value differs, and it is known where it ends in the last line.
            let end = plain_end(line, differs + new - old);
            if line.get(end) != Some(&b'"') {
                break;
            }
            self.values[key.index()] = (from.wrapping_add(shift), end as u32);
            self.members[member].end = end as u32 + 1;
            changed |= 1 << key.index();
            (new, old) = (end + 1, to as usize + 1);
            member += 1;
        }
        let dropped = self.members[member..self.count].iter().fold(0, |bits, member| bits | 1 << member.key.index());
        self.count = member;
        self.met &= !dropped;
        Some((stamp, start + self.members[member.checked_sub(1)?].end as usize, changed | dropped))
    }

    /// Notes that a member, which is the same as that of the last line, stands elsewhere.
    #[inline]
    fn shift(&mut self, member: usize, shift: u32) {
        if shift == 0 {
            return;
        }
        let TakenMember { key, end } = &mut self.members[member];
        *end = end.wrapping_add(shift);
        let (from, to) = &mut self.values[key.index()];
        (*from, *to) = (from.wrapping_add(shift), to.wrapping_add(shift));
    }

    /// How many members there are.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The set of the members from the one with this number on.
    #[inline]
    pub(super) fn since(&self, count: usize) -> u64 {
        self.members[count.min(self.count)..self.count].iter().fold(0, |bits, member| bits | 1 << member.key.index())
    }

    /// Which members there are.
    #[inline]
    pub(super) fn met(&self) -> u64 {
        self.met
    }

    /// Whether the value of a member that is there is a list.
    #[inline]
    pub(super) fn is_list(&self, key: L) -> bool {
        self.lists & (1 << key.index()) != 0
    }

    /// Whether a list that is there holds a text that is noted.
    #[inline]
    pub(super) fn holds_noted(&self, key: L) -> bool {
        self.noted & (1 << key.index()) != 0
    }

    /// Whether a text holds escapes.
    #[inline]
    pub(super) fn is_escaped(&self, key: L) -> bool {
        self.escaped & (1 << key.index()) != 0
    }

    /// The value of a member as it is written in its object: of a text what stands between the quotes, of a list what stands
    /// between the brackets.
    #[inline]
    pub(super) fn value<'t>(&self, object: &'t [u8], key: L) -> Option<&'t [u8]> {
        if self.met & (1 << key.index()) == 0 {
            return None;
        }
        let (from, to) = self.values[key.index()];
        object.get(from as usize..to as usize)
    }
}

/// A key after `before`, and where its value begins.
fn key<L: Layout>(text: &[u8], at: usize, before: &[u8]) -> Option<(L, usize)> {
    let rest = text.get(at..)?.strip_prefix(before)?;
    let end = plain_end(rest, 0);
    let key = L::named(&rest[..end])?;
    let value = at + before.len() + end + 2;
    match rest.get(end..)? {
        // Container images of 7.x write a space after the first colon.
        [b'"', b':', b' ', ..] => Some((key, value + 1)),
        [b'"', b':', ..] => Some((key, value)),
        _ => None,
    }
}

/// Where a list of plain texts ends, and whether one of them is noted; `at` is after its bracket.
#[inline]
fn plain_list_end<L: Layout>(text: &[u8], mut at: usize) -> Option<(usize, bool)> {
    if text.get(at) == Some(&b']') {
        return Some((at + 1, false));
    }
    let mut noted = false;
    loop {
        if text.get(at) != Some(&b'"') {
            return None;
        }
        let end = plain_end(text, at + 1);
        noted |= L::is_noted(text.get(at + 1..).and_then(<[u8]>::first_chunk));
        match text.get(end..)? {
            [b'"', b',', ..] => at = end + 2,
            [b'"', b']', ..] => return Some((end + 2, noted)),
            _ => return None,
        }
    }
}

#[inline]
fn spaces(text: &[u8], mut at: usize) -> usize {
    while text.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

/// Where a text ends that begins at `at`, after its quote, and whether it holds escapes.
#[inline]
fn text_end(text: &[u8], at: usize) -> Option<(usize, bool)> {
    let mut end = plain_end(text, at);
    let mut escaped = false;
    loop {
        match text.get(end)? {
            b'"' => return Some((end, escaped)),
            // What `\u` stands for could be a letter of the words that are looked for.
            b'\\' if matches!(text.get(end + 1)?, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                escaped = true;
                end = plain_end(text, end + 2);
            }
            _ => return None,
        }
    }
}

/// Where a list of texts ends; `at` is after its bracket.
fn list_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = spaces(text, at);
    if text.get(at) == Some(&b']') {
        return Some(at + 1);
    }
    loop {
        if text.get(at) != Some(&b'"') {
            return None;
        }
        at = spaces(text, text_end(text, at + 1)?.0 + 1);
        match text.get(at)? {
            b',' => at = spaces(text, at + 1),
            b']' => return Some(at + 1),
            _ => return None,
        }
    }
}
