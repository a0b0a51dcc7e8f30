//! Accounts that may do everything.

use super::draft::{CheckDraft, ReviewScene, few};
use crate::context::{Might, User};
use crate::judge::Severity;
use crate::model::call::{ApiCall, Method};
use crate::model::text::Span;
use crate::text;

/// Accounts as good as superuser that a cluster needs: one for each of two people and one for the day when both are away.
const ENOUGH: usize = 3;

pub(super) fn look(scene: &ReviewScene<'_>) -> Vec<CheckDraft> {
    let mut drafts = Vec::new();
    for (_, facts) in scene.clusters() {
        let Some(users) = &facts.users else { continue };
        let might = |user: &User| Might::of(&user.roles, |name| facts.role(name));
        let powerful: Vec<&User> = users
            .fact
            .values()
            .filter(|user| user.enabled && might(user).superuser && user.name != "elastic")
            .collect();
        if !powerful.is_empty() {
            let severity = if powerful.len() > ENOUGH { Severity::Medium } else { Severity::Low };
            drafts.push(draft(scene, "account_superuser", severity, &powerful, "as good as superuser", &users.path));
        }
        let managing = |user: &&User| user.enabled && !might(user).superuser && might(user).manages_security;
        let managing: Vec<&User> = users.fact.values().filter(managing).collect();
        if !managing.is_empty() {
            let what = "able to make users, roles and keys of any power";
            drafts.push(draft(scene, "account_manages_security", Severity::Low, &managing, what, &users.path));
        }
    }
    drafts
}

fn draft(
    scene: &ReviewScene<'_>,
    id: &'static str,
    severity: Severity,
    users: &[&User],
    what: &'static str,
    path: &str,
) -> CheckDraft {
    let spans = users.iter().map(|user| scene.principal(&user.name));
    let verb = if users.len() == 1 { "is" } else { "are" };
    let mut draft = CheckDraft::new(id, severity, text!("{} {} {}", few(spans, users.len()), verb, what));
    for user in users.iter().take(5) {
        let roles = few(user.roles.iter().map(|role| Span::name(role)), user.roles.len());
        draft = draft.why(text!("{} has the roles {}", scene.principal(&user.name), roles));
    }
    if let [user, ..] = users {
        let shown = scene.shown(&user.name);
        draft = draft.fix(text!(
            "See who needs it, and give the others less: {}",
            ApiCall::new(Method::Get, "/_security/user").name(&shown)
        ));
    }
    draft.principals = users.iter().map(|user| scene.shown(&user.name)).collect();
    draft.shown_by(path)
}
