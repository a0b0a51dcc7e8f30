//! Signatures of reports: whoever has the public key checks them, with this program or with minisign.

use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::python::tool_is_missing;
use test_support::{Inputs, esaudit};

/// A folder with a log, keys and a signed report; `None` where minisign is missing.
struct Signed {
    inputs: Inputs,
    report: PathBuf,
}

impl Signed {
    fn new() -> Option<Self> {
        if tool_is_missing("minisign") {
            return None;
        }
        let inputs = Inputs::of(&[("a.json", &[test_support::line::failed(0, "r")])]);
        let at = |name: &str| inputs.path().join(name).to_str().unwrap().to_owned();
        for name in ["mine", "other"] {
            let (public, secret) = (at(&format!("{name}.pub")), at(&format!("{name}.key")));
            assert!(minisign(&["-G", "-W", "-f", "-p", &public, "-s", &secret]));
        }
        let output = esaudit(&["report", &at("a.json"), "-o", &at("r.json"), "--sign", &at("mine.key")]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let report = PathBuf::from(at("r.json"));
        Some(Self { inputs, report })
    }

    fn at(&self, name: &str) -> String {
        self.inputs.path().join(name).to_str().unwrap().to_owned()
    }

    /// What this program and minisign say.
    fn checked(&self, key: &str) -> (bool, bool) {
        let (report, key) = (self.at("r.json"), self.at(key));
        let own = esaudit(&["verify", &report, "--key", &key]);
        assert!(matches!(own.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&own.stderr));
        (own.status.success(), minisign(&["-V", "-q", "-p", &key, "-m", &report]))
    }
}

fn minisign(arguments: &[&str]) -> bool {
    Command::new("minisign").args(arguments).output().unwrap().status.success()
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from));
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn minisign_checks_what_is_signed() {
    let Some(signed) = Signed::new() else { return };
    assert_eq!(signed.checked("mine.pub"), (true, true));
    assert_eq!(signed.checked("other.pub"), (false, false));
    // The key itself instead of its file.
    let key = std::fs::read_to_string(signed.at("mine.pub")).unwrap().lines().nth(1).unwrap().to_owned();
    assert!(esaudit(&["verify", &signed.at("r.json"), "--key", &key]).status.success());
    // What minisign signed is good, too.
    assert!(minisign(&["-S", "-s", &signed.at("other.key"), "-m", &signed.at("r.json")]));
    assert_eq!(signed.checked("other.pub"), (true, true));
}

#[test]
fn a_report_that_was_forged_with_all_its_hashes_is_found() {
    let Some(signed) = Signed::new() else { return };
    // The forger has the program: a report of another log, with a manifest of its own.
    let forged = signed.inputs.path().join("b.json");
    std::fs::write(&forged, test_support::line::failed(5, "s") + "\n").unwrap();
    let output = esaudit(&["report", forged.to_str().unwrap(), "-o", &signed.at("r.json"), "--manifest"]);
    assert!(output.status.success());
    assert!(esaudit(&["verify", &signed.at("r.json")]).status.success(), "hashes alone do not tell");
    assert_eq!(signed.checked("mine.pub"), (false, false));
}

#[test]
fn a_comment_or_a_signature_that_was_changed_is_found() {
    let Some(signed) = Signed::new() else { return };
    let beside = signed.inputs.path().join("r.json.minisig");
    edit(&beside, "file:r.json", "file:q.json");
    assert_eq!(signed.checked("mine.pub"), (false, false));
    for damaged in
        ["", "untrusted comment: x\n", "a\nb\nc\nd\n", "untrusted comment: x\nRUQ=\ntrusted comment: y\nAAAA\n"]
    {
        std::fs::write(&beside, damaged).unwrap();
        assert_eq!(signed.checked("mine.pub"), (false, false), "{damaged}");
    }
    std::fs::remove_file(&beside).unwrap();
    assert_eq!(signed.checked("mine.pub"), (false, false));
}

#[test]
fn what_cannot_be_signed_is_said_before_anything_is_read() {
    let Some(signed) = Signed::new() else { return };
    let (log, key) = (signed.at("a.json"), signed.at("mine.key"));
    let said = |arguments: &[&str], status: i32, word: &str| {
        let output = esaudit(&[&["report", &log], arguments].concat());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{text}");
        assert!(text.contains(word), "{text}");
    };
    said(&["--sign", &key], 64, "-o");
    said(&["--sign", &key, "--format", "csv", "--table", "all", "-o", &signed.at("new")], 64, "folder");
    let new = signed.at("new.json");
    said(&["--sign", &signed.at("mine.pub"), "-o", &new], 2, "secret key");
    said(&["--sign", &signed.at("nothing"), "-o", &new], 2, "nothing");
    assert!(!Path::new(&new).exists());
    // The signature would replace a file of somebody else.
    std::fs::write(signed.at("new.json.minisig"), "mine").unwrap();
    said(&["--sign", &key, "-o", &new], 64, "not of this program");
    // An earlier signature is replaced with its report.
    said(&["--sign", &key, "-o", signed.report.to_str().unwrap()], 0, "");
    assert_eq!(signed.checked("mine.pub"), (true, true));
}
