//! The forms in which the same events reach an analyst, by name, and what they can say. How they are written stands in `shapes`.

use clap::ValueEnum;

/// A form of the same events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Shape {
    /// The audit file that the node itself writes.
    Native,
    /// The same, newest line first.
    NewestFirst,
    /// Elastic Agent's documents: nested and dotted members in one, raw line in `message`.
    Ecs,
    /// ECS documents, nested throughout, without the raw line.
    EcsNested,
    /// Filebeat's documents with dotted members, raw line in `message`.
    EcsDotted,
    /// ECS documents whose client stands below `client`, nested, without the raw line.
    EcsClient,
    /// Documents of Filebeat 7.0: dotted, `event_type` for the action, without the raw line.
    Filebeat70,
    /// elasticdump: one `_source` a line.
    Elasticdump,
    /// A `_search` response in one line, newest hit first, raw line in `event.original`.
    Search,
    /// A `_search` response, pretty-printed.
    SearchPretty,
    /// Bulk NDJSON: action line, source line.
    Bulk,
    /// Kibana's CSV export.
    Csv,
    /// Docker's json-file driver: audit and server lines in one stream.
    Docker,
    /// Kubernetes' CRI log: some lines in parts.
    Cri,
    /// `docker compose logs`: lines with a prefix.
    Compose,
    /// The plain text of 5.x; line breaks within a value become spaces.
    Text5,
    /// Docker images of 7.0 to 7.2: the event as text within a server line.
    Docker7text,
    /// Google Cloud: the line in `textPayload`.
    GcpText,
    /// Google Cloud: the event in `jsonPayload`.
    GcpJson,
    /// Splunk: `result._raw`, one a line.
    SplunkResult,
    /// Splunk: `results[]._raw`, one document.
    SplunkResults,
    /// Splunk: HEC `event`.
    SplunkHec,
    /// Splunk: CSV with `_raw`.
    SplunkCsv,
    /// CloudWatch: `events[].message`.
    CloudWatchEvents,
    /// CloudWatch: a subscription, `logEvents[].message`.
    CloudWatchLogEvents,
    /// CloudWatch: Insights, `@message`.
    CloudWatchInsights,
    /// CloudWatch: text of its command line, `EVENTS`.
    CloudWatchText,
    /// CloudWatch: an export to S3, a time before each line.
    CloudWatchS3,
    /// Azure: `records[].properties.log`.
    AzureRecords,
    /// Azure: CSV of Log Analytics.
    LogAnalyticsCsv,
    /// Loki: `line`, one a line.
    LokiLine,
    /// Loki: a query, `data.result[].values[][1]`.
    LokiQuery,
    /// Loki: text of logcli.
    Logcli,
    /// OpenTelemetry: OTLP JSON, `body.stringValue`.
    Otlp,
    /// OpenTelemetry: `body.text`.
    OtelText,
    /// journald: `-o json`.
    JournaldJson,
    /// journald: `-o export`.
    JournaldExport,
    /// journald: `-o verbose`.
    JournaldVerbose,
    /// rsyslog: JSON with `msg`.
    Rsyslog,
    /// GELF: `short_message`.
    Gelf,
    /// Graylog: a search, `messages[].message.message`.
    Graylog,
    /// Datadog: `content.message`.
    Datadog,
    /// Datadog: `data[].attributes.message`.
    DatadogData,
    /// Wazuh: `full_log`.
    Wazuh,
    /// Kafka: kcat `-J`, `payload`.
    Kcat,
    /// Fluent Bit: its standard output.
    FluentBit,
    /// Logstash: json filter with a target.
    LogstashTarget,
    /// Fluentd, Logstash: names without dots.
    Dedotted,
    /// Logstash: rubydebug.
    RubyDebug,
    /// ES|QL: JSON by rows.
    Esql,
    /// ES|QL: JSON by columns.
    EsqlColumnar,
    /// SQL: JSON with `rows`.
    SqlRows,
    /// SQL and ES|QL: a printed table (`format=txt`).
    SqlText,
    /// CSV with blanks around its values.
    PaddedCsv,
    /// Kibana Dev Tools: a copied response with texts in three quotes.
    DevTools,
    /// Lines that are JSON strings (`jq .message`).
    JsonStrings,
    /// Lines with a comma behind them.
    TrailingCommas,
    /// A line in an object in a string.
    DoubleEscaped,
    /// `docker logs -t`.
    DockerLogs,
    /// stern.
    Stern,
    /// Syslog, RFC 3164.
    Syslog3164,
    /// Syslog, RFC 5424, with structured data.
    Syslog5424,
    /// Lines that grep found, with file and number.
    Grep,
    /// CSV without a header.
    Rows,
}

impl Shape {
    /// Requests have ids, so that realm chains and actors can be joined.
    pub(crate) fn has_request_ids(self) -> bool {
        self != Self::Text5
    }

    /// Security changes are audited; older releases did not.
    pub(crate) fn has_changes(self) -> bool {
        !matches!(self, Self::Text5 | Self::Docker7text)
    }

    /// Nodes have ids; otherwise only names.
    pub(crate) fn has_node_ids(self) -> bool {
        self != Self::Text5
    }

    /// Audit and server lines are one stream.
    pub(crate) fn is_stream(self) -> bool {
        matches!(self, Self::Docker | Self::Cri | Self::Compose | Self::Docker7text)
    }

    /// The last event comes first.
    pub(crate) fn is_newest_first(self) -> bool {
        matches!(self, Self::NewestFirst | Self::Search)
    }
}
