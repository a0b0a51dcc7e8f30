//! What is taken against what the decoder says, over lines that are whole and lines that are damaged.

use proptest::prelude::*;

use super::*;
use crate::decode::{Context, UNKNOWN, decode_line};
use crate::event::{Record, ServerEvent};
use crate::fast_reader::tests::{Damage, damage};
use crate::time::Millis;

/// Lines as several releases write them, and whether they are taken.
pub(crate) const LINES: &[(&str, bool)] = &[
    (
        r#"{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "INFO", "message":"[gc][318412] overhead, spent [301ms]", "ecs.version": "1.2.0","service.name":"ES_ECS","event.dataset":"elasticsearch.server","process.thread.name":"elasticsearch[es-1][T#3]","log.logger":"org.elasticsearch.X","elasticsearch.cluster.uuid":"u","elasticsearch.node.id":"kE3p","elasticsearch.node.name":"es-1","elasticsearch.cluster.name":"prod"}"#,
        true,
    ),
    (
        r#"{"@timestamp":"2026-03-01T00:00:01.040Z", "log.level": "WARN", "message":"from \"hot\" to \\ [null]\n", "ecs.version": "1.2.0","service.name":"ES_ECS","event.dataset":"elasticsearch.server","process.thread.name":"elasticsearch[es-1][T#3]","log.logger":"org.elasticsearch.X","trace.id":"0af7","elasticsearch.cluster.uuid":"u","elasticsearch.node.id":"kE3p","elasticsearch.node.name":"es-1","elasticsearch.cluster.name":"prod","tags":[" [logs][0]"],"error.type":"java.io.IOException","error.message":"refused","error.stack_trace":"java.io.IOException: refused\n\tat x.Y.<init>(Y.java:1)\n"}"#,
        true,
    ),
    (
        r#"{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "WARN", "message":"plain, authentication", "elasticsearch.node.id":"n"}"#,
        true,
    ),
    (
        r#"{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "WARN", "message":"Authentication using apikey failed - api key is expired", "elasticsearch.node.id":"n"}"#,
        false,
    ),
    (
        r#"{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "WARN", "message":"Authentication using apikey failed - api key is expired", "service.name":"ES_ECS","log.logger":"org.elasticsearch.repositories.s3.S3Repository","elasticsearch.node.id":"n"}"#,
        true,
    ),
    (
        r#"{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "INFO", "message":"Authentication using apikey failed - api key is expired", "service.name":"ES_ECS","log.logger":"org.elasticsearch.xpack.security.authc.ApiKeyAuthenticator","elasticsearch.node.id":"n"}"#,
        true,
    ),
    (
        r#"{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "WARN", "message":"x", "service.name":"fleet-server","elasticsearch.node.id":"n"}"#,
        false,
    ),
    (
        r#"{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "WARN", "message":"x", "log.logger":"plugins.security","elasticsearch.node.id":"n"}"#,
        false,
    ),
    ("[2026-03-01T00:00:27,725][WARN ][logstash.outputs.elasticsearch][main] token expired", false),
    ("[2026-03-01T00:00:27,725][WARN ][o.e.x.s.a.TokenService] [es-1] invalid token", false),
    ("[2026-03-01T00:00:27,725][WARN ][o.e.x.s.a.ApiKeyService] [es-1] invalid token", true),
    (
        r#"{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "WARN", "message":"x", "event.dataset":"elasticsearch.deprecation"}"#,
        false,
    ),
    (
        r#"{"type": "server", "timestamp": "2026-03-01T00:00:27,725+0000", "level": "INFO", "component": "o.e.x.X", "cluster.name": "prod", "node.name": "es-1", "message": "[gc][1] overhead, token", "cluster.uuid": "FI", "node.id": "ej9"  }"#,
        true,
    ),
    (
        r#"{"type": "server", "timestamp": "2019-05-31T13:23:24,685Z", "level": "INFO", "component": "o.e.e.NodeEnvironment", "cluster.name": "c", "node.name": "e4",  "message": "using [1] data \"paths\""  }"#,
        true,
    ),
    (
        r#"{"type": "server", "timestamp": "2026-03-01T00:00:27,725+0000", "level": "WARN", "component": "r.suppressed", "cluster.name": "c", "node.name": "es-1", "message": "path: /x", "cluster.uuid": "FI", "node.id": "ej9" , "stacktrace": ["java.lang.X: y", "at a.b.<init>(C.java:1)"] }"#,
        true,
    ),
    (
        r#"{"type": "server", "timestamp": "2026-03-01T00:00:27,725+0000", "level": "WARN", "component": "r.suppressed", "message": "path: /x", "node.id": "ej9" ,"#,
        true,
    ),
    (
        r#"{"timestamp": "2026-03-01T00:00:27,725+0000", "type": "server", "component": "r.suppressed", "message": "path: /x" ,"#,
        false,
    ),
    (r#""stacktrace": ["java.lang.X: y","#, true),
    (
        r#"{"type": "server", "timestamp": "2026-03-01T00:00:27,725+0000", "level": "WARN", "component": "o.e.x.s.a.ApiKeyAuthenticator", "node.name": "es-1", "message": "Authentication using apikey failed - api key [k] has been invalidated", "node.id": "ej9"  }"#,
        false,
    ),
    (
        r#"{"type": "server", "timestamp": "2019-05-30T08:45:39,350+0000", "level": "INFO", "component": "o.e.x.s.a.l.LoggingAuditTrail", "node.name": "es-1", "node.id": "n1", "message": "event.action=\"authentication_failed\" event.type=\"rest\"" }"#,
        false,
    ),
    (
        r#"{"type": "deprecation", "timestamp": "2026-03-01T00:00:27,725Z", "level": "WARN", "component": "o.e.d.X", "message": "m"}"#,
        false,
    ),
    ("[2026-03-01T00:00:27,725][INFO ][o.e.m.j.JvmGcMonitorService] [es-1] [gc][318412] overhead, spent [301ms]", true),
    ("[2026-03-01T00:00:28,725][WARN ][o.e.x.s.a.ApiKeyService  ] [es-1] authentication {took} | long", true),
    ("[2026-03-01T00:01:28,001][ERROR][o.e.b.Bootstrap          ] no node", true),
    (
        "[2026-03-01T00:01:28,001][WARN ][o.e.x.s.a.ApiKeyAuthenticator] [es-1] Authentication using apikey failed - api key is expired",
        false,
    ),
    ("[2026-03-01T00:01:28,001][WARN ][o.e.d.r.RestController   ] [es-1] deprecated", false),
    (
        "[2018-06-19T05:16:15,549][INFO ][o.e.x.s.a.l.LoggingAuditTrail] [es-1] [rest] [authentication_failed]\torigin_address=[10.0.0.1], principal=[bob]",
        false,
    ),
    (
        "[2018-06-19T05:16:15,549] [es-1] [rest] [authentication_failed]\torigin_address=[10.0.0.1], principal=[bob]",
        false,
    ),
    ("org.elasticsearch.transport.ConnectTransportException: [es-2][10.0.0.2:9300] connect_exception", true),
    ("\tat org.elasticsearch.Foo$Bar.<init>(Foo.java:1) ~[elasticsearch-7.17.9.jar:7.17.9]", true),
    ("Caused by: java.io.IOException: refused", true),
    ("\t... 7 more", true),
    ("", true),
    ("2026 | 1", false),
    (
        r#"{"log":"{\"type\": \"server\", \"timestamp\": \"2026-03-01T00:00:27,725+0000\", \"level\": \"INFO\", \"component\": \"o.e.x.X\", \"cluster.name\": \"prod\", \"node.name\": \"es-1\", \"message\": \"from [{\\\"phase\\\":\\\"hot\\\"}]\", \"node.id\": \"ej9\"  }\n","stream":"stdout","time":"2026-03-01T00:00:27.725456789Z"}"#,
        true,
    ),
    (
        r#"{"log":"[2026-03-01T00:00:27,725][INFO ][o.e.x.X] [es-1] a \u003e \"b\"\n","stream":"stdout","time":"2026-03-01T00:00:27.725456789Z"}"#,
        true,
    ),
    (
        r#"{"log":"\u0009at a.b.\u003cinit\u003e(C.java:1)\r\n","stream":"stderr","time":"2026-03-01T00:00:27.725456789Z"}"#,
        true,
    ),
    (
        r#"{"log":"{\"type\":\"audit\", \"timestamp\":\"2026-03-01T00:00:27,725+0000\", \"event.type\":\"rest\", \"event.action\":\"authentication_failed\"}\n","stream":"stdout","time":"2026-03-01T00:00:27.725456789Z"}"#,
        false,
    ),
    (
        r#"{"log":"[2026-03-01T00:00:27,725][INFO ][o.e.x.X] [es-1] cut","stream":"stdout","time":"2026-03-01T00:00:27.725456789Z"}"#,
        false,
    ),
    ("2026-03-01T12:34:56.789012345Z stdout F [2026-03-01T00:00:27,725][INFO ][o.e.x.X] [es-1] message", true),
    (
        r#"2026-03-01T12:34:56.789012345+02:00 stdout F {"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "WARN", "message":"m", "elasticsearch.node.id":"n"}"#,
        true,
    ),
    ("2026-03-01T12:34:56.789012345Z stderr F \tat a.b(C.java:1)", true),
    ("2026-03-01T12:34:56.789012345Z stdout P [2026-03-01T00:00:27,725][INFO ][o.e.x.X] [es-1] mess", true),
    ("es01_1  | [2026-03-01T12:34:56,789][WARN ][o.e.x.S] [n] message", true),
    ("es01_1  | \tat a.b(C.java:1)", true),
    ("[pod/es-0/elasticsearch] [2026-03-01T12:34:56,789][WARN ][o.e.x.S] [n] message", true),
];

/// Format, time and whether its zone is assumed, and id, name and cluster of the node of a server event without a reason; of a line
/// of no event whether it stands by itself.
type Told = Result<(&'static str, (Millis, bool), [Option<Vec<u8>>; 3]), bool>;

fn message<'m>(event: &'m ServerEvent<'_>) -> Message<'m> {
    Message { level: event.level.as_deref(), logger: event.logger.as_deref(), text: &event.message, cause: None }
}

/// What the decoder makes of a line; `None` where that is more than is told in silence.
fn decoded(line: &[u8]) -> Option<Told> {
    let mut found = None;
    decode_line(line, &Context::new(Zone::UTC), &mut |format, record| {
        found = match record {
            Record::Server(event) if classify(&message(&event)).is_none() => {
                event.time.filter(|time| time.is_plausible()).map(|time| {
                    let stamp = (time, event.zone_assumed);
                    Ok((
                        format,
                        stamp,
                        [event.node_id, event.node_name, event.cluster_uuid].map(|text| text.map(Into::into)),
                    ))
                })
            }
            Record::Other => Some(Err(format == UNKNOWN)),
            Record::OfProduct(_)
            | Record::Dump(_)
            | Record::Server(_)
            | Record::Audit(_)
            | Record::Quoted
            | Record::Damaged => None,
        };
    })
    .ok()?;
    found
}

fn taken(servers: &mut Servers, line: &[u8]) -> Option<Told> {
    let owned = |text: Option<&[u8]>| text.map(<[u8]>::to_vec);
    servers.take(line).map(|silent| match silent {
        SilentLine::Server(line) => Ok((
            line.format,
            (line.stamp.time, line.stamp.zone_assumed),
            [line.node_id, line.node_name, line.cluster_uuid].map(owned),
        )),
        SilentLine::Other => Err(false),
        SilentLine::Text => Err(true),
    })
}

fn check(servers: &mut Servers, line: &[u8]) {
    if let Some(told) = taken(servers, line) {
        assert_eq!(Some(told), decoded(line), "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn lines_are_taken_unless_they_matter() {
    let mut servers = Servers::new(Zone::UTC);
    for (line, is_taken) in LINES {
        assert_eq!(taken(&mut servers, line.as_bytes()).is_some(), *is_taken, "{line}");
        check(&mut servers, line.as_bytes());
        check(&mut servers, format!("{line}\r").as_bytes());
    }
}

#[test]
fn times_that_cannot_be_are_left_to_the_decoder() {
    let mut servers = Servers::new(Zone::UTC);
    for year in ["1999", "2026", "2126"] {
        let line = format!("[{year}-03-01T00:00:27,725][INFO ][o.e.x.X] [es-1] message");
        assert_eq!(taken(&mut servers, line.as_bytes()).is_some(), year == "2026");
    }
}

#[test]
fn every_byte_of_every_line_changed() {
    let mut servers = Servers::new(Zone::UTC);
    for (line, _) in LINES {
        for at in 0..line.len() {
            for byte in
                [b'"', b'\\', b' ', b',', b'}', b'{', b']', b'[', b'|', b':', b'0', b'u', 0, b'\t', b'\r', 0x7f, 0x80]
            {
                let mut other = line.as_bytes().to_vec();
                other[at] = byte;
                check(&mut servers, &other);
            }
            let mut shorter = line.as_bytes().to_vec();
            shorter.remove(at);
            check(&mut servers, &shorter);
            check(&mut servers, &line.as_bytes()[..at]);
            check(&mut servers, &line.as_bytes()[at..]);
        }
    }
}

/// Two lines, of which one goes on where the other is cut.
fn spliced(one: &[u8], other: &[u8], (at, from): (prop::sample::Index, prop::sample::Index)) -> Vec<u8> {
    [&one[..at.index(one.len() + 1)], &other[from.index(other.len() + 1)..]].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6000))]

    #[test]
    fn what_is_taken_is_what_the_decoder_says(
        picks in prop::collection::vec((0..LINES.len(), 0..LINES.len(), prop::collection::vec(any::<Damage>(), 0..3)), 1..6),
        cut in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        // One after the other, as the clocks remember.
        let mut servers = Servers::new(Zone::UTC);
        for (pick, other, damages) in &picks {
            let mut line = LINES[*pick].0.as_bytes().to_vec();
            for one in damages {
                damage(&mut line, one);
            }
            check(&mut servers, &line);
            check(&mut servers, &spliced(&line, LINES[*other].0.as_bytes(), cut));
        }
    }

    /// Letters of the words that are looked for, escaped or not, at all places.
    #[test]
    fn no_reason_is_lost_in_escapes(
        message in prop::collection::vec(prop::sample::select(vec![
            "Authentication", "Authenticat", "ion using apikey failed - ", "api key is expired", "tok", "en expired",
            "\\u0065n expired", "\\u0041uthenticat", "\\u0065n", "\\n", "\\t", "\\\\", "\\\"", " ", "invalidated ", "token", "\\u0041uthentication", "invalid ", "invalid token",
        ]), 0..8),
        logger in prop::sample::select(vec!["ApiKeyAuthenticator", "TokenService", "x.Y"]),
        shape in 0..4,
    ) {
        let message = message.concat();
        let full = format!("org.elasticsearch.xpack.security.authc.{logger}");
        let short = format!("o.e.x.s.a.{logger}");
        let line = match shape {
            0 => format!(r#"{{"@timestamp":"2026-03-01T00:00:00.040Z", "log.level": "WARN", "message":"{message}", "service.name":"ES_ECS","log.logger":"{full}"}}"#),
            1 => format!(r#"{{"type": "server", "timestamp": "2026-03-01T00:00:00,040Z", "level": "WARN", "component": "{short}", "message": "{message}"}}"#),
            2 => format!("[2026-03-01T12:34:56,789][WARN ][{short}] [n] {message}"),
            _ => format!(r#"{{"log":"[2026-03-01T12:34:56,789][WARN ][{short}] [n] {message}\n","stream":"stdout","time":"2026-03-01T00:00:00.040Z"}}"#),
        };
        check(&mut Servers::new(Zone::UTC), line.as_bytes());
    }
}
