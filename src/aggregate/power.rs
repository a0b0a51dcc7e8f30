//! The privileges of those whom a finding names, and what somebody lacked for what was refused.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::context::{anonymous_status, cluster_at, joined_texts, names};
use crate::context::{ApiKey, Dated, Lack, Might, Privileges, Role, lack};
use crate::correlate::{Correlated, is_near};
use crate::model::text::{Span, Text};
use crate::model::{AccountPower, Denied, Finding};
use crate::state::Sym;
use crate::text;
use crate::time::Millis;

/// Accounts of a finding whose privileges a sentence tells.
const TOLD: usize = 3;

/// Sentences on what a key lacks.
const LACKS: usize = 3;

/// What is looked up: names under which listings know those whom the report shows under pseudonyms.
struct PowerLookup<'j> {
    joined: &'j Correlated,
    originals: HashMap<String, String>,
}

/// Roles of an account: which, as of when, and where that stands.
struct KnownRoles {
    roles: Vec<String>,
    as_of: Option<Millis>,
    path: String,
}

impl<'j> PowerLookup<'j> {
    fn of(joined: &'j Correlated) -> Self {
        let text = |sym| joined.state.symbols.string(sym);
        let pair = |(&shown, &original): (&_, &_)| Some((text(shown)?, text(original)?));
        Self { joined, originals: joined.originals.iter().filter_map(pair).collect() }
    }

    fn original<'n>(&'n self, shown: &'n str) -> &'n str {
        self.originals.get(shown).map_or(shown, String::as_str)
    }

    /// The roles of an account: of the listing, or of a later change that the log has; else those that a mapping gives by name.
    fn roles(&self, cluster: usize, shown: &str) -> Option<KnownRoles> {
        let joined = self.joined;
        let facts = joined.context.clusters.get(cluster)?;
        let name = self.original(shown);
        let users = facts.users.as_ref().filter(|users| users.as_of.is_none_or(|time| is_near(joined, time)));
        let listed_at = users.and_then(|users| users.as_of);
        let symbols = &joined.state.symbols;
        let put = joined.changes.iter().rev().find(|change| {
            symbols.get(change.record.action) == Some(b"put_user")
                && joined.nodes.cluster(change.record.node) == cluster
                && joined.judged(change.record.name) == Some(name.as_bytes())
                && listed_at.is_none_or(|listed| change.record.time > listed)
        });
        if let Some(change) = put {
            let roles = change.record.roles.iter().filter_map(|&role| symbols.string(role)).collect();
            return Some(KnownRoles {
                roles,
                as_of: Some(change.record.time),
                path: joined.evidence(change.place).path,
            });
        }
        if let Some((users, user)) = users.and_then(|users| Some((users, users.fact.get(name)?))) {
            return Some(KnownRoles { roles: user.roles.clone(), as_of: listed_at, path: users.path.clone() });
        }
        let mappings = facts.mappings.as_ref()?;
        let of_name = |mapping: &&crate::context::RoleMapping| {
            mapping.enabled && !mapping.other_rules && mapping.users.iter().any(|user| user == name)
        };
        let roles: Vec<String> =
            mappings.fact.iter().filter(of_name).flat_map(|mapping| mapping.roles.clone()).collect();
        (!roles.is_empty()).then(|| KnownRoles { roles, as_of: mappings.as_of, path: mappings.path.clone() })
    }

    /// Whether the log has a change of this kind, of something of this name, after a time.
    fn changed_since(&self, actions: &[&[u8]], name: &str, as_of: Option<Millis>) -> bool {
        let symbols = &self.joined.state.symbols;
        let named = |sym: &Sym| self.joined.judged(*sym) == Some(name.as_bytes());
        self.joined.changes.iter().any(|change| {
            let record = &change.record;
            symbols.get(record.action).is_some_and(|action| actions.contains(&action))
                && (named(&record.name) || record.ids.iter().any(named))
                && as_of.is_none_or(|as_of| record.time > as_of)
        })
    }

    /// A role as a listing describes it, unless the log has it changed since.
    fn role(&self, cluster: usize, name: &str) -> Option<&'j Role> {
        let roles = self.joined.context.clusters.get(cluster)?.roles.as_ref()?;
        let near = roles.as_of.is_none_or(|time| is_near(self.joined, time));
        let stale = !near || self.changed_since(&[b"put_role", b"delete_role"], name, roles.as_of);
        roles.fact.get(name).filter(|_| !stale)
    }

    /// A key as a listing describes it, unless the log has it changed since.
    fn listed_key(&self, shown: &str) -> Option<&'j Dated<ApiKey>> {
        let id = self.original(shown);
        let key = self.joined.context.keys.get(id)?;
        let near = key.as_of.is_none_or(|time| is_near(self.joined, time));
        let stale = !near || self.changed_since(&[b"change_apikey", b"change_apikeys"], id, key.as_of);
        (!stale).then_some(key)
    }

    fn of_account(&self, cluster: usize, shown: &str) -> Option<AccountPower> {
        let known = self.roles(cluster, shown)?;
        let might = Might::of(&known.roles, |name| self.role(cluster, name));
        let power = self.power(might, known.as_of, known.path);
        Some(AccountPower { principal: Some(shown.to_owned()), ..power })
    }

    fn of_key(&self, shown: &str) -> Option<AccountPower> {
        let key = self.listed_key(shown)?;
        let power = self.power(Might::of_key(&key.fact)?, key.as_of, key.path.clone());
        Some(AccountPower { api_key: Some(shown.to_owned()), ..power })
    }

    /// Patterns of indices are names, too.
    fn power(&self, might: Might, as_of: Option<Millis>, path: String) -> AccountPower {
        let shown = |list: Vec<String>| if self.joined.pseudonymized { Vec::new() } else { list };
        AccountPower {
            principal: None,
            api_key: None,
            roles: might.roles,
            unknown_roles: might.unknown_roles,
            superuser: might.superuser,
            manages_security: might.manages_security,
            reads: shown(might.reads),
            writes: shown(might.writes),
            run_as: shown(might.run_as),
            as_of: as_of.map(Millis::rfc3339),
            path,
        }
    }

    /// What a row of refusals lacked, in words.
    fn lacks(&self, cluster: usize, row: &Denied) -> Option<Text> {
        let (action, index) = (row.action.as_deref()?, row.index.as_deref().map(|index| self.original(index)));
        if let Some(id) = row.api_key.as_deref() {
            let key = &self.listed_key(id)?.fact;
            let descriptors: Vec<&Privileges> = key.descriptors.as_ref()?.values().collect();
            let limits: Vec<&Privileges> = key.limited_by.iter().flatten().collect();
            let own = (!descriptors.is_empty()).then(|| lack(&descriptors, action, index)).flatten();
            return match own {
                Some(lacking) => Some(words_of("the role descriptors of the key", &lacking, row)),
                None if key.limited_by.is_some() => {
                    let lacking = lack(&limits, action, index)?;
                    Some(words_of("the roles that its owner had when the key was made", &lacking, row))
                }
                None => None,
            };
        }
        let known = self.roles(cluster, row.principal.as_deref()?)?;
        let roles: Option<Vec<&Privileges>> =
            known.roles.iter().map(|name| self.role(cluster, name).map(|role| &role.privileges)).collect();
        Some(words_of("the roles of the account", &lack(&roles?, action, index)?, row))
    }

    /// With what refusals of the anonymous user are answered, where a row is that user's.
    fn anonymous(&self, cluster: usize, row: &Denied) -> Option<u16> {
        let facts = self.joined.context.clusters.get(cluster)?;
        let principal = self.original(row.principal.as_deref()?);
        facts.nodes.keys().find_map(|id| {
            let settings = facts.settings_of(id)?.fact;
            (settings.anonymous_user() == Some(principal)).then(|| anonymous_status(&settings))
        })
    }
}

/// What is lacking, in words.
fn words_of(whose: &'static str, lacking: &Lack, row: &Denied) -> Text {
    let action = Span::name(row.action.as_deref().unwrap_or_default());
    let index = Span::name(row.index.as_deref().unwrap_or_default());
    match lacking {
        Lack::Index { privilege, covered } if covered.is_empty() => {
            text!("{} name no index; {} on {} needs {}", whose, action, index, Span::Code((*privilege).into()))
        }
        Lack::Index { privilege, covered } => text!(
            "{} cover {}, and not {}; {} needs {} on it",
            whose,
            names(covered),
            index,
            action,
            Span::Code((*privilege).into())
        ),
        Lack::Privilege { privilege, has } => {
            text!("{} grant {} on {}; {} needs {}", whose, names(has), index, action, Span::Code((*privilege).into()))
        }
        Lack::Cluster { privilege, has } if has.is_empty() => {
            text!("{} grant no cluster privilege; {} needs {}", whose, action, Span::Code((*privilege).into()))
        }
        Lack::Cluster { privilege, has } => text!(
            "{} grant the cluster privileges {}; {} needs {}",
            whose,
            names(has),
            action,
            Span::Code((*privilege).into())
        ),
    }
}

/// Adds to rows of refusals what their actors lacked.
pub(super) fn explain_denied(joined: &Correlated, rows: &mut [Denied]) {
    if joined.context.is_empty() {
        return;
    }
    let lookup = PowerLookup::of(joined);
    for row in rows {
        let Some(cluster) = cluster_at(joined, row.cluster.as_deref()) else { continue };
        // Patterns of indices are names, and what a sentence holds cannot be replaced.
        row.lacks = if joined.pseudonymized { None } else { lookup.lacks(cluster, row) };
        row.anonymous_status = lookup.anonymous(cluster, row);
    }
}

/// Adds to findings the privileges of those whom they name, and what an underprivileged key lacks.
pub fn powers(joined: &Correlated, findings: &mut [Finding], denied: &[Denied]) {
    if joined.context.is_empty() {
        return;
    }
    let lookup = PowerLookup::of(joined);
    for finding in findings {
        let Some(cluster) = cluster_at(joined, finding.cluster.as_deref()) else { continue };
        let accounts = finding.principals.iter().filter_map(|name| lookup.of_account(cluster, name));
        let keys = finding.api_keys.iter().filter_map(|id| lookup.of_key(id));
        finding.accounts = accounts.chain(keys).collect();
        let mut by_power: Vec<&AccountPower> = finding.accounts.iter().collect();
        by_power.sort_by_key(|power| Reverse((power.superuser, power.manages_security)));
        let mut told: Vec<Text> = by_power.iter().take(TOLD).map(|power| sentence(power)).collect();
        if finding.kind == "api_key_underprivileged" {
            let of_key = denied.iter().filter(|row| row.api_key.as_ref() == finding.api_keys.first());
            for lacks in of_key.filter_map(|row| row.lacks.clone()).take(LACKS) {
                told.push(text!("What is lacking: {}", lacks));
            }
        }
        finding.why.extend(told);
    }
}

/// How powerful somebody is, in a sentence.
fn sentence(power: &AccountPower) -> Text {
    let who = match (&power.principal, &power.api_key) {
        (Some(name), _) => Text::from(Span::principal(name)),
        (None, Some(id)) => text!("API key {}", Span::key(id)),
        (None, None) => Text::new(),
    };
    let mut may = Vec::new();
    if power.superuser {
        may.push(Text::from("is as good as superuser"));
    } else {
        if power.manages_security {
            may.push("may make users, roles and keys of any power".into());
        }
        if !power.reads.is_empty() {
            may.push(text!("may read {}", names(&power.reads)));
        }
        if !power.writes.is_empty() {
            may.push(text!("may write to {}", names(&power.writes)));
        }
    }
    if may.is_empty() {
        may.push("has no privilege on any index that a listing describes".into());
    }
    let mut told = text!("{} {}", who, joined_texts(may.into_iter(), ", "));
    if !power.roles.is_empty() {
        told = told.with(" (roles ").with(names(&power.roles)).with(")");
    }
    if !power.unknown_roles.is_empty() {
        told = told.with("; nothing describes the roles ").with(names(&power.unknown_roles));
    }
    told.with(", says ").with(Span::name(&power.path))
}
