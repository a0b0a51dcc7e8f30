"""A session with a jar of the user's, in local mode. Arguments: the job's folder, a folder to write to. Prints what came of it."""

import json
import os
import sys
import zipfile

from pyspark import SparkConf, SparkContext

job_folder, folder = sys.argv[1:]
sys.path.insert(0, job_folder)
import esaudit_spark as job  # noqa: E402

jar = os.path.join(folder, "of the user.jar")
with zipfile.ZipFile(jar, "w") as file:
    file.writestr("esaudit-test.txt", "here")
for name in ["full", "empty"]:
    os.mkdir(os.path.join(folder, name))
for name in ["full/part-0.parquet", "file"]:
    open(os.path.join(folder, name), "w").close()

configuration = SparkConf().setAppName("esaudit test").setMaster("local[2]").set("spark.ui.enabled", "false")
sc = SparkContext(conf=configuration.set("spark.jars", "file://" + jar.replace(" ", "%20")))
sc.setLogLevel("OFF")
sc.addPyFile(os.path.join(job_folder, "esaudit_spark.py"))
plan = job.plan_of(sc, sys.executable)


def finds(_):
    jvm, _ = job.hadoop(plan)
    return jvm.java.lang.ClassLoader.getSystemResource("esaudit-test.txt") is not None


def demanded(name):
    try:
        job.demand_empty(sc, os.path.join(folder, name))
    except SystemExit as error:
        return str(error)
    return "taken"


told = {"found": sc.parallelize([0], 1).map(finds).collect()[0]}
told.update((name, demanded(name)) for name in ["new", "empty", "full", "file"])
sc.stop()
print(json.dumps(told))
