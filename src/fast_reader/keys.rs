//! The members of native audit lines (audit-format 2), as far as they are texts or arrays of texts.

use super::flat::{Layout, layout_keys};
use crate::event::members::audit_members;
use crate::simd::ShortText;

macro_rules! keys {
    (
        texts { $($(#[$doc:meta])* $member:ident: $text:ident $how:ident $path:literal $(| $other:literal)*,)* }
        keys { $($(#[$key_doc:meta])* $key:ident $key_path:literal $(| $key_other:literal)*,)* }
        passed { $($passed:ident $passed_path:literal,)* }
    ) => {
        keys! { @flat [$($key = $key_path,)*] $($how $text = $path,)* $(passed $passed = $passed_path,)* }
    };
    // What stands in an object is for the decoder.
    (@flat [$($done:tt)*] nested $name:ident = $path:literal, $($rest:tt)*) => {
        keys! { @flat [$($done)*] $($rest)* }
    };
    (@flat [$($done:tt)*] $how:ident $name:ident = $path:literal, $($rest:tt)*) => {
        keys! { @flat [$($done)* $name = $path,] $($rest)* }
    };
    (@flat [$($name:ident = $text:literal,)*]) => {
        layout_keys! {
            /// A member of a native audit line.
            MemberKey [KEYS, PATTERNS, b", \""] { $($name = $text,)* }
        }
    };
}

audit_members!(keys);

impl MemberKey {
    /// A set of this key alone.
    #[inline]
    pub(super) const fn bit(self) -> u64 {
        1 << self as u8
    }
}

impl Layout for MemberKey {
    const LENIENT: bool = false;
    const GOES_ON: bool = false;
    const FIRST: Self = Self::Type;

    #[inline]
    fn named(name: &[u8]) -> Option<Self> {
        Self::of_name(name)
    }

    #[inline]
    fn pattern(self) -> &'static ShortText {
        &PATTERNS[self as usize]
    }

    #[inline]
    fn index(self) -> usize {
        self as usize
    }

    #[inline]
    fn may_be_list(self) -> bool {
        matches!(self, Self::UserRoles | Self::Indices)
    }

    /// Restricted indices begin so.
    #[inline]
    fn is_noted(start: Option<&[u8; 2]>) -> bool {
        matches!(start, Some(b".s" | b".a"))
    }
}
