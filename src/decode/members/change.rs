//! What a security change says of its target: the members below `put`, `delete`, `change`, `create`, `invalidate`, `activate`.

use super::Members;
use crate::decode::json::Scalar;
use crate::event::Change;

/// Verbs below which a security change describes its target.
pub(super) const VERBS: [&[u8]; 6] = [b"put", b"delete", b"change", b"create", b"invalidate", b"activate"];

/// Roles or privileges kept of a change: who gives more than these gives everything.
const MOST_GIVEN: usize = 100;

/// Keeps a text, once.
fn keep<T: PartialEq>(list: &mut Vec<T>, text: T) {
    if list.len() < MOST_GIVEN && !list.contains(&text) {
        list.push(text);
    }
}

/// `verb.object.rest` of a path below a change verb.
pub(super) fn path(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = memchr::memchr(b'.', path)?;
    if !VERBS.contains(&&path[..dot]) {
        return None;
    }
    let below = &path[dot + 1..];
    let end = memchr::memchr(b'.', below).unwrap_or(below.len());
    // Labels and data of a profile are whatever an application keeps there.
    if matches!(&below[..end], b"labels" | b"data") {
        return None;
    }
    Some((&below[..end], below.get(end + 1..).unwrap_or_default()))
}

/// Whether what stands at a path below a change is walked: role descriptors, metadata and rules can be large and name no target.
pub(super) fn is_entered(rest: &[u8]) -> bool {
    matches!(
        rest,
        b"" | b"id"
            | b"ids"
            | b"name"
            | b"names"
            | b"user"
            | b"privileges"
            | b"roles"
            | b"role_descriptor"
            | b"role_descriptor.cluster"
            | b"role_descriptor.run_as"
            | b"role_descriptor.indices"
            | b"role_descriptor.indices.names"
            | b"role_descriptor.indices.privileges"
    )
}

impl<'a> Members<'a> {
    /// The body of a security change, if the record has one.
    #[must_use]
    pub fn change(&self) -> Option<Box<Change<'a>>> {
        let mut change = self.change.clone()?;
        if self.exported || self.beneath_source {
            // Hits hold a value at two places: in the document and in the fields that were asked for.
            let mut met = std::collections::HashSet::new();
            change.ids.retain(|id| met.insert(id.clone()));
        }
        Some(change)
    }

    /// A scalar below a change verb: `invalidate.apikeys.ids`, `put.role.name`, `change.password.user.name`, …
    pub(super) fn change_member(&mut self, object: &[u8], rest: &[u8], value: Scalar<'a>) {
        let change = self.change.get_or_insert_default();
        let text = match value {
            Scalar::Str(text) => text.text(),
            Scalar::Bool(flag) => {
                if rest == b"owned_by_authenticated_user" {
                    change.owned_by_authenticated_user.get_or_insert(flag);
                }
                return;
            }
            Scalar::Num(_) | Scalar::Null => return,
        };
        let of_key = object.starts_with(b"apikey") || object.ends_with(b"apikey");
        let slot = match rest {
            b"id" | b"ids" if of_key => {
                change.ids.push(text);
                return;
            }
            b"run_as" if object == b"grant" => {
                // The key is that of whom the grantee is run as.
                change.granted_to = Some(text);
                return;
            }
            b"user.name" if object == b"grant" => &mut change.granted_to,
            // Profiles are named by their uid, at the top of a body or below `enable` and `disable`.
            b"" if object == b"uid" => &mut change.name,
            b"uid" => &mut change.name,
            b"roles" => return keep(&mut change.roles, text),
            b"role_descriptor.cluster" => return keep(&mut change.cluster_privileges, text),
            b"role_descriptor.run_as" => {
                return keep(&mut change.index_privileges, [b"run as ", &text[..]].concat());
            }
            b"role_descriptor.indices.names" => {
                if std::mem::take(&mut self.names_end) {
                    self.index_names.clear();
                }
                return keep(&mut self.index_names, text);
            }
            // They are written behind the names that they are about.
            b"role_descriptor.indices.privileges" => {
                self.names_end = true;
                for name in &self.index_names {
                    keep(&mut change.index_privileges, [&text[..], b" on ", name].concat());
                }
                return;
            }
            b"type" if of_key => &mut change.kind,
            b"name" | b"names" => &mut change.name,
            b"user.name" if of_key => &mut change.owner,
            b"user.realm" if of_key => &mut change.owner_realm,
            b"user.name" => &mut change.name,
            b"expiration" => &mut change.expiration,
            b"namespace" => &mut change.namespace,
            b"service" => &mut change.service,
            // An application privilege is named by its application and its own name.
            b"application" => &mut change.detail,
            b"privileges" if object == b"privileges" => &mut change.name,
            _ => return,
        };
        slot.get_or_insert(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_bodies_name_their_target() {
        fn change(line: &str) -> Change<'_> {
            *Members::read(line.as_bytes()).unwrap().change().unwrap()
        }
        let keys = r#"{"invalidate":{"apikeys":{"ids":["a","b"],"owned_by_authenticated_user":false,"user":{"name":"u","realm":null}}}}"#;
        let keys_change = change(keys);
        assert_eq!(keys_change.ids.len(), 2);
        assert_eq!(keys_change.owned_by_authenticated_user, Some(false));
        assert_eq!((keys_change.owner.as_deref(), keys_change.owner_realm.as_deref()), (Some(&b"u"[..]), None));
        let role = r#"{"put":{"role":{"name":"r","role_descriptor":{"run_as":["*"],"indices":[{"names":["x"],"name":"no"}]}}}}"#;
        assert_eq!(change(role).name.as_deref(), Some(&b"r"[..]));
        assert_eq!(change(role).index_privileges, [b"run as *"]);
        let password = r#"{"change":{"password":{"user":{"name":"u"}}}}"#;
        assert_eq!(change(password).name.as_deref(), Some(&b"u"[..]));
        let profile = r#"{"put":{"uid":"u_1","labels":{"name":"x"},"data":{"name":"y"}}}"#;
        assert_eq!(change(profile).name.as_deref(), Some(&b"u_1"[..]));
        let disabled = r#"{"change":{"disable":{"uid":"u_2"}}}"#;
        assert_eq!(change(disabled).name.as_deref(), Some(&b"u_2"[..]));
        let activated = r#"{"put":{"grant":{"type":"password","user":{"name":"u","has_password":true}}}}"#;
        assert_eq!(change(activated).granted_to.as_deref(), Some(&b"u"[..]));
        let privileges = r#"{"put":{"privileges":[{"application":"app","name":"read","actions":["x"]}]}}"#;
        let privileges_change = change(privileges);
        assert_eq!(privileges_change.detail.as_deref(), Some(&b"app"[..]));
        assert_eq!(privileges_change.name.as_deref(), Some(&b"read"[..]));
    }
}
