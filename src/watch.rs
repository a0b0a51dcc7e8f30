//! Draws the progress of a run on one line of a terminal, and takes it away at the end.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "speeds and times that are left, for people"
)]

use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::document::terminal::{take, width};
use crate::escape;
use crate::progress::{HASHING, Progress, READING, Snapshot};
use crate::words::{self, bytes};

/// Nothing is drawn of runs that are over by then.
const PATIENCE: Duration = Duration::from_millis(1000);

/// Between two drawings.
const STEP: Duration = Duration::from_millis(200);

/// Back to the begin of the line, and clear it.
const CLEAR: &str = "\r\x1b[K";

/// A run that is being drawn; dropping it clears the line.
#[derive(Debug)]
pub struct Watch {
    /// Dropped to end the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Draws from a second after the start on; `columns` gives the present width of the terminal.
pub fn watch(
    progress: &Progress,
    mut out: impl Write + Send + 'static,
    columns: impl Fn() -> usize + Send + 'static,
    unicode: bool,
) -> Watch {
    let (stop, stopped) = mpsc::channel::<()>();
    let progress = progress.clone();
    let draw = move || {
        let mut pause = PATIENCE;
        let mut drawn = false;
        while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            pause = STEP;
            let line = line(&progress.snapshot(), columns(), unicode);
            // Where this cannot be written, nobody looks.
            drawn |= write!(out, "{CLEAR}{line}").and_then(|()| out.flush()).is_ok();
        }
        if drawn {
            let _: io::Result<()> = write!(out, "{CLEAR}").and_then(|()| out.flush());
        }
    };
    // A run without progress is better than none.
    Watch { stop: Some(stop), thread: thread::Builder::new().name("progress".to_owned()).spawn(draw).ok() }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What is seen, in at most the width of the terminal.
fn line(snapshot: &Snapshot, columns: usize, unicode: bool) -> String {
    let seconds = snapshot.elapsed.as_secs_f64().max(0.001);
    let mut parts = vec![snapshot.phase.to_owned()];
    if [READING, HASHING].contains(&snapshot.phase) {
        if let Some(percent) = (snapshot.stored.min(snapshot.total) * 100).checked_div(snapshot.total) {
            parts.push(format!("{percent} %"));
        }
        parts.push(bytes(snapshot.bytes));
        parts.push(format!("{}/s", bytes((snapshot.bytes as f64 / seconds) as u64)));
        if snapshot.total > 0 && snapshot.stored > 0 {
            let left = snapshot.total.saturating_sub(snapshot.stored) as f64 / (snapshot.stored as f64 / seconds);
            parts.push(format!("{} left", words::seconds(left.ceil() as u64)));
        }
        if !snapshot.label.is_empty() {
            parts.push(escape::terminal(&snapshot.label, unicode));
        }
    } else {
        parts.push(words::seconds(snapshot.elapsed.as_secs()));
    }
    // The last column stays free: some terminals wrap behind it.
    let room = columns.saturating_sub(1);
    let mut line = parts.join("  ");
    if let Some((_, name)) =
        snapshot.label.rsplit_once('/').filter(|_| width(&line) > room && snapshot.phase == READING)
    {
        // Of a long path the end tells more.
        parts.pop();
        parts.push(escape::terminal(name, unicode));
        line = parts.join("  ");
    }
    if width(&line) > room { take(&line, room).to_owned() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        Snapshot {
            phase: READING,
            elapsed: Duration::from_secs(2),
            stored: 1 << 30,
            total: 4 << 30,
            bytes: 8 << 30,
            label: "es-1/\x1b[2Jaudit.json.gz".to_owned(),
        }
    }

    #[test]
    fn a_line_says_how_far_and_how_long() {
        let whole = "reading  25 %  8.0 GiB  4.0 GiB/s  6 s left  es-1/\\x1b[2Jaudit.json.gz";
        assert_eq!(line(&snapshot(), 100, true), whole);
        assert_eq!(line(&snapshot(), 68, true), whole.replace("es-1/", ""));
        assert_eq!(line(&snapshot(), 21, true), "reading  25 %  8.0 G");
        let pipe = Snapshot { total: 0, label: String::new(), ..snapshot() };
        assert_eq!(line(&pipe, 80, true), "reading  8.0 GiB  4.0 GiB/s");
        assert_eq!(line(&Snapshot { phase: "joining", ..snapshot() }, 80, true), "joining  2 s");
    }

    #[test]
    fn short_runs_draw_nothing() {
        let (mut reader, writer) = io::pipe().unwrap();
        drop(watch(&Progress::default(), writer, || 80, true));
        let mut drawn = String::new();
        io::Read::read_to_string(&mut reader, &mut drawn).unwrap();
        assert_eq!(drawn, "");
    }
}
