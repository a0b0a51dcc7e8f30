//! How amounts are told in words, at one place for every output: numbers, sizes, shares, lengths of time, lists.

/// Digits in groups of three: `12,345`.
#[must_use]
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 failure`, `12,345 failures`.
#[must_use]
pub fn count(amount: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(amount), if amount == 1 { one } else { many })
}

/// A size in bytes, rounded up in its last digit: `1 byte`, `1.5 KiB`, `200 MiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") };
    }
    let (mut tenths, mut unit) = ((u128::from(bytes) * 10).div_ceil(1024), 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths = tenths.div_ceil(1024);
        unit += 1;
    }
    if tenths >= 1000 {
        format!("{} {}", tenths / 10, UNITS[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

/// Share of a whole in percent: `33 %`, `<1 %`, `>99 %`; `-` of nothing.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let percent = (u128::from(part) * 100 + u128::from(whole) / 2) / u128::from(whole);
    match percent {
        0 if part > 0 => "<1 %".to_owned(),
        100 if part < whole => ">99 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

/// A share between 0 and 1 in percent, as [`percent`].
#[must_use]
pub fn share(share: f64) -> String {
    match (share * 100.0).round() {
        0.0 if share > 0.0 => "<1 %".to_owned(),
        100.0 if share < 1.0 => ">99 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}

/// A length of time in milliseconds, in its two largest units: `4 h 30 min`; below ten seconds `1.5 s`, below one `250 ms`.
#[must_use]
pub fn duration(ms: i64) -> String {
    let ms = u64::try_from(ms).unwrap_or(0);
    match ms {
        0 => "0 s".to_owned(),
        1..1000 => format!("{ms} ms"),
        1000..9950 if (ms % 1000).abs_diff(500) < 450 => format!("{}.{} s", (ms + 50) / 1000, (ms + 50) / 100 % 10),
        _ => whole_seconds((ms + 500) / 1000),
    }
}

/// A length of time in seconds, as [`duration`].
#[must_use]
pub fn seconds(seconds: u64) -> String {
    if seconds == 0 { "0 s".to_owned() } else { whole_seconds(seconds) }
}

fn whole_seconds(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let first = UNITS.iter().position(|&(size, _)| seconds >= size).unwrap_or(UNITS.len() - 1);
    let (size, unit) = UNITS[first];
    let mut out = format!("{} {unit}", number(seconds / size));
    if let Some(&(next, unit)) = UNITS.get(first + 1)
        && seconds % size >= next
    {
        out.push_str(&format!(" {} {unit}", seconds % size / next));
    }
    out
}

/// What stands between the items of a list and after them: for item `at` of `shown`, of which there are `total`.
fn between(at: usize, shown: usize, total: u64) -> &'static str {
    match at {
        0 => "",
        at if at + 1 == shown && total <= shown as u64 => " and ",
        _ => ", ",
    }
}

/// The end of a list of which `shown` items of `total` stand there: ` and 3 others`.
fn rest(shown: usize, total: u64) -> String {
    match total.saturating_sub(shown as u64) {
        0 if shown == 0 => "none".to_owned(),
        0 => String::new(),
        others if shown == 0 => number(others),
        1 => " and 1 other".to_owned(),
        others => format!(" and {} others", number(others)),
    }
}

/// A list in words, piece by piece: items through `item`, what stands around them through `own`.
pub fn join<I, O>(
    items: impl ExactSizeIterator<Item = I>,
    total: u64,
    out: &mut O,
    item: impl Fn(&mut O, I),
    own: impl Fn(&mut O, String),
) {
    let shown = items.len();
    for (at, each) in items.enumerate() {
        let between = between(at, shown, total);
        if !between.is_empty() {
            own(out, between.to_owned());
        }
        item(out, each);
    }
    let rest = rest(shown, total);
    if !rest.is_empty() {
        own(out, rest);
    }
}

/// `a`, `a and b`, `a, b and 3 others`; at most `most` are named.
#[must_use]
pub fn list(names: &[String], total: u64, most: usize) -> String {
    let mut out = String::new();
    let shown = &names[..names.len().min(most)];
    join(shown.iter(), total, &mut out, |out, name| out.push_str(name), |out, own| out.push_str(&own));
    out
}

/// Bytes to change, add or leave out until two names are the same, if they are at most so many.
#[must_use]
pub fn apart(one: &[u8], other: &[u8], most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (place, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().filter(|apart| *apart <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sizes_and_shares() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1000), "1,000");
        assert_eq!(number(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(count(1, "try", "tries"), "1 try");
        assert_eq!(count(12_345, "try", "tries"), "12,345 tries");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(200 << 20), "200 MiB");
        assert_eq!(bytes(u64::MAX), "16384 PiB");
        assert_eq!(percent(0, 0), "-");
        assert_eq!(percent(1, 1000), "<1 %");
        assert_eq!(percent(999, 1000), ">99 %");
        assert_eq!(percent(1, 3), "33 %");
        for (part, told) in [(0.0, "0 %"), (0.001, "<1 %"), (0.5, "50 %"), (0.999, ">99 %"), (1.0, "100 %")] {
            assert_eq!(share(part), told);
        }
    }

    #[test]
    fn lengths_of_time() {
        for (ms, text) in [
            (-5, "0 s"),
            (250, "250 ms"),
            (1000, "1 s"),
            (1040, "1 s"),
            (1500, "1.5 s"),
            (9940, "9.9 s"),
            (9960, "10 s"),
            (60_000, "1 min"),
            (5_400_000, "1 h 30 min"),
            (16_200_000, "4 h 30 min"),
            (86_399_000, "23 h 59 min"),
            (86_400_000, "1 d"),
            (86_405_000, "1 d"),
            (3 * 86_400_000, "3 d"),
        ] {
            assert_eq!(duration(ms), text, "{ms}");
        }
        assert_eq!(seconds(0), "0 s");
        assert_eq!(seconds(3660), "1 h 1 min");
    }

    #[test]
    fn lists() {
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(list(&names(&["a"]), 1, 3), "a");
        assert_eq!(list(&names(&["a", "b", "c"]), 3, 3), "a, b and c");
        assert_eq!(list(&names(&["a", "b", "c"]), 400, 2), "a, b and 398 others");
        assert_eq!(list(&names(&["a", "b"]), 2, 1), "a and 1 other");
        assert_eq!(list(&[], 7, 1), "7");
        assert_eq!(list(&[], 0, 1), "none");
    }
}
