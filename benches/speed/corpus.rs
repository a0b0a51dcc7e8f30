//! What is measured on: logs that the generator of this package writes into a temporary folder when a bench first asks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// Audit log of a corpus: enough to outgrow the caches, little enough that a bench takes seconds. Thirteen lines in a
/// hundred belong to failures: a busy cluster, not a flood.
const BUSY: &[&str] = &["--bytes", "24MB", "--failure-share", "0.13"];

/// Where the corpora are: below the target folder, made anew by each run.
fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("speed");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the corpora");
        folder
    });
    &FOLDER
}

/// Makes a cluster's logs and gives their folder.
fn generate(name: &str, options: &[&str]) -> PathBuf {
    let out = folder().join(name);
    let status = Command::new(env!("CARGO_BIN_EXE_esaudit-gen"))
        .arg("--out")
        .arg(&out)
        .args(["--seed", "1", "--days", "1"])
        .args(options)
        .stdout(Stdio::null())
        .status()
        .expect("the generator starts");
    assert!(status.success(), "the generator failed");
    out
}

/// Three nodes, plain files.
pub(crate) static PLAIN: LazyLock<PathBuf> = LazyLock::new(|| generate("plain", BUSY));

/// The same, every file compressed, in several files a node.
pub(crate) static GZIP: LazyLock<PathBuf> =
    LazyLock::new(|| generate("gzip", &[BUSY, &["--gzip", "all", "--roll-lines", "8000"]].concat()));

/// The same in one container log a node.
pub(crate) static DOCKER: LazyLock<PathBuf> =
    LazyLock::new(|| generate("docker", &[BUSY, &["--wrap", "docker"]].concat()));

/// Nine lines in ten belong to failures.
pub(crate) static FLOOD: LazyLock<PathBuf> =
    LazyLock::new(|| generate("flood", &["--bytes", "24MB", "--failure-share", "0.9"]));

/// Little audit log, much server log.
static SERVER: LazyLock<PathBuf> =
    LazyLock::new(|| generate("server", &["--rate", "0.1", "--server-log", "--server-rate", "0.05"]));

/// The files below a folder whose names contain `part`, by path.
pub(crate) fn files(folder: &Path, part: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the corpus").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, part));
        } else if entry.file_name().to_string_lossy().contains(part) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(paths: &[PathBuf]) -> Vec<u8> {
    paths.iter().flat_map(|path| fs::read(path).expect("a file of the corpus")).collect()
}

/// The text of one node's audit log.
pub(crate) static NATIVE_TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| read(&files(&PLAIN, "_audit")[..1]));

/// The text of one node's container log.
pub(crate) static DOCKER_TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| read(&files(&DOCKER, "-json")[..1]));

/// The text of the server logs.
pub(crate) static SERVER_TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| read(&files(&SERVER, "_server")));
