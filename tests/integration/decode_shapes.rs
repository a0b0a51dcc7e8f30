//! One event in every shape that people have is the same event: time, action, node, principal, realm, client with its
//! port, request.
#![allow(clippy::unwrap_used, clippy::panic)]

use esaudit::internals::decode::{Context, decode_line, partial};
use esaudit::internals::event::{LogText, Record};
use esaudit::internals::framing::{Frame, Framing};
use esaudit::internals::time::Zone;
use serde_json::{Value, json};

const LINE: &str = r#"{"type":"audit", "timestamp":"2026-03-01T13:34:56,789+0100", "node.id":"n1", "event.type":"rest", "event.action":"realm_authentication_failed", "user.name":"bob | \"x\"", "origin.type":"rest", "origin.address":"[2001:db8::1]:51504", "realm":"default_native", "url.path":"/_search", "request.id":"r1"}"#;

fn document() -> Value {
    json!({
        "@timestamp":"2026-03-01T12:34:56.789Z",
        "event":{"action":"realm_authentication_failed","outcome":"success","type":["access"]},
        "elasticsearch":{"audit":{"layer":"rest","realm":"default_native","origin.type":"rest","request":{"id":"r1"}},
            "node":{"id":"n1"}},
        "user":{"name":"bob | \"x\""}, "source":{"ip":"2001:db8::1","port":51504},
        "http":{"request":{"id":"r1"}}, "url":{"original":"/_search"}
    })
}

/// Format and identity of each event of an input.
fn events(input: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut decode = |line: &[u8]| {
        decode_line(line, &Context::new(Zone::UTC), &mut |format, record| {
            let Record::Audit(event) = record else { return };
            let text =
                |text: &Option<LogText<'_>>| String::from_utf8_lossy(text.as_deref().unwrap_or(b"-")).into_owned();
            let members =
                [&event.node_id, &event.user, &event.realm, &event.origin, &event.request_id, &event.url_path];
            let members: Vec<String> = members.into_iter().map(text).collect();
            let action = String::from_utf8_lossy(event.action.name()).into_owned();
            found.push((format, format!("{} {action} {}", event.time.rfc3339(), members.join(" "))));
        })
        .unwrap();
    };
    match Framing::sniff(input.as_bytes()).map(|framing| framing.framer(100_000)) {
        None => input.lines().for_each(|line| decode(line.as_bytes())),
        Some(mut framing) => {
            let mut out = |_, piece: Frame<'_>| {
                let Frame::Record(record) = piece else { panic!("{piece:?}") };
                decode(record);
            };
            input.as_bytes().chunks(7).for_each(|portion| framing.feed(portion, &mut out));
            framing.finish(&mut out);
        }
    }
    found
}

#[test]
fn every_shape_gives_the_same_event() {
    let native: Value = serde_json::from_str(LINE).unwrap();
    let docker = |text: &str| json!({"log":text,"stream":"stdout","time":"2026-03-01T12:34:56.789Z"}).to_string();
    let with_line = |line: &str| {
        let mut document = document();
        document["message"] = json!(line);
        document
    };
    let hit = json!({"_index":"i","_id":"1","_source":document()});
    let response =
        json!({"took":1,"hits":{"total":{"value":2},"hits":[hit, {"_index":"i","_source":with_line(LINE)}]}});
    let csv = "\"@timestamp\",\"event.action\",\"user.name\",\"source.ip\",\"source.port\",\"elasticsearch.audit.realm\",\"elasticsearch.node.id\",\"http.request.id\",\"url.original\"\n\
        \"Mar 1, 2026 @ 12:34:56.789\",realm_authentication_failed,\"bob | \"\"x\"\"\",\"2001:db8::1\",\"51,504\",\"default_native\",n1,r1,\"/_search\"\n";
    let bulk = format!("{{\"index\":{{\"_index\":\"i\"}}}}\n{}\n{{\"create\":{{}}}}\n{}\n", document(), LINE);
    for (input, format, count) in [
        (LINE.to_owned(), "native", 1),
        (docker(&format!("{LINE}\n")), "docker", 1),
        (format!("2026-03-01T12:34:56.789Z stdout F {LINE}"), "cri", 1),
        (format!("es01_1  | {LINE}"), "compose", 1),
        (format!("[pod/es-0/es] {LINE}"), "kubectl", 1),
        (format!("Mar  1 12:34:56 host es[1]: {LINE}"), "prefixed", 1),
        (format!("2026-03-01T12:34:56.789Z stdout F {}", docker(LINE)), "cri", 1),
        (json!({"@timestamp":"2026-03-05T00:00:00Z","message":LINE}).to_string(), "message", 1),
        (json!({"@timestamp":"2026-03-05T00:00:00Z","json":native}).to_string(), "wrapped", 1),
        (document().to_string(), "ecs", 1),
        (with_line(LINE).to_string(), "ecs", 1),
        (serde_json::to_string_pretty(&document()).unwrap(), "ecs", 1),
        (json!({"_index":"i","_source":native}).to_string(), "elasticdump", 1),
        (hit.to_string(), "elasticdump", 1),
        (response.to_string(), "elasticdump", 2),
        (serde_json::to_string_pretty(&response).unwrap(), "elasticdump", 2),
        (json!([response, response]).to_string(), "elasticdump", 4),
        (csv.to_owned(), "ecs", 1),
    ] {
        assert_eq!(events(&input), vec![(format, expected()); count], "{input}");
    }
    assert_eq!(events(&bulk), [("ecs", expected()), ("native", expected())]);
}

fn expected() -> String {
    "2026-03-01T12:34:56.789Z realm_authentication_failed n1 bob | \"x\" default_native [2001:db8::1]:51504 r1 /_search"
        .to_owned()
}

#[test]
fn parts_of_a_record_are_the_record() {
    let (a, b) = LINE.split_at(100);
    let parts = [format!("2026-03-01T12:34:56.789Z stdout P {a}"), format!("2026-03-01T12:34:56.789Z stdout F {b}")];
    assert!(partial::continues(parts[0].as_bytes()) && !partial::continues(parts[1].as_bytes()));
    let record = partial::join(&[parts[0].as_bytes(), parts[1].as_bytes()]).unwrap();
    assert_eq!(events(std::str::from_utf8(&record).unwrap()), [("cri", expected())]);
}
