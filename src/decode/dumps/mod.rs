//! Answers of Elasticsearch's APIs among the lines of an input, told by their members: what a cluster says about itself.
//!
//! Compact, or as one record of a pretty-printed document. One that was cut, or whose members have other types than they
//! should, is an error that names it: half a listing would tell of absent entries what is not so.

mod entries;
mod keys;
mod privileges;
mod sniff;

use super::json::{self, Value};
use crate::context::{
    Certificate, ClusterIdentity, DumpFacts, License, NodeFacts, RoleMapping, ServiceTokens, Settings, User,
};
use crate::error::DecodeError;
use crate::time::{self, Millis, Zone};
use entries::{Entries, settings_of};
pub(super) use keys::api_keys;
use sniff::DumpGuess;
pub(crate) use sniff::may_be;

/// The name of the format in `coverage.inputs[].format`.
pub(crate) const NAME: &str = "context";

/// Reads a line that is an answer of an API, or the time of some; `None` where it is something else.
pub(super) fn decode(line: &[u8]) -> Option<Result<DumpFacts, DecodeError>> {
    if let Some(time) = collected_at(line) {
        return Some(Ok(DumpFacts::CollectedAt(time)));
    }
    let guess = may_be(line)?;
    let read = if line.starts_with(b"[") { certificates(line).map(Some) } else { read(line, guess) };
    match read {
        Ok(facts) => facts.map(Ok),
        Err(error) => Some(Err(DecodeError::at(error.offset.min(line.len()), guess.broken()))),
    }
}

/// A line that is a time and no more, as the collecting script notes when it ran: `2026-03-01T12:34:56Z`.
fn collected_at(line: &[u8]) -> Option<Millis> {
    let is_time = line.len() == 20 && line[19] == b'Z' && line[4] == b'-' && line[10] == b'T';
    is_time.then(|| time::parse(line, Zone::UTC)).flatten().map(|stamp| stamp.time)
}

/// Reads what a line should be; `None` where it turns out to be something else.
fn read(line: &[u8], guess: DumpGuess) -> Result<Option<DumpFacts>, DecodeError> {
    let entries = Entries::read(line)?;
    Ok(Some(match guess {
        DumpGuess::Manifest => {
            let time = entries.text("collectionDate").or_else(|| entries.text("timestamp"));
            let time = time.and_then(|text| time::parse(text.as_bytes(), Zone::UTC));
            DumpFacts::CollectedAt(time.ok_or(DecodeError::at(0, "no time"))?.time)
        }
        DumpGuess::Identity => DumpFacts::Identity(ClusterIdentity {
            cluster_uuid: entries.text("cluster_uuid"),
            cluster_name: entries.text("cluster_name"),
            version: entries.object("version").and_then(|version| version.text("number")),
        }),
        DumpGuess::Nodes => {
            // Every answer that several nodes give begins alike; statistics of the cluster and of nodes hold nothing of use.
            let nodes = entries.get("nodes").map(nodes).transpose()?.unwrap_or_default();
            return Ok((!nodes.is_empty()).then_some(DumpFacts::Nodes(nodes)));
        }
        DumpGuess::Settings => {
            let of = |name: &str| settings_of(entries.get(name));
            DumpFacts::Settings(Settings::default().with(&of("persistent")).with(&of("transient")))
        }
        DumpGuess::License => license(entries.get("license").ok_or(DecodeError::at(0, "no license"))?)?,
        DumpGuess::Users => DumpFacts::Users(entries.0.into_iter().map(user).collect::<Result<_, _>>()?),
        DumpGuess::Roles => DumpFacts::Roles(privileges::roles(entries, None)?),
        DumpGuess::ServiceAccounts => DumpFacts::ServiceAccounts(privileges::roles(entries, Some("role_descriptor"))?),
        DumpGuess::RoleMappings => {
            DumpFacts::RoleMappings(entries.0.into_iter().map(mapping).collect::<Result<_, _>>()?)
        }
        DumpGuess::ApplicationPrivileges => DumpFacts::ApplicationPrivileges(application_privileges(entries)?),
        DumpGuess::ApiKeys => {
            DumpFacts::ApiKeys(keys::of_list(entries.get("api_keys").ok_or(DecodeError::at(0, "no keys"))?)?)
        }
        DumpGuess::ServiceTokens => service_tokens(&entries)?,
        DumpGuess::Certificate => DumpFacts::Certificates(vec![certificate(&entries)?]),
    }))
}

/// Nodes that show their settings. Where some do, all must be nodes.
fn nodes(value: Value<'_>) -> Result<Vec<NodeFacts>, DecodeError> {
    let mut found = Vec::new();
    let mut strange = None;
    let Value::Object(_) = value else { return Ok(found) };
    for (id, value) in Entries::of(value)?.0 {
        let node = match Entries::of(value) {
            Ok(node) => node,
            Err(error) => {
                strange = Some(error);
                continue;
            }
        };
        if let Some(settings @ Value::Object(_)) = node.get("settings") {
            let settings = settings_of(Some(settings));
            found.push(NodeFacts { id, name: node.text("name"), version: node.text("version"), settings });
        }
    }
    match strange {
        Some(error) if !found.is_empty() => Err(error),
        _ => Ok(found),
    }
}

fn license(value: Value<'_>) -> Result<DumpFacts, DecodeError> {
    let entries = Entries::of(value)?;
    let missing = DecodeError::at(0, "no type or status");
    Ok(DumpFacts::License(License {
        kind: entries.text("type").ok_or(missing)?,
        status: entries.text("status").ok_or(missing)?,
        expires: entries.millis("expiry_date_in_millis"),
    }))
}

fn user((name, value): (String, Value<'_>)) -> Result<User, DecodeError> {
    let entries = Entries::of(value)?;
    let wrong = DecodeError::at(0, "an entry that is no user");
    let (Some(_), Some(Value::List(_))) = (entries.text("username"), entries.get("roles")) else { return Err(wrong) };
    let reserved = entries.object("metadata").and_then(|metadata| metadata.flag("_reserved")) == Some(true);
    Ok(User { name, roles: entries.texts("roles"), enabled: entries.flag("enabled").ok_or(wrong)?, reserved })
}

fn mapping((name, value): (String, Value<'_>)) -> Result<RoleMapping, DecodeError> {
    let entries = Entries::of(value)?;
    let rules = entries.object("rules").ok_or(DecodeError::at(0, "a mapping without rules"))?;
    let users = rules.object("field").map(|field| field.texts("username")).unwrap_or_default();
    let other_rules = users.is_empty() || rules.0.len() > 1;
    let enabled = entries.flag("enabled") != Some(false);
    Ok(RoleMapping { name, enabled, roles: entries.texts("roles"), users, other_rules })
}

fn application_privileges(entries: Entries<'_>) -> Result<Vec<(String, String)>, DecodeError> {
    let mut found = Vec::new();
    for (application, value) in entries.0 {
        found.extend(Entries::of(value)?.0.into_iter().map(|(name, _)| (application.clone(), name)));
    }
    Ok(found)
}

/// Tokens of the index stand by name, those of files (by node, or in older versions in a list of their own) likewise.
fn service_tokens(entries: &Entries<'_>) -> Result<DumpFacts, DecodeError> {
    let account = entries.text("service_account").ok_or(DecodeError::at(0, "no service account"))?;
    let of_nodes = entries.object("nodes_credentials");
    let of_files = of_nodes.as_ref().and_then(|nodes| nodes.object("file_tokens"));
    let named = [entries.object("tokens"), of_files].into_iter().flatten();
    let mut tokens: Vec<String> = named.flat_map(|named| named.0.into_iter().map(|(name, _)| name)).collect();
    tokens.sort();
    tokens.dedup();
    Ok(DumpFacts::ServiceTokens(ServiceTokens { account, tokens }))
}

/// A list of certificates on one line.
fn certificates(line: &[u8]) -> Result<DumpFacts, DecodeError> {
    let (elements, rest) = json::elements(line)?;
    if !rest.trim_ascii().is_empty() {
        return Err(DecodeError::at(line.len() - rest.len(), "text after the end"));
    }
    let read = |element| certificate(&Entries::of(element)?);
    Ok(DumpFacts::Certificates(elements.into_iter().map(read).collect::<Result<_, _>>()?))
}

fn certificate(entries: &Entries<'_>) -> Result<Certificate, DecodeError> {
    let wrong = DecodeError::at(0, "an entry that is no certificate");
    let expires = entries.text("expiry").and_then(|text| time::parse(text.as_bytes(), Zone::UTC));
    Ok(Certificate {
        path: entries.text("path").unwrap_or_default(),
        subject: entries.text("subject_dn").ok_or(wrong)?,
        serial: entries.text("serial_number").unwrap_or_default(),
        expires: expires.ok_or(wrong)?.time,
        own: entries.flag("has_private_key") == Some(true),
    })
}

#[cfg(test)]
mod tests;
