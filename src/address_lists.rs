//! Lists of known addresses (`--addresses FILE`, `--addresses good=FILE`): one a line with an optional label, a bundle of STIX
//! 2.1, or the CSV that MISP exports. The content says which.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::files;
use crate::options::{AddressStanding, Cidr, KnownBlock};

/// A list, as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressList {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub blocks: Vec<KnownBlock>,
}

/// An address or a block, and what is said of it.
type Labelled = (Cidr, Option<String>);

/// Reads a list: of bad addresses, unless `good=` stands before its name.
///
/// # Errors
/// A message for the user that names the file, and the line of what is wrong in it.
pub fn load(argument: &str) -> Result<AddressList, String> {
    let (standing, name) = match argument.split_once('=') {
        Some(("good", name)) => (AddressStanding::Good, name),
        Some(("bad", name)) => (AddressStanding::Bad, name),
        _ => (AddressStanding::Bad, argument),
    };
    let text = files::read(Path::new(name), files::LIST).map_err(|error| format!("{name}: {error}"))?;
    let text = String::from_utf8(text).map_err(|_| format!("{name}: no text in UTF-8"))?;
    let labelled = parse(text.trim_start_matches('\u{feff}')).map_err(|error| format!("{name}: {error}"))?;
    if labelled.is_empty() {
        return Err(format!("{name}: there is no address in it"));
    }
    let known = |(block, label): Labelled| KnownBlock { standing, label, list: name.to_owned(), block };
    Ok(AddressList { path: PathBuf::from(name), blocks: labelled.into_iter().map(known).collect() })
}

/// Reads the text of a list.
fn parse(text: &str) -> Result<Vec<Labelled>, String> {
    if text.trim_start().starts_with('{') {
        let bundle: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        return stix(&bundle);
    }
    let mut records = AddressRecords::new(text);
    let header: Vec<String> = records.next().map(|(_, fields)| fields).unwrap_or_default();
    let column = |name: &str| header.iter().position(|known| known == name);
    match (column("type"), column("value")) {
        (Some(kind), Some(value)) => misp(records, [Some(kind), Some(value), column("comment"), column("to_ids")]),
        _ => lines(text),
    }
}

/// One address or block a line, and after a comma or blanks what is said of it; `#` begins a remark.
fn lines(text: &str) -> Result<Vec<Labelled>, String> {
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1_u64..) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let (address, label) =
            line.split_once(|c: char| matches!(c, ',' | ';') || c.is_whitespace()).unwrap_or((line, ""));
        let block = Cidr::parse(address).map_err(|error| format!("line {number}: {error}"))?;
        found.push((block, named(label.trim_matches(|c: char| matches!(c, ',' | ';' | '"') || c.is_whitespace()))));
    }
    Ok(found)
}

fn named(label: &str) -> Option<String> {
    (!label.is_empty()).then(|| label.to_owned())
}

/// Addresses among the objects of a bundle: observables as they are, and those that patterns of indicators compare with. What is
/// revoked is not known any more.
fn stix(bundle: &Value) -> Result<Vec<Labelled>, String> {
    let objects = bundle.get("objects").and_then(Value::as_array);
    let objects = objects.filter(|_| bundle.get("type").is_some_and(|kind| kind == "bundle"));
    let objects = objects.ok_or("JSON, but no bundle of STIX 2.1 (`type` bundle, `objects`)")?;
    let mut found = Vec::new();
    for object in objects.iter().filter(|object| object.get("revoked") != Some(&Value::Bool(true))) {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        match text("type") {
            Some("ipv4-addr" | "ipv6-addr") => {
                found.extend(text("value").and_then(|value| Cidr::parse(value).ok()).map(|block| (block, None)));
            }
            Some("indicator") => {
                let blocks = compared(text("pattern").unwrap_or_default());
                found.extend(blocks.into_iter().map(|block| (block, text("name").and_then(named))));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The addresses that a pattern compares observables with: `[ipv4-addr:value = '198.51.100.7']`, also of several. A pattern
/// that asks for more than an address at once, or for none, says nothing of the address alone.
fn compared(pattern: &str) -> Vec<Cidr> {
    let mut outside = String::new();
    let mut values = Vec::new();
    for (at, piece) in pattern.split('\'').enumerate() {
        if at % 2 == 0 {
            outside.push_str(piece);
        } else {
            values.push(piece);
        }
    }
    let upper = outside.to_ascii_uppercase();
    let narrower =
        upper.contains("!=") || upper.split_whitespace().any(|word| ["AND", "NOT", "FOLLOWEDBY"].contains(&word));
    if narrower {
        return Vec::new();
    }
    values.into_iter().filter_map(|value| Cidr::parse(value).ok()).collect()
}

/// The rows of an export of MISP that are about addresses; those that are not meant for detection (`to_ids` 0) are left out.
fn misp(records: AddressRecords<'_>, columns: [Option<usize>; 4]) -> Result<Vec<Labelled>, String> {
    let mut found = Vec::new();
    for (line, fields) in records {
        let [kind, value, comment, to_ids] =
            columns.map(|column| column.and_then(|column| fields.get(column)).map_or("", |field| field.trim()));
        if !matches!(kind, "ip-src" | "ip-dst" | "ip-src|port" | "ip-dst|port") || to_ids == "0" {
            continue;
        }
        let address = value.split('|').next().unwrap_or_default();
        let block = Cidr::parse(address).map_err(|error| format!("line {line}: {error}"))?;
        found.push((block, named(comment)));
    }
    Ok(found)
}

/// The records of a CSV (RFC 4180), each with the line that it begins on.
struct AddressRecords<'t> {
    reader: csv_core::Reader,
    rest: &'t [u8],
    line: u64,
    /// The fields of the record, one after another, and where each ends.
    fields: Vec<u8>,
    ends: Vec<usize>,
}

impl<'t> AddressRecords<'t> {
    fn new(text: &'t str) -> Self {
        let (fields, ends) = (vec![0; 256], vec![0; 32]);
        Self { reader: csv_core::Reader::new(), rest: text.as_bytes(), line: 1, fields, ends }
    }

    /// Goes over bytes of the text.
    fn pass(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        self.line += passed.iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.rest = rest;
    }
}

impl Iterator for AddressRecords<'_> {
    type Item = (u64, Vec<String>);

    fn next(&mut self) -> Option<Self::Item> {
        // The reader goes over empty lines by itself, and a record does not begin there.
        self.pass(self.rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count());
        let begun = self.line;
        let (mut written, mut ended) = (0, 0);
        loop {
            let (fields, ends) = (&mut self.fields[written..], &mut self.ends[ended..]);
            let (result, read, more, fields) = self.reader.read_record(self.rest, fields, ends);
            self.pass(read);
            (written, ended) = (written + more, ended + fields);
            match result {
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::OutputFull => self.fields.resize(2 * self.fields.len(), 0),
                csv_core::ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                csv_core::ReadRecordResult::Record => break,
                csv_core::ReadRecordResult::End => return None,
            }
        }
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let fields = starts.zip(&self.ends[..ended]).map(|(start, &end)| &self.fields[start..end]);
        Some((begun, fields.map(|field| String::from_utf8_lossy(field).into_owned()).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<(String, Option<String>)> {
        parse(text).unwrap().into_iter().map(|(block, label)| (block.to_string(), label)).collect()
    }

    fn row(block: &str, label: &str) -> (String, Option<String>) {
        (block.to_owned(), named(label))
    }

    #[test]
    fn one_a_line() {
        let text =
            "# ours\n198.51.100.7\n198.51.100.8, a scanner # since May\n2001:db8::/32\tlab, two\n\n10.0.0.0/8;x\r\n";
        let expected = [
            row("198.51.100.7/32", ""),
            row("198.51.100.8/32", "a scanner"),
            row("2001:db8::/32", "lab, two"),
            row("10.0.0.0/8", "x"),
        ];
        assert_eq!(labels(text), expected);
        assert!(parse("198.51.100.7\nnonsense x\n").unwrap_err().starts_with("line 2: `nonsense`"));
    }

    #[test]
    fn bundles_of_stix() {
        let bundle = serde_json::json!({"type": "bundle", "id": "bundle--1", "objects": [
            {"type": "indicator", "name": "C2", "pattern": "[ipv4-addr:value = '198.51.100.7' OR ipv6-addr:value = '2001:db8::1']"},
            {"type": "indicator", "name": "net", "pattern": "[ipv4-addr:value ISSUBSET '198.51.100.0/24']"},
            {"type": "indicator", "name": "narrow", "pattern": "[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port = 443]"},
            {"type": "indicator", "name": "not", "pattern": "[ipv4-addr:value != '192.0.2.2']"},
            {"type": "indicator", "name": "old", "revoked": true, "pattern": "[ipv4-addr:value = '192.0.2.3']"},
            {"type": "indicator", "name": "file", "pattern": "[file:hashes.MD5 = 'x']"},
            {"type": "ipv4-addr", "value": "192.0.2.4"},
        ]});
        let expected = [
            row("198.51.100.7/32", "C2"),
            row("2001:db8::1/128", "C2"),
            row("198.51.100.0/24", "net"),
            row("192.0.2.4/32", ""),
        ];
        assert_eq!(labels(&bundle.to_string()), expected);
        assert!(parse("{\"type\": \"report\"}").unwrap_err().contains("no bundle"));
        assert!(parse("{").unwrap_err().contains("no JSON"));
    }

    #[test]
    fn exports_of_misp() {
        let text = "uuid,event_id,category,type,value,comment,to_ids,date\r\n\
                    1,7,\"Network activity\",ip-src,198.51.100.7,\"said \"\"bad\"\",\nand more\",1,20260301\r\n\
                    2,7,\"Network activity\",\"ip-dst|port\",198.51.100.8|443,,1,20260301\n\
                    3,7,x,ip-src,198.51.100.9,,0,\n4,7,x,domain,example.org,,1,\n";
        let expected = [row("198.51.100.7/32", "said \"bad\",\nand more"), row("198.51.100.8/32", "")];
        assert_eq!(labels(text), expected);
        let wrong = format!("{text}5,7,x,ip-src,nonsense,,1,\n");
        assert!(parse(&wrong).unwrap_err().starts_with("line 7: `nonsense`"));
    }
}
