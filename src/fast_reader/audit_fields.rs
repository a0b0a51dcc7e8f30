//! What the fold asks of an audit event, whoever read it.

use crate::event::members::audit_members;
use crate::event::{Action, AuditEvent, Indices, Sequence};
use crate::time::Millis;

/// What an event says happened, without its name: [`Action`] in one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "see Action")]
pub enum ActionKind {
    AuthenticationFailed,
    RealmAuthenticationFailed,
    AnonymousAccessDenied,
    AuthenticationSuccess,
    AccessGranted,
    AccessDenied,
    RunAsGranted,
    RunAsDenied,
    TamperedRequest,
    Change,
    Other,
}

impl ActionKind {
    /// The names of those that have one name each, in their order.
    pub const NAMED: [&'static str; 9] = [
        "authentication_failed",
        "realm_authentication_failed",
        "anonymous_access_denied",
        "authentication_success",
        "access_granted",
        "access_denied",
        "run_as_granted",
        "run_as_denied",
        "tampered_request",
    ];

    /// Those, in the same order.
    pub const ALL_NAMED: [Self; 9] = [
        Self::AuthenticationFailed,
        Self::RealmAuthenticationFailed,
        Self::AnonymousAccessDenied,
        Self::AuthenticationSuccess,
        Self::AccessGranted,
        Self::AccessDenied,
        Self::RunAsGranted,
        Self::RunAsDenied,
        Self::TamperedRequest,
    ];

    /// What an action is.
    #[must_use]
    pub fn of(action: &Action<'_>) -> Self {
        match action {
            Action::AuthenticationFailed => Self::AuthenticationFailed,
            Action::RealmAuthenticationFailed => Self::RealmAuthenticationFailed,
            Action::AnonymousAccessDenied => Self::AnonymousAccessDenied,
            Action::AuthenticationSuccess => Self::AuthenticationSuccess,
            Action::AccessGranted => Self::AccessGranted,
            Action::AccessDenied => Self::AccessDenied,
            Action::RunAsGranted => Self::RunAsGranted,
            Action::RunAsDenied => Self::RunAsDenied,
            Action::TamperedRequest => Self::TamperedRequest,
            Action::SecurityChange(_) => Self::Change,
            Action::Other(_) => Self::Other,
        }
    }
}

macro_rules! audit_fields {
    (
        texts { $($(#[$doc:meta])* $name:ident: $key:ident $how:ident $path:literal $(| $other:literal)*,)* }
        keys { $($keys:tt)* }
        passed { $($passed:tt)* }
    ) => {
        /// An audit event, as far as it is folded. The full decoder's [`AuditEvent`] and the prefilter's lines both answer, so
        /// that there is one fold and not two.
        pub trait AuditFields {
            /// When, UTC milliseconds.
            fn time(&self) -> Millis;
            /// The record gave no zone.
            fn zone_assumed(&self) -> bool;
            /// What the node says of its zone, see [`AuditEvent::zone_offset`].
            fn zone_offset(&self) -> Option<i16>;
            /// What happened.
            fn what(&self) -> ActionKind;
            /// `event.action`.
            fn action_name(&self) -> &[u8];
            $($(#[$doc])* fn $name(&self) -> Option<&[u8]>;)*
            /// `indices`.
            fn indices(&self) -> Option<Indices<'_>>;
            /// Gives every one of them; none where no index matched.
            fn each_index(&self, each: &mut dyn FnMut(&[u8]));
            /// Whether a restricted index may be among them; if not, none is.
            fn may_be_restricted(&self) -> bool;
            /// The whole event, if it is a security change: those are folded from it.
            fn whole(&self) -> Option<&AuditEvent<'_>>;

            /// What names the document that holds it, see [`AuditEvent::document`].
            fn document(&self) -> Option<u64> {
                None
            }

            /// What orders it within its millisecond, see [`AuditEvent::sequence`].
            fn sequence(&self) -> Option<Sequence> {
                None
            }

            /// Bytes that name the node in keys.
            fn node_identity(&self) -> Option<&[u8]> {
                self.node_id().or(self.node_name())
            }
        }

        impl AuditFields for AuditEvent<'_> {
            fn time(&self) -> Millis {
                self.time
            }
            fn zone_assumed(&self) -> bool {
                self.zone_assumed
            }
            fn zone_offset(&self) -> Option<i16> {
                self.zone_offset
            }
            fn what(&self) -> ActionKind {
                ActionKind::of(&self.action)
            }
            fn action_name(&self) -> &[u8] {
                self.action.name()
            }
            $(fn $name(&self) -> Option<&[u8]> {
                self.$name.as_deref()
            })*
            fn indices(&self) -> Option<Indices<'_>> {
                self.indices.clone()
            }
            fn each_index(&self, each: &mut dyn FnMut(&[u8])) {
                self.index_names.iter().for_each(|name| each(name));
            }
            fn may_be_restricted(&self) -> bool {
                self.indices.as_ref().is_some_and(|indices| indices.restricted.is_some())
            }
            fn whole(&self) -> Option<&AuditEvent<'_>> {
                Some(self)
            }
            fn document(&self) -> Option<u64> {
                self.document
            }
            fn sequence(&self) -> Option<Sequence> {
                self.sequence
            }
        }
    };
}

audit_members!(audit_fields);
