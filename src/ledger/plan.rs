//! What a run has to read, and what is remembered of it afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use rayon::prelude::*;

use super::measure::{Extent, Measured, framing_of, measure};
use super::proof::SeenSource;
use super::recognise::{Met, form_of, recognise};
use super::remembered::{HEAD, Hash, KeptForm, Remembered, RememberedCopy};
use super::{Ledger, MOST_FILES};
use crate::error::ProblemKind;
use crate::framing;
use crate::input::{self, Compression, Look, Source, StoredForm};
use crate::options::Options;
use crate::part::{ContentPiece, MAGIC, Problems, Reading};
use crate::platform::FileId;
use crate::state::State;

/// What a run has to read.
#[derive(Debug)]
pub struct NightPlan {
    /// Sources, each with what of it is new.
    pub sources: Vec<Source>,
    /// What is to be said of sources.
    pub problems: Problems,
    /// What a user may want to know of sources of which nothing is read.
    pub notes: Vec<String>,
    /// The same, of what everybody is told.
    pub remarks: Vec<String>,
    /// Whether no file was there that holds anything.
    pub met_nothing: bool,
    ledger: Ledger,
    /// Copies that were met.
    copies: Vec<RememberedCopy>,
    /// What is remembered when they have been read.
    planned: Vec<PlannedFile>,
}

/// What is remembered of a file once it has been read.
#[derive(Debug)]
struct PlannedFile {
    label: String,
    next: Remembered,
    /// What was remembered before, by its place.
    known: Option<usize>,
    /// Bytes of the content that were read before.
    from: u64,
    /// Whether it is read now: the part has it among its inputs.
    is_read: bool,
}

/// Why a file is left to the next run.
const UNREAD: &str = "it could not be compared with what runs before have read";

/// What there is to do with a source: what is remembered of it, by its place, how its records are separated, what of it is new.
type MeasuredSource = (Option<usize>, &'static str, Measured);

impl NightPlan {
    /// Of all that is below the paths of a run; `own` is the file that remembers, which is no log.
    #[must_use]
    pub fn new(ledger: Ledger, sources: Vec<Source>, own: Option<FileId>, options: &Options) -> Self {
        let run = ledger.next_run();
        let mut plan = Self {
            sources: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
            remarks: Vec::new(),
            met_nothing: false,
            ledger,
            copies: Vec::new(),
            planned: Vec::new(),
        };
        let seen = plan.look(sources, own, options);
        plan.met_nothing = seen.is_empty() && plan.sources.is_empty() && plan.problems.is_empty();
        if run == 1 {
            let named: Vec<u8> = seen
                .iter()
                .flat_map(|seen| [seen.source.label.as_bytes(), &head_of(&seen.look)[..]].concat())
                .collect();
            plan.ledger.id = xxhash_rust::xxh3::xxh3_64(&named);
        }
        let met = recognise(&seen, (&plan.ledger.files, &plan.ledger.copies), options.limits);
        plan.keep_copies(&seen, &met);
        let replaced = plan.replaced(&seen, &met);
        let known = &plan.ledger.files;
        let measured: Vec<Option<io::Result<MeasuredSource>>> = seen
            .par_iter()
            .zip(&met)
            .map(|(seen, met)| {
                let at = match met {
                    Met::Copy { .. } => return None,
                    Met::Unread => return Some(Err(io::Error::other(UNREAD))),
                    Met::New => None,
                    Met::Known(at) => Some(*at),
                };
                let remembered = at.map(|at| &known[at]);
                let named = remembered.and_then(|known| framing::format_names().find(|name| *name == known.framing));
                let framing = named.unwrap_or_else(|| framing_of(&seen.look.head, options));
                let measured = measure(seen, framing, remembered, options);
                Some(measured.map(|measured| (at, framing, measured)))
            })
            .collect();
        for ((seen, measured), said) in seen.into_iter().zip(measured).zip(replaced) {
            match measured {
                None => {}
                Some(Err(error)) if input::is_elsewhere(&error) => {
                    plan.notes.push(format!("{}: {error}", seen.source.label));
                }
                Some(Err(error)) => {
                    plan.problems.push((seen.source.label, ProblemKind::Unreadable, error.to_string()));
                }
                Some(Ok((at, framing, measured))) => {
                    plan.problems.extend(said.map(|said| (seen.source.label.clone(), ProblemKind::Changed, said)));
                    plan.decide(seen, (at, framing), measured, options);
                }
            }
        }
        plan
    }

    /// Looks at the sources. Those that a run cannot remember are said, and parts are no logs.
    fn look(&mut self, sources: Vec<Source>, own: Option<FileId>, options: &Options) -> Vec<SeenSource> {
        let (regular, others): (Vec<Source>, Vec<Source>) =
            sources.into_iter().partition(|source| source.size.is_some() && !source.is_stdin);
        let unfit = "no regular file: with --state it is not read, because the next run could not know what of it was";
        self.problems.extend(others.into_iter().map(|source| (source.label, ProblemKind::NotALog, unfit.to_owned())));
        let looks: Vec<io::Result<Look>> =
            regular.par_iter().map(|source| input::look(source, framing::HEAD, options.limits)).collect();
        let mut seen = Vec::new();
        for (source, look) in regular.into_iter().zip(looks) {
            match look {
                Err(error) if input::is_elsewhere(&error) => self.notes.push(format!("{}: {error}", source.label)),
                // To read it all the same, should that succeed, would be to read again what runs before have read.
                Err(error) => self.problems.push((source.label, ProblemKind::Unreadable, error.to_string())),
                Ok(look) if Some(look.id) == own || look.head.starts_with(MAGIC) => {}
                Ok(look) if look.head.is_empty() => self.notes.push(format!("{}: nothing in it yet", source.label)),
                Ok(look) => seen.push(SeenSource { source, look }),
            }
        }
        seen
    }

    /// Remembers what is a copy, so that it is compared once.
    fn keep_copies(&mut self, seen: &[SeenSource], met: &[Met]) {
        for (one, met) in seen.iter().zip(met) {
            let Met::Copy { of, with, is_whole } = *met else { continue };
            let label = &one.source.label;
            match with {
                Some(with) => {
                    let (all, other) =
                        (if is_whole { "" } else { ", as far as it can be read" }, &seen[with].source.label);
                    self.remarks
                        .push(format!("{label}: not read, for it is a copy of {other}, compared byte by byte{all}"));
                }
                None => self.notes.push(format!("{label}: a copy, as in the run before")),
            }
            if is_whole {
                self.copies.push(RememberedCopy::of(self.ledger.files[of].content, &one.look));
            }
        }
        self.copies.sort_unstable();
        self.copies.dedup();
        self.copies.truncate(MOST_FILES);
    }

    /// What is to be said of files that are new under the inode or the name of one that is remembered and was met nowhere.
    fn replaced(&self, seen: &[SeenSource], met: &[Met]) -> Vec<Option<String>> {
        let claimed: BTreeSet<usize> =
            met.iter().filter_map(|met| if let Met::Known(at) = met { Some(*at) } else { None }).collect();
        let last = self.ledger.run;
        // Only what the last run met can have been replaced since.
        let gone = || {
            let files = self.ledger.files.iter().enumerate();
            files.filter(|(at, file)| !claimed.contains(at) && file.last_run == last).map(|(_, file)| file)
        };
        let by_id: BTreeMap<FileId, &Remembered> = gone().map(|file| ((file.device, file.inode), file)).collect();
        let by_path: BTreeMap<&str, &Remembered> = gone().map(|file| (file.path.as_str(), file)).collect();
        let said = |(seen, met): (&SeenSource, &Met)| {
            if *met != Met::New {
                return None;
            }
            if let Some(before) = by_id.get(&seen.look.id) {
                let how = if seen.look.size < before.size { "truncated" } else { "replaced" };
                let (now, then) = (seen.look.size, before.size);
                return Some(format!(
                    "it was {how} since the last run ({then} bytes then, {now} now) and is read anew"
                ));
            }
            by_path.get(seen.source.label.as_str()).map(|before| {
                let rest = if before.finished { "" } else { ", and the begin of a record was left to be read" };
                format!(
                    "it is another file than in the last run and is read from its start; what it was is nowhere to be found: what \
                     was written to that after the last run is lost to this one{rest}"
                )
            })
        };
        seen.iter().zip(met).map(said).collect()
    }

    fn decide(
        &mut self,
        seen: SeenSource,
        (at, framing): (Option<usize>, &'static str),
        measured: Measured,
        options: &Options,
    ) {
        let known = at.map(|at| &self.ledger.files[at]);
        match measured {
            Measured::Replaced(why) => {
                // What lies elsewhere, and only begins alike, is another file.
                if known.is_some_and(|known| known.is_in_place(&seen.source.label, &seen.look)) {
                    let said = format!("{why}; it is read anew from its start");
                    self.problems.push((seen.source.label.clone(), ProblemKind::Changed, said));
                }
                let framing = framing_of(&seen.look.head, options);
                match measure(&seen, framing, None, options) {
                    Ok(measured) => self.decide(seen, (None, framing), measured, options),
                    Err(error) => self.problems.push((seen.source.label, ProblemKind::Unreadable, error.to_string())),
                }
            }
            Measured::Nothing => {
                let from = known.map_or(0, |known| known.read);
                let next = self.remembered(&seen, (at, framing), None);
                self.planned.push(PlannedFile { label: seen.source.label, next, known: at, from, is_read: false });
            }
            Measured::Read(extent) => {
                let from = known.map_or(0, |known| known.read);
                let next = self.remembered(&seen, (at, framing), Some(&extent));
                let label = seen.source.label.clone();
                self.planned.push(PlannedFile { label, next, known: at, from, is_read: true });
                self.sources.push(Source { resume: Some(extent.resume), ..seen.source });
            }
        }
    }

    /// What is remembered of a file that was read so far; chunks and records are known only then.
    fn remembered(
        &self,
        seen: &SeenSource,
        (at, framing): (Option<usize>, &str),
        extent: Option<&Extent>,
    ) -> Remembered {
        let (SeenSource { source, look }, run) = (seen, self.ledger.next_run());
        let known = at.map(|at| &self.ledger.files[at]);
        let head = head_of(look);
        let form = form_of(look.form);
        let compression = match look.form {
            StoredForm::Compressed(compression) => compression,
            _ => Compression::None,
        };
        let made = || {
            let named =
                [source.label.as_bytes(), &[0], &self.ledger.id.to_le_bytes(), &run.to_le_bytes(), &head[..]].concat();
            Hash::of(&named)
        };
        let (read, tail) = match (extent, known) {
            (Some(extent), _) => (extent.read, extent.tail),
            (None, known) => (known.map_or(0, |known| known.read), known.and_then(|known| known.tail)),
        };
        Remembered {
            content: known.map_or_else(made, |known| known.content),
            path: source.label.clone(),
            device: look.id.0,
            inode: look.id.1,
            size: look.size,
            form,
            compression: compression.name().to_owned(),
            framing: if form == KeptForm::Whole { String::new() } else { framing.to_owned() },
            head_bytes: head.len(),
            head: Hash::of(&head),
            read,
            tail,
            end: Some(Hash::of(&look.end)),
            records: known.map_or(0, |known| known.records),
            chunks: known.map_or(0, |known| known.chunks),
            finished: extent.map_or_else(|| known.is_some_and(|known| known.finished), |extent| extent.finished),
            rolled: known.is_some_and(|known| known.is_rolled(&source.label, look.id)),
            still: known.filter(|known| known.is_unchanged(look)).map_or(0, |known| known.still + 1),
            first_run: known.map_or(run, |known| known.first_run),
            last_run: run,
        }
    }

    /// What is remembered now that the sources have been read into a state, and what of it the part holds. And how many that were
    /// met there is no room for. Of those, by label, whose name another file had, or whose reading failed, it is what was remembered
    /// before, unless the state has some of it.
    #[must_use]
    pub fn settle(self, state: &State, unread: &[String], reading: Reading) -> (Ledger, Vec<ContentPiece>, usize) {
        let Self { mut ledger, planned, copies, .. } = self;
        let run = ledger.next_run();
        let mut chunks: BTreeMap<&str, (u32, u64)> = BTreeMap::new();
        for chunk in &state.chunks {
            let met = chunks.entry(&state.inputs[chunk.input as usize].label).or_default();
            *met = (met.0.max(chunk.seq.saturating_add(1)), met.1 + chunk.lines);
        }
        let mut pieces = Vec::new();
        let mut files: BTreeMap<Hash, Remembered> =
            ledger.files.iter().map(|file| (file.content, file.clone())).collect();
        for PlannedFile { label, mut next, known, from, is_read } in planned {
            // Members of an archive have the label of a file of their own behind its label.
            let is_within =
                |read: &&str| read.strip_prefix(&label).is_some_and(|rest| matches!(rest.as_bytes(), [] | [b'!', ..]));
            let before = known.map(|at| &ledger.files[at]);
            if unread.contains(&label) && !chunks.keys().any(is_within) {
                let is_input = state.inputs.iter().any(|input| input.label == label);
                if !is_input || next.form == KeptForm::Whole {
                    continue;
                }
                // The part says that it could not be read, and whoever merges it has to know which content that is.
                next.read = from;
                (next.tail, next.finished) = before.map_or((None, false), |known| (known.tail, known.finished));
            }
            if let Some((chunk, records)) = chunks.get(label.as_str()) {
                next.chunks = next.chunks.max(*chunk);
                next.records += records;
            }
            let renamed =
                before.is_some_and(|known| (&known.path, &known.compression) != (&next.path, &next.compression));
            if is_read || renamed && next.read > 0 {
                let (path, compression) = (next.path.clone(), next.compression.clone());
                let (content, to, first_run) = (next.content.0, next.read, next.first_run);
                pieces.push(ContentPiece {
                    content,
                    from,
                    to,
                    ledger: ledger.id,
                    first_run,
                    run,
                    label,
                    path,
                    compression,
                });
            }
            files.insert(next.content, next);
        }
        pieces.sort();
        let (files, forgotten) = within(files.into_values().collect(), MOST_FILES, run);
        ledger = Ledger { run, files, copies, reading: Some(reading), pending: None, ..ledger };
        (ledger, pieces, forgotten)
    }
}

/// The most files that may be remembered, those that were met last, and how many that this run met are not among them.
fn within(mut files: Vec<Remembered>, most: usize, run: u32) -> (Vec<Remembered>, usize) {
    if files.len() <= most {
        return (files, 0);
    }
    files.sort_by_key(|file| (std::cmp::Reverse(file.last_run), file.content));
    let forgotten = files.drain(most..).filter(|file| file.last_run == run).count();
    files.sort_by_key(|file| file.content);
    (files, forgotten)
}

/// The bytes by which a file is recognised.
fn head_of(look: &Look) -> Vec<u8> {
    look.head[..look.head.len().min(HEAD)].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_were_met_last_are_remembered_and_the_others_counted() {
        let met = |content, last_run| Remembered { last_run, ..Remembered::example(content) };
        let files = vec![met(1, 3), met(2, 2), met(3, 3), met(4, 3)];
        let (kept, forgotten) = within(files.clone(), 2, 3);
        assert_eq!((kept.iter().map(|file| file.content.0).collect::<Vec<_>>(), forgotten), (vec![1, 3], 1));
        assert_eq!(within(files.clone(), 3, 3).1, 0);
        assert_eq!(within(files.clone(), 4, 3), (files, 0));
    }
}
