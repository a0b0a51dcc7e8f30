//! Which answer a line may be, told by the names of members at its begin.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// What a line may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DumpGuess {
    Manifest,
    Identity,
    Nodes,
    Settings,
    License,
    Users,
    Roles,
    RoleMappings,
    ApplicationPrivileges,
    ApiKeys,
    ServiceAccounts,
    ServiceTokens,
    Certificate,
}

impl DumpGuess {
    /// What is said where it is damaged.
    pub(super) fn broken(self) -> &'static str {
        match self {
            Self::Manifest => "looks like the manifest of support diagnostics, and cannot be read",
            Self::Identity => "looks like the answer of GET /, and cannot be read",
            Self::Nodes => "looks like the answer of GET /_nodes, and cannot be read",
            Self::Settings => "looks like the answer of GET /_cluster/settings, and cannot be read",
            Self::License => "looks like the answer of GET /_license, and cannot be read",
            Self::Users => "looks like the answer of GET /_security/user, and cannot be read",
            Self::Roles => "looks like the answer of GET /_security/role, and cannot be read",
            Self::RoleMappings => "looks like the answer of GET /_security/role_mapping, and cannot be read",
            Self::ApplicationPrivileges => "looks like the answer of GET /_security/privilege, and cannot be read",
            Self::ApiKeys => "looks like a listing of API keys, and cannot be read",
            Self::ServiceAccounts => "looks like the answer of GET /_security/service, and cannot be read",
            Self::ServiceTokens => "looks like the credentials of a service account, and cannot be read",
            Self::Certificate => "looks like the answer of GET /_ssl/certificates, and cannot be read",
        }
    }
}

/// Bytes that are looked at: more than the names take that tell.
const HEAD: usize = 4096;

/// HeadNames with which records of logs and exports begin, and no answer does.
const OF_RECORDS: [&[u8]; 15] = [
    b"type",
    b"@timestamp",
    b"timestamp",
    b"time",
    b"log",
    b"event",
    b"message",
    b"_index",
    b"_id",
    b"_source",
    b"took",
    b"hits",
    b"event.action",
    b"audit_format_version",
    b"cluster.name",
];

/// HeadNames of members: at the top, in the first object below it, and in the first object below that.
#[derive(Debug, Default)]
struct HeadNames<'a> {
    levels: [Vec<&'a [u8]>; 3],
}

impl<'a> HeadNames<'a> {
    /// Walks the begin of an object, which may end anywhere.
    fn of(head: &'a [u8]) -> Self {
        let mut names = Self::default();
        // Of each level that is open: whether a name is due in it, which none is in a list; whether it is the first there.
        let mut open: Vec<(bool, bool)> = Vec::new();
        let mut at = 0;
        let mut key_due = false;
        while let Some(&byte) = head.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    let Some(len) = end_of_text(&head[at..]) else { break };
                    let text = &head[at..at + len];
                    at += len + 1;
                    let depth = open.len();
                    if key_due && (1..=3).contains(&depth) && open.iter().all(|&(_, first)| first) {
                        names.levels[depth - 1].push(text);
                    }
                    key_due = false;
                }
                b'{' | b'[' => {
                    let depth = open.len();
                    // Only below the first object of each level is looked.
                    let first = depth == 0 || byte == b'{' && depth < 3 && names.levels[depth].is_empty();
                    open.push((byte == b'{', first));
                    key_due = byte == b'{';
                }
                b'}' | b']' => {
                    open.pop();
                    if open.is_empty() {
                        break;
                    }
                }
                b',' => key_due = open.last().is_some_and(|&(object, _)| object),
                _ => {}
            }
        }
        names
    }

    fn has(&self, level: usize, all: &[&str]) -> bool {
        all.iter().all(|name| self.levels[level].contains(&name.as_bytes()))
    }
}

/// Where a text ends whose first quote is behind.
fn end_of_text(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', &text[at..])?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
        if at > text.len() {
            return None;
        }
    }
}

/// What a line may be; `None` for what begins as records do, after a look at a few bytes. The only answer that is a list is that
/// of certificates.
pub(crate) fn may_be(line: &[u8]) -> Option<DumpGuess> {
    match line.strip_prefix(b"[") {
        Some(list) => object(list.trim_ascii_start()).filter(|guess| *guess == DumpGuess::Certificate),
        None => object(line),
    }
}

/// What an object may be.
fn object(line: &[u8]) -> Option<DumpGuess> {
    let first = line.strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")?;
    let name = &first[..end_of_text(&first[..first.len().min(256)])?];
    if OF_RECORDS.contains(&name) && !is_manifest(line) {
        return None;
    }
    let names = HeadNames::of(&line[..line.len().min(HEAD)]);
    let top = |all: &[&str]| names.has(0, all);
    let begins = |name: &str| names.levels[0].first() == Some(&name.as_bytes());
    let tests = [
        (DumpGuess::Manifest, top(&["collectionDate"]) || top(&["diagnostic", "timestamp", "product"])),
        (
            DumpGuess::Nodes,
            top(&["nodes"]) && (top(&["_nodes"]) || top(&["cluster_name"]) || names.has(2, &["settings"])),
        ),
        (DumpGuess::Nodes, begins("_nodes") && top(&["cluster_name"])),
        (DumpGuess::Settings, top(&["persistent", "transient"]) || begins("persistent") && !names.levels[0].is_empty()),
        (DumpGuess::License, begins("license") && names.has(1, &["status", "type"])),
        (DumpGuess::ApiKeys, top(&["api_keys"])),
        (DumpGuess::ServiceTokens, top(&["service_account", "count"])),
        (DumpGuess::Certificate, top(&["subject_dn", "expiry"])),
        (DumpGuess::Identity, top(&["cluster_uuid", "tagline"])),
        (DumpGuess::Users, names.has(1, &["username", "roles"])),
        (DumpGuess::Roles, names.has(1, &["cluster", "indices"])),
        (DumpGuess::RoleMappings, names.has(1, &["enabled", "rules"])),
        (DumpGuess::ServiceAccounts, names.has(1, &["role_descriptor"])),
        (DumpGuess::ApplicationPrivileges, names.has(2, &["application", "name", "actions"])),
    ];
    tests.into_iter().find(|(_, met)| *met).map(|(guess, _)| guess)
}

/// Whether a line that begins as records do is the manifest of support diagnostics, whose members stand in any order.
fn is_manifest(line: &[u8]) -> bool {
    /// Built once: nearly every line of a log that the decoder reads is asked.
    static NAMES: LazyLock<[Finder<'static>; 2]> =
        LazyLock::new(|| [&b"\"diagnostic\""[..], b"\"runner\""].map(Finder::new));
    let head = &line[..line.len().min(512)];
    NAMES.iter().all(|name| name.find(head).is_some())
}
