//! Any line is records or one error, whatever shape claims it; only envelopes hold several.
#![no_main]

use esaudit::internals::decode::{Context, decode_line, reason};
use esaudit::internals::event::Record;
use esaudit::internals::time::Zone;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let mut records = 0;
    let result = decode_line(line, &Context::new(Zone::UTC), &mut |format, record| {
        assert!(!format.is_empty());
        records += 1;
        if let Record::Server(event) = record {
            let message = reason::Message {
                level: event.level.as_deref(),
                logger: event.logger.as_deref(),
                text: &event.message,
                cause: None,
            };
            let _ = reason::classify(&message);
        }
    });
    assert_eq!(records > 0, result.is_ok());
    let _ = esaudit::internals::decode::apikeys::parse(line);
});
