#!/usr/bin/env python3
"""Races esaudit against what an expert would write for one question, on the same generated files.

The question: of each failed login the realms that refused it, in order; how often by principal, chain and source, from
when to when. esaudit answers it as a part of its whole report (`--format json`, all groups); the others answer it alone.

Needs nothing but Python; rivals that are missing are left out:
    pip install duckdb chdb        DuckDB, ClickHouse local
    apt-get install ripgrep gzip   ripgrep
Build first: cargo build --release --bins --example inflate. Then: python3 benches/race.py --data /some/folder/with/8GB/free

Each command runs as a process of its own, all in turn, RUNS times after one warm-up; medians of wall time, CPU time and
peak memory, and the ratio of esaudit to each, pair by pair. Wall times mean something on an idle machine only; CPU time
suffers less. The generated log compresses better than most real ones, which flatters whoever only inflates.
"""

import argparse
import gzip
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"

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
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip().splitlines()[0]
    except (OSError, IndexError):
        return None


def corpus(folder, size, flood):
    """Plain files as one and as eight nodes, the same in gzip, a flood, and many small files."""
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
    return {"plain 1": plain, "plain 8": eight, "gz 8": packed["gz-8"], "gz 1": packed["gz-1"], "flood": flooded,
            "10,000 small": [small]}


def commands(name, files, threads):
    """What runs on an input: label to command."""
    paths = [str(file) for file in files]
    glob = paths[0] if len(paths) == 1 else str(files[0].parent.parent / "*" / files[0].name)
    esaudit = [str(TARGET / "esaudit"), "report", "--threads", str(threads), "--format", "json", *paths]
    found = {"esaudit": esaudit}
    packed = name.startswith("gz")
    if name == "10,000 small":
        found["cat"] = ["sh", "-c", f"cat {paths[0]}/*"]
        return found
    if packed:
        # The same inflater, nothing else: the lower bound of the inputs in gzip.
        inflate = TARGET / "examples" / "inflate"
        if inflate.exists():
            found["inflate only"] = [str(inflate), str(threads), *paths]
        found["gzip -dc"] = ["gzip", "-dc", *paths]
    if shutil.which("rg") and not packed:
        found["rg -c"] = ["rg", "-c", "authentication_failed", *paths]
    if has("duckdb"):
        found["DuckDB"] = [sys.executable, "-c", DUCKDB, glob]
        if shutil.which("rg"):
            search = f"rg {'-z ' if packed else ''}-N --no-filename 'authentication_failed\"' {' '.join(paths)}"
            found["rg | DuckDB"] = ["sh", "-c", f'{search} | "$0" -c "$1" /dev/stdin', sys.executable, DUCKDB]
    if has("chdb"):
        found["ClickHouse"] = [sys.executable, "-c", CLICKHOUSE, glob.replace(*(("/*/", "/{" + ",".join(
            sorted(file.parent.name for file in files)) + "}/") if len(paths) > 1 else ("", "")))]
    return found


def run(command):
    """Wall seconds, CPU seconds and peak MB of a command, with those it starts."""
    before = os.times()
    start = time.perf_counter()
    # Through a pipe, as for a reader: some tools stop early where their output is thrown away.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    errors = None
    while process.stdout.read(1 << 20):
        pass
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    after = os.times()
    if process.returncode != 0:
        raise RuntimeError(errors.decode(errors="replace")[-400:])
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder for the generated logs; used again if there")
    parser.add_argument("--bytes", default="2GiB")
    parser.add_argument("--flood-bytes", default="1GiB")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--only", help="comma-separated inputs, such as 'plain 1,flood'")
    parser.add_argument("--show-commands", action="store_true")
    args = parser.parse_args()
    args.data.mkdir(parents=True, exist_ok=True)
    print(f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} CPUs, {args.threads} threads, "
          f"{args.bytes} (flood {args.flood_bytes}), {args.runs} runs")
    for tool in (["rg", "--version"], ["gzip", "--version"], [str(TARGET / "esaudit"), "--version"],
                 [sys.executable, "-c", "import duckdb; print('duckdb', duckdb.__version__)"],
                 [sys.executable, "-c", "import chdb; print('chdb', chdb.__version__)"]):
        print("   ", version(tool) or f"{tool[0]}: not found")
    print("\n| input | command | wall s | CPU s | peak MB | esaudit / it, wall | CPU |\n|---|---|---|---|---|---|---|")
    for name, files in corpus(args.data, args.bytes, args.flood_bytes).items():
        if args.only and name not in args.only.split(","):
            continue
        found = commands(name, files, args.threads)
        results = {label: [] for label in found}
        for number in range(args.runs + 1):
            for label, command in list(found.items()):
                try:
                    figures = run(command)
                except RuntimeError as error:
                    print(f"{name}: {label} failed: {error}", file=sys.stderr)
                    del found[label], results[label]
                    continue
                if number > 0:
                    results[label].append(figures)
        for label, figures in results.items():
            wall, cpu, peak = (statistics.median(column) for column in zip(*figures))
            pairs = list(zip(results["esaudit"], figures))
            ratio = [statistics.median(a[at] / max(b[at], 0.001) for a, b in pairs) for at in (0, 1)]
            print(f"| {name} | {label} | {wall:.2f} | {cpu:.2f} | {peak:.0f} | {ratio[0]:.2f} | {ratio[1]:.2f} |",
                  flush=True)
            if args.show_commands:
                print("    " + " ".join(found[label])[:2000])


if __name__ == "__main__":
    main()
