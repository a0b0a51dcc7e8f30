//! The configuration file (`--config FILE.toml`): what the user knows of the surroundings. `--print-config` writes one with
//! all defaults and comments. Thresholds of findings, which 0.1 had, are refused by name: findings are judged against the
//! log itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use crate::error::Error;
use crate::files;
use crate::judge::Kind;
use crate::options::{AddressBook, AddressStanding, Cidr, KnownBlock, Surroundings};

/// What a configuration file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// Surroundings.
    pub surroundings: Surroundings,
}

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    surroundings: AddressBlocks,
    networks: BTreeMap<Spanned<String>, Vec<AddressBlock>>,
    findings: BTreeMap<String, Spanned<BTreeMap<String, Spanned<IgnoredAny>>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AddressBlocks {
    scanners: Vec<AddressBlock>,
    proxies: Vec<AddressBlock>,
    service_accounts: Vec<String>,
    internal_networks: Vec<AddressBlock>,
}

/// A block of addresses; the parser of the file names the line if it is none.
#[derive(Debug)]
struct AddressBlock(Cidr);

impl<'de> Deserialize<'de> for AddressBlock {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Cidr::parse(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Reads a configuration file.
///
/// # Errors
/// A message for the user that names the file, and the line of what is wrong in it: names that are not known are errors, so
/// that a mistyped threshold is not silently the default.
pub fn load(path: &Path) -> Result<Config, Error> {
    let failed = |error| Error::File { path: path.to_owned(), error };
    let text = files::read(path, files::WRITTEN_BY_HAND).map_err(failed)?;
    let text = String::from_utf8(text).map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    parse(&text).map_err(|error| Error::Option(format!("{}: {error}", path.display())))
}

/// Reads the text of a configuration file.
///
/// # Errors
/// As [`load`], without the name of the file.
pub fn parse(text: &str) -> Result<Config, Error> {
    let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let file: File = toml::from_str(text).map_err(|error| {
        let message = error.message();
        let line = error.span().map(|span| line(span.start));
        Error::Option(line.map_or_else(|| message.to_owned(), |line| format!("line {line}: {message}")))
    })?;
    for (section, keys) in &file.findings {
        if section != "general" && Kind::parse(section).is_none() {
            let at = line(keys.span().start);
            return Err(Error::Option(format!("line {at}: unknown section `findings.{section}`")));
        }
        if let Some((key, value)) = keys.get_ref().iter().min_by_key(|(_, value)| value.span().start) {
            let at = line(value.span().start);
            let instead = instead(section, key);
            return Err(Error::Option(format!("line {at}: findings.{section}.{key} no longer applies: {instead}")));
        }
    }
    let blocks = |blocks: Vec<AddressBlock>| blocks.into_iter().map(|block| block.0).collect();
    let listed = [AddressStanding::Good.name(), AddressStanding::Bad.name()];
    if let Some(name) = file.networks.keys().find(|name| listed.contains(&name.get_ref().as_str())) {
        let (at, name) = (line(name.span().start), name.get_ref());
        return Err(Error::Option(format!(
            "line {at}: `{name}` stands for the addresses of lists; name the network otherwise"
        )));
    }
    let network = |(name, blocks): (Spanned<String>, Vec<AddressBlock>)| {
        let name = name.into_inner();
        let known = move |block: AddressBlock| KnownBlock {
            standing: AddressStanding::Own,
            label: Some(name.clone()),
            list: String::new(),
            block: block.0,
        };
        blocks.into_iter().map(known)
    };
    Ok(Config {
        surroundings: Surroundings {
            scanners: blocks(file.surroundings.scanners),
            proxies: blocks(file.surroundings.proxies),
            service_accounts: file.surroundings.service_accounts,
            internal_networks: blocks(file.surroundings.internal_networks),
            known: AddressBook::new(file.networks.into_iter().flat_map(network).collect()),
        },
    })
}

/// What took the place of a threshold.
fn instead(section: &str, key: &str) -> &'static str {
    match (section, key) {
        (_, "steady_spread" | "steady_failures") => {
            "pace tells a program from a person, and no longer an attack from something broken"
        }
        (_, "mistype_failures") => "how people mistype is measured on the log itself (`base_rate` of the report)",
        ("general", _)
        | (_, "window_seconds" | "distributed_window_seconds" | "slow_window_seconds" | "onset_window_seconds") => {
            "campaigns are as wide as they need; what belongs to one is linked by victim, source, network, onset and time"
        }
        ("account_compromise" | "stale_credential", _) => {
            "what the account did before and after at that address decides; say under [surroundings] what you know of it"
        }
        ("mass_invalidation", _) => "keys that existed or were in use count, and the actor's habit",
        _ => {
            "findings are told by how seldom chance makes their like in the log (`expected_by_chance`); \
             use --fail-on SEVERITY, and [surroundings] for scanners, proxies and networks of your own"
        }
    }
}

/// A configuration file with everything in it that can be set.
#[must_use]
pub fn print(config: &Config) -> String {
    let mut out = String::from(
        "# Configuration of esaudit: esaudit report --config FILE.toml LOGS\n\
         # Everything is optional; what is left out keeps its default.\n\n\
         # What you know of your surroundings. Addresses are single ones or blocks such as 10.0.0.0/8 or fd00::/8.\n\
         [surroundings]\n",
    );
    let known = &config.surroundings;
    let blocks = |blocks: &[Cidr]| blocks.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (name, about, values) in [
        ("scanners", "Scanners of your own: what they do is at most info.", blocks(&known.scanners)),
        ("proxies", "Load balancers and proxies: behind them stand many clients.", blocks(&known.proxies)),
        ("service_accounts", "Accounts of programs: they do not mistype.", known.service_accounts.clone()),
        (
            "internal_networks",
            "Your own networks; empty = the private address ranges. Everything else is outside.",
            blocks(&known.internal_networks),
        ),
    ] {
        let _ = writeln!(out, "# {about}\n{name} = {}", serde_json::json!(values));
    }
    out.push_str(
        "\n# Networks of your own by name: shown by it, asked for as `--source @office`, and not outside.\n\
         # office = [\"10.1.0.0/16\", \"2001:db8:1::/48\"]\n[networks]\n",
    );
    for (name, networks) in known.known.networks() {
        let _ = writeln!(out, "{} = {}", serde_json::json!(name), serde_json::json!(blocks(&networks)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_defaults_are_the_defaults() {
        assert_eq!(parse(&print(&Config::default())).unwrap(), Config::default());
    }

    #[test]
    fn a_file_says_what_it_names() {
        let config = parse("[surroundings]\nproxies = [\"10.0.0.5\"]\nservice_accounts = [\"svc\"]\n").unwrap();
        assert!(config.surroundings.proxies[0].contains("10.0.0.5".parse().unwrap()));
        assert_eq!(parse(&print(&config)).unwrap(), config);
    }

    #[test]
    fn networks_have_names() {
        let config = parse("[networks]\noffice = [\"10.1.0.0/16\"]\n\"the lab\" = [\"2001:db8::/32\"]\n").unwrap();
        let known = &config.surroundings.known;
        assert_eq!(known.network("10.1.2.3".parse().unwrap()), Some("office"));
        assert!(!config.surroundings.is_outside("2001:db8::7".parse().unwrap()));
        assert!(config.surroundings.is_outside("198.51.100.7".parse().unwrap()));
        assert_eq!(parse(&print(&config)).unwrap(), config);
        let error = parse("[networks]\n\nbad = [\"10.1.0.0/16\"]\n").unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("`bad`"), "{error}");
    }

    #[test]
    fn thresholds_are_refused_by_name() {
        for (text, key, part) in [
            ("[findings.password_guessing]\nfailures = 50\n", "line 2: findings.password_guessing.failures", "chance"),
            ("[findings.general]\n\nsteady_spread = 0.2\n", "line 3: findings.general.steady_spread", "pace"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains(part), "{error}");
        }
        assert_eq!(parse("[findings.clock_skew]\n").unwrap(), Config::default());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, line, part) in [
            ("[findings]\n\n[findings.guessing]\n", "line 3", "guessing"),
            ("[surroundings]\n\nproxies = [\"10.0.0.0/99\"]\n", "line 3", "10.0.0.0/99"),
            ("[surroundings]\nproxy = []\n", "line 2", "proxy"),
            ("x = \n", "line 1", ""),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(line) && error.contains(part), "{text}: {error}");
        }
        assert!(load(Path::new("no/such.toml")).unwrap_err().to_string().contains("no/such.toml"));
    }
}
