//! Cases that belong together: one source that tries several accounts, several hosts with one wrong password.

use rayon::prelude::*;

use super::cases::{Case, Lean};
use super::clues::Clue;
use super::scene::Scene;
use super::{Found, words};
use crate::model::text::Text;
use crate::state::{ChainId, Sym};

/// By what cases are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// The same principal.
    Principal,
    /// The same principal, or the same source.
    Either,
}

/// Cases of one pattern whose attempts are mostly unexplained, joined where they share a principal or a source and overlap in
/// time. Each group by first time.
pub(super) fn of(scene: &Scene<'_>, found: &Found, lean: Lean, join: Join) -> Vec<Vec<Case>> {
    let cases: Vec<&Case> = scene
        .cases()
        .par_iter()
        .filter(|case| case.lean == lean)
        .filter(|case| {
            let attempts = case.attempts(scene);
            attempts.iter().filter(|&&at| found.is_free(at)).count() * 2 > attempts.len()
        })
        .collect();
    let mut parent: Vec<usize> = (0..cases.len()).collect();
    let pause = Scene::ms(scene.thresholds.general.campaign_pause_seconds);
    link(&cases, &mut parent, |case| case.principal(scene), if join == Join::Principal { pause } else { 0 });
    if join == Join::Either {
        link(&cases, &mut parent, |case| case.source(scene), pause);
    }
    let mut groups: Vec<(usize, &Case)> = (0..cases.len()).map(|at| (root(&mut parent, at), cases[at])).collect();
    groups.sort_by_key(|&(root, case)| (root, case.first_at));
    groups.chunk_by(|a, b| a.0 == b.0).map(|group| group.iter().map(|&(_, case)| case.clone()).collect()).collect()
}

/// Joins cases that share a symbol and between which at most `pause_ms` pass.
fn link(cases: &[&Case], parent: &mut [usize], key: impl Fn(&Case) -> Sym, pause_ms: i64) {
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by_key(|&at| (key(cases[at]), cases[at].first_at));
    for run in order.chunk_by(|&a, &b| key(cases[a]) == key(cases[b])) {
        let mut end = cases[run[0]].last;
        for pair in run.windows(2) {
            let (one, next) = (pair[0], pair[1]);
            if cases[next].first.0 - end.0 <= pause_ms {
                let (a, b) = (root(parent, one), root(parent, next));
                parent[a.max(b)] = a.min(b);
            }
            end = end.max(cases[next].last);
        }
    }
}

fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

/// The attempts of cases that are not explained yet, by time.
pub(super) fn attempts(scene: &Scene<'_>, found: &Found, cases: &[Case]) -> Vec<u32> {
    let mut attempts: Vec<u32> = cases.iter().flat_map(|case| found.free(case.attempts(scene))).collect();
    attempts.sort_unstable();
    attempts
}

/// The clues of several cases: of each sort the one of the largest case that has it, so that thirty hosts with one stale
/// password do not weigh thirty times.
pub(super) fn clues(cases: &[Case]) -> Vec<Clue> {
    let mut order: Vec<&Case> = cases.iter().collect();
    order.sort_by_key(|case| (std::cmp::Reverse(case.len()), case.first_at));
    let mut clues: Vec<Clue> = Vec::new();
    for clue in order.into_iter().flat_map(|case| &case.clues) {
        let same = |known: &Clue| std::mem::discriminant(known) == std::mem::discriminant(clue);
        if !clues.iter().any(same) {
            clues.push(*clue);
        }
    }
    // What holds for one and not for another is no clue about all of them.
    if clues.contains(&Clue::Outside) && clues.contains(&Clue::Inside) {
        let outside = cases.iter().filter(|case| case.clues.contains(&Clue::Outside)).count();
        let kept = if outside * 2 > cases.len() { Clue::Outside } else { Clue::Inside };
        clues.retain(|clue| !matches!(clue, Clue::Outside | Clue::Inside) || *clue == kept);
    }
    let is_cadence = |clue: &Clue| matches!(clue, Clue::Steady { .. } | Clue::Irregular { .. });
    let first = clues.iter().copied().find(is_cadence);
    clues.retain(|clue| !is_cadence(clue) || Some(*clue) == first);
    clues
}

/// The clues as sentences, those that carry the verdict first.
pub(super) fn sentences(scene: &Scene<'_>, clues: &[Clue]) -> Vec<Text> {
    let sum = super::clues::balance(clues);
    let mut order: Vec<&Clue> = clues.iter().collect();
    order.sort_by(|a, b| {
        let towards = |clue: &Clue| clue.weight() * if sum < 0.0 { -1.0 } else { 1.0 };
        towards(b).total_cmp(&towards(a))
    });
    let sentence = |clue: &Clue| {
        let text = clue.sentence(scene);
        // Where the verdict is open, say which way each clue points.
        if sum.abs() < super::clues::DECIDED {
            let way = if clue.weight() > 0.0 { "For an attack" } else { "For something broken" };
            Text::from(way).with(": ").with(text.lowered())
        } else {
            text
        }
    };
    order.into_iter().map(sentence).collect()
}

/// `120 failures in 9 min (13 a minute)`: the first sentence of every finding about attempts.
pub(super) fn volume(scene: &Scene<'_>, attempts: &[u32]) -> String {
    let (Some(&first), Some(&last)) = (attempts.first(), attempts.last()) else { return String::new() };
    let ms = scene.time(last).0 - scene.time(first).0;
    let count = words::count(attempts.len() as u64, "failure", "failures");
    if ms < 1000 {
        return format!("{count} within a second");
    }
    let per_hour = (attempts.len() - 1) as f64 * 3_600_000.0 / ms as f64;
    let rate = match per_hour {
        rate if rate >= 7200.0 => format!("{:.1} a second", rate / 3600.0),
        rate if rate >= 60.0 => format!("{:.1} a minute", rate / 60.0),
        rate => format!("{rate:.1} an hour"),
    };
    format!("{count} in {} ({rate})", words::duration(ms))
}

/// The realm chains of attempts: the most frequent, in words.
pub(super) fn chain(scene: &Scene<'_>, attempts: &[u32]) -> Option<String> {
    const LOOK: usize = 4096;
    let looked = &attempts[..attempts.len().min(LOOK)];
    let mut chains: Vec<(ChainId, &[Sym])> = looked
        .iter()
        .map(|&at| scene.attempt(at).chain)
        .filter_map(|chain| Some((chain, scene.chain(chain)?)))
        .collect();
    let known = chains.len();
    chains.sort_unstable_by_key(|&(chain, _)| chain.0);
    let text = |run: &[(ChainId, &[Sym])]| run[0].1.iter().map(|&realm| scene.bytes(realm)).collect::<Vec<_>>();
    let (best, realms) = chains.chunk_by(|a, b| a.0 == b.0).map(|run| (run.len(), text(run))).max()?;
    let realms: Vec<_> = realms.into_iter().map(String::from_utf8_lossy).collect();
    let path = if realms.is_empty() {
        "no realm was asked".to_owned()
    } else {
        format!("realms asked: {}", realms.join(" > "))
    };
    Some(format!(
        "Realm chain of {} of {} attempts that show one: {path}",
        words::number(best as u64),
        words::number(known as u64)
    ))
}

/// What is known of the accounts: where else they get in.
pub(super) fn accounts(scene: &Scene<'_>, attempts: &[u32]) -> Option<String> {
    if !scene.successes.any() {
        return Some("The logs show no successes, so nothing tells which of these accounts exist".to_owned());
    }
    let mut principals: Vec<Sym> = attempts.iter().map(|&at| scene.attempt(at).principal).collect();
    principals.sort_unstable();
    principals.dedup();
    let tried = principals.len() as u64;
    let known: Vec<Sym> =
        principals.into_iter().filter(|&principal| !scene.successes.of_principal(principal).is_empty()).collect();
    let (names, total) = super::draft::ranked(scene, known);
    Some(match (tried, total) {
        (1, 0) => "The account never gets in anywhere in these logs: it may not exist".to_owned(),
        (1, _) => "The account exists: it gets in elsewhere or at another time".to_owned(),
        (tried, 0) => format!("None of the {} names gets in anywhere in these logs", words::number(tried)),
        (tried, total) => format!(
            "{} of the {} names belong to accounts that get in elsewhere: {}",
            words::number(total),
            words::number(tried),
            words::list(&names, total, 5)
        ),
    })
}
