#!/usr/bin/env python3
"""Races esaudit against what an expert would write for one question, on the same generated files.

The question: of each failed login the realms that refused it, in order; how often by principal, chain and source, from
when to when. esaudit answers it as a part of its whole report (`--format json`, all groups); the others answer it alone.

Races on every shape of log that speed depends on: who is fast on one need not be on another. Of the rivals several variants
are run and the fastest is told.

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

# The question over a table `events` with a column `rn` that rises with the lines.
QUESTION = """
attempts as (select name, request, string_agg(realm, '>' order by rn) filter (where action = 'realm_authentication_failed') chain,
  max(origin) origin, max(stamp) stamp from events group by name, request
  having count(*) filter (where action = 'authentication_failed') > 0)
select name, chain, regexp_replace(origin, ':[0-9]+$', ''), count(*), min(stamp), max(stamp)
from attempts group by all order by 4 desc"""

# Lines cut by regular expressions, which need no valid JSON.
DUCKDB_TEXT = f"""
import duckdb, sys
duckdb.connect().sql(r'''
with lines as (select row_number() over () rn, line from read_csv('SOURCE', columns={{'line':'varchar'}},
  auto_detect=false, header=false, delim='\\x01', quote='', escape='', max_line_size=10000000)
  where contains(line, 'authentication_failed"')),
events as (select rn, EXTRACTS from lines), {QUESTION}
'''.replace('SOURCE', sys.argv[1])).fetchall()
""".replace(
    "EXTRACTS",
    ", ".join(f"regexp_extract(line, '\"{path}\":\"([^\"]*)\"', 1) {name}" for name, path in FIELDS.items()),
)

# Lines read as JSON with declared columns: no others are made, and nothing is guessed.
DUCKDB_JSON = f"""
import duckdb, sys
duckdb.connect().sql(r'''
create table raw as select * from read_json('SOURCE', format='newline_delimited', maximum_object_size=10000000,
  columns={{COLUMNS}});
with events as (select rowid rn, EXTRACTS from raw), {QUESTION}
'''.replace('SOURCE', sys.argv[1])).fetchall()
""".replace("COLUMNS", ", ".join(f"'{path}':'varchar'" for path in FIELDS.values())).replace(
    "EXTRACTS", ", ".join(f'"{path}" {name}' for name, path in FIELDS.items())
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


# A cluster of many accounts: 12 nodes, two of which log successes, a fifth of the requests with API keys, by Zipf.
CLUSTER = ["--nodes", "12", "--log-successes", "es-1,es-2", "--no-realm-events", "none", "--decisions", "1", "--noise", "0",
           "--accounts", "5000", "--keys", "5000", "--key-share", "0.2"]
OWN = [*CLUSTER, "--addresses", "1-4", "--failure-share", "0.13"]

# Name: how tables name it, and how the generator makes it. All are one file, but for those in gzip and the small ones.
SHAPES = {
    "few": ("few pairs (the generator's default)", ["--nodes", "1", "--failure-share", "0.13"]),
    "own": ("5,000 accounts, 1 to 4 addresses each", OWN),
    "any": ("5,000 accounts, any of 2,000 addresses", [*CLUSTER, "--addresses", "any:2000", "--failure-share", "0.13"]),
    "flood": ("flood: nine of ten lines failures, 5,000 accounts",
              [*CLUSTER, "--addresses", "1-4", "--failure-share", "0.9"]),
    "long": ("long lines: 2,000 names in `indices`",
             ["--nodes", "1", "--decisions", "1", "--noise", "0", "--indices", "2000", "--failure-share", "0.13"]),
    "gz 8": ("5,000 accounts as eight gzip files", OWN),
    "gz 1": ("5,000 accounts as one gzip file", OWN),
    "ecs": ("5,000 accounts as ECS documents", [*OWN, "--shape", "ecs-dotted"]),
    "docker": ("5,000 accounts in docker's wrapping", [*OWN, "--shape", "docker"]),
    "cri": ("5,000 accounts in CRI's wrapping", [*OWN, "--shape", "cri"]),
    "elasticdump": ("5,000 accounts as elasticdump writes them", [*OWN, "--shape", "elasticdump"]),
    "small": ("10,000 files of 20 lines", []),
}


def joined(folder, name, options, size):
    """A log of these options in one file: that of one node after the other, as a collector stores them."""
    made = folder / f"{name}.json"
    if not made.exists():
        parts = folder / f"{name}.parts"
        command = [str(TARGET / "esaudit-gen"), "--out", str(parts), "--truth", os.devnull, "--bytes", size, *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(made, "wb") as sink:
            for part in sorted(path for path in parts.rglob("*") if path.is_file() and path.name != "api_keys.json"):
                with open(part, "rb") as source:
                    shutil.copyfileobj(source, sink, 1 << 20)
        shutil.rmtree(parts)
    return made


def packed(folder, plain, count):
    """The same lines in so many gzip files."""
    files = [folder / f"gz-{count}" / f"{number}.json.gz" for number in range(count)]
    if not files[0].exists():
        files[0].parent.mkdir(exist_ok=True)
        piece = plain.stat().st_size // count + 1
        with open(plain, "rb") as source:
            for file in files:
                with gzip.open(file, "wb", compresslevel=6) as sink:
                    sink.writelines(source.readlines(piece))
    return files


def corpus(folder, name, size):
    """The files of a shape."""
    options = SHAPES[name][1]
    if name.startswith("gz"):
        return packed(folder, joined(folder, "own", OWN, size), int(name[3:]))
    if name == "small":
        small = folder / "small"
        if not small.exists():
            small.mkdir()
            with open(joined(folder, "few", SHAPES["few"][1], size), "rb") as lines:
                for number in range(10_000):
                    (small / f"{number:05}.json").write_bytes(b"".join(lines.readline() for _ in range(20)))
        return [small]
    return [joined(folder, name, options, size)]


def commands(name, files, threads, scratch):
    """What runs on an input: label to command."""
    paths = [str(file) for file in files]
    shown = shlex.join(paths)
    found = {"esaudit": [str(TARGET / "esaudit"), "report", "--threads", str(threads), "--format", "json", *paths]}
    if name == "small":
        found["`cat`"] = ["sh", "-c", f"cat {shown}/*"]
        return found
    if name.startswith("gz"):
        # The same inflater, nothing else: the lower bound.
        inflate = TARGET / "examples" / "inflate"
        if inflate.exists():
            found["inflating alone"] = [str(inflate), str(threads), *paths]
        return found
    if name in ("ecs", "docker", "cri", "elasticdump"):
        return found
    if shutil.which("rg"):
        # Piped: it stops early where its output is thrown away.
        found["`rg -c`"] = ["sh", "-c", f"rg -c _failed {shown} | cat"]
    failures = shlex.quote(str(scratch / "failures.json"))
    if has("duckdb"):
        found["DuckDB, JSON"] = [sys.executable, "-c", DUCKDB_JSON, *paths]
        if shutil.which("rg"):
            search = f"rg -INF '_failed\"' {shown}"
            then = f'> {failures}; exec "$0" -c "$1" {failures}'
            found["rg + DuckDB, JSON"] = ["sh", "-c", f"{search} {then}", sys.executable, DUCKDB_JSON]
            found["rg + DuckDB, text"] = ["sh", "-c", f"{search} {then}", sys.executable, DUCKDB_TEXT]
            found["rg into DuckDB, text"] = ["sh", "-c", f'{search} | "$0" -c "$1" /dev/stdin', sys.executable, DUCKDB_TEXT]
    if has("chdb"):
        found["ClickHouse local"] = [sys.executable, "-c", CLICKHOUSE, *paths]
        if shutil.which("rg"):
            search = f"rg -INF '_failed\"' {shown} > {failures}"
            found["rg + ClickHouse local"] = ["sh", "-c", f'{search}; exec "$0" -c "$1" {failures}', sys.executable, CLICKHOUSE]
    return found


# What answers nothing, and is a bound rather than a rival.
BOUNDS = ("`rg -c`", "inflating alone", "`cat`", "esaudit before")


def best(results):
    """Those whose figures are told: esaudit, the bounds, and the fastest rival of all."""
    wall = {label: statistics.median(figures[0] for figures in runs) for label, runs in results.items()}
    rivals = [label for label in wall if label not in BOUNDS and label != "esaudit"]
    fastest = min(rivals, key=wall.get, default=None)
    return {label: runs for label, runs in results.items() if label not in rivals or label == fastest}


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
    parser.add_argument("--bytes", default="1GiB", help="size of each generated log [%(default)s]")
    parser.add_argument("--runs", type=int, default=5, help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of esaudit [%(default)s]")
    parser.add_argument("--only", default=",".join(SHAPES), metavar="SHAPES", help="some of %(default)s")
    parser.add_argument("--before", metavar="PROGRAM", help="an earlier esaudit to measure in the same turns")
    parser.add_argument("--all-rivals", action="store_true", help="tell each variant of the rivals, not the fastest alone")
    parser.add_argument("--discard", action="store_true", help="remove each log when it was measured")
    parser.add_argument("--show-commands", action="store_true", help="list what ran after the table")
    parser.add_argument("--write", metavar="FILE", help="put the table between the marks in a file, too")
    args = parser.parse_args()
    chosen = args.only.split(",")
    if unknown := set(chosen) - set(SHAPES):
        parser.error(f"no such shape: {', '.join(unknown)}")
    args.data.mkdir(parents=True, exist_ok=True)
    measured, ran = [], []
    for name in chosen:
        files = corpus(args.data, name, args.bytes)
        found = commands(name, files, args.threads, args.data)
        if args.before:
            found["esaudit before"] = [args.before, *found["esaudit"][1:]]
        print(f"{name}: {len(found)} commands", file=sys.stderr)
        results = race(found, args.runs)
        measured += rows(SHAPES[name][0], results if args.all_rivals else best(results))
        ran += [f"{name}, {label.replace('`', '')}:\n{shlex.join(command)}\n" for label, command in found.items()]
        if args.discard and name not in ("own", "few"):
            for file in files:
                (shutil.rmtree if file.is_dir() else os.remove)(file)
    text = f"{conditions(args)}\n\n{table(HEAD, measured)}"
    print(text)
    if args.show_commands:
        print("\n".join(ran))
    if args.write:
        measuring.between_marks(args.write, "race.py", lambda _: text)


if __name__ == "__main__":
    main()
