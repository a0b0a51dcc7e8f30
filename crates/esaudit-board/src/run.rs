//! Runs the analyser on scenarios, a few at a time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use esaudit_gen::scenario::{KINDS, Kind, make};

use crate::score::{Report, Score, Truth, score};

/// What is run.
pub(crate) enum Job {
    /// A scenario that is made for this run.
    Made(&'static Kind, u64),
    /// A folder with a log and its truth.
    Folder(PathBuf),
}

/// All scenarios of these seeds, of all kinds or of those named.
pub(crate) fn jobs(seeds: (u64, u64), kinds: &[String]) -> Vec<Job> {
    let wanted = |kind: &&'static Kind| kinds.is_empty() || kinds.iter().any(|name| name == kind.name);
    (seeds.0..seeds.1).flat_map(|seed| KINDS.iter().filter(wanted).map(move |kind| Job::Made(kind, seed))).collect()
}

/// The scenario folders in this folder, by name.
pub(crate) fn folders(folder: &Path) -> Result<Vec<Job>, String> {
    let said = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(said)?.collect::<Result<Vec<_>, _>>().map_err(said)?;
    let mut folders: Vec<PathBuf> =
        entries.into_iter().map(|entry| entry.path()).filter(|path| path.join("truth.json").exists()).collect();
    folders.sort();
    Ok(folders.into_iter().map(Job::Folder).collect())
}

/// Runs and scores all of them, in the order given.
pub(crate) fn run(binary: &Path, jobs: &[Job], threads: usize) -> Result<Vec<Score>, String> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                while let Some((at, job)) = next_job(jobs, next) {
                    if send.send((at, one(binary, job))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
    });
    let mut scores: Vec<(usize, Result<Score, String>)> = receive.iter().collect();
    scores.sort_by_key(|(at, _)| *at);
    scores.into_iter().map(|(_, score)| score).collect()
}

fn next_job<'a>(jobs: &'a [Job], next: &AtomicUsize) -> Option<(usize, &'a Job)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(at).map(|job| (at, job))
}

fn one(binary: &Path, job: &Job) -> Result<Score, String> {
    match job {
        Job::Made(kind, seed) => {
            let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
            let truth = make(kind, *seed).write(folder.path()).map_err(|error| error.to_string())?;
            judged(binary, &folder.path().join("logs"), truth)
        }
        Job::Folder(folder) => {
            let said = |error: &dyn std::fmt::Display| format!("{}: {error}", folder.display());
            let text = fs::read_to_string(folder.join("truth.json")).map_err(|e| said(&e))?;
            let plain = folder.join("logs");
            let logs = if plain.is_dir() { plain } else { folder.join("logs.tar.gz") };
            judged(binary, &logs, serde_json::from_str(&text).map_err(|e| said(&e))?)
        }
    }
}

/// The score of what the analyser says of these logs.
fn judged(binary: &Path, logs: &Path, truth: serde_json::Value) -> Result<Score, String> {
    let truth: Truth = serde_json::from_value(truth).map_err(|error| format!("truth: {error}"))?;
    let mut call = Command::new(binary);
    call.arg("report").arg(logs).args(["--format", "json", "-q", "--threads", "1"]).args(&truth.args);
    let config = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    if let Some(text) = &truth.config {
        fs::write(config.path(), text).map_err(|error| error.to_string())?;
        call.arg("--config").arg(config.path());
    }
    let done = call.output().map_err(|error| format!("{}: {error}", binary.display()))?;
    let report: Report = serde_json::from_slice(&done.stdout).map_err(|error| {
        format!("{}: {}: {error}: {}", truth.scenario, done.status, String::from_utf8_lossy(&done.stderr))
    })?;
    Ok(score(&truth, &report))
}
