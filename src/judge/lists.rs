//! Accounts that come up in the order of a list.

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::campaign::Campaign;
use super::features::Features;
use super::scene::Scene;
use crate::state::Sym;

/// Whether the accounts of a campaign come up in the order of the alphabet, or against it, as a list has them: a logarithm of about
/// 10 against chance from eleven accounts on. Not so where each fails at an address of its own, as devices do that are set up in turn.
pub(super) fn is_a_list(scene: &Scene<'_>, campaign: &Campaign, features: &Features) -> bool {
    /// Standard deviations that as many neighbours in order are beyond what chance makes of them.
    const BEYOND_CHANCE: f64 = 4.5;
    if 2 * features.sources > features.accounts {
        return false;
    }
    let mut seen: HashSet<Sym, RandomState> = HashSet::default();
    let mut names = Vec::new();
    for principal in campaign.attempts.iter().map(|&at| scene.attempt(at).principal).filter(|who| who.is_some()) {
        if seen.insert(principal) {
            names.push(scene.bytes(principal).to_ascii_lowercase());
        }
    }
    // Of names in any order as many neighbours rise as fall, with a variance of a twelfth of their number (Eulerian numbers).
    let pairs = names.len().saturating_sub(1) as f64;
    let rising = names.windows(2).filter(|pair| pair[0] < pair[1]).count() as f64;
    (rising - pairs / 2.0).abs() >= BEYOND_CHANCE * ((pairs + 2.0) / 12.0).sqrt()
}
