//! The shares of tables that processes or threads write side by side.

use crate::time::Millis;

/// One of several shares of the files of tables. A file, which is a day of a table or a whole table, is in exactly one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    at: u32,
    of: u32,
}

impl Share {
    /// Everything.
    pub const WHOLE: Self = Self { at: 0, of: 1 };

    /// As the command line has it: `2/8` is the second of eight.
    ///
    /// # Errors
    /// Other texts, in plain words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) && of <= 10_000 => Ok(Self { at: number - 1, of }),
            _ => Err("K/N, such as 2/8: the second of eight; at most 10000".to_owned()),
        }
    }

    /// One of so many parts of it, counted from 0.
    #[must_use]
    pub fn part(self, at: u32, of: u32) -> Self {
        Self { at: self.at + self.of * at, of: self.of * of }
    }

    /// Whether the file is in it that holds a table, by number, or the day of it in which a time lies, UTC.
    #[must_use]
    pub fn has(self, table: u32, time: Millis) -> bool {
        (i64::from(table) + time.utc_day().unwrap_or(0)).rem_euclid(i64::from(self.of)) == i64::from(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY;

    #[test]
    fn each_day_is_in_one_share_and_in_one_part_of_it() {
        let shares: Vec<Share> = (1..=3).map(|number| Share::parse(&format!("{number}/3")).unwrap()).collect();
        let parts: Vec<Share> = shares.iter().flat_map(|share| [share.part(0, 2), share.part(1, 2)]).collect();
        for time in (-20..20).map(|day| Millis(day * DAY + 5)).chain([Millis(i64::MIN), Millis(i64::MAX)]) {
            for table in 0..7 {
                let having = |shares: &[Share]| shares.iter().filter(|share| share.has(table, time)).count();
                assert_eq!([having(&shares), having(&parts), having(&[Share::WHOLE])], [1; 3], "{time} {table}");
            }
            // Other times of the day are in the same file.
            let noon = Millis(time.0.saturating_add(DAY / 2));
            assert!(time.utc_day() != noon.utc_day() || shares.iter().all(|s| s.has(0, time) == s.has(0, noon)));
        }
        for text in ["", "1", "0/3", "4/3", "1/0", "-1/2", "1/10001", "1/2/3"] {
            assert!(Share::parse(text).is_err(), "{text}");
        }
    }
}
