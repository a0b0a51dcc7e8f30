//! Each decoder alone: the first byte names the shape that the line is said to be of.
#![no_main]

use esaudit::internals::decode::{Context, decode_line};
use esaudit::internals::framing::format_names;
use esaudit::internals::time::Zone;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&first, line)) = data.split_first() else { return };
    let names: Vec<&str> = format_names().collect();
    let context = Context::new(Zone::UTC).forced(Some(names[usize::from(first) % names.len()]));
    let mut records = 0;
    let result = decode_line(line, &context, &mut |_, _| records += 1);
    assert_eq!(records > 0, result.is_ok());
});
