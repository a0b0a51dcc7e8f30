//! One state out of all that were written away: what is kept joined, the rest counted.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::Budget;
use super::choose::{self, Kept};
use super::segment::Segments;
use super::text_counts;
use crate::correlate;
use crate::state::{Attempt, AttemptFlags, ChainId, Outcome, Pos, RealmFailure, RecordKey, State, Sym};
use crate::time::Millis;

/// An attempt that is left out, as it waits to be counted.
const ROW: usize = 38;

/// Bytes that an attempt takes while it is counted.
const COUNTING: u64 = 160;

/// Attempts that are left out, by a part of their hash, so that all events of one attempt are together.
struct LeftOutFiles {
    classes: Vec<BufWriter<File>>,
}

impl LeftOutFiles {
    fn new(classes: u64) -> io::Result<Self> {
        let classes = (0..classes).map(|_| Ok(BufWriter::new(tempfile::tempfile()?)));
        Ok(Self { classes: classes.collect::<io::Result<_>>()? })
    }

    fn class(&self, key: RecordKey) -> usize {
        // The remainder is below the number of classes.
        (key.0 % self.classes.len() as u64) as usize
    }

    fn push(&mut self, attempt: &Attempt) -> io::Result<()> {
        let class = self.class(attempt.key);
        let out = &mut self.classes[class];
        out.write_all(&attempt.time.0.to_le_bytes())?;
        out.write_all(&attempt.key.0.to_le_bytes())?;
        for number in [attempt.pos.chunk, attempt.pos.line, attempt.node, attempt.chain.0, attempt.principal.0] {
            out.write_all(&number.to_le_bytes())?;
        }
        out.write_all(&[u8::from(attempt.outcome == Outcome::AnonymousDenied), attempt.flags.bits()])
    }

    fn read(&mut self, class: usize) -> io::Result<Vec<Attempt>> {
        self.classes[class].flush()?;
        let file = self.classes[class].get_mut();
        file.seek(SeekFrom::Start(0))?;
        let mut file = BufReader::new(file);
        let mut attempts = Vec::new();
        let mut row = [0; ROW];
        loop {
            match file.read_exact(&mut row) {
                Ok(()) => attempts.push(parse(&row)),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(attempts),
                Err(error) => return Err(error),
            }
        }
    }
}

fn parse(row: &[u8; ROW]) -> Attempt {
    let long = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&row[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    let short = |at: usize| {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&row[at..at + 4]);
        u32::from_le_bytes(bytes)
    };
    Attempt {
        time: Millis(long(0) as i64),
        key: RecordKey(long(8)),
        pos: Pos { chunk: short(16), line: short(20) },
        node: short(24),
        chain: ChainId(short(28)),
        principal: Sym(short(32)),
        source: Sym::NONE,
        path: Sym::NONE,
        outcome: if row[36] == 1 { Outcome::AnonymousDenied } else { Outcome::Failed },
        reason: crate::reason::Reason::Unknown,
        basis: crate::reason::Basis::None,
        flags: AttemptFlags::of_bits(row[37]),
    }
}

/// Files open at one time for what is left out.
const MOST_CLASSES: u64 = 256;

/// Joins states that were written away; leaves out what does not fit.
///
/// # Errors
/// Where temporary files cannot be read or written.
pub fn reduce(written: &mut [Segments], budget: Budget, max_in_flight: usize) -> io::Result<State> {
    let kept = choose::choose(written, budget)?;
    let mut whole = State::default();
    let classes = (kept.attempts * COUNTING).div_ceil(budget.pass().max(1)).clamp(1, MOST_CLASSES);
    let mut left_out = if kept.everything { None } else { Some(LeftOutFiles::new(classes)?) };
    let mut actors = 0;
    for segments in written.iter_mut() {
        for at in 0..segments.len() {
            let mut state = segments.read(at)?;
            let mut border = state.attempts.len();
            if !kept.everything {
                actors += forget_actors(&mut state, &kept);
                border = part(&mut state, &kept);
                state.renumber();
            }
            let remap = whole.absorb_tables(&mut state);
            state.remap_records(&remap);
            let out = state.attempts.split_off(border);
            whole.append_records(state);
            whole.evict(max_in_flight);
            if let Some(files) = &mut left_out {
                out.iter().try_for_each(|attempt| files.push(attempt))?;
            }
        }
    }
    if let Some(mut files) = left_out {
        let (principals, sources) = distinct(&whole);
        whole.counted_only.more_principals += kept.principals.saturating_sub(principals);
        whole.counted_only.more_sources += kept.sources.saturating_sub(sources);
        whole.counted_only.principals_left_out += kept.left_out();
        whole.counted_only.actors += actors;
        for class in 0..files.classes.len() {
            count(&mut whole, files.read(class)?);
        }
    }
    Ok(whole)
}

/// Distinct principals and sources of the attempts of a state.
fn distinct(state: &State) -> (u64, u64) {
    let mut met = vec![(false, false); state.symbols.len() + 1];
    for attempt in &state.attempts {
        met[attempt.principal.0 as usize].0 = true;
        met[attempt.source.0 as usize].1 = true;
    }
    let known = &met[1..];
    (known.iter().filter(|met| met.0).count() as u64, known.iter().filter(|met| met.1).count() as u64)
}

/// Puts the attempts that are left out behind the others, without their texts. Gives where they begin.
fn part(state: &mut State, kept: &Kept) -> usize {
    let mut hashes: HashMap<Sym, u64, RandomState> = HashMap::default();
    let (mut stay, mut out) = (Vec::new(), Vec::new());
    for mut attempt in std::mem::take(&mut state.attempts) {
        let hash = *hashes.entry(attempt.principal).or_insert_with(|| text_counts::hash(state, attempt.principal));
        if kept.keeps(hash, attempt.key) {
            stay.push(attempt);
        } else {
            // The report names those of whom a sample is kept.
            if !kept.knows(hash) {
                attempt.principal = Sym::NONE;
            }
            (attempt.source, attempt.path) = (Sym::NONE, Sym::NONE);
            out.push(attempt);
        }
    }
    let gone: HashSet<Pos, RandomState> = out.iter().map(|attempt| attempt.pos).collect();
    state.traces.retain(|(pos, _)| !gone.contains(pos));
    state.forwarded.retain(|(pos, _)| !gone.contains(pos));
    let border = stay.len();
    stay.append(&mut out);
    state.attempts = stay;
    border
}

/// Forgets when those succeeded who have no key and of whose failures none is kept. Gives how many.
fn forget_actors(state: &mut State, kept: &Kept) -> u64 {
    let before = state.successes.len();
    let mut successes = std::mem::take(&mut state.successes);
    successes.retain(|actor, _| actor.apikey.is_some() || kept.knows(text_counts::hash(state, actor.principal)));
    state.successes = successes;
    (before - state.successes.len()) as u64
}

/// Counts attempts that are left out, each once.
fn count(whole: &mut State, attempts: Vec<Attempt>) {
    let mut keys: Vec<RecordKey> = attempts.iter().map(|attempt| attempt.key).collect();
    keys.sort_unstable();
    let own = |failure: &RealmFailure| keys.binary_search(&failure.key).is_ok();
    let (loose, others): (Vec<_>, Vec<_>) = std::mem::take(&mut whole.realm_failures).into_iter().partition(own);
    let kept = std::mem::replace(&mut whole.attempts, attempts);
    whole.realm_failures = loose;
    let mut repeated = BTreeMap::new();
    let distinct = correlate::distinct_attempts(whole, &mut repeated);
    whole.attempts = kept;
    whole.realm_failures = others;
    let counted_only = &mut whole.counted_only;
    for attempt in distinct {
        counted_only.attempts += 1;
        if attempt.principal.is_some() {
            *counted_only.sampled.entry(attempt.principal).or_default() += 1;
        }
        counted_only.span.add(attempt.time);
        let counts = counted_only.minutes.entry(attempt.time.0.div_euclid(60_000)).or_default();
        counts[usize::from(attempt.outcome == Outcome::AnonymousDenied)] += 1;
    }
    for (action, count) in repeated {
        *counted_only.repeated.entry(action).or_default() += count;
    }
}
