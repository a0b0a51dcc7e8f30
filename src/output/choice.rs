//! What `--output` and `--format` ask for.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::{Output, Target, shown};
use crate::document::formats::{self, Form, Format};
use crate::document::view::Style;

/// The formats of a verb.
#[derive(Debug)]
pub struct Formats<'f> {
    /// `--format`: overrides extensions.
    pub chosen: Option<&'f str>,
    /// Of standard output, unless chosen.
    pub default: &'static str,
    /// The forms of data that the verb has, beside documents.
    pub forms: &'f [Form],
}

/// Looks of the two kinds of targets.
#[derive(Debug, Clone, Copy)]
pub struct Styles {
    /// As the terminal and the user say.
    pub stdout: Style,
    /// Without colours, as wide as the user says.
    pub file: Style,
}

/// What `--output` asks for, in the order asked; standard output where no file is named.
///
/// # Errors
/// A message for the user where an extension stands for no format, or a file is named twice.
pub fn resolve(files: &[OsString], formats: &Formats<'_>, styles: Styles) -> Result<Vec<Output>, String> {
    let named = |name: &str| formats::named(name, formats.forms).map_err(|known| format!("--format `{name}`: {known}"));
    let chosen = formats.chosen.map(named).transpose()?;
    let default = named(formats.default)?;
    let mut outputs: Vec<Output> = Vec::new();
    for file in files {
        let target = if file == "-" { Target::Stdout } else { Target::File(PathBuf::from(file)) };
        let format = match (chosen, &target) {
            (Some(chosen), _) => chosen,
            (None, Target::Stdout) => default,
            (None, Target::File(path)) => of_extension(path, formats.forms)?,
        };
        if outputs.iter().any(|output| output.target == target) {
            return Err(format!("the output `{}` is named twice", shown(Path::new(file))));
        }
        let style = if target == Target::Stdout { styles.stdout } else { styles.file };
        outputs.push(Output { target, format, style });
    }
    if outputs.is_empty() {
        outputs.push(Output { target: Target::Stdout, format: chosen.unwrap_or(default), style: styles.stdout });
    }
    Ok(outputs)
}

/// The format that a file's extension stands for.
fn of_extension(path: &Path, forms: &[Form]) -> Result<&'static Format, String> {
    let extensions = formats::extensions(forms);
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default().to_ascii_lowercase();
    let ends = |known: &str| name.strip_suffix(known).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
    // Of `layer.navigator.json` the longer one counts.
    let named = extensions.iter().filter(|(known, _)| ends(known)).max_by_key(|(known, _)| known.len());
    named.and_then(|(_, name)| formats::format(name)).ok_or_else(|| {
        let known: Vec<String> = extensions.iter().map(|(extension, _)| format!(".{extension}")).collect();
        format!(
            "the extension of `{}` stands for no format; use one of {}, or name one with --format",
            shown(path),
            known.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styles() -> Styles {
        Styles { stdout: Style { width: 60, color: true, unicode: false, ..Style::default() }, file: Style::default() }
    }

    fn asked(files: &[&str], chosen: Option<&'static str>) -> Result<Vec<(Target, &'static str, Style)>, String> {
        let files: Vec<OsString> = files.iter().map(OsString::from).collect();
        let formats = Formats { chosen, default: "table", forms: &[Form::Json] };
        let outputs = resolve(&files, &formats, styles())?;
        Ok(outputs.into_iter().map(|output| (output.target, output.format.name, output.style)).collect())
    }

    fn output(target: &str, format: &'static str) -> (Target, &'static str, Style) {
        match target {
            "-" => (Target::Stdout, format, styles().stdout),
            path => (Target::File(path.into()), format, styles().file),
        }
    }

    #[test]
    fn the_extension_chooses_unless_the_user_does() {
        assert_eq!(asked(&[], None).unwrap(), [output("-", "table")]);
        assert_eq!(asked(&[], Some("json")).unwrap(), [output("-", "json")]);
        assert_eq!(asked(&["a.TXT", "-"], None).unwrap(), [output("a.TXT", "table"), output("-", "table")]);
        assert_eq!(asked(&["a.txt", "-", "b"], Some("json")).unwrap().len(), 3);
        for wrong in ["a.xyz", "a", ".txt", "txt"] {
            let message = asked(&[wrong], None).unwrap_err();
            assert!(message.contains(wrong) && message.contains(".txt, .json"), "{message}");
        }
        assert!(asked(&[], Some("jsonl")).unwrap_err().contains("table, json, csv"));
        assert!(asked(&["a.txt", "a.txt"], None).unwrap_err().contains("twice"));
    }
}
