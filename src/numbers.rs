//! Line numbers of records that are not lines: a search response has many records on one line, a pretty-printed document
//! many lines in one record.

#![expect(clippy::cast_possible_truncation, reason = "LEB128 takes the lower bits of a number")]

use serde::{Deserialize, Serialize};

/// The line of each record of a chunk, in a byte or two a record at most; none at all where records stand at even
/// distances, as the rows of CSV and the hits of a response in one line do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Numbers {
    first: u64,
    last: u64,
    /// Runs that are over: step from record to record and how many such steps, in LEB128.
    runs: Vec<u8>,
    /// The run that goes on.
    step: u64,
    steps: u64,
    len: u64,
}

impl Numbers {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes the line of the next record; lines never decrease.
    pub fn push(&mut self, line: u64) {
        if self.len == 0 {
            self.first = line;
        } else {
            let step = line.saturating_sub(self.last);
            if self.steps > 0 && step != self.step {
                write(&mut self.runs, self.step);
                write(&mut self.runs, self.steps);
                self.steps = 0;
            }
            self.step = step;
            self.steps += 1;
        }
        self.last = line;
        self.len += 1;
    }

    /// The line of a record, counted from 0. Of records that are not there, the last line.
    #[must_use]
    pub fn get(&self, record: u64) -> u64 {
        let (mut line, mut left) = (self.first, record);
        let mut runs = self.runs.as_slice();
        while let (Some(step), Some(steps)) = (read(&mut runs), read(&mut runs)) {
            line = line.saturating_add(step.saturating_mul(steps.min(left)));
            left = left.saturating_sub(steps);
        }
        line.saturating_add(self.step.saturating_mul(self.steps.min(left)))
    }

    /// Forgets all, keeping the memory.
    pub fn clear(&mut self) {
        self.runs.clear();
        (self.first, self.last, self.step, self.steps, self.len) = (0, 0, 0, 0, 0);
    }
}

fn write(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_line_is_given_back(first in 0_u64..1000, steps in prop::collection::vec(
            prop::sample::select(vec![0_u64, 1, 1, 1, 60, 200, 1 << 40]), 0..60)) {
            let mut lines = vec![first];
            for step in steps {
                lines.push(lines.last().unwrap() + step);
            }
            let mut numbers = Numbers::default();
            lines.iter().for_each(|line| numbers.push(*line));
            for (record, line) in lines.iter().enumerate() {
                prop_assert_eq!(numbers.get(record as u64), *line);
            }
        }
    }

    #[test]
    fn even_distances_cost_nothing() {
        let mut numbers = Numbers::default();
        (0..100_000).for_each(|line| numbers.push(3 + 2 * line));
        assert_eq!((numbers.runs.len(), numbers.get(70_000)), (0, 140_003));
        numbers.clear();
        assert_eq!(numbers, Numbers::default());
    }
}
