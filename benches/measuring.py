"""What the scripts of this folder share: running a command and measuring it, and putting tables into documents."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


class Failed(Exception):
    """A command that did not end well, and what it said."""


def run(command, fed=None, out=None):
    """Wall seconds, CPU seconds and peak bytes of a command with those it starts. It reads what the command `fed` writes;
    what it writes goes to the file `out`, or through a pipe, for some tools stop early where nobody reads."""
    with tempfile.TemporaryDirectory() as folder:
        peak, errors = Path(folder, "peak"), Path(folder, "errors")
        # The kernel counts the memory of whoever starts a process as that process's own, so a small one has to.
        clock = ["time", "--quiet", "-f", "%M", "-o", str(peak)] if shutil.which("time") else []
        with open(errors, "wb") as complaints, open(out or os.devnull, "wb") as sink:
            feeder = subprocess.Popen(fed, stdout=subprocess.PIPE) if fed else None
            start = time.perf_counter()
            process = subprocess.Popen([*clock, *map(str, command)], stdin=feeder.stdout if feeder else None,
                                       stdout=sink if out else subprocess.PIPE, stderr=complaints)
            if feeder:
                feeder.stdout.close()
            while not out and process.stdout.read(1 << 20):
                pass
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0 or (feeder and feeder.wait() != 0):
            raise Failed(f"{' '.join(map(str, command))[:200]}: {errors.read_text(errors='replace')[-400:]}")
        kilobytes = int(peak.read_text()) if clock else usage.ru_maxrss
        return wall, usage.ru_utime + usage.ru_stime, kilobytes * 1024


def human(count, units=("B", "kB", "MB", "GB", "TB", "PB"), step=1000):
    """Three digits and a unit."""
    for unit in units:
        if count < 999.5 or unit == units[-1]:
            return f"{count:.3g} {unit}" if count < 99.5 or unit == units[-1] else f"{count:.0f} {unit}"
        count /= step


def table(head, rows):
    """A table in Markdown."""
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), *rows])


def between_marks(path, script, change, how="measured"):
    """Replaces what stands between a script's marks in a document by what `change` makes of it."""
    start, end = f"<!-- {how}: benches/{script} -->", f"<!-- /{how} -->"
    text = Path(path).read_text(encoding="utf-8")
    if start not in text:
        raise SystemExit(f"{path} has no line {start}")
    before, rest = text.split(start)
    between, after = rest.split(end, 1)
    Path(path).write_text(f"{before}{start}\n\n{change(between).strip()}\n\n{end}{after}", encoding="utf-8")
