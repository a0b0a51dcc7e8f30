//! What is known of each cluster, out of dumps of any age: of each kind the newest counts.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ApiKey, Certificate, ClusterIdentity, Dump, DumpFacts, License, NodeFacts, Role, RoleMapping, Settings, User,
};
use crate::time::Millis;

/// A fact and when it held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated<T> {
    /// The fact.
    pub fact: T,
    /// When; `None` where nothing tells.
    pub as_of: Option<Millis>,
    /// The input that says it.
    pub path: String,
}

/// The dumps of one folder, which were collected together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    /// Its path, with the separator behind it; empty for files that stand in none.
    pub path: String,
    /// When.
    pub as_of: Option<Millis>,
    /// Of which cluster.
    pub identity: Option<ClusterIdentity>,
    /// Ids of nodes that it names.
    pub nodes: BTreeSet<String>,
}

/// A folder that belongs to none of the clusters in the logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// Its path.
    pub path: String,
    /// Its cluster, if it says.
    pub cluster_uuid: Option<String>,
}

/// What is known of one cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterFacts {
    /// Who it is.
    pub identity: Option<Dated<ClusterIdentity>>,
    /// Users of the native and the reserved realm, by name.
    pub users: Option<Dated<BTreeMap<String, User>>>,
    /// Roles, by name.
    pub roles: Option<Dated<BTreeMap<String, Role>>>,
    /// Role mappings.
    pub mappings: Option<Dated<Vec<RoleMapping>>>,
    /// Settings of the cluster, which override those of nodes.
    pub settings: Option<Dated<Settings>>,
    /// The licence.
    pub license: Option<Dated<License>>,
    /// Nodes, by id.
    pub nodes: BTreeMap<String, Dated<NodeFacts>>,
    /// Service accounts with what they may do, by name.
    pub services: Option<Dated<BTreeMap<String, Role>>>,
    /// Names of tokens, by service account.
    pub tokens: BTreeMap<String, Dated<Vec<String>>>,
    /// Certificates.
    pub certificates: BTreeSet<(Certificate, String)>,
}

/// Everything that dumps say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterContext {
    /// By cluster, as the table of nodes numbers them.
    pub clusters: Vec<ClusterFacts>,
    /// Every dump that was read: kind, path, when, and whether it was used.
    pub read: Vec<(&'static str, String, Option<Millis>, bool)>,
    /// API keys, by id: ids are random, so that no two clusters have the same.
    pub keys: BTreeMap<String, Dated<ApiKey>>,
    /// Folders of other clusters.
    pub unplaced: Vec<Unplaced>,
}

/// The folder of an input: of a member of an archive within that.
fn folder(path: &str) -> &str {
    path.rfind(['/', '\\', '!']).map_or("", |at| &path[..=at])
}

impl ClusterContext {
    /// Puts dumps together. `place` tells the cluster of a folder among `clusters`.
    #[must_use]
    pub fn of(mut dumps: Vec<Dump>, clusters: usize, place: impl Fn(&Folder) -> Option<usize>) -> Self {
        dumps.sort();
        dumps.dedup();
        let folders = folders(&dumps);
        let mut context = Self { clusters: vec![ClusterFacts::default(); clusters], ..Self::default() };
        let mut placed: BTreeMap<&str, Option<usize>> = BTreeMap::new();
        for (path, folder) in &folders {
            let cluster = place(folder).filter(|&at| at < clusters);
            if cluster.is_none() {
                let cluster_uuid = folder.identity.as_ref().and_then(|identity| identity.cluster_uuid.clone());
                context.unplaced.push(Unplaced { path: path.clone(), cluster_uuid });
            }
            placed.insert(path, cluster);
        }
        // The oldest first, so that the newest has the last word; those of no known time count as oldest.
        let mut by_age: Vec<(Option<Millis>, Option<usize>, &Dump)> = Vec::new();
        for dump in dumps.iter().filter(|dump| !matches!(dump.facts, DumpFacts::CollectedAt(_))) {
            let Some((path, folder)) = nearest(&folders, &dump.path) else { continue };
            by_age.push((folder.as_of, placed.get(path.as_str()).copied().flatten(), dump));
        }
        // A copy of a folder, in an archive beside it, says nothing new.
        by_age.sort_by(|a, b| (a.0, a.1, &a.2.facts, &a.2.path).cmp(&(b.0, b.1, &b.2.facts, &b.2.path)));
        by_age.dedup_by(|a, b| (a.0, a.1, &a.2.facts) == (b.0, b.1, &b.2.facts));
        by_age.sort_by(|a, b| (a.0, a.2).cmp(&(b.0, b.2)));
        for (as_of, cluster, dump) in by_age {
            let of_keys = matches!(dump.facts, DumpFacts::ApiKeys(_));
            context.read.push((dump.facts.kind(), dump.path.clone(), as_of, of_keys || cluster.is_some()));
            if let DumpFacts::ApiKeys(keys) = &dump.facts {
                for key in keys {
                    let fact = Dated { fact: key.clone(), as_of, path: dump.path.clone() };
                    context.keys.insert(key.id.clone(), fact);
                }
            }
            if let Some(cluster) = cluster {
                context.clusters[cluster].add(dump, as_of);
            }
        }
        context.read.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
        context.read.dedup();
        context
    }

    /// Changes the paths of inputs.
    pub fn rename_paths(&mut self, mut rename: impl FnMut(&mut String)) {
        self.read.iter_mut().for_each(|(_, path, ..)| rename(path));
        self.unplaced.iter_mut().for_each(|folder| rename(&mut folder.path));
        self.keys.values_mut().for_each(|key| rename(&mut key.path));
        for facts in &mut self.clusters {
            facts.rename_paths(&mut rename);
        }
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read.is_empty()
    }
}

/// The paths of the folders whose dumps say when they were collected, or of which cluster.
#[must_use]
pub fn folders_of_dumps(dumps: &[Dump]) -> BTreeSet<String> {
    let says = |dump: &&Dump| matches!(dump.facts, DumpFacts::CollectedAt(_) | DumpFacts::Identity(_));
    let paths = dumps.iter().filter(says).map(|dump| folder(&dump.path));
    paths.filter(|path| !path.is_empty()).map(str::to_owned).collect()
}

/// Folders with what tells their time and cluster. Files of a folder that does not say belong to the next above that does, as
/// in support diagnostics, where some stand in `commercial`.
fn folders(dumps: &[Dump]) -> BTreeMap<String, Folder> {
    let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
    let says = |dump: &&Dump| matches!(dump.facts, DumpFacts::CollectedAt(_) | DumpFacts::Identity(_));
    for dump in dumps.iter().filter(says) {
        let path = folder(&dump.path);
        let entry =
            folders.entry(path.to_owned()).or_insert_with(|| Folder { path: path.to_owned(), ..Folder::default() });
        match &dump.facts {
            // Of several times the first: what was collected later tells of then, too.
            DumpFacts::CollectedAt(time) => entry.as_of = Some(entry.as_of.map_or(*time, |known| known.min(*time))),
            DumpFacts::Identity(identity) => entry.identity = Some(identity.clone()),
            _ => {}
        }
    }
    for dump in dumps {
        if nearest(&folders, &dump.path).is_none() {
            let path = folder(&dump.path).to_owned();
            folders.insert(path.clone(), Folder { path, ..Folder::default() });
        }
        if let DumpFacts::Nodes(nodes) = &dump.facts {
            let path = nearest(&folders, &dump.path).map(|(path, _)| path.clone()).unwrap_or_default();
            if let Some(entry) = folders.get_mut(&path) {
                entry.nodes.extend(nodes.iter().map(|node| node.id.clone()));
            }
        }
    }
    folders
}

/// The folder of a path, or the nearest above it.
fn nearest<'f>(folders: &'f BTreeMap<String, Folder>, path: &str) -> Option<(&'f String, &'f Folder)> {
    let mut at = folder(path);
    loop {
        if let Some(found) = folders.get_key_value(at) {
            return Some(found);
        }
        if at.is_empty() {
            return None;
        }
        at = folder(&at[..at.len() - 1]);
    }
}

impl ClusterFacts {
    /// Takes what a dump says in place of what older ones did.
    fn add(&mut self, dump: &Dump, as_of: Option<Millis>) {
        let path = &dump.path;
        match &dump.facts {
            DumpFacts::CollectedAt(_) | DumpFacts::ApplicationPrivileges(_) | DumpFacts::ApiKeys(_) => {}
            DumpFacts::Identity(identity) => self.identity = dated(identity.clone(), as_of, path),
            DumpFacts::Nodes(nodes) => {
                for node in nodes {
                    let fact = Dated { fact: node.clone(), as_of, path: path.clone() };
                    self.nodes.insert(node.id.clone(), fact);
                }
            }
            DumpFacts::Settings(settings) => self.settings = dated(settings.clone(), as_of, path),
            DumpFacts::License(license) => self.license = dated(license.clone(), as_of, path),
            DumpFacts::Users(users) => join(&mut self.users, named(users, |user| &user.name), as_of, path),
            DumpFacts::Roles(roles) => join(&mut self.roles, named(roles, |role| &role.name), as_of, path),
            DumpFacts::ServiceAccounts(roles) => {
                join(&mut self.services, named(roles, |role| &role.name), as_of, path);
            }
            DumpFacts::RoleMappings(mappings) => self.mappings = dated(mappings.clone(), as_of, path),
            DumpFacts::ServiceTokens(tokens) => {
                let fact = Dated { fact: tokens.tokens.clone(), as_of, path: path.clone() };
                self.tokens.insert(tokens.account.clone(), fact);
            }
            DumpFacts::Certificates(certificates) => {
                self.certificates.extend(certificates.iter().map(|one| (one.clone(), path.clone())));
            }
        }
    }

    fn rename_paths(&mut self, rename: &mut impl FnMut(&mut String)) {
        let single = [
            self.identity.as_mut().map(|fact| &mut fact.path),
            self.users.as_mut().map(|fact| &mut fact.path),
            self.roles.as_mut().map(|fact| &mut fact.path),
            self.mappings.as_mut().map(|fact| &mut fact.path),
            self.settings.as_mut().map(|fact| &mut fact.path),
            self.license.as_mut().map(|fact| &mut fact.path),
            self.services.as_mut().map(|fact| &mut fact.path),
        ];
        single.into_iter().flatten().for_each(&mut *rename);
        self.nodes.values_mut().for_each(|fact| rename(&mut fact.path));
        self.tokens.values_mut().for_each(|fact| rename(&mut fact.path));
        for (certificate, mut path) in std::mem::take(&mut self.certificates) {
            rename(&mut path);
            self.certificates.insert((certificate, path));
        }
    }

    /// A role by its name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.as_ref()?.fact.get(name)
    }

    /// The settings of a node under those of the cluster, which override them.
    #[must_use]
    pub fn settings_of(&self, node: &str) -> Option<Dated<Settings>> {
        let of_node = self.nodes.get(node)?;
        let settings = match &self.settings {
            Some(of_cluster) => of_node.fact.settings.with(&of_cluster.fact),
            None => of_node.fact.settings.clone(),
        };
        Some(Dated { fact: settings, as_of: of_node.as_of, path: of_node.path.clone() })
    }

    /// Whether the listing of users holds all of them: the built-in ones stand in every full one.
    #[must_use]
    pub fn lists_all_users(&self) -> bool {
        self.users.as_ref().is_some_and(|users| users.fact.values().any(|user| user.reserved))
    }
}

fn dated<T>(fact: T, as_of: Option<Millis>, path: &str) -> Option<Dated<T>> {
    Some(Dated { fact, as_of, path: path.to_owned() })
}

fn named<T: Clone>(list: &[T], name: impl Fn(&T) -> &String) -> BTreeMap<String, T> {
    list.iter().map(|one| (name(one).clone(), one.clone())).collect()
}

/// A newer listing replaces an older one; listings of one time are parts of one.
fn join<T>(
    known: &mut Option<Dated<BTreeMap<String, T>>>,
    listed: BTreeMap<String, T>,
    as_of: Option<Millis>,
    path: &str,
) {
    match known {
        Some(known) if known.as_of == as_of && folder(&known.path) == folder(path) => known.fact.extend(listed),
        _ => *known = dated(listed, as_of, path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(path: &str, facts: DumpFacts) -> Dump {
        Dump { path: path.to_owned(), facts }
    }

    fn users(names: &[&str]) -> DumpFacts {
        let user = |name: &&str| User {
            name: name.to_string(),
            roles: Vec::new(),
            enabled: true,
            reserved: *name == "elastic",
        };
        DumpFacts::Users(names.iter().map(user).collect())
    }

    #[test]
    fn the_newest_counts_and_folders_tell_times() {
        let dumps = vec![
            dump("b.zip!diag/manifest.json", DumpFacts::CollectedAt(Millis(20))),
            dump("b.zip!diag/commercial/security_users.json", users(&["elastic", "new"])),
            dump("a/collected-at.txt", DumpFacts::CollectedAt(Millis(10))),
            dump("a/users.json", users(&["elastic", "old"])),
            dump("undated/users.json", users(&["someone"])),
        ];
        let context = ClusterContext::of(dumps, 1, |_| Some(0));
        let known = context.clusters[0].users.as_ref().unwrap();
        assert_eq!((known.as_of, known.fact.contains_key("new")), (Some(Millis(20)), true));
        assert!(!known.fact.contains_key("old") && context.clusters[0].lists_all_users());
        let times: Vec<_> = context.read.iter().map(|(_, path, as_of, _)| (path.as_str(), *as_of)).collect();
        assert_eq!(times[0], ("a/users.json", Some(Millis(10))));
        assert_eq!(times[2], ("undated/users.json", None));
    }

    #[test]
    fn a_folder_of_another_cluster_is_left_out_and_named() {
        let identity = ClusterIdentity { cluster_uuid: Some("other".into()), ..ClusterIdentity::default() };
        let dumps = vec![dump("x/cluster.json", DumpFacts::Identity(identity)), dump("x/users.json", users(&["a"]))];
        let context = ClusterContext::of(dumps, 1, |folder| folder.identity.is_none().then_some(0));
        assert_eq!(context.clusters[0].users, None);
        assert_eq!(context.unplaced[0].cluster_uuid.as_deref(), Some("other"));
        assert!(context.read.iter().all(|(.., used)| !used));
    }
}
