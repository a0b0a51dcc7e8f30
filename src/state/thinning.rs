//! Samples that hold so many entries at most, chosen by a rank that depends on each entry alone.

/// The highest rank.
pub(super) const HIGHEST: u8 = 64;

/// Leaves those whose rank is at least the scale, which is raised until there are `most` at most, or no higher rank is.
pub(super) fn thin<T>(list: &mut Vec<T>, scale: &mut u8, most: usize, rank: impl Fn(&T) -> u8) {
    loop {
        list.retain(|entry| rank(entry) >= *scale);
        if list.len() <= most || *scale >= HIGHEST {
            return;
        }
        *scale += 1;
    }
}
