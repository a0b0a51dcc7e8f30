//! What shippers, their stores and their command lines put around each line of the audit file.
//!
//! One row an envelope: what stands before the first line, the line within, what stands between two and after the last. Within,
//! `%r` is the line, `%s` the line as the inside of a JSON string, `%d` the same twice, `%c` as the inside of quotes in CSV, `%u`
//! the line's object with `_` for the dots in names, `%b` its members as Ruby prints a hash; `%t` is the time in UTC, `%e` in
//! milliseconds since 1970, `%g` in the form of syslog (RFC 3164), `%n` the node.

use std::io::Write;

use chrono::DateTime;
use serde_json::{Map, Value};

use super::{Frame, Shape};
use crate::text::{Micros, SECOND, Text, push_escaped, rfc3339};

/// One envelope.
pub(super) struct Envelope {
    shape: Shape,
    file: (Text, Text),
    header: &'static str,
    line: &'static str,
    separator: Text,
    footer: Text,
}

/// An envelope around each line by itself.
const fn each(shape: Shape, file: (Text, Text), line: &'static str) -> Envelope {
    Envelope { shape, file, header: "", line, separator: "\n", footer: "\n" }
}

/// A document around all lines.
const fn all(shape: Shape, header: &'static str, line: &'static str, footer: Text) -> Envelope {
    Envelope { shape, file: ("export", ".json"), header, line, separator: ",\n", footer }
}

const JSON: (Text, Text) = ("lines", ".ndjson");
const LOG: (Text, Text) = ("lines", ".log");

static ENVELOPES: &[Envelope] = &[
    each(Shape::GcpText, JSON, r#"{"insertId":"a","textPayload":"%s","timestamp":"%t"}"#),
    each(Shape::GcpJson, JSON, r#"{"insertId":"a","jsonPayload":%r,"timestamp":"%t"}"#),
    each(Shape::SplunkResult, JSON, r#"{"preview":false,"result":{"_raw":"%s","_time":"%t","host":"%n"}}"#),
    all(Shape::SplunkResults, "{\"preview\":false,\"results\":[\n", r#"{"_raw":"%s","_time":"%t"}"#, "\n]}\n"),
    each(Shape::SplunkHec, JSON, r#"{"time":%e,"host":"%n","sourcetype":"es","event":"%s"}"#),
    Envelope { header: "\"_time\",host,\"_raw\"\n", ..each(Shape::SplunkCsv, ("export", ".csv"), r#""%t","%n","%c""#) },
    all(Shape::CloudWatchEvents, "{\"events\":[\n", r#"{"timestamp":%e,"message":"%s","ingestionTime":%e}"#, "\n]}\n"),
    all(
        Shape::CloudWatchLogEvents,
        "{\"messageType\":\"DATA_MESSAGE\",\"logGroup\":\"g\",\"logEvents\":[\n",
        r#"{"id":"1","timestamp":%e,"message":"%s"}"#,
        "\n]}\n",
    ),
    all(
        Shape::CloudWatchInsights,
        "{\"results\":[\n",
        r#"[{"field":"@timestamp","value":"%t"},{"field":"@message","value":"%s"}]"#,
        "\n],\"status\":\"Complete\"}\n",
    ),
    each(Shape::CloudWatchText, LOG, "EVENTS\t%e\t%r\t%e"),
    each(Shape::CloudWatchS3, LOG, "%t %r"),
    each(Shape::AzureRecords, JSON, r#"{"records":[{"time":"%t","category":"es","properties":{"log":"%s\n"}}]}"#),
    Envelope {
        header: "TimeGenerated [UTC],LogEntry,ContainerName\n",
        ..each(Shape::LogAnalyticsCsv, ("export", ".csv"), r#""%t","%c",elasticsearch"#)
    },
    each(Shape::LokiLine, JSON, r#"{"labels":{"app":"es"},"line":"%s","timestamp":"%t"}"#),
    all(
        Shape::LokiQuery,
        "{\"status\":\"success\",\"data\":{\"resultType\":\"streams\",\"result\":[{\"stream\":{\"app\":\"es\"},\"values\":[\n",
        r#"["%e000000","%s"]"#,
        "\n]}]}}\n",
    ),
    each(Shape::Logcli, LOG, r#"%t {app="es"} %r"#),
    each(
        Shape::Otlp,
        JSON,
        r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"logRecords":[{"timeUnixNano":"%e000000","body":{"stringValue":"%s"}}]}]}]}"#,
    ),
    each(
        Shape::OtelText,
        JSON,
        r#"{"@timestamp":"%t","body":{"text":"%s"},"resource":{"attributes":{"host.name":"%n"}}}"#,
    ),
    each(
        Shape::JournaldJson,
        JSON,
        r#"{"__REALTIME_TIMESTAMP":"%e000","PRIORITY":"6","_HOSTNAME":"%n","MESSAGE":"%s"}"#,
    ),
    each(Shape::JournaldExport, LOG, "__REALTIME_TIMESTAMP=%e000\nPRIORITY=6\n_HOSTNAME=%n\nMESSAGE=%r\n"),
    each(Shape::JournaldVerbose, LOG, "%t [s=1;i=2]\n    PRIORITY=6\n    _HOSTNAME=%n\n    MESSAGE=%r"),
    each(Shape::Rsyslog, JSON, r#"{"timestamp":"%t","host":"%n","programname":"elasticsearch","msg":" %s"}"#),
    each(Shape::Gelf, JSON, r#"{"version":"1.1","host":"%n","short_message":"%s","timestamp":%e,"level":6}"#),
    all(
        Shape::Graylog,
        "{\"messages\":[\n",
        r#"{"index":"g_0","message":{"message":"%s","timestamp":"%t"}}"#,
        "\n],\"total_results\":1}\n",
    ),
    each(Shape::Datadog, JSON, r#"{"id":"A","content":{"timestamp":"%t","host":"%n","message":"%s"}}"#),
    all(
        Shape::DatadogData,
        "{\"data\":[\n",
        r#"{"id":"A","type":"log","attributes":{"timestamp":"%t","message":"%s"}}"#,
        "\n]}\n",
    ),
    each(Shape::Wazuh, JSON, r#"{"timestamp":"%t","rule":{"id":"1"},"agent":{"id":"1"},"full_log":"%s"}"#),
    each(Shape::Kcat, JSON, r#"{"topic":"t","partition":0,"offset":1,"ts":%e,"key":null,"payload":"%s"}"#),
    each(Shape::FluentBit, LOG, r#"[0] es: [[%e.1, {}], {"log"=>"%s"}]"#),
    each(Shape::LogstashTarget, JSON, r#"{"@timestamp":"%t","@version":"1","host":"%n","audit":%r}"#),
    each(Shape::Dedotted, JSON, "%u"),
    Envelope { separator: "\n", ..all(Shape::RubyDebug, "", "{\n%b\n}", "\n") },
    all(
        Shape::Esql,
        "{\"columns\":[{\"name\":\"@timestamp\",\"type\":\"date\"},{\"name\":\"message\",\"type\":\"keyword\"}],\"values\":[\n",
        r#"["%t","%s"]"#,
        "\n]}\n",
    ),
    all(
        Shape::EsqlColumnar,
        "{\"columns\":[{\"name\":\"message\",\"type\":\"keyword\"}],\"values\":[[\n",
        r#""%s""#,
        "\n]]}\n",
    ),
    all(
        Shape::SqlRows,
        "{\"columns\":[{\"name\":\"@timestamp\",\"type\":\"datetime\"},{\"name\":\"message\",\"type\":\"text\"}],\"rows\":[\n",
        r#"["%t","%s"]"#,
        "\n]}\n",
    ),
    Envelope {
        header: "       @timestamp       |    message    \n------------------------+---------------\n",
        ..each(Shape::SqlText, ("table", ".txt"), "%t|%r    ")
    },
    Envelope {
        header: "    @timestamp    , host ,   message\n",
        ..each(Shape::PaddedCsv, ("export", ".csv"), r#"    %t, %n   , "%c"  "#)
    },
    all(
        Shape::DevTools,
        "# GET logs/_search 200 OK\n{\n\"took\": 3,\n\"hits\": {\n\"hits\": [\n",
        "{\n\"_index\": \"logs\",\n\"_source\": {\n\"message\": \"\"\"%r\"\"\"\n}\n}",
        "\n]\n}\n}\n",
    ),
    each(Shape::JsonStrings, LOG, r#""%s""#),
    each(Shape::TrailingCommas, LOG, "%r,"),
    each(Shape::DoubleEscaped, JSON, r#"{"data":"{\"line\":\"%d\"}"}"#),
    each(Shape::DockerLogs, LOG, "%t %r"),
    each(Shape::Stern, LOG, "es-%n elasticsearch %r"),
    each(Shape::Syslog3164, LOG, "<134>%g %n elasticsearch[42]: %r"),
    each(Shape::Syslog5424, LOG, r#"<134>1 %t %n elasticsearch 42 ID47 [x@1 a="\"q\" \] b"] %r"#),
    each(Shape::Grep, LOG, "/var/log/elasticsearch/prod_audit.json:7:%r"),
    each(Shape::Rows, ("rows", ".csv"), r#"%t,%n,"%c""#),
];

/// The envelope of a shape.
pub(super) fn of(shape: Shape) -> Option<&'static Envelope> {
    ENVELOPES.iter().find(|envelope| envelope.shape == shape)
}

impl Envelope {
    /// Name and extension of the file.
    pub(super) fn file(&self) -> (Text, Text) {
        self.file
    }

    /// Whether one document goes around all lines.
    pub(super) fn is_one_document(&self) -> bool {
        !self.header.is_empty() && self.separator != "\n"
    }

    pub(super) fn frame(&self) -> Frame {
        Frame { header: self.header.to_owned(), separator: self.separator, footer: self.footer }
    }

    /// Writes a line of the audit file within.
    pub(super) fn push(&self, buf: &mut Vec<u8>, node: &str, time: Micros, line: &[u8]) {
        let mut pieces = self.line.split('%');
        buf.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
        for piece in pieces {
            let (token, rest) = piece.split_at(1);
            match token {
                "r" => buf.extend_from_slice(line),
                "s" => push_escaped(buf, line),
                "d" => {
                    let mut once = Vec::new();
                    push_escaped(&mut once, line);
                    let mut twice = Vec::new();
                    push_escaped(&mut twice, &once);
                    buf.extend_from_slice(&twice);
                }
                "c" => buf.extend_from_slice(String::from_utf8_lossy(line).replace('"', "\"\"").as_bytes()),
                "u" => buf.extend_from_slice(Value::Object(dedotted(line)).to_string().as_bytes()),
                "b" => buf.extend_from_slice(ruby(line).as_bytes()),
                "t" => buf.extend_from_slice(rfc3339(time).as_bytes()),
                "e" => drop(write!(buf, "{}", time.div_euclid(1000))),
                "g" => {
                    let utc = DateTime::from_timestamp(time.div_euclid(SECOND), 0).unwrap_or_default();
                    drop(write!(buf, "{}", utc.format("%b %e %H:%M:%S")));
                }
                _ => buf.extend_from_slice(node.as_bytes()),
            }
            buf.extend_from_slice(rest.as_bytes());
        }
    }
}

fn object(line: &[u8]) -> Map<String, Value> {
    serde_json::from_slice(line).unwrap_or_default()
}

fn dedotted(line: &[u8]) -> Map<String, Value> {
    object(line).into_iter().map(|(name, value)| (name.replace('.', "_"), value)).collect()
}

/// `"name" => value`, members of objects in braces.
fn ruby(line: &[u8]) -> String {
    fn value(value: &Value) -> String {
        match value {
            Value::Object(members) => format!("{{{}}}", inside(members)),
            Value::Array(items) => format!("[{}]", items.iter().map(value_of).collect::<Vec<_>>().join(", ")),
            Value::Null => "nil".to_owned(),
            other => other.to_string(),
        }
    }
    fn value_of(item: &Value) -> String {
        value(item)
    }
    fn inside(members: &Map<String, Value>) -> String {
        let pair = |(name, item): (&String, &Value)| format!("    \"{name}\" => {}", value(item));
        members.iter().map(pair).collect::<Vec<_>>().join(",\n")
    }
    inside(&object(line))
}
