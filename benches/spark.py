#!/usr/bin/env python3
"""Measures what the Spark job takes for many small files, apart from what Spark takes to start.

    cargo build --release
    JAVA_HOME=… python3 benches/spark.py [--files 2000] [--master 'local[2]'] [--esaudit target/release/esaudit]

Needs PySpark. Each file holds 30 failures, in 20 folders. Listing, scanning with merging, and the report are told apart; an empty
job before them has Spark start its Python workers, which every job waits for.
"""

import argparse
import os
import sys
import tempfile
import time

from measuring import TARGET

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../contrib/spark"))


def make(folder, files):
    """Small logs of failures, each of accounts of its own."""
    for number in range(files):
        lines = []
        for at in range(number * 30, number * 30 + 30):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_772_323_200 + at)) + ",000+0000"
            lines.append(f'{{"type":"audit", "timestamp":"{stamp}", "node.id":"n1", "event.type":"rest", '
                         f'"event.action":"authentication_failed", "user.name":"u{at % 6000}", "origin.type":"rest", '
                         f'"origin.address":"10.0.0.1:40000", "request.id":"r{at:021}"}}\n')
        place = os.path.join(folder, f"{number % 20:02}")
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, f"{number}_audit.json"), "w") as file:
            file.writelines(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--esaudit", default=str(TARGET / "esaudit"))
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--store", action="store_true", help="read the files as those of a store, through viewfs")
    parser.add_argument("--runs", type=int, default=3, help="of the job, in one session [%(default)s]")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        logs = os.path.join(folder, "logs")
        make(logs, asked.files)
        begun = [time.monotonic()]

        def lap(what):
            begun.append(time.monotonic())
            print(f"{what:34} {begun[-1] - begun[-2]:6.2f} s", flush=True)

        import esaudit_spark as job
        from pyspark import SparkConf, SparkContext

        configuration = SparkConf().setAppName("esaudit bench").setMaster(asked.master)
        configuration.set("spark.ui.enabled", "false").set("spark.ui.showConsoleProgress", "false")
        configuration.set("spark.hadoop.fs.viewfs.mounttable.store.link./logs", f"file://{logs}")
        sc = SparkContext(conf=configuration)
        sc.setLogLevel("OFF")
        sc.addPyFile(job.__file__)
        lap("Spark: a session")
        sc.parallelize(range(8), 8).map(lambda number: number + 1).sum()
        lap("Spark: a job that adds 8 numbers")
        for run in range(asked.runs):
            whole_run = time.monotonic()
            inputs = job.list_inputs(sc, ["viewfs://store/logs" if asked.store else logs])
            lap(f"{run + 1}: listing {len(inputs)} files")
            with tempfile.TemporaryDirectory() as work:
                plan = job.plan_of(sc, asked.esaudit, work="file://" + work)
                whole = job.scan_shares(sc, job.in_shares(inputs, 4 * sc.defaultParallelism), plan)
                lap(f"{run + 1}: scanning and merging")
                job.write(sc, asked.esaudit, whole, [os.path.join(folder, "report.json")], [])
                lap(f"{run + 1}: the report")
            print(f"{run + 1}: the job in all {' ' * 17} {time.monotonic() - whole_run:6.2f} s", flush=True)
        sc.stop()


if __name__ == "__main__":
    main()
