//! Documents out of an index: elasticdump's lines and search hits, `{"_index":…,"_id":…,"_source":{…}}` (audit-format 4).
//! The action lines of the bulk form hold no event and are nobody's.

use super::members::Members;
use super::{Context, JSON_SHAPES, JsonShape, Sink, UNKNOWN};
use crate::error::DecodeError;
use crate::event::Record;

/// The envelope; the document inside is of one of the other shapes.
pub struct Export;

impl JsonShape for Export {
    fn name(&self) -> &'static str {
        "elasticdump"
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        members.is_exported()
    }

    fn decode(&self, members: Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let inner = JSON_SHAPES.iter().find(|shape| shape.name() != self.name() && shape.claims(&members));
        match inner {
            Some(shape) => shape.decode(members, &context.inside()?, &mut |_, record| sink("elasticdump", record)),
            None => {
                sink(UNKNOWN, Record::Other);
                Ok(())
            }
        }
    }
}
