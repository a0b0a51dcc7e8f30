//! Roles, and descriptors of keys, which have the same shape.

use super::entries::{Entries, list};
use super::json::Value;
use crate::context::{IndexGrant, Privileges, Role};
use crate::error::DecodeError;

/// Privileges of a role or of a descriptor.
pub(super) fn privileges(value: Value<'_>) -> Result<Privileges, DecodeError> {
    let entries = Entries::of(value)?;
    let mut indices = Vec::new();
    for key in ["indices", "index"] {
        for grant in entries.get(key).map(list).unwrap_or_default() {
            let grant = Entries::of(grant)?;
            let is_object = |name: &str| matches!(grant.get(name), Some(Value::Object(_)));
            indices.push(IndexGrant {
                names: grant.texts("names"),
                privileges: grant.texts("privileges"),
                restricted: grant.flag("allow_restricted_indices") == Some(true),
                partial: is_object("field_security") || is_object("query") || grant.text("query").is_some(),
            });
        }
    }
    let mut applications = Vec::new();
    for one in entries.get("applications").map(list).unwrap_or_default() {
        applications.extend(Entries::of(one)?.text("application"));
    }
    Ok(Privileges { cluster: entries.texts("cluster"), indices, run_as: entries.texts("run_as"), applications })
}

/// Roles by name, or service accounts, whose privileges stand one level deeper.
pub(super) fn roles(entries: Entries<'_>, within: Option<&str>) -> Result<Vec<Role>, DecodeError> {
    let role = |(name, value): (String, Value<'_>)| {
        let described = match within {
            Some(within) => Entries::of(value)?.get(within).ok_or(DecodeError::at(0, "no role descriptor"))?,
            None => value,
        };
        let transient = Entries::of(described)?.object("transient_metadata");
        let enabled = transient.and_then(|entries| entries.flag("enabled")) != Some(false);
        Ok(Role { name, privileges: privileges(described)?, enabled })
    };
    entries.0.into_iter().map(role).collect()
}
