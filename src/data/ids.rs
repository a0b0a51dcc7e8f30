//! Ids made of what they stand for: the same thing has the same id however often it is written.

use xxhash_rust::xxh3::xxh3_128;

/// 32 hexadecimal digits.
pub(super) fn hex(text: &str) -> String {
    format!("{:032x}", xxh3_128(text.as_bytes()))
}

/// In the form of a random UUID (version 4).
pub(super) fn uuid(text: &str) -> String {
    let bits = xxh3_128(text.as_bytes()) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
