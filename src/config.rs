//! The configuration file (`--config FILE.toml`): thresholds of the findings, and what the user knows of the surroundings.
//! `--print-config` writes one with all defaults, where each comes from, and comments.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::error::Error;
use crate::options::{Cidr, Surroundings, Thresholds};

/// What a configuration file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// Thresholds.
    pub thresholds: Thresholds,
    /// Surroundings.
    pub surroundings: Surroundings,
}

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    surroundings: Blocks,
    findings: Thresholds,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Blocks {
    scanners: Vec<Block>,
    proxies: Vec<Block>,
    service_accounts: Vec<String>,
    internal_networks: Vec<Block>,
}

/// A block of addresses; the parser of the file names the line if it is none.
#[derive(Debug)]
struct Block(Cidr);

impl<'de> Deserialize<'de> for Block {
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
    let text = std::fs::read_to_string(path).map_err(|error| Error::File { path: path.to_owned(), error })?;
    parse(&text).map_err(|error| Error::Option(format!("{}: {error}", path.display())))
}

/// Reads the text of a configuration file.
///
/// # Errors
/// As [`load`], without the name of the file.
pub fn parse(text: &str) -> Result<Config, Error> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let message = error.message();
        Error::Option(line.map_or_else(|| message.to_owned(), |line| format!("line {line}: {message}")))
    })?;
    let blocks = |blocks: Vec<Block>| blocks.into_iter().map(|block| block.0).collect();
    check(&file.findings).map_err(Error::Option)?;
    Ok(Config {
        thresholds: file.findings,
        surroundings: Surroundings {
            scanners: blocks(file.surroundings.scanners),
            proxies: blocks(file.surroundings.proxies),
            service_accounts: file.surroundings.service_accounts,
            internal_networks: blocks(file.surroundings.internal_networks),
        },
    })
}

/// A count of nothing would find everything.
fn check(thresholds: &Thresholds) -> Result<(), String> {
    let values = serde_json::to_value(thresholds).map_err(|error| error.to_string())?;
    for section in Thresholds::SECTIONS {
        for field in section.fields {
            let value = &values[section.name][field.name];
            if value.as_f64().is_none_or(|number| !number.is_finite() || number <= 0.0) {
                return Err(format!("findings.{}.{} must be above 0", section.name, field.name));
            }
        }
    }
    Ok(())
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
    let values = serde_json::to_value(config.thresholds).unwrap_or_default();
    for section in Thresholds::SECTIONS {
        out.push('\n');
        for line in section.about {
            let _ = writeln!(out, "#{line}");
        }
        let _ = writeln!(out, "[findings.{}]", section.name);
        for field in section.fields {
            for line in field.about {
                let _ = writeln!(out, "#{line}");
            }
            let _ = writeln!(out, "# Source: {}", field.source);
            let _ = writeln!(out, "{} = {}", field.name, values[section.name][field.name]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_defaults_are_the_defaults() {
        let text = print(&Config::default());
        assert_eq!(parse(&text).unwrap(), Config::default());
        for section in Thresholds::SECTIONS {
            assert!(text.contains(&format!("[findings.{}]", section.name)), "{text}");
        }
    }

    #[test]
    fn a_file_overrides_what_it_names() {
        let config = parse(
            "[surroundings]\nproxies = [\"10.0.0.5\"]\nservice_accounts = [\"svc\"]\n\n[findings.password_guessing]\nfailures = 50\n",
        )
        .unwrap();
        assert_eq!(config.thresholds.password_guessing.failures, 50);
        assert_eq!(config.thresholds.password_guessing.window_seconds, 600);
        assert!(config.surroundings.proxies[0].contains("10.0.0.5".parse().unwrap()));
        assert_eq!(parse(&print(&config)).unwrap(), config);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, line, part) in [
            ("[findings.password_guessing]\nfailurs = 5\n", "line 2", "failurs"),
            ("[findings]\n\n[findings.guessing]\n", "line 3", "guessing"),
            ("[surroundings]\n\nproxies = [\"10.0.0.0/99\"]\n", "line 3", "10.0.0.0/99"),
            ("[findings.password_guessing]\nfailures = \"five\"\n", "line 2", "u64"),
            ("[findings.password_guessing]\nfailures = -1\n", "line 2", "-1"),
            ("x = \n", "line 1", ""),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(line) && error.contains(part), "{text}: {error}");
        }
        assert!(parse("[findings.password_guessing]\nfailures = 0\n").unwrap_err().to_string().contains("above 0"));
        assert!(load(Path::new("no/such.toml")).unwrap_err().to_string().contains("no/such.toml"));
    }
}
