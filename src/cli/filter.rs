//! Options that choose what is looked at, the same for every verb that reads logs.

use clap::Args;

use crate::decode::actions;
use crate::options::AddressBook;
use crate::options::filter::{Bound, Edge, Filter, Pattern, Rules};
use crate::time::{Millis, Zone};

#[derive(Debug, Args)]
#[command(next_help_heading = "Filters (repeatable; `!VALUE` excludes, `*` and `?` stand for anything)")]
pub(super) struct FilterArgs {
    /// From this time on: 2026-03-01, 2026-03-01T12:00, RFC 3339, `2h ago`, or counted from the first and the last event,
    /// `start+1h`, `end-1h`. Where it names no zone, it is in that of --tz
    #[arg(long, value_name = "TIME")]
    since: Vec<String>,

    /// Up to this time, with all of the day, minute or second that it names
    #[arg(long, value_name = "TIME")]
    until: Vec<String>,

    /// Who failed; of changes, who made them and whom they are about
    #[arg(long, value_name = "NAME")]
    principal: Vec<String>,

    /// Client address, a block such as 10.0.0.0/8, or a network of the configuration by name, `@office`; `@bad` and `@good`
    /// are what --addresses lists
    #[arg(long, value_name = "ADDRESS")]
    source: Vec<String>,

    /// A realm of the chain; of changes, that of who made them
    #[arg(long, value_name = "REALM")]
    realm: Vec<String>,

    /// Node, by id or name
    #[arg(long, value_name = "NODE")]
    node: Vec<String>,

    /// Why it failed, as `bad_password`
    #[arg(long, value_name = "REASON")]
    reason: Vec<String>,

    /// Audit event, as `anonymous_access_denied` or `invalidate_apikeys`; of refused actions also the Elasticsearch action
    #[arg(long, value_name = "ACTION")]
    action: Vec<String>,

    /// API key, by id or name
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    key: Vec<String>,

    /// Cluster, by uuid or name
    #[arg(long, value_name = "CLUSTER", allow_hyphen_values = true)]
    cluster: Vec<String>,

    /// Index that a refused action was about; leaves nothing else
    #[arg(long, value_name = "INDEX")]
    index: Vec<String>,
}

/// The name of an audit event, an Elasticsearch action (`indices:data/read/search`), or a glob.
fn action(text: &str) -> Result<Pattern, String> {
    if text.contains(['*', '?', ':', '/']) || actions::is_documented(text.as_bytes()) {
        return Pattern::text(text);
    }
    let events = actions::EVENTS.join(", ");
    Err(format!(
        "no audit event is called `{text}`; one of {events}, a change such as put_role, or an Elasticsearch action"
    ))
}

/// Conditions on addresses.
pub(super) fn source(texts: &[String], known: &AddressBook) -> Result<Rules, String> {
    let check = |text: &str| Pattern::source(text, known);
    Rules::parse(texts, check).map_err(|error| format!("--source: {error}"))
}

impl FilterArgs {
    /// The filter; times without a zone are read in `zone`, and networks have the names of `known`.
    pub(super) fn resolve(&self, zone: Zone, known: &AddressBook) -> Result<Filter, String> {
        let now = Millis::now();
        let times = |name: &str, texts: &[String], edge| {
            let read =
                |text: &String| Bound::parse(text, edge, zone, now).map_err(|error| format!("--{name}: {error}"));
            texts.iter().map(read).collect::<Result<Vec<_>, _>>()
        };
        let rules = |name: &str, texts: &[String], check: fn(&str) -> Result<Pattern, String>| {
            Rules::parse(texts, check).map_err(|error| format!("--{name}: {error}"))
        };
        let filter = Filter {
            since: times("since", &self.since, Edge::First)?,
            until: times("until", &self.until, Edge::Last)?,
            principal: rules("principal", &self.principal, Pattern::text)?,
            source: source(&self.source, known)?,
            realm: rules("realm", &self.realm, Pattern::text)?,
            node: rules("node", &self.node, Pattern::text)?,
            reason: rules("reason", &self.reason, Pattern::reason)?,
            action: rules("action", &self.action, action)?,
            key: rules("key", &self.key, Pattern::text)?,
            cluster: rules("cluster", &self.cluster, Pattern::text)?,
            index: rules("index", &self.index, Pattern::text)?,
        };
        if let Some((since, until)) = filter.never() {
            return Err(format!("--since {since} lies after --until {until}: nothing would be left"));
        }
        Ok(filter)
    }
}
