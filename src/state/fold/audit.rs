//! Audit events to records and counters, whoever decoded them.

use std::collections::BTreeMap;

use super::StateBuilder;
use super::join::Failure;
use super::recent::{Powerful, is_internal, may_change_security};
use crate::action_class::ActionClass;
use crate::copies::{Counts, is_joined, sketch_hash};
use crate::decode::native::client_address;
use crate::event::{AuditEvent, Change};
use crate::fast_reader::{ActionKind, AuditFields};
use crate::reason::{Basis, Reason};
use crate::state::acts::{Act, ActKind, MOST_KINDS, Origin};
use crate::state::line_order;
use crate::state::records::{Attempt, AttemptFlags, ChangeRecord, Grant, Outcome, Pos, RealmFailure, RecordKey};
use crate::state::symbols::{ChainId, Sym};
use crate::time::Millis;

/// Bytes of an `x_forwarded_for` that are kept: a client may write what it likes, a dozen hops fit.
const LONGEST_FORWARDED: usize = 512;

impl StateBuilder {
    /// Counts an event of a node and keeps what it tells.
    #[inline]
    pub(super) fn audit(&mut self, event: &impl AuditFields, node: u32, line: u32) {
        let (what, time) = (event.what(), event.time());
        let pos = Pos { chunk: self.chunk, line };
        match self.copies_here.as_ref().map(|copies| copies.counts(event, (self.at.1, line))) {
            Some(Counts::Elsewhere) => return self.met_again(event, node),
            Some(Counts::OnceJoined) => {}
            None if self.only => {}
            Some(Counts::Here) | None => {
                let (at, hash) = ((self.at.0, node), sketch_hash(event));
                self.sketching.add(at, time, what, hash);
                self.state.sampled.add(at, event, hash);
                if !self.state.sampled.is_whole() && !is_joined(what) {
                    self.edges.add(node, time);
                }
            }
        }
        if let Some(document) = event.document() {
            self.document(document, pos);
        }
        let stats = &mut self.state.nodes[node as usize];
        stats.audit_events += 1;
        stats.span.add(time);
        let minute = time.0.div_euclid(60_000);
        let offset = event.zone_offset();
        if self.recent.minute != (node, minute, offset) {
            self.recent.minute = (node, minute, offset);
            stats.minutes.add(time);
            if let Some(offset) = offset {
                stats.offsets.entry(offset).or_default().add(Millis(minute.saturating_mul(60_000)));
            }
        }
        if let Some(id) = event.request_id() {
            self.state.requests.add(id, node, event.origin_type(), time);
        }
        match what {
            ActionKind::AuthenticationFailed => stats.failures += 1,
            ActionKind::RealmAuthenticationFailed => stats.realm_failures += 1,
            ActionKind::AuthenticationSuccess => stats.successes += 1,
            ActionKind::AnonymousAccessDenied => stats.anonymous += 1,
            ActionKind::AccessGranted | ActionKind::AccessDenied => stats.decisions += 1,
            ActionKind::RunAsGranted
            | ActionKind::RunAsDenied
            | ActionKind::TamperedRequest
            | ActionKind::Change
            | ActionKind::Other => {}
        }
        match what {
            ActionKind::Change | ActionKind::Other => count_action(&mut self.state.actions, event.action_name(), 1),
            // Their names are known: counted here, named at the end.
            what => self.actions[what as usize] += 1,
        }
        match what {
            ActionKind::AuthenticationFailed => self.attempt(event, Outcome::Failed, node, pos),
            ActionKind::AnonymousAccessDenied => self.attempt(event, Outcome::AnonymousDenied, node, pos),
            ActionKind::RealmAuthenticationFailed => self.realm_failure(event, pos),
            ActionKind::AccessGranted => {
                self.success(event, node, pos);
                let doing = self.recent.doing(event);
                if doing.changes_security {
                    self.grant(event, pos);
                }
                if let Some(powerful) = doing.powerful {
                    self.act(event, powerful, true, node, pos);
                }
            }
            ActionKind::RunAsGranted => {
                self.run_as(event, true, node, pos);
                if self.recent.doing(event).changes_security {
                    self.grant(event, pos);
                }
            }
            ActionKind::RunAsDenied => self.run_as(event, false, node, pos),
            ActionKind::TamperedRequest => {
                *self.state.tampered_minutes.entry(minute).or_default() += 1;
                self.turned_away(event, node, pos);
            }
            ActionKind::AccessDenied => {
                *self.state.denied_minutes.entry(minute).or_default() += 1;
                // An access decision means that the authentication succeeded.
                self.success(event, node, pos);
                self.denial(event, node, pos);
                if let Some(powerful) = self.recent.doing(event).powerful {
                    self.act(event, powerful, false, node, pos);
                }
            }
            ActionKind::Change => {
                if let Some(event) = event.whole() {
                    self.change(event, node, pos);
                }
            }
            ActionKind::AuthenticationSuccess => {
                self.success(event, node, pos);
                if event.url_path().is_some_and(may_change_security) {
                    self.grant(event, pos);
                }
            }
            // An IP filter; whom it lets in says nothing.
            ActionKind::Other if event.action_name() == b"connection_denied" => self.turned_away(event, node, pos),
            ActionKind::Other => {}
        }
    }

    /// Counts an event that counts elsewhere.
    fn met_again(&mut self, event: &impl AuditFields, node: u32) {
        self.state.nodes[node as usize].audit_events += 1;
        count_action(&mut self.state.actions, event.action_name(), 1);
        count_action(&mut self.state.counted_only.repeated, event.action_name(), 1);
    }

    /// Keeps the name of a document, to find those that stand twice.
    fn document(&mut self, name: u64, pos: Pos) {
        if self.copies.is_some() {
            // Those that stand twice are known.
        } else if self.state.documents.len() < self.most_documents {
            self.state.documents.push((name, pos));
        } else {
            self.state.documents_left_out += 1;
        }
    }

    fn attempt(&mut self, event: &impl AuditFields, outcome: Outcome, node: u32, pos: Pos) {
        let principal = match outcome {
            Outcome::Failed => event.user(),
            // Some shapes write `_anonymous`; it is nobody.
            Outcome::AnonymousDenied => None,
        };
        let key = attempt_key(event, principal);
        let service_token = outcome == Outcome::Failed && event.token_name().is_some();
        let (reason, basis) =
            if service_token { (Reason::ServiceTokenInvalid, Basis::Explicit) } else { (Reason::Unknown, Basis::None) };
        let source = event.origin().map(client_address);
        let no_flag = AttemptFlags::default();
        let with_id = if event.request_id().is_some() { AttemptFlags::REQUEST_ID } else { no_flag };
        let of_transport = event.origin_type() == Some(b"transport");
        let symbols = &mut self.state.symbols;
        let attempt = Attempt {
            time: event.time(),
            key,
            pos,
            principal: symbols.intern_opt(principal),
            source: symbols.intern_opt(source.as_deref()),
            node,
            chain: ChainId::NONE_SEEN,
            path: if self.keep_path { symbols.intern_opt(event.url_path()) } else { Sym::NONE },
            outcome,
            reason,
            basis,
            flags: with_id.with(if of_transport { AttemptFlags::TRANSPORT } else { no_flag }),
        };
        if attempt.has_request_id() && outcome == Outcome::Failed {
            let at = self.state.attempts.len() as u32;
            self.failures.push(Failure {
                key,
                line: pos.line,
                time: event.time(),
                sequence: event.sequence(),
                realm: Sym::NONE,
                attempt: Some(at),
            });
        }
        self.state.attempts.push(attempt);
        if let Some(trace) = event.trace_id() {
            let trace = self.state.symbols.intern(trace);
            self.state.traces.push((pos, trace));
        }
        if let Some(forwarded) = event.forwarded_for() {
            let kept = &forwarded[..forwarded.len().min(LONGEST_FORWARDED)];
            let forwarded = self.state.symbols.intern(kept);
            self.state.forwarded.push((pos, forwarded));
        }
    }

    fn realm_failure(&mut self, event: &impl AuditFields, pos: Pos) {
        let time = event.time();
        let realm = self.state.symbols.intern_opt(event.realm());
        if event.request_id().is_some() {
            let key = attempt_key(event, event.user());
            let sequence = event.sequence();
            self.failures.push(Failure { key, line: pos.line, time, sequence, realm, attempt: None });
        } else {
            // Joins nothing; kept to be recognised when it is met again.
            let (origin, path) = (event.origin(), event.url_path());
            let key = RecordKey::of(&[event.node_identity(), None, event.user(), origin, path, Some(b"realm")]);
            self.state.realm_failures.push(RealmFailure { time, key, pos, realm });
        }
    }

    #[inline]
    fn success(&mut self, event: &impl AuditFields, node: u32, pos: Pos) {
        if let Some(client) = self.client(event) {
            self.add_success(client, node, event.time(), pos);
        }
    }

    fn denial(&mut self, event: &impl AuditFields, node: u32, pos: Pos) {
        if let Some(client) = self.client(event) {
            let mut actor = self.actors.actor(client, node);
            let symbols = &mut self.state.symbols;
            actor.es_action = symbols.intern_opt(event.es_action());
            actor.object = symbols.intern_opt(event.indices().map(|indices| indices.first).as_deref());
            let order = line_order(&self.state.inputs, &self.state.chunks);
            self.actors.denials_of(actor).add(event.time(), pos, &order);
        }
    }

    /// A powerful action of somebody who is not Elasticsearch itself.
    fn act(&mut self, event: &impl AuditFields, powerful: Powerful, granted: bool, node: u32, pos: Pos) {
        let Some(principal) = event.user().filter(|user| !is_internal(user, event.user_realm())) else { return };
        let run_by = event.run_by();
        self.keep_act(event, (principal, run_by), powerful, granted, (node, pos));
    }

    /// Somebody acts as somebody else: these events name the one who authenticated as their user (audit-format 1.20).
    fn run_as(&mut self, event: &impl AuditFields, granted: bool, node: u32, pos: Pos) {
        let (Some(user), Some(effective)) = (event.user(), event.run_as()) else { return };
        let powerful = Powerful { class: ActionClass::RunAs, restricted: false };
        self.keep_act(event, (effective, Some(user)), powerful, granted, (node, pos));
    }

    /// Somebody whose request was not looked at: who it was is seldom known, and what it was about never.
    fn turned_away(&mut self, event: &impl AuditFields, node: u32, pos: Pos) {
        let source = event.origin().map(client_address);
        let identity =
            [event.node_identity(), event.request_id(), event.user(), event.origin(), Some(event.action_name())];
        let request = RecordKey::of(&identity);
        let symbols = &mut self.state.symbols;
        let kind = ActKind {
            principal: symbols.intern_opt(event.user()),
            realm: symbols.intern_opt(event.user_realm()),
            run_by: Sym::NONE,
            source: symbols.intern_opt(source.as_deref()),
            apikey: symbols.intern_opt(event.apikey_id()),
            es_action: symbols.intern(event.action_name()),
            class: ActionClass::Other,
            restricted: false,
            granted: false,
            origin: Origin::of(event.origin_type()),
        };
        let act = Act { time: event.time(), request, pos, node, index: Sym::NONE, indices: 0, has_request_id: false };
        self.add_act(kind, act);
    }

    fn keep_act(
        &mut self,
        event: &impl AuditFields,
        (principal, run_by): (&[u8], Option<&[u8]>),
        powerful: Powerful,
        granted: bool,
        (node, pos): (u32, Pos),
    ) {
        let indices = event.indices();
        let index = indices.as_ref().map(|indices| indices.restricted.as_deref().unwrap_or(&indices.first));
        let source = event.origin().map(client_address);
        let request = match event.request_id() {
            Some(id) => RecordKey::of(&[Some(id)]),
            None => RecordKey::of(&[event.node_identity(), event.user(), event.origin(), event.es_action(), index]),
        };
        let symbols = &mut self.state.symbols;
        let kind = ActKind {
            principal: symbols.intern(principal),
            // Of run-as it is the realm of the other of the two.
            realm: symbols.intern_opt(event.user_realm().filter(|_| powerful.class != ActionClass::RunAs)),
            run_by: symbols.intern_opt(run_by),
            source: symbols.intern_opt(source.as_deref()),
            apikey: symbols.intern_opt(event.apikey_id()),
            es_action: symbols.intern_opt(event.es_action()),
            class: powerful.class,
            restricted: powerful.restricted,
            granted,
            origin: Origin::of(event.origin_type()),
        };
        let act = Act {
            time: event.time(),
            request,
            pos,
            node,
            index: symbols.intern_opt(index),
            indices: indices.as_ref().map_or(0, |indices| indices.total),
            has_request_id: event.request_id().is_some(),
        };
        self.add_act(kind, act);
    }

    fn add_act(&mut self, kind: ActKind, act: Act) {
        let order = line_order(&self.state.inputs, &self.state.chunks);
        self.state.acts.add(kind, act, &order);
        if self.state.acts.kinds.len() >= 2 * MOST_KINDS {
            self.state.acts.trim(&self.state.symbols);
        }
    }

    /// Keeps who may have caused a security change.
    fn grant(&mut self, event: &impl AuditFields, pos: Pos) {
        let (Some(user), Some(_)) = (event.user(), event.request_id()) else { return };
        let source = event.origin().map(client_address);
        let request = request_key(event);
        let symbols = &mut self.state.symbols;
        self.state.grants.push(Grant {
            time: event.time(),
            request,
            pos,
            user: symbols.intern(user),
            realm: symbols.intern_opt(event.user_realm().or(event.realm())),
            run_by: symbols.intern_opt(event.run_by()),
            source: symbols.intern_opt(source.as_deref()),
            es_action: symbols.intern_opt(event.es_action()),
            apikey: symbols.intern_opt(event.apikey_id()),
        });
    }

    fn change(&mut self, event: &AuditEvent<'_>, node: u32, pos: Pos) {
        let action = event.action.name();
        let none = Change::default();
        let change = event.change.as_deref().unwrap_or(&none);
        // Only an event that also says how the user authenticated names the actor: newer ingest pipelines put the target
        // of the change into user.name (audit-format 4).
        let named = event.authentication_type.is_some() || event.user_realm.is_some();
        let actor = event.user.as_deref().filter(|_| named);
        let mut parts: Vec<Option<&[u8]>> = vec![
            event.node_identity(),
            event.request_id.as_deref(),
            Some(action),
            change.name.as_deref(),
            change.detail.as_deref(),
            change.owner.as_deref(),
            change.service.as_deref(),
        ];
        parts.extend(change.ids.iter().map(|id| Some(id.as_ref())));
        let time = event.time.0.to_le_bytes();
        parts.push(Some(&time));
        parts.push(event.user.as_deref());
        if event.request_id.is_none() {
            parts.extend([event.origin.as_deref(), event.url_path.as_deref()]);
        }
        let identity = RecordKey::of(&parts);
        let source = event.origin.as_deref().map(client_address);
        let request = request_key(event);
        let symbols = &mut self.state.symbols;
        self.state.changes.push(ChangeRecord {
            time: event.time,
            request,
            identity,
            has_request_id: event.request_id.is_some(),
            pos,
            action: symbols.intern(action),
            node,
            request_id: symbols.intern_opt(event.request_id.as_deref()),
            user: symbols.intern_opt(actor),
            user_realm: symbols.intern_opt(event.user_realm.as_deref().filter(|_| actor.is_some())),
            run_by: symbols.intern_opt(event.run_by.as_deref().filter(|_| actor.is_some())),
            source: symbols.intern_opt(source.as_deref()),
            ids: change.ids.iter().map(|id| symbols.intern(id)).collect(),
            name: symbols.intern_opt(change.name.as_deref()),
            detail: symbols.intern_opt(change.detail.as_deref()),
            namespace: symbols.intern_opt(change.namespace.as_deref()),
            service: symbols.intern_opt(change.service.as_deref()),
            owner: symbols.intern_opt(change.owner.as_deref()),
            owner_realm: symbols.intern_opt(change.owner_realm.as_deref()),
            owned_by_authenticated_user: change.owned_by_authenticated_user,
            expiration: symbols.intern_opt(change.expiration.as_deref()),
            kind: symbols.intern_opt(change.kind.as_deref()),
            granted_to: symbols.intern_opt(change.granted_to.as_deref()),
            roles: change.roles.iter().map(|role| symbols.intern(role)).collect(),
            privileges: change
                .cluster_privileges
                .iter()
                .map(|privilege| &privilege[..])
                .chain(change.index_privileges.iter().map(Vec::as_slice))
                .map(|privilege| symbols.intern(privilege))
                .collect(),
            cluster_privileges: change.cluster_privileges.len() as u32,
        });
    }
}

/// The key of an attempt: node, request id and principal; without a request id everything that may tell two events apart.
fn attempt_key(event: &impl AuditFields, principal: Option<&[u8]>) -> RecordKey {
    let node = event.node_identity();
    match event.request_id() {
        Some(request) => RecordKey::of(&[node, Some(request), principal]),
        None => RecordKey::of(&[node, None, principal, event.origin(), event.url_path()]),
    }
}

fn request_key(event: &impl AuditFields) -> RecordKey {
    RecordKey::of(&[event.node_identity(), event.request_id()])
}

/// Adds to the count of an action.
pub(super) fn count_action(actions: &mut BTreeMap<Vec<u8>, u64>, name: &[u8], count: u64) {
    match actions.get_mut(name) {
        Some(known) => *known += count,
        None => {
            actions.insert(name.to_vec(), count);
        }
    }
}
