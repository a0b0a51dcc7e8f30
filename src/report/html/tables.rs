//! The failures by the chosen keys, the API keys that are refused, and the security changes.

use super::grid::{Grid, Kind};
use super::{Page, text};
use crate::model::{FailingKey, Group, SecurityChange};
use crate::options::GroupBy;
use crate::report::table::text::number;

/// Bytes of the failures: a page must open.
const GROUPS_ROOM: usize = 3 << 20;

/// Bytes of the other tables.
const ROOM: usize = 512 << 10;

/// Addresses shown of a row; the others stand in its details.
const MAX_SOURCES: usize = 3;

/// Addresses and key ids in the details.
const MAX_LISTED: usize = 20;

impl Page<'_> {
    pub(super) fn tables(&self) -> String {
        [self.failures(), self.refused(), self.changes()].concat()
    }

    fn failures(&self) -> String {
        let groups = &self.report.groups;
        if groups.is_empty() {
            return String::new();
        }
        let total = usize::try_from(self.report.groups_total).unwrap_or(usize::MAX).max(groups.len());
        let by = self.by();
        let mut columns = vec![("Count", Kind::Number)];
        columns.extend(by.iter().map(|key| (heading(*key), Kind::Text)));
        if !by.contains(&GroupBy::Source) {
            columns.push(("From", Kind::Text));
        }
        columns.extend([("First", Kind::Time), ("Last", Kind::Time), ("Details", Kind::Text)]);
        let mut grid = Grid::new("t-failures", "Failed attempts, most frequent first", &columns, self.top, GROUPS_ROOM);
        for group in groups.iter() {
            let group = &group;
            let mut cells = vec![number(group.count)];
            cells.extend(by.iter().map(|key| self.value(*key, group)));
            if !by.contains(&GroupBy::Source) {
                let sources = group.sources.iter().map(|source| text::counted(&source.address, source.count));
                cells.push(text::some(sources, MAX_SOURCES, group.sources_total));
            }
            cells.push(self.time(group.first.as_deref()));
            cells.push(self.time(group.last.as_deref()));
            cells.push(self.details(group));
            if !grid.row(&cells) {
                break;
            }
        }
        format!(
            "<section id=\"failures\" aria-labelledby=\"h-failures\">\n<h2 id=\"h-failures\">Failures</h2>\n{}</section>\n",
            grid.finish(total, true)
        )
    }

    /// The grouping that the report was made with.
    fn by(&self) -> Vec<GroupBy> {
        let names = self.report.parameters.get("by").and_then(serde_json::Value::as_array);
        let names = names.into_iter().flatten().filter_map(serde_json::Value::as_str);
        let by: Vec<GroupBy> =
            names.filter_map(|name| GroupBy::ALL.into_iter().find(|key| key.name() == name)).collect();
        if by.is_empty() || by == GroupBy::DEFAULT {
            vec![GroupBy::Principal, GroupBy::RealmChain, GroupBy::Reason]
        } else {
            by
        }
    }

    fn value(&self, key: GroupBy, group: &Group) -> String {
        let by = || group.by.get(key.name()).and_then(Option::as_deref);
        match key {
            GroupBy::Principal => text::log_or(group.principal.as_deref(), "none"),
            GroupBy::RealmChain => text::chain(group.realm_chain.as_deref()),
            GroupBy::Reason => text::reason(&group.reason, &group.reason_basis),
            GroupBy::Node => by().map_or_else(|| text::log_or(None, "not logged"), |node| self.node(node)),
            GroupBy::Credential => text::words(group.credential.as_deref().unwrap_or("unknown")),
            GroupBy::Source | GroupBy::Action | GroupBy::Path | GroupBy::Cluster => text::log_or(by(), "not logged"),
        }
    }

    fn details(&self, group: &Group) -> String {
        let list = |items: Vec<String>| items.join(", ");
        let addresses = |list: &[crate::model::SourceCount], total: u64| {
            text::some(list.iter().map(|source| text::counted(&source.address, source.count)), MAX_LISTED, total)
        };
        let parts = [
            (
                "From",
                if group.sources.len() > MAX_SOURCES {
                    addresses(&group.sources, group.sources_total)
                } else {
                    String::new()
                },
            ),
            ("Forwarded for", addresses(&group.forwarded, group.forwarded.len() as u64)),
            ("Nodes", list(group.nodes.iter().map(|node| self.node(node)).collect())),
            (
                "Events",
                list(
                    group
                        .actions
                        .iter()
                        .map(|(action, count)| format!("{} ×{}", text::log(action), number(*count)))
                        .collect(),
                ),
            ),
            ("Inferred", list(group.why.iter().map(|sentence| self.prose(sentence)).collect())),
            ("Server log", list(group.messages.iter().map(|message| text::log(message)).collect())),
            ("Lines", list(group.evidence.iter().map(text::place).collect())),
        ];
        format!("<details><summary>Lines</summary>{}</details>", entries(&parts))
    }

    fn refused(&self) -> String {
        let failing = &self.report.api_keys.failing;
        if failing.is_empty() {
            return String::new();
        }
        let columns = [
            ("Count", Kind::Number),
            ("Key", Kind::Text),
            ("Name", Kind::Text),
            ("Reason", Kind::Text),
            ("Still used by", Kind::Text),
            ("First", Kind::Time),
            ("Last", Kind::Time),
            ("Details", Kind::Text),
        ];
        let mut grid = Grid::new("t-refused", "API keys that are refused", &columns, self.top, ROOM);
        for key in failing {
            if !grid.row(&self.refused_key(key)) {
                break;
            }
        }
        format!(
            "<section id=\"refused\" aria-labelledby=\"h-refused\">\n<h2 id=\"h-refused\">Refused API keys</h2>\n{}</section>\n",
            grid.finish(failing.len(), true)
        )
    }

    fn refused_key(&self, key: &FailingKey) -> Vec<String> {
        let clients = key.clients.iter().map(|client| {
            let sure = if client.confidence < 0.995 {
                format!(" <span class=\"basis\">{:.0} % sure</span>", client.confidence * 100.0)
            } else {
                String::new()
            };
            format!("{}{sure}", text::counted(&client.address, client.count))
        });
        let mut clients = text::some(clients, MAX_SOURCES, key.clients_total);
        if key.unattributed > 0 {
            let separator = if clients.is_empty() { "" } else { ", " };
            clients
                .push_str(&format!("{separator}<span class=\"absent\">unknown ×{}</span>", number(key.unattributed)));
        }
        let some_time = |time: Option<&str>| time.map_or_else(String::new, |time| self.time(Some(time)));
        let parts = [
            ("Owner", key.owner.as_deref().map(text::log).unwrap_or_default()),
            ("Invalidated", some_time(key.invalidated_at.as_deref())),
            ("By", key.invalidated_by.as_deref().map(text::log).unwrap_or_default()),
            ("Expires", some_time(key.expires.as_deref())),
            ("Lines", key.evidence.iter().map(text::place).collect::<Vec<_>>().join(", ")),
        ];
        vec![
            number(key.count),
            text::log_or(key.id.as_deref(), "not named"),
            text::log_or(key.name.as_deref(), "unknown"),
            text::reason(&key.reason, &key.reason_basis),
            clients,
            self.time(key.first.as_deref()),
            self.time(key.last.as_deref()),
            format!("<details><summary>Lines</summary>{}</details>", entries(&parts)),
        ]
    }

    fn changes(&self) -> String {
        let changes = &self.report.security_changes;
        if changes.is_empty() {
            return String::new();
        }
        let columns = [
            ("Time", Kind::Time),
            ("Action", Kind::Text),
            ("Actor", Kind::Text),
            ("From", Kind::Text),
            ("Target", Kind::Text),
            ("Details", Kind::Text),
        ];
        let mut grid =
            Grid::new("t-changes", "Changes of the security configuration, by time", &columns, self.top, ROOM);
        for change in changes {
            if !grid.row(&self.change(change)) {
                break;
            }
        }
        format!(
            "<section id=\"changes\" aria-labelledby=\"h-changes\">\n<h2 id=\"h-changes\">Security changes</h2>\n{}</section>\n",
            grid.finish(changes.len(), true)
        )
    }

    fn change(&self, change: &SecurityChange) -> Vec<String> {
        let ids = if change.ids.is_empty() { &change.resolved_ids } else { &change.ids };
        let parts = [
            ("Realm", change.actor_realm.as_deref().map(text::log).unwrap_or_default()),
            ("Run as by", change.run_by.as_deref().map(text::log).unwrap_or_default()),
            ("Node", change.node.as_deref().map(|node| self.node(node)).unwrap_or_default()),
            ("Keys", text::some(ids.iter().map(|id| text::log(id)), MAX_LISTED, ids.len() as u64)),
            ("Expiration", change.expiration.as_deref().map(text::log).unwrap_or_default()),
            ("Request", change.request_id.as_deref().map(text::log).unwrap_or_default()),
            ("Line", text::place(&change.evidence)),
        ];
        vec![
            self.time(Some(&change.time)),
            text::log(&change.action),
            text::log_or(change.actor.as_deref(), "no event tells"),
            text::log_or(change.source.as_deref(), "not logged"),
            text::log_or(change.target.as_deref(), "not named"),
            format!("<details><summary>Line</summary>{}</details>", entries(&parts)),
        ]
    }
}

/// Names and what they stand for; what is empty is left out.
fn entries(parts: &[(&str, String)]) -> String {
    let shown: String = parts
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>"))
        .collect();
    format!("<dl>{shown}</dl>")
}

fn heading(key: GroupBy) -> &'static str {
    match key {
        GroupBy::Principal => "Principal",
        GroupBy::RealmChain => "Realm chain",
        GroupBy::Reason => "Reason",
        GroupBy::Source => "From",
        GroupBy::Node => "Node",
        GroupBy::Action => "Action",
        GroupBy::Path => "Path",
        GroupBy::Credential => "Credential",
        GroupBy::Cluster => "Cluster",
    }
}
