//! The compact records that events are folded into. Fixed size, no pointers: 48 bytes an attempt is the memory budget.

use serde::{Deserialize, Serialize};

use super::symbols::{ChainId, Sym};
use crate::reason::{Basis, Reason, Subject};
use crate::time::Millis;

/// Where a record stands: chunk (index into the state's chunk table) and line within the chunk, from 0. The line within
/// the file is known once every chunk before it has been counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pos {
    /// Index into [`super::State::chunks`].
    pub chunk: u32,
    /// Line within the chunk.
    pub line: u32,
}

/// Joins what belongs together: a hash of node, request id and principal for events of one attempt; of node and request
/// id for the events of one request. xxh3-64 with its published definition, so that results of several machines merge.
/// Request ids are random numbers made by the node, so nobody outside can aim for a collision; by chance one is expected
/// in 10^12 pairs of attempts of one run with 6 million attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordKey(pub u64);

impl RecordKey {
    /// Hash of parts, each with its length, absent parts distinct from empty ones.
    #[must_use]
    pub fn of(parts: &[Option<&[u8]>]) -> Self {
        let mut buffer = [0_u8; 256];
        let mut used = 0;
        let fits = parts.iter().map(|part| part.map_or(0, <[u8]>::len) + 5).sum::<usize>() <= buffer.len();
        if fits {
            for part in parts {
                let bytes = part.unwrap_or_default();
                let length = part.map_or(u32::MAX, |bytes| bytes.len() as u32).to_le_bytes();
                buffer[used..used + 4].copy_from_slice(&length);
                buffer[used + 4..used + 4 + bytes.len()].copy_from_slice(bytes);
                used += 4 + bytes.len();
            }
            return Self(xxhash_rust::xxh3::xxh3_64(&buffer[..used]));
        }
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        for part in parts {
            hasher.update(&part.map_or(u32::MAX, |bytes| bytes.len() as u32).to_le_bytes());
            hasher.update(part.unwrap_or_default());
        }
        Self(hasher.digest())
    }
}

/// Which event ended an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// `authentication_failed`.
    Failed,
    /// `anonymous_access_denied`.
    AnonymousDenied,
}

impl Outcome {
    /// The `event.action`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "authentication_failed",
            Self::AnonymousDenied => "anonymous_access_denied",
        }
    }
}

/// One failed authentication attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it ended.
    pub time: Millis,
    /// Node, request id and principal.
    pub key: RecordKey,
    /// The line of the event that ended it.
    pub pos: Pos,
    /// `user.name`.
    pub principal: Sym,
    /// Client address without port.
    pub source: Sym,
    /// Index into [`super::State::nodes`].
    pub node: u32,
    /// Realms that said no.
    pub chain: ChainId,
    /// `url.path`, kept only when grouping by it.
    pub path: Sym,
    /// Which event ended it.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// What the reason rests on.
    pub basis: Basis,
    /// What else is known of it.
    pub flags: AttemptFlags,
}

/// Properties of an attempt: whether its event had a request id, over which layer it came, and a small number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AttemptFlags(u8);

impl AttemptFlags {
    /// The event had a request id; without one no other event can be joined.
    pub const REQUEST_ID: Self = Self(1);
    /// It came in over the transport layer: of a node, or of another cluster.
    pub const TRANSPORT: Self = Self(2);
    /// Most realm failures that [`AttemptFlags::ties`] can tell of.
    pub(crate) const MOST_TIES: usize = 63;

    /// The bits.
    #[must_use]
    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    /// Of bits that [`AttemptFlags::bits`] gave.
    #[must_use]
    pub(crate) fn of_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The bits of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all bits of another are set.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// How many of the realm failures that the chunk settled are of the millisecond in which the attempt ended.
    #[must_use]
    pub fn ties(self) -> usize {
        usize::from(self.0 >> 2)
    }

    /// Sets [`AttemptFlags::ties`].
    pub(crate) fn set_ties(&mut self, ties: usize) {
        self.0 = (self.0 & 3) | (ties.min(Self::MOST_TIES) as u8) << 2;
    }
}

impl Attempt {
    /// Whether the event had a request id.
    #[must_use]
    pub fn has_request_id(&self) -> bool {
        self.flags.has(AttemptFlags::REQUEST_ID)
    }
}

/// A `realm_authentication_failed` that has not been joined to an attempt within its chunk: the realm before the one that
/// said yes, or part of a request that straddles chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealmFailure {
    /// When the realm said no.
    pub time: Millis,
    /// Node, request id and principal.
    pub key: RecordKey,
    /// Its line.
    pub pos: Pos,
    /// The realm.
    pub realm: Sym,
}

/// A line of the server log that tells why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonRecord {
    /// When.
    pub time: Millis,
    /// Its line.
    pub pos: Pos,
    /// Index into [`super::State::nodes`].
    pub node: u32,
    /// Key id or principal.
    pub subject: Sym,
    /// Realm that said no.
    pub realm: Sym,
    /// `trace.id`.
    pub trace: Sym,
    /// The message, kept where it may say more than was understood.
    pub text: Sym,
    /// What it is about.
    pub about: Subject,
    /// What it says.
    pub reason: Reason,
    /// The next line may be the exception that says more, and no line of the same chunk is.
    pub awaits_cause: bool,
    /// Its time carries no zone.
    pub is_local: bool,
}

/// An `access_granted` (or `run_as_granted`) of a security administration action, or an `authentication_success` at a path of
/// security administration: the possible actor of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// When.
    pub time: Millis,
    /// Node and request id.
    pub request: RecordKey,
    /// Its line.
    pub pos: Pos,
    /// Who.
    pub user: Sym,
    /// In which realm.
    pub realm: Sym,
    /// Who authenticated, on run-as.
    pub run_by: Sym,
    /// Client address.
    pub source: Sym,
    /// The Elasticsearch action; none of an `authentication_success`.
    pub es_action: Sym,
    /// The key that made the request.
    pub apikey: Sym,
}

/// A security change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// When.
    pub time: Millis,
    /// Node and request id.
    pub request: RecordKey,
    /// Node, time, action, request id and body: the same event met again has the same.
    pub identity: RecordKey,
    /// Whether there was a request id.
    pub has_request_id: bool,
    /// Its line.
    pub pos: Pos,
    /// `event.action`.
    pub action: Sym,
    /// Index into [`super::State::nodes`].
    pub node: u32,
    /// `request.id`.
    pub request_id: Sym,
    /// Actor named by the event itself (enriched logs).
    pub user: Sym,
    /// Realm of that actor.
    pub user_realm: Sym,
    /// Who authenticated, where the event itself says.
    pub run_by: Sym,
    /// Address in the event itself.
    pub source: Sym,
    /// API key ids.
    pub ids: Vec<Sym>,
    /// Name of the object.
    pub name: Sym,
    /// Application of a privilege.
    pub detail: Sym,
    /// Namespace of a service account.
    pub namespace: Sym,
    /// Service of a service account.
    pub service: Sym,
    /// Owner filter.
    pub owner: Sym,
    /// Realm filter.
    pub owner_realm: Sym,
    /// Own keys only.
    pub owned_by_authenticated_user: Option<bool>,
    /// As written.
    pub expiration: Sym,
    /// Type of the key.
    pub kind: Sym,
    /// Whose key a grant makes.
    pub granted_to: Sym,
    /// Roles given.
    pub roles: Vec<Sym>,
    /// Privileges given: those of the cluster, then those of indices as `privilege on index`.
    pub privileges: Vec<Sym>,
    /// How many of these are of the cluster.
    pub cluster_privileges: u32,
}

impl ChangeRecord {
    /// Every symbol in the record, for translation.
    pub(super) fn syms_mut(&mut self) -> impl Iterator<Item = &mut Sym> {
        [
            &mut self.action,
            &mut self.request_id,
            &mut self.user,
            &mut self.user_realm,
            &mut self.run_by,
            &mut self.source,
            &mut self.name,
            &mut self.detail,
            &mut self.namespace,
            &mut self.service,
            &mut self.owner,
            &mut self.owner_realm,
            &mut self.expiration,
            &mut self.kind,
            &mut self.granted_to,
        ]
        .into_iter()
        .chain(&mut self.ids)
        .chain(&mut self.roles)
        .chain(&mut self.privileges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_fits_its_budget() {
        assert_eq!(std::mem::size_of::<Attempt>(), 48);
        assert_eq!(std::mem::size_of::<RealmFailure>(), 32);
    }

    #[test]
    fn flags_keep_a_number_beside_a_bit() {
        let mut flags = AttemptFlags::REQUEST_ID.with(AttemptFlags::TRANSPORT);
        for ties in [3, 0, 63] {
            flags.set_ties(ties);
            assert_eq!((flags.ties(), flags.has(AttemptFlags::REQUEST_ID.with(AttemptFlags::TRANSPORT))), (ties, true));
        }
        flags.set_ties(64);
        assert_eq!(flags.ties(), AttemptFlags::MOST_TIES);
    }

    #[test]
    fn keys_tell_parts_apart() {
        let long = vec![b'x'; 500];
        let keys = [
            RecordKey::of(&[Some(b"a"), Some(b"bc")]),
            RecordKey::of(&[Some(b"ab"), Some(b"c")]),
            RecordKey::of(&[Some(b"a"), Some(b"bc"), None]),
            RecordKey::of(&[Some(b"a"), Some(b"bc"), Some(b"")]),
            RecordKey::of(&[Some(&long), None]),
            RecordKey::of(&[Some(&long), Some(b"")]),
        ];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys[i + 1..].iter().all(|b| a != b));
        }
    }
}
