//! Whole texts with names in them: paths of inputs, and messages of the server log that were not understood.
//!
//! What is a name in them is not known, so it is the other way round: words that stand in the messages of Elasticsearch itself, in
//! the paths of its files, and numbers stay; everything else becomes a pseudonym.
//!
//! Somebody may be called by such a word, or by a number. Where a name stands (in brackets and quotes, after `user` and its like, in a
//! folder below `home`) it is replaced. Elsewhere it is not, for in a text that everybody knows the pseudonym would be told by its
//! place: in the words of Elasticsearch's own templates it stays, being no name there, and of what Elasticsearch quotes, whose words are
//! anybody's, nothing is shown.

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

/// Stands for a message, or for the rest of it.
const WITHHELD: &str = "(withheld, because it may hold names)";

/// After these a word is no name.
const ARTICLES: [&str; 8] = ["a", "an", "any", "another", "each", "no", "the", "this"];

/// Folders in which each folder has the name of somebody.
const OF_PEOPLE: [&str; 2] = ["home", "users"];

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
        let (mut out, mut is_name) = (String::new(), false);
        for part in path.split_inclusive(['/', '!']) {
            out.push_str(&self.part(names, part, is_name));
            is_name =
                part.strip_suffix('/').is_some_and(|name| OF_PEOPLE.contains(&name.to_ascii_lowercase().as_str()));
        }
        out
    }

    /// A part of a path with what ends it: the longest runs that are known first. `is_name`: it is where somebody's name stands.
    fn part(&self, names: &Pseudonyms, part: &str, is_name: bool) -> String {
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
            let known = (from + 1..bounds.len()).rev().find_map(|to| Some((to, self.known(names, run(to), is_name)?)));
            let (to, shown) = known.unwrap_or_else(|| (from + 1, of_path(names, run(from + 1))));
            out.push_str(&shown);
            from = to;
        }
        out
    }

    /// What stands for a text that is known.
    fn known(&self, names: &Pseudonyms, text: &str, is_name: bool) -> Option<String> {
        if self.kept.contains(text) {
            return Some(text.to_owned());
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(names.address(address).to_string());
        }
        self.texts.get(text).filter(|_| is_name || !PATH_WORDS.contains(text)).cloned()
    }

    /// A message.
    pub(super) fn message(&self, names: &Pseudonyms, message: &str) -> String {
        if message.len() > LONGEST {
            return WITHHELD.to_owned();
        }
        let quoted = reason::quoted_from(message.as_bytes());
        let (mut out, mut word) = (String::new(), String::new());
        // What of `out` is in the words of Elasticsearch's own templates.
        let mut certain = 0;
        let mut within = Within::default();
        let mut last = String::new();
        let ends = |c: char| c.is_whitespace() || "[](){}<>\"`,;=|".contains(c);
        let mut letters = message.char_indices().peekable();
        loop {
            let next = letters.next();
            if let Some((at, c)) = next {
                if at <= quoted {
                    certain = out.len();
                }
                let is_quote =
                    c == '\'' && (word.is_empty() || letters.peek().is_none_or(|(_, next)| !next.is_alphanumeric()));
                if !ends(c) && !is_quote {
                    word.push(c);
                    continue;
                }
            }
            let (end, mark) = next.map_or((message.len(), None), |(at, c)| (at, Some(c)));
            let place = MessagePlace {
                is_name: within.is_name(),
                is_certain: end <= quoted,
                is_label: message[end..]
                    .trim_start_matches([' ', ':', '='])
                    .starts_with(['[', '{', '<', '"', '\'', '`']),
            };
            if !self.word(names, &mut word, &mut last, &place, &mut out) {
                out.truncate(certain);
                out.push_str(WITHHELD);
                return out;
            }
            let Some(mark) = mark else { return out };
            within.pass(mark);
            out.push(mark);
        }
    }

    /// A word of a message, with the marks that end it. Gives whether it can be shown or replaced.
    fn word(
        &self,
        names: &Pseudonyms,
        word: &mut String,
        last: &mut String,
        place: &MessagePlace,
        out: &mut String,
    ) -> bool {
        let text = word.trim_end_matches([':', '.', '!', '?']);
        if !text.is_empty() {
            let lower = text.to_ascii_lowercase();
            let named = place.is_name || BEFORE_NAMES.contains(&last.as_str()) && !NO_NAMES.contains(&lower.as_str());
            let is_somebody = self.texts.contains_key(text);
            let is_number = is_short_number(text);
            let is_word = is_number || MESSAGE_WORDS.contains(&lower) || self.is_class(text);
            let is_kept = self.kept.contains(text) || !text.chars().any(char::is_alphanumeric);
            let is_plain = place.is_certain || place.is_label || ARTICLES.contains(&last.as_str());
            if !is_kept && !named && is_word && is_somebody && !is_plain {
                return false;
            }
            if is_kept || is_number && !is_somebody || !named && is_word {
                out.push_str(text);
            } else {
                out.push_str(&of_message(names, text));
            }
            // `user [x]`, `user name x`: what stands between is none of them.
            *last = lower;
        }
        out.push_str(&word[text.len()..]);
        word.clear();
        true
    }

    /// The class of an exception.
    fn is_class(&self, text: &str) -> bool {
        let of_elasticsearch = text.starts_with("org.elasticsearch.") || text.starts_with("java.");
        let simple = text.ends_with("Exception") && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (of_elasticsearch || simple) && !self.texts.contains_key(text)
    }
}

/// Where a word of a message stands.
struct MessagePlace {
    /// Within brackets or quotes.
    is_name: bool,
    /// In a template of Elasticsearch's.
    is_certain: bool,
    /// Before brackets or quotes: it says what stands in them.
    is_label: bool,
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
        // Somebody's name stands below `home`, whatever it is.
        assert_eq!(known.path(&names, "/home/audit/audit.json"), format!("/home/{}/audit.json", text("audit")));
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
            assert_eq!(known.message(&names, message), shown.unwrap_or_else(|| message.to_owned()));
        }
        assert_eq!(known.message(&names, &"a".repeat(LONGEST + 1)), WITHHELD);
    }

    #[test]
    fn names_that_are_ordinary_words_are_replaced_or_not_shown() {
        let names = names();
        let text = |text: &str| names.text(text.as_bytes());
        let shown = |text: &str| (text.to_owned(), names.text(text.as_bytes()));
        let known = KnownTexts {
            texts: ["user", "realm", "failed", "4711"].into_iter().map(shown).collect(),
            kept: ["ldap1"].into_iter().map(str::to_owned).collect(),
        };
        let begin = "Authentication to realm ldap1 failed - ";
        for (rest, shown) in [
            ("the user was not found", Some("the user was not found".to_owned())),
            ("no such user", None),
            ("user [user] is not a realm of [30]", Some(format!("user [{}] is not a realm of [30]", text("user")))),
            ("user [user] was denied by this realm", Some(format!("user [{}] was denied by this realm", text("user")))),
            ("refused for 'realm'", Some(format!("refused for '{}'", text("realm")))),
            ("principal=realm, code=30", Some(format!("principal={}, code=30", text("realm")))),
            ("realm: [ldap1]", Some("realm: [ldap1]".to_owned())),
            ("user name realm was denied", None),
            ("realm was denied", None),
            ("denied for realm", None),
            ("denied after 4711 tries", None),
            ("account 4711", Some(format!("account {}", text("4711")))),
            ("Realm unknown", Some("Realm unknown".to_owned())),
        ] {
            let shown = shown.unwrap_or_else(|| WITHHELD.to_owned());
            assert_eq!(known.message(&names, &format!("{begin}{rest}")), format!("{begin}{shown}"), "{rest}");
        }
        // Of a text that is nobody's template everything may be a name.
        assert_eq!(known.message(&names, "could not be asked: realm"), WITHHELD);
    }
}
