//! Every decoder of the registry, on lines of its shape. On one thread.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use esaudit::internals::decode::{Context, JSON_SHAPES, TEXT_SHAPES, decode_line};
use esaudit::internals::event::Record;
use esaudit::internals::lines::lines;
use esaudit::internals::time::Zone;
use serde_json::{Value, json};

use crate::corpus;

/// What all files of a cluster hold that logs in such a shape.
pub(crate) fn shaped(shape: &str) -> Vec<u8> {
    let options: &[&[&str]] = &[&["--shape", shape, "--bytes", "4MB", "--failure-share", "0.13"]];
    // The listing of API keys lies beside the folders of the nodes.
    corpus::read(&corpus::files(&corpus::generate(&format!("shape-{shape}"), options).join("es-1"), ""))
}

/// The server logs of a cluster that logs little else.
pub(crate) fn server_log(format: &str) -> Vec<u8> {
    let options: &[&[&str]] = &[
        &["--server-log", "--server-format", format, "--rate", "0.1", "--server-rate", "0.05"],
        &["--failure-share", "0.13"],
    ];
    corpus::read(&corpus::files(&corpus::generate(&format!("server-{format}"), options), "_server"))
}

/// Each audit line of a busy cluster, made into something else.
fn each_line(make: impl Fn(&str) -> String) -> Vec<u8> {
    let text = &corpus::NATIVE_TEXT[..4_000_000];
    let whole = lines(text).take(corpus::count_lines(text) - 1);
    whole.flat_map(|line| (make(str::from_utf8(line).unwrap()) + "\n").into_bytes()).collect()
}

/// Audit lines with what a record of another product has in their place.
fn each_event(make: impl Fn(&Value) -> Value) -> Vec<u8> {
    each_line(|line| make(&serde_json::from_str(line).unwrap()).to_string())
}

/// Lines that the decoder of this name decodes.
fn text_for(name: &str) -> Vec<u8> {
    match name {
        "native" => corpus::NATIVE_TEXT.clone(),
        "ecs" => shaped("ecs"),
        "elasticdump" => shaped("elasticdump"),
        "audit-text" => shaped("text5"),
        "server-ecs" => server_log("ecs"),
        "server-json" => server_log("json7"),
        "server-text" => server_log("text"),
        "docker" => each_line(|line| json!({"log": format!("{line}\n"), "stream": "stdout", "time": "t"}).to_string()),
        "message" => each_line(|line| json!({"@timestamp": "2026-03-02T00:00:00Z", "message": line}).to_string()),
        "cri" => each_line(|line| format!("2026-03-02T00:00:00.123456789Z stdout F {line}")),
        "compose" => each_line(|line| format!("es01-1  | {line}")),
        "kubectl" => each_line(|line| format!("[pod/es-0/elasticsearch] {line}")),
        "prefixed" => each_line(|line| format!("Mar  2 00:00:00 host es[1]: {line}")),
        // The server line in the container's envelope that holds the event as text.
        "server-text-event" => lines(&shaped("docker7text"))
            .filter_map(|line| serde_json::from_slice::<Value>(line).unwrap()["log"].as_str().map(str::to_owned))
            .flat_map(String::into_bytes)
            .collect(),
        "legacy" => each_event(|event| {
            json!({"@timestamp": event["timestamp"], "node_name": event["node.name"], "layer": event["event.type"],
                "event_type": event["event.action"], "principal": event["user.name"], "realm": event["realm"],
                "origin_address": event["origin.address"], "uri": "/_search", "request": "SearchRequest"})
        }),
        "opensearch" => each_event(|event| {
            json!({"audit_cluster_name": "prod", "audit_node_id": event["node.id"], "audit_node_name": "es-1",
                "@timestamp": event["timestamp"], "audit_category": "FAILED_LOGIN", "audit_request_layer": "REST",
                "audit_request_effective_user": event["user.name"], "audit_rest_request_path": "/_search",
                "audit_request_remote_address": "10.0.0.9", "audit_format_version": 4})
        }),
        other => panic!("nothing to decode as {other}: add some"),
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    JSON_SHAPES.iter().map(|shape| shape.name()).chain(TEXT_SHAPES.iter().map(|shape| shape.name()))
}

/// Decodes lines of each shape.
#[divan::bench(args = names())]
fn decode(bencher: Bencher<'_, '_>, name: &str) {
    let context = Context::new(Zone::UTC);
    let text = text_for(name);
    let count = corpus::count_lines(&text);
    let mut records = 0;
    for line in lines(&text) {
        let counted = &mut |format: &'static str, record: Record<'_>| {
            records += usize::from(format == name && !matches!(record, Record::Other));
        };
        decode_line(line, &context, counted).unwrap();
    }
    assert!(records > 1000 && records * 10 > count * 9, "{name}: {records} of {count} lines");
    bencher.counter(BytesCount::of_slice(&text)).counter(ItemsCount::new(count)).bench_local(|| {
        for line in lines(&text) {
            decode_line(line, &context, &mut |_: &'static str, record: Record<'_>| {
                black_box(&record);
            })
            .unwrap();
        }
    });
}
