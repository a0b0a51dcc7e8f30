//! Long text on a terminal goes through a pager, as git does it: `PAGER`, or `less`, which leaves at once where one screen
//! holds everything.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::interrupt::{self, AtSignal};

/// Used where `PAGER` names none.
const DEFAULT: &str = "less";

/// What less is told where the user tells it nothing, as git does: leave where everything fits, show colours, keep the screen.
const LESS: (&str, &str) = ("LESS", "FRX");

/// How often is looked whether the pager has ended: no longer than a person presses a key twice.
const LOOK: Duration = Duration::from_millis(20);

/// The same for lv.
const LV: (&str, &str) = ("LV", "-c");

/// Writes through the pager, or to `otherwise` where there is none.
///
/// # Errors
/// Those of writing; a pager that was left early is none.
pub(super) fn through(
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    otherwise: impl FnOnce(&mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()>,
) -> io::Result<()> {
    let mut render = Some(render);
    let mut once = |out: &mut dyn Write| render.take().map_or(Ok(()), |render| render(out));
    let Some(mut pager) = start() else { return otherwise(&mut once) };
    let Some(pipe) = pager.stdin.take() else { return otherwise(&mut once) };
    // A signal is for the pager.
    interrupt::enter("showing", AtSignal::Passes);
    let mut out = io::BufWriter::new(pipe);
    let written = once(&mut out).and_then(|()| out.flush());
    // Its end of the text; only then does it end by itself.
    drop(out);
    while pager.try_wait()?.is_none() {
        interrupt::forget();
        thread::sleep(LOOK);
    }
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Starts the pager, unless the user wants none (`PAGER=cat`, or set to nothing) or it is not installed.
fn start() -> Option<Child> {
    let chosen = std::env::var_os("PAGER");
    let mut command = match chosen {
        Some(chosen) if is_none(&chosen) => return None,
        // A command with options, as in `PAGER="less -S"`.
        Some(chosen) => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(chosen);
            shell
        }
        None => Command::new(DEFAULT),
    };
    for (name, value) in [LESS, LV] {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    command.stdin(Stdio::piped()).spawn().ok()
}

fn is_none(pager: &OsString) -> bool {
    pager.is_empty() || pager == "cat"
}
