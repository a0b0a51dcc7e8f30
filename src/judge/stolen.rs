//! API keys that hosts of the organisation use, and that somebody uses from elsewhere outside all of a sudden: nothing fails and
//! nothing powerful need be done for it to be worth a question.

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::draft::Draft;
use super::history::{DAY, HOUR, Past};
use super::join;
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::place::Net;
use super::ranked::key_in_words;
use super::scene::Scene;
use super::words;
use crate::model::text::Span;
use crate::state::Sym;
use crate::text;

/// A key that is used from inside alone for so long, and so often, is used there.
const KNOWN: i64 = HOUR / 2;
const USES: u64 = 20;

/// One that is used from networks outside alone for so long is theirs: hosts of the organisation may have public addresses.
const KNOWN_OUTSIDE: i64 = DAY;

/// Sites, /16 or /48, at which a key is used on its first day, from which on it has no networks of its own: its hosts take any address
/// of a provider's.
const WANDERS: usize = 3;

/// Where more than this share of such keys is used from outside, and more than one, that is how keys are used here.
const USUAL: f64 = 0.1;

/// Such keys without which nothing is known of how keys are used here.
const FEWEST: usize = 3;

/// How sure: from the outside a moved host looks alike.
const CONFIDENCE: f64 = 0.6;

/// The uses of one key, by place.
struct KeyPlaces<'h> {
    /// Inside, or in the networks outside that it is used from all along.
    home: Vec<&'h Past>,
    /// From other networks outside.
    away: Vec<&'h Past>,
    /// How long it was used at home alone.
    known: i64,
}

impl<'h> KeyPlaces<'h> {
    /// The places of the clients of one key.
    fn of(scene: &Scene<'_>, clients: impl Iterator<Item = &'h Past>) -> Self {
        let (mut away, mut home): (Vec<&Past>, Vec<&Past>) = clients.partition(|past| scene.is_outside(past.source));
        let known = if home.is_empty() { KNOWN_OUTSIDE } else { KNOWN };
        if home.is_empty() {
            let since = away.iter().map(|past| past.first).min();
            let early = |past: &&Past| since.is_some_and(|since| past.first.0 - since.0 < KNOWN_OUTSIDE);
            let nets: HashSet<Net, RandomState> =
                away.iter().copied().filter(early).filter_map(|past| scene.net(past.source)).collect();
            let sites: HashSet<Net, RandomState> = nets.iter().map(|net| net.site()).collect();
            let wanders = sites.len() >= WANDERS;
            let own = |past: &&Past| wanders || scene.net(past.source).is_some_and(|net| nets.contains(&net));
            (home, away) = away.into_iter().partition(own);
        }
        Self { home, away, known }
    }

    /// What its home is, in words.
    fn home_in_words(&self, scene: &Scene<'_>) -> &'static str {
        let inside = self.home.iter().any(|past| !scene.is_outside(past.source));
        if inside { "inside" } else { "networks of its own" }
    }

    /// Whether it is used at home enough to be known there.
    fn is_housed(&self) -> bool {
        uses(self.home.iter().copied()) >= USES
    }

    /// Whether it was used at home alone for long, and then from elsewhere.
    fn has_left(&self) -> bool {
        let since = self.home.iter().map(|past| past.first).min();
        let out = self.away.iter().map(|past| past.first).min();
        since.zip(out).is_some_and(|(since, out)| out.0 - since.0 >= self.known)
    }
}

/// Tells of keys that left the house, but of those of which something worse is told. What such a client goes on sending when the
/// key has ended is no program that needs a new one.
pub(super) fn tell(measure: &Measure<'_, '_>, drafts: &mut Vec<Draft>) {
    let suspected = drafts.iter().filter(|draft| draft.verdict != Verdict::Operational);
    let told: HashSet<Sym, RandomState> = suspected.flat_map(|draft| draft.api_keys.iter().copied()).collect();
    let mut stolen = keys(measure);
    stolen.retain(|draft| !draft.api_keys.iter().any(|key| told.contains(key)));
    let own: HashMap<(u16, Sym), usize, RandomState> =
        stolen.iter().enumerate().map(|(at, draft)| ((draft.cluster, draft.api_keys[0]), at)).collect();
    for refused in drafts.iter_mut().filter(|draft| draft.verdict == Verdict::Operational) {
        let &[key] = refused.api_keys.as_slice() else { continue };
        let Some(&at) = own.get(&(refused.cluster, key)) else { continue };
        let from = join::sources(measure, refused);
        if !from.is_empty() && from.iter().all(|source| stolen[at].sources.contains(source)) {
            join::take(measure, &mut stolen[at], refused);
            refused.absorbed = true;
        }
    }
    drafts.extend(stolen);
}

/// The drafts of keys that left the house.
fn keys(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let used_enough = scene.history.keys().filter(|clients| uses(clients.clone()) >= USES);
    let places = used_enough.map(|clients| KeyPlaces::of(scene, clients));
    let housed: Vec<KeyPlaces<'_>> = places.filter(KeyPlaces::is_housed).collect();
    let moved = housed.iter().filter(|key| !key.away.is_empty()).count();
    if housed.len() < FEWEST || moved > 1 && moved as f64 > USUAL * housed.len() as f64 {
        return Vec::new();
    }
    housed.iter().filter(|key| key.has_left()).filter_map(|key| draft(measure, key, housed.len())).collect()
}

/// What a key may not do, tried from outside with a key that was used from inside alone before: as likely somebody who looks
/// what a stolen key is good for as a program that moved.
pub(super) fn suspect(measure: &Measure<'_, '_>, denied: &mut Draft) {
    /// How sure, and how many different actions one program tries that may do none of them.
    const SURE: f64 = 0.7;
    let scene = measure.scene;
    let &[key] = denied.api_keys.as_slice() else { return };
    if !denied.sources.iter().all(|&source| scene.is_outside(source)) {
        return;
    }
    let places = KeyPlaces::of(scene, scene.history.of_key(denied.cluster, key));
    if !places.is_housed() || !places.has_left() {
        return;
    }
    let refused = denied.title.clone();
    denied.doc = super::hypotheses::doc_of(Kind::SuspiciousAccess);
    (denied.verdict, denied.confidence, denied.severity) = (Verdict::Unclear, SURE, Severity::Medium);
    denied.title = text!(
        "API key {} was used from {} alone, and then from outside for what it may not do",
        Span::key(&key_in_words(scene, key)),
        places.home_in_words(scene)
    );
    denied.why.push(refused);
    denied.why.push("Not to be known here: whether a host of yours moved".to_owned());
}

fn uses<'p>(pasts: impl Iterator<Item = &'p Past>) -> u64 {
    pasts.map(|past| u64::from(past.count)).sum()
}

fn draft(measure: &Measure<'_, '_>, key: &KeyPlaces<'_>, all: usize) -> Option<Draft> {
    let scene = measure.scene;
    let first = key.away.iter().min_by_key(|past| (past.first, scene.shown(past.source)))?;
    let last = key.away.iter().map(|past| past.last).max()?;
    let since = key.home.iter().map(|past| past.first).min()?;
    let mut draft = Draft::new(Kind::SuspiciousAccess, Severity::Medium, (Verdict::Unclear, CONFIDENCE));
    draft.cluster = first.cluster;
    let source = scene.text(first.source);
    let name = key_in_words(scene, first.key);
    let home = key.home_in_words(scene);
    draft.title =
        text!("API key {} was used from {} alone, and then from {}", Span::key(&name), home, Span::address(&source));
    draft.why.push(format!(
        "Used from {home} alone ({}) for {}, and from {} elsewhere since",
        words::count(key.home.len() as u64, "address", "addresses"),
        words::duration(first.first.0 - since.0),
        words::count(key.away.len() as u64, "address", "addresses")
    ));
    draft.why.push(format!(
        "Of {} that are used from such a place hardly any is used from elsewhere",
        words::count(all as u64, "key", "keys")
    ));
    draft.why.push("Not to be known here: whether a host of yours moved".to_owned());
    draft.principals = vec![first.principal];
    draft.sources = key.away.iter().map(|past| past.source).collect();
    draft.api_keys = vec![first.key];
    draft.times = vec![first.first, last];
    draft.successes = uses(key.away.iter().copied());
    draft.evidence = scene
        .history
        .first_after(first, first.first)
        .map(|success| scene.joined.source_lines.of(success.pos))
        .into_iter()
        .collect();
    Some(draft)
}
