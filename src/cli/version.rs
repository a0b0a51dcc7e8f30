//! `--version -v`: what the program was built from.

use std::ffi::OsString;
use std::fmt::Write as _;

use crate::manifest;

/// The build in a few lines, if `arguments` (the program's name first) ask for nothing but the version and more of it, in any
/// order.
pub(super) fn asked(arguments: &[OsString]) -> Option<Vec<u8>> {
    let (mut version, mut more) = (false, false);
    for argument in arguments.iter().skip(1) {
        match argument.to_str()? {
            "--version" | "-V" => version = true,
            "--verbose" | "-v" => more = true,
            "-Vv" | "-vV" => (version, more) = (true, true),
            _ => return None,
        }
    }
    (version && more).then(|| text().into_bytes())
}

fn text() -> String {
    let build = manifest::build();
    let parquet = if cfg!(feature = "parquet") { "parquet" } else { "none" };
    let mut text = format!("{} {}\n", build.name, build.version);
    for (name, value) in [
        ("commit", build.commit.as_deref().unwrap_or("not known")),
        ("target", &build.target),
        ("profile", &build.profile),
        ("compiler", env!("ESAUDIT_RUSTC")),
        ("features", parquet),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<9} {value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<String> {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        asked(&arguments).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn the_build_is_told_to_whoever_asks_for_no_more() {
        for line in ["esaudit --version -v", "esaudit -v -V", "esaudit -Vv", "esaudit --verbose --version"] {
            let text = told(line).unwrap();
            assert!(text.starts_with(concat!("esaudit ", env!("CARGO_PKG_VERSION"), "\ncommit ")), "{text}");
            assert!(text.contains("\ncompiler  rustc 1."), "{text}");
        }
        for line in ["esaudit", "esaudit --version", "esaudit -v", "esaudit -V report -v"] {
            assert_eq!(told(line), None);
        }
    }
}
