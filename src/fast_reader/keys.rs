//! The members of native audit lines (audit-format 2), as far as they are texts or arrays of texts.

use super::scan::Pattern;
use crate::event::members::audit_members;

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
        /// A member of a native audit line.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Key {
            $($name,)*
        }

        impl Key {
            /// The key of a name.
            #[allow(non_upper_case_globals, reason = "one name for the key and its text")]
            pub(super) fn named(name: &[u8]) -> Option<Self> {
                // Compared as texts of one type, so that the compiler may choose by length first.
                $(const $name: &[u8] = $text;)*
                match name {
                    $($name => Some(Self::$name),)*
                    _ => None,
                }
            }
        }

        /// How many keys there are.
        pub(super) const KEYS: usize = [$(stringify!($name)),*].len();

        /// Each key as it stands after another member.
        static PATTERNS: [Pattern; KEYS] = [$(Pattern::of(b", \"", $text, b"\":")),*];
    };
}

audit_members!(keys);

impl Key {
    /// `, "name":`.
    #[inline]
    pub(super) fn pattern(self) -> &'static Pattern {
        &PATTERNS[self as usize]
    }

    /// A set of this key alone.
    #[inline]
    pub(super) const fn bit(self) -> u64 {
        1 << self as u8
    }

    /// Whether an array of texts may be its value.
    #[inline]
    pub(super) const fn may_be_array(self) -> bool {
        matches!(self, Self::UserRoles | Self::Indices)
    }
}
