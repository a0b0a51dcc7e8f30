#!/usr/bin/env python3
"""Measures how much of a run's CPU time is serial, and what it is spent on.

The kernel's scheduler is traced while the run has more threads than this machine has cores. A thread that waits for a
core could run on a machine with more of them, so the number of threads that run or wait to is how many cores the run could
use at that moment. CPU time spent while that number is one is serial: it takes as long on any number of cores.

    RUSTFLAGS="-C force-frame-pointers=yes" cargo build --release
    sudo python3 benches/serial.py [--threads 16] [--functions 30] PATH...

Without frame pointers the shares are the same, only the functions cannot be told.

Needs `perf` and the right to trace the whole machine. Threads that look for work, find none and yield the core, as rayon's
do before they sleep, could not use a core: they and their time are left out.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict

from measuring import TARGET

TRACED = "sched:sched_switch,sched:sched_wakeup,sched:sched_wakeup_new,syscalls:sys_enter_sched_yield"
EVENT = re.compile(r"^\s*(?P<pid>\d+)/(?P<tid>-?\d+)\s+(?P<time>\d+\.\d+):\s+(?P<event>\S+):\s*(?P<rest>.*)$")
SWITCH = re.compile(r"prev_pid=(\d+) .*?prev_state=(\S+) ==> .*next_pid=(\d+)")
WAKE = re.compile(r"\bpid=(\d+) ")
ALL = "all of it"
# Functions worth naming: this crate's, and what the kernel does for the process.
NAMED = re.compile(r"esaudit::|^__x64_sys_|^exc_page_fault$|^do_exit$|^ret_from_fork")
# Stacks, so that a function's time holds that of what it calls.
SAMPLED = "cpu-clock/freq=4000,call-graph=fp/"
BLOCKED, WAITING, RUNNING = range(3)
# Between two yields a thread that finds nothing runs for less than this many seconds.
LOOKING = 50e-6


def trace(command, folder):
    """The events of the machine while the command runs: (time in seconds, event, rest), and the threads of the command."""
    data, pid_file = os.path.join(folder, "perf.data"), os.path.join(folder, "pid")
    # The shell becomes the command, so its id is the command's.
    shell = ["sh", "-c", f'echo $$ > "{pid_file}"; exec "$@"', "sh", *command]
    perf = ["perf", "record", "-q", "-a", "-m", "64M", "-c", "1", "-e", TRACED, "-e", SAMPLED, "-o", data, "--", *shell]
    subprocess.run(perf, check=True, stdout=subprocess.DEVNULL)
    with open(pid_file, encoding="ascii") as file:
        pid = int(file.read())
    script = ["perf", "script", "-i", data, "--ns", "-F", "pid,tid,time,event,ip,sym,trace", "--no-inline"]
    told = subprocess.run(script, check=True, capture_output=True, text=True)
    if "lost" in told.stderr:
        raise SystemExit(f"events were lost: {told.stderr.strip()}")
    events, threads = [], {pid}
    for line in told.stdout.splitlines():
        if found := EVENT.match(line):
            if int(found["pid"]) == pid:
                threads.add(int(found["tid"]))
            events.append((float(found["time"]), found["event"], int(found["tid"]), found["rest"], []))
        elif line and events:
            # A frame of the stack: where it is, and its function.
            events[-1][-1].append(line.strip().split(" ", 1)[-1])
    return events, threads


def switched(event, rest, state):
    """Follows what the scheduler does with the threads."""
    if event.startswith("sched:sched_switch"):
        gone, left, came = SWITCH.search(rest).groups()
        if int(gone) in state:
            state[int(gone)] = WAITING if left.startswith("R") else BLOCKED
        if int(came) in state:
            state[int(came)] = RUNNING
    elif event.startswith("sched:sched_wakeup"):
        woken = int(WAKE.search(rest)[1])
        if state.get(woken) == BLOCKED:
            state[woken] = WAITING


def looking(events, threads):
    """For each yield whether the thread only looks for work until the next one, or until it sleeps: by place in the events."""
    state, since, ran, found = dict.fromkeys(threads, BLOCKED), {}, Counter(), {}
    before = None
    for at, (time, event, tid, rest, _) in enumerate(events):
        for thread in since:
            if state[thread] == RUNNING:
                ran[thread] += time - before
        before = time
        switched(event, rest, state)
        ended = [thread for thread in since if state[thread] == BLOCKED]
        if event.startswith("syscalls:") and tid in threads:
            ended.append(tid)
        for thread in ended:
            if thread in since:
                found[since.pop(thread)] = ran.pop(thread, 0) < LOOKING
        if event.startswith("syscalls:") and tid in threads:
            since[tid] = at
    return found


def profile(events, threads):
    """CPU seconds by the number of threads that could run, seconds of looking for work, and samples of what ran while that
    number was one."""
    yields = looking(events, threads)
    state, idle = dict.fromkeys(threads, BLOCKED), set()
    cpu, samples, spent_looking = defaultdict(float), Counter(), 0.0
    before = None
    for at, (time, event, tid, rest, stack) in enumerate(events):
        able = sum(kept != BLOCKED and thread not in idle for thread, kept in state.items())
        running = sum(kept == RUNNING and thread not in idle for thread, kept in state.items())
        if before is not None:
            spent_looking += (sum(kept == RUNNING for kept in state.values()) - running) * (time - before)
            cpu[able] += running * (time - before)
        before = time
        switched(event, rest, state)
        idle = {thread for thread in idle if state[thread] != BLOCKED}
        if event.startswith("syscalls:") and tid in threads:
            (idle.add if yields.get(at) else idle.discard)(tid)
        elif event.startswith("cpu-clock") and tid in threads and tid not in idle and able == 1:
            samples.update({function for function in stack if NAMED.search(function)} | {ALL})
    return cpu, spent_looking, samples


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.add_argument("--esaudit", default=str(TARGET / "esaudit"))
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--format", default="table", help="what is written [%(default)s]")
    parser.add_argument("--functions", type=int, default=15, metavar="N", help="functions to name [%(default)s]")
    asked = parser.parse_args()
    command = [asked.esaudit, "report", "--threads", str(asked.threads), "--format", asked.format, *asked.paths]
    shares, speedups, samples = [], [], Counter()
    print("| run | CPU s | serial CPU s | serial | with 2 to 4 able to run | with more | looking for work | most speed-up |")
    print("|---|---|---|---|---|---|---|---|")
    for number in range(asked.runs):
        with tempfile.TemporaryDirectory() as folder:
            cpu, spent_looking, seen = profile(*trace(command, folder))
        total = sum(cpu.values())
        shares.append(cpu[1] / total)
        # With enough cores, all that could run would.
        speedups.append(total / sum(seconds / able for able, seconds in cpu.items() if able))
        samples += seen
        few = sum(cpu[able] for able in (2, 3, 4))
        print(f"| {number + 1} | {total:.3f} | {cpu[1]:.3f} | {100 * shares[-1]:.1f} % | {few:.3f} | "
              f"{total - few - cpu[1]:.3f} | {spent_looking:.3f} | {speedups[-1]:.1f} |", flush=True)
    print(f"\nmedian: {100 * statistics.median(shares):.1f} % serial, speed-up {statistics.median(speedups):.1f}\n")
    print("| of the serial time | function, with what it calls |\n|---|---|")
    for function, count in samples.most_common(asked.functions):
        print(f"| {100 * count / samples[ALL]:.1f} % | {function} |")


if __name__ == "__main__":
    sys.exit(main())
