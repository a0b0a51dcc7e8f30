//! Objects as Ruby prints them, `{"log"=>"…"}`: Fluent Bit's standard output, and Logstash's `rubydebug` codec over several
//! lines. Rewritten to JSON, which the other decoders read.

/// The object with which a text begins, as JSON, and how many bytes of the text it takes. `None` where it is of another form.
#[must_use]
pub(crate) fn object(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut json = Vec::with_capacity(text.len());
    let (mut at, mut depth, mut arrows) = (0, 0_usize, 0_usize);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => {
                let end = string_end(text, at + 1)?;
                write_string(&mut json, &text[at..end]);
                at = end;
                continue;
            }
            b'=' if text.get(at + 1) == Some(&b'>') => {
                json.push(b':');
                arrows += 1;
                at += 2;
                continue;
            }
            b'{' | b'[' if is_place(text, at) => {
                // `rubydebug` numbers the elements of lists: `[0] "x"`.
                at += memchr::memchr(b']', &text[at..])?;
            }
            b'{' | b'[' => {
                depth += 1;
                json.push(byte);
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                json.push(byte);
                if depth == 0 {
                    return (arrows > 0).then_some((json, at + 1));
                }
            }
            b',' | b' ' | b'\t' | b'\r' | b'\n' => json.push(byte),
            _ => at += bare(&text[at..], &mut json)? - 1,
        }
        at += 1;
    }
    None
}

/// Writes a text with its quotes; control characters, which Ruby prints as they are, get escapes.
fn write_string(json: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        match byte {
            0..0x20 => json.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => json.push(byte),
        }
    }
}

/// Whether a bracket holds the number of an element and nothing else, and stands before it.
fn is_place(text: &[u8], at: usize) -> bool {
    let rest = &text[at + 1..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text[at] == b'['
        && digits > 0
        && matches!(rest.get(digits..), Some([b']', b' ', next, ..]) if !matches!(next, b',' | b'}' | b']'))
}

/// The end of a text whose opening quote is behind, the closing one included.
fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Numbers and words as they stand, `nil` as null, times in quotes; how many bytes that was.
fn bare(text: &[u8], json: &mut Vec<u8>) -> Option<usize> {
    let end = text.iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'))?;
    let word = &text[..end];
    match word {
        [] => return None,
        b"nil" => json.extend_from_slice(b"null"),
        b"true" | b"false" => json.extend_from_slice(word),
        _ if word.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-')) => {
            json.extend_from_slice(word)
        }
        _ if word.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'+')) => {
            json.push(b'"');
            json.extend_from_slice(word);
            json.push(b'"');
        }
        _ => return None,
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> Option<String> {
        object(text.as_bytes()).map(|(json, _)| String::from_utf8(json).unwrap())
    }

    #[test]
    fn hashes_become_objects() {
        assert_eq!(rewritten(r#"{"log"=>"a \"=> b", "n"=>nil}]"#).unwrap(), r#"{"log":"a \"=> b", "n":null}"#);
        let debug = "{\n  \"@timestamp\" => 2026-03-01T12:01:56.100Z,\n \"roles\" => [\n  [0] \"a\",\n  [1] \"b\"\n ],\n \"n\" => 1,\n \"h\" => { \"x\" => false }\n}";
        let value: serde_json::Value = serde_json::from_str(&rewritten(debug).unwrap()).unwrap();
        assert_eq!(value["@timestamp"], "2026-03-01T12:01:56.100Z");
        assert_eq!(value["roles"], serde_json::json!(["a", "b"]));
        assert_eq!(value["h"]["x"], false);
        for other in [r#"{"a":1}"#, "{", "{name=es}", r#"{"a"=>"#, r#"{"a"=>x$}"#] {
            assert_eq!(rewritten(other), None, "{other}");
        }
    }
}
