//! One cause, one finding: what is told twice becomes one, and a break-in takes what led to it and what was made since.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::entries::GotIn;
use super::history::HOUR;
use super::kinds::{Kind, Verdict};
use super::measure::Measure;
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// Findings of one cause may begin or end so far apart.
const NEAR: i64 = HOUR;

/// A campaign against so few accounts is a part of the break-in that it led to; one against more is told too.
const FEW_VICTIMS: usize = 3;

/// Joins the break-ins of a campaign with it: `campaign` is the number of its draft, where it is told.
pub(super) fn breaches(
    measure: &Measure<'_, '_>,
    drafts: &mut Vec<Draft>,
    campaign: Option<usize>,
    victims: usize,
    breaches: Vec<(GotIn, Draft)>,
) {
    let several = breaches.len() > 1 || victims > FEW_VICTIMS;
    for (entry, mut breach) in breaches {
        let number = drafts.len();
        let Some(at) = campaign else {
            drafts.push(breach);
            continue;
        };
        // A campaign that was after somebody else is told for itself.
        let others = victims > 1 || entry.failures.is_empty();
        let bystander = entry.failures.len() * 2 < drafts[at].attempts.len() && others;
        if several || bystander {
            // The share of the spray that led to it.
            let mut share = Draft::new(drafts[at].doc.kind, breach.severity, (breach.verdict, breach.confidence));
            share.title = text!(
                "Tries for {} from {}",
                Span::principal(&measure.scene.text(entry.principal)),
                Span::address(&measure.scene.text(entry.source))
            );
            share.attempts.clone_from(&entry.failures);
            if !share.attempts.is_empty() {
                breach.parts.insert(0, share.part(measure.scene));
            }
            breach.related.push(at);
            drafts[at].related.push(number);
        } else {
            let guessing = &mut drafts[at];
            guessing.absorbed = true;
            breach.parts.insert(0, guessing.part(measure.scene));
            breach.attempts = std::mem::take(&mut guessing.attempts);
            breach.sources.extend(breach.attempts.iter().map(|&at| measure.scene.attempt(at).source));
            breach.expected = guessing.expected;
            let evidence = guessing.why.0.clone();
            breach.why.0.splice(1..1, evidence);
        }
        drafts.push(breach);
    }
}

/// Joins findings that tell one cause: outages that overlap, what fails while an outage lasts, and requests without
/// credentials of whoever has another finding. Each is looked up among those that it can join, so that a log with many
/// findings costs no more than sorting them.
pub(super) fn causes(measure: &Measure<'_, '_>, drafts: &mut [Draft]) {
    let mut joining = Joining { measure, grown: vec![false; drafts.len()] };
    for kind in [Kind::WrongRealm, Kind::RealmOutage] {
        joining.overlapping(drafts, kind);
    }
    joining.within_outages(drafts);
    joining.leases(drafts);
    joining.guesses(drafts);
    joining.amid_attacks(drafts);
    joining.ended_keys(drafts);
    joining.guessed_keys(drafts);
    joining.ids_of_keys(drafts);
    // Refusals of a key's clients that no line explains are of that key.
    let unexplained = |draft: &Draft| matches!(draft.doc.kind, Kind::MissingCredentials | Kind::UnauthenticatedScan);
    joining.of_sources(drafts, unexplained, of_keys);
    // Reconnaissance and guessing of one source are one campaign.
    let bare = |draft: &Draft| match draft.doc.kind {
        Kind::UnauthenticatedScan => true,
        Kind::MissingCredentials => draft.verdict != Verdict::Operational,
        _ => false,
    };
    let hostile = |draft: &Draft| draft.verdict == Verdict::Hostile && !bare(draft);
    joining.of_sources(drafts, bare, hostile);
    (0..drafts.len()).for_each(|at| joining.settle(drafts, at));
}

/// Whether a draft is about API keys that are refused.
fn of_keys(draft: &Draft) -> bool {
    draft.doc.kind.name().starts_with("api_key")
}

/// A draft that can be joined, by cluster and time.
type PlacedDraft = (u16, (Millis, Millis), usize);

/// A draft about one source.
#[derive(Debug, Clone, Copy)]
struct OfSource {
    cluster: u16,
    source: Sym,
    first: Millis,
    last: Millis,
    at: usize,
}

impl OfSource {
    fn is_there(&self, other: &Self) -> bool {
        (self.cluster, self.source) == (other.cluster, other.source)
    }

    /// Whether both go on at the same time, for most of the longer.
    fn is_beside(&self, other: &Self) -> bool {
        let both = self.last.0.min(other.last.0) - self.first.0.max(other.first.0);
        let longer = (self.last.0 - self.first.0).max(other.last.0 - other.first.0);
        both > 0 && both * 2 >= longer
    }
}

/// Joins drafts.
struct Joining<'m, 's, 'c> {
    measure: &'m Measure<'s, 'c>,
    /// Whether each draft took in attempts of others that are not in order yet: to put them in order each time would cost as
    /// much as all of them for every part.
    grown: Vec<bool>,
}

impl Joining<'_, '_, '_> {
    /// The drafts that can be joined and hold, by cluster and time.
    fn placed(&mut self, drafts: &mut [Draft], holds: impl Fn(&Draft) -> bool) -> Vec<PlacedDraft> {
        // When a draft begins and ends is read off its first and last attempt.
        (0..drafts.len()).for_each(|at| self.settle(drafts, at));
        let open = drafts.iter().enumerate().filter(|(_, draft)| !draft.absorbed && holds(draft));
        let mut placed: Vec<PlacedDraft> =
            open.filter_map(|(at, draft)| Some((draft.cluster, draft.span(self.measure.scene)?, at))).collect();
        placed.sort_unstable();
        placed
    }

    /// Makes one of findings of a kind that overlap.
    fn overlapping(&mut self, drafts: &mut [Draft], kind: Kind) {
        let mut open: Option<PlacedDraft> = None;
        for (cluster, span, at) in self.placed(drafts, |draft| draft.doc.kind == kind) {
            match &mut open {
                Some((known, whole, other)) if *known == cluster && span.0.0 - NEAR <= whole.1.0 => {
                    whole.1 = whole.1.max(span.1);
                    let (into, from) = if drafts[at].attempts.len() > drafts[*other].attempts.len() {
                        (at, *other)
                    } else {
                        (*other, at)
                    };
                    self.absorb(drafts, into, from);
                    *other = into;
                }
                _ => open = Some((cluster, span, at)),
            }
        }
    }

    /// What fails while an outage lasts, and has no other cause, is a part of it.
    fn within_outages(&mut self, drafts: &mut [Draft]) {
        let outages = self.placed(drafts, |draft| draft.doc.kind == Kind::RealmOutage);
        let of_outages: Vec<Vec<Sym>> = outages.iter().map(|&(.., at)| sources(self.measure, &drafts[at])).collect();
        let stale = |draft: &Draft| {
            let explained = draft.changed || draft.realm_up;
            let kinds = [Kind::StaleCredential, Kind::WrongRealm];
            let inside = || !sources(self.measure, draft).iter().any(|&source| self.measure.scene.is_outside(source));
            let is_none = draft.verdict == Verdict::Operational || draft.verdict == Verdict::Unclear && inside();
            kinds.contains(&draft.doc.kind) && is_none && !explained
        };
        for (cluster, (first, last), at) in self.placed(drafts, stale) {
            // Outages that would overlap have become one.
            let begun =
                outages.partition_point(|(known, span, _)| (*known, span.0.0 - NEAR / 12) <= (cluster, first.0));
            let Some(&(known, span, outage)) = outages[..begun].last() else { continue };
            let own = sources(self.measure, &drafts[at]);
            let shared = own.iter().filter(|source| of_outages[begun - 1].binary_search(source).is_ok()).count();
            let is_stale = drafts[at].doc.kind == Kind::StaleCredential;
            // Several do not store wrong passwords for as long as it lasts, and no longer.
            let few = drafts[at].attempts.len() <= drafts[outage].attempts.len();
            let is_part = is_stale && (few || own.len() > 1) || shared * 2 >= own.len();
            if known == cluster && last.0 <= span.1.0 + NEAR / 6 && is_part {
                self.absorb(drafts, outage, at);
            }
        }
    }

    /// That a key ended is a guess where no line tells so, and none where another line does: the clients are of that key.
    fn guessed_keys(&mut self, drafts: &mut [Draft]) {
        let mut known: BTreeMap<(u16, Sym), usize> = BTreeMap::new();
        for (cluster, _, at) in self.placed(drafts, |draft| of_keys(draft) && !draft.is_guess) {
            drafts[at].api_keys.iter().for_each(|&key| _ = known.entry((cluster, key)).or_insert(at));
        }
        for (cluster, _, at) in self.placed(drafts, |draft| of_keys(draft) && draft.is_guess) {
            let of_key = |key: &Sym| known.get(&(cluster, *key)).copied();
            if let Some(into) = drafts[at].api_keys.iter().find_map(of_key) {
                self.absorb(drafts, into, at);
            }
        }
    }

    /// A key's id stands where a name does in records of keys that fail (audit-format 2): what fails under it at the key's clients is
    /// that key, also where no line tells so.
    fn ids_of_keys(&mut self, drafts: &mut [Draft]) {
        let mut known: BTreeMap<(u16, Sym), usize> = BTreeMap::new();
        let mut clients: BTreeMap<usize, Vec<Sym>> = BTreeMap::new();
        for (cluster, _, at) in self.placed(drafts, of_keys) {
            drafts[at].api_keys.iter().for_each(|&key| _ = known.entry((cluster, key)).or_insert(at));
            clients.insert(at, sources(self.measure, &drafts[at]));
        }
        let other = |draft: &Draft| !of_keys(draft) && draft.verdict != Verdict::Hostile && !draft.attempts.is_empty();
        for (cluster, _, at) in self.placed(drafts, other) {
            let who = |at: &u32| (self.measure.scene.attempt(*at).principal, self.measure.scene.attempt(*at).source);
            let (key, source) = who(&drafts[at].attempts[0]);
            let Some(into) = known.get(&(cluster, key)) else { continue };
            let is_client = clients.get(into).is_some_and(|sources| sources.binary_search(&source).is_ok());
            if is_client && drafts[at].attempts.iter().map(who).all(|pair| pair == (key, source)) {
                self.absorb(drafts, *into, at);
            }
        }
    }

    /// A program whose account changes by itself, as those leased from a secret store do, goes on with each for a while after its end:
    /// several accounts that fail at one address, one after the other, have one cause.
    fn leases(&mut self, drafts: &mut [Draft]) {
        let measure = self.measure;
        /// Accounts from which on it is no coincidence.
        const SEVERAL: usize = 4;
        /// The next one comes within so long.
        const NEXT: i64 = 24 * HOUR;
        let stale = |draft: &Draft| {
            draft.doc.kind == Kind::StaleCredential && draft.verdict != Verdict::Hostile && !draft.attempts.is_empty()
        };
        let follows = |a: &OfSource, b: &OfSource| a.is_there(b) && a.last <= b.first && b.first.0 - a.last.0 <= NEXT;
        for run in self.of_one_source(drafts, stale).chunk_by(follows).filter(|run| run.len() >= SEVERAL) {
            // Of some the log tells more than of others.
            let surest = |one: &&OfSource| drafts[one.at].verdict != Verdict::Operational;
            let into = run.iter().min_by_key(surest).map_or(run[0].at, |one| one.at);
            let accounts = run.len() as u64;
            self.absorb_all(drafts, into, run);
            drafts[into].title = text!(
                "{} fail one after the other with stored passwords that are no longer right, on {}",
                Text::count(accounts, "account", "accounts"),
                Span::address(&measure.scene.text(run[0].source))
            );
            drafts[into].why.push(format!(
                "{accounts} accounts fail from this one address, each after it had worked and none while another fails: \
                 one program whose account changes"
            ));
        }
    }

    /// Who guesses several accounts from one address at the same time is one, also where their owners come through it.
    fn guesses(&mut self, drafts: &mut [Draft]) {
        let guessing = |draft: &Draft| {
            draft.doc.kind == Kind::PasswordGuessing
                && draft.verdict == Verdict::Hostile
                && !draft.attempts.is_empty()
                && draft.sources.is_empty()
        };
        let beside = |a: &OfSource, b: &OfSource| a.is_there(b) && a.is_beside(b);
        for run in self.of_one_source(drafts, guessing).chunk_by(beside).filter(|run| run.len() > 1) {
            let most = |one: &&OfSource| drafts[one.at].attempts.len();
            let into = run.iter().rev().max_by_key(most).map_or(run[0].at, |one| one.at);
            self.absorb_all(drafts, into, run);
            drafts[into].title = text!(
                "Passwords of {} are guessed from {}",
                Text::count(run.len() as u64, "account", "accounts"),
                Span::address(&self.measure.scene.text(run[0].source))
            );
        }
    }

    /// Accounts that work where names are gone through fail along with the others there: while that lasts, and at no other time.
    fn amid_attacks(&mut self, drafts: &mut [Draft]) {
        /// How much earlier or later they may.
        const AROUND: i64 = HOUR / 60;
        /// Accounts that are tried there.
        const ACCOUNTS: usize = 3;
        let measure = self.measure;
        let accounts = |draft: &Draft| {
            let mut names: Vec<Sym> = draft.attempts.iter().map(|&at| measure.scene.attempt(at).principal).collect();
            names.sort_unstable();
            names.dedup();
            names.len()
        };
        let several = |draft: &Draft| accounts(draft) >= ACCOUNTS;
        let tries = |draft: &Draft| {
            let kinds = [Kind::PasswordGuessing, Kind::PasswordSpraying, Kind::CredentialStuffing];
            draft.verdict != Verdict::Operational && kinds.contains(&draft.doc.kind) && several(draft)
        };
        // By source, then time; most sources have one.
        let attacks = self.of_one_source(drafts, tries);
        let mut by_source: BTreeMap<(u16, Sym), &[OfSource]> = BTreeMap::new();
        for own in attacks.chunk_by(OfSource::is_there) {
            by_source.insert((own[0].cluster, own[0].source), own);
        }
        let mut grown: BTreeMap<usize, Sym> = BTreeMap::new();
        let stale = |draft: &Draft| {
            draft.doc.kind == Kind::StaleCredential && draft.verdict != Verdict::Hostile && !draft.changed
        };
        for one in self.of_one_source(drafts, stale) {
            let amid =
                |attack: &&OfSource| attack.first.0 - AROUND <= one.first.0 && one.last.0 <= attack.last.0 + AROUND;
            let own = by_source.get(&(one.cluster, one.source));
            let Some(attack) = own.and_then(|own| own.iter().find(amid)) else { continue };
            self.absorb(drafts, attack.at, one.at);
            grown.insert(attack.at, one.source);
        }
        for (at, source) in grown {
            drafts[at].title = text!(
                "Passwords of {} are tried from {}",
                Text::count(accounts(&drafts[at]) as u64, "account", "accounts"),
                Span::address(&measure.scene.text(source))
            );
        }
    }

    /// Keys that were ended one by one, and whose clients come back to that through one address: whoever ended them did so for one
    /// cause.
    fn ended_keys(&mut self, drafts: &mut [Draft]) {
        /// Keys from which on it is no coincidence.
        const SEVERAL: usize = 4;
        /// The next one comes back within so long.
        const NEXT: i64 = 72 * HOUR;
        let ended =
            |draft: &Draft| draft.doc.kind == Kind::ApiKeyRotationOutage && draft.verdict == Verdict::Operational;
        let follows = |a: &OfSource, b: &OfSource| a.is_there(b) && b.first.0 - a.last.0 <= NEXT;
        for run in self.of_one_source(drafts, ended).chunk_by(follows).filter(|run| run.len() >= SEVERAL) {
            let into = run[0].at;
            let mut keys: Vec<Sym> = run.iter().flat_map(|one| drafts[one.at].api_keys.iter().copied()).collect();
            keys.sort_unstable();
            keys.dedup();
            self.absorb_all(drafts, into, run);
            drafts[into].title = text!(
                "{} were invalidated before their replacements were in use on {}",
                Text::count(run.len() as u64, "API key", "API keys"),
                Span::address(&self.measure.scene.text(run[0].source))
            );
            drafts[into].api_keys = keys;
        }
    }

    /// The drafts that hold and are about one source each, by cluster, source and time.
    fn of_one_source(&mut self, drafts: &mut [Draft], holds: impl Fn(&Draft) -> bool) -> Vec<OfSource> {
        let measure = self.measure;
        let placed = self.placed(drafts, holds).into_iter();
        let of_one = placed.filter_map(|(cluster, (first, last), at)| match sources(measure, &drafts[at])[..] {
            [source] if source.is_some() => Some(OfSource { cluster, source, first, last, at }),
            _ => None,
        });
        let mut of_one: Vec<OfSource> = of_one.collect();
        of_one.sort_by_key(|one| (one.cluster, measure.scene.shown(one.source), one.first, one.last, one.at));
        of_one
    }

    /// Makes all but one of some drafts parts of that.
    fn absorb_all(&mut self, drafts: &mut [Draft], into: usize, run: &[OfSource]) {
        let others = run.iter().map(|one| one.at).filter(|&at| at != into);
        others.for_each(|from| self.absorb(drafts, into, from));
    }

    /// Gives findings about few sources to one about the same and more at the same time.
    fn of_sources(&mut self, drafts: &mut [Draft], few: impl Fn(&Draft) -> bool, many: impl Fn(&Draft) -> bool) {
        /// Findings about one source that are looked at: the last to begin.
        const MOST: usize = 16;
        let few = self.placed(drafts, few);
        if few.is_empty() {
            return;
        }
        let many: Vec<(PlacedDraft, Vec<Sym>)> = self
            .placed(drafts, many)
            .into_iter()
            .map(|placed| (placed, sources(self.measure, &drafts[placed.2])))
            .collect();
        let mut by_source: BTreeMap<(u16, Sym), Vec<usize>> = BTreeMap::new();
        for (number, ((cluster, ..), sources)) in many.iter().enumerate() {
            sources.iter().for_each(|&source| by_source.entry((*cluster, source)).or_default().push(number));
        }
        for (cluster, (first, last), at) in few {
            let own = sources(self.measure, &drafts[at]);
            let Some(of_first) = own.first().and_then(|&source| by_source.get(&(cluster, source))) else { continue };
            let begun = of_first.partition_point(|&number| many[number].0.1.0.0 - NEAR <= last.0);
            let found = of_first[..begun]
                .iter()
                .rev()
                .take(MOST)
                .map(|&number| &many[number])
                .find(|(placed, sources)| placed.1.1.0 >= first.0 - NEAR && within(&own, sources));
            if let Some(&((.., into), _)) = found {
                self.absorb(drafts, into, at);
            }
        }
    }

    /// Makes one draft a part of another.
    fn absorb(&mut self, drafts: &mut [Draft], into: usize, from: usize) {
        self.settle(drafts, from);
        let part = drafts[from].part(self.measure.scene);
        drafts[from].absorbed = true;
        let taken = std::mem::take(&mut drafts[from].attempts);
        let severity = drafts[from].severity;
        let (nodes, times, failures) = (drafts[from].nodes.clone(), drafts[from].times.clone(), drafts[from].failures);
        let whole = &mut drafts[into];
        if whole.sources.is_empty() {
            whole.attempts.extend(taken);
            self.grown[into] = true;
        } else {
            whole.failures += taken.len() as u64;
        }
        if !whole.nodes.is_empty() {
            whole.nodes.extend(nodes);
        }
        whole.times.extend(times);
        whole.failures += failures;
        whole.severity = whole.severity.max(severity);
        drafts[into].parts.push(part);
    }

    /// Puts the attempts of a draft in order that took in those of others.
    fn settle(&mut self, drafts: &mut [Draft], at: usize) {
        if std::mem::take(&mut self.grown[at]) {
            let attempts = &mut drafts[at].attempts;
            attempts.sort_unstable();
            attempts.dedup();
        }
    }
}

/// Makes what an intruder did a part of the break-in.
pub(super) fn take(measure: &Measure<'_, '_>, breach: &mut Draft, deed: &Draft) {
    breach.parts.push(deed.part(measure.scene));
    breach.why.push(deed.title.clone());
    breach.api_keys.extend(deed.api_keys.iter().copied());
    breach.times.extend(deed.times.iter().copied());
}

/// The addresses of a finding, sorted, each once.
pub(super) fn sources(measure: &Measure<'_, '_>, draft: &Draft) -> Vec<Sym> {
    let of_attempts = draft.attempts.iter().map(|&at| measure.scene.attempt(at).source);
    let mut sources: Vec<Sym> = of_attempts.chain(draft.sources.iter().copied()).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

fn within(few: &[Sym], many: &[Sym]) -> bool {
    !few.is_empty() && few.iter().all(|source| many.binary_search(source).is_ok())
}
