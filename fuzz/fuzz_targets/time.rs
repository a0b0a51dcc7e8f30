//! Timestamps: what is read can be written and read again.
#![no_main]

use esaudit::internals::time::{self, Zone};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Ok(zone) = Zone::parse(&String::from_utf8_lossy(text)) {
        let _ = time::parse(b"2026-03-29T02:30:00,000", zone);
    }
    if let Some(stamp) = time::parse(text, Zone::UTC) {
        let written = stamp.time.rfc3339();
        let again = time::parse(written.as_bytes(), Zone::UTC).map(|stamp| stamp.time);
        assert_eq!(again, Some(stamp.time), "{written}");
    }
});
