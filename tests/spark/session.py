"""Runs the Spark job in several ways within one session, and prints how often the binary was called in each.

Arguments: the job's folder, the wrapper to ship, its folder of notes, the folder of logs, the folder for reports.
"""

import json
import os
import sys

from pyspark import SparkConf, SparkContext

job_folder, wrapper, notes, logs, reports = sys.argv[1:]
sys.path.insert(0, job_folder)
import esaudit_spark as job  # noqa: E402

configuration = SparkConf().setAppName("esaudit test").setMaster("local-cluster[2,1,1024]")
configuration.set("spark.ui.enabled", "false")

sc = SparkContext(conf=configuration)
sc.setLogLevel("ERROR")
# The job is a script when it is submitted; here it is a module that executors need, too.
sc.addPyFile(os.path.join(job_folder, "esaudit_spark.py"))
plan = job.plan_of(sc, wrapper, ["--threads", "1"])
inputs = job.list_inputs(sc, [logs, os.path.join(logs, "*")])
shares = job.in_shares(inputs, 3)


def calls():
    with open(os.path.join(notes, "calls")) as file:
        lines = file.read().splitlines()
    os.remove(os.path.join(notes, "calls"))
    return lines


def mode(text):
    with open(os.path.join(notes, "mode"), "w") as file:
        file.write(text)


def run(name, some):
    parts = job.scan_shares(sc, some, plan)
    status = job.write(sc, wrapper, parts, [os.path.join(reports, name + ".json")], [])
    seen = [line.split() for line in calls()]
    scans = [line for line in seen if line[1] == "scan"]
    return {"status": status, "scans": len(scans), "folders": len({line[0] for line in scans})}


told = {"files": len(inputs)}
mode("fail once")
told["failed"] = run("failed", shares)
mode("plain")
# Spark runs no speculative copy of a task on the host of the first, so here the copies are shares of their own. Merged in
# twos, that is, in several rounds.
job.FAN_IN = 2
told["twice"] = run("twice", shares + shares[:1])
sc.stop()
print(json.dumps(told))
