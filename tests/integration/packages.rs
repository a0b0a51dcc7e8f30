//! What a release is packed with: the image and the archive of the sources hold what a build reads, the formula is whole, scripts
//! are clean.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use test_support::{python, root};

/// Files outside of `src` that a build reads: those that sources include, and those that `Cargo.toml` names.
fn read_by_a_build() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["Cargo.toml", "Cargo.lock", "build.rs", "src/main.rs"].map(PathBuf::from).into();
    for file in glob::glob("src/**/*.rs").unwrap().map(Result::unwrap) {
        let text = fs::read_to_string(&file).unwrap();
        for included in text.split("!(\"../../").skip(1) {
            let name = Path::new("../..").join(included.split('"').next().unwrap());
            let mut path = PathBuf::new();
            for part in file.parent().unwrap().join(name).components() {
                if part == Component::ParentDir { assert!(path.pop()) } else { path.push(part) }
            }
            found.push(path);
        }
    }
    let manifest: toml::Table = fs::read_to_string("Cargo.toml").unwrap().parse().unwrap();
    for member in manifest["workspace"]["members"].as_array().unwrap() {
        found.push(Path::new(member.as_str().unwrap()).join("Cargo.toml"));
    }
    for bench in manifest["bench"].as_array().unwrap() {
        found.push(Path::new("benches").join(bench["name"].as_str().unwrap()).join("main.rs"));
    }
    assert!(found.iter().all(|path| path.is_file()), "{found:?}");
    assert!(found.iter().any(|path| path.starts_with("testdata")), "{found:?}");
    found
}

#[test]
fn the_image_is_built_of_what_a_build_reads() {
    let dockerfile = fs::read_to_string("contrib/container/Dockerfile").unwrap();
    let copied: Vec<(&str, &str)> = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("COPY ").filter(|line| !line.starts_with("--")))
        .flat_map(|line| {
            let (sources, target) = line.rsplit_once(' ').unwrap();
            sources.split(' ').map(move |source| (source, target))
        })
        .collect();
    for (source, target) in &copied {
        // Where a build looks for it, too.
        let path = Path::new(source);
        let place = if path.is_dir() { path } else { path.parent().unwrap() };
        assert_eq!(Path::new(target), if place == Path::new("") { Path::new(".") } else { place }, "{source}");
    }
    assert!(dockerfile.contains("&& contrib/package/build.sh "));
    for path in read_by_a_build()
        .into_iter()
        .chain(["build.sh", "environment.sh"].map(|name| Path::new("contrib/package").join(name)))
    {
        assert!(copied.iter().any(|(source, _)| path.starts_with(source)), "{} is not copied", path.display());
    }
}

#[test]
fn the_archive_of_the_sources_has_what_a_build_reads() {
    let project: toml::Table = fs::read_to_string("pyproject.toml").unwrap().parse().unwrap();
    for pattern in project["tool"]["maturin"]["exclude"].as_array().unwrap() {
        let pattern = glob::Pattern::new(pattern.as_str().unwrap()).unwrap();
        for path in read_by_a_build() {
            assert!(!pattern.matches_path(&path), "{pattern} leaves {} out", path.display());
        }
    }
}

/// Of the checksums of a release; where one is missing there is no formula, for it would be one that nobody can install.
#[test]
fn the_formula_has_every_checksum() {
    let folder = tempfile::tempdir().unwrap();
    let sums = folder.path().join("SHA256SUMS");
    let targets =
        ["aarch64-apple-darwin", "x86_64-apple-darwin", "aarch64-unknown-linux-musl", "x86_64-unknown-linux-musl"];
    let line = |(at, target): (usize, &str)| format!("{at:064}  esaudit-1.2.3-{target}.tar.gz\n");
    let formula = |lines: String| {
        fs::write(&sums, lines).unwrap();
        Command::new("contrib/package/formula.sh").arg("1.2.3").arg(&sums).output().unwrap()
    };
    let whole = formula(targets.into_iter().enumerate().map(line).collect());
    let text = String::from_utf8(whole.stdout).unwrap();
    assert!(whole.status.success() && !text.contains('@'), "{text}");
    for (at, target) in targets.into_iter().enumerate() {
        let found = text.find(&format!("esaudit-1.2.3-{target}.tar.gz\"\n      sha256 \"{at:064}\""));
        assert!(found.is_some(), "{target}: {text}");
        let rest = formula(targets.into_iter().enumerate().filter(|(other, _)| *other != at).map(line).collect());
        assert!(!rest.status.success() && rest.stdout.is_empty(), "without {target}");
    }
}

/// Whatever the modes of the checkout are, which git does not keep.
#[test]
fn an_archive_of_the_same_program_is_the_same_bytes() {
    let pack = |mode: u32| {
        let folder = tempfile::tempdir().unwrap();
        let release = folder.path().join("target/x86_64-unknown-linux-gnu/release");
        for folder in [release.clone(), folder.path().join("contrib/package")] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(release.join("esaudit"), "the program").unwrap();
        for name in ["Cargo.toml", "LICENSE", "README.md", "CHANGELOG.md", "contrib/package/package.sh"] {
            fs::copy(name, folder.path().join(name)).unwrap();
            fs::set_permissions(folder.path().join(name), Permissions::from_mode(mode)).unwrap();
        }
        let done = Command::new("sh")
            .args(["contrib/package/package.sh", "x86_64-unknown-linux-gnu"])
            .current_dir(folder.path())
            .env("ESAUDIT", env!("CARGO_BIN_EXE_esaudit"))
            .env("SOURCE_DATE_EPOCH", "1772323200")
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let name = format!("esaudit-{}-x86_64-unknown-linux-gnu.tar.gz", env!("CARGO_PKG_VERSION"));
        fs::read(folder.path().join("target/package").join(name)).unwrap()
    };
    assert!(pack(0o644) == pack(0o600));
}

#[test]
fn scripts_are_clean() {
    if python::tool_is_missing("shellcheck") {
        return;
    }
    let mut scripts: Vec<PathBuf> = glob::glob("contrib/package/*.sh").unwrap().map(Result::unwrap).collect();
    scripts.extend([".ci/run", "contrib/nightly/esaudit-nightly.sh"].map(|script| root().join(script)));
    assert!(scripts.len() > 4, "{scripts:?}");
    let output = Command::new("shellcheck").arg("-x").args(scripts).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
