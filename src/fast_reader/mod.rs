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
//! next one is guessed, see [`flat`]; texts are searched for their end 32 bytes at a time.

#![expect(clippy::cast_possible_truncation, reason = "places in a line that is shorter than 4 GiB, or it is not taken")]

mod audit_fields;
mod clock;
mod envelope;
mod enveloped;
mod flat;
mod keys;
pub mod server;
#[cfg(test)]
pub(crate) mod tests;

pub use audit_fields::{ActionKind, AuditFields};
pub use enveloped::EnvelopedProbe;

use clock::Clock;
use flat::Flat;
use keys::{KEYS, MemberKey};

use crate::action_class::is_restricted;
use crate::decode::actions::is_damaged;
use crate::decode::native::LAYERS;
use crate::event::members::audit_members;
use crate::event::{Action, AuditEvent, Indices, LogText};
use crate::simd::plain_end;
use crate::time::{Millis, Stamp, Zone};

/// Sets of members, to tell what changed from one line to the next.
pub mod changes {
    use super::MemberKey;

    /// Everything.
    pub const ALL: u64 = u64::MAX;
    /// What names the node and its cluster.
    pub const NODE: u64 = MemberKey::NodeId.bit()
        | MemberKey::NodeName.bit()
        | MemberKey::ClusterUuid.bit()
        | MemberKey::ClusterName.bit();
    /// What is done, and to which indices.
    pub const ACT: u64 = MemberKey::EsAction.bit() | MemberKey::Indices.bit();
    /// What names the client that authenticated.
    pub const CLIENT: u64 = MemberKey::UserName.bit()
        | MemberKey::RunByName.bit()
        | MemberKey::UserRealm.bit()
        | MemberKey::Realm.bit()
        | MemberKey::ApiKeyId.bit()
        | MemberKey::ApiKeyName.bit()
        | MemberKey::OriginType.bit()
        | MemberKey::OriginAddress.bit();
}

/// What decides whether a line is a native audit event, and which.
const KIND: u64 = MemberKey::Type.bit() | MemberKey::EventType.bit() | MemberKey::EventAction.bit();

/// Recognises native audit lines, one after the other; remembers the last one it took.
#[derive(Debug)]
pub struct Probe {
    clock: Clock<5>,
    /// The line taken last, and what was learned from those before.
    flat: Flat<MemberKey, KEYS>,
    /// Where the last line starts; `None` if it was not taken.
    last: Option<usize>,
    /// The member that told the time.
    time: MemberKey,
    what: ActionKind,
}

impl Probe {
    /// A probe that has seen nothing.
    #[must_use]
    pub fn new(assume_tz: Zone) -> Self {
        Self {
            clock: Clock::new(assume_tz),
            flat: Flat::new(),
            last: None,
            time: MemberKey::Timestamp,
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
        let (flat, clock) = (&mut self.flat, &mut self.clock);
        let resumed = last.and_then(|last| flat.resume(text, (last, start), self.time, |time| clock.read(time)));
        let (stamp, at, mut changed) = match resumed {
            Some((stamp, at, dropped)) => (Some(stamp), at, dropped),
            None => (None, flat.begin(text, start)?, changes::ALL),
        };
        let kept = flat.count();
        let end = flat.walk(text, start, at)?;
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
        changed |= flat.since(kept);
        let line = &text[start..end];
        let time =
            if flat.met() & MemberKey::Timestamp.bit() != 0 { MemberKey::Timestamp } else { MemberKey::AtTimestamp };
        let stamp = match stamp {
            Some(stamp) if time == self.time => stamp,
            _ => clock.read(flat.value(line, time)?)?,
        };
        self.time = time;
        if changed & KIND != 0 {
            self.what = self.kind(line)?;
        }
        self.last = Some(start);
        Some(FastEvent { probe: self, line, next, stamp, changed })
    }

    /// Which event it is, if it is a native audit event that is folded from its members alone.
    fn kind(&self, line: &[u8]) -> Option<ActionKind> {
        let layer = self.flat.value(line, MemberKey::EventType);
        let is_native =
            self.flat.value(line, MemberKey::Type) == Some(b"audit") || layer.is_some_and(|l| LAYERS.contains(&l));
        let name = self.flat.value(line, MemberKey::EventAction)?;
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
            restricted = Some(LogText::from(name));
        }
        total = total.saturating_add(1);
    }
    Some(Indices { first: LogText::from(first?), restricted, total })
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
    fn get(&self, key: MemberKey) -> Option<&'t [u8]> {
        self.probe.flat.value(self.line, key)
    }

    /// Ids and addresses that are empty are absent.
    #[inline]
    fn non_empty(&self, key: MemberKey) -> Option<&'t [u8]> {
        self.get(key).filter(|text| !text.is_empty())
    }
}

macro_rules! text_of {
    ($event:ident, $key:ident, plain) => {
        $event.get(MemberKey::$key)
    };
    ($event:ident, $key:ident, filled) => {
        $event.non_empty(MemberKey::$key)
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
            fn zone_offset(&self) -> Option<i16> {
                self.stamp.offset
            }
            fn what(&self) -> ActionKind {
                self.probe.what
            }
            fn action_name(&self) -> &[u8] {
                self.get(MemberKey::EventAction).unwrap_or_default()
            }
            $(fn $name(&self) -> Option<&[u8]> {
                text_of!(self, $key, $how)
            })*
            fn indices(&self) -> Option<Indices<'_>> {
                let names = self.get(MemberKey::Indices)?;
                if self.probe.flat.is_list(MemberKey::Indices) { of_names(listed(names)) } else { of_names(std::iter::once(names)) }
            }
            fn each_index(&self, each: &mut dyn FnMut(&[u8])) {
                let Some(names) = self.get(MemberKey::Indices) else { return };
                if !self.probe.flat.is_list(MemberKey::Indices) {
                    if names != b"-*" {
                        each(names);
                    }
                } else if listed(names).all(|name| name != b"-*") {
                    listed(names).for_each(each);
                }
            }
            #[inline]
            fn may_be_restricted(&self) -> bool {
                let flat = &self.probe.flat;
                let met = flat.met() & MemberKey::Indices.bit() != 0;
                met && (!flat.is_list(MemberKey::Indices) || flat.holds_noted(MemberKey::Indices))
            }
            fn whole(&self) -> Option<&AuditEvent<'_>> {
                None
            }
        }
    };
}

audit_members!(fast_event);
