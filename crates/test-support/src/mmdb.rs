//! Small databases in MaxMind's format, by its specification (maxmind.github.io/MaxMind-DB): a tree of IPv6 addresses with
//! those of IPv4 in `::/96`, records of 24 bits, a data section without pointers, metadata.

use std::net::IpAddr;

use serde_json::{Value, json};

/// Members of the metadata that have 16 bits; the time of the build has 64, all other numbers 32.
const SHORT: [&str; 4] = ["binary_format_major_version", "binary_format_minor_version", "ip_version", "record_size"];

/// What a branch of the tree leads to.
#[derive(Clone, Copy)]
enum Branch {
    Nothing,
    Node(usize),
    Data(usize),
}

/// A database of a type: blocks such as `81.2.69.0/24` with what is said of them, larger ones before smaller ones.
pub fn database(kind: &str, blocks: &[(&str, Value)]) -> Vec<u8> {
    let (mut nodes, mut data) = (vec![[Branch::Nothing; 2]], Vec::new());
    for (block, value) in blocks {
        let at = data.len();
        encode(&mut data, value);
        put(&mut nodes, block, at);
    }
    let count = nodes.len();
    let record = |branch: Branch| match branch {
        Branch::Nothing => count,
        Branch::Node(node) => node,
        Branch::Data(at) => count + 16 + at,
    };
    let mut file: Vec<u8> = Vec::new();
    for branch in nodes.into_iter().flatten() {
        file.extend(&(record(branch) as u32).to_be_bytes()[1..]);
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = json!({
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1_772_366_400_u64,
        "database_type": kind, "description": {"en": "made by a test"}, "ip_version": 6, "languages": ["en"],
        "node_count": count, "record_size": 24,
    });
    encode(&mut file, &metadata);
    file
}

/// Leads a block to its data.
fn put(nodes: &mut Vec<[Branch; 2]>, block: &str, at: usize) {
    let (address, length) = block.split_once('/').unwrap();
    let length: u32 = length.parse().unwrap();
    let (bits, length) = match address.parse().unwrap() {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), length + 96),
        IpAddr::V6(v6) => (u128::from(v6), length),
    };
    let side = |depth: u32| (bits >> (127 - depth) & 1) as usize;
    let mut node = 0;
    for depth in 0..length - 1 {
        node = match nodes[node][side(depth)] {
            Branch::Node(next) => next,
            // A larger block goes on beside the smaller one.
            other => {
                nodes.push([other; 2]);
                let next = nodes.len() - 1;
                nodes[node][side(depth)] = Branch::Node(next);
                next
            }
        };
    }
    nodes[node][side(length - 1)] = Branch::Data(at);
}

/// A value: a control byte of type and size, then its bytes.
fn encode(out: &mut Vec<u8>, value: &Value) {
    let mut control = |kind: u8, size: usize| {
        let (size, more) = if size < 29 { (size as u8, None) } else { (29, Some((size - 29) as u8)) };
        // Types above 7 stand in a byte of their own.
        if kind > 7 {
            out.extend([size, kind - 7])
        } else {
            out.push(kind << 5 | size)
        }
        out.extend(more);
    };
    match value {
        Value::String(text) => {
            control(2, text.len());
            out.extend(text.as_bytes());
        }
        Value::Bool(flag) => control(14, usize::from(*flag)),
        Value::Number(number) if number.is_f64() => {
            control(3, 8);
            out.extend(number.as_f64().unwrap().to_be_bytes());
        }
        Value::Number(number) => {
            control(6, 4);
            out.extend((number.as_u64().unwrap() as u32).to_be_bytes());
        }
        Value::Array(list) => {
            control(11, list.len());
            list.iter().for_each(|value| encode(out, value));
        }
        Value::Object(members) => {
            control(7, members.len());
            for (name, value) in members {
                encode(out, &Value::from(name.as_str()));
                match (name.as_str(), value.as_u64()) {
                    ("build_epoch", Some(number)) => {
                        out.extend([8, 2]);
                        out.extend(number.to_be_bytes());
                    }
                    (name, Some(number)) if SHORT.contains(&name) => {
                        out.push(5 << 5 | 2);
                        out.extend((number as u16).to_be_bytes());
                    }
                    _ => encode(out, value),
                }
            }
        }
        Value::Null => unreachable!("databases leave out what they do not know"),
    }
}
