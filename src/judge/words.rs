//! How findings speak, beside what all outputs share.

pub(super) use crate::words::{count, duration, list, number, share as percent};

/// A number of times that chance makes something: `0.0003`, `less than 0.000001`, `2.5`.
pub(super) fn chance(expected: f64) -> String {
    if expected < 1e-6 {
        return "less than 0.000001".to_owned();
    }
    let digits = if expected >= 1.0 { 1 } else { (1.0 - expected.log10().floor()) as usize - 1 };
    format!("{expected:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances() {
        for (expected, text) in [(0.000_312, "0.0003"), (1e-9, "less than 0.000001"), (2.46, "2.5"), (0.05, "0.05")] {
            assert_eq!(chance(expected), text);
        }
    }
}
