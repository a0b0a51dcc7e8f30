//! The walker accepts what serde_json accepts.

use proptest::prelude::*;

use super::*;

#[derive(Default)]
struct Collect {
    seen: Vec<(String, String)>,
    descend: bool,
}

impl<'a> Visitor<'a> for Collect {
    fn enter(&mut self, _path: &[u8]) -> bool {
        self.descend
    }
    fn scalar(&mut self, path: &[u8], value: Scalar<'a>) {
        let value = match value {
            Scalar::Str(text) => String::from_utf8_lossy(&text.text()).into_owned(),
            Scalar::Num(number) => String::from_utf8_lossy(number).into_owned(),
            Scalar::Bool(flag) => flag.to_string(),
            Scalar::Null => "null".into(),
        };
        self.seen.push((String::from_utf8_lossy(path).into_owned(), value));
    }
}

fn seen(text: &str) -> Vec<(String, String)> {
    let mut collect = Collect { descend: true, ..Collect::default() };
    walk(text.as_bytes(), &mut collect).unwrap();
    collect.seen
}

#[test]
fn flat_nested_dotted_and_mixed_keys_become_one_path() {
    let paths = seen(r#"{"a.b":1, "c":{"d.e":"x","f":{"g":[true,null]}}, "h" : [ ], "i":{}, "j\u002ek":2}"#);
    let paths: Vec<(&str, &str)> = paths.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(paths, [("a.b", "1"), ("c.d.e", "x"), ("c.f.g", "true"), ("c.f.g", "null"), ("j.k", "2")]);
}

#[test]
fn escapes_are_resolved() {
    let paths = seen(r#"{"a":"q\"b\\s\/ \b\f\n\r\t \u00e9 \ud83d\ude00 \ud83d!"}"#);
    assert_eq!(paths[0].1, "q\"b\\s/ \u{8}\u{c}\n\r\t é 😀 \u{fffd}!");
}

#[test]
fn invalid_utf8_is_kept() {
    struct Bytes(Vec<u8>);
    impl<'a> Visitor<'a> for Bytes {
        fn enter(&mut self, _: &[u8]) -> bool {
            true
        }
        fn scalar(&mut self, _: &[u8], value: Scalar<'a>) {
            if let Scalar::Str(text) = value {
                self.0 = text.text().into_owned();
            }
        }
    }
    let mut bytes = Bytes(Vec::new());
    walk(b"{\"a\":\"x\xff\xfe\\n\"}", &mut bytes).unwrap();
    assert_eq!(bytes.0, b"x\xff\xfe\n");
}

#[test]
fn depth_is_no_limit_to_skipping() {
    let deep = format!("{{\"a\":{}1{},\"b\":2}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(seen(&deep).last().unwrap(), &("b".to_owned(), "2".to_owned()));
    assert!(walk(&deep.as_bytes()[..150_000], &mut Collect::default()).is_err());
}

#[test]
fn errors_say_where() {
    let error = |text: &str| walk(text.as_bytes(), &mut Collect::default()).unwrap_err();
    assert_eq!(error(r#"{"a":"b"#), DecodeError::at(7, "the JSON object ends in the middle"));
    assert_eq!(error(r#"{"a":1}x"#), DecodeError::at(7, "text after the end of the JSON object"));
    assert_eq!(error("{\"a\":\"\u{0}\"}"), DecodeError::at(6, "control character in text"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Texts near JSON: fragments glued at random, so that both valid and invalid documents are met.
    #[test]
    fn accepts_what_serde_json_accepts(parts in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"b.c\"", "\"", "\\n", "\\u00e9", "\\ux", "0", "-", "1.5", "e3",
        "01", "true", "null", "nul", " ", "\t", "é", "\u{1}", "{\"k\":1}", "[1,2]", "\"v\":", "{}", "[]",
    ]), 0..14), wrap in any::<bool>(), descend in any::<bool>()) {
        let mut text = parts.concat();
        if wrap {
            text = format!("{{\"x\":{text}}}");
        }
        let expected = serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|value| value.is_object());
        let mut collect = Collect { descend, ..Collect::default() };
        prop_assert_eq!(walk(text.as_bytes(), &mut collect).is_ok(), expected, "{}", text);
    }

    #[test]
    fn one_broken_byte_is_judged_as_serde_json_does(at in 0_usize..200, byte in 0x20_u8..0x7f) {
        let line = r#"{"type":"audit", "timestamp":"2026-03-01T12:34:56,789+0000", "user.name":"a\"b", "user.roles":["x","y"], "n":-1.5e+3, "put":{"user":{"enabled":true,"m":{"k":[1,{}]}}}}"#;
        let mut text = line.as_bytes().to_vec();
        let at = at % text.len();
        text[at] = byte;
        let expected = serde_json::from_slice::<serde_json::Value>(&text).is_ok_and(|value| value.is_object());
        prop_assert_eq!(walk(&text, &mut Collect { descend: true, ..Collect::default() }).is_ok(), expected);
    }
}
