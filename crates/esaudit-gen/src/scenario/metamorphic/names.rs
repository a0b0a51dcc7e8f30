//! Everything gets another name.

use std::collections::HashMap;

use serde_json::Value;

use crate::event::{Event, Record};
use crate::scenario::log::Log;
use crate::text::{Text, keep};

/// Names that mean something to Elasticsearch, and are not anybody's to choose.
const BUILT_IN: [Text; 7] = [
    "elastic",
    "kibana_system",
    "logstash_system",
    "beats_system",
    "apm_system",
    "remote_monitoring_user",
    "_security",
];

/// Old names and their new ones.
#[derive(Default)]
struct Names {
    of: HashMap<Text, Text>,
}

impl Names {
    fn add(&mut self, name: Option<Text>, prefix: &str) {
        let Some(name) = name else { return };
        // Service accounts and placeholders have a form of their own.
        let fixed = BUILT_IN.contains(&name) || name.contains('/') || name.starts_with('<');
        if !fixed && !self.of.contains_key(name) {
            let new = keep(format!("{prefix}{}", 1000 + self.of.len()));
            self.of.insert(name, new);
        }
    }

    fn get(&self, name: &Text) -> Text {
        self.of.get(name).copied().unwrap_or(name)
    }

    fn set(&self, name: &mut Option<Text>) {
        *name = name.as_ref().map(|name| self.get(name));
    }

    /// A text with every name in it replaced, words being what stands between these marks.
    fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut word = String::new();
        for letter in text.chars().chain(['\0']) {
            if "[](),=:/ '\0".contains(letter) {
                out.push_str(self.of.get(word.as_str()).copied().unwrap_or(&word));
                word.clear();
                out.extend(Some(letter).filter(|l| *l != '\0'));
            } else {
                word.push(letter);
            }
        }
        out
    }

    fn json(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(new) = self.of.get(text.as_str()) {
                    (*new).clone_into(text);
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.json(value)),
            Value::Object(members) => members.values_mut().for_each(|value| self.json(value)),
            _ => {}
        }
    }

    fn event(&self, event: &mut Event) {
        let who = &mut event.who;
        self.set(&mut who.user);
        for other in [&mut who.run_by, &mut who.run_as] {
            *other = other.map(|(name, realm)| (self.get(&name), realm));
        }
        who.key = who.key.map(|(id, name)| (self.get(&id), self.get(&name)));
        event.origin.path = event.origin.path.map(|path| keep(self.text(path)));
        event.origin.source = event.origin.source.map(moved);
        event.origin.forwarded = event.origin.forwarded.map(moved);
        event.change = event.change.map(|(verb, body)| {
            let mut value: Value = serde_json::from_str(body).unwrap_or_default();
            self.json(&mut value);
            (verb, keep(value.to_string()))
        });
    }
}

/// An address moved within its own kind of network, so that neighbours stay neighbours.
fn moved(source: Text) -> Text {
    let number = |text: &str| text.parse::<u8>().ok();
    if let Some(rest) = source.strip_prefix("2001:db8:") {
        return keep(format!("2001:db9:{rest}"));
    }
    let parts: Vec<&str> = source.split('.').collect();
    let [a, b, c, d] = parts[..] else { return source };
    match (number(a), number(b), number(c)) {
        (Some(127), ..) => source,
        (Some(192), Some(168), Some(third)) => keep(format!("192.168.{}.{d}", third ^ 0x2a)),
        (Some(172), Some(second), _) if (16..32).contains(&second) => keep(format!("172.{}.{c}.{d}", second ^ 5)),
        (_, Some(second), _) => keep(format!("{a}.{}.{c}.{d}", second ^ 0x15)),
        _ => source,
    }
}

fn collect(log: &Log) -> Names {
    let mut names = Names::default();
    for node in &log.nodes {
        for entry in &node.entries {
            let Record::Audit(event) = &entry.record else { continue };
            names.add(event.who.user, "name.");
            names.add(event.who.run_by.map(|r| r.0), "name.");
            names.add(event.who.run_as.map(|r| r.0), "name.");
            names.add(event.who.key.map(|k| k.0), "ABCDEFGHIJKLMNOP");
            names.add(event.who.key.map(|k| k.1), "key-");
        }
    }
    names
}

/// People, machines, keys, nodes and networks get other names; built-in users, realms and what is asked for keep theirs.
/// Nothing about the judgement changes but the names in it.
pub fn rename(log: &mut Log) {
    let names = collect(log);
    for (at, node) in log.nodes.iter_mut().enumerate() {
        node.node.name = keep(format!("other-node-{at}"));
        node.node.id = keep(format!("otherNode{at:013}"));
        for entry in &mut node.entries {
            match &mut entry.record {
                Record::Audit(event) => names.event(event),
                Record::Server(line) => line.message = names.text(&line.message),
            }
        }
    }
}
