//! The probe against the full decoder, over lines that are whole and lines that are damaged.

use proptest::prelude::*;

use super::*;
use crate::decode::{Context, decode_line};
use crate::event::Record;

/// Lines as several releases write them.
pub(crate) const LINES: &[&str] = &[
    r#"{"type":"audit", "timestamp":"2026-03-01T00:00:00,244+0000", "cluster.uuid":"FIyeYF_kTdiKV87kAMfWTA", "node.id":"ej9cKCvcRW2qQ2hmf0z47g", "event.type":"transport", "event.action":"access_granted", "authentication.type":"API_KEY", "user.name":"svc-ingest", "user.realm":"default_native", "user.roles":[], "apikey.id":"b-tpcR7Nl-z2V5xfw3Hu", "apikey.name":"ingest-1", "origin.type":"rest", "origin.address":"10.20.3.12:36678", "request.id":"GVqLeZp6RPWHSYERQ_FD5g", "action":"cluster:admin/xpack/security/user/authenticate", "request.name":"AuthenticateRequest", "trace.id":"ba1ccb9e17481e8a2f1f9427231c3102"}"#,
    r#"{"type":"audit", "timestamp":"2026-03-01T00:00:00,261+0000", "cluster.uuid":"FIyeYF_kTdiKV87kAMfWTA", "node.id":"ej9cKCvcRW2qQ2hmf0z47g", "event.type":"transport", "event.action":"access_granted", "authentication.type":"API_KEY", "user.name":"svc-ingest", "user.realm":"default_native", "user.roles":[], "apikey.id":"b-tpcR7Nl-z2V5xfw3Hu", "apikey.name":"ingest-1", "origin.type":"rest", "origin.address":"10.20.3.12:36679", "request.id":"9uXYoS9_Rzqjh0nVK1OoLw", "action":"indices:data/write/bulk[s]", "request.name":"BulkShardRequest", "indices":["logs-app-prod","x"], "x_forwarded_for":"192.168.1.40"}"#,
    r#"{"type":"audit", "timestamp":"2026-03-01T00:01:02,003+0000", "cluster.uuid":"FIyeYF_kTdiKV87kAMfWTA", "node.id":"ej9cKCvcRW2qQ2hmf0z47g", "event.type":"rest", "event.action":"realm_authentication_failed", "user.name":"alice", "origin.type":"rest", "origin.address":"[::1]:36678", "realm":"ldap1", "url.path":"/_search", "request.method":"GET", "request.id":"AAAAeZp6RPWHSYERQ_FD5g"}"#,
    r#"{"type":"audit", "timestamp":"2026-03-01T00:01:02,003+0000", "cluster.uuid":"FIyeYF_kTdiKV87kAMfWTA", "node.id":"ej9cKCvcRW2qQ2hmf0z47g", "event.type":"rest", "event.action":"authentication_failed", "user.name":"alice", "origin.type":"rest", "origin.address":"[::1]:36678", "url.path":"/_search", "request.method":"GET", "request.id":"AAAAeZp6RPWHSYERQ_FD5g", "trace.id":"t"}"#,
    r#"{"type":"audit", "timestamp":"2026-03-01T00:01:02,004+0000", "node.name":"es-1", "node.id":"ej9cKCvcRW2qQ2hmf0z47g", "event.type":"rest", "event.action":"anonymous_access_denied", "origin.type":"rest", "origin.address":"10.0.0.1:36678", "url.path":"/", "request.method":"GET", "request.id":"BBBBeZp6RPWHSYERQ_FD5g"}"#,
    r#"{"@timestamp":"2018-10-31T09:34:25,109", "node.id":"n", "event.type":"rest", "event.action":"authentication_failed", "user.name":"elastic", "origin.type":"rest", "origin.address":"10.0.0.1:1", "url.path":"/"}"#,
    r#"{"@timestamp":"2018-10-31T09:34:26,110", "node.id":"n", "event.type":"transport", "event.action":"access_denied", "user.name":"elastic", "user.realm":"reserved", "user.roles":["superuser"], "origin.type":"rest", "origin.address":"10.0.0.1:1", "request.id":"r", "action":"indices:data/read/search", "indices":[]}"#,
    r#"{"type": "audit", "timestamp":"2019-06-11T15:03:32,102+0200", "node.id":"n", "event.type":"rest", "event.action":"tampered_request", "origin.address":"172.17.0.1:40380"}"#,
    r#"{"type":"audit", "timestamp":"2026-03-01T00:00:00,300+0000", "node.id":"ej9cKCvcRW2qQ2hmf0z47g", "event.type":"transport", "event.action":"run_as_granted", "user.name":"a", "user.run_by.name":"b", "user.run_by.realm":"native1", "user.realm":"native1", "origin.type":"rest", "origin.address":"10.0.0.1:36678", "request.id":"CCCC", "action":"cluster:admin/xpack/security/user/put"}"#,
    r#"{"type":"audit", "timestamp":"2026-03-01T00:00:00,301+0000", "node.id":"ej9cKCvcRW2qQ2hmf0z47g", "event.type":"security_config_change", "event.action":"put_user", "request.id":"CCCC", "put":{"user":{"name":"u","enabled":true,"roles":["x"]}}}"#,
    r#"{"type":"audit", "timestamp":"2026-03-01T00:00:00,302+0000", "node.id":"", "event.type":"rest", "event.action":"authentication_success", "user.name":"_xpack", "realm":"__attach", "origin.type":"local_node", "origin.address":"", "request.id":""}"#,
    r#"{"type":"audit", "timestamp":"2026-03-01T00:00:00,302+0000", "event.action":"authentication_success", "user.name":"q\"uote", "realm":"native1", "url.path":"/a\\b"}"#,
    r#"{"type":"server", "timestamp":"2026-03-01T00:00:00,302+0000", "level":"WARN", "component":"c", "node.id":"n", "message":"m"}"#,
    r#"{"event.type":"other", "timestamp":"2026-03-01T00:00:00,302+0000", "event.action":"x"}"#,
    "plain text",
    "",
];

/// Fragments at the seams of the format.
const FRAGMENTS: &[&str] = &[
    "\"",
    ", ",
    ",",
    ":",
    " ",
    "{",
    "}",
    "[",
    "]",
    "\\",
    "\\\"",
    "\\u0041",
    "\t",
    "\r",
    "\u{0}",
    "\u{1f}",
    "\u{7f}",
    "é",
    "null",
    "1",
    "true",
    "\", \"",
    "\":\"",
    "\"], \"",
    ", \"realm\":\"dup\"",
    ", \"user.name\":\"dup\"",
    ", \"timestamp\":\"2026-03-01T00:00:59,999+0000\"",
    ", \"@timestamp\":\"2026-03-01T00:00:59,999\"",
    ", \"type\":\"audit\"",
    ", \"event.action\":\"access_denied\"",
    ", \"event.action\":\"put_role\"",
    ", \"indices\":[\"a\",\"b\"]",
    ", \"indices\":[\".security-7\",\"b\"]",
    ", \"indices\":[\"a\",\".security\"]",
    ", \"indices\":[\"*\",\"-*\"]",
    ", \"indices\":\".security\"",
    ", \"indices\":[\"a\", \"b\"]",
    ", \"indices\":[\"a\",]",
    ", \"user.roles\":[\"a\" \"b\"]",
    ", \"user.name\":[\"a\"]",
    ", \"unknown\":\"x\"",
    ", \"realm\":{\"name\":\"x\"}",
    ", \"_source\":{\"realm\":\"x\"}",
    ", \"elasticsearch.audit.realm\":\"x\"",
    ", \"origin.address\":\"10.0.0.9:1\"",
    ", \"origin.address\":\"\"",
    "\u{feff}",
];

/// A kind of damage: where (two places) and with what.
pub(crate) type Damage = (u8, prop::sample::Index, prop::sample::Index, u8, usize);

pub(crate) fn damage(line: &mut Vec<u8>, (kind, one, two, byte, fragment): &Damage) {
    let at = one.index(line.len() + 1);
    let fragment = FRAGMENTS[fragment % FRAGMENTS.len()].as_bytes();
    // Seams are where the grammar is decided: half of the damage goes there.
    let range_handoff: Vec<usize> = (0..line.len()).filter(|&at| b"\"{}[],: ".contains(&line[at])).collect();
    let seam = if range_handoff.is_empty() { at } else { range_handoff[two.index(range_handoff.len())] };
    let place = if byte % 2 == 0 { at } else { seam };
    match kind % 9 {
        0 if place < line.len() => line[place] = *byte,
        1 if place < line.len() => line[place] ^= 1 << (byte % 8),
        2 if place < line.len() => {
            line.remove(place);
        }
        3 => drop(line.splice(place..place, fragment.iter().copied())),
        4 => line.truncate(at),
        5 => {
            // A piece is lost, or doubled.
            let (from, to) = (at.min(seam), at.max(seam));
            let piece: Vec<u8> = line[from..to].to_vec();
            if byte % 4 < 2 {
                line.drain(from..to);
            } else {
                line.splice(to..to, piece);
            }
        }
        6 => {
            // Members change places.
            let mut members: Vec<Vec<u8>> = Vec::new();
            for (index, part) in String::from_utf8_lossy(line).split(", \"").enumerate() {
                members.push(if index == 0 { part.as_bytes().to_vec() } else { format!("\"{part}").into_bytes() });
            }
            let (a, b) = (one.index(members.len()), two.index(members.len()));
            members.swap(a, b);
            *line = members.join(&b", "[..]);
        }
        7 => {
            let end = line.iter().rposition(|&byte| byte == b'}').unwrap_or(line.len());
            line.splice(end..end, fragment.iter().copied());
        }
        _ => line.extend_from_slice(fragment),
    }
    line.retain(|&byte| byte != b'\n');
}

/// What a line holds, as far as it is folded.
#[derive(Debug, PartialEq)]
struct Seen {
    time: Millis,
    zone_assumed: bool,
    what: ActionKind,
    texts: Vec<Option<Vec<u8>>>,
    /// First, first restricted, how many.
    indices: Option<(Vec<u8>, Option<Vec<u8>>, u32)>,
    names: Vec<Vec<u8>>,
}

fn seen(facts: &impl AuditFields) -> Seen {
    let texts = [
        Some(facts.action_name()),
        facts.node_id(),
        facts.node_name(),
        facts.user(),
        facts.user_realm(),
        facts.run_by(),
        facts.apikey_id(),
        facts.apikey_name(),
        facts.token_name(),
        facts.realm(),
        facts.origin_type(),
        facts.origin(),
        facts.url_path(),
        facts.request_id(),
        facts.trace_id(),
        facts.forwarded_for(),
        facts.es_action(),
        facts.cluster_uuid(),
        facts.cluster_name(),
        facts.run_as(),
        facts.request_name(),
    ];
    let mut names = Vec::new();
    facts.each_index(&mut |name| names.push(name.to_vec()));
    let indices = facts.indices().map(|indices| {
        let restricted = indices.restricted.map(std::borrow::Cow::into_owned);
        (indices.first.into_owned(), restricted, indices.total)
    });
    let restricted = indices.as_ref().is_some_and(|(_, restricted, _)| restricted.is_some());
    assert!(!restricted || facts.may_be_restricted());
    Seen {
        time: facts.time(),
        zone_assumed: facts.zone_assumed(),
        what: facts.what(),
        texts: texts.iter().map(|text| text.map(<[u8]>::to_vec)).collect(),
        indices,
        names,
    }
}

/// The members that changed, by what they name.
fn groups(seen: &Seen) -> [Vec<Option<Vec<u8>>>; 2] {
    let pick = |source_lines: &[usize]| source_lines.iter().map(|&at| seen.texts[at].clone()).collect();
    let (node, client) = (&[1, 2, 17, 18][..], &[3, 4, 5, 6, 7, 9, 10, 11][..]);
    [pick(node), pick(client)]
}

/// What the full decoder finds, if it is one audit event, and the name of its format.
fn decoded_in_format(line: &[u8]) -> Option<(&'static str, Seen)> {
    let (mut found, mut records) = (None, 0);
    let result = decode_line(line, &Context::new(Zone::UTC), &mut |format, record| {
        records += 1;
        if let Record::Audit(event) = record {
            assert!(event.document.is_none() && event.sequence.is_none() && !event.of_opensearch);
            found = Some((format, seen(&event)));
        }
    });
    result.ok().and(found).filter(|_| records == 1)
}

/// What the full decoder finds, if it is one native audit event.
fn decoded(line: &[u8]) -> Option<Seen> {
    decoded_in_format(line).filter(|(format, _)| *format == "native").map(|(_, seen)| seen)
}

/// A line as container runtimes write it.
pub(crate) fn wrapped(line: &[u8]) -> [Vec<u8>; 3] {
    let text = serde_json::to_string(&format!("{}\n", String::from_utf8_lossy(line))).unwrap();
    let docker = format!(r#"{{"log":{text},"stream":"stdout","time":"2026-03-01T00:00:00.122456789Z"}}"#);
    let cri = [b"2026-03-01T00:00:00.122456789Z stdout F ", line].concat();
    [docker.clone().into_bytes(), docker.replace("\\n\",", "\",").into_bytes(), cri]
}

/// Every line in an envelope that is taken is one that the full decoder takes, and holds the same. How many were taken.
fn check_wrapped(lines: &[Vec<u8>]) -> usize {
    let mut probe = EnvelopedProbe::new(Zone::UTC);
    let mut taken = 0;
    for line in lines {
        let shown = String::from_utf8_lossy(line);
        if let Some((envelope, found)) = probe.take(line, 10_000) {
            assert_eq!(found.changed(), changes::ALL);
            assert_eq!(Some((envelope, seen(&found))), decoded_in_format(line), "{shown}");
            taken += 1;
        }
    }
    taken
}

/// Every line that the probe takes is one that the full decoder takes, and holds the same. How many it took.
fn check(lines: &[Vec<u8>], end: &[u8], cut: bool) -> usize {
    let mut text = lines.join(end);
    if !cut {
        text.extend_from_slice(end);
    }
    let mut probe = Probe::new(Zone::UTC);
    let (mut at, mut taken, mut last) = (0, 0, None);
    while at < text.len() {
        let len = memchr::memchr(b'\n', &text[at..]).unwrap_or(text.len() - at);
        let line = &text[at..at + len];
        let shown = String::from_utf8_lossy(line);
        last = match probe.take(&text, at, 10_000) {
            Some(found) => {
                assert_eq!(found.next, (at + len + 1).min(text.len()), "{shown}");
                let this = seen(&found);
                assert_eq!(Some(&this), decoded(line).as_ref(), "{shown}");
                if let Some(last) = &last {
                    for (members, (one, two)) in
                        [changes::NODE, changes::CLIENT].iter().zip(groups(last).iter().zip(&groups(&this)))
                    {
                        assert!(found.changed() & members != 0 || one == two, "{shown}");
                    }
                    let same = last.texts[16] == this.texts[16] && last.indices == this.indices;
                    assert!(found.changed() & changes::ACT != 0 || same, "{shown}");
                } else {
                    assert_eq!(found.changed(), changes::ALL);
                }
                taken += 1;
                Some(this)
            }
            None => None,
        };
        at += len + 1;
    }
    taken
}

#[test]
fn whole_lines_are_taken() {
    let lines: Vec<Vec<u8>> = LINES.iter().map(|line| line.as_bytes().to_vec()).collect();
    for end in [&b"\n"[..], b"\r\n"] {
        assert_eq!(check(&lines, end, false), 10);
        let again: Vec<Vec<u8>> = lines.iter().flat_map(|line| vec![line.clone(); 3]).collect();
        assert_eq!(check(&again, end, false), 30);
        assert_eq!(check(&lines[..3], end, true), 3);
    }
}

#[test]
fn whole_lines_in_envelopes_are_taken() {
    let lines: Vec<Vec<u8>> = LINES.iter().flat_map(|line| wrapped(line.as_bytes())).collect();
    // Of docker those of releases that begin with the type, and of both none without the end that docker keeps.
    assert_eq!(check_wrapped(&lines), 8 + 10);
    let two = [LINES[0], LINES[0]].join("\n");
    assert_eq!(check_wrapped(&wrapped(two.as_bytes())[..2]), 0);
}

#[test]
fn every_byte_of_every_line_in_an_envelope_changed() {
    for line in LINES.iter().flat_map(|line| wrapped(line.as_bytes())) {
        for at in 0..line.len() {
            for byte in [b'"', b'\\', b' ', b',', b'}', b'{', b']', b'[', b':', b'0', 0, b'\t', 0x7f, 0x80, 0xff] {
                let mut other = line.clone();
                other[at] = byte;
                check_wrapped(&[other]);
            }
            let mut shorter = line.clone();
            shorter.remove(at);
            check_wrapped(&[shorter, line[..at].to_vec()]);
        }
    }
}

#[test]
fn every_byte_of_every_line_changed() {
    // Behind its own undamaged form, so that the damaged line is compared with it.
    for line in LINES {
        for at in 0..line.len() {
            for byte in [b'"', b'\\', b' ', b',', b'}', b'{', b']', b'[', b':', b'0', 0, b'\t', 0x7f, 0x80, 0xff] {
                let mut other = line.as_bytes().to_vec();
                other[at] = byte;
                check(&[line.as_bytes().to_vec(), other, line.as_bytes().to_vec()], b"\n", false);
            }
            let mut shorter = line.as_bytes().to_vec();
            shorter.remove(at);
            check(&[line.as_bytes().to_vec(), shorter, line.as_bytes()[..at].to_vec()], b"\n", true);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6000))]

    #[test]
    fn damaged_lines_are_as_the_full_decoder_has_them(
        picks in prop::collection::vec((0..LINES.len(), prop::collection::vec(any::<Damage>(), 0..3), 1_usize..3), 1..8),
        crlf in any::<bool>(),
        cut in any::<bool>(),
    ) {
        let mut lines = Vec::new();
        for (pick, damages, times) in &picks {
            let mut line = LINES[*pick].as_bytes().to_vec();
            // The undamaged line before it, sometimes: the common beginning is then the longest.
            if *times == 2 {
                lines.push(line.clone());
            }
            for one in damages {
                damage(&mut line, one);
            }
            lines.push(line);
        }
        check(&lines, if crlf { b"\r\n" } else { b"\n" }, cut);
    }

    #[test]
    fn damaged_lines_in_envelopes_are_as_the_full_decoder_has_them(
        pick in 0..LINES.len(),
        inside in prop::collection::vec(any::<Damage>(), 0..3),
        outside in prop::collection::vec(any::<Damage>(), 0..2),
    ) {
        let mut line = LINES[pick].as_bytes().to_vec();
        inside.iter().for_each(|one| damage(&mut line, one));
        let mut lines = wrapped(&line);
        lines.iter_mut().for_each(|line| outside.iter().for_each(|one| damage(line, one)));
        check_wrapped(&lines);
    }
}
