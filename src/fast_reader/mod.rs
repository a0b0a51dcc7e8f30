//! Native audit lines without a full decode: most of the bytes of a log are lines that only count.
//!
//! A [`Probe`] takes a line only if the line is, to the byte, what the audit appender writes when nothing needs escaping:
//! one flat object of known members, each once, whose values are plain texts (`user.roles` and `indices`: arrays of plain
//! texts), joined by `, ` and `:`. That is a subset of JSON which the walk below checks whole, so a line that is taken is
//! a line that the full decoder accepts, and its members are the same bytes. Whatever else a line holds (escapes, numbers,
//! objects, unknown or repeated members, white space elsewhere, damage) it is left to the full decoder. A property test
//! holds the two together over damaged lines.
//!
//! What makes it fast: consecutive lines of a node are alike, so what a line has in common with the one before it is
//! compared and not walked again (what stands before a byte decides how the bytes after it read, so equal beginnings have
//! equal members); where a value differs, the comparison goes on behind both values. Where the members themselves differ the
//! next one is guessed to be the one that followed last time, and compared in one step; texts are searched for their end 32
//! bytes at a time.

mod audit_fields;
mod clock;
mod keys;
mod scan;
pub mod server;
#[cfg(test)]
pub(crate) mod tests;

pub use audit_fields::{ActionKind, AuditFields, ClientText};

use clock::Clock;
use keys::{KEYS, Key};
use scan::{common, plain_end, same};

use crate::action_class::is_restricted;
use crate::decode::actions::is_damaged;
use crate::decode::native::{LAYERS, without_port};
use crate::event::members::audit_members;
use crate::event::{Action, AuditEvent, Indices, Text};
use crate::time::{Millis, Stamp, Zone};

/// A member of the line taken last.
#[derive(Debug, Clone, Copy)]
struct Member {
    key: Key,
    /// Where it ends, from the start of its line.
    end: u32,
}

/// Sets of members, to tell what changed from one line to the next.
pub mod changes {
    use super::Key;

    /// Everything.
    pub const ALL: u64 = u64::MAX;
    /// What names the node and its cluster.
    pub const NODE: u64 = Key::NodeId.bit() | Key::NodeName.bit() | Key::ClusterUuid.bit() | Key::ClusterName.bit();
    /// What is done, and to which indices.
    pub const ACT: u64 = Key::EsAction.bit() | Key::Indices.bit();
    /// What names the client that authenticated, with its node.
    pub const ACTOR: u64 = NODE | CLIENT;
    /// What names it without its node.
    pub(super) const CLIENT: u64 = Key::UserName.bit()
        | Key::RunByName.bit()
        | Key::UserRealm.bit()
        | Key::Realm.bit()
        | Key::ApiKeyId.bit()
        | Key::ApiKeyName.bit()
        | Key::OriginType.bit()
        | Key::OriginAddress.bit();
}

/// What decides whether a line is a native audit event, and which.
const KIND: u64 = Key::Type.bit() | Key::EventType.bit() | Key::EventAction.bit();

/// Recognises native audit lines, one after the other; remembers the last one it took.
#[derive(Debug)]
pub struct Probe {
    clock: Clock<5>,
    /// Which two members followed each member last, the later first.
    next: [[Key; 2]; KEYS],
    /// Where the last line starts; `None` if it was not taken.
    last: Option<usize>,
    /// Members of the last line, in order.
    members: [Member; KEYS],
    count: usize,
    /// Which members it has.
    met: u64,
    /// Where their values stand, from the start of the line.
    values: [(u32, u32); KEYS],
    /// Which values are arrays: their places are those between the brackets.
    arrays: u64,
    /// Whether the array of indices may hold a restricted one.
    may_be_restricted: bool,
    /// The member that told the time.
    time: Key,
    what: ActionKind,
}

impl Probe {
    /// A probe that has seen nothing.
    #[must_use]
    pub fn new(assume_tz: Zone) -> Self {
        Self {
            clock: Clock::new(assume_tz),
            next: [[Key::Type; 2]; KEYS],
            last: None,
            members: [Member { key: Key::Type, end: 0 }; KEYS],
            count: 0,
            met: 0,
            values: [(0, 0); KEYS],
            arrays: 0,
            may_be_restricted: false,
            time: Key::Timestamp,
            what: ActionKind::Other,
        }
    }

    /// Forgets the last line: the next is in another text.
    pub fn forget(&mut self) {
        self.last = None;
    }

    /// Takes the line that starts at `start` of a text of several lines, the one that the call before took among them; or
    /// `None`, and then the line may be anything. Lines of more than `max_line` bytes are not taken.
    #[inline]
    pub fn take<'t>(&'t mut self, text: &'t [u8], start: usize, max_line: usize) -> Option<FastEvent<'t>> {
        let last = self.last.take();
        let resumed = match last {
            Some(last) => self.resume(text, last, start),
            None => None,
        };
        let (stamp, at, mut changed) = match resumed {
            Some((stamp, at, dropped)) => (Some(stamp), at, dropped),
            None => (None, self.begin(text, start)?, changes::ALL),
        };
        let kept = self.count;
        let end = self.walk(text, start, at)?;
        let next = match text.get(end..) {
            Some([b'\n', ..]) => end + 1,
            Some([]) => end,
            Some([b'\r', b'\n', ..]) => end + 2,
            _ => return None,
        };
        // The limit counts the `\r`, too.
        if next - start > max_line.min(u32::MAX as usize) {
            return None;
        }
        for member in &self.members[kept.min(self.count)..self.count] {
            changed |= member.key.bit();
        }
        let line = &text[start..end];
        let time = if self.met & Key::Timestamp.bit() != 0 { Key::Timestamp } else { Key::AtTimestamp };
        let stamp = match stamp {
            Some(stamp) if time == self.time => stamp,
            _ => self.clock.read(self.value(line, time)?)?,
        };
        self.time = time;
        if changed & KIND != 0 {
            self.what = self.kind(line)?;
        }
        self.last = Some(start);
        Some(FastEvent { probe: self, line, next, stamp, changed })
    }

    /// What the line has in common with the last one, but for the time and for values that differ: the time, where the
    /// members end that were taken from the last line, and the members that may have changed.
    #[inline]
    fn resume(&mut self, text: &[u8], last: usize, start: usize) -> Option<(Stamp, usize, u64)> {
        let (from, to) = self.values[self.time as usize];
        let (from, to) = (from as usize, to as usize);
        let before = text.get(last..)?;
        let line = text.get(start..)?;
        if !same(line.get(..from)?, before.get(..from)?) {
            return None;
        }
        // What is a time holds no quote, backslash or control character.
        let stamp = self.clock.read(line.get(from..to)?)?;
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
            let (from, to) = self.values[key as usize];
            if differs < from as usize || self.arrays & key.bit() != 0 {
                break;
            }
            // The value differs, and it is known where it ends in the last line.
            let end = plain_end(line, differs + new - old);
            if line.get(end) != Some(&b'"') {
                break;
            }
            self.values[key as usize] = (from.wrapping_add(shift), end as u32);
            self.members[member].end = end as u32 + 1;
            changed |= key.bit();
            (new, old) = (end + 1, to as usize + 1);
            member += 1;
        }
        let dropped = self.members[member..self.count].iter().fold(0, |bits, member| bits | member.key.bit());
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
        let Member { key, end } = &mut self.members[member];
        *end = end.wrapping_add(shift);
        let (from, to) = &mut self.values[*key as usize];
        (*from, *to) = (from.wrapping_add(shift), to.wrapping_add(shift));
    }

    /// The first member.
    fn begin(&mut self, text: &[u8], start: usize) -> Option<usize> {
        self.count = 0;
        self.met = 0;
        let (key, value) = key(text, start, b"{\"")?;
        self.member(text, start, key, value)
    }

    /// The members after another one, up to the end of the object.
    #[inline]
    fn walk(&mut self, text: &[u8], start: usize, mut at: usize) -> Option<usize> {
        let mut previous = self.members[self.count - 1].key;
        loop {
            match text.get(at)? {
                b',' => {}
                b'}' => return Some(at + 1),
                _ => return None,
            }
            let [guess, other] = self.next[previous as usize];
            let (found, value) = if guess.pattern().is_at(text, at) {
                (guess, at + guess.pattern().len())
            } else {
                let (found, value) = if other.pattern().is_at(text, at) {
                    (other, at + other.pattern().len())
                } else {
                    key(text, at, b", \"")?
                };
                self.next[previous as usize] = [found, guess];
                (found, value)
            };
            at = self.member(text, start, found, value)?;
            previous = found;
        }
    }

    /// A member whose value is at `value`; where it ends.
    #[inline]
    fn member(&mut self, text: &[u8], start: usize, key: Key, value: usize) -> Option<usize> {
        if self.met & key.bit() != 0 {
            return None;
        }
        let end = match text.get(value)? {
            b'"' => {
                let end = plain_end(text, value + 1);
                if text.get(end) != Some(&b'"') {
                    return None;
                }
                self.values[key as usize] = ((value + 1 - start) as u32, (end - start) as u32);
                self.arrays &= !key.bit();
                end + 1
            }
            b'[' if key.may_be_array() => {
                let (end, restricted) = array_end(text, value + 1)?;
                self.values[key as usize] = ((value + 1 - start) as u32, (end - 1 - start) as u32);
                self.arrays |= key.bit();
                if key.bit() == Key::Indices.bit() {
                    self.may_be_restricted = restricted;
                }
                end
            }
            _ => return None,
        };
        self.met |= key.bit();
        self.members[self.count] = Member { key, end: (end - start) as u32 };
        self.count += 1;
        Some(end)
    }

    #[inline]
    fn value<'t>(&self, line: &'t [u8], key: Key) -> Option<&'t [u8]> {
        if self.met & key.bit() == 0 {
            return None;
        }
        let (from, to) = self.values[key as usize];
        line.get(from as usize..to as usize)
    }

    /// Which event it is, if it is a native audit event that is folded from its members alone.
    fn kind(&self, line: &[u8]) -> Option<ActionKind> {
        let layer = self.value(line, Key::EventType);
        let is_native = self.value(line, Key::Type) == Some(b"audit") || layer.is_some_and(|l| LAYERS.contains(&l));
        let name = self.value(line, Key::EventAction)?;
        // A damaged name is for the decoder to tell.
        if is_damaged(name) {
            return None;
        }
        let action = Action::from_name(name.into(), layer);
        match ActionKind::of(&action) {
            ActionKind::Change => None,
            what => is_native.then_some(what),
        }
    }
}

/// A key after `before`, and where its value begins.
fn key(text: &[u8], at: usize, before: &[u8]) -> Option<(Key, usize)> {
    let rest = text.get(at..)?.strip_prefix(before)?;
    let end = plain_end(rest, 0);
    let key = Key::named(&rest[..end])?;
    let value = at + before.len() + end + 2;
    match rest.get(end..)? {
        // Container images of 7.x write a space after the first colon.
        [b'"', b':', b' ', ..] => Some((key, value + 1)),
        [b'"', b':', ..] => Some((key, value)),
        _ => None,
    }
}

/// Where an array of plain texts ends, and whether one of them begins as restricted indices do; `at` is after its bracket.
#[inline]
fn array_end(text: &[u8], mut at: usize) -> Option<(usize, bool)> {
    if text.get(at) == Some(&b']') {
        return Some((at + 1, false));
    }
    let mut restricted = false;
    loop {
        if text.get(at) != Some(&b'"') {
            return None;
        }
        let end = plain_end(text, at + 1);
        restricted |= matches!(text.get(at + 1..at + 3), Some(b".s" | b".a"));
        match text.get(end..)? {
            [b'"', b',', ..] => at = end + 2,
            [b'"', b']', ..] => return Some((end + 2, restricted)),
            _ => return None,
        }
    }
}

/// The texts of an array of plain texts, as it stands between its brackets.
fn listed(names: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    let mut rest = names.strip_prefix(b"\"").and_then(|names| names.strip_suffix(b"\""));
    std::iter::from_fn(move || {
        let text = rest?;
        let end = plain_end(text, 0);
        rest = text.get(end + 3..);
        text.get(..end)
    })
}

/// The indices of these names; `-*` means that none matched.
fn of_names<'t>(names: impl Iterator<Item = &'t [u8]>) -> Option<Indices<'t>> {
    let (mut first, mut restricted, mut total) = (None, None, 0_u32);
    for name in names {
        if name == b"-*" {
            return None;
        }
        first.get_or_insert(name);
        if restricted.is_none() && is_restricted(name) {
            restricted = Some(Text::from(name));
        }
        total = total.saturating_add(1);
    }
    Some(Indices { first: Text::from(first?), restricted, total })
}

/// A line that was taken.
#[derive(Debug)]
pub struct FastEvent<'t> {
    probe: &'t Probe,
    line: &'t [u8],
    stamp: Stamp,
    changed: u64,
    /// Where the next line starts.
    pub next: usize,
}

impl<'t> FastEvent<'t> {
    /// The members that may differ from those of the line taken before; see [`changes`].
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.changed
    }

    #[inline]
    fn get(&self, key: Key) -> Option<&'t [u8]> {
        self.probe.value(self.line, key)
    }

    /// Ids and addresses that are empty are absent.
    #[inline]
    fn non_empty(&self, key: Key) -> Option<&'t [u8]> {
        self.get(key).filter(|text| !text.is_empty())
    }
}

macro_rules! text_of {
    ($event:ident, $key:ident, plain) => {
        $event.get(Key::$key)
    };
    ($event:ident, $key:ident, filled) => {
        $event.non_empty(Key::$key)
    };
    // It stands in an object: the full decoder reads those lines.
    ($event:ident, $key:ident, nested) => {
        None
    };
}

macro_rules! fast_event {
    (
        texts { $($(#[$doc:meta])* $name:ident: $key:ident $how:ident $path:literal $(| $other:literal)*,)* }
        keys { $($keys:tt)* }
        passed { $($passed:tt)* }
    ) => {
        impl AuditFields for FastEvent<'_> {
            fn time(&self) -> Millis {
                self.stamp.time
            }
            fn zone_assumed(&self) -> bool {
                self.stamp.zone_assumed
            }
            fn what(&self) -> ActionKind {
                self.probe.what
            }
            fn action_name(&self) -> &[u8] {
                self.get(Key::EventAction).unwrap_or_default()
            }
            $(fn $name(&self) -> Option<&[u8]> {
                text_of!(self, $key, $how)
            })*
            fn indices(&self) -> Option<Indices<'_>> {
                let names = self.get(Key::Indices)?;
                let is_array = self.probe.arrays & Key::Indices.bit() != 0;
                if is_array { of_names(listed(names)) } else { of_names(std::iter::once(names)) }
            }
            fn each_index(&self, each: &mut dyn FnMut(&[u8])) {
                let Some(names) = self.get(Key::Indices) else { return };
                if self.probe.arrays & Key::Indices.bit() == 0 {
                    if names != b"-*" {
                        each(names);
                    }
                } else if listed(names).all(|name| name != b"-*") {
                    listed(names).for_each(each);
                }
            }
            #[inline]
            fn may_be_restricted(&self) -> bool {
                let met = self.probe.met & Key::Indices.bit() != 0;
                met && (self.probe.may_be_restricted || self.probe.arrays & Key::Indices.bit() == 0)
            }
            fn whole(&self) -> Option<&AuditEvent<'_>> {
                None
            }
            #[inline]
            fn client_text(&self) -> Option<ClientText<'_>> {
                let named = self.probe.met & changes::CLIENT;
                let (mut first, mut last) = (u32::MAX, 0);
                let mut bits = named;
                while bits != 0 {
                    let (from, to) = self.probe.values[bits.trailing_zeros() as usize];
                    (first, last) = (first.min(from), last.max(to));
                    bits &= bits - 1;
                }
                let (mut host_end, mut address_end) = (last, last);
                if named & Key::OriginAddress.bit() != 0 {
                    let (from, to) = self.probe.values[Key::OriginAddress as usize];
                    let address = self.line.get(from as usize..to as usize)?;
                    // The port of IPv6 stands behind a bracket that goes with it.
                    let host = if address.starts_with(b"[") { address } else { without_port(address) };
                    (host_end, address_end) = (from + host.len() as u32, to);
                }
                Some(ClientText {
                    members: named,
                    up_to_address: self.line.get(first as usize..host_end as usize)?,
                    rest: self.line.get(address_end as usize..last as usize)?,
                })
            }
        }
    };
}

audit_members!(fast_event);
