//! How findings speak.

pub(super) use crate::words::{count, duration, list, number, share as percent};
