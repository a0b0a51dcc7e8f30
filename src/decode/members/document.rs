//! What names the document that holds an event, and what orders it among others.

use crate::event::{AuditEvent, Sequence, SequenceKind};

/// A number without a sign; Kibana's exports write separators.
pub(super) fn parse_number(text: &[u8]) -> Option<u64> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| *byte != b',').collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

/// What names a document, and what orders it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentName {
    /// Hash of the file and the offset that it was shipped from, which stay the same where it is shipped again, else of its `_id`.
    name: Option<u64>,
    sequence: Option<Sequence>,
}

impl DocumentName {
    /// The document that a file held at an offset, or of an id, with its numbers in the order of their worth; `None` where nothing
    /// names or orders it.
    pub(super) fn of(
        file: Option<(&[u8], u64)>,
        id: Option<&[u8]>,
        orders: [(SequenceKind, Option<u64>); 4],
    ) -> Option<Self> {
        let of_file = file.map(|(file, offset)| xxhash_rust::xxh3::xxh3_64_with_seed(file, offset.wrapping_add(1)));
        let name = of_file.or_else(|| id.map(xxhash_rust::xxh3::xxh3_64));
        let sequence = orders.into_iter().find_map(|(kind, number)| Some(Sequence { kind, number: number? }));
        (name.is_some() || sequence.is_some()).then_some(Self { name, sequence })
    }

    /// Puts it into an event that an inner document did not put it into.
    pub fn put_into(self, event: &mut AuditEvent<'_>) {
        event.sequence = event.sequence.or(self.sequence);
        if let (None, Some(name)) = (event.document, self.name) {
            // A file may be cut and begin anew, an `_id` be reused.
            let mut hasher = xxhash_rust::xxh3::Xxh3::with_seed(name);
            hasher.update(&event.time.0.to_le_bytes());
            hasher.update(event.action.name());
            hasher.update(event.request_id.as_deref().unwrap_or_default());
            event.document = Some(hasher.digest());
        }
    }
}
