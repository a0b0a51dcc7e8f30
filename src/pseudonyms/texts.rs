//! Whole texts with names in them: paths of inputs, and messages of the server log that were not understood.
//!
//! What is a name in them is not known, so it is the other way round: words that stand in the messages of Elasticsearch itself, in
//! the paths of its files, and numbers stay; everything else becomes a pseudonym. A word of these stays also where somebody is
//! called so: to replace it in a text that everybody knows would tell what the pseudonym stands for.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::LazyLock;

use super::Pseudonyms;
use crate::decode::reason;

/// Words in the names of log files, of their folders and of what they are packed in.
const OF_PATHS: &str = "\
    access api archive audit backup bak bz2 case cat cluster container containers csv current data deprecation dev \
    docker dump elastic elasticsearch es esa events evidence export filebeat gc gz home host hosts incident index \
    input jsonl json keys kubernetes lib list listing local log logs logstash lz4 master mnt ndjson node nodes old \
    opensearch opt pod pods pub root run security server share slowlog snappy srv stderr stdin stdout sz tar tgz tmp \
    txt usr var volume volumes xz zip zst";

/// Words of messages beside those in the templates of the messages that are understood.
const OF_MESSAGES: &str = "\
    a about after again all already also an and another any anonymous are as at attempt attempting audit \
    authenticate authenticated authenticating authentication authorization authorize available back bad be because \
    been before being bind bound but by bytes cache cached call can can't cannot caused certificate chain change \
    changed check checking client closed closing code com configuration configured connect connected connection \
    could couldn't credential credentials current data date default deleted denied did directory disabled do \
    document does doesn't done due during each elasticsearch empty enabled end entry error exception expected \
    expired extract fail failed failing failure failures falling file for found from get group groups had has have \
    header host hour hours http https id if ignored ignoring in index initialize invalid invalidated is isn't it its \
    java key keytab known last ldap less limit list load loaded loading log login lookup mapped mapping match \
    matched may message metadata method millis minute minutes missing ms more must name native no node none not null \
    object of on one only or org org.elasticsearch other out owner password path pem perform permission pki port \
    present principal process provider query range read ready realm reason reasons received refresh refused reject \
    rejected rejecting remote request requests reserved resolve resolved response result retrieve retry role roles \
    saml scheme search second seconds secure security server service session set shard should signature since size \
    ssl start started state status still store such supported system than that the their there this thread time \
    timeout timed tls to token tokens too transport tried try trust trusted type unable unauthorized unavailable \
    unexpected unknown unsupported until update updated updating use used user username users uses using valid \
    validate validation value version via was wasn't when which while will with within without write wrong xpack";

/// After these a name stands, also one that is an ordinary word,
const BEFORE_NAMES: [&str; 7] = ["account", "dn", "named", "principal", "uid", "user", "username"];

/// but for these.
const NO_NAMES: [&str; 20] = [
    "and", "are", "be", "cannot", "could", "did", "does", "doesn't", "for", "from", "has", "have", "in", "is", "isn't",
    "name", "not", "or", "was", "with",
];

/// A message that is longer is withheld whole.
const LONGEST: usize = 16 << 10;

/// Numbers with more digits may name somebody.
const DIGITS: usize = 8;

/// Runs of letters and digits in one part of a path; one that has more was made to cost time.
const MOST_RUNS: usize = 64;

static PATH_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| OF_PATHS.split_whitespace().collect());

static MESSAGE_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let templates = reason::templates().flat_map(|template| template.text.split(|c: char| !c.is_ascii_alphabetic()));
    OF_MESSAGES.split_whitespace().chain(templates).map(str::to_ascii_lowercase).collect()
});

/// What is replaced, and what is not.
#[derive(Debug, Default)]
pub(super) struct KnownTexts {
    /// Originals, and what stands for them.
    pub(super) texts: HashMap<String, String>,
    /// Names that stay: those of realms, nodes and clusters.
    pub(super) kept: HashSet<String>,
}

fn is_short_number(word: &str) -> bool {
    word.len() <= DIGITS && word.bytes().all(|byte| byte.is_ascii_digit())
}

impl KnownTexts {
    /// A path of an input.
    pub(super) fn path(&self, names: &Pseudonyms, path: &str) -> String {
        path.split_inclusive(['/', '!']).map(|part| self.part(names, part)).collect()
    }

    /// A part of a path with what ends it: the longest runs that are known first.
    fn part(&self, names: &Pseudonyms, part: &str) -> String {
        let is_word = |c: char| c.is_alphanumeric();
        let mut bounds: Vec<usize> = vec![0];
        let mut last = None;
        for (at, c) in part.char_indices() {
            if last.is_some_and(|last| last != is_word(c)) {
                bounds.push(at);
            }
            last = Some(is_word(c));
        }
        bounds.push(part.len());
        if bounds.len() > MOST_RUNS {
            return names.text(part.as_bytes());
        }
        let mut out = String::new();
        let mut from = 0;
        while from + 1 < bounds.len() {
            let run = |to: usize| &part[bounds[from]..bounds[to]];
            let known = (from + 1..bounds.len()).rev().find_map(|to| Some((to, self.known(names, run(to))?)));
            let (to, shown) = known.unwrap_or_else(|| (from + 1, of_path(names, run(from + 1))));
            out.push_str(&shown);
            from = to;
        }
        out
    }

    /// What stands for a text that is known.
    fn known(&self, names: &Pseudonyms, text: &str) -> Option<String> {
        if self.kept.contains(text) {
            return Some(text.to_owned());
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(names.address(address).to_string());
        }
        self.texts.get(text).filter(|_| !PATH_WORDS.contains(text)).cloned()
    }

    /// A message; `None` where it is too long to be looked at.
    pub(super) fn message(&self, names: &Pseudonyms, message: &str) -> Option<String> {
        if message.len() > LONGEST {
            return None;
        }
        let (mut out, mut word) = (String::new(), String::new());
        let mut within = Within::default();
        let mut last = String::new();
        let ends = |c: char| c.is_whitespace() || "[](){}<>\"`,;=|".contains(c);
        let mut letters = message.chars().peekable();
        while let Some(c) = letters.next() {
            let is_quote = c == '\'' && (word.is_empty() || letters.peek().is_none_or(|next| !next.is_alphanumeric()));
            if !ends(c) && !is_quote {
                word.push(c);
                continue;
            }
            self.word(names, &mut word, &mut last, within.is_name(), &mut out);
            within.pass(c);
            out.push(c);
        }
        self.word(names, &mut word, &mut last, within.is_name(), &mut out);
        Some(out)
    }

    /// A word of a message, with the marks that end it.
    fn word(&self, names: &Pseudonyms, word: &mut String, last: &mut String, is_name: bool, out: &mut String) {
        let text = word.trim_end_matches([':', '.', '!', '?']);
        if !text.is_empty() {
            let lower = text.to_ascii_lowercase();
            let named = is_name || BEFORE_NAMES.contains(&last.as_str()) && !NO_NAMES.contains(&lower.as_str());
            let stays = self.kept.contains(text)
                || is_short_number(text)
                || !text.chars().any(char::is_alphanumeric)
                || !named && (MESSAGE_WORDS.contains(&lower) || self.is_class(text));
            if stays {
                out.push_str(text);
            } else {
                out.push_str(&of_message(names, text));
            }
            // `user [x]`, `user name x`: what stands between is none of them.
            *last = lower;
        }
        out.push_str(&word[text.len()..]);
        word.clear();
    }

    /// The class of an exception.
    fn is_class(&self, text: &str) -> bool {
        let of_elasticsearch = text.starts_with("org.elasticsearch.") || text.starts_with("java.");
        let simple = text.ends_with("Exception") && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (of_elasticsearch || simple) && !self.texts.contains_key(text)
    }
}

/// Whether a place of a message is within brackets or quotes, where names stand.
#[derive(Default)]
struct Within {
    brackets: usize,
    quote: Option<char>,
}

impl Within {
    fn is_name(&self) -> bool {
        self.brackets > 0 || self.quote.is_some()
    }

    fn pass(&mut self, c: char) {
        match c {
            '[' | '{' | '<' => self.brackets += 1,
            ']' | '}' | '>' => self.brackets = self.brackets.saturating_sub(1),
            '"' | '\'' | '`' => {
                self.quote = match self.quote {
                    Some(open) if open == c => None,
                    open => open.or(Some(c)),
                }
            }
            _ => {}
        }
    }
}

fn of_path(names: &Pseudonyms, run: &str) -> String {
    let stays = !run.chars().any(char::is_alphanumeric)
        || is_short_number(run)
        || PATH_WORDS.contains(run.to_ascii_lowercase().as_str());
    if stays { run.to_owned() } else { names.text(run.as_bytes()) }
}

/// A name, or an address, also with a port or after a slash, as Java writes it.
fn of_message(names: &Pseudonyms, text: &str) -> String {
    let (before, address) = match text.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => ("", text),
    };
    if let Some((host, port)) = address.rsplit_once(':')
        && host.parse::<IpAddr>().is_ok()
        && is_short_number(port)
    {
        return format!("{before}{}:{port}", names.text(host.as_bytes()));
    }
    if address.parse::<IpAddr>().is_ok() {
        return format!("{before}{}", names.text(address.as_bytes()));
    }
    names.text(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Pseudonyms {
        Pseudonyms::new(b"0123456789abcdef").unwrap()
    }

    fn known() -> KnownTexts {
        let names = names();
        let shown = |text: &str| (text.to_owned(), names.text(text.as_bytes()));
        KnownTexts {
            texts: ["alice", "svc-1", "audit"].into_iter().map(shown).collect(),
            kept: ["es-1", "ldap1"].into_iter().map(str::to_owned).collect(),
        }
    }

    #[test]
    fn of_paths_stays_what_everybody_has() {
        let (names, known) = (names(), known());
        let text = |text: &str| names.text(text.as_bytes());
        for (path, shown) in [
            ("/var/log/elasticsearch/es-1/audit-2026-03-01.json.gz", None),
            ("/home/alice/logs/x.json", Some(format!("/home/{}/logs/{}.json", text("alice"), text("x")))),
            ("b.tar!svc-1.log", Some(format!("{}.tar!{}.log", text("b"), text("svc-1")))),
            ("logs/10.1.2.3_audit.json", Some(format!("logs/{}_audit.json", text("10.1.2.3")))),
            ("acme/ACME_123456789", Some(format!("{}/{}_{}", text("acme"), text("ACME"), text("123456789")))),
        ] {
            assert_eq!(known.path(&names, path), shown.unwrap_or_else(|| path.to_owned()));
        }
        let costly = "a-".repeat(1000);
        assert_eq!(known.path(&names, &costly), text(&costly));
    }

    #[test]
    fn of_messages_stays_what_elasticsearch_says() {
        let (names, known) = (names(), known());
        let text = |text: &str| names.text(text.as_bytes());
        for (message, shown) in [
            ("failed to authenticate: could not connect within 30 seconds", None),
            ("realm [ldap1] cannot connect to node [es-1]", None),
            ("user alice was denied", Some(format!("user {} was denied", text("alice")))),
            (
                "failed for [audit] and 'search'",
                Some(format!("failed for [{}] and '{}'", text("audit"), text("search"))),
            ),
            ("the audit log cannot be read", None),
            ("could not find user backup", Some(format!("could not find user {}", text("backup")))),
            ("could not find user search", Some(format!("could not find user {}", text("search")))),
            ("access refused from /10.1.2.3:9300.", Some(format!("access refused from /{}:9300.", text("10.1.2.3")))),
            ("Zebulon doesn't match", Some(format!("{} doesn't match", text("Zebulon")))),
            ("user \"ann marie\"", Some(format!("user \"{} {}\"", text("ann"), text("marie")))),
            ("java.lang.IllegalStateException: bad", None),
        ] {
            assert_eq!(known.message(&names, message).unwrap(), shown.unwrap_or_else(|| message.to_owned()));
        }
        assert_eq!(known.message(&names, &"a".repeat(LONGEST + 1)), None);
    }
}
