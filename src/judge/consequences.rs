//! What followed where somebody got in amid a campaign, and what was done then. Success raises what is at stake, and is never a
//! reason to call it repaired.

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::deeds::Deed;
use super::draft::Draft;
use super::entries::{GotIn, deeds};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::ranked::key_in_words;
use super::score;
use super::tell::Judgement;
use super::unusual;
use super::words;
use crate::model::call::{ApiCall, Method};
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// Deeds that are told one by one.
pub(super) const TOLD: usize = 8;

/// The successes amid a campaign that are as likely anybody's as its own, in a sentence: whoever reads it can ask these people.
pub(super) fn doubtful(measure: &Measure<'_, '_>, entries: &[GotIn]) -> Option<Text> {
    /// Probability from which on somebody is asked, and from which on it is a break-in.
    const ASKED: f64 = 0.1;
    const BREAK_IN: f64 = 0.5;
    /// Accounts that are named.
    const NAMED: usize = 10;
    let is_doubtful =
        |entry: &&GotIn| entry.failures.is_empty() && (ASKED..BREAK_IN).contains(&score::logistic(entry.odds()));
    let who: Vec<Sym> = entries.iter().filter(is_doubtful).map(|entry| entry.principal).collect();
    let names = who.iter().take(NAMED).map(|&principal| Span::principal(&measure.scene.text(principal)));
    let many = who.len() as u64;
    (many > 0).then(|| {
        text!(
            "Not to be known here: whether it found the password of {} that got in from a new place meanwhile ({}); ask {}",
            Text::count(many, "account", "accounts"),
            Text::list(names, many, NAMED),
            if many == 1 { "its owner" } else { "their owners" }
        )
    })
}

/// The break-ins that a campaign led to, as drafts.
pub(super) fn breaches(measure: &Measure<'_, '_>, judgement: &Judgement, entries: Vec<GotIn>) -> Vec<(GotIn, Draft)> {
    let mut breaches: Vec<(GotIn, Draft)> = entries
        .into_iter()
        .filter_map(|entry| breach(measure, judgement, &entry).map(|draft| (entry, draft)))
        .collect();
    // An account that an intruder made is what was made to stay, and no second victim.
    let made: HashSet<Sym, RandomState> =
        breaches.iter().flat_map(|(entry, _)| made(measure, entry)).map(|deed| deed.object).collect();
    breaches.retain(|(entry, _)| !made.contains(&entry.principal));
    breaches
}

/// The accounts that were made after an entry and were not known before.
fn made<'s>(measure: &'s Measure<'_, '_>, entry: &GotIn) -> impl Iterator<Item = &'s Deed> {
    let scene = measure.scene;
    let deeds = deeds(measure, entry.principal, entry.source, entry.success.time).into_iter();
    deeds.filter(move |deed| {
        let account = scene.history.account(scene.cluster(deed.node), deed.object);
        scene.bytes(deed.action) == b"put_user" && account.is_none_or(|sum| sum.first >= deed.time)
    })
}

fn breach(measure: &Measure<'_, '_>, judgement: &Judgement, entry: &GotIn) -> Option<Draft> {
    let scene = measure.scene;
    let probability = score::logistic(entry.odds());
    let (verdict, severity) = match probability {
        p if p >= 0.8 => (Verdict::Hostile, Severity::Critical),
        p if p >= 0.5 => (Verdict::Unclear, Severity::High),
        _ => return None,
    };
    let mut draft = Draft::new(Kind::AccountCompromise, severity, (verdict, score::rounded(probability)));
    draft.cluster = judgement.campaign.cluster;
    let (principal, source) = (scene.text(entry.principal), scene.text(entry.source));
    let hedge = if verdict == Verdict::Hostile { "" } else { ", perhaps" };
    let (who, from) = (|| Span::principal(&principal), || Span::address(&source));
    draft.title = text!("{} taken over from {}{}", who(), from(), hedge);
    let at = entry.success.time;
    draft.why.push(match entry.failures.len() as u64 {
        0 => text!(
            "{} got in from {} for the first time at {}, amid tries from {} for other accounts",
            who(),
            from(),
            at,
            if entry.same_source { "there" } else { "other addresses" }
        ),
        many => text!(
            "{} of {} from {}, then a success from there at {}",
            Text::count(many, "failure", "failures"),
            who(),
            from(),
            at
        ),
    });
    let elsewhere = scene.history.account(draft.cluster, entry.principal).map_or(0, |sum| sum.others.saturating_sub(1));
    if elsewhere > 0 {
        draft.why.push(format!(
            "The account gets in from {} besides; from there it had never",
            words::count(u64::from(elsewhere), "other address", "other addresses")
        ));
    }
    if entry.no_typist {
        draft.why.push("It works as programs do and inside alone, and a program mistypes nothing".to_owned());
    }
    if let Some(change) = entry.reset {
        let change = &scene.joined.changes[change as usize];
        draft.why.push(text!(
            "Its password was set anew at {}, between the tries and the success: the tries did not find it",
            change.record.time
        ));
    }
    let past = scene.history.pair(draft.cluster, entry.principal, entry.source);
    draft.successes = past.map_or(0.0, |past| scene.history.within(past, entry.success.time, Millis(i64::MAX))) as u64;
    draft.why.push(format!(
        "{} of it from there since (authentication_success or access decisions)",
        words::count(draft.successes, "success", "successes")
    ));
    if let Some(past) = past.filter(|past| past.first == entry.success.time) {
        draft.why.extend(unusual::of(scene, past).into_iter().map(|(_, sentence)| sentence));
    }
    draft.expected = (!entry.failures.is_empty()).then(|| judgement.features.expected.min(20.0).exp());
    if let Some(expected) = draft.expected {
        draft.why.push(format!("By chance {} such tries in a log like this one", words::chance(expected)));
    }
    draft.times.extend([Some(entry.success.time), past.map(|past| past.last)].into_iter().flatten());
    draft.evidence.push(scene.joined.source_lines.of(entry.success.pos));
    tell_deeds(measure, entry, &mut draft);
    draft.principals = vec![entry.principal];
    draft.sources.push(entry.source);
    draft.attempts.clone_from(&entry.failures);
    Some(draft)
}

/// Tells what was done after the entry; what was made becomes a part.
fn tell_deeds(measure: &Measure<'_, '_>, entry: &GotIn, draft: &mut Draft) {
    let scene = measure.scene;
    let deeds = deeds(measure, entry.principal, entry.source, entry.success.time);
    let mut made = Draft::new(Kind::Persistence, draft.severity, (draft.verdict, draft.confidence));
    tell_first(measure, draft, "Then", deeds.iter().copied());
    for deed in &deeds {
        draft.times.push(deed.time);
        draft.api_keys.extend(deed.ids.iter().copied());
        if deed.lasting {
            made.times.push(deed.time);
            made.api_keys.extend(deed.ids.iter().copied());
        }
    }
    if deeds.len() > TOLD {
        draft.why.push(format!("And {} more such actions", words::number((deeds.len() - TOLD) as u64)));
    }
    for account in self::made(measure, entry) {
        for past in scene.history.of_account(draft.cluster, account.object) {
            made.times.extend([past.first, past.last]);
            made.sources.push(past.source);
            draft.times.push(past.last);
            draft.why.push(text!(
                "{} was used from {} ({}), last at {}",
                Span::principal(&scene.text(account.object)),
                Span::address(&scene.text(past.source)),
                Text::count(u64::from(past.count), "event", "events"),
                past.last
            ));
        }
    }
    for &key in &made.api_keys {
        for past in scene.history.of_key(draft.cluster, key) {
            made.times.extend([past.first, past.last]);
            made.sources.push(past.source);
            draft.times.push(past.last);
            draft.why.push(text!(
                "{} was used from {} ({}), last at {}",
                key_in_words(scene, key),
                Span::address(&scene.text(past.source)),
                Text::count(u64::from(past.count), "event", "events"),
                past.last
            ));
        }
        let end = ApiCall::new(Method::Delete, "/_security/api_key");
        draft.first_steps.push(text!(
            "An API key was made after the break-in and outlives a new password: {}.",
            end.body(serde_json::json!({"ids": [scene.text(key)]}))
        ));
    }
    if !made.times.is_empty() {
        made.principals = vec![entry.principal];
        made.sources.push(entry.source);
        made.title = text!(
            "{} made to stay by {}",
            // Times are also those of uses.
            Text::count(deeds.iter().filter(|deed| deed.lasting).count() as u64, "thing", "things"),
            Span::principal(&scene.text(entry.principal))
        );
        draft.sources.extend(made.sources.iter().copied());
        draft.parts.push(made.part(scene));
    }
}

/// Tells the first of some deeds one by one, each after a word that says how it belongs there.
pub(super) fn tell_first<'d>(
    measure: &Measure<'_, '_>,
    draft: &mut Draft,
    word: &'static str,
    deeds: impl Iterator<Item = &'d Deed>,
) {
    for deed in deeds.take(TOLD) {
        draft.why.push(text!("{} {}", word, deed_in_words(measure, deed)));
        draft.evidence.push(deed.place);
    }
}

/// A deed in a sentence.
pub(super) fn deed_in_words(measure: &Measure<'_, '_>, deed: &Deed) -> Text {
    let scene = measure.scene;
    let object = if deed.object.is_some() { text!(" ({})", Span::name(&scene.text(deed.object))) } else { Text::new() };
    text!("{}{} at {}", Span::name(&scene.text(deed.action)), object, deed.time)
}
