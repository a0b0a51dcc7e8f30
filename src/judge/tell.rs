//! A scored campaign becomes a finding: its kind, how bad it is, and the evidence in sentences.

use super::campaign::{Campaign, Family};
use super::draft::Draft;
use super::features::{Feature, Features};
use super::hypotheses::{HYPOTHESES, ToldCampaign};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use super::ranked::{NAMED, key_in_words, ranked};
use super::score::Posterior;
use super::unit::Unit;
use super::words;
use crate::correlate::How;
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;

/// From this probability of "nothing happened" on, nothing is told.
const ORDINARY: f64 = 0.5;

/// A campaign with what was made of it.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) campaign: Campaign,
    pub(super) features: Features,
    pub(super) posterior: Posterior,
    /// Number of its draft, where it is told.
    pub(super) draft: Option<usize>,
}

/// The finding of a campaign, if it is one.
pub(super) fn tell(measure: &Measure<'_, '_>, judgement: &Judgement) -> Option<Draft> {
    let posterior = &judgement.posterior;
    if posterior.ordinary >= ORDINARY {
        return None;
    }
    let kind = match posterior.kind()? {
        // A list that is gone through in moments, now and then, is no less a list.
        Kind::LowAndSlow if in_bursts(&judgement.features) => Kind::PasswordSpraying,
        Kind::StaleCredential if at_once(&judgement.features) || of_an_issuer(measure, judgement) => Kind::RealmOutage,
        kind => kind,
    };
    Some(draft(measure, judgement, kind))
}

/// Whether it is of those who log in by way of an identity provider, or of several whose tokens one signs: these are made anew all the
/// time, so that none is a stored one.
fn of_an_issuer(measure: &Measure<'_, '_>, judgement: &Judgement) -> bool {
    let scene = measure.scene;
    let names = || judgement.campaign.attempts.iter().map(|&at| scene.attempt(at).principal);
    let first = names().next();
    judgement.features.get(Feature::Signed) >= 1.0
        && (names().all(|name| scene.bytes(name).first() == Some(&b'<')) || names().any(|name| Some(name) != first))
}

/// Whether many accounts are tried one right after the other, whatever the pauses between.
fn in_bursts(features: &Features) -> bool {
    const AT_ONCE: i64 = 60_000;
    features.get(Feature::ManyAccounts) >= 1.0 && features.gap < AT_ONCE
}

/// Whether many accounts were shut out together and all got in again, while their realm let nobody in: stored passwords do not become
/// wrong, and right, at one moment. Where the realm lets others in, or each stays out until somebody comes to it, they were wrong.
fn at_once(features: &Features) -> bool {
    let at_least = |(feature, least): (Feature, f64)| features.get(feature) >= least;
    let at_most = |(feature, most): (Feature, f64)| features.get(feature) <= most;
    let together = [Feature::Surge, Feature::ManyAccounts, Feature::Together, Feature::Returns].map(|of| (of, 0.8));
    let nobody_else = [(Feature::RealmUp, 0.5), (Feature::OwnRealm, 0.5), (Feature::StaysOut, 0.5)];
    together.into_iter().all(at_least) && nobody_else.into_iter().all(at_most)
}

/// The draft of a campaign under a kind.
pub(super) fn draft(measure: &Measure<'_, '_>, judgement: &Judgement, kind: Kind) -> Draft {
    let Judgement { campaign, features, posterior, .. } = judgement;
    let scene = measure.scene;
    let hypothesis = HYPOTHESES[kind as usize];
    let verdict = posterior.verdict();
    let told = ToldCampaign { scene, campaign, features, verdict };
    let scanned =
        !campaign.attempts.is_empty() && campaign.attempts.iter().all(|&at| scene.is_scanner(scene.attempt(at).source));
    let severity = if scanned { Severity::Info } else { (hypothesis.severity)(&told) };
    let mut draft = Draft::new(kind, severity, (verdict, posterior.confidence()));
    draft.cluster = campaign.cluster;
    draft.changed = features.change.is_some();
    draft.realm_up = features.get(Feature::RealmUp) >= 0.5;
    draft.title = (hypothesis.title)(&told).into();
    // That a key has expired is seen in a line or in its expiration; that its uses stop has other explanations, too.
    draft.is_guess = kind == Kind::ApiKeyExpiredInUse && features.get(Feature::Expired) <= 0.0;
    if verdict == Verdict::Unclear || draft.is_guess {
        draft.title.push(", perhaps");
    }
    draft.attempts.clone_from(&campaign.attempts);
    draft.api_keys.clone_from(&campaign.keys);
    if draft.is_guess {
        draft.api_keys.extend(measure.units_of(campaign).filter_map(|unit| measure.stopped_key(unit)));
    }
    draft.failures = campaign.failures(scene) - campaign.attempts.len() as u64;
    let refusals = || campaign.refusals.iter().map(|&at| &scene.joined.key_failures[at as usize]);
    draft.nodes = match kind {
        Kind::WrongRealm | Kind::ClockSkew => told.failing_nodes(),
        _ => refusals().map(|failure| failure.node).collect(),
    };
    draft.times =
        [refusals().next(), refusals().next_back()].into_iter().flatten().map(|failure| failure.time).collect();
    draft.evidence =
        [refusals().next(), refusals().next_back()].into_iter().flatten().map(|failure| failure.place).collect();
    draft.why.push(volume(measure, campaign, features));
    draft.why.extend(sentences(measure, campaign, features));
    if campaign.family == Family::Keys {
        keys(measure, campaign, &mut draft);
    }
    if scanned {
        draft.why.push("All sources are scanners of your own, says the configuration".to_owned());
    }
    let share = |mass: f64| words::percent(mass);
    draft.why.push(format!(
        "Of what may explain it: an attack {}, something broken {}, nothing in particular {}",
        share(posterior.hostile),
        share(posterior.operational),
        share(posterior.ordinary)
    ));
    if campaign.family == Family::Passwords && verdict != Verdict::Operational {
        let expected = features.expected.min(20.0).exp();
        draft.expected = Some(expected);
        draft.why.push(format!("By chance {} such in a log like this one", words::chance(expected)));
    }
    draft
}

/// How many, from when to when, how often.
pub(super) fn volume(measure: &Measure<'_, '_>, campaign: &Campaign, features: &Features) -> Text {
    let scene = measure.scene;
    let failures = Text::count(campaign.failures(scene), "failure", "failures");
    let Some((first, last)) = campaign.span(scene) else { return failures };
    let sources = words::count(features.sources as u64, "source", "sources");
    let accounts = match features.accounts {
        0 => String::new(),
        many => format!(" of {}", words::count(many as u64, "account", "accounts")),
    };
    let over = if last > first { format!(", over {}", words::duration(last.0 - first.0)) } else { String::new() };
    let pace = if campaign.attempts.len() > 2 {
        format!("; usually one every {}", words::duration(features.gap))
    } else {
        String::new()
    };
    text!("{}{} from {}, from {} on{}{}", failures, accounts, sources, first, over, pace)
}

/// What the features say, the clearest first in the order of the list.
fn sentences(measure: &Measure<'_, '_>, campaign: &Campaign, features: &Features) -> Vec<Text> {
    let mut out: Vec<Text> = features
        .all()
        .filter(|(_, value)| *value >= 0.25)
        .filter_map(|(feature, value)| sentence(campaign, feature, value))
        .map(Text::from)
        .collect();
    if let Some(change) = features.change.filter(|_| features.get(Feature::Changed) > 0.0) {
        out.push(onset(measure, change as usize));
    }
    if campaign.by_node {
        out.extend(contrast(measure, campaign).map(Text::from));
    }
    let behind = measure.units_of(campaign).map(|unit| unit.behind).filter(|behind| behind.is_some());
    if let Some(stranger) = behind.min_by_key(|&behind| measure.scene.shown(behind)) {
        let name = Span::address(&measure.scene.text(stranger));
        out.push(text!("A proxy there names {} in x_forwarded_for, and otherwise clients inside", name));
    }
    if features.forges {
        let said =
            "Each try names another client in x_forwarded_for: whoever tries writes it, as clients of a proxy do not";
        out.push(Text::from(said));
    }
    let mut reasons: Vec<&str> = features.unknown.iter().map(|(_, why)| *why).collect();
    reasons.dedup();
    out.extend(reasons.into_iter().map(|why| format!("Not to be known here: {why}").into()));
    out
}

/// The sentence of a feature; a value of 1 is all, less is a share.
fn sentence(campaign: &Campaign, feature: Feature, value: f64) -> Option<String> {
    let share = |what: &str| {
        Some(if value > 0.995 { format!("All {what}") } else { format!("{} {what}", words::percent(value)) })
    };
    let plain = |text: &str| Some(text.to_owned());
    let bare = campaign.family == Family::Bare;
    match feature {
        Feature::Own if campaign.family == Family::Keys => share("of the clients had got in before"),
        Feature::Unknown if campaign.family == Family::Keys => share("of the clients had never got in before"),
        Feature::Own | Feature::OwnShared if bare => share("of the clients had got in with credentials before"),
        Feature::Later if bare => share("of the clients get in with credentials afterwards"),
        Feature::Unknown if bare => share("of the clients never get in"),
        Feature::Own => share("of the tries come from where the account had got in before"),
        Feature::OwnShared => {
            share("of the tries come from an address through which the account and many others get in")
        }
        Feature::Later => {
            share("of the tries come from where the account works afterwards; the log does not reach further back")
        }
        Feature::Near => share("of the tries come from the account's own network, or from an address that many share"),
        Feature::Strange => {
            share("of the tries come from where the account had never got in, though it gets in elsewhere")
        }
        Feature::UnknownAccount => share("of the tries are for accounts that never get in, from where others do"),
        Feature::Unknown => share("of the tries are for accounts that never get in, from where nobody does"),
        Feature::StaysOut => {
            plain("They had got in before, and fail through many tries at logging in without a success")
        }
        Feature::Alone => share("of the accounts fail from nowhere else, at addresses where nobody else is seen"),
        Feature::Crowd => share("of the tries fall into a time in which far more strangers than usual fail"),
        Feature::Displaced => share("of the clients got in up to the first failure, and not while they failed"),
        Feature::Returns => share("of the clients get in again afterwards, as before"),
        Feature::Alternating => share("of the clients get in between their failures"),
        Feature::Excess => share("of the clients fail ten times as fast as they used to get in"),
        Feature::Outside => share("of the failures come from outside the internal networks"),
        Feature::KnownBad => share("of the failures come from addresses that a list given with --addresses calls bad"),
        Feature::Surge => plain("Far more accounts than usual were shut out at their own places at that time"),
        Feature::OneNode => plain("Its clients fail on one node alone; other failures are spread over the nodes"),
        Feature::RealmDown if value > 0.5 => plain("Hardly anybody got in through the same realm meanwhile"),
        Feature::RealmUp if value >= 0.5 => plain("Others got in through the same realm meanwhile"),
        // The other says it.
        Feature::RealmDown | Feature::RealmUp => None,
        Feature::Through => {
            plain("Many accounts fail at once through addresses that many share, and others get in there")
        }
        Feature::WorksOn if value > 0.5 => plain("Meanwhile the accounts got in about as often as just before"),
        Feature::Disabled => share("of the failures say that the account is disabled or locked"),
        Feature::Token => share("of the failures are of tokens that had expired or were not valid"),
        Feature::Unjudged => share("of the failures were judged by no realm"),
        Feature::NoSuchUser => share("of the failures are for names that no realm knows"),
        Feature::LacksRealm => {
            share("of the clients were not asked about by the realm through which they get in elsewhere")
        }
        Feature::Listed => plain("The accounts come up in the order of the alphabet, as on a list"),
        Feature::Slow => plain("Few tries an hour, for hours"),
        Feature::Steady if value > 0.5 => plain("As many come at other times: nothing began"),
        Feature::Brief => plain("They come and go, and the log goes on before and after"),
        Feature::WholeLog | Feature::Probe => plain("From the beginning of the log to its end"),
        Feature::HealthCheck => plain("They keep to the clock for hours, as health checks do"),
        Feature::Farm => plain(
            "They are many hosts at work: of the account's own networks, or such as got in under another name up to then",
        ),
        Feature::ManyKeys => plain("Few clients send many keys: a program has one"),
        Feature::KeyStops => {
            share("of the clients used one key and no other, up to the first failure, and nobody uses it since")
        }
        Feature::Challenge => share("of the clients let themselves in right after: challenge and response"),
        _ => None,
    }
}

/// The sentence of a change that explains failures.
pub(super) fn onset(measure: &Measure<'_, '_>, change: usize) -> Text {
    let scene = measure.scene;
    let change = &scene.joined.changes[change];
    let by =
        if change.actor.is_some() { text!(" by {}", Span::principal(&scene.text(change.actor))) } else { Text::new() };
    text!(
        "The failures begin after {} of {} at {}{}",
        Span::name(&scene.text(change.record.action)),
        Span::name(&scene.text(change.record.name)),
        change.record.time,
        by
    )
}

/// On which node clients fail, and how they fare elsewhere.
fn contrast(measure: &Measure<'_, '_>, campaign: &Campaign) -> Option<String> {
    let units = || campaign.units.iter().map(|&at| &measure.units[at as usize]);
    let contrasts = || units().filter_map(|unit: &Unit| unit.contrast.as_deref());
    let best = contrasts().max_by(|a, b| a.weight.total_cmp(&b.weight))?;
    let elsewhere: f64 = contrasts().map(|contrast| contrast.elsewhere).sum();
    Some(format!(
        "They fail on {}; on other nodes the same clients got in {} meanwhile",
        measure.scene.node_name(best.node),
        words::count(elsewhere as u64, "time", "times")
    ))
}

/// What is known of the keys.
fn keys(measure: &Measure<'_, '_>, campaign: &Campaign, draft: &mut Draft) {
    let scene = measure.scene;
    let refusals = || campaign.refusals.iter().map(|&at| &scene.joined.key_failures[at as usize]);
    let named = refusals().filter(|failure| failure.basis == crate::reason::Basis::ServerLog).count() as u64;
    if named > 0 {
        draft.why.push(format!("The server log gives the reason of {}", words::count(named, "refusal", "refusals")));
    }
    let unattributed = refusals().filter(|failure| failure.attempt.is_none()).count() as u64;
    if unattributed > 0 {
        draft.why.push(format!("{} could be joined to no client", words::count(unattributed, "refusal", "refusals")));
    }
    for &key in campaign.keys.iter().take(NAMED) {
        end(measure, key, draft);
    }
    let mut sources: Vec<Sym> = campaign.attempts.iter().map(|&at| scene.attempt(at).source).collect();
    sources.sort_unstable();
    sources.dedup();
    let Some((first, _)) = campaign.span(scene) else { return };
    let replaced = super::keys::replaced(scene, campaign, &sources, first);
    if let (Some(&(_, key, time)), Kind::ApiKeyRotationOutage) = (replaced.first(), draft.doc.kind) {
        let (names, total) = ranked(scene, replaced.iter().map(|&(source, ..)| source).collect());
        draft.why.push(text!(
            "The replacement {} was first used at {} by {}",
            key_in_words(scene, key),
            time,
            Text::list(names.iter().map(|name| Span::address(name)), total, NAMED)
        ));
        draft.api_keys.push(key);
    }
}

/// How a key ended.
fn end(measure: &Measure<'_, '_>, key: Sym, draft: &mut Draft) {
    let scene = measure.scene;
    let Some(info) = scene.key(key) else { return };
    if let Some(expires) = info.expires.filter(|_| draft.doc.kind == Kind::ApiKeyExpiredInUse) {
        draft.why.push(text!("{} expired at {}", key_in_words(scene, key), expires));
    }
    let Some(end) = info.invalidated else { return };
    let at = end.time.map_or_else(Text::new, |time| text!(" at {}", time));
    let how = match end.how {
        How::Id => "by its id",
        How::Name => "by its name",
        How::Owner => "with all keys of its owner",
        How::Realm => "with all keys of its owner's realm",
        How::Listing => "as the listing of keys says",
    };
    let change = end.change.and_then(|change| scene.joined.changes.get(change));
    let by = change.filter(|change| change.actor.is_some()).map_or_else(Text::new, |change| {
        let source = if change.source.is_some() {
            text!(" from {}", Span::address(&scene.text(change.source)))
        } else {
            Text::new()
        };
        text!(" by {}{}", Span::principal(&scene.text(change.actor)), source)
    });
    draft.why.push(text!("{} was invalidated{}{}, {}", key_in_words(scene, key), at, by, how));
    if let Some(change) = change {
        draft.evidence.insert(0, change.place);
    }
}
