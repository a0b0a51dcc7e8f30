//! Who got in that history does not explain, in each campaign, and how surely it was not the owner.

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::arrivals;
use super::deeds::Deed;
use super::features::{Feature, Features, is_of_many};
use super::history::{DAY, HOUR, Past, Success};
use super::kinds::{Kind, Verdict};
use super::measure::Measure;
use super::scene::Scene;
use super::score::{self, Posterior};
use super::tell::Judgement;
use super::tries::Tries;
use super::unit::{SITTING, Standing, Unit};
use super::unusual;
use super::weights::WeightSubject;
use crate::state::Sym;
use crate::time::Millis;

/// A success is put down to a campaign from its sources until so long after its end.
const AFTER: i64 = DAY;

/// And until so long after it, where the source is somebody's outside who tried more often than anybody mistypes, or went through a list
/// of names, and gets in there for the first time: who waits for days in between does not come by chance.
const MUCH_LATER: i64 = 30 * DAY;
const ASSAILED: usize = 12;

/// Tries that somebody away from home may need until a password is typed right.
const MISTYPED: usize = 4;

/// Tries that are no slip of whoever sets a program up.
const SLIPS: usize = 3;

/// How strange a place is at least at which an owner is hardly ever.
const FAR: f64 = 0.8;

/// Odds of a campaign count towards its successes no more than this, either way.
const ODDS: f64 = 6.0;

/// What tries for another account from the same address within moments add to these odds: two who share an address and have nothing
/// to do with each other fall within two minutes of each other once in some hundred times a day.
const JUST_BEFORE: f64 = 3.0;

/// What two other accounts that are tried there say by themselves: at most, where it is within moments, and at least, where nobody
/// else gets in there.
const LISTED: f64 = 5.0;

/// Successes amid the tries that tell at which pace the owner works on, and the part of a pause within which hardly one falls.
const WORKS_ON: f32 = 5.0;
const SOONER: f64 = 0.1;

/// Odds from which on an entry is told as hostile, a little above and a little below.
const SURE: f64 = 1.6;
const UNSURE: f64 = 1.3;

/// Somebody who got in where tries had come from.
#[derive(Debug, Clone)]
pub(super) struct GotIn {
    pub(super) principal: Sym,
    pub(super) source: Sym,
    pub(super) success: Success,
    /// Failures of the account from there before it, by time.
    pub(super) failures: Vec<u32>,
    /// What the campaign says for it: the logarithm of odds.
    pub(super) campaign: f64,
    /// What the success itself says.
    pub(super) features: Features,
    pub(super) reset: Option<u32>,
    /// Tries of the campaign came from the same address, or its network.
    pub(super) same_source: bool,
    /// More tries than anybody makes ended in the first success of the account that the log knows of.
    pub(super) never_worked: bool,
    /// A superuser was made within minutes, which the account never did before, at a place outside where it never was.
    pub(super) makes_superuser: bool,
    /// The account is a program's, which mistypes nothing, is inside at all other times, and does not stay.
    pub(super) no_typist: bool,
    /// The campaign tried so many others from the host that it is the campaign's own.
    pub(super) of_its_host: bool,
    /// The account is seen for the first time, inside, at an address where nobody else is: a client that was set up there looks the same.
    pub(super) may_be_set_up: bool,
}

impl GotIn {
    /// Logarithm of the odds that it was not the owner.
    pub(super) fn odds(&self) -> f64 {
        let odds = self.campaign + score::sum(&self.features, &[WeightSubject::Kind(Kind::AccountCompromise)]);
        let odds = if self.may_be_set_up { odds.min(UNSURE) } else { odds };
        // As surely as the campaign is one: what the account is used to elsewhere does not matter there.
        let odds = if self.of_its_host { odds.max(self.campaign) } else { odds };
        // That it was repaired is as little seen as that it was guessed. Who needs few tries and then makes a superuser at once came
        // for that.
        if self.makes_superuser {
            odds.max(SURE)
        } else if self.never_worked || self.no_typist {
            odds.max(0.0)
        } else {
            odds
        }
    }
}

/// The successes that a campaign may have led to, each account once, by time.
pub(super) fn entries(measure: &Measure<'_, '_>, judgement: &Judgement) -> Vec<GotIn> {
    let scene = measure.scene;
    let mut entries: Vec<GotIn> = Vec::new();
    let tries = Tries::new(measure, judgement);
    let units = || judgement.campaign.units.iter().map(|&at| &measure.units[at as usize]);
    for unit in units().filter(|unit| unit.principal.is_some() && !scene.is_scanner(unit.source)) {
        if let Some(entry) = of_unit(measure, (judgement, &tries), unit) {
            entries.push(entry);
        }
    }
    // Accounts that get in from the sources of an attack at the first try.
    let mut sources: Vec<Sym> = units().filter(|unit| !unit.standing.is_local()).map(|unit| unit.source).collect();
    sources.sort_unstable();
    sources.dedup();
    let Some((start, end)) = judgement.campaign.span(scene) else { return entries };
    let cluster = judgement.campaign.cluster;
    if judgement.posterior.hostile < judgement.posterior.ordinary + judgement.posterior.operational {
        sources.clear();
    }
    let tried: HashSet<(Sym, Sym), RandomState> = units().map(|unit| (unit.principal, unit.source)).collect();
    let names: HashSet<Sym, RandomState> = tried.iter().map(|(name, _)| *name).collect();
    let own = |source: Sym| !tries.is_site(scene, source) && !scene.is_scanner(source);
    for source in sources.iter().copied().filter(|&source| own(source)) {
        for past in scene.history.of_source(cluster, source).filter(|past| !past.key.is_some()) {
            // Whose name was on the list is no bystander, from whichever of the addresses it was tried.
            let listed = names.contains(&past.principal) && tries.is_its_own(scene, source);
            let until = if listed { MUCH_LATER } else { AFTER };
            let new = past.first >= start && past.first.0 <= end.0 + until && !worked_before(scene, past);
            if !new || tried.contains(&(past.principal, source)) {
                continue;
            }
            if let Some(success) = scene.history.first_after(past, start) {
                let said = at_first(measure, past, success);
                // Whose password is found gets in with that try: who comes when it is over comes by itself, unless to do harm.
                let harmless = said[1].1 <= 0.0;
                let over = success.time.0 > end.0 + HOUR && harmless && !listed;
                // Everybody comes through a login page, or a proxy of the organisation's, for the first time some day.
                let by_itself = harmless && is_door(scene, cluster, source);
                if said[0].1 > 0.0 && !over && !by_itself {
                    let who = (past.principal, source);
                    entries.push(entry(measure, (judgement, &tries), who, success, Vec::new(), &said));
                }
            }
        }
    }
    entries.extend(elsewhere(measure, (judgement, &tries), &tried, &sources));
    entries.sort_by(|a, b| {
        let key = |entry: &GotIn| (entry.success.time, scene.shown(entry.principal), scene.shown(entry.source));
        key(a).cmp(&key(b))
    });
    // One account that gets in from several addresses is in once, where it is least its owner's doing: owners mistype elsewhere.
    let mut most: HashMap<Sym, f64, RandomState> = HashMap::default();
    for entry in &entries {
        let odds = most.entry(entry.principal).or_insert(f64::NEG_INFINITY);
        *odds = odds.max(entry.odds());
    }
    entries.retain(|entry| match most.get(&entry.principal) {
        Some(&odds) if entry.odds() >= odds => most.remove(&entry.principal).is_some(),
        _ => false,
    });
    entries
}

/// Whether an address inside is one through which many come, from wherever: a Kibana, a proxy.
fn is_door(scene: &Scene<'_>, cluster: u16, source: Sym) -> bool {
    !scene.is_outside(source) && is_of_many(scene, cluster, source)
}

/// Whether somebody gets in all along from the beginning of the log on, so that the first time is not to be seen in it.
fn worked_before(scene: &Scene<'_>, past: &Past) -> bool {
    /// Successes that tell a pace, and how many of its pauses may pass before the first of them.
    const SUCCESSES: u32 = 10;
    const PAUSES: i64 = 3;
    let pause = (past.last.0 - past.first.0) / i64::from(past.count.max(2) - 1);
    past.count >= SUCCESSES && past.first.0 - scene.span(past.cluster).0.0 <= PAUSES * pause
}

/// What a success at the first try says: how strange its place is, and whether things were done there that the account did
/// nowhere else before.
fn at_first(measure: &Measure<'_, '_>, past: &Past, success: Success) -> [(Feature, f64); 2] {
    let deeds = deeds(measure, past.principal, past.source, success.time);
    let new = deeds.iter().find(|deed| !measure.deeds.is_habit(deed, Some(past.first)));
    let soon = new.map_or(0.0, |deed| 1.0 - lateness(success.time, deed.time));
    [(Feature::Entry, first_time(measure.scene, past)), (Feature::Deeds, soon)]
}

/// How late after an entry something powerful was done there, from 0 to 1: who broke in looks around for minutes, an hour at most in
/// what independent authors made of it; who works there all morning is its owner.
pub(super) fn lateness(entry: Millis, deed: Millis) -> f64 {
    const SOON: i64 = 2 * HOUR;
    const LATE: i64 = 6 * HOUR;
    ((deed.0 - entry.0 - SOON) as f64 / (LATE - SOON) as f64).clamp(0.0, 1.0)
}

/// How strange it is that an account gets in where an attack came from, at the first try: as strange as the place is to it. Of
/// one that is seen nowhere else it is all that is known outside, and inside it may be the owner of the desk.
fn first_time(scene: &Scene<'_>, past: &Past) -> f64 {
    let elsewhere = scene.history.account(past.cluster, past.principal).is_some_and(|sum| sum.others > 1);
    if elsewhere {
        scene.strangeness(past.cluster, past.principal, past.source, past.first)
    } else {
        f64::from(u8::from(scene.is_outside(past.source)))
    }
}

/// The accounts that get in at the first try while a campaign from many addresses lasts, from one that it did not use before:
/// its addresses change from try to try.
fn elsewhere(
    measure: &Measure<'_, '_>,
    (judgement, tries): (&Judgement, &Tries),
    tried: &HashSet<(Sym, Sym), RandomState>,
    sources: &[Sym],
) -> Vec<GotIn> {
    let scene = measure.scene;
    let campaign = &judgement.campaign;
    let Some((start, end)) = campaign.span(scene) else { return Vec::new() };
    if sources.is_empty()
        || judgement.features.get(Feature::ManySources) * judgement.features.get(Feature::Outside) < 0.5
    {
        return Vec::new();
    }
    let amid = measure.arrivals().within(campaign.cluster, start, end).iter();
    let new = amid.filter(|past| {
        let strange = scene.history.account(past.cluster, past.principal).is_some_and(|sum| sum.others > 1);
        strange && sources.binary_search(&past.source).is_err() && !tried.contains(&(past.principal, past.source))
    });
    new.filter_map(|past| {
        let success = scene.history.first_after(past, start)?;
        let said = at_first(measure, past, success);
        Some(entry(measure, (judgement, tries), (past.principal, past.source), success, Vec::new(), &said))
    })
    .collect()
}

/// The success that the tries of one episode led to.
fn of_unit(measure: &Measure<'_, '_>, (judgement, tries): (&Judgement, &Tries), unit: &Unit) -> Option<GotIn> {
    let scene = measure.scene;
    if unit.was_set_right(scene) {
        return None;
    }
    let before =
        matches!(unit.standing, Standing::Own | Standing::OwnShared | Standing::Mistyped | Standing::UnknownAccount);
    // Behind an address that the owner shares with others, somebody who guessed is known by what comes right after the last try.
    let beside_owner = unit.standing == Standing::OwnShared && judgement.features.behind_others;
    // Where strangers try one account after the other, an account may fall before its name comes up again.
    let since = judgement.campaign.span(scene).map_or(unit.first, |(first, _)| first);
    let since = match unit.before > 0.0 {
        true if beside_owner => unit.last,
        true => since,
        false => unit.first,
    };
    let pasts = scene.pasts_at(unit.cluster, unit.principal, unit.source);
    let after = pasts.filter_map(|past| Some((past, scene.history.first_after(past, since)?)));
    let (past, success) = after.min_by_key(|(_, success)| success.time)?;
    // So is somebody whose owner comes through an address of the organisation's that many share.
    let through_door = is_door(scene, unit.cluster, unit.source);
    let until = if through_door {
        SITTING
    } else if beside_owner {
        HOUR
    } else if success.time == past.first
        && scene.is_outside(unit.source)
        && (unit.len() >= ASSAILED || tries.is_its_own(scene, unit.source))
    {
        MUCH_LATER
    } else {
        AFTER
    };
    // While the owner works on there, only what comes far sooner after the last try than at that pace is no work of the owner's.
    let pause = (unit.last.0 - unit.first.0) as f64 / f64::from(unit.between.max(1.0));
    let owners = unit.between >= WORKS_ON && (success.time.0 - unit.last.0) as f64 > SOONER * pause;
    if before && !beside_owner || beside_owner && owners || success.time.0 > unit.last.0 + until {
        return None;
    }
    let since = if through_door { success.time.0 - until } else { i64::MIN };
    let led = |at: &u32| (since..=success.time.0).contains(&scene.time(*at).0);
    let failures: Vec<u32> = unit.attempts(scene).iter().copied().filter(led).collect();
    let last = failures.last().map_or(success.time, |&at| scene.time(at));
    let reset = measure.changes.within(unit.principal, last, success.time);
    let strange = scene.strangeness(unit.cluster, unit.principal, unit.source, unit.first);
    let away = matches!(unit.standing, Standing::Strange | Standing::Near);
    let mut said = vec![(Feature::Entry, if away { strange } else { 0.0 })];
    said.push((Feature::Later, f64::from(u8::from(unit.standing == Standing::Later))));
    said.push((Feature::ResetBetween, f64::from(u8::from(reset.is_some()))));
    let many = (failures.len().max(1) as f64).ln() / 20_f64.ln();
    said.push((Feature::Volume, many.min(1.5)));
    if success.time == past.first {
        said.extend(unusual::of(scene, past).into_iter().map(|(feature, _)| (feature, 1.0)));
    }
    let deeds = deeds(measure, unit.principal, past.source, success.time);
    // Where all come through one door, who gets in after a slip or two has mistyped.
    if through_door && failures.len() <= SLIPS && deeds.is_empty() && !judgement.features.behind_others {
        return None;
    }
    // What its owner did before from elsewhere, and what leaves nothing behind, may be the owner's this time.
    let telling = |deed: &&Deed| deed.lasting || !measure.deeds.is_habit(deed, Some(success.time));
    said.push((Feature::Deeds, f64::from(u8::from(deeds.iter().any(telling)))));
    // A second device of the owner's asks now and then, at a place where nobody else is.
    let device = unit.alone && !scene.is_outside(unit.source) && judgement.features.get(Feature::Slow) > 0.0;
    said.push((Feature::Alone, f64::from(u8::from(device))));
    // Fewer tries do where what is done next is what intruders do.
    let enough = if deeds.is_empty() { 1.0 } else { f64::MIN_POSITIVE };
    let soon = success.time.0 - last.0 <= HOUR;
    let never_worked = soon && (judgement.features.never_worked >= enough || awakes(scene, unit, &failures, &deeds));
    let who = (unit.principal, past.source);
    let at_once = |deed: &&&Deed| {
        deed.gives_everything
            && deed.time.0 - success.time.0 <= HOUR / 4
            && !measure.deeds.is_habit(deed, Some(success.time))
    };
    let makes_superuser = unit.standing == Standing::Strange
        && strange >= FAR
        && scene.is_outside(unit.source)
        && failures.len() >= MISTYPED
        && reset.is_none()
        && deeds.iter().any(|deed| at_once(&deed));
    let no_typist = unit.standing == Standing::Strange
        && soon
        && reset.is_none()
        && failures.len() >= SLIPS
        && is_program_abroad(scene, past);
    let may_be_set_up =
        unit.standing == Standing::Later && unit.alone && !scene.is_outside(unit.source) && deeds.is_empty();
    Some(GotIn {
        reset,
        never_worked,
        makes_superuser,
        no_typist,
        may_be_set_up,
        ..entry(measure, (judgement, tries), who, success, failures, &said)
    })
}

/// Whether an account of a program that works inside is once at a place outside, for less than a day: programs that move stay.
fn is_program_abroad(scene: &Scene<'_>, past: &Past) -> bool {
    let mut own = scene.history.of_account(past.cluster, past.principal);
    scene.is_outside(past.source)
        && past.last.0 - past.first.0 < DAY
        && scene.is_program(past.cluster, past.principal)
        && own.all(|other| other.source == past.source || !scene.is_outside(other.source))
}

/// Whether an account of which nothing was seen for a day or longer is tried a few times, inside more often than anybody mistypes,
/// gets in, and does powerful things at once.
fn awakes(scene: &Scene<'_>, unit: &Unit, failures: &[u32], deeds: &[&Deed]) -> bool {
    let (start, _) = scene.span(unit.cluster);
    let few = if scene.is_outside(unit.source) { MISTYPED } else { ASSAILED };
    unit.standing == Standing::Later
        && failures.len() >= few
        && unit.first.0 - start.0 >= DAY
        && deeds.iter().any(|deed| deed.time.0 - unit.last.0 <= HOUR / 4)
}

/// A success with what the campaign and it itself say.
fn entry(
    measure: &Measure<'_, '_>,
    (judgement, tries): (&Judgement, &Tries),
    (principal, source): (Sym, Sym),
    success: Success,
    failures: Vec<u32>,
    said: &[(Feature, f64)],
) -> GotIn {
    let Posterior { hostile, operational, ordinary, .. } = judgement.posterior;
    let mut campaign = (hostile.max(1e-9) / (operational + ordinary).max(1e-9)).ln().clamp(-ODDS, ODDS);
    // A campaign speaks against an address by what came from there, or by how rarely anybody comes to a new place: in a crowd of
    // strangers anybody may be another.
    let of_source = tries.of(measure, source);
    // A few tries of nobody but the account that then gets in are what a traveller makes too, whatever goes on elsewhere.
    let of_owner = if failures.len() == of_source && of_source < tries.all { of_source.min(MISTYPED) } else { 0 };
    let just_before = tries.just_before(measure.scene, (principal, source), success.time);
    let own = 3.0 * ((of_source - of_owner).max(1) as f64).ln() + if just_before > 0 { JUST_BEFORE } else { 0.0 };
    let is_alone =
        measure.scene.history.source(judgement.campaign.cluster, source).is_some_and(arrivals::is_one_persons);
    // Where tries for others are all that comes from an address outside beside it, they are its own.
    let of_list =
        is_alone && measure.scene.is_outside(source) && tries.are_for_others(measure.scene, (principal, source));
    let own = if of_list { own.max(LISTED) } else { own };
    let amid = if is_alone { tries.amid } else { 0.0 };
    campaign = campaign.min(own.max(amid));
    // Two others and then this one, at one address within moments, are a list whatever the rest of the campaign is.
    if just_before > 1 {
        campaign = campaign.max(own.min(LISTED));
    }
    // Where an outsider's tries end in a success, nothing makes them somebody who repairs a program.
    if said.iter().any(|&(feature, value)| feature == Feature::Entry && value > 0.8)
        && judgement.features.get(Feature::Outside) > 0.5
        && judgement.campaign.attempts.len() >= 10
    {
        campaign = campaign.max(-1.0);
    }
    let mut features = measure.none();
    said.iter().for_each(|&(feature, value)| features.set(feature, value));
    if amid > own {
        // The rate of arrivals tells how often places are new here: what is left to say is whether this one is newer than most.
        let usual = measure.arrivals().usual_strangeness(judgement.campaign.cluster);
        features.set(Feature::Entry, (features.get(Feature::Entry) / usual.max(0.1)).min(1.0));
    }
    let strange = features.get(Feature::Entry);
    // Where hardly anybody comes from outside, who was nowhere before is a stranger there, too.
    let outside = judgement.features.get(Feature::Outside);
    let unusual = features.get(Feature::Later) * (outside - judgement.features.get(Feature::UsualOutside));
    features.set(Feature::Outside, (outside * strange).max(unusual));
    features.set(Feature::Enters, judgement.features.get(Feature::Enters));
    let shared = tries.is_site(measure.scene, source);
    features.set(Feature::OwnShared, f64::from(u8::from(shared)));
    let same_source = tries.of(measure, source) > 0;
    let new = features.get(Feature::Entry) > 0.0 || features.get(Feature::Later) > 0.0;
    let of_its_host = new
        && judgement.posterior.verdict() == Verdict::Hostile
        && features.get(Feature::ResetBetween) <= 0.0
        && tries.is_its_own(measure.scene, source);
    GotIn {
        of_its_host,
        principal,
        source,
        success,
        failures,
        campaign,
        features,
        reset: None,
        same_source,
        never_worked: false,
        makes_superuser: false,
        no_typist: false,
        may_be_set_up: false,
    }
}

/// What is known of a success that a campaign may have led to, as weights are fitted to it.
pub(super) fn export(scene: &Scene<'_>, entry: &GotIn) -> serde_json::Value {
    serde_json::json!({
        "principal": scene.text(entry.principal),
        "source": scene.text(entry.source),
        "time": entry.success.time.rfc3339(),
        "campaign": entry.campaign,
        "features": entry.features.export(),
    })
}

/// What the account did from there since.
pub(super) fn deeds<'s>(measure: &'s Measure<'_, '_>, principal: Sym, source: Sym, since: Millis) -> Vec<&'s Deed> {
    let of = measure.deeds.of(principal);
    let start = of.partition_point(|deed| deed.time < since);
    let lasts = |deed: &&Deed| deed.time.0 <= since.0 + 30 * DAY;
    of[start..].iter().take_while(lasts).filter(|deed| deed.source == source || !deed.source.is_some()).collect()
}
