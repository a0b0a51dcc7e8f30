//! What is known of keys and clients before a line of the server log is matched: which client used which key, which keys
//! had ended by then. It speaks for and against pairs of line and attempt.

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::keys::KeyInfo;
use super::uses::{Client, KeyUse, Uses};
use crate::reason::Reason;
use crate::state::Sym;
use crate::time::Millis;

/// Logarithms of likelihood ratios. A client that used the key of a line before is far likelier the one that was refused
/// with it than one that never did; one that is known by other keys alone is less likely than one of which nothing is known.
const USED_IT: f64 = 4.0;
const USED_OTHERS: f64 = -1.0;
/// A line without an id: the client used a key that had ended in this very way, one that it may have ended in, none such.
const USED_ENDED: f64 = 4.0;
const USED_ANY: f64 = 1.0;

/// Keys as far as matching asks for them.
pub(super) struct KeyHistory<'k> {
    uses: &'k Uses,
    keys: HashMap<Sym, &'k KeyInfo, RandomState>,
    /// Keys that any client used.
    used: HashSet<Sym, RandomState>,
}

impl<'k> KeyHistory<'k> {
    pub(super) fn new(keys: &'k [KeyInfo], uses: &'k Uses) -> Self {
        let used = uses.iter().map(|(_, key)| key).collect();
        Self { uses, keys: keys.iter().map(|key| (key.id, key)).collect(), used }
    }

    /// Whether a key of this id is known.
    pub(super) fn knows(&self, id: Sym) -> bool {
        self.keys.contains_key(&id)
    }

    /// What speaks for a client as the one whose key was refused.
    pub(super) fn favour(&self, client: Client, key: Sym, reason: Reason, time: Millis) -> f64 {
        let Some(used) = self.uses.of_client(client) else { return 0.0 };
        if key.is_some() {
            return match used.binary_search_by_key(&key, |one| one.key) {
                Ok(at) if used[at].used.began_by(time) => USED_IT,
                // Nobody is known to have used it: any client may have come by it.
                _ if !self.used.contains(&key) => USED_OTHERS / 2.0,
                _ => USED_OTHERS,
            };
        }
        let before = || used.iter().filter(|one| one.used.began_by(time));
        if before().any(|one| self.had_ended(one, reason, time)) {
            USED_ENDED
        } else if reason == Reason::ApiKeyBadSecret && before().next().is_some() {
            USED_ANY
        } else {
            USED_OTHERS
        }
    }

    /// Whether a key is known to have ended in this way by then, and was not used after.
    fn had_ended(&self, KeyUse { key, used, .. }: &KeyUse, reason: Reason, time: Millis) -> bool {
        let Some(info) = self.keys.get(key) else { return false };
        let end = match reason {
            Reason::ApiKeyInvalidated => info.invalidated.and_then(|end| end.time),
            Reason::ApiKeyExpired => info.expires,
            _ => None,
        };
        end.is_some_and(|end| end <= time) && used.ended_by(time)
    }

    /// The key of a line that names none: the one that its client used before and not after, of several the only one that
    /// is known to have ended in this way by then.
    pub(super) fn name(&self, client: Client, reason: Reason, time: Millis) -> Option<Sym> {
        let used = self.uses.of_client(client)?;
        let mut before: Vec<&KeyUse> = used.iter().filter(|one| one.used.ended_by(time)).collect();
        let ended = |one: &&KeyUse| self.had_ended(one, reason, time);
        if before.iter().any(ended) {
            before.retain(ended);
        } else {
            // What ended in another way, or is known to live on, is not it.
            before.retain(|one| self.may_have_ended(one.key, reason, time));
        }
        match before.as_slice() {
            [only] => Some(only.key),
            _ => None,
        }
    }

    fn may_have_ended(&self, key: Sym, reason: Reason, time: Millis) -> bool {
        let Some(info) = self.keys.get(&key) else { return true };
        let invalidated = info.invalidated.is_some_and(|end| end.time.is_some_and(|end| end <= time));
        match reason {
            Reason::ApiKeyInvalidated => !info.listed || info.invalidated.is_some(),
            Reason::ApiKeyExpired => {
                let valid = info.expiration_known && info.expires.is_none_or(|end| end > time);
                !invalidated && !valid
            }
            Reason::ApiKeyBadSecret | Reason::ApiKeyError => !invalidated,
            _ => false,
        }
    }
}
