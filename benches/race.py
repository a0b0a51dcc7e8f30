#!/usr/bin/env python3
"""Races esaudit against what an expert would write for one question, on the same generated files.

The question: of each failed login the realms that refused it, in order; how often by principal, chain and source, from
when to when. esaudit answers it as a part of its whole report (`--format json`, all groups); the others answer it alone.

Needs nothing but Python; rivals that are missing are left out:
    pip install duckdb chdb        DuckDB, ClickHouse local
    apt-get install ripgrep gzip   ripgrep
Build first: cargo build --release --bins --example inflate. Then: python3 benches/race.py --data /some/folder/with/8GB/free

Each command runs as a process of its own, all in turn, RUNS times after one warm-up; medians of wall time, CPU time and
peak memory (of the largest process of a pipeline), and the ratio of esaudit's wall time to each, pair by pair. Wall times
mean something on an idle machine only; CPU time suffers less. The generated log compresses better than most real ones, which
flatters whoever only inflates. Peak memory needs GNU time, or small processes seem to take what Python takes.
"""

import argparse
import gzip
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import measuring
from measuring import TARGET, human, table

FIELDS = {
    "action": "event.action",
    "name": "user.name",
    "realm": "realm",
    "request": "request.id",
    "origin": "origin.address",
    "stamp": "timestamp",
}

DUCKDB = """
import duckdb, sys
source = sys.argv[1]
con = duckdb.connect()
con.sql(r'''
with lines as (select row_number() over () rn, line from read_csv('SOURCE', columns={'line':'varchar'},
  auto_detect=false, header=false, delim='\\x01', quote='', escape='', max_line_size=10000000)
  where contains(line, 'authentication_failed"')),
events as (select rn, EXTRACTS from lines),
attempts as (select name, request, list(realm order by rn) filter (where action = 'realm_authentication_failed') chain,
  max(origin) origin, max(stamp) stamp from events group by name, request
  having count(*) filter (where action = 'authentication_failed') > 0)
select name, chain, regexp_replace(origin, ':[0-9]+$', ''), count(*), min(stamp), max(stamp)
from attempts group by all order by 4 desc
'''.replace('SOURCE', source)).fetchall()
""".replace(
    "EXTRACTS",
    ", ".join(f"regexp_extract(line, '\"{path}\":\"([^\"]*)\"', 1) {name}" for name, path in FIELDS.items()),
)

CLICKHOUSE = """
import chdb, sys
chdb.query(r'''
with events as (select rowNumberInAllBlocks() rn, EXTRACTS from file('SOURCE', LineAsString)
  where position(line, 'authentication_failed"') > 0),
attempts as (select name, request,
  arrayMap(p -> p.2, arraySort(groupArrayIf((rn, realm), action = 'realm_authentication_failed'))) chain,
  max(origin) origin, max(stamp) stamp from events group by name, request
  having countIf(action = 'authentication_failed') > 0)
select name, chain, replaceRegexpOne(origin, ':[0-9]+$', '') source, count() n, min(stamp), max(stamp)
from attempts group by name, chain, source order by n desc
'''.replace('SOURCE', sys.argv[1]), 'CSV')
""".replace(
    "EXTRACTS", ", ".join(f"extract(line, '\"{path}\":\"([^\"]*)\"') {name}" for name, path in FIELDS.items())
)


def has(module):
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def version(command):
    """The first line that a program says of itself, if it is there."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().splitlines()[0]
    except (OSError, IndexError, subprocess.CalledProcessError):
        return None


def corpus(folder, size, flood):
    """Plain files as one and as eight nodes, the same in gzip, a flood, many small files, and a few lines."""
    gen = str(TARGET / "esaudit-gen")

    def make(name, *options):
        if not (folder / name).exists():
            subprocess.run([gen, "--out", str(folder / name), *options], check=True, stdout=subprocess.DEVNULL)
        return sorted((folder / name).glob("*/*_audit.json"))

    plain = make("plain-1", "--bytes", size, "--nodes", "1", "--failure-share", "0.13")
    eight = make("plain-8", "--bytes", size, "--nodes", "8", "--failure-share", "0.13", "--seed", "2")
    flooded = make("flood", "--bytes", flood, "--nodes", "1", "--failure-share", "0.9", "--seed", "3")
    packed = {}
    for name, files in (("gz-1", plain), ("gz-8", eight)):
        packed[name] = []
        for file in files:
            target = folder / name / file.parent.name / (file.name + ".gz")
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                with open(file, "rb") as source, gzip.open(target, "wb", compresslevel=6) as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
            packed[name].append(target)
    small = folder / "small"
    if not small.exists():
        small.mkdir()
        with open(plain[0], "rb") as lines:
            for number in range(10_000):
                (small / f"{number:05}.json").write_bytes(b"".join(lines.readline() for _ in range(20)))
    few = folder / "few.json"
    with open(plain[0], "rb") as lines:
        few.write_bytes(b"".join(lines.readline() for _ in range(20)))
    return {"plain 1": plain, "plain 8": eight, "gz 8": packed["gz-8"], "gz 1": packed["gz-1"], "flood": flooded,
            "small": [small], "few": [few]}


# Inputs as `--only` and as the table names them.
INPUTS = {
    "plain 1": "one file",
    "plain 8": "eight files",
    "gz 8": "eight gzip files",
    "gz 1": "one gzip file",
    "flood": "{flood}, nine of ten lines failures",
    "small": "10,000 files of 20 lines",
    "few": "one file of 20 lines, to the table",
}


def commands(name, files, threads):
    """What runs on an input: label to command."""
    paths = [str(file) for file in files]
    glob = paths[0] if len(paths) == 1 else str(files[0].parent.parent / "*" / files[0].name)
    shown = "table" if name == "few" else "json"
    found = {"esaudit": [str(TARGET / "esaudit"), "report", "--threads", str(threads), "--format", shown, *paths]}
    if name == "few":
        return found
    packed = name.startswith("gz")
    if name == "small":
        found["`cat`"] = ["sh", "-c", f"cat {shlex.quote(paths[0])}/*"]
        return found
    if packed:
        # The same inflater, nothing else: the lower bound of the inputs in gzip.
        inflate = TARGET / "examples" / "inflate"
        if inflate.exists():
            found["inflating alone"] = [str(inflate), str(threads), *paths]
    if shutil.which("rg") and not packed:
        found["`rg -c` (counts lines, answers nothing)"] = ["rg", "-c", "authentication_failed", *paths]
    if has("duckdb"):
        found["DuckDB"] = [sys.executable, "-c", DUCKDB, glob]
        if shutil.which("rg"):
            search = f"rg {'-z ' if packed else ''}-N --no-filename 'authentication_failed\"' {shlex.join(paths)}"
            found["ripgrep into DuckDB"] = ["sh", "-c", f'{search} | "$0" -c "$1" /dev/stdin', sys.executable, DUCKDB]
    if has("chdb"):
        # Its globs have no `*` for folders.
        nodes = "/{" + ",".join(sorted(file.parent.name for file in files)) + "}/"
        found["ClickHouse local"] = [sys.executable, "-c", CLICKHOUSE, glob.replace("/*/", nodes)]
    return found


def race(found, runs):
    """Figures of each command, run by run, all commands in turn."""
    results = {label: [] for label in found}
    for number in range(runs + 1):
        for label in list(results):
            try:
                figures = measuring.run(found[label])
            except measuring.Failed as error:
                if label == "esaudit":
                    raise SystemExit(str(error)) from error
                print(f"left out: {label}: {error}", file=sys.stderr)
                del results[label]
                continue
            if number > 0:
                results[label].append(figures)
    return results


def seconds(count):
    return f"{count * 1000:.0f} ms" if count < 0.0995 else f"{count:.2f} s"


def rows(title, results):
    """The lines of the table for one input."""
    for label, figures in results.items():
        wall, cpu, peak = (statistics.median(column) for column in zip(*figures))
        ratio = statistics.median(ours[0] / it[0] for ours, it in zip(results["esaudit"], figures))
        yield [title if label == "esaudit" else "", label, seconds(wall), seconds(cpu), human(peak),
               "" if label == "esaudit" else f"{ratio:.2f}"]


def conditions(args):
    """What was measured where, in a sentence."""
    versions = [version(command) for command in (
        [str(TARGET / "esaudit"), "--version"],
        ["rg", "--version"],
        [sys.executable, "-c", "import duckdb; print('DuckDB', duckdb.__version__)"],
        [sys.executable, "-c", "import chdb; print('ClickHouse through chdb', chdb.__version__)"],
    )]
    # Some say where they were built from, too.
    told = ", ".join(text.split(" (")[0] for text in versions if text)
    return (f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} cores, page cache warm; {told}; "
            f"{args.bytes} of made-up log, medians of {args.runs} runs.")


HEAD = ["input", "command", "wall", "CPU", "memory", "esaudit's wall time to its"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder for the generated logs; used again if there")
    parser.add_argument("--bytes", default="2GiB", help="size of each generated log [%(default)s]")
    parser.add_argument("--flood-bytes", default="1GiB", help="of the flood [%(default)s]")
    parser.add_argument("--runs", type=int, default=5, help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of esaudit [%(default)s]")
    parser.add_argument("--only", default=",".join(INPUTS), metavar="INPUTS", help="some of %(default)s")
    parser.add_argument("--show-commands", action="store_true", help="list what ran after the table")
    parser.add_argument("--write", metavar="FILE", help="put the table between the marks in a file, too")
    args = parser.parse_args()
    chosen = args.only.split(",")
    if unknown := set(chosen) - set(INPUTS):
        parser.error(f"no such input: {', '.join(unknown)}")
    args.data.mkdir(parents=True, exist_ok=True)
    measured, ran = [], []
    for name, files in corpus(args.data, args.bytes, args.flood_bytes).items():
        if name not in chosen:
            continue
        found = commands(name, files, args.threads)
        print(f"{name}: {len(found)} commands", file=sys.stderr)
        measured += rows(INPUTS[name].format(flood=args.flood_bytes), race(found, args.runs))
        ran += [f"{name}, {label.replace('`', '')}:\n{shlex.join(command)}\n" for label, command in found.items()]
    text = f"{conditions(args)}\n\n{table(HEAD, measured)}"
    print(text)
    if args.show_commands:
        print("\n".join(ran))
    if args.write:
        measuring.between_marks(args.write, "race.py", lambda _: text)


if __name__ == "__main__":
    main()
