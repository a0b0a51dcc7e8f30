//! Accounts that somebody made and that were used from another place outside, where otherwise nobody comes from there: made from
//! outside, as the log may begin when an intruder is in already, so that nothing tells of the entry; or made inside with all
//! rights and used outside within the hour, as by whoever sits at an administrator's desk.

use std::collections::BTreeMap;

use super::consequences;
use super::deeds::Deed;
use super::draft::Draft;
use super::history::{DAY, HOUR};
use super::kinds::{Kind, Severity, Verdict};
use super::measure::Measure;
use crate::model::text::{Span, Text};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// An account that was made to stay is tried out soon.
const USED: i64 = DAY;

/// And one that was made at somebody else's desk at once.
const AT_ONCE: i64 = HOUR;

/// Other accounts that come from outside, from which on it is usual there that people do.
const USUAL: usize = 2;

/// Confidence of what is to be looked at: a cluster may be set up from outside, too.
const CONFIDENCE: f64 = 0.6;

/// Deeds that are told one by one.
const TOLD: usize = 8;

/// The drafts of accounts that were made so, by who made them.
pub(super) fn used_abroad(measure: &Measure<'_, '_>) -> Vec<Draft> {
    let scene = measure.scene;
    let mut makers: BTreeMap<(u16, Sym, Sym), Vec<&Deed>> = BTreeMap::new();
    let all = measure.deeds.all().iter();
    let of_weight = |deed: &Deed| deed.source.is_some() && (scene.is_outside(deed.source) || deed.gives_everything);
    for deed in all.filter(|deed| scene.bytes(deed.action) == b"put_user" && of_weight(deed)) {
        makers.entry((scene.cluster(deed.node), deed.who, deed.source)).or_default().push(deed);
    }
    makers.into_iter().filter_map(|(maker, deeds)| draft(measure, maker, &deeds)).collect()
}

/// When and where outside an account that was made was first used, if it is new, and used nowhere else than outside.
fn used(measure: &Measure<'_, '_>, cluster: u16, deed: &Deed) -> Option<(Sym, Millis)> {
    let scene = measure.scene;
    let mut pasts = scene.history.of_account(cluster, deed.object).filter(|past| !past.key.is_some()).peekable();
    pasts.peek()?;
    let soon = if scene.is_outside(deed.source) { USED } else { AT_ONCE };
    let abroad = pasts.map(|past| {
        let new = (0..=soon).contains(&(past.first.0 - deed.time.0));
        (new && scene.is_outside(past.source)).then_some((past.first, past.source))
    });
    let (first, source) = abroad.collect::<Option<Vec<_>>>()?.into_iter().min()?;
    (scene.net(source) != scene.net(deed.source)).then_some((source, first))
}

fn draft(measure: &Measure<'_, '_>, (cluster, who, from): (u16, Sym, Sym), deeds: &[&Deed]) -> Option<Draft> {
    let scene = measure.scene;
    let uses: Vec<(&Deed, Sym, Millis)> = deeds
        .iter()
        .filter_map(|deed| used(measure, cluster, deed).map(|(source, first)| (*deed, source, first)))
        .collect();
    let own = |account: Sym| account == who || deeds.iter().any(|deed| deed.object == account);
    let outside = scene.history.abroad(cluster).filter(|&account| !own(account)).take(USUAL).count();
    if uses.is_empty() || outside >= USUAL {
        return None;
    }
    let mut draft = Draft::new(Kind::Persistence, Severity::Medium, (Verdict::Unclear, CONFIDENCE));
    draft.cluster = cluster;
    let names: Vec<String> = deeds.iter().map(|deed| scene.text(deed.object)).collect();
    let (maker, source) = (scene.text(who), scene.text(from));
    draft.title = text!(
        "{} made {} from {}, used from elsewhere outside",
        Span::principal(&maker),
        Text::list(names.iter().map(|name| Span::principal(name)), names.len() as u64, 3),
        Span::address(&source)
    );
    draft.why.push("Hardly anybody else gets in from outside the internal networks in this log".to_owned());
    for deed in deeds.iter().take(TOLD) {
        draft.why.push(text!("There {}", consequences::deed_in_words(measure, deed)));
        draft.evidence.push(deed.place);
    }
    for (deed, place, first) in uses.iter().take(TOLD) {
        draft.why.push(text!(
            "{} was used from {} at {}",
            Span::principal(&scene.text(deed.object)),
            Span::address(&scene.text(*place)),
            *first
        ));
    }
    draft.why.push(if scene.is_outside(from) {
        "Not to be known here: how its maker got in, as nothing of it is in these logs"
    } else {
        "Not to be known here: who sat there"
    });
    draft.principals = deeds.iter().map(|deed| deed.object).chain([who]).collect();
    draft.sources = uses.iter().map(|(_, place, _)| *place).chain([from]).collect();
    draft.nodes = deeds.iter().map(|deed| deed.node).collect();
    draft.times = deeds.iter().map(|deed| deed.time).chain(uses.iter().map(|(.., first)| *first)).collect();
    Some(draft)
}
