//! Random audit logs that collide on purpose: few nodes, requests, principals and milliseconds, odd ways of writing.

use proptest::prelude::*;

/// One event as numbers; the writing picks from small lists.
#[derive(Debug, Clone)]
pub struct Event {
    node: u8,
    action: u8,
    request: u8,
    user: u8,
    realm: u8,
    origin: u8,
    /// Milliseconds since the event before.
    step: u8,
    style: u8,
}

impl Event {
    /// The event that bytes stand for: what a fuzzer makes of them.
    pub fn of([node, action, request, user, realm, origin, step, style]: [u8; 8]) -> Self {
        let few = |byte: u8, kinds: usize| byte % u8::try_from(kinds).unwrap_or(1);
        Self {
            node: few(node, NODES.len()),
            action: few(action, ACTIONS.len()),
            request: few(request, 4),
            user: few(user, USERS.len()),
            realm: few(realm, REALMS.len()),
            origin: few(origin, ORIGINS.len()),
            step: few(step, 3),
            style,
        }
    }
}

const NODES: [&str; 4] = [r#""node.id":"n1""#, r#""node.id":"n2", "node.name":"es-2""#, r#""node.name":"es-3""#, ""];
/// The same names escaped differently are the same; names that differ in invalid bytes are not.
const USERS: [&[u8]; 9] = [
    b"\"user.name\":\"kim\"",
    b"\"user.name\":\"k\\u0069m\"",
    b"\"user.name\":\"elastic\"",
    b"\"user.name\":\"\x81\"",
    b"\"user.name\":\"\x8d\"",
    b"\"user.name\":\"a\\\"b\\\\ \\ud83d\\ude00 \xe2\x80\xae\\u001b[31m\"",
    b"\"user.name\":\"elastic/fleet-server\", \"authentication.token.name\":\"t1\"",
    b"\"user.name\":1",
    b"",
];
const REALMS: [&str; 4] = ["reserved", "default_file", "default_native", "ldap\\u0031"];
const ORIGINS: [&str; 7] = [
    r#""origin.address":"10.1.2.3:51504""#,
    r#""origin.address":"10.1.2.3:51505""#,
    r#""origin.address":"10.1.2.3""#,
    r#""origin.address":"[::1]:51504""#,
    r#""origin.address":"[2001:DB8:0:0::1]:9""#,
    r#""origin.address":"es-1.example:9300", "x_forwarded_for":"192.0.2.1""#,
    "",
];
const ACTIONS: [&str; 12] = [
    "authentication_failed",
    "authentication_failed",
    "realm_authentication_failed",
    "realm_authentication_failed",
    "realm_authentication_failed",
    "anonymous_access_denied",
    "access_granted",
    "access_granted",
    "access_denied",
    "authentication_success",
    "invalidate_apikeys",
    "put_user",
];
/// Lines that are no audit events.
const NOISE: [&[u8]; 8] = [
    b"",
    b" \t ",
    b"plain text",
    b"bin\x00ary",
    b"{\"type\":\"audit\", \"event.action\":\"authentication_failed\"",
    b"{\"type\":\"audit\", \"timestamp\":\"2026-02-30T00:00:00,000+0000\", \"event.action\":\"authentication_failed\"}",
    b"{\"type\":\"deprecation\", \"timestamp\":\"2026-03-01T12:00:00,000Z\", \"message\":\"authentication_failed\"}",
    b"{\"@timestamp\":\"2026-03-01T12:00:00.000Z\", \"log.level\":\"INFO\", \"message\":\"x\", \"elasticsearch.node.id\":\"n1\", \"elasticsearch.node.name\":\"es-1\"}",
];

/// An event of any kind.
pub fn event() -> impl Strategy<Value = Event> {
    let few = |kinds: usize| 0..u8::try_from(kinds).unwrap();
    let step = prop_oneof![4 => Just(0_u8), 1 => 1_u8..3];
    (
        few(NODES.len()),
        few(ACTIONS.len()),
        0_u8..4,
        few(USERS.len()),
        few(REALMS.len()),
        few(ORIGINS.len()),
        step,
        any::<u8>(),
    )
        .prop_map(|(node, action, request, user, realm, origin, step, style)| {
            // Most events on one node and of one user, so that they meet.
            let (node, user) = (if style & 1 == 0 { 0 } else { node }, if style & 2 == 0 { 0 } else { user });
            Event { node, action, request, user, realm, origin, step, style }
        })
}

/// The same events, with at most one `authentication_failed` of a node, request and principal, and each realm asked at
/// most once; what comes again is made an `access_denied`. Which realms belong to which of several ends is only settled in
/// files as Elasticsearch writes them.
pub fn ending_once(mut events: Vec<Event>) -> Vec<Event> {
    let mut seen = std::collections::BTreeSet::new();
    for event in &mut events {
        // The second user is the first, escaped; the eighth and the ninth are both absent.
        let user = match event.user {
            1 => 0,
            8 => 7,
            other => other,
        };
        let realm = match ACTIONS[usize::from(event.action)] {
            "authentication_failed" => None,
            "realm_authentication_failed" => Some(event.realm),
            _ => continue,
        };
        if event.request > 0 && !seen.insert((event.node, event.request, user, realm)) {
            event.action = 8;
        }
    }
    events
}

/// Puts the end of each attempt behind its realm failures, as Elasticsearch writes them: of events of one millisecond only
/// the order tells, and a file that is cut shows less of it.
pub fn ending_last(mut events: Vec<Event>) -> Vec<Event> {
    let is = |event: &Event, action: &str| ACTIONS[usize::from(event.action)] == action;
    for at in 0..events.len() {
        let key = |event: &Event| (event.node, event.request);
        let last = (at + 1..events.len()).rev().find(|&later| {
            is(&events[later], "realm_authentication_failed") && key(&events[later]) == key(&events[at])
        });
        if let Some(last) = last.filter(|_| is(&events[at], "authentication_failed")) {
            let step = events[at].step;
            events[at].step = events[last].step;
            events[last].step = step;
            events.swap(at, last);
        }
    }
    events
}

/// Writes events as lines whose times do not decrease, with noise between them.
pub fn lines(events: &[Event]) -> Vec<Vec<u8>> {
    let mut millis = 0;
    let mut lines = Vec::new();
    for event in events {
        millis += i64::from(event.step);
        lines.push(line(event, millis));
        if event.style.is_multiple_of(16) {
            lines.push(NOISE[usize::from(event.style / 16) % NOISE.len()].to_vec());
        }
    }
    lines
}

fn line(event: &Event, millis: i64) -> Vec<u8> {
    let pick = |list: &[&str], at: u8| list[usize::from(at)].as_bytes().to_vec();
    let action = ACTIONS[usize::from(event.action)];
    let mut members =
        vec![pick(&NODES, event.node), USERS[usize::from(event.user)].to_vec(), pick(&ORIGINS, event.origin)];
    if event.request > 0 {
        members.push(format!(r#""request.id":"r{}""#, event.request).into_bytes());
    }
    let layer = match action {
        "realm_authentication_failed" => {
            members.push(format!(r#""realm":"{}""#, REALMS[usize::from(event.realm)]).into_bytes());
            "rest"
        }
        "access_granted" => {
            let es_action = ["cluster:admin/xpack/security/api_key/invalidate", "indices:data/read/search"];
            members.push(
                format!(r#""action":"{}", "user.realm":"ldap1""#, es_action[usize::from(event.realm % 2)]).into(),
            );
            "transport"
        }
        "invalidate_apikeys" => {
            members
                .push(br#""invalidate" : {"apikeys":{"ids":["k1","k2"],"owned_by_authenticated_user":true}}"#.to_vec());
            "security_config_change"
        }
        "put_user" => {
            if event.style & 32 == 0 {
                members.push(br#""authentication.type":"REALM""#.to_vec());
            }
            members.push(br#""put":{"user":{"name":"new","roles":["a"],"has_password":true}}"#.to_vec());
            "security_config_change"
        }
        _ => "rest",
    };
    members.push(format!(r#""event.type":"{layer}""#).into_bytes());
    members.push(format!(r#""event.action":"{action}""#).into_bytes());
    // The zone differs, the instant does not; and the oldest form has another name and no zone.
    let (hours, zone) = [(0, "+0000"), (2, "+0200"), (-5, "-05:00"), (0, "")][usize::from(event.style / 4 % 4)];
    let time = chrono::DateTime::from_timestamp_millis(super::line::ZERO + millis + hours * 3_600_000).unwrap();
    let name = if zone.is_empty() { "@timestamp" } else { "timestamp" };
    members.push(format!(r#""{name}":"{}{zone}""#, time.format("%Y-%m-%dT%H:%M:%S,%3f")).into_bytes());
    members.push(br#""type": "audit""#.to_vec());
    members.push(br#""unknown":{"user.name":"no","deep":[[{"realm":"no"}]]}"#.to_vec());
    members.retain(|member| !member.is_empty());
    let turn = usize::from(event.style) % members.len();
    members.rotate_left(turn);
    let space: &[u8] = if event.style & 8 == 0 { b", " } else { b"\t,  " };
    let mut line = b"{".to_vec();
    line.extend_from_slice(&members.join(space));
    line.extend_from_slice(if event.style & 4 == 0 { b"}" } else { b" }\r" });
    if event.style.is_multiple_of(11) && std::str::from_utf8(&line).is_ok() {
        let inner = String::from_utf8_lossy(&line).into_owned() + "\n";
        line =
            serde_json::json!({"log": inner, "stream": "stdout", "time": "2026-03-01T12:00:00.1Z"}).to_string().into();
    }
    line
}

/// Cuts lines into files at the given places.
pub fn cut<T: Clone>(lines: &[T], mut places: Vec<usize>) -> Vec<Vec<T>> {
    places = places.into_iter().map(|place| place % (lines.len() + 1)).collect();
    places.extend([0, lines.len()]);
    places.sort_unstable();
    places.windows(2).map(|ends| lines[ends[0]..ends[1]].to_vec()).collect()
}

/// How a file's events are ordered.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    /// As written by Elasticsearch.
    Forward,
    /// `tac`: the whole file backwards.
    Reversed,
    /// Sorted by time, newest first; equal times keep their order.
    NewestFirst,
}

/// Puts lines of non-decreasing time into an order.
pub fn arrange(events: &[Event], lines: Vec<Vec<u8>>, order: Order) -> Vec<Vec<u8>> {
    let mut millis = 0;
    let times = events.iter().flat_map(|event| {
        millis += i64::from(event.step);
        std::iter::repeat_n(millis, 1 + usize::from(event.style.is_multiple_of(16)))
    });
    let mut timed: Vec<(i64, Vec<u8>)> = times.zip(lines).collect();
    match order {
        Order::Forward => {}
        Order::Reversed => timed.reverse(),
        Order::NewestFirst => timed.sort_by_key(|(time, _)| std::cmp::Reverse(*time)),
    }
    timed.into_iter().map(|(_, line)| line).collect()
}

/// Any order.
pub fn order() -> impl Strategy<Value = Order> {
    prop::sample::select(vec![Order::Forward, Order::Reversed, Order::NewestFirst])
}
