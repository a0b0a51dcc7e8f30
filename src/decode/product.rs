//! Lines of other programs that look like Elasticsearch's server log and stand in the same folder or stream: they quote its
//! messages and name things of their own where it names its node. They are counted apart, and tell nothing.

use super::members::{Field, Members};
use crate::event::Product;

/// `service.name` of Elasticsearch's own lines (`EcsLayout` in its `log4j2.properties`).
pub(crate) const ELASTICSEARCH: &[u8] = b"ES_ECS";

/// Whose line it is; `None` for one of Elasticsearch.
pub(super) fn of_members(members: &Members<'_>) -> Option<Product> {
    if let Some(dataset) = members.text(Field::EventDataset) {
        return if dataset.starts_with(b"elasticsearch") { None } else { Some(named(&dataset)) };
    }
    if members.has(Field::AgentBinary) || members.has(Field::LogSource) {
        return Some(Product::ElasticAgent);
    }
    match members.text(Field::ServiceName).as_deref() {
        Some(ELASTICSEARCH) => return None,
        Some(name) if named(name) != Product::Unknown => return Some(named(name)),
        _ => {}
    }
    if members.has(Field::LoggerName) {
        return Some(Product::Logstash);
    }
    let logger = members.text(Field::LogLogger).or_else(|| members.text(Field::Component));
    if let Some(product) = logger.as_deref().and_then(of_logger) {
        return Some(product);
    }
    if members.has(Field::ServiceRoles) {
        return Some(Product::Kibana);
    }
    let of_node = [Field::NodeId, Field::NodeName, Field::ClusterUuid].iter().any(|field| members.has(*field));
    let of_elasticsearch = of_node || logger.is_some_and(|logger| is_elasticsearch(&logger));
    (!of_elasticsearch).then_some(Product::Unknown)
}

/// Whose line of text it is, of those that have the layout of Elasticsearch's server log: by the logger; by what follows it
/// (`pipeline` is whether a bracket follows at once, as Logstash writes the name of a pipeline); by the time, which Kibana
/// writes with its zone.
pub(super) fn of_text(time: &[u8], logger: &[u8], pipeline: bool) -> Option<Product> {
    if pipeline {
        return Some(Product::Logstash);
    }
    let with_zone = matches!(time, [.., b'+' | b'-', _, _, b':', _, _]) && time.get(19) == Some(&b'.');
    of_logger(logger).or(with_zone.then_some(Product::Kibana))
}

fn of_logger(logger: &[u8]) -> Option<Product> {
    const LOGGERS: [(&[u8], Product); 9] = [
        (b"logstash.", Product::Logstash),
        (b"org.logstash.", Product::Logstash),
        (b"plugins.", Product::Kibana),
        (b"elasticsearch-service", Product::Kibana),
        (b"savedobjects-service", Product::Kibana),
        (b"http.server.", Product::Kibana),
        (b"o.o.", Product::OpenSearch),
        (b"org.opensearch.", Product::OpenSearch),
        (b"com.floragunn.", Product::OpenSearch),
    ];
    LOGGERS.iter().find(|(start, _)| logger.starts_with(start)).map(|&(_, product)| product)
}

fn is_elasticsearch(logger: &[u8]) -> bool {
    [&b"org.elasticsearch."[..], b"o.e.", b"co.elastic.elasticsearch."].iter().any(|start| logger.starts_with(start))
}

/// The product that a service or a data set names.
fn named(name: &[u8]) -> Product {
    const NAMES: [(&[u8], Product); 6] = [
        (b"kibana", Product::Kibana),
        (b"logstash", Product::Logstash),
        (b"fleet-server", Product::FleetServer),
        (b"apm-server", Product::ApmServer),
        (b"elastic_agent", Product::ElasticAgent),
        (b"elastic-agent", Product::ElasticAgent),
    ];
    if let Some(&(_, product)) = NAMES.iter().find(|(start, _)| name.starts_with(start)) {
        return product;
    }
    let name = name.split(|&byte| byte == b'.').next().unwrap_or(name);
    if name.ends_with(b"beat") { Product::Beats } else { Product::Unknown }
}

#[cfg(test)]
mod tests {
    use super::super::testing::decode;

    #[test]
    fn lines_of_other_products_are_told_apart() {
        const SAID: &str = "Authentication using apikey failed - api key [K] has been invalidated";
        let json = |members: &str| {
            format!(r#"{{"@timestamp":"2026-03-01T12:34:56.789Z","log.level":"WARN","message":"{SAID}"{members}}}"#)
        };
        for (line, product) in [
            (format!("[2026-03-01T12:34:56,789][WARN ][logstash.outputs.elasticsearch][main] {SAID}"), "Logstash"),
            (
                format!("[2026-03-01T12:34:56,789][WARN ][org.elasticsearch.xpack.security.authc][main] {SAID}"),
                "Logstash",
            ),
            (format!("[2026-03-01T12:34:56.789+00:00][WARN ][plugins.security] {SAID}"), "Kibana"),
            (format!("[2026-03-01T12:34:56.789+00:00][WARN ][status] {SAID}"), "Kibana"),
            (format!("[2026-03-01T12:34:56,789][WARN ][o.o.s.a.BackendRegistry  ] [os-1] {SAID}"), "OpenSearch"),
            (
                format!(
                    r#"{{"level":"WARN","loggerName":"logstash.x","timeMillis":1,"logEvent":{{"message":"{SAID}"}}}}"#
                ),
                "Logstash",
            ),
            (json(r#","log.logger":"plugins.security""#), "Kibana"),
            (json(r#","service":{"node":{"roles":["ui"]}}"#), "Kibana"),
            (json(r#","event.dataset":"kibana.log","elasticsearch.node.name":"es-1""#), "Kibana"),
            (
                json(r#","service.name":"filebeat","component":{"binary":"filebeat"},"log":{"source":"x"}"#),
                "Elastic Agent",
            ),
            (json(r#","service.name":"fleet-server","node.name":"fleet-1","node.id":"F""#), "Fleet Server"),
            (json(r#","service.name":"metricbeat""#), "Beats"),
            (json(r#","service.name":"apm-server","log.logger":"elasticsearch""#), "APM Server"),
            (json(r#","log.logger":"com.acme.Shop""#), "another program"),
        ] {
            assert_eq!(decode(&line), [("unknown", product.to_owned())], "{line}");
        }
        for line in [
            json(r#","service.name":"ES_ECS""#),
            json(r#","elasticsearch.node.name":"es-1""#),
            json(r#","log.logger":"org.elasticsearch.X""#),
            json(r#","event":{"dataset":"elasticsearch.server"}"#),
            format!("[2026-03-01T12:34:56,789][WARN ][o.e.x.X] [es-1] {SAID}"),
            format!("[2026-03-01T12:34:56,789][WARN ][o.e.x.X] {SAID}"),
        ] {
            assert_eq!(decode(&line)[0].1, "server", "{line}");
        }
    }
}
