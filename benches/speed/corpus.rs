//! What is measured on: logs that the generator of this package writes into a temporary folder when a bench first asks.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use std::sync::LazyLock;

use esaudit::internals::lines::{Chunk, lines, read_range};
use esaudit::internals::options::Options;

/// Thirteen lines in a hundred belong to failures: a busy cluster, not a flood.
const BUSY: &[&str] = &["--failure-share", "0.13"];

/// Nine in ten do.
const FLOODED: &[&str] = &["--failure-share", "0.9"];

/// Enough to outgrow the caches, little enough that a bench of one stage takes seconds.
const STAGE: &[&str] = &["--bytes", "24MB"];

/// Enough that what a run costs however little it reads does not show.
const WHOLE: &[&str] = &["--bytes", "120MB"];

/// Lines of each of the small files.
const SMALL_LINES: usize = 20;

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

/// Makes a cluster's logs, unless this run made them before, and gives their folder.
pub(crate) fn generate(name: &str, options: &[&[&str]]) -> PathBuf {
    let out = folder().join(name);
    if out.exists() {
        return out;
    }
    let fixed = ["--out".as_ref(), out.as_os_str()]
        .into_iter()
        .chain(["--seed", "1", "--days", "1"].map(|option| option.as_ref()));
    let made = esaudit_gen::command(fixed.chain(options.concat().into_iter().map(|option| option.as_ref())));
    made.expect("the generator makes a corpus");
    out
}

/// One plain file.
pub(crate) static PLAIN_1: LazyLock<PathBuf> = LazyLock::new(|| generate("plain-1", &[WHOLE, BUSY, &["--nodes", "1"]]));

/// Eight plain files.
pub(crate) static PLAIN_8: LazyLock<PathBuf> = LazyLock::new(|| generate("plain-8", &[WHOLE, BUSY, &["--nodes", "8"]]));

/// One gzip file.
pub(crate) static GZIP_1: LazyLock<PathBuf> =
    LazyLock::new(|| generate("gzip-1", &[WHOLE, BUSY, &["--nodes", "1", "--gzip", "all"]]));

/// Eight gzip files.
pub(crate) static GZIP_8: LazyLock<PathBuf> =
    LazyLock::new(|| generate("gzip-8", &[WHOLE, BUSY, &["--nodes", "8", "--gzip", "all"]]));

/// One plain file, nine lines in ten of failures.
pub(crate) static FLOOD_1: LazyLock<PathBuf> =
    LazyLock::new(|| generate("flood-1", &[WHOLE, FLOODED, &["--nodes", "1"]]));

/// One container log a node.
pub(crate) static DOCKER: LazyLock<PathBuf> =
    LazyLock::new(|| generate("docker", &[WHOLE, BUSY, &["--shape", "docker"]]));

/// Ten thousand small plain files in one folder.
pub(crate) static SMALL: LazyLock<PathBuf> = LazyLock::new(|| cut("small", 10_000));

/// One file of twenty lines.
pub(crate) static TWENTY: LazyLock<PathBuf> = LazyLock::new(|| cut("twenty", 1));

/// The first lines of [`PLAIN_1`], twenty in each of so many files.
fn cut(name: &str, count: usize) -> PathBuf {
    let out = folder().join(name);
    fs::create_dir(&out).expect("a folder for the files");
    let text = read(&files(&PLAIN_1, "_audit"));
    let all: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    let cut: Vec<_> = all.chunks_exact(SMALL_LINES).take(count).collect();
    assert_eq!(cut.len(), count, "enough lines for the files");
    for (number, part) in cut.into_iter().enumerate() {
        fs::write(out.join(format!("{number:05}.json")), part.concat()).expect("a file");
    }
    out
}

/// Three nodes, plain files, for the stages.
pub(crate) static BUSY_LOG: LazyLock<PathBuf> = LazyLock::new(|| generate("busy", &[STAGE, BUSY]));

/// The same in a flood of failures.
pub(crate) static FLOOD_LOG: LazyLock<PathBuf> = LazyLock::new(|| generate("flood", &[STAGE, FLOODED]));

/// The same with every kind of incident.
pub(crate) static PLANTED_LOG: LazyLock<PathBuf> = LazyLock::new(|| generate("planted", &[STAGE, &["--plant", "all"]]));

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

/// The text of files, one after the other.
pub(crate) fn read(paths: &[PathBuf]) -> Vec<u8> {
    assert!(!paths.is_empty(), "the corpus has such files");
    paths.iter().flat_map(|path| fs::read(path).expect("a file of the corpus")).collect()
}

/// The text of one node's audit log.
pub(crate) static NATIVE_TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| read(&files(&BUSY_LOG, "_audit")[..1]));

/// The same in a flood.
pub(crate) static FLOOD_TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| read(&files(&FLOOD_LOG, "_audit")[..1]));

/// The lines of a text.
pub(crate) fn count_lines(text: &[u8]) -> usize {
    lines(text).count()
}

/// The chunks of the audit logs in a folder: the name of the file, the place in it, the chunk.
pub(crate) fn chunks(folder: &Path, options: &Options) -> Vec<(String, u32, Chunk)> {
    let mut found = Vec::new();
    for path in files(folder, "_audit") {
        let file = File::open(&path).expect("a file of the corpus");
        let len = file.metadata().expect("its length").len();
        for (seq, at) in (0..).zip((0..len).step_by(options.chunk_size)) {
            let mut chunk = Chunk::default();
            let end = (at + options.chunk_size as u64).min(len);
            read_range(&file, at..end, len, options.max_line, &mut chunk).expect("a range of the file");
            found.push((path.display().to_string(), seq, chunk));
        }
    }
    found
}
