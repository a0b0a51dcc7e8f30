//! What is measured of a campaign: each feature a number between 0 and 1 that speaks for or against hypotheses by the
//! weights of the table, or why it cannot be known. No feature is a sentence, and none decides.

use super::place::SHARED;
use super::scene::Scene;
use crate::state::Sym;
use crate::time::Millis;

/// A value, or why it cannot be known here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Observed<T> {
    /// It was measured.
    Is(T),
    /// It cannot be known, because …
    Unknown(&'static str),
}

/// Groups of features that tell one story: each group counts once, capped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Story {
    /// How the null hypothesis explains it.
    Chance,
    /// What was there before and after.
    History,
    /// Where it comes from.
    Place,
    /// Changes, realms and reasons.
    Cause,
    /// How many of what.
    Shape,
    /// When.
    Timing,
    /// What API keys tell.
    Keys,
    /// What followed.
    After,
}

macro_rules! features {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal, $story:ident;)*) => {
        /// A feature.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Feature {
            $($(#[doc = $doc])* $name,)*
        }

        impl Feature {
            /// All of them.
            pub(super) const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in the table of weights and in exports.
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The story that it is a part of.
            pub(super) fn story(self) -> Story {
                match self { $(Self::$name => Story::$story,)* }
            }
        }
    };
}

features! {
    /// How well chance explains it: 0 = as often as once in a log, 1 = once in e^20, below 0 = more often.
    Chance = "chance", Chance;
    /// More tries than people make.
    Volume = "volume", Chance;
    /// Fewer than five failures.
    Few = "few", Chance;
    /// Share of episodes from places where the account had got in before.
    Own = "own", History;
    /// The same, where many others get in too.
    OwnShared = "own_shared", History;
    /// From places where the account works afterwards, and nothing is known of it before.
    Later = "later", History;
    /// How long clients that had got in stay shut out: 1 = through ten tries at logging in.
    StaysOut = "stays_out", History;
    /// Share of episodes of accounts that fail from nowhere else, at addresses where nobody else is seen.
    Alone = "alone", History;
    /// From the account's own network, or from an inside address that many share.
    Near = "near", History;
    /// From places that are new to an account that gets in elsewhere.
    Strange = "strange", History;
    /// Of accounts that never get in, from where others do.
    UnknownAccount = "unknown_account", History;
    /// Of accounts that never get in, from where nobody does.
    Unknown = "unknown", History;
    /// Share of episodes whose failures took the place of successes: it worked up to the first, and not meanwhile.
    Displaced = "displaced", History;
    /// Share that worked before and works again afterwards.
    Returns = "returns", History;
    /// Share of three episodes or more that get in within the hour: guesses do not find one password after the other.
    Enters = "enters", After;
    /// Share that gets in between the failures too.
    Alternating = "alternating", History;
    /// Clients that worked before and failed together: 1 = ten or more.
    Together = "together", History;
    /// Share of episodes that come ten times as fast as the successes from there before.
    Excess = "excess", History;
    /// Share of failures from outside the organisation's networks.
    Outside = "outside", Place;
    /// Share of failures from addresses that a list of the user's calls bad.
    KnownBad = "known_bad", Place;
    /// Share of failures from outside where that is usual: 1 = most addresses of the log lie there, 0 = hardly any.
    UsualOutside = "usual_outside", Place;
    /// Share of episodes outside at places that are the account's own, or the client's that had got in: there that says nothing.
    OwnOutside = "own_outside", Place;
    /// From a country in which the account had not been (`--geoip`).
    NewCountry = "new_country", Place;
    /// From a network of machines for hire, a VPN, a proxy or Tor, and the account from none before.
    Hired = "hired", Place;
    /// Share of accounts with a known change just before.
    Changed = "changed", Cause;
    /// The clients fail on one node above the others.
    ByNode = "by_node", Cause;
    /// Several clients of which no success is logged fail on one node alone: 1 = chance spreads them so once in 400 times.
    OneNode = "one_node", Cause;
    /// Part of a stretch in which far more accounts than usual are shut out.
    Surge = "surge", Cause;
    /// Share of accounts of a surge that did not get in within hours before and after.
    Asleep = "asleep", Cause;
    /// In that stretch nobody gets in through the realm of these accounts.
    RealmDown = "realm_down", Cause;
    /// Somebody does.
    RealmUp = "realm_up", Cause;
    /// Share of the accounts that ever get in through the realms of these accounts which they are: 1 = nobody else uses the realm.
    OwnRealm = "own_realm", Cause;
    /// Share of accounts that get in meanwhile as often as just before, whatever fails.
    WorksOn = "works_on", History;
    /// Share of failures of clients at their own places because the account is disabled or locked, where a record says so.
    Disabled = "disabled", Cause;
    /// Share of failures with tokens that expired or are invalid; the secret of a service account's token is a password.
    Token = "token", Cause;
    /// Share of failures that no realm judged.
    Unjudged = "unjudged", Cause;
    /// Share of names that no realm knows.
    NoSuchUser = "no_such_user", Cause;
    /// Share of failures whose chain lacks a realm through which the account gets in elsewhere.
    LacksRealm = "lacks_realm", Cause;
    /// One account.
    OneAccount = "one_account", Shape;
    /// Five accounts or more.
    ManyAccounts = "many_accounts", Shape;
    /// Five sources or more.
    ManySources = "many_sources", Shape;
    /// One source, or none that is logged.
    OneSource = "one_source", Shape;
    /// One account at five addresses inside or more, or at three all the time, most of them in networks of its own: the hosts of
    /// one application. Or at five that got in under another name up to then.
    Farm = "farm", Shape;
    /// Many accounts that are not at their own places.
    Sweep = "sweep", Shape;
    /// Many accounts fail at once through addresses that many share, while others get in through the same realm.
    Through = "through", Shape;
    /// Share of requests without credentials to nodes that log no success: whether their clients get in is not known.
    Blind = "blind", After;
    /// Share of episodes in stretches in which far more strangers than usual fail.
    Crowd = "crowd", Shape;
    /// Share of episodes that name no account.
    Nameless = "nameless", Shape;
    /// Share of episodes of what somebody else signs, assertions, tickets and JWTs: nobody guesses those.
    Signed = "signed", Shape;
    /// About one try an account and hardly more than one account a source.
    Scattered = "scattered", Shape;
    /// The accounts come up in the order of the alphabet, as on a list.
    Listed = "listed", Shape;
    /// More than eight tries an account.
    ManyTries = "many_tries", Shape;
    /// Accounts of programs.
    Programs = "programs", Shape;
    /// Few tries an hour for hours.
    Slow = "slow", Timing;
    /// From the beginning of the log to its end.
    WholeLog = "whole_log", Timing;
    /// Requests without credentials from inside from the beginning of the log to its end: a probe.
    Probe = "probe", Timing;
    /// Requests without credentials from inside that begin while the log goes on, and keep to the clock for hours: a health check.
    HealthCheck = "health_check", Timing;
    /// From the beginning of the log on: what was before is not known.
    FromStart = "from_start", Timing;
    /// Requests without credentials.
    Bare = "bare", Shape;
    /// Strangers, or what somebody else signs, at the rate of the whole log: 1 = nothing began.
    Steady = "steady", Timing;
    /// Requests without credentials that come and go: 1 = within a moment of the log, and not at either end of it.
    Brief = "brief", Timing;
    /// At an even cadence: a program, whosever.
    Regular = "regular", Timing;
    /// Faster than one a second.
    Fast = "fast", Timing;
    /// The keys worked for these clients before.
    KeyWorked = "key_worked", Keys;
    /// The key is known to exist, or to have existed.
    KeyKnown = "key_known", Keys;
    /// Many keys from few clients.
    ManyKeys = "many_keys", Keys;
    /// The clients used another key afterwards, for the first time.
    Replaced = "replaced", Keys;
    /// Share of unknown keys that their clients, which send no other, send three times or more: who guesses ids repeats none.
    Repeats = "repeats", Keys;
    /// Share of keys that one of their clients ended itself.
    OwnEnd = "own_end", Keys;
    /// Refused as invalidated.
    Invalidated = "invalidated", Keys;
    /// Refused as expired.
    Expired = "expired", Keys;
    /// Refused as not known.
    NotFound = "not_found", Keys;
    /// Refused for its secret.
    BadSecret = "bad_secret", Keys;
    /// Refused for its type.
    WrongType = "wrong_type", Keys;
    /// The clients used one key and nothing else up to the first failure, and nobody uses it since.
    KeyStops = "key_stops", Keys;
    /// Clients that let themselves in right after being asked: challenge and response.
    Challenge = "challenge", After;
    /// A success from there that history does not explain: 1 = nothing else explains it.
    Entry = "entry", After;
    /// What was done after it: changes, keys made, powerful actions.
    Deeds = "deeds", After;
    /// The first thing done from a new place was to make what stays, by somebody without the habit.
    MakesAtOnce = "makes_at_once", After;
    /// The first thing seen of it at the new place is what it did there: who broke in looks around.
    Direct = "direct", After;
    /// It was at work for hours at the new place before anything powerful was done there: 1 = for six.
    Late = "late", After;
    /// The account had not got in for weeks.
    Dormant = "dormant", Timing;
    /// The account gets in from another place within the same minutes.
    AtOnce = "at_once", Timing;
    /// The account gets in from a place in another country, and nobody travels so fast.
    TooFar = "too_far", Timing;
    /// At an hour of the day at which the account is at work nowhere else.
    OddHour = "odd_hour", Timing;
    /// Keys ended at once: 1 = a hundred.
    Ended = "ended", Shape;
    /// Share of them that were in use.
    InUse = "in_use", After;
    /// The actor does so at other times too.
    Habit = "habit", History;
    /// The password was set anew, by somebody else, before it or once the failures were over.
    ResetBetween = "reset_between", After;
}

/// The features of a campaign: by number of the feature its value, 0 where it does not apply.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Features {
    values: Vec<f64>,
    /// What cannot be known, and why.
    pub(super) unknown: Vec<(Feature, &'static str)>,
    /// How many of its like chance makes in a log like this one, as a logarithm.
    pub(super) expected: f64,
    pub(super) accounts: usize,
    pub(super) sources: usize,
    /// The usual gap between failures, milliseconds.
    pub(super) gap: i64,
    /// Whether the log holds minutes in which many accounts failed and nothing that they could be compared with, or no success and
    /// accounts that fail as those of people do.
    pub(super) nothing_beside: bool,
    /// How many more tries than people make end in the first success of the account that the log knows of, where no change explains
    /// them: 1 = more than anybody makes, 0 = none.
    pub(super) never_worked: f64,
    /// Whether tokens are tried that their sender signs.
    pub(super) invents: bool,
    /// Whether each try names another client in `x_forwarded_for` (see [`super::proxies::are_forged`]).
    pub(super) forges: bool,
    /// Whether one account is tried at addresses inside at which nobody else is seen, or is a program's that fails inside all the
    /// time: its owner may stand there, or machines that were set up alike. Or one that gets in nowhere is tried by one client from
    /// the first line to the last: a client that was forgotten.
    pub(super) perhaps_owner: bool,
    /// Whether that is so amid several hosts of the program's own: one more of them, set up wrongly.
    pub(super) among_hosts: bool,
    /// Whether nothing in the log could show that one account's client ever worked, and nothing says why it fails.
    pub(super) unproven: bool,
    /// Whether one account fails far faster than it used to get in, behind an address that many share: a device of its owner's that
    /// keeps an old password and somebody who guesses there look alike.
    pub(super) behind_others: bool,
    /// Whether a person's account is tried at a Kibana for no known reason: nobody stores a password in its login page, though some
    /// programs log in through its API.
    pub(super) login_page: bool,
    /// Whether all of it are requests of clients inside that have credentials at other times, more than ordinary life explains.
    pub(super) headerless: bool,
    /// Whether one key is refused to one host inside at the same hours of several days.
    pub(super) of_a_job: bool,
    /// Probability at most that nothing happened, where chance does not explain how often one client fails: 1 = not bounded.
    pub(super) ordinary_at_most: f64,
    /// Whether keys were refused once or twice: who guesses them tries more.
    pub(super) too_few: bool,
    /// Whether many requests without credentials come from where hardly anybody comes, and no program had got in there.
    pub(super) unexplained: bool,
    /// The change that explains it: index into the joined changes.
    pub(super) change: Option<u32>,
}

impl Features {
    pub(super) fn new() -> Self {
        Self {
            values: vec![0.0; Feature::ALL.len()],
            unknown: Vec::new(),
            expected: 0.0,
            accounts: 0,
            sources: 0,
            gap: 0,
            nothing_beside: false,
            never_worked: 0.0,
            invents: false,
            forges: false,
            perhaps_owner: false,
            among_hosts: false,
            unproven: false,
            behind_others: false,
            login_page: false,
            headerless: false,
            of_a_job: false,
            ordinary_at_most: 1.0,
            too_few: false,
            unexplained: false,
            change: None,
        }
    }

    /// A value.
    pub(super) fn get(&self, feature: Feature) -> f64 {
        self.values[feature as usize]
    }

    pub(super) fn set(&mut self, feature: Feature, value: f64) {
        self.values[feature as usize] = value;
    }

    pub(super) fn observe(&mut self, feature: Feature, value: Observed<f64>) {
        match value {
            Observed::Is(value) => self.set(feature, value),
            Observed::Unknown(why) => self.unknown.push((feature, why)),
        }
    }

    /// Those that are not 0.
    pub(super) fn all(&self) -> impl Iterator<Item = (Feature, f64)> {
        Feature::ALL.iter().map(|&feature| (feature, self.get(feature))).filter(|(_, value)| *value != 0.0)
    }

    /// These by name, as weights are fitted to them.
    pub(super) fn export(&self) -> serde_json::Value {
        self.all()
            .map(|(feature, value)| (feature.name().to_owned(), value.into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// Whether an address was shared by many who got in before a time: those whom an attack there let in do not count.
pub(super) fn was_shared(scene: &Scene<'_>, cluster: u16, source: Sym, before: Millis) -> bool {
    let own = || scene.history.of_source(cluster, source).filter(|past| !past.key.is_some() && past.first < before);
    is_of_many(scene, cluster, source)
        && (scene.is_proxy(source) || own().take(SHARED as usize).count() == SHARED as usize)
}

/// Whether one account fails at many addresses inside, half of the tries or more from networks of its own: whoever guesses at it
/// would hold a part of the hosts that it runs on. Three are many where they fail from the first line to the last. An address through
/// which many get in is a host of a program's alone: proxies stand before everybody.
pub(super) fn is_farm(features: &Features) -> bool {
    let own = features.get(Feature::Near) + features.get(Feature::Own);
    let own = own + features.get(Feature::OwnShared) * features.get(Feature::Programs);
    let holds = |feature| features.get(feature) >= 1.0;
    let many = holds(Feature::ManySources) || features.sources >= 3 && holds(Feature::WholeLog);
    holds(Feature::OneAccount) && many && features.get(Feature::Outside) <= 0.0 && own >= 0.5
}

/// Whether many are seen to get in from an address, or it is a proxy.
pub(super) fn is_of_many(scene: &Scene<'_>, cluster: u16, source: Sym) -> bool {
    scene.is_proxy(source) || scene.history.source(cluster, source).is_some_and(|sum| sum.others >= SHARED)
}

/// Whether an address is shared, also by those of whom nothing is seen: a Kibana stands for all who log in at its page.
pub(super) fn is_shared(scene: &Scene<'_>, cluster: u16, source: Sym) -> bool {
    scene.is_kibana(cluster, source) || is_of_many(scene, cluster, source)
}
