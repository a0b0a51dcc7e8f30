//! Measures the features of campaigns.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::accounts::AccountChanges;
use super::activity::Activity;
use super::arrivals::Arrivals;
use super::campaign::{Campaign, Family};
use super::contrast;
use super::crowd;
use super::deeds::Deeds;
use super::episodes::median;
use super::features::{Feature, Features, Observed, is_farm};
use super::history::HOUR;
use super::index::Class;
use super::invented;
use super::lists;
use super::null::{Null, binomial_tail, poisson_tail};
use super::proxies;
use super::renamed;
use super::retries;
use super::scene::Scene;
use super::sites::Sites;
use super::strangers::Strangers;
use super::unit::{Standing, Unit, is_regular};
use crate::reason::{Basis, Reason};
use crate::reserved::RESERVED_USERS;
use crate::state::Sym;
use crate::time::Millis;

/// What features are measured with.
pub(super) struct Measure<'s, 'c> {
    pub(super) scene: &'s Scene<'c>,
    pub(super) units: &'s [Unit],
    pub(super) null: &'s Null,
    pub(super) changes: &'s AccountChanges,
    /// By number of an episode: whether a realm was not asked that ordinarily is.
    pub(super) lacking: &'s [bool],
    pub(super) sites: &'s Sites,
    pub(super) deeds: &'s Deeds,
    /// Made where it is asked for first.
    pub(super) activity: OnceLock<Activity>,
    /// As is this.
    pub(super) arrivals: OnceLock<Arrivals<'s>>,
    /// And this: failures by node of the table.
    pub(super) failures_by_node: OnceLock<Vec<u32>>,
    /// And this: addresses of the log, and those of them that lie outside.
    pub(super) addresses: OnceLock<(usize, usize)>,
    /// And this.
    pub(super) strangers: OnceLock<Strangers>,
    /// Keys that are refused somewhere in the log, by number.
    pub(super) refused_keys: &'s [Sym],
}

/// Share of what names no account and is refused, at most, where others get in through the same address; and assertions that are
/// refused in an hour anywhere: browsers keep the pages of identity providers open until their answers have ended.
const REFUSED: f64 = 0.1;
const REFUSED_AN_HOUR: f64 = 6.0;

/// A logarithm of e^-20 or less counts as certain.
const CERTAIN: f64 = 20.0;

/// Tries of one account that end in its first success, from which on somebody may have guessed.
const GUESSES: usize = 20;

/// Refusals of keys without which nobody is said to guess them.
const FEWEST_GUESSES: usize = 3;

/// Tries beyond what people make: none at the first number, all at the second.
const PEOPLE: (f64, f64) = (5.0, 100.0);

impl Measure<'_, '_> {
    /// The features of a campaign.
    pub(super) fn features(&self, campaign: &Campaign) -> Features {
        let mut features = Features::new();
        self.shape(campaign, &mut features);
        self.timing(campaign, &mut features);
        self.reasons(campaign, &mut features);
        match campaign.family {
            Family::Passwords | Family::Bare => self.episodes(campaign, &mut features),
            Family::Keys => {
                super::keys::measure(self.scene, campaign, &mut features);
                features.too_few = campaign.attempts.len() < FEWEST_GUESSES;
            }
            Family::Unjudged => {}
        }
        features
    }

    /// No feature at all.
    pub(super) fn none(&self) -> Features {
        Features::new()
    }

    pub(super) fn units_of<'m>(&'m self, campaign: &'m Campaign) -> impl Iterator<Item = &'m Unit> {
        campaign.units.iter().map(|&at| &self.units[at as usize])
    }

    fn shape(&self, campaign: &Campaign, features: &mut Features) {
        let scene = self.scene;
        let distinct = |of: fn(&crate::state::Attempt) -> Sym| {
            let mut syms: Vec<Sym> = campaign.attempts.iter().map(|&at| of(scene.attempt(at))).collect();
            syms.retain(|sym| sym.is_some());
            syms.sort_unstable();
            syms.dedup();
            syms
        };
        let mut accounts = distinct(|attempt| attempt.principal);
        accounts.retain(|&account| !super::index::is_placeholder(scene.bytes(account)));
        let sources = distinct(|attempt| attempt.source);
        let tries = campaign.attempts.len() as f64;
        features.accounts = accounts.len();
        features.sources = sources.len();
        // Who guesses from ever new addresses hides; requests without credentials are counted by the hosts that send them.
        // So does one that takes an address of its network for each try.
        let hosts = sources.iter().map(|&source| scene.host(source)).collect::<BTreeSet<_>>().len();
        let clients = if campaign.family == Family::Bare || hosts == 1 { hosts } else { sources.len() };
        let holds = |holds: bool| f64::from(u8::from(holds));
        features.set(Feature::OneAccount, holds(accounts.len() == 1));
        features.set(Feature::ManyAccounts, holds(accounts.len() >= 5));
        features.set(Feature::ManySources, holds(clients >= 5));
        let each = tries / accounts.len().max(1) as f64;
        // A placeholder stands for whoever comes: how often each of them tries is not known.
        let named = self.units_of(campaign).any(|unit| unit.class != Class::Nameless);
        features.set(Feature::ManyTries, holds(each > 8.0 && named));
        let per_source = accounts.len() as f64 / sources.len().max(1) as f64;
        let scattered = accounts.len() >= 10 && sources.len() >= 10 && each <= 1.5 && per_source < 10.0;
        features.set(Feature::Scattered, holds(scattered));
        // Another address for each name is how lists are tried, whosever the network is.
        features.set(Feature::OneSource, holds(clients <= 1 && !scattered));
        let share = |is: &dyn Fn(u32) -> bool| {
            let such = campaign.attempts.iter().filter(|&&at| is(at)).count() as f64;
            if tries > 0.0 { such / tries } else { 0.0 }
        };
        features.set(Feature::Outside, share(&|at| scene.comes_from_outside(at)));
        let outside_sources = sources.iter().filter(|&&source| scene.is_outside(source)).count();
        let usual = features.get(Feature::Outside) * self.usual_outside(sources.len(), outside_sources);
        features.set(Feature::UsualOutside, usual);
        features.set(Feature::KnownBad, share(&|at| scene.is_bad(scene.attempt(at).source)));
        let volume = (tries.max(1.0).ln() - PEOPLE.0.ln()) / (PEOPLE.1.ln() - PEOPLE.0.ln());
        features.set(Feature::Volume, volume.clamp(0.0, 1.0));
        features.set(Feature::Few, holds(campaign.failures(scene) < 5));
        let programs = accounts.iter().filter(|&&account| scene.is_program(campaign.cluster, account)).count() as f64;
        features.set(Feature::Programs, programs / accounts.len().max(1) as f64);
    }

    /// How usual it is here to come from outside, from 0 to 1, by the addresses that get in, or by those that fail where no success
    /// is logged, so many of a campaign's left out.
    fn usual_outside(&self, own: usize, own_outside: usize) -> f64 {
        /// Addresses that a log is taken to hold besides, and the share of them that lie outside: to come from there is ordinary for
        /// nobody.
        const PRIOR: f64 = 10.0;
        const RARE: f64 = 0.05;
        let scene = self.scene;
        let &(all, outside) = self.addresses.get_or_init(|| {
            let mut sources: Vec<Sym> = if scene.history.any() {
                scene.history.pasts().iter().map(|past| past.source).collect()
            } else {
                self.units.iter().filter(|unit| !unit.crowd).map(|unit| unit.source).collect()
            };
            sources.retain(|source| source.is_some());
            sources.sort_unstable();
            sources.dedup();
            (sources.len(), sources.iter().filter(|&&source| scene.is_outside(source)).count())
        });
        // Of those that get in a campaign's are few.
        let (own, own_outside) = if scene.history.any() { (0, 0) } else { (own, own_outside) };
        let all = all.saturating_sub(own) as f64 + PRIOR;
        let share = (outside.saturating_sub(own_outside) as f64 + PRIOR * RARE) / all;
        (1.0 - share.min(1.0).ln() / RARE.ln()).clamp(0.0, 1.0)
    }

    fn timing(&self, campaign: &Campaign, features: &mut Features) {
        let scene = self.scene;
        let Some((first, last)) = campaign.span(scene) else { return };
        let mut gaps = scene.gaps(&campaign.attempts);
        features.gap = median(&mut gaps);
        let span = last.0 - first.0;
        let hourly = campaign.attempts.len() as f64 / (span as f64 / HOUR as f64).max(1.0);
        let holds = |holds: bool| f64::from(u8::from(holds));
        features.set(Feature::Slow, holds(hourly <= 12.0 && span >= 3 * HOUR));
        features.set(Feature::Regular, holds(is_regular(&gaps, features.gap)));
        features.set(Feature::Fast, holds(features.gap < 1000 && campaign.attempts.len() >= 20));
        // Of several programs that ask without credentials each keeps to its own pace.
        let pace = match campaign.family {
            Family::Bare => {
                let clients: BTreeSet<Sym> = self.units_of(campaign).map(|unit| unit.source).collect();
                (span * clients.len() as i64 / campaign.attempts.len().max(1) as i64).max(features.gap)
            }
            _ => features.gap,
        };
        let margin = (3 * pace).max(HOUR / 2);
        let (start, end) = scene.span(campaign.cluster);
        let begins = first.0 - start.0 <= margin;
        let whole = begins && end.0 - last.0 <= margin;
        features.set(Feature::FromStart, holds(begins && campaign.attempts.len() > 2));
        features.set(Feature::WholeLog, holds(whole && campaign.attempts.len() > 2));
    }

    fn reasons(&self, campaign: &Campaign, features: &mut Features) {
        let scene = self.scene;
        let all = campaign.attempts.len().max(1) as f64;
        let share = |of: &[Reason]| {
            campaign.attempts.iter().filter(|&&at| of.contains(&scene.attempt(at).reason)).count() as f64 / all
        };
        features.set(Feature::Token, share(&[Reason::TokenExpired, Reason::TokenInvalid]));
        let unjudged = [
            Reason::RealmUnavailable,
            Reason::RealmNotLicensed,
            Reason::RealmNotConfigured,
            Reason::ServerBusy,
            Reason::ApiKeyError,
        ];
        // Who tries several names while a realm is away is as hostile as at other times: of passwords only those count of whom
        // nothing else is seen.
        let alone = || {
            let counts = self.units_of(campaign).filter(|unit| unit.alone).flat_map(|unit| unit.attempts(scene));
            counts.filter(|&&at| unjudged.contains(&scene.attempt(at).reason)).count() as f64 / all
        };
        features.set(Feature::Unjudged, if campaign.family == Family::Passwords { alone() } else { share(&unjudged) });
        features.set(Feature::NoSuchUser, share(&[Reason::UnknownUser]));
    }

    fn episodes(&self, campaign: &Campaign, features: &mut Features) {
        // An episode of many failures says more than one of few, if not as many times more.
        let weight = |unit: &Unit| (1.0 + unit.len() as f64).ln();
        let count: f64 = self.units_of(campaign).map(weight).sum::<f64>().max(1e-9);
        let share = |holds: &dyn Fn(&Unit) -> bool| {
            self.units_of(campaign).filter(|unit| holds(unit)).map(weight).sum::<f64>() / count
        };
        let blind = share(&|unit| unit.standing == Standing::Blind);
        let standings = [
            (Feature::Own, Standing::Own),
            (Feature::OwnShared, Standing::OwnShared),
            (Feature::Later, Standing::Later),
            (Feature::Near, Standing::Near),
            (Feature::Strange, Standing::Strange),
            (Feature::UnknownAccount, Standing::UnknownAccount),
            (Feature::Unknown, Standing::Unknown),
        ];
        for (feature, standing) in standings {
            let value = share(&|unit| unit.standing == standing);
            features.observe(
                feature,
                if blind > 0.5 { Observed::Unknown("successes are not logged") } else { Observed::Is(value) },
            );
        }
        let own_outside = |unit: &Unit| unit.standing == Standing::Own && self.scene.is_outside(unit.source);
        features.set(Feature::OwnOutside, share(&own_outside));
        let only_failures = || {
            features.get(Feature::WholeLog) > 0.0
                && crowd::is_all(self.scene.length(campaign.cluster), features.accounts)
        };
        features.nothing_beside =
            blind > 0.5 && (only_failures() || retries::fail_like_people(self.scene, self.units_of(campaign)));
        // What is strange to one account is ordinary for one that travels.
        let strange: f64 = self
            .units_of(campaign)
            .filter(|unit| unit.standing == Standing::Strange)
            .map(|unit| {
                let scene = self.scene;
                weight(unit) * scene.strangeness(unit.cluster, unit.principal, unit.source, unit.first)
            })
            .sum();
        features.set(Feature::Strange, strange / count);
        let stays_out: f64 = self
            .units_of(campaign)
            .filter(|unit| unit.before > 0.0 && unit.standing.is_local())
            .map(|unit| weight(unit) * f64::from((unit.sittings - 1.0) / 9.0).min(1.0))
            .sum();
        features.set(Feature::StaysOut, stays_out / count);
        features.set(Feature::Disabled, self.disabled(campaign));
        features.set(Feature::WorksOn, self.works_on(campaign));
        features.set(Feature::Alone, share(&|unit| unit.alone && !self.is_assailed(unit)));
        features.set(Feature::Crowd, share(&|unit| unit.crowd));
        features.set(Feature::Displaced, share(&|unit| self.displaced(unit)));
        features.set(Feature::Returns, share(&|unit| unit.before > 0.0 && unit.after > 0.0));
        let soon = |unit: &Unit| {
            !matches!(unit.standing, Standing::Own | Standing::OwnShared)
                && unit.entry.is_some_and(|entry| entry.time.0 - unit.last.0 <= HOUR)
        };
        features.set(Feature::Enters, if campaign.units.len() >= 3 { share(&soon) } else { 0.0 });
        let through_proxies = features.get(Feature::OwnShared) >= 1.0 && self.exceeds_through_proxies(campaign);
        features.set(Feature::Excess, if through_proxies { 1.0 } else { share(&|unit| self.exceeds(unit)) });
        features.set(Feature::Alternating, share(&|unit| unit.between >= 1.0 && unit.before > 0.0));
        let home = |unit: &&Unit| {
            let blind = unit.standing == Standing::Blind && unit.is_local(self.scene);
            unit.before > 0.0 || blind || unit.settles(self.scene)
        };
        // An account that comes through several proxies is one client.
        let place = |unit: &Unit| if unit.standing == Standing::OwnShared { Sym::NONE } else { unit.source };
        let mut clients: Vec<(Sym, Sym)> =
            self.units_of(campaign).filter(home).map(|unit| (unit.principal, place(unit))).collect();
        clients.sort_unstable();
        clients.dedup();
        let together = clients.len() as f64;
        features.set(Feature::Together, if together > 1.0 { (together.ln() / 10_f64.ln()).min(1.0) } else { 0.0 });
        features.set(Feature::ResetBetween, share(&|unit| self.was_reset(unit)));
        features.set(Feature::ByNode, f64::from(u8::from(campaign.by_node)));
        let by_node = self.failures_by_node.get_or_init(|| contrast::failures_by_node(self.scene));
        let units = self.units_of(campaign);
        features.set(Feature::OneNode, contrast::one_node(self.scene, by_node, &campaign.attempts, units));
        features.set(Feature::Surge, f64::from(u8::from(campaign.surge)));
        // Where one node refuses tokens that the others take, clients get in meanwhile: that is what makes it differ.
        features.invents = invented::are_tokens(self.scene, campaign, self.units_of(campaign));
        features.forges = proxies::are_forged(self.scene.joined, &campaign.attempts, features.accounts);
        let signed = if features.invents { 0.0 } else { share(&|unit| unit.is_signed(self.scene)) };
        let of_one_node = campaign.by_node && features.get(Feature::Token).max(signed) >= 0.5;
        // Who gets in meanwhile through an address of many says nothing of those whose assertions are refused there.
        if of_one_node || signed * features.get(Feature::OwnShared) >= 0.5 {
            features.set(Feature::Alternating, 0.0);
            features.set(Feature::Returns, 0.0);
        }
        if campaign.family == Family::Passwords && !of_one_node {
            features.set(Feature::Steady, self.steady(campaign));
        }
        self.chance(campaign, features);
        let beyond = (5.0 * features.get(Feature::Chance)).clamp(0.0, 1.0);
        let away = share(&|unit| unit.crowd || !unit.is_local(self.scene) && unit.standing != Standing::Blind);
        features.set(Feature::Sweep, away * beyond * features.get(Feature::ManyAccounts));
        self.changed(campaign, features);
        self.realms(campaign, features);
        // A list that is gone through behind an address of many, at an hour at which they are not there, shuts nobody out.
        let listed = lists::is_a_list(self.scene, campaign, features);
        features.set(Feature::Listed, f64::from(u8::from(listed)));
        let once = || crowd::nobody_tries_again(self.units_of(campaign));
        if features.get(Feature::OneSource) >= 1.0 && (listed || features.get(Feature::Asleep) >= 0.3 && once()) {
            features.set(Feature::Surge, 0.0);
        }
        let begins = |unit: &Unit| unit.standing == Standing::Later && unit.len() >= GUESSES && !unit.program;
        let never = features.accounts == 1
            && features.change.is_none()
            && !campaign.by_node
            && !campaign.surge
            && self.units_of(campaign).all(begins);
        let one = features.get(Feature::OneAccount) >= 1.0;
        let many = features.get(Feature::ManySources) >= 1.0;
        let farm = is_farm(features)
            || one && many && renamed::are_hosts(self.scene, self.units_of(campaign))
            || one && renamed::are_misspelled(self.scene, self.units_of(campaign))
            || one && features.get(Feature::Outside) <= 0.0 && retries::back_off(self.scene, self.units_of(campaign));
        features.set(Feature::Farm, f64::from(u8::from(farm)));
        features.never_worked = if never { features.get(Feature::Volume) } else { 0.0 };
        let inside = features.get(Feature::OneAccount) >= 1.0 && features.get(Feature::Outside) <= 0.0;
        let desk = self.units_of(campaign).all(|unit| self.is_nobody_elses(unit));
        // A program that fails inside from the first line to the last was set up wrongly, or guesses.
        let beats = |unit: &Unit| unit.program || self.is_on_a_beat(unit);
        let always = features.get(Feature::WholeLog) >= 1.0 && self.units_of(campaign).all(beats);
        // So is one beside others that get in there, where addresses outside are the organisation's own.
        let among_own = features.get(Feature::OneAccount) >= 1.0
            && features.get(Feature::Near) >= 0.5
            && features.get(Feature::UsualOutside) >= 0.5;
        // And one that nobody is seen to be, tried by one client for as long as the log goes on: somebody's who forgot it.
        let forgotten = [Feature::OneAccount, Feature::OneSource, Feature::WholeLog, Feature::Unknown, Feature::Volume];
        let forgotten = forgotten.iter().all(|&feature| features.get(feature) >= 1.0)
            && self.units_of(campaign).all(|unit| !RESERVED_USERS.contains(&self.scene.bytes(unit.principal)));
        // Where people come from public addresses, a network of the account's own is what a desk is elsewhere.
        let own_net = || self.units_of(campaign).all(|unit| unit.is_of_its_net(self.scene));
        let at_home = inside && desk || among_own && desk && own_net();
        features.perhaps_owner = at_home || (inside || among_own) && always || forgotten;
        features.among_hosts = self
            .units_of(campaign)
            .all(|unit| among_own && always && unit.is_among_its_hosts(self.scene) || unit.was_set_right(self.scene));
        let reasons = [Feature::Changed, Feature::Token, Feature::Disabled, Feature::Unjudged, Feature::OneNode];
        let no_reason = features.get(Feature::OneAccount) >= 1.0
            && !campaign.by_node
            && reasons.iter().all(|&reason| features.get(reason) <= 0.0);
        features.unproven = no_reason && blind > 0.5;
        let of_kibana = |unit: &Unit| self.scene.is_of_kibana(unit.cluster, unit.principal, unit.source);
        features.behind_others = no_reason
            && features.get(Feature::OwnShared) >= 1.0
            && features.get(Feature::Excess) >= 1.0
            && !self.units_of(campaign).all(of_kibana);
        let page =
            |unit: &Unit| self.scene.is_kibana(unit.cluster, unit.source) && !unit.program && unit.len() >= GUESSES;
        features.login_page = no_reason && self.units_of(campaign).all(page);
        features.ordinary_at_most = match campaign.family {
            Family::Passwords => self.ordinary_at_most(campaign, features),
            _ => 1.0,
        };
        features.set(Feature::Nameless, share(&|unit| unit.class == Class::Nameless));
        features.set(Feature::Signed, signed);
        features.set(Feature::Bare, f64::from(u8::from(campaign.family == Family::Bare)));
        if campaign.family == Family::Bare {
            self.bare(campaign, features, blind, share);
        }
    }

    /// Share of the failures that are of clients at their own places and say that the account is disabled or locked. To a
    /// stranger's tries it is what they led to.
    fn disabled(&self, campaign: &Campaign) -> f64 {
        // Without a change that did it, nor a line or a listing, it is one of several things that look alike.
        let joined = self.scene.joined;
        let is_known = |at: u32| self.scene.attempt(at).basis != Basis::Inferred || joined.disabled_by(at).is_some();
        let disabled = |&&at: &&u32| self.scene.attempt(at).reason == Reason::UserDisabled && is_known(at);
        let local =
            self.units_of(campaign).filter(|unit| unit.is_local(self.scene) || unit.standing == Standing::Blind);
        let count: usize = local.map(|unit| unit.attempts(self.scene).iter().filter(disabled).count()).sum();
        count as f64 / campaign.attempts.len().max(1) as f64
    }

    /// Whether nobody but the account gets in from the address of an episode.
    fn is_nobody_elses(&self, unit: &Unit) -> bool {
        let own = self.scene.pasts_at(unit.cluster, unit.principal, unit.source).next().is_some();
        self.scene.history.source(unit.cluster, unit.source).is_none_or(|sum| sum.others <= u32::from(own))
    }

    /// Whether somebody tries, at a place that is strange to the account, more often in a row than people do: that nobody else is
    /// seen there makes it no desk of the owner's.
    fn is_assailed(&self, unit: &Unit) -> bool {
        /// Tries in a row: one person in 80 makes so many (see `null`).
        const MANY: u32 = 12;
        unit.standing == Standing::Strange && unit.run >= MANY
    }

    /// Whether failures took the place of successes.
    fn displaced(&self, unit: &Unit) -> bool {
        let span = (unit.last.0 - unit.first.0).max(HOUR / 2);
        let from = Millis(unit.first.0 - span);
        let pasts = unit.pasts(self.scene);
        let before: f64 = pasts.iter().map(|past| self.scene.history.within(past, from, unit.first)).sum();
        before >= 3.0 && f64::from(unit.between) <= 0.1 * before && unit.len() >= 3
    }

    /// Whether an account at its own place was given a new password and then got in: the help desk knows a person who forgot.
    fn was_reset(&self, unit: &Unit) -> bool {
        let until = Millis(unit.last.0 + 4 * HOUR);
        // Where successes are not logged, or the owner does not come back, that the failures end with it must do.
        let entry = unit.entry.map_or(until, |entry| entry.time);
        let local = unit.is_local(self.scene) || unit.standing == Standing::Blind && unit.alone;
        // Who is at a new place and gets in there once it is set anew is who asked for it.
        let asked = matches!(unit.standing, Standing::Strange) && unit.entry.is_some();
        (local || asked)
            && (unit.after > 0.0 || unit.before == 0.0)
            && self.changes.within(unit.principal, unit.first, until.min(entry.max(unit.last))).is_some()
    }

    fn changed(&self, campaign: &Campaign, features: &mut Features) {
        let mut accounts: Vec<(Sym, Millis, bool)> = self
            .units_of(campaign)
            .filter(|unit| unit.principal.is_some())
            .map(|unit| (unit.principal, unit.first, self.is_foreign(unit)))
            .collect();
        accounts.sort_unstable();
        accounts.dedup_by_key(|(account, ..)| *account);
        let gap = if accounts.len() == 1 { features.gap } else { 0 };
        let cause = |&(account, first, foreign): &(Sym, Millis, bool)| {
            if foreign {
                return None;
            }
            let since = self.last_success(campaign.cluster, account, first);
            self.changes.before(account, first, gap).or_else(|| self.changes.within(account, since?, first))
        };
        let mut changes: Vec<u32> = accounts.iter().filter_map(cause).collect();
        features.set(Feature::Changed, changes.len() as f64 / accounts.len().max(1) as f64);
        changes.sort_unstable();
        features.change = changes.first().copied();
    }

    /// Whether an account that had got in from inside alone fails from outside: a change of it explains failures at places like
    /// its own, new ones included, and none where nobody has its password.
    fn is_foreign(&self, unit: &Unit) -> bool {
        let scene = self.scene;
        let mut own = scene.history.of_account(unit.cluster, unit.principal).take(64);
        unit.standing == Standing::Strange
            && scene.is_outside(unit.source)
            && !own.any(|past| past.first < unit.first && scene.is_outside(past.source))
    }

    /// When an account last got in before a time, at places that then fail: a change since explains that.
    fn last_success(&self, cluster: u16, account: Sym, first: Millis) -> Option<Millis> {
        let own = self.scene.history.of_account(cluster, account).filter(|past| !past.key.is_some()).take(64);
        own.filter_map(|past| self.scene.history.last_before(past, first)).max()
    }

    fn chance(&self, campaign: &Campaign, features: &mut Features) {
        if campaign.family == Family::Bare {
            return;
        }
        let alone = self.units_of(campaign).filter_map(|unit| match unit.class {
            Class::Named => Some(self.null.expected(self.scene, unit)),
            // Others get in through the same address: some of theirs are refused at any time.
            _ => (unit.between >= 1.0 || unit.is_signed(self.scene)).then(|| {
                let failed = unit.len() as f64;
                let share = binomial_tail(failed, failed + f64::from(unit.between), REFUSED);
                if !unit.is_signed(self.scene) {
                    return share;
                }
                let hours = 1.0 + (unit.last.0 - unit.first.0) as f64 / HOUR as f64;
                share.max(poisson_tail(failed, REFUSED_AN_HOUR * hours))
            }),
        });
        let alone = alone.fold(f64::INFINITY, f64::min);
        let within = campaign.span(self.scene).map_or(0.0, |(first, last)| (last.0 - first.0) as f64);
        let together = self.null.coincidence(self.scene, self.units_of(campaign), within);
        // The episodes of one account do not come by themselves: its streak says how many they are.
        let expected = if alone.is_finite() && features.accounts == 1 {
            alone
        } else if alone.is_finite() {
            alone.min(together)
        } else {
            together - features.get(Feature::Volume) * CERTAIN
        };
        // What goes on all the time is as likely as it is often.
        let expected = expected * (1.0 - features.get(Feature::Steady));
        features.expected = expected;
        features.set(Feature::Chance, (-expected / CERTAIN).clamp(-0.25, 1.0));
    }
}
