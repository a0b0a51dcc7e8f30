//! Settings, the licence and certificates.

use super::draft::{CheckDraft, ReviewScene, ReviewedNode, few};
use crate::context::Might;
use crate::correlate::STALE_MS;
use crate::judge::Severity;
use crate::model::call::{ApiCall, Method};
use crate::model::text::{Span, Text};
use crate::text;

pub(super) fn look(scene: &ReviewScene<'_>) -> Vec<CheckDraft> {
    let nodes = scene.settings();
    let mut drafts = Vec::new();
    drafts.extend(anonymous(scene, &nodes));
    drafts.extend(behind_filters(&nodes));
    drafts.extend(unlicensed(scene, &nodes));
    drafts.extend(license(scene));
    drafts.extend(certificates(scene));
    drafts
}

/// Nodes on which requests without credentials are somebody's.
fn anonymous(scene: &ReviewScene<'_>, nodes: &[ReviewedNode]) -> Option<CheckDraft> {
    let open: Vec<&ReviewedNode> = nodes.iter().filter(|node| node.settings.anonymous_user().is_some()).collect();
    let first = open.first()?;
    let (user, roles) = (first.settings.anonymous_user()?, first.settings.anonymous_roles());
    let facts = scene.joined.context.clusters.get(first.cluster)?;
    let might = Might::of(&roles, |name| facts.role(name));
    let severity = if might.superuser || might.manages_security { Severity::Critical } else { Severity::Medium };
    let hidden = first.settings.flag("xpack.security.authc.anonymous.authz_exception") == Some(false);
    let mut draft = CheckDraft::new(
        "anonymous_access",
        severity,
        text!("Whoever sends no credentials is {} on {}", scene.principal(user), few(open.iter().map(|n| n.span()), open.len())),
    )
    .why(text!("that user has the roles {}", few(roles.iter().map(|role| Span::name(role)), roles.len())))
    .why("requests without credentials are no anonymous_access_denied there: what is refused is an access_denied of that user");
    if hidden {
        draft =
            draft.why("authz_exception is false: what that user may not do is answered 401, as wrong credentials are");
    }
    draft.nodes = open.iter().map(|node| node.id.clone()).collect();
    draft.principals = vec![scene.shown(user)];
    let setting = Span::Code("xpack.security.authc.anonymous.roles".into());
    Some(
        draft
            .fix(text!("Remove {} from elasticsearch.yml, or give it roles that read nothing of worth", setting))
            .shown_by(&first.path),
    )
}

/// IP filters that let only a few connect: the addresses of the audit log are theirs.
fn behind_filters(nodes: &[ReviewedNode]) -> Option<CheckDraft> {
    const FILTER: &str = "xpack.security.http.filter.allow";
    let behind: Vec<&ReviewedNode> = nodes.iter().filter(|node| !node.settings.list(FILTER).is_empty()).collect();
    let first = behind.first()?;
    let allowed = first.settings.list(FILTER);
    let mut draft = CheckDraft::new(
        "few_may_connect",
        Severity::Info,
        text!("Only {} may connect over HTTP", few(allowed.iter().map(|one| Span::name(one)), allowed.len())),
    )
    .why("where these are proxies, every client has their address in the audit log, and its own in x_forwarded_for alone")
    .fix(text!("Name those of them that are proxies: {}", Span::Code("esaudit report --trust-proxy ADDRESS".into())))
    .shown_by(&first.path);
    draft.nodes = behind.iter().map(|node| node.id.clone()).collect();
    Some(draft)
}

/// Realms that are configured and skipped.
fn unlicensed(scene: &ReviewScene<'_>, nodes: &[ReviewedNode]) -> Vec<CheckDraft> {
    let mut drafts = Vec::new();
    for (cluster, facts) in scene.clusters() {
        let Some(license) = &facts.license else { continue };
        let of_cluster: Vec<&ReviewedNode> = nodes.iter().filter(|node| node.cluster == cluster).collect();
        let mut realms: Vec<String> = of_cluster
            .iter()
            .flat_map(|node| node.settings.realms())
            .filter(|realm| realm.enabled && !license.fact.permits(&realm.kind))
            .map(|realm| realm.name)
            .collect();
        realms.sort();
        realms.dedup();
        if realms.is_empty() {
            continue;
        }
        let mut draft = CheckDraft::new(
            "realm_not_licensed",
            Severity::High,
            text!("The licence does not permit {}", few(realms.iter().map(|name| Span::realm(name)), realms.len())),
        )
        .why(text!(
            "the licence is {}: these realms are skipped, and nobody whom they alone know gets in",
            Span::name(&license.fact.kind)
        ))
        .fix(text!(
            "See what the licence is: {}; renew it or remove the realms",
            ApiCall::new(Method::Get, "/_license")
        ))
        .shown_by(&license.path);
        draft.nodes = of_cluster.iter().map(|node| node.id.clone()).collect();
        drafts.push(draft);
    }
    drafts
}

fn license(scene: &ReviewScene<'_>) -> Vec<CheckDraft> {
    let mut drafts = Vec::new();
    for (_, facts) in scene.clusters() {
        let Some((license, now)) = facts.license.as_ref().zip(scene.now) else { continue };
        let Some(expires) = license.fact.expires.filter(|expires| expires.0 <= now.0.saturating_add(STALE_MS)) else {
            continue;
        };
        let over = expires <= now || license.fact.status == "expired";
        let title = text!("The licence {} {}", if over { "ended at" } else { "ends at" }, Span::Time(expires));
        let severity = if over { Severity::High } else { Severity::Medium };
        drafts.push(
            CheckDraft::new("license_ends", severity, title)
                .why("without it, auditing and realms of paid tiers stop")
                .fix(text!("Renew it: {}", ApiCall::new(Method::Put, "/_license")))
                .shown_by(&license.path),
        );
    }
    drafts
}

/// Certificates of nodes that have ended or soon will.
fn certificates(scene: &ReviewScene<'_>) -> Vec<CheckDraft> {
    let Some(now) = scene.now else { return Vec::new() };
    let mut drafts = Vec::new();
    for (_, facts) in scene.clusters() {
        let ending =
            facts.certificates.iter().filter(|(one, _)| one.own && one.expires.0 <= now.0.saturating_add(STALE_MS));
        for (certificate, path) in ending {
            let over = certificate.expires <= now;
            let (severity, when) = if over { (Severity::High, "ended at") } else { (Severity::Medium, "ends at") };
            let title =
                text!("The certificate {} {} {}", Span::name(&certificate.path), when, Span::Time(certificate.expires));
            drafts.push(
                CheckDraft::new("certificate_ends", severity, title)
                    .why(text!(
                        "subject {}, serial number {}",
                        Span::name(&certificate.subject),
                        Span::name(&certificate.serial)
                    ))
                    .why("afterwards clients and nodes refuse each other, which looks like an outage of realms")
                    .fix(Text::from("Replace the file on each node; it is read anew within seconds"))
                    .shown_by(path),
            );
        }
    }
    drafts
}
