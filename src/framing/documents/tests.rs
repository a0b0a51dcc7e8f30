use proptest::prelude::*;

use super::*;

fn pieces(text: &[u8], limit: usize, chunk: usize) -> Vec<(u64, String)> {
    super::super::record::pieces(&mut Documents::new(limit), text, chunk)
}

fn records(text: &str) -> Vec<(u64, String)> {
    let found = pieces(text.as_bytes(), 1000, 4096);
    assert_eq!(found, pieces(text.as_bytes(), 1000, 1), "{text}");
    found
}

fn owned(pieces: &[(u64, &str)]) -> Vec<(u64, String)> {
    pieces.iter().map(|(line, text)| (*line, (*text).to_owned())).collect()
}

#[test]
fn hits_of_responses_are_records() {
    let hit = r#"{"_index":"i","_source":{"a":"x \"y [{","hits":{"hits":[1]}}}"#;
    let response = format!(
        r#"{{"took":1,"_shards":{{"x":[1]}},"hits":{{"total":{{"value":2}},"max_score":null,"hits":[{hit},{hit}]}},"profile":{{"hits":{{"hits":[{{"no":1}}]}}}}}}"#
    );
    assert_eq!(records(&response), owned(&[(1, hit), (1, hit)]));
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&response).unwrap()).unwrap();
    let found = records(&pretty);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|(_, record)| record == hit), "{found:?}");
    assert_eq!(pretty.lines().nth(usize::try_from(found[1].0).unwrap() - 1).unwrap().trim(), "{");
    for shape in [
        format!("{response}\n{response}"),
        format!("{response}{response}"),
        format!("[{response},\n{response}]"),
        format!(r#"{{"took":1,"responses":[{response},{response}]}}"#),
        format!(r#"{{"id":"x","is_partial":false,"response":{response}}} {{"rawResponse":{response}}}"#),
        format!(r#"{{"total":4,"hits":[{hit},{hit},{hit},{hit}]}}"#),
        format!("[{hit},{hit}] [[{hit}],{hit}]"),
        format!(r#"{{"docs":[{hit},{hit},{hit},{hit}]}}"#),
    ] {
        assert_eq!(records(&shape).iter().filter(|(_, record)| record == hit).count(), 4, "{shape}");
        assert_eq!(records(&shape).len(), 4, "{shape}");
    }
}

/// `top_hits` shows documents in the buckets of an aggregation.
#[test]
fn hits_of_aggregations_are_records() {
    let hit = r#"{"_index":"i","_source":{"a":1}}"#;
    let response = format!(
        r#"{{"took":1,"hits":{{"hits":[]}},"aggregations":{{"by_user":{{"doc_count":3,"buckets":[{{"key":"a","top":{{"hits":{{"total":1,"hits":[{hit}]}}}}}},{{"key":"b","n":{{"value":[1,{{"x":2}}]}},"top":{{"hits":{{"hits":[{hit},{hit}]}}}}}}]}}}}}}"#
    );
    assert_eq!(records(&response), owned(&[(1, hit), (1, hit), (1, hit)]));
    assert_eq!(records(&format!("{response}\n{{\"a\":1}}")).len(), 4);
}

#[test]
fn documents_outside_of_responses_are_records() {
    assert_eq!(
        records("{\n \"a\": 1,\n \"b\": {\"hits\": []}\n}\n\n{ }\n"),
        owned(&[(1, r#"{"a":1,"b":{"hits":[]}}"#), (6, "{}")])
    );
    assert_eq!(records("\u{feff}[\n{\"a\":\"\u{e9} b\"}\n, 1, \"x\", null]"), owned(&[(2, "{\"a\":\"\u{e9} b\"}")]));
    assert_eq!(records("---\n{\"a\":1}\nbye"), owned(&[(1, "---"), (2, "{\"a\":1}"), (3, "bye")]));
}

#[test]
fn cut_and_oversized_documents_are_said() {
    assert_eq!(
        records("{\"took\":1,\"hits\":{\"hits\":[{\"a\":1},{\"b\":\"x"),
        owned(&[(1, "{\"a\":1}"), (1, "{\"b\":\"x")])
    );
    assert_eq!(
        records("{\"took\":1,\"hits\":{\"hits\":[{\"a\":1}"),
        owned(&[(1, "{\"a\":1}"), (1, "the response ends in the middle")])
    );
    assert_eq!(records("{\"a\":\"cut\n{\"b\":1}"), owned(&[(1, "{\"a\":\"cut"), (2, "{\"b\":1}")]));
    // What follows a cut begins anew.
    let cut = "{\"hits\":{\"hits\":[{\"a\":\"cut\n{\"hits\":{\"hits\":[{\"b\":1}]}}";
    assert_eq!(records(cut), owned(&[(1, "{\"a\":\"cut"), (2, "{\"b\":1}")]));
    let long = format!("{{\"hits\":{{\"hits\":[{{\"a\":\"{}\"}},{{\"b\":1}}]}}}}", "x".repeat(2000));
    assert_eq!(records(&long), owned(&[(1, "oversized"), (1, "{\"b\":1}")]));
    // What stands before the hits may be longer than any record.
    let long = format!("{{\"x\":\"{}\",\"hits\":{{\"hits\":[{{\"b\":1}}]}}}}", "x".repeat(2000));
    assert_eq!(records(&long), owned(&[(1, "{\"b\":1}")]));
    let deep = format!("{}{{\"a\":1}}", "[".repeat(10_000));
    assert!(records(&deep).len() <= 1);
}

#[test]
fn texts_in_three_quotes_are_texts() {
    let text = "# GET i/_search 200 OK\n{\n \"hits\": {\n \"hits\": [\n {\n \"m\": \"\"\"{\"a\":\"b\\\\n\", \"c\":\"\"}\nx\"\"\",\n \"e\": \"\"\n }\n ]\n }\n}\n";
    assert!(claims(text.as_bytes()));
    let found = records(text);
    let value: serde_json::Value = serde_json::from_str(&found[1].1).unwrap();
    assert_eq!(value["m"], "{\"a\":\"b\\\\n\", \"c\":\"\"}\nx");
    assert_eq!(value["e"], "");
}

/// What a container of many elements on one line gives.
fn elements(text: &str) -> Vec<String> {
    let mut scanner = Documents::containers(1000);
    let found = super::super::record::pieces(&mut scanner, text.as_bytes(), 4096);
    let mut scanner = Documents::containers(1000);
    assert_eq!(found, super::super::record::pieces(&mut scanner, text.as_bytes(), 1));
    found.into_iter().map(|(_, record)| record).collect()
}

#[test]
fn large_containers_are_read_element_by_element() {
    let element = r#"{"m":"x \"y [{","events":[1]}"#;
    for (before, after) in [
        (r#"{"events":["#, r#"],"searchedLogStreams":[],"nextToken":"n"}"#),
        (r#"{"messageType":"DATA_MESSAGE","logEvents":["#, "]}"),
        (
            r#"{"data":{"resultType":"streams","result":[{"stream":{"values":"x"},"values":["#,
            r#"]}],"stats":{"data":{}}}}"#,
        ),
        (r#"{"resourceLogs":[{"resource":{"a":[1]},"scopeLogs":[{"scope":{},"logRecords":["#, "]}]}]}"),
        (r#"{"data":["#, r#"],"meta":{"page":{"after":"x"}}}"#),
    ] {
        let text = |many: usize| format!("{before}{}{after}\n", vec![element; many].join(", "));
        assert_eq!(elements(&text(3)), vec![element; 3], "{before}");
        assert!(claims_containers(text(2000).as_bytes()), "{before}");
        // Small ones are lines as any other.
        assert!(!claims_containers(text(3).as_bytes()) && !claims(text(3).as_bytes()), "{before}");
    }
    let lists = r#"{"data":{"result":[{"values":[["1","{\"a\":1}"],["2","b"]]}]}} {"events":["x","{\"b\":[]}",""]} {"a":{"events":[1]}}"#;
    let expected =
        [r#"["1","{\"a\":1}"]"#, r#"["2","b"]"#, "\"x\"", r#""{\"b\":[]}""#, "\"\"", r#"{"a":{"events":[1]}}"#];
    assert_eq!(elements(lists), expected);
    assert_eq!(elements(r#"["x",["y"],{"z":1}]"#), ["\"x\"", "[\"y\"]", "{\"z\":1}"]);
    let record = format!(r#"{{"@timestamp":"x","events":[{}]}}"#, vec![element; 2000].join(","));
    assert!(!claims_containers(record.as_bytes()));
}

proptest! {
    #[test]
    fn any_bytes_in_any_portions_give_the_same(parts in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"hits\"", "\"a\"", "\"", "\\", "\n", " ", "1", "x", "{\"hits\":{\"hits\":[",
        "]}}", "{\"b\":1}", "\"responses\":[", "\u{feff}", "\"response\":{",
    ]), 0..40), chunk in 1_usize..7, limit in 0_usize..30) {
        let text = parts.concat();
        let whole = pieces(text.as_bytes(), limit, 1 << 20);
        prop_assert_eq!(&whole, &pieces(text.as_bytes(), limit, chunk));
        prop_assert!(whole.iter().all(|(_, piece)| piece.len() <= limit.max(40)));
    }
}
