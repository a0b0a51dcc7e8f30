//! Documents out of an index: elasticdump's lines and search hits, `{"_index":…,"_id":…,"_source":{…}}` (audit-format 4).
//! The action lines of the bulk form hold no event and are nobody's. A document that no shape knows is looked into as any
//! other object.

use super::members::Members;
use super::{Context, JSON_SHAPES, JsonShape, Sink};
use crate::error::DecodeError;

/// The envelope; the document inside is of one of the other shapes.
pub struct Export;

impl JsonShape for Export {
    fn name(&self) -> &'static str {
        "elasticdump"
    }

    fn claims(&self, members: &Members<'_>) -> bool {
        members.is_exported() && inner(members).is_some()
    }

    fn decode(&self, members: &Members<'_>, context: &Context, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let shape = inner(members).ok_or(DecodeError::at(0, "a document of no shape"))?;
        shape.decode(members, &context.inside()?, &mut |_, record| sink("elasticdump", record))
    }
}

/// The shape of the document, if one knows its members.
fn inner(members: &Members<'_>) -> Option<&'static dyn JsonShape> {
    JSON_SHAPES[1..].iter().copied().find(|shape| shape.claims(members))
}
