//! Any text in an envelope: what it is by itself it is within, and what a client may have written never counts. The first byte
//! names the envelope.
#![no_main]

use esaudit::internals::decode::{Context, decode_line};
use esaudit::internals::event::Record;
use esaudit::internals::time::Zone;
use libfuzzer_sys::fuzz_target;

/// The audit events in a line.
fn events(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    // Whether it is also damaged does not matter here.
    let _ = decode_line(line.as_bytes(), &Context::new(Zone::UTC), &mut |_, record| {
        if let Record::Audit(event) = record {
            found.push(format!("{event:?}"));
        }
    });
    found
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\0'..='\x1f' => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
            other => out.push(other),
        }
    }
    out + "\""
}

fuzz_target!(|data: &[u8]| {
    let Some((&how, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let member = quoted(text);
    // As the base64, or whatever else, of a member: it ends, within bounds.
    let _ = events(&format!("{{\"awslogs\":{{\"data\":{member}}}}}"));
    // A header or a user agent is no evidence, whatever it looks like.
    for line in [
        format!("{{\"status\":200,\"request\":\"GET / HTTP/1.1\",\"user_agent\":{member}}}"),
        format!("{{\"headers\":{{\"x\":{member}}},\"level\":\"info\"}}"),
        format!("10.1.1.1 - - [12/Apr/2026:07:15:30 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" {member}"),
    ] {
        assert_eq!(events(&line), Vec::<String>::new(), "{line}");
    }
    if text.contains(['\n', '\r']) || !text.starts_with("{\"type\":\"audit\"") {
        return;
    }
    let bare = events(text);
    let wrapped = match how % 5 {
        0 => format!("{{\"message\":{member}}}"),
        1 => format!("{{\"data\":{{\"result\":[{{\"values\":[[\"1\",{member}]]}}]}}}}"),
        2 => format!("<134>Mar  9 00:00:00 h es[42]: {text}"),
        3 => format!("{{\"columns\":[{{\"name\":\"message\"}}],\"values\":[[{member}]]}}"),
        _ => quoted(text),
    };
    assert_eq!(events(&wrapped), bare, "{wrapped}");
});
