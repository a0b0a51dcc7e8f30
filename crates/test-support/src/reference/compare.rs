//! The same numbers taken out of a report that the tool wrote.

use esaudit::internals::model::{Input, Report};

use super::{Change, Counts, Denied, Group, Node, Numbers};

impl Counts {
    fn of(input: &Input) -> Self {
        Self {
            lines: input.lines,
            audit: input.audit_events,
            server: input.server_events,
            other: input.other_lines,
            undecodable: input.undecodable_lines,
            oversized: input.oversized_lines,
        }
    }
}

impl Numbers {
    /// What the tool says.
    pub fn of(report: &Report) -> Self {
        let coverage = &report.coverage;
        let mut groups: Vec<Group> = report.groups.iter().map(|made| group(&made)).collect();
        groups.sort();
        let mut changes: Vec<Change> = report.security_changes.iter().map(change).collect();
        changes.sort();
        let mut nodes: Vec<Node> = coverage
            .nodes
            .iter()
            .map(|node| {
                let facts =
                    [node.logs_realm_failures == Some(true), node.logs_successes == Some(true), node.has_server_log];
                ((node.id.clone(), node.name.clone()), node.audit_events, facts)
            })
            .collect();
        nodes.sort();
        let totals = &report.totals;
        Self {
            counts: Counts {
                lines: coverage.lines,
                audit: coverage.audit_events,
                server: coverage.server_events,
                other: coverage.other_lines,
                undecodable: coverage.undecodable_lines,
                oversized: coverage.oversized_lines,
            },
            inputs: coverage.inputs.iter().map(|input| (input.path.clone(), Counts::of(input))).collect(),
            duplicates: coverage.duplicates,
            actions: coverage.actions.clone().into_iter().filter(|(_, count)| *count > 0).collect(),
            nodes,
            totals: [totals.failed_attempts, totals.principals, totals.sources, totals.api_key_invalidations],
            groups,
            changes,
            timeline: report
                .timeline
                .buckets
                .iter()
                .map(|b| {
                    (
                        b.start.clone(),
                        [b.authentication_failed, b.anonymous_access_denied, b.access_denied, b.tampered_request],
                    )
                })
                .collect(),
            duplicates_by_action: coverage.duplicates_by_action.clone(),
            tampered: totals.tampered_requests,
            denied: (report.denied.iter().map(denied).collect(), report.denied_total),
            new_places: report.new_places_total,
        }
    }
}

fn denied(row: &esaudit::internals::model::Denied) -> Denied {
    Denied {
        who: [row.principal.clone(), row.api_key.clone(), row.action.clone(), row.index.clone()],
        count: row.count,
        sources: row.sources_total,
    }
}

fn group(group: &esaudit::internals::model::Group) -> Group {
    Group {
        principal: group.principal.clone(),
        chain: group.realm_chain.clone(),
        count: group.count,
        first: group.first.clone().unwrap_or_default(),
        last: group.last.clone().unwrap_or_default(),
        sources: group.sources.iter().map(|source| (source.address.clone(), source.count)).collect(),
        sources_total: group.sources_total,
        nodes: group.nodes.clone(),
        actions: group.actions.clone().into_iter().filter(|(_, count)| *count > 0).collect(),
    }
}

fn change(change: &esaudit::internals::model::SecurityChange) -> Change {
    Change {
        time: change.time.clone(),
        action: change.action.clone(),
        actor: change.actor.clone(),
        actor_realm: change.actor_realm.clone(),
        run_by: change.run_by.clone(),
        source: change.source.clone(),
        node: change.node.clone(),
        request_id: change.request_id.clone(),
        target: change.target.clone(),
        ids: change.ids.clone(),
        name: change.name.clone(),
        owner: change.owner.clone(),
        owner_realm: change.owner_realm.clone(),
        owned: change.owned_by_authenticated_user,
        expiration: change.expiration.clone(),
        evidence: (change.evidence.path.clone(), change.evidence.line),
    }
}
