//! The second pass: reads the lines that may name somebody who is followed, and no others.

use std::collections::HashSet;
use std::sync::Arc;

use super::hits::{Hit, Hits, What, Who};
use super::needles::Needles;
use crate::copies::{Copies, Counts, OfInput};
use crate::decode::native::client_address;
use crate::decode::{Context, decode_line};
use crate::event::Record;
use crate::fast_reader::{ActionKind, AuditFields, FastEvent, Probe};
use crate::lines::{Chunk, length};
use crate::options::{Cidr, Options};
use crate::state::{InputRef, Origin, RecordKey, client_behind};
use crate::time::Millis;

/// Whom the search is for.
#[derive(Debug)]
pub struct Wanted {
    /// Accounts, by name.
    pub(super) principals: HashSet<Vec<u8>>,
    /// API keys, by id.
    pub(super) keys: HashSet<Vec<u8>>,
    /// Accounts and keys whose past is the actor's own.
    pub(super) own: HashSet<Vec<u8>>,
    /// Events before are only counted.
    pub(super) from: Millis,
    /// Events after are passed over.
    pub(super) until: Millis,
}

/// How lines are read, and whom they are searched for; the same for all workers.
#[derive(Debug)]
pub struct Search<'w> {
    wanted: &'w Wanted,
    needles: Needles,
    context: Context,
    max_line: usize,
    probing: bool,
    trusted: &'w [Cidr],
    copies: Option<Arc<Copies>>,
}

impl<'w> Search<'w> {
    /// A search, which passes over what is known to be a copy.
    #[must_use]
    pub fn new(wanted: &'w Wanted, options: &'w Options, copies: Option<Arc<Copies>>) -> Self {
        let names = wanted.principals.iter().chain(&wanted.keys).map(Vec::as_slice);
        Self {
            needles: Needles::new(names),
            wanted,
            context: Context::new(options.zone()).forced(options.input_format),
            max_line: options.max_line,
            probing: options.input_format.is_none(),
            trusted: &options.trust_proxy,
            copies,
        }
    }

    /// What one worker takes chunks with.
    #[must_use]
    pub fn finder(&'w self) -> Finder<'w> {
        Finder { search: self, probe: Probe::new(self.context.assume_tz), taker: HitTaker::new(self) }
    }
}

/// Searches chunks, one worker's share.
#[derive(Debug)]
pub struct Finder<'s> {
    search: &'s Search<'s>,
    probe: Probe,
    taker: HitTaker<'s>,
}

/// What finders found.
#[derive(Debug, Default)]
pub struct SearchResult(pub(super) Hits);

impl SearchResult {
    /// What all of them found together.
    #[must_use]
    pub fn together(finders: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Hits::default();
        finders.into_iter().for_each(|found| all.absorb(found.0));
        Self(all)
    }
}

impl Finder<'_> {
    /// What was found.
    #[must_use]
    pub fn finish(self) -> SearchResult {
        SearchResult(self.taker.hits)
    }

    /// Searches a chunk.
    pub fn chunk(&mut self, input: InputRef<'_>, chunk: &Chunk) {
        if chunk.is_empty() {
            return;
        }
        let Self { search, probe, taker } = self;
        let bytes = chunk.bytes();
        let input_number = taker.hits.inputs.number(input.label.to_owned());
        taker.at = (input_number, input.seq, 0);
        taker.copies = search.copies.as_ref().and_then(|copies| copies.of_input(input.label));
        probe.forget();
        let probing = search.probing && chunk.format.is_none();
        let count = |from: usize, to: usize| memchr::memchr_iter(b'\n', &bytes[from..to]).count() as u32;
        let (mut at, mut counted, mut line) = (0, 0, 0_u32);
        while let Some(found) = search.needles.find(bytes, at) {
            let start = memchr::memrchr(b'\n', &bytes[..found]).map_or(0, |end| end + 1);
            let end = memchr::memchr(b'\n', &bytes[found..]).map_or(bytes.len(), |len| found + len);
            line += count(counted, start);
            counted = start;
            taker.at.2 = line;
            let plain = |taken: &FastEvent<'_>| search.trusted.is_empty() || taken.forwarded_for().is_none();
            let taken = if probing { probe.take(bytes, start, search.max_line) } else { None };
            match taken.filter(plain) {
                Some(event) => taker.event(&event),
                None => taker.line(&bytes[start..end]),
            }
            at = end + 1;
        }
        let lines = u64::from(line + count(counted, bytes.len()));
        let open_end = !bytes.is_empty() && !bytes.ends_with(b"\n");
        let lines = lines + u64::from(open_end) + u64::from(chunk.oversized_tail);
        taker.hits.chunks.insert((input_number, input.seq), lines);
    }
}

/// Keeps the events of those who are followed.
#[derive(Debug)]
struct HitTaker<'s> {
    search: &'s Search<'s>,
    hits: Hits,
    /// Input, chunk and line at hand.
    at: (u32, u32, u32),
    /// What of that input is a copy.
    copies: Option<OfInput>,
}

impl<'s> HitTaker<'s> {
    fn new(search: &'s Search<'s>) -> Self {
        Self { search, hits: Hits::default(), at: (0, 0, 0), copies: None }
    }

    fn line(&mut self, line: &[u8]) {
        if length(line) > self.search.max_line {
            return;
        }
        let search = self.search;
        let line = &line[crate::lines::hole(line).min(line.len())..];
        // What is wrong with a line the first pass has told.
        let _ = decode_line(line, &search.context, &mut |_, record| {
            if let Record::Audit(mut event) = record {
                let forwarded = event.forwarded_for.take();
                if let Some(client) = client_behind(event.origin.as_deref(), forwarded.as_deref(), search.trusted) {
                    event.origin = Some(client.to_vec().into());
                }
                self.event(&event);
            }
        });
    }

    fn event(&mut self, event: &impl AuditFields) {
        let what = event.what();
        if !matches!(
            what,
            ActionKind::AccessGranted
                | ActionKind::AccessDenied
                | ActionKind::AuthenticationSuccess
                | ActionKind::RunAsGranted
                | ActionKind::RunAsDenied
        ) {
            return;
        }
        // Of these events run-as alone names the one who authenticated as its user (audit-format 1.20).
        let (principal, run_as) = match what {
            ActionKind::RunAsGranted | ActionKind::RunAsDenied => (event.user(), event.run_as()),
            _ => match event.run_by() {
                Some(run_by) => (Some(run_by), event.user()),
                None => (event.user(), None),
            },
        };
        let wanted = self.search.wanted;
        let is_wanted = principal.is_some_and(|name| wanted.principals.contains(name))
            || event.apikey_id().is_some_and(|id| wanted.keys.contains(id));
        let time = event.time();
        let is_copy = || {
            self.copies.as_ref().is_some_and(|copies| copies.counts(event, (self.at.1, self.at.2)) == Counts::Elsewhere)
        };
        if !is_wanted || time > wanted.until || is_copy() {
            return;
        }
        if time < wanted.from {
            self.before(event, what, principal);
        } else {
            self.keep(event, what, (principal, run_as));
        }
    }

    /// Counts what happened before.
    fn before(&mut self, event: &impl AuditFields, what: ActionKind, principal: Option<&[u8]>) {
        let own = &self.search.wanted.own;
        let is_own = event.apikey_id().map_or(principal, Some).is_some_and(|name| own.contains(name))
            || principal.is_some_and(|name| own.contains(name));
        if what != ActionKind::AccessGranted || !is_own {
            return;
        }
        let list = self.hits.list(|each| event.each_index(each)).number;
        let before = &mut self.hits.before;
        before.touched.insert(list);
        if matches!(Origin::of(event.origin_type()), Origin::Rest | Origin::Unknown) || event.remote_user().is_some() {
            let time = event.time();
            *before.hours.entry(time.0.div_euclid(3_600_000)).or_default() += 1;
            before.first = Some(before.first.map_or(time, |first| first.min(time)));
        }
    }

    fn keep(&mut self, event: &impl AuditFields, what: ActionKind, who: (Option<&[u8]>, Option<&[u8]>)) {
        let (principal, run_as) = who;
        let source = event.origin().map(client_address);
        let time = event.time();
        let hits = &mut self.hits;
        let list = hits.list(|each| event.each_index(each));
        let first = list.first.map(u64::to_le_bytes);
        let identity = RecordKey::of(&[
            event.node_identity(),
            event.request_id(),
            Some(event.action_name()),
            event.es_action(),
            event.user(),
            event.run_by().or(event.run_as()),
            event.apikey_id(),
            event.origin(),
            Some(&time.0.to_le_bytes()),
            first.as_ref().map(<[u8; 8]>::as_slice),
            Some(&list.names.to_le_bytes()),
        ]);
        let symbols = &mut hits.symbols;
        let who = Who {
            principal: symbols.intern_opt(principal),
            run_as: symbols.intern_opt(run_as.filter(|name| Some(*name) != principal)),
            key: symbols.intern_opt(event.apikey_id()),
            key_name: symbols.intern_opt(event.apikey_name()),
            realm: symbols.intern_opt(event.user_realm().or(event.realm())),
            token: symbols.intern_opt(event.token_name()),
            remote_user: symbols.intern_opt(event.remote_user()),
            source: symbols.intern_opt(source.as_deref()),
            origin: Origin::of(event.origin_type()),
            node: symbols.intern_opt(event.node_identity()),
        };
        let path = event.url_path().filter(|path| what == ActionKind::AuthenticationSuccess && names_object(path));
        let what = What {
            event: what as u8,
            action: symbols.intern_opt(event.es_action()),
            request_name: symbols.intern_opt(event.request_name()),
            path: symbols.intern_opt(path),
        };
        let (input, seq, line) = self.at;
        hits.events.push(Hit {
            time,
            request: event.request_id().map_or(identity, |id| RecordKey::of(&[Some(id)])),
            identity,
            input,
            seq,
            line,
            who: hits.who.number(who),
            what: hits.what.number(what),
            list: list.number,
        });
    }
}

/// Whether a path names what a powerful request makes, which no other member of its events does.
fn names_object(path: &[u8]) -> bool {
    const OF: [&[u8]; 7] = [
        b"/_snapshot/",
        b"/_index_template/",
        b"/_component_template/",
        b"/_ingest/pipeline/",
        b"/_scripts/",
        b"/_ilm/policy/",
        b"/_slm/policy/",
    ];
    OF.iter().any(|start| path.starts_with(start))
}
