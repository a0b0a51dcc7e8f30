#!/usr/bin/env python3
"""Measures what a larger run would cost, and prints the tables of docs/capacity.md.

    cargo build --release
    python3 benches/capacity.py [--only bytes,principals] [--write docs/capacity.md]

Needs 2 GiB of disk (12 GiB with --full) and a quiet machine. Each figure is of the fastest of three runs, but for
those that take long. CPU time suffers less from a busy machine than the time of the clock.
"""

import argparse
import functools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

import measuring
from measuring import TARGET, human, table

RUNS = 3


# Runs of more than this many seconds are not repeated.
LONG = 20


def run(command, runs=None, **how):
    """Seconds, CPU seconds and peak memory of the fastest run."""
    best = None
    for _ in range(runs or RUNS):
        measured = measuring.run(command, **how)
        best = min(best or measured, measured)
        if measured[0] > LONG:
            break
    return best


def files(folder):
    return [os.path.join(path, name) for path, _, names in os.walk(folder) for name in names]


def total(folder):
    return sum(os.path.getsize(path) for path in files(folder))


def duration(seconds):
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.2g} s"


class Bench:
    def __init__(self, asked, scratch):
        self.asked, self.scratch = asked, scratch

    def path(self, name):
        return os.path.join(self.scratch, name)

    def generate(self, name, *options, seed=1):
        folder = self.path(name)
        command = [self.asked.gen, "--out", folder, "--truth", self.path(name + ".truth.json"), "--seed", str(seed), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return folder

    def scan(self, source, part):
        return run([self.asked.esaudit, "scan", source, "--threads", "1", "-o", part, *self.asked.options])

    def merge(self, parts, output):
        return run([self.asked.esaudit, "merge", *parts, "--threads", "1", "-o", output, *self.asked.options])

    @functools.cached_property
    def kinds(self):
        """Logs of several kinds: speed of one core, size of the part, and the cost of merging; the first one's speed."""
        size = f"{self.asked.size}MB"
        kinds = [
            ("typical: 1 failure in 1,000 lines", ["--bytes", size, "--failure-share", "0.001"]),
            ("the same, gzip", ["--bytes", size, "--failure-share", "0.001", "--gzip", "all"]),
            ("busy: 1 failure in 8 lines", ["--bytes", size, "--failure-share", "0.13"]),
            ("flooded: 9 failures in 10 lines", ["--bytes", size, "--failure-share", "0.9"]),
        ]
        rows, speed = [], None
        for number, (name, options) in enumerate(kinds):
            folder = self.generate(f"kind-{number}", *options)
            plain = self.asked.size * 1_000_000 if "--gzip" in options else total(folder)
            part, report = self.path("kind.esa"), self.path("kind.json")
            seconds, _, memory = self.scan(folder, part)
            merging, _, merge_memory = self.merge([part], report)
            held = os.path.getsize(part)
            rows.append([name, f"{human(plain / seconds)}/s", human(memory), human(held), f"{100 * held / plain:.2f} %",
                         f"{merging:.2f} s", human(merge_memory)])
            speed = speed or plain / seconds
            shutil.rmtree(folder)
        head = ["log", "one core reads", "memory", "part", "of the plain log", "report from it", "memory"]
        return table(head, rows), speed

    def growth(self):
        """Of typical clusters, one against eight: bytes of parts for each byte of log, and seconds and memory of a merge
        for each byte of parts, beyond what a merge takes however little it merges."""
        parts, plain = [], 0
        for seed in range(1, 9):
            folder = self.generate("many", "--bytes", f"{self.asked.size}MB", "--failure-share", "0.001", seed=seed)
            plain += total(folder)
            parts.append(self.path(f"many-{seed}.esa"))
            command = [self.asked.esaudit, "scan", folder, "--prefix", f"{seed}:", "-o", parts[-1]]
            run(command + self.asked.options, runs=1)
            shutil.rmtree(folder)
        held = [os.path.getsize(part) for part in parts]
        _, one, one_memory = self.merge(parts[:1], self.path("many.json"))
        _, all_, all_memory = self.merge(parts, self.path("many.json"))
        more = sum(held[1:])
        return sum(held) / plain, max(0, all_ - one) / more, max(0, all_memory - one_memory) / more

    def grouping(self):
        """Merging the same logs in one, eight and 64 parts."""
        folder = self.generate("nodes", "--bytes", f"{self.asked.size}MB", "--nodes", "8", "--roll-lines", "10000")
        sources = sorted(files(folder))
        rows = []
        for count in (1, 8, 64):
            parts = []
            for at in range(min(count, len(sources))):
                parts.append(self.path(f"group-{at}.esa"))
                command = [self.asked.esaudit, "scan", *sources[at::count], "--threads", "1", "-o", parts[-1]]
                run(command, runs=1)
            seconds, _, memory = self.merge(parts, self.path("group.esa"))
            held = sum(map(os.path.getsize, parts))
            rows.append([f"{len(parts)}", human(held), human(os.path.getsize(self.path("group.esa"))), f"{seconds:.2f} s",
                         human(memory)])
        shutil.rmtree(folder)
        return table(["parts", "together", "merged", "time", "memory"], rows)

    def tree(self):
        """Parts of 16 clusters merged at once, and in a tree of fours as Spark's executors do; and what is left to the driver."""
        parts, fan_in = [], 4
        for seed in range(1, 17):
            folder = self.generate("leaf", "--bytes", f"{self.asked.size // 4}MB", "--failure-share", "0.13", seed=seed)
            parts.append(self.path(f"leaf-{seed}.esa"))
            run([self.asked.esaudit, "scan", folder, "--prefix", f"{seed}:", "-o", parts[-1], *self.asked.options], runs=1)
            shutil.rmtree(folder)
        whole, report = self.path("tree.esa"), self.path("tree.json")
        _, flat, flat_memory = self.merge(parts, whole)
        together = human(sum(map(os.path.getsize, parts)))
        rows = [["at once", "1", together, f"{flat:.2f} s", human(flat_memory)]]
        depth = 0
        while len(parts) > 1:
            merged, longest, most = [], 0, 0
            for at in range(0, len(parts), fan_in):
                merged.append(self.path(f"tree-{depth}-{at}.esa"))
                _, cpu, memory = self.merge(parts[at:at + fan_in], merged[-1])
                longest, most = max(longest, cpu), max(most, memory)
            depth += 1
            size = human(max(sum(map(os.path.getsize, parts[at:at + fan_in])) for at in range(0, len(parts), fan_in)))
            rows.append([f"round {depth}, a task of four parts", str(len(merged)), size, f"{longest:.2f} s", human(most)])
            parts = merged
        _, cpu, memory = self.merge(parts, report)
        rows.append(["the driver: the report from the last part", "1", human(os.path.getsize(parts[0])), f"{cpu:.2f} s",
                     human(memory)])
        return table(["merge", "tasks", "parts of one", "CPU time of the longest", "memory"], rows)

    def bytes(self):
        """One busy cluster's log over and over, through a pipe: files with the same bytes would be one input. From its second
        time on every event is a repetition, which is found out when all is read."""
        folder = self.generate("repeated", "--bytes", "10MB", "--nodes", "1", "--failure-share", "0.13")
        log, report = next(file for file in files(folder) if file.endswith("_audit.json")), self.path("repeated.json")
        rows = []
        for times in (1, 10) if self.asked.quick else (1, 10, 100, 1000, 2000):
            command = [self.asked.esaudit, "report", "-", "--format", "json", *self.asked.options]
            seconds, cpu, memory = run(command, fed=["cat", *[log] * times], out=report)
            with open(report, encoding="utf-8") as file:
                read = json.load(file)["coverage"]
            size = sum(source["bytes"] for source in read["inputs"])
            rows.append([human(size), f"{sum(source['audit_events'] for source in read['inputs']):,}", f"{seconds:.2f} s",
                         f"{cpu:.2f} s", f"{cpu / size * 1e9:.2f} ns", human(memory)])
        shutil.rmtree(folder)
        return table(["log", "events", "time", "CPU time", "CPU time a byte", "memory"], rows)

    def principals(self):
        """As many failures, of ever more principals and sources."""
        rows = []
        most = 4 if self.asked.quick else 7 if self.asked.full else 6
        for power in range(3, most + 1):
            distinct = 10**power
            attempts = max(distinct, 10 ** min(most, 6))
            log = self.path("sweep.json")
            with open(log, "w", encoding="ascii") as out:
                out.writelines(failure(at, distinct) for at in range(attempts))
            part, report = self.path("sweep.esa"), self.path("sweep-report.json")
            seconds, cpu, memory = self.scan(log, part)
            merging, merge_cpu, merge_memory = self.merge([part], report)
            rows.append([f"{distinct:,}", f"{attempts:,}", f"{human(os.path.getsize(log) / seconds)}/s", human(memory),
                         human(os.path.getsize(part)), f"{os.path.getsize(part) / attempts:.1f} B", f"{merging:.2f} s",
                         human(merge_memory), f"{(cpu + merge_cpu) / attempts * 1e6:.2f} µs"])
            os.remove(log)
        head = ["principals and sources", "failures", "one core reads", "memory", "part", "a failure", "report from it",
                "memory", "CPU time a failure, in all"]
        return table(head, rows)

    def projection(self):
        """What the typical log's figures mean for more of it."""
        speed, (ratio, merging, memory) = self.kinds[1], self.growth()
        rows = []
        for size in (1e12, 100e12, 1e15):
            seconds, parts = size / speed, size * ratio
            rows.append([human(size), duration(seconds), duration(seconds / 100), duration(seconds / 1000), human(parts),
                         duration(parts * merging), human(parts * memory)])
        head = ["plain logs", "one core", "100 cores", "1,000 cores", "parts, together", "one process to merge and report",
                "its memory"]
        return table(head, rows)


def failure(at, distinct):
    """A failed attempt of one of so many principals, from one of so many sources."""
    # Neighbouring lines are of distant principals: a multiplier without a common factor visits all of them.
    who = at * 7919 % distinct
    second, milli = divmod(at * 86 % 86_400_000, 1000)
    hour, minute, second = second // 3600, second // 60 % 60, second % 60
    source = f"10.{who >> 16 & 255}.{who >> 8 & 255}.{who & 255}"
    return (
        f'{{"type":"audit", "timestamp":"2026-03-01T{hour:02}:{minute:02}:{second:02},{milli:03}+0000", '
        f'"node.id":"n1", "event.type":"rest", "event.action":"authentication_failed", "user.name":"user-{who}", '
        f'"origin.type":"rest", "origin.address":"{source}:40000", "url.path":"/_search", "request.method":"GET", '
        f'"request.id":"r{at:021}"}}\n'
    )


# Name: title, how many threads read logs of what shape, and who measures it.
SECTIONS = {
    "reading": ("Reading, parts, reports", "one thread; few pairs of account and address", lambda bench: bench.kinds[0]),
    "bytes": ("More of the same log", "all cores, through a pipe; one busy node (1 failure in 8 lines), few pairs of account and address",
              Bench.bytes),
    "grouping": ("Merging the same logs in few and many parts", "one thread; eight nodes of one cluster, without ambient failures, few pairs",
                 Bench.grouping),
    "tree": ("Merging in a tree", "one thread; 16 busy clusters (1 failure in 8 lines), few pairs",
             Bench.tree),
    "principals": ("More principals and sources", "one thread; failures and nothing else",
                   Bench.principals),
    "projection": ("What that means for more", "one thread; typical logs (1 failure in 1,000 lines, few pairs), the mildest shape",
                   Bench.projection),
}

# What was not run, but is told from what was.
MULTIPLIED = ("projection",)


def replaced(between, measured):
    """The document's tables with those that were measured in the place of those with the same title."""
    known = dict(re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", between, re.M | re.S))
    known.update(measured)
    return "\n".join(f"### {title}\n\n{known[title].strip()}\n" for title, *_ in SECTIONS.values() if title in known)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--esaudit", default=str(TARGET / "esaudit"))
    parser.add_argument("--gen", default=str(TARGET / "esaudit-gen"))
    parser.add_argument("--only", default=",".join(SECTIONS), metavar="TABLES", help="some of %(default)s")
    parser.add_argument("--size", type=int, default=500, metavar="MB", help="size of the made-up logs [%(default)s]")
    parser.add_argument("--full", action="store_true", help="principals and sources go to 10 million")
    parser.add_argument("--quick", action="store_true", help="only to see that it works: one run each, short sweeps")
    parser.add_argument("--scratch", help="folder for temporary files [default: the system's]")
    parser.add_argument("--write", metavar="FILE", help="put the tables between the marks in a file, instead of printing")
    asked = parser.parse_args()
    chosen = asked.only.split(",")
    if unknown := set(chosen) - set(SECTIONS):
        parser.error(f"no such table: {', '.join(unknown)}")
    if asked.quick:
        globals()["RUNS"] = 1
    # The sweeps are about what is kept, not about what a small machine leaves out.
    asked.options = ["--max-memory", "64G"]
    version = subprocess.run([asked.esaudit, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    machine = f"{version}, {platform.machine()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}"
    measured = {}
    with tempfile.TemporaryDirectory(dir=asked.scratch) as scratch:
        bench = Bench(asked, scratch)
        for name, (title, threads, measure) in SECTIONS.items():
            if name in chosen:
                figures = f"{machine}; the best of {RUNS}, {threads}, page cache warm."
                conditions = f"Multiplied, not run, from figures of {figures}" if name in MULTIPLIED else figures
                measured[title] = f"{conditions}\n\n{measure(bench)}"
                if not asked.write:
                    print(f"### {title}\n\n{measured[title]}", flush=True)
    if asked.write:
        multiplied = {SECTIONS[name][0] for name in MULTIPLIED}
        for how, titles in (("measured", measured.keys() - multiplied), ("multiplied", measured.keys() & multiplied)):
            found = {title: measured[title] for title in titles}
            measuring.between_marks(asked.write, "capacity.py", lambda between, of=found: replaced(between, of), how)


if __name__ == "__main__":
    sys.exit(main())
