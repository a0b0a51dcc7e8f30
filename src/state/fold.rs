//! Folds the events of a chunk into the state.
//!
//! What one chunk shows completely is joined here, so that a flood of failures costs one record an attempt: the realm
//! failures of an attempt that ends in the same chunk become its chain. What may straddle chunks, or whose order the
//! chunk alone cannot tell, is kept as loose records for `correlate`.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::coverage::{InputProblem, InputStats, NodeStats};
use super::records::{
    Attempt, AttemptFlags, ChangeRecord, Grant, Key, Outcome, Pos, RealmFailure, ReasonRecord, Subject,
};
use super::series::Actor;
use super::symbols::{ChainId, Sym};
use super::{ChunkInfo, State, line_order, node_key, smaller_name};
use crate::decode::native::client_address;
use crate::decode::reason::{About, classify};
use crate::decode::{Context, decode_line};
use crate::error::ProblemKind;
use crate::event::{Action, AuditEvent, Change, Record, ServerEvent};
use crate::lines::{Chunk, Note, lines};
use crate::options::{GroupBy, Options};
use crate::reason::{Basis, Reason};
use crate::time::Millis;

/// Which input a chunk belongs to, and where in it.
#[derive(Debug, Clone, Copy)]
pub struct InputRef<'i> {
    /// Path as shown; identifies the input.
    pub label: &'i str,
    /// Name of its compression.
    pub compression: &'static str,
    /// Place of the chunk among the chunks of the input.
    pub seq: u32,
}

/// A failure event of the chunk being folded.
#[derive(Debug, Clone, Copy)]
struct Failure {
    key: Key,
    line: u32,
    time: Millis,
    /// The realm of a realm failure; [`Sym::NONE`] with `attempt` for the end of an attempt.
    realm: Sym,
    /// Index into the attempts of the state.
    attempt: Option<u32>,
}

/// Folds chunks into a [`State`], one worker's share.
#[derive(Debug)]
pub struct Folder {
    /// What was learned so far.
    state: State,
    context: Context,
    max_line: usize,
    max_problems: usize,
    max_in_flight: usize,
    keep_path: bool,
    inputs: HashMap<String, u32, RandomState>,
    nodes: HashMap<(Sym, Sym), u32, RandomState>,
    failures: Vec<Failure>,
    chunk: u32,
    /// The format of all records of the chunk, where its framing decides it.
    format: Option<&'static str>,
}

impl Folder {
    /// A folder with an empty state. `workers` share the bound on requests in flight.
    #[must_use]
    pub fn new(options: &Options, workers: usize) -> Self {
        Self {
            state: State::default(),
            context: Context::new(options.assume_tz).forced(options.input_format),
            max_line: options.max_line,
            max_problems: options.max_problems,
            max_in_flight: (options.max_in_flight / workers.max(1)).max(1),
            keep_path: options.by.contains(&GroupBy::Path),
            inputs: HashMap::default(),
            nodes: HashMap::default(),
            failures: Vec::new(),
            chunk: 0,
            format: None,
        }
    }

    /// The state, complete.
    #[must_use]
    pub fn into_state(mut self) -> State {
        for input in &mut self.state.inputs {
            input.trim_problems(self.max_problems);
        }
        self.state
    }

    /// Notes bytes, problems and the end of an input; works for inputs of which no chunk was read, too.
    pub fn input(&mut self, input: InputRef<'_>) -> &mut InputStats {
        let at = self.input_index(input);
        &mut self.state.inputs[at as usize]
    }

    /// Notes a problem of an input as a whole.
    pub fn input_problem(&mut self, input: InputRef<'_>, kind: ProblemKind, message: String) {
        let limit = self.max_problems;
        let stats = self.input(input);
        if kind.means_incomplete() {
            stats.error.get_or_insert_with(|| message.clone());
        }
        if kind == ProblemKind::CorruptCompression {
            stats.truncated = true;
        }
        stats.problem(InputProblem { at: None, kind, message }, limit);
    }

    fn input_index(&mut self, input: InputRef<'_>) -> u32 {
        if let Some(&at) = self.inputs.get(input.label) {
            return at;
        }
        let at = self.state.inputs.len() as u32;
        self.state.inputs.push(InputStats {
            label: input.label.to_owned(),
            compression: input.compression.to_owned(),
            ..InputStats::default()
        });
        self.inputs.insert(input.label.to_owned(), at);
        at
    }

    /// Folds a chunk.
    pub fn chunk(&mut self, input: InputRef<'_>, chunk: &Chunk) {
        if chunk.is_empty() {
            return;
        }
        let input_at = self.input_index(input);
        // Taken out while the chunk is folded, so that the state may be borrowed.
        let mut stats = std::mem::take(&mut self.state.inputs[input_at as usize]);
        self.state.inputs[input_at as usize].label.clone_from(&stats.label);
        self.chunk = self.state.chunks.len() as u32;
        self.state.chunks.push(ChunkInfo { input: input_at, seq: input.seq, lines: 0, ends: None });
        let mut line_number: u32 = 0;
        self.format = chunk.format;
        if !chunk.numbers.is_empty() {
            self.state.numbers.insert(self.chunk, chunk.numbers.clone());
        }
        let bytes = chunk.bytes();
        let mut notes = chunk.notes.as_slice();
        for line in lines(bytes) {
            match notes.split_first() {
                Some(((at, note), rest)) if *at == line_number => {
                    notes = rest;
                    self.note(*note, line_number, input.seq, &mut stats);
                }
                _ => self.line(line, line_number, input.seq, &mut stats),
            }
            line_number += 1;
        }
        // Chunks hold whole lines; only the last line of an input may lack its end.
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            let broken = stats.problems.iter_mut().find(|problem| {
                problem.at == Some((input.seq, line_number - 1)) && problem.kind == ProblemKind::Undecodable
            });
            if let Some(problem) = broken {
                problem.kind = ProblemKind::TruncatedLine;
                stats.truncated = true;
            }
        }
        if chunk.oversized_tail {
            self.oversized(line_number, input.seq, &mut stats);
            line_number += 1;
        }
        stats.lines += u64::from(line_number);
        self.state.chunks[self.chunk as usize].lines = u64::from(line_number);
        self.join_within_chunk();
        self.state.inputs[input_at as usize] = stats;
        self.evict();
    }

    /// A line that stands for something else.
    fn note(&self, note: Note, line: u32, seq: u32, stats: &mut InputStats) {
        let (kind, message) = match note {
            Note::Oversized => return self.oversized(line, seq, stats),
            Note::Broken(message) => (ProblemKind::Undecodable, message),
            Note::Cut(message) => (ProblemKind::TruncatedLine, message),
        };
        stats.truncated |= kind == ProblemKind::TruncatedLine;
        stats.undecodable_lines += 1;
        stats.garbage_lines += 1;
        let problem = InputProblem { at: Some((seq, line)), kind, message: message.to_owned() };
        stats.problem(problem, self.max_problems);
    }

    fn oversized(&self, line: u32, seq: u32, stats: &mut InputStats) {
        stats.oversized_lines += 1;
        let message = format!("line longer than {} bytes, skipped", self.max_line);
        let problem = InputProblem { at: Some((seq, line)), kind: ProblemKind::Oversized, message };
        stats.problem(problem, self.max_problems);
    }

    fn line(&mut self, line: &[u8], number: u32, seq: u32, stats: &mut InputStats) {
        if line.len() > self.max_line {
            self.oversized(number, seq, stats);
            return;
        }
        let context = self.context;
        let mut other = true;
        let result = decode_line(line, &context, &mut |format, record| {
            let (time, zone_assumed) = match record {
                Record::Audit(event) => {
                    stats.audit_events += 1;
                    let node = self.audit(&event, number);
                    stats.nodes.entry(node).or_default().add(event.time);
                    let ends = &mut self.state.chunks[self.chunk as usize].ends;
                    match ends {
                        Some((_, last)) => {
                            stats.rises += u64::from(event.time > *last);
                            stats.falls += u64::from(event.time < *last);
                            *last = event.time;
                        }
                        None => *ends = Some((event.time, event.time)),
                    }
                    (Some(event.time), event.zone_assumed)
                }
                Record::Server(event) => {
                    stats.server_events += 1;
                    let node = self.server(&event, number);
                    stats.nodes.entry(node).or_default();
                    (event.time, event.zone_assumed)
                }
                Record::Other => return,
            };
            other = false;
            if let Some(time) = time {
                stats.span.add(time);
            }
            stats.zone_assumed += u64::from(zone_assumed);
            let format = self.format.unwrap_or(format);
            match stats.formats.get_mut(format) {
                Some(count) => *count += 1,
                None => {
                    stats.formats.insert(format.to_owned(), 1);
                }
            }
        });
        match result {
            Ok(()) => stats.other_lines += u64::from(other),
            Err(error) => {
                stats.undecodable_lines += 1;
                stats.garbage_lines += u64::from(!begins_like_record(line));
                let kind = ProblemKind::Undecodable;
                let problem = InputProblem { at: Some((seq, number)), kind, message: error.to_string() };
                stats.problem(problem, self.max_problems);
            }
        }
    }

    fn node(&mut self, id: Option<&[u8]>, name: Option<&[u8]>) -> u32 {
        let symbols = &mut self.state.symbols;
        let (id, name) = (symbols.intern_opt(id), symbols.intern_opt(name));
        let nodes = &mut self.state.nodes;
        let at = *self.nodes.entry(node_key(id, name)).or_insert_with(|| {
            nodes.push(NodeStats { id, name, ..NodeStats::default() });
            nodes.len() as u32 - 1
        });
        let node = &mut self.state.nodes[at as usize];
        if node.name != name {
            node.name = smaller_name(&self.state.symbols, node.name, name);
        }
        at
    }

    fn server(&mut self, event: &ServerEvent<'_>, line: u32) -> u32 {
        let at = self.node(event.node_id.as_deref(), event.node_name.as_deref());
        let node = &mut self.state.nodes[at as usize];
        node.server_events += 1;
        if let Some(time) = event.time {
            node.server_span.add(time);
            node.server_minutes.add(time);
            self.reason(event, time, at, line);
        }
        at
    }

    fn reason(&mut self, event: &ServerEvent<'_>, time: Millis, node: u32, line: u32) {
        let Some(told) = classify(&event.message) else { return };
        let (about, subject, realm) = match told.about {
            About::ApiKey(id) => (Subject::ApiKey, id, None),
            About::Realm { realm, principal } => (Subject::Realm, principal, Some(realm)),
            About::Principal(principal) => (Subject::Principal, Some(principal), None),
            About::Token => (Subject::Token, None, None),
            About::ServiceToken(account) => (Subject::ServiceToken, Some(account), None),
            About::Anybody => (Subject::Anybody, None, None),
        };
        let understood = told.reason != Reason::Unknown && (subject.is_some() || about != Subject::Realm);
        let symbols = &mut self.state.symbols;
        self.state.reasons.push(ReasonRecord {
            time,
            pos: Pos { chunk: self.chunk, line },
            node,
            subject: symbols.intern_opt(subject),
            realm: symbols.intern_opt(realm),
            trace: symbols.intern_opt(event.trace_id.as_deref()),
            text: if understood { Sym::NONE } else { symbols.intern(&event.message) },
            about,
            reason: told.reason,
        });
    }

    fn audit(&mut self, event: &AuditEvent<'_>, line: u32) -> u32 {
        let node = self.node(event.node_id.as_deref(), event.node_name.as_deref());
        let stats = &mut self.state.nodes[node as usize];
        stats.audit_events += 1;
        stats.span.add(event.time);
        stats.minutes.add(event.time);
        match event.action {
            Action::AuthenticationFailed => stats.failures += 1,
            Action::RealmAuthenticationFailed => stats.realm_failures += 1,
            Action::AuthenticationSuccess => stats.successes += 1,
            Action::AnonymousAccessDenied => stats.anonymous += 1,
            Action::AccessGranted | Action::AccessDenied => stats.decisions += 1,
            _ => {}
        }
        match self.state.actions.get_mut(event.action.name()) {
            Some(count) => *count += 1,
            None => {
                self.state.actions.insert(event.action.name().to_vec(), 1);
            }
        }
        let pos = Pos { chunk: self.chunk, line };
        match &event.action {
            Action::AuthenticationFailed => self.attempt(event, Outcome::Failed, node, pos),
            Action::AnonymousAccessDenied => self.attempt(event, Outcome::AnonymousDenied, node, pos),
            Action::RealmAuthenticationFailed => self.realm_failure(event, pos),
            Action::AccessGranted => {
                self.success(event, node, pos);
                self.grant(event, pos);
            }
            Action::RunAsGranted => self.grant(event, pos),
            Action::AccessDenied => {
                *self.state.denied_minutes.entry(event.time.0.div_euclid(60_000)).or_default() += 1;
                // An access decision means that the authentication succeeded.
                self.success(event, node, pos);
                self.denial(event, node, pos);
            }
            Action::SecurityChange(name) => self.change(event, name, node, pos),
            Action::AuthenticationSuccess => self.success(event, node, pos),
            Action::Other(_) => {}
        }
        node
    }

    fn attempt(&mut self, event: &AuditEvent<'_>, outcome: Outcome, node: u32, pos: Pos) {
        let principal = match outcome {
            Outcome::Failed => event.user.as_deref(),
            // Some shapes write `_anonymous`; it is nobody.
            Outcome::AnonymousDenied => None,
        };
        let key = attempt_key(event, principal);
        let service_token = outcome == Outcome::Failed && event.token_name.is_some();
        let (reason, basis) =
            if service_token { (Reason::ServiceTokenInvalid, Basis::Explicit) } else { (Reason::Unknown, Basis::None) };
        let source = event.origin.as_deref().map(client_address);
        let symbols = &mut self.state.symbols;
        let attempt = Attempt {
            time: event.time,
            key,
            pos,
            principal: symbols.intern_opt(principal),
            source: symbols.intern_opt(source.as_deref()),
            node,
            chain: ChainId::NONE_SEEN,
            path: if self.keep_path { symbols.intern_opt(event.url_path.as_deref()) } else { Sym::NONE },
            outcome,
            reason,
            basis,
            flags: if event.request_id.is_some() { AttemptFlags::REQUEST_ID } else { AttemptFlags::default() },
        };
        if attempt.has_request_id() && outcome == Outcome::Failed {
            let at = self.state.attempts.len() as u32;
            self.failures.push(Failure { key, line: pos.line, time: event.time, realm: Sym::NONE, attempt: Some(at) });
        }
        self.state.attempts.push(attempt);
        if let Some(trace) = event.trace_id.as_deref() {
            let trace = self.state.symbols.intern(trace);
            self.state.traces.push((pos, trace));
        }
    }

    fn realm_failure(&mut self, event: &AuditEvent<'_>, pos: Pos) {
        let realm = self.state.symbols.intern_opt(event.realm.as_deref());
        if event.request_id.is_some() {
            let key = attempt_key(event, event.user.as_deref());
            self.failures.push(Failure { key, line: pos.line, time: event.time, realm, attempt: None });
        } else {
            // Joins nothing; kept to be recognised when it is met again.
            let (origin, path) = (event.origin.as_deref(), event.url_path.as_deref());
            let key = Key::of(&[node_identity(event), None, event.user.as_deref(), origin, path, Some(b"realm")]);
            self.state.realm_failures.push(RealmFailure { time: event.time, key, pos, realm });
        }
    }

    /// The client that authenticated for an event, if it was one: not a node talking to itself or to another node.
    fn actor(&mut self, event: &AuditEvent<'_>, node: u32) -> Option<Actor> {
        let principal = event.run_by.as_deref().or(event.user.as_deref())?;
        if event.origin_type.as_deref().is_some_and(|origin| origin != b"rest") {
            return None;
        }
        let realm = event.user_realm.as_deref().or(event.realm.as_deref());
        if is_internal(principal, realm) {
            return None;
        }
        if let (Some(id), Some(name)) = (event.apikey_id.as_deref(), event.apikey_name.as_deref()) {
            let symbols = &mut self.state.symbols;
            let (id, name) = (symbols.intern(id), symbols.intern(name));
            self.state.name_key(id, name);
        }
        let source = event.origin.as_deref().map(client_address);
        let symbols = &mut self.state.symbols;
        Some(Actor {
            principal: symbols.intern(principal),
            source: symbols.intern_opt(source.as_deref()),
            apikey: symbols.intern_opt(event.apikey_id.as_deref()),
            realm: symbols.intern_opt(realm),
            node,
            es_action: Sym::NONE,
        })
    }

    fn success(&mut self, event: &AuditEvent<'_>, node: u32, pos: Pos) {
        if let Some(actor) = self.actor(event, node) {
            let order = line_order(&self.state.inputs, &self.state.chunks);
            self.state.successes.entry(actor).or_default().add(event.time, pos, &order);
        }
    }

    fn denial(&mut self, event: &AuditEvent<'_>, node: u32, pos: Pos) {
        if let Some(mut actor) = self.actor(event, node) {
            actor.es_action = self.state.symbols.intern_opt(event.es_action.as_deref());
            let order = line_order(&self.state.inputs, &self.state.chunks);
            self.state.denials.entry(actor).or_default().add(event.time, pos, &order);
        }
    }

    fn grant(&mut self, event: &AuditEvent<'_>, pos: Pos) {
        let Some(es_action) = event.es_action.as_deref().filter(|action| changes_security(action)) else { return };
        let (Some(user), Some(_)) = (&event.user, &event.request_id) else { return };
        let source = event.origin.as_deref().map(client_address);
        let request = request_key(event);
        let symbols = &mut self.state.symbols;
        self.state.grants.push(Grant {
            time: event.time,
            request,
            pos,
            user: symbols.intern(user),
            realm: symbols.intern_opt(event.user_realm.as_deref()),
            run_by: symbols.intern_opt(event.run_by.as_deref()),
            source: symbols.intern_opt(source.as_deref()),
            es_action: symbols.intern(es_action),
            apikey: symbols.intern_opt(event.apikey_id.as_deref()),
        });
    }

    fn change(&mut self, event: &AuditEvent<'_>, action: &[u8], node: u32, pos: Pos) {
        let none = Change::default();
        let change = event.change.as_deref().unwrap_or(&none);
        // Only an event that also says how the user authenticated names the actor: newer ingest pipelines put the target
        // of the change into user.name (audit-format 4).
        let named = event.authentication_type.is_some() || event.user_realm.is_some();
        let actor = event.user.as_deref().filter(|_| named);
        let mut parts: Vec<Option<&[u8]>> = vec![
            node_identity(event),
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
        let identity = Key::of(&parts);
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
        });
    }

    /// Joins realm failures and attempts of this chunk where the chunk alone settles the chain.
    fn join_within_chunk(&mut self) {
        // In a file sorted newest first the order of equal times has to be learned from the whole file.
        let forward = self.state.chunks[self.chunk as usize].ends.is_some_and(|(first, last)| first < last);
        let mut failures = std::mem::take(&mut self.failures);
        failures.sort_unstable_by_key(|failure| (failure.key, failure.line));
        for run in failures.chunk_by(|a, b| a.key == b.key) {
            if let Some(attempt) = run.last().and_then(|last| last.attempt).filter(|_| forward && is_settled(run)) {
                let realms: Vec<Sym> =
                    run.iter().map(|failure| failure.realm).filter(|realm| realm.is_some()).collect();
                let attempt = &mut self.state.attempts[attempt as usize];
                attempt.chain = self.state.chains.intern(&realms);
                if run.len() > 1 && run[run.len() - 2].time == attempt.time {
                    attempt.flags.set(AttemptFlags::TIE_BEFORE);
                }
                continue;
            }
            for failure in run.iter().filter(|failure| failure.attempt.is_none()) {
                self.state.realm_failures.push(RealmFailure {
                    time: failure.time,
                    key: failure.key,
                    pos: Pos { chunk: self.chunk, line: failure.line },
                    realm: failure.realm,
                });
            }
        }
        failures.clear();
        self.failures = failures;
    }

    /// Keeps the number of waiting realm failures bounded: the older half goes.
    fn evict(&mut self) {
        let waiting = &mut self.state.realm_failures;
        if waiting.len() <= self.max_in_flight {
            return;
        }
        let half = waiting.len() / 2;
        waiting.select_nth_unstable_by_key(half, |failure| (failure.time, failure.key));
        for failure in waiting.drain(..half) {
            self.state.evicted.events += 1;
            self.state.evicted.span.add(failure.time);
        }
    }
}

/// Whether a run of failures (one key, in the order of lines) is one attempt with the realms asked before it: its only
/// end stands last, and no time decreases.
fn is_settled(run: &[Failure]) -> bool {
    run.split_last().is_some_and(|(last, before)| {
        last.attempt.is_some()
            && before.iter().all(|failure| failure.attempt.is_none())
            && run.is_sorted_by_key(|failure| failure.time)
    })
}

/// Whether a broken line looks as if it had been a record: an object that begins with the members of log lines. Lines of
/// pretty-printed JSON do not.
fn begins_like_record(line: &[u8]) -> bool {
    let head = &line[..line.len().min(200)];
    head.trim_ascii_start().starts_with(b"{")
        && [&b"\"type\""[..], b"timestamp\"", b"\"event", b"\"log\""]
            .iter()
            .any(|member| memchr::memmem::find(head, member).is_some())
}

/// Whether a user is Elasticsearch itself: `_xpack_security` and its like, in a pseudo realm (audit-format 2), or nobody.
fn is_internal(principal: &[u8], realm: Option<&[u8]>) -> bool {
    principal == b"_anonymous" || principal.starts_with(b"_") && realm.is_none_or(|realm| realm.starts_with(b"__"))
}

/// Bytes that name the node in keys.
fn node_identity<'e>(event: &'e AuditEvent<'_>) -> Option<&'e [u8]> {
    event.node_id.as_deref().or(event.node_name.as_deref())
}

/// The key of an attempt: node, request id and principal; without a request id everything that may tell two events apart.
fn attempt_key(event: &AuditEvent<'_>, principal: Option<&[u8]>) -> Key {
    let node = node_identity(event);
    match event.request_id.as_deref() {
        Some(request) => Key::of(&[node, Some(request), principal]),
        None => Key::of(&[node, None, principal, event.origin.as_deref(), event.url_path.as_deref()]),
    }
}

fn request_key(event: &AuditEvent<'_>) -> Key {
    Key::of(&[node_identity(event), event.request_id.as_deref()])
}

/// Whether an Elasticsearch action may change the security configuration: the administration actions without those that
/// only read, log in, or clear caches, which are frequent and never the cause of a `security_config_change`.
fn changes_security(es_action: &[u8]) -> bool {
    let Some(rest) = es_action.strip_prefix(b"cluster:admin/xpack/security/") else { return false };
    let mut parts = rest.split(|&byte| byte == b'/');
    let object = parts.next().unwrap_or_default();
    let verb = rest.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    // `service_account/token/create` is a change; `token/create` is an OAuth login.
    !matches!(object, b"token" | b"oidc" | b"saml" | b"realm" | b"profile" | b"delegate_pki")
        && !matches!(
            verb,
            b"authenticate" | b"has_privileges" | b"list_privileges" | b"get" | b"query" | b"clear" | b"clear_cache"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changing_actions_are_kept_for_actors() {
        for action in ["api_key/invalidate", "api_key/create", "user/change_password", "service_account/token/create"] {
            assert!(changes_security(format!("cluster:admin/xpack/security/{action}").as_bytes()), "{action}");
        }
        for action in ["user/authenticate", "user/has_privileges", "api_key/get", "token/create", "realm/cache/clear"] {
            assert!(!changes_security(format!("cluster:admin/xpack/security/{action}").as_bytes()), "{action}");
        }
        assert!(!changes_security(b"indices:data/read/search"));
    }

    #[test]
    fn a_chunk_settles_only_what_is_certain() {
        let failure = |time: i64, realm: u32| {
            let attempt = (realm == 0).then_some(7);
            Failure { key: Key(1), line: 0, time: Millis(time), realm: Sym(realm), attempt }
        };
        assert!(is_settled(&[failure(5, 1), failure(5, 2), failure(5, 0)]));
        assert!(is_settled(&[failure(5, 0)]));
        assert!(!is_settled(&[failure(5, 0), failure(5, 1)]), "the end stands first");
        assert!(!is_settled(&[failure(5, 1), failure(5, 0), failure(5, 2), failure(5, 0)]), "two attempts");
        assert!(!is_settled(&[failure(6, 1), failure(5, 2), failure(6, 0)]), "time goes back");
        assert!(!is_settled(&[failure(6, 1)]), "no end");
    }
}
