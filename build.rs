//! Tells the program what it was built from, for manifests of evidence.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ESAUDIT_COMMIT");
    let of_cargo = |name: &str| std::env::var(name).unwrap_or_default();
    let profile = of_cargo("PROFILE");
    println!("cargo::rustc-env=ESAUDIT_TARGET={}", of_cargo("TARGET"));
    println!("cargo::rustc-env=ESAUDIT_PROFILE={profile}");
    println!("cargo::rustc-env=ESAUDIT_RUSTC={}", compiler(&of_cargo("RUSTC")).unwrap_or_default());
    // Builds for trying things out are not made anew after every commit.
    let commit = std::env::var("ESAUDIT_COMMIT").ok().or_else(|| if profile == "release" { commit() } else { None });
    println!("cargo::rustc-env=ESAUDIT_COMMIT={}", commit.unwrap_or_default());
}

/// What the compiler says of itself: `rustc 1.95.0 (59807616e 2026-04-14)`.
fn compiler(rustc: &str) -> Option<String> {
    let output = Command::new(rustc).arg("--version").output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// The commit of this folder, if it is the root of a git work tree and git is there; `-dirty` where files differ from it.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    };
    // A package unpacked somewhere below another repository is not of that repository.
    if !git(&["rev-parse", "--show-prefix"])?.is_empty() {
        return None;
    }
    for name in ["HEAD", "logs/HEAD", "index"] {
        println!("cargo::rerun-if-changed={}", git(&["rev-parse", "--git-path", name])?);
    }
    let dirty = if git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty() { "" } else { "-dirty" };
    Some(format!("{}{dirty}", git(&["rev-parse", "HEAD"])?))
}
