//! A record in any wrapping is the same event, whatever the encoding and compression; text that a client wrote is none.

use std::io::Write;

use esaudit::internals::decode::{Context, decode_line};
use esaudit::internals::event::Record;
use esaudit::internals::framing::{Frame, Framing};
use esaudit::internals::time::Zone;
use proptest::prelude::*;
use serde_json::{Value, json};
use test_support::esaudit;

/// Puts a line into an envelope.
type Envelope = (&'static str, fn(&str) -> String);

/// One of each family that pipelines use, and some that none uses.
const ENVELOPES: &[Envelope] = &[
    ("textPayload of GCP", |line| {
        json!({"insertId":"a","textPayload":line,"timestamp":"2026-03-09T00:00:00Z"}).to_string()
    }),
    ("jsonPayload of GCP", |line| json!({"jsonPayload":object(line),"timestamp":"2026-03-09T00:00:00Z"}).to_string()),
    ("result of Splunk", |line| json!({"preview":false,"result":{"_raw":line,"host":"h"}}).to_string()),
    ("HEC", |line| json!({"time":1.5,"host":"h","event":object(line)}).to_string()),
    ("CloudWatch", |line| json!({"events":[{"timestamp":1,"message":line}],"searchedLogStreams":[]}).to_string()),
    ("Insights", |line| {
        json!({"results":[[{"field":"@timestamp","value":"x"},{"field":"@message","value":line}]]}).to_string()
    }),
    ("EVENTS", |line| format!("EVENTS\t1772366516100\t{line}\t1772366516101")),
    ("Azure", |line| json!({"records":[{"time":"x","properties":{"log":format!("{line}\n")}}]}).to_string()),
    ("Log Analytics", |line| {
        json!({"tables":[{"columns":[{"name":"T"},{"name":"LogEntry"}],"rows":[["x",line]]}]}).to_string()
    }),
    ("Loki", |line| json!({"data":{"result":[{"stream":{"app":"es"},"values":[["1",line]]}]}}).to_string()),
    ("logcli", |line| format!("2026-03-09T00:00:00Z {{app=\"es\"}} {line}")),
    ("OTLP", |line| {
        json!({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":line},"attributes":[]}]}]}]})
            .to_string()
    }),
    ("journald", |line| json!({"MESSAGE":line,"PRIORITY":"6","_HOSTNAME":"h"}).to_string()),
    ("export of journald", |line| format!("MESSAGE={line}")),
    ("RFC 5424", |line| format!(r#"<134>1 2026-03-09T00:00:00Z h es 42 ID47 [x@1 a="\"q\" \] b"] {line}"#)),
    ("RFC 3164", |line| format!("<134>Mar  9 00:00:00 h es[42]: {line}")),
    ("rsyslog", |line| json!({"hostname":"h","msg":format!(" {line}")}).to_string()),
    ("GELF", |line| json!({"version":"1.1","host":"h","short_message":line,"level":6}).to_string()),
    ("Datadog", |line| json!({"id":"A","content":{"message":line,"service":"es","tags":["a"]}}).to_string()),
    ("Wazuh", |line| json!({"rule":{"id":"1"},"agent":{"id":"1"},"full_log":line}).to_string()),
    ("kcat", |line| json!({"topic":"t","partition":0,"key":null,"payload":line}).to_string()),
    ("Fluent Bit", |line| format!("[0] es: [[1.5, {{}}], {{\"log\"=>{}}}]", json!(line))),
    ("Logstash", |line| json!({"@timestamp":"2026-03-09T00:00:00Z","any_target":object(line)}).to_string()),
    ("ES|QL", |line| json!({"columns":[{"name":"@timestamp"},{"name":"message"}],"values":[["x",line]]}).to_string()),
    ("a string", |line| json!(line).to_string()),
    ("a comma", |line| format!("{line},")),
    ("docker logs -t", |line| format!("2026-03-09T00:00:00.123456789Z {line}")),
    ("grep", |line| format!("/var/log/elasticsearch/prod.json:12:{line}")),
    ("nobody's", |line| json!({"zork":[{"n":1,"deep":{"er":[[{"pocket":line}]]}}]}).to_string()),
    ("nobody's text", |line| format!("~~ 17 ~~ {line}")),
    ("twice", |line| json!({"log":json!({"message":line}).to_string(),"n":1}).to_string()),
];

fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

fn line(user: &str) -> String {
    json!({"type":"audit","timestamp":"2026-03-01T12:34:56,789+0000","node.id":"n1","event.type":"rest",
        "event.action":"authentication_failed","user.name":user,"origin.type":"rest","origin.address":"10.0.0.1:5000",
        "url.path":"/_search","request.id":"r1"})
    .to_string()
}

/// What a line holds.
fn decoded(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut give = |line: &[u8]| {
        decode_line(line, &Context::new(Zone::UTC), &mut |_, record| {
            if let Record::Audit(event) = record {
                found.push(format!("{event:?}"));
            }
        })
        .unwrap();
    };
    match Framing::sniff(line.as_bytes()) {
        None => give(line.as_bytes()),
        Some(framing) => {
            let mut framer = framing.framer(1 << 20);
            let mut out = |_, frame: Frame<'_>| {
                if let Frame::Record(record) = frame {
                    give(record);
                }
            };
            framer.feed(line.as_bytes(), &mut out);
            framer.finish(&mut out);
        }
    }
    found
}

#[test]
fn an_event_is_the_same_in_every_wrapping() {
    let expected = decoded(&line("bob"));
    assert_eq!(expected.len(), 1);
    for (name, wrap) in ENVELOPES {
        assert_eq!(decoded(&wrap(&line("bob"))), expected, "{name}: {}", wrap(&line("bob")));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever a client calls itself, also what looks like records and envelopes.
    #[test]
    fn wrapping_changes_nothing_whatever_the_client_writes(parts in prop::collection::vec(prop::sample::select(vec![
        "a", "é", "\"", "\\", " ", "\n", "{", "}", "[2026-03-01T12:00:00,000]", "{\"type\":\"audit\",\"event.action\":\"x\"}", "=>", "\t1772366516101", ",",
    ]), 1..6)) {
        let line = line(&parts.concat());
        let expected = decoded(&line);
        prop_assert_eq!(expected.len(), 1);
        for (name, wrap) in ENVELOPES {
            prop_assert_eq!(&decoded(&wrap(&line)), &expected, "{}: {}", name, wrap(&line));
        }
    }
}

/// Members and lines in which clients write.
#[test]
fn what_a_client_wrote_is_no_event() {
    let forged = line("victim");
    let escaped = forged.replace('"', "\\x22");
    for carrier in [
        format!("10.1.1.1 - - [12/Apr/2026:07:15:30 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"{forged}\""),
        format!("10.1.1.1 - - [12/Apr/2026:07:15:30 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"{escaped}\""),
        json!({"remote_addr":"1.2.3.4","request":"GET /","status":200,"http_user_agent":forged}).to_string(),
        json!({"message":"hello","request":{"headers":{"x-note":forged},"body":forged}}).to_string(),
        json!({"log":"GET / 200\n","kubernetes":{"labels":{"app":forged}}}).to_string(),
        json!({"topic":"t","key":forged,"payload":"hello"}).to_string(),
        json!({"columns":[{"name":"user_agent.original"}],"values":[[forged]]}).to_string(),
        format!("2026-04-12T07:15:30Z INFO http - user-agent={forged}"),
        // Tables of requests without names, and programs that tell what they were sent.
        format!(" 10.0.0.1   |    200 | {forged}"),
        format!("10.0.0.1\t200\tGET\t/\t{forged}"),
        format!("WARNING:root:got payload {forged}"),
        format!("2026-04-12 07:15:30,000 INFO Login - the user sent: {forged}"),
        json!({"ts":1,"lvl":"warn","event":"login_failed","value":forged}).to_string(),
        json!({"name":"shop","hostname":"h","pid":1,"level":40,"msg":forged,"time":"x","v":0}).to_string(),
        json!({"Records":[{"eventSource":"s3","userAgent":forged,"requestParameters":{"x":forged},"errorMessage":forged}]})
            .to_string(),
        json!({"findings":[{"Title":"x","Description":forged}]}).to_string(),
        json!({"winlog":{"event_data":{"param1":forged}},"message":format!("Process created: {forged}")}).to_string(),
        json!({"process":{"args":["x",forged],"title":forged}}).to_string(),
        format!("ticket,description\n1,\"{}\"\n", forged.replace('"', "\"\"")),
        format!("time,search_term\n1,\"{}\"\n", forged.replace('"', "\"\"")),
        format!("time,field,value\n1,user-agent,\"{}\"\n", forged.replace('"', "\"\"")),
        json!({"time":"x","type":"request","auth":{"display_name":forged},"request":{"data":{"password":forged}}}).to_string(),
        json!({"ClientRequestURI":forged,"ClientRequestUserAgent":forged,"EdgeResponseStatus":200}).to_string(),
        json!({"event_type":"http","src_ip":"6.6.6.6","http":{"hostname":forged},"payload_printable":forged}).to_string(),
        json!({"event_id":"x","breadcrumbs":{"values":[{"message":forged,"category":"console"}]}}).to_string(),
        json!({"field":"user-agent","value":forged}).to_string(),
        // In a message of several lines.
        format!("[2026-03-01T12:34:56,700][WARN ][r.suppressed             ] [n] path: /x, params: {{q=\n{forged}\n}}\n"),
    ] {
        assert_eq!(decoded(&carrier), [""; 0], "{carrier}");
    }
}

#[test]
fn neither_encoding_nor_compression_shows() {
    let text: String = ENVELOPES[14..18].iter().map(|(_, wrap)| format!("{}\n", wrap(&line("jürgen")))).collect();
    let utf16 = |order: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        format!("{mark}{text}").encode_utf16().flat_map(order).collect()
    };
    let encoded = [
        text.clone().into_bytes(),
        utf16(u16::to_le_bytes, "\u{feff}"),
        utf16(u16::to_be_bytes, "\u{feff}"),
        utf16(u16::to_le_bytes, ""),
        utf16(u16::to_be_bytes, ""),
    ];
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let lz4 = |bytes: &[u8]| {
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let snappy = |bytes: &[u8]| {
        let mut encoder = snap::write::FrameEncoder::new(Vec::new());
        encoder.write_all(bytes).unwrap();
        encoder.into_inner().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    for (at, bytes) in encoded.iter().enumerate() {
        for (how, stored) in
            [("plain", bytes.clone()), ("gzip", gzip(bytes)), ("lz4", lz4(bytes)), ("snappy", snappy(bytes))]
        {
            std::fs::write(&path, stored).unwrap();
            let report = test_support::report(&[path.to_str().unwrap()], &[]);
            assert_eq!(report.coverage.audit_events, 4, "{at} {how}");
            assert_eq!(report.groups.get(0).unwrap().principal.as_deref(), Some("jürgen"), "{at} {how}");
        }
    }
}

#[test]
fn nothing_to_report_is_no_all_clear() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    std::fs::write(&path, "10.1.1.1 - - [12/Apr/2026:07:15:30 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"curl\"\n")
        .unwrap();
    for format in ["table", "md", "html", "json"] {
        let output = esaudit(&["report", "--fail-on", "low", "--format", format, path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{format}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("no audit and no server event") && told.contains("access log of a web server"), "{told}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("matches a known pattern"), "{format}");
    }
    let audit = folder.path().join("audit.json");
    std::fs::write(&audit, format!("{}\n", line("bob"))).unwrap();
    let run = |least: &str| esaudit(&["report", "--require-events", least, audit.to_str().unwrap()]).status.code();
    assert_eq!((run("1"), run("2")), (Some(0), Some(2)));
}
