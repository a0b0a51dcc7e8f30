//! What accounts did that matters: security changes and powerful actions, by who and from where.

use super::scene::Scene;
use crate::action_class::ActionClass;
use crate::correlate::{AttributedChange, SourceLine};
use crate::reserved::RESERVED_USERS;
use crate::state::{Origin, Sym};
use crate::time::Millis;

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    /// Who authenticated.
    pub(super) who: Sym,
    /// From where; [`Sym::NONE`] where it was not logged.
    pub(super) source: Sym,
    /// The API key, if one was used.
    pub(super) key: Sym,
    pub(super) time: Millis,
    /// Action of the change, or Elasticsearch action.
    pub(super) action: Sym,
    /// What it was done to, where the log names one thing.
    pub(super) object: Sym,
    /// API keys that were made or changed.
    pub(super) ids: Vec<Sym>,
    pub(super) class: ActionClass,
    /// It opens a way back in.
    pub(super) lasting: bool,
    /// It gives somebody everything: a superuser was made, or acted as.
    pub(super) gives_everything: bool,
    /// Index into the node table.
    pub(super) node: usize,
    pub(super) place: SourceLine,
}

/// All deeds, by who, then time.
#[derive(Debug)]
pub(super) struct Deeds(Vec<Deed>);

impl Deeds {
    pub(super) fn new(scene: &Scene<'_>) -> Self {
        let joined = scene.joined;
        let changes = joined.changes_left().map(|(_, change)| change).filter(|change| is_signed(change));
        let mut deeds: Vec<Deed> = changes.map(|change| of_change(scene, change)).collect();
        // The changes themselves tell of users, roles and keys; a node acts for its policies, and not by anybody's hand.
        let telling = joined.powerful.actions.iter().filter(|action| {
            action.granted
                && !action.left_out
                && !matches!(action.class, ActionClass::Security | ActionClass::Keys)
                && matches!(action.origin, Origin::Rest | Origin::Unknown)
        });
        deeds.extend(telling.map(|action| Deed {
            who: action.who(),
            source: action.source,
            key: action.apikey,
            time: action.time,
            action: action.es_action,
            object: match action.class {
                ActionClass::RunAs => action.principal,
                _ if action.indices == 1 => action.index,
                _ => Sym::NONE,
            },
            ids: Vec::new(),
            class: action.class,
            lasting: false,
            gives_everything: action.class == ActionClass::RunAs && is_reserved(scene, action.principal),
            node: action.node,
            place: action.place,
        }));
        deeds.sort_by_key(|deed| (deed.who, deed.time, deed.place));
        Self(deeds)
    }

    /// Every deed, by who, then time.
    pub(super) fn all(&self) -> &[Deed] {
        &self.0
    }

    /// What somebody did, by time.
    pub(super) fn of(&self, who: Sym) -> &[Deed] {
        let start = self.0.partition_point(|deed| deed.who < who);
        let len = self.0[start..].partition_point(|deed| deed.who == who);
        &self.0[start..start + len]
    }

    /// Whether somebody did things of such a class from elsewhere, before a time where one is given.
    pub(super) fn is_habit(&self, deed: &Deed, before: Option<Millis>) -> bool {
        // To act as a superuser is another thing than to act for people.
        let everything = |deed: &Deed| deed.class == ActionClass::RunAs && deed.gives_everything;
        let alike = |other: &Deed| {
            other.class == deed.class && other.source != deed.source && everything(other) == everything(deed)
        };
        let own = self.of(deed.who).iter();
        own.take_while(|other| before.is_none_or(|before| other.time < before)).any(alike)
    }
}

/// The changes of which no line says who made them.
pub(super) fn unsigned(scene: &Scene<'_>) -> Vec<Deed> {
    let changes = scene.joined.changes_left().map(|(_, change)| change).filter(|change| !is_signed(change));
    changes.map(|change| of_change(scene, change)).collect()
}

/// Whether it is known who made a change.
fn is_signed(change: &AttributedChange) -> bool {
    change.actor.is_some() || change.run_by.is_some()
}

fn of_change(scene: &Scene<'_>, change: &AttributedChange) -> Deed {
    let record = &change.record;
    let keys = scene.bytes(record.action).ends_with(b"apikey");
    Deed {
        who: if change.run_by.is_some() { change.run_by } else { change.actor },
        source: change.source,
        key: change.actor_key,
        time: record.time,
        action: record.action,
        object: record.name,
        ids: record.ids.clone(),
        class: if keys { ActionClass::Keys } else { ActionClass::Security },
        lasting: is_lasting(scene.bytes(record.action)),
        gives_everything: change.makes_superuser(&scene.joined.state.symbols),
        node: scene.joined.nodes.index(record.node),
        place: change.place,
    }
}

/// Whether an account is one of Elasticsearch's own, with rights that no person's has.
fn is_reserved(scene: &Scene<'_>, account: Sym) -> bool {
    RESERVED_USERS.contains(&scene.bytes(account))
}

/// Whether a change opens a way back in.
fn is_lasting(action: &[u8]) -> bool {
    matches!(
        action,
        b"create_apikey"
            | b"grant_apikey"
            | b"create_cross_cluster_apikey"
            | b"create_service_token"
            | b"put_user"
            | b"put_role"
            | b"put_role_mapping"
            | b"change_password"
            | b"change_enable_user"
    )
}
