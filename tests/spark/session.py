"""Runs the Spark job in several ways within one session, and prints what came of each.

Arguments: the job's folder, the wrapper to ship, its folder of notes, the folder of logs, the folder for reports, a folder of many
small logs.
"""

import http.server
import json
import os
import sys
import threading
import time

from pyspark import SparkConf, SparkContext

job_folder, wrapper, notes, logs, reports, small = sys.argv[1:]
sys.path.insert(0, job_folder)
import esaudit_spark as job  # noqa: E402
from webstore import Store  # noqa: E402

configuration = SparkConf().setAppName("esaudit test").setMaster("local-cluster[2,1,1024]")
configuration.set("spark.ui.enabled", "false").set("spark.task.maxFailures", "2")
# A part does not fit through the driver.
configuration.set("spark.driver.maxResultSize", "64k")
# Another store, whose files have to be fetched.
configuration.set("spark.hadoop.fs.viewfs.mounttable.store.link./small", "file://" + small)

sc = SparkContext(conf=configuration)
sc.setLogLevel("OFF")
# The job is a script when it is submitted; here it is a module that executors need, too.
sc.addPyFile(os.path.join(job_folder, "esaudit_spark.py"))
plan = job.plan_of(sc, wrapper, work="file://" + os.path.join(reports, "work"))._replace(inline=0)
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


wholes = {}


def run(name, some):
    whole = wholes[name] = job.scan_shares(sc, some, plan)
    status = job.write(sc, wrapper, whole, [os.path.join(reports, name + ".json"), os.path.join(reports, name + ".esa")], [])
    seen = [line.split() for line in calls()]
    scans = [line for line in seen if line[1] == "scan"]
    options = {line[2] for line in scans}
    told = {"status": status, "scans": len(scans), "folders": len({line[0] for line in scans}), "stored": whole.uri is not None}
    return {**told, "limited": all("--max-memory" in text and "--threads" in text for text in options), "shares": len(some)}


def refusal(inputs):
    """What a user is told of a file that cannot be read."""
    try:
        job.scan_shares(sc, job.in_shares(inputs, 1), plan)
    except Exception as error:  # what Spark makes of it
        return str(error)
    return "nothing"


class Forbids(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(403, "AccessDenied")

    def log_message(self, *_):
        pass


told = {"files": len(inputs)}
mode("fail once")
told["failed"] = run("failed", shares)
mode("plain")
# Spark runs no speculative copy of a task on the host of the first, so here the copies are shares of their own. Merged in
# twos, that is, in several rounds.
job.FAN_IN = 2
told["twice"] = run("twice", shares + shares[:1])
job.FAN_IN = 16

# A store that takes its time: it is asked for many files at once, and for nothing about each beside its bytes.
store = Store(small, 0.1)
listed = job.list_inputs(sc, [store.uri()])
asked_to_list = sum(store.answers.values())
told["slow"] = {**run("slow", job.in_shares(listed, 2)), "files": len(listed), "to_list": asked_to_list}
told["slow"].update(to_read=sum(store.answers.values()) - asked_to_list, at_once=store.most_owed)

begun = time.time()
told["small"] = run("small", job.in_shares(job.list_inputs(sc, ["viewfs://store/small"]), 4))
told["small"]["seconds"] = time.time() - begun

tables = os.path.join(reports, "tables")
# Several tasks, each with its share of the files.
job.TABLES = 1
told["tables"] = job.export_tables(sc, wholes["twice"], plan, "file://" + tables, [])
told["tasks"] = len([line for line in calls() if " export " in line])

server = http.server.HTTPServer(("127.0.0.1", 0), Forbids)
threading.Thread(target=server.serve_forever, daemon=True).start()
uri = f"http://127.0.0.1:{server.server_port}/audit.json"
told["forbidden"] = refusal([job.Input(uri, uri, 1 << 30)])
# The one line of it that the job ends with.
told["last_word"] = job.said_by_task(Exception(told["forbidden"]))
told["gone"] = refusal([job.Input("viewfs://store/small/gone.json", "viewfs://store/small/gone.json", 10)])
sc.stop()
print(json.dumps(told))
