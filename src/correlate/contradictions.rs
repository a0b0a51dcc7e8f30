//! Chains of realms that contradict each other in ways in which those of one node cannot.
//!
//! A node asks its realms in one order, `reserved` first of all, except that the realm with which an account got in last is
//! asked before the others (audit-format 1.7). So all realms of a chain but the first stand in the node's order, and `reserved`
//! is first or second. The order changes only with the configuration, for which the node is started anew; and an account whose
//! realm was moved to the front keeps it there for an hour after each try.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::source_lines::SourceLine;
use crate::state::Sym;
use crate::time::Millis;

/// No node is stopped, started and asked within so many milliseconds.
const RESTART_MS: i64 = 5_000;

/// How often the order of a node's realms may seem to change before its chains count as contradictory: somebody may try an order,
/// and go back to the one before.
const CHANGES: u64 = 3;

/// How long a realm stays at the front after a try, in milliseconds.
const FRONT_MS: i64 = 3_600_000;

/// Realms of a chain that tells of their order: no node has as many, and what is longer is no chain of one attempt.
const MOST_REALMS: usize = 64;

/// A chain as it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadChain {
    /// Input, by rank, and node.
    pub(super) of: (u32, u32),
    pub(super) time: Millis,
    pub(super) place: SourceLine,
    /// The account, where it is known.
    pub(super) principal: Sym,
    /// Index into a list of chains.
    pub(super) chain: u32,
}

/// Whether a chain can be one of a single attempt, and of several realms.
pub(super) fn tells(realms: &[Sym]) -> bool {
    let mut sorted = realms.to_vec();
    sorted.sort_unstable();
    (2..=MOST_REALMS).contains(&realms.len()) && sorted.windows(2).all(|pair| pair[0] != pair[1])
}

/// Where `reserved` stands in a chain.
fn reserved_at(realms: &[Sym], reserved: Option<Sym>) -> Option<usize> {
    realms.iter().position(|&realm| Some(realm) == reserved)
}

/// The order of a node's realms, as far as chains since its last change have shown.
#[derive(Debug, Default)]
struct KnownOrder {
    before: HashSet<(Sym, Sym), RandomState>,
    /// Chains looked at.
    met: HashSet<u32, RandomState>,
}

impl KnownOrder {
    /// Takes a chain in; whether it contradicts those before, which are forgotten then.
    fn contradicts(&mut self, number: u32, realms: &[Sym]) -> bool {
        if !self.met.insert(number) {
            return false;
        }
        let rest = realms.get(1..).unwrap_or_default();
        let pairs = || rest.iter().enumerate().flat_map(|(at, &a)| rest[at + 1..].iter().map(move |&b| (a, b)));
        let contradicts = pairs().any(|(a, b)| self.before.contains(&(b, a)));
        if contradicts {
            self.before.clear();
            self.met.clear();
            self.met.insert(number);
        }
        self.before.extend(pairs());
        contradicts
    }
}

/// Contradictions of the chains of each input, by rank, and of how many chains. `kinds` are the chains that are met, by input and node, in any order;
/// `all` gives those of some inputs and nodes.
pub(super) fn contradictions(
    kinds: &HashSet<((u32, u32), u32), RandomState>,
    lists: &[Vec<Sym>],
    reserved: Option<Sym>,
    all: impl FnOnce(&HashSet<(u32, u32), RandomState>) -> Vec<ReadChain>,
) -> BTreeMap<u32, (u64, u64)> {
    let mut of_node: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
    for &(of, chain) in kinds {
        of_node.entry(of).or_default().push(chain);
    }
    // Most nodes show nothing that must be looked at by time.
    let may_contradict = |chains: &[u32]| {
        let mut order = KnownOrder::default();
        let stands = |at: fn(usize) -> bool| {
            chains.iter().any(|&chain| reserved_at(&lists[chain as usize], reserved).is_some_and(at))
        };
        let both = stands(|at| at > 0) && stands(|at| at == 0);
        both || stands(|at| at > 1) || chains.iter().any(|&chain| order.contradicts(chain, &lists[chain as usize]))
    };
    let looked_at: HashSet<(u32, u32), RandomState> =
        of_node.into_iter().filter(|(_, chains)| may_contradict(chains)).map(|(of, _)| of).collect();
    if looked_at.is_empty() {
        return BTreeMap::new();
    }
    let mut chains = all(&looked_at);
    chains.sort_unstable_by_key(|chain| (chain.of, chain.time, chain.place, chain.chain));
    let mut found = BTreeMap::new();
    for of_node in chains.chunk_by(|a, b| a.of == b.of) {
        let late = of_node.iter().filter(|read| reserved_at(&lists[read.chain as usize], reserved) > Some(1)).count();
        let count = late as u64 + changes(of_node, lists) + returns(of_node, lists, reserved);
        let (against, of): &mut (u64, u64) = found.entry(of_node[0].of.0).or_default();
        (*against, *of) = (*against + count, *of + of_node.len() as u64);
    }
    found
}

/// Changes of a node's order, by time, beyond those that configurations make.
fn changes(chains: &[ReadChain], lists: &[Vec<Sym>]) -> u64 {
    let mut order = KnownOrder::default();
    let (mut changes, mut sudden) = (0_u64, 0_u64);
    let mut last: Option<Millis> = None;
    for read in chains {
        if order.contradicts(read.chain, &lists[read.chain as usize]) {
            changes += 1;
            sudden += u64::from(last.is_some_and(|last| read.time.0 - last.0 < RESTART_MS));
        }
        last = Some(read.time);
    }
    // One chain that contradicts its neighbours is two changes.
    sudden.div_ceil(2).max(changes.saturating_sub(CHANGES))
}

/// How often accounts were asked at `reserved` first within the hour after another realm had been moved before it, beyond once
/// each: when the node was started anew, or the account was changed.
fn returns(chains: &[ReadChain], lists: &[Vec<Sym>], reserved: Option<Sym>) -> u64 {
    let mut fronts: HashMap<Sym, (Millis, bool, u64), RandomState> = HashMap::default();
    for read in chains.iter().filter(|read| read.principal.is_some()) {
        let Some(at) = reserved_at(&lists[read.chain as usize], reserved) else { continue };
        let moved = at > 0;
        let (last, was_moved, returns) = fronts.entry(read.principal).or_insert((read.time, moved, 0));
        *returns += u64::from(*was_moved && !moved && read.time.0 - last.0 < FRONT_MS);
        (*last, *was_moved) = (read.time, moved);
    }
    fronts.into_values().map(|(.., returns)| returns.saturating_sub(1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESERVED: Sym = Sym(1);

    /// Realms, of which 1 is `reserved`.
    fn chain(realms: &[u32]) -> Vec<Sym> {
        realms.iter().map(|&realm| Sym(realm)).collect()
    }

    /// What chains of one node and input contradict: each with its seconds and account, where it is known.
    fn of_node(read: &[(i64, u32, &[u32])]) -> Option<(u64, u64)> {
        let lists: Vec<Vec<Sym>> = read.iter().map(|(.., realms)| chain(realms)).collect();
        // Alike chains have one number.
        let number = |at: usize| lists.iter().position(|list| *list == lists[at]).unwrap_or(at) as u32;
        let of = (7, 3);
        let kinds = (0..lists.len()).map(|at| (of, number(at))).collect();
        let chains = read.iter().enumerate().map(|(at, &(seconds, principal, _))| ReadChain {
            of,
            time: Millis(seconds * 1000),
            place: SourceLine { rank: 7, line: at as u64 + 1 },
            principal: Sym(principal),
            chain: number(at),
        });
        contradictions(&kinds, &lists, Some(RESERVED), |_| chains.collect()).remove(&7)
    }

    /// No account is known.
    const NOBODY: u32 = Sym::NONE.0;

    #[test]
    fn chains_of_one_realm_or_with_one_twice_tell_nothing() {
        assert!(tells(&chain(&[2, 1])) && tells(&chain(&(1..=64).collect::<Vec<_>>())));
        for realms in [&[][..], &[1], &[1, 2, 1], &(1..=65).collect::<Vec<_>>()] {
            assert!(!tells(&chain(realms)), "{realms:?}");
        }
    }

    #[test]
    fn the_realm_that_was_moved_to_the_front_contradicts_nothing() {
        assert_eq!(of_node(&[(0, NOBODY, &[1, 2, 3, 4]), (1, NOBODY, &[1, 2, 3, 4])]), None);
        assert_eq!(
            of_node(&[(0, NOBODY, &[2, 3, 4]), (1, NOBODY, &[4, 2, 3])]),
            None,
            "behind the front as configured"
        );
    }

    #[test]
    fn reserved_is_first_or_second() {
        assert_eq!(of_node(&[(0, NOBODY, &[2, 1, 3])]), None);
        assert_eq!(of_node(&[(0, NOBODY, &[2, 3, 1]), (60, NOBODY, &[1, 2, 3])]), Some((1, 2)));
    }

    #[test]
    fn the_order_may_change_with_the_configuration() {
        let [one, other] = [&[1, 2, 3, 4][..], &[1, 2, 4, 3]];
        let changes = |count: i64, apart: i64| {
            let read: Vec<_> =
                (0..=count).map(|at| (at * apart, NOBODY, if at % 2 == 0 { one } else { other })).collect();
            of_node(&read).map(|(against, _)| against)
        };
        // A node takes five seconds to be started anew; what goes to and fro is one contradiction.
        assert_eq!([5, 4].map(|apart| changes(1, apart)), [Some(0), Some(1)]);
        assert_eq!([1, 2, 3, 4].map(|count| changes(count, 4)), [Some(1), Some(1), Some(2), Some(2)]);
        // And nobody tries more than three orders.
        assert_eq!([3, 4, 6].map(|count| changes(count, 3600)), [Some(0), Some(1), Some(3)]);
    }

    #[test]
    fn after_a_change_what_was_before_counts_no_more() {
        let read = [(0, NOBODY, &[1, 2, 3][..]), (60, NOBODY, &[1, 3, 2]), (120, NOBODY, &[1, 3, 2])];
        let mut order = KnownOrder::default();
        let told: Vec<bool> = read
            .iter()
            .zip([0, 1, 1])
            .map(|((.., realms), number)| order.contradicts(number, &chain(realms)))
            .collect();
        assert_eq!(told, [false, true, false]);
        assert!(order.contradicts(0, &chain(read[0].2)), "it was forgotten, and contradicts what came since");
        assert!(
            !order.contradicts(2, &chain(&[2, 3])) && !order.contradicts(3, &chain(&[3, 2])),
            "a front tells nothing"
        );
    }

    #[test]
    fn an_account_stays_at_its_realm_for_an_hour() {
        let (front, back) = (&[2, 1, 3][..], &[1, 2, 3][..]);
        let returns = |read: &[(i64, u32, &[u32])]| of_node(read).map(|(against, _)| against);
        let twice = |apart: i64, one: u32, other: u32| {
            returns(&[(0, one, front), (apart, one, back), (5000, other, front), (5000 + apart, other, back)])
        };
        // Once it may have been changed.
        assert_eq!(returns(&[(0, 8, front), (10, 8, back)]), Some(0));
        assert_eq!(twice(10, 8, 8), Some(1));
        assert_eq!(twice(10, 8, 9), Some(0), "two accounts, once each");
        assert_eq!(twice(10, NOBODY, NOBODY), Some(0), "nobody knows whose");
        assert_eq!([3599, 3600].map(|apart| twice(apart, 8, 8)), [Some(1), Some(0)]);
    }

    #[test]
    fn nodes_and_inputs_are_looked_at_by_themselves() {
        let lists = [chain(&[1, 2, 3]), chain(&[1, 3, 2])];
        let read = |input: u32, node: u32, chain: u32, line: u64| ReadChain {
            of: (input, node),
            time: Millis(0),
            place: SourceLine { rank: input, line },
            principal: Sym::NONE,
            chain,
        };
        let found = |all: Vec<ReadChain>| {
            let kinds = all.iter().map(|read| (read.of, read.chain)).collect();
            contradictions(&kinds, &lists, None, |wanted| {
                all.into_iter().filter(|read| wanted.contains(&read.of)).collect()
            })
        };
        assert_eq!(found(vec![read(0, 1, 0, 1), read(0, 2, 1, 2), read(1, 1, 1, 1)]), BTreeMap::new());
        let of_two = found(vec![read(0, 1, 0, 1), read(0, 1, 1, 2), read(0, 2, 0, 3), read(1, 1, 1, 1)]);
        assert_eq!(of_two, BTreeMap::from([(0, (1, 2))]), "of those that say nothing, none is fetched");
    }
}
