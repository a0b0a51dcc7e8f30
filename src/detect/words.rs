//! How findings speak.

use crate::model::text::utc;
use crate::time::Millis;

pub(super) use crate::words::{count, duration, list, number, share as percent};

/// A time as sentences give it: to the second, `2026-03-01 12:34:56 UTC`.
pub(super) fn time(time: Millis) -> String {
    utc(time)
}
