"""A session with a jar of the user's, in local mode. Arguments: the job's folder, a folder to write to, folders of Parquet files.
Prints what came of it.
"""

import functools
import json
import os
import sys
import zipfile

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

job_folder, folder, *tables = sys.argv[1:]
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
configuration.set("spark.sql.shuffle.partitions", "1").set("spark.sql.session.timeZone", "UTC")
sc = SparkContext(conf=configuration.set("spark.jars", "file://" + jar.replace(" ", "%20")))
sc.setLogLevel("OFF")
sc.addPyFile(os.path.join(job_folder, "esaudit_spark.py"))
plan = job.plan_of(sc, sys.executable)


def finds(plan):
    """In the driver's Java process, which is near here, and in one as executors have it."""
    jvm, _ = job.hadoop(plan)
    return jvm.java.lang.Thread.currentThread().getContextClassLoader().getResource("esaudit-test.txt") is not None


def demanded(name):
    try:
        job.demand_empty(sc, os.path.join(folder, name))
    except SystemExit as error:
        return str(error)
    return "taken"


def columns_and_counts():
    """Of each folder of Parquet files."""
    spark = SparkSession(sc)
    read = [spark.read.parquet(table) for table in tables]
    named = [rows.selectExpr(f"{at} AS place") for at, rows in enumerate(read)]
    rows = functools.reduce(lambda one, other: one.union(other), named).groupBy("place").count().collect()
    counts = {row.place: row["count"] for row in rows}
    return [[rows.columns, counts.get(at, 0)] for at, rows in enumerate(read)]


assert plan.driver is not None
told = {"found": all(sc.parallelize([plan, plan._replace(driver=None)], 1).map(finds).collect())}
told.update((name, demanded(name)) for name in ["new", "empty", "full", "file"])
told["read"] = columns_and_counts()
sc.stop()
print(json.dumps(told))
