"""A session with a jar of the user's, in local mode. Arguments: the job's folder, a folder to write to, folders of Parquet files.
Prints what came of it.
"""

import functools
import json
import os
import sys
import zipfile

from py4j.java_gateway import GatewayClient
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

many = os.path.join(folder, "many")
names = [f"{at % 20:02}/{at} audit.json" for at in range(200)]
for name in names:
    os.makedirs(os.path.dirname(os.path.join(many, name)), exist_ok=True)
    with open(os.path.join(many, name), "w") as file:
        file.write(name)

configuration = SparkConf().setAppName("esaudit test").setMaster("local[2]").set("spark.ui.enabled", "false")
configuration.set("spark.sql.shuffle.partitions", "1").set("spark.sql.session.timeZone", "UTC")
configuration.set("spark.hadoop.fs.viewfs.mounttable.store.link./many", "file://" + many)
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


def many_files():
    """How often Java is called to list and to copy files of a store, whether they are then there, and what is told where one is not."""
    calls, send = [0], GatewayClient.send_command

    def counted(*arguments, **options):
        calls[0] += 1
        return send(*arguments, **options)

    GatewayClient.send_command = counted
    try:
        listed = job.list_inputs(sc, ["viewfs://store/many"])
        copies = job.fetched(plan, "viewfs://store/", listed, os.path.join(folder, "copies"))
    finally:
        GatewayClient.send_command = send
    # Each holds its name.
    same = [copy.split("/many/")[1] == open(copy).read() for copy in copies] + [one.name.split("/many/")[1] in names for one in listed]
    os.remove(os.path.join(many, names[77]))
    try:
        job.fetched(plan, "viewfs://store/", listed, os.path.join(folder, "copies"))
    except RuntimeError as error:
        gone = str(error)
    return {"calls": calls[0], "copies": len(copies), "same": all(same), "gone": gone, "missing": names[77]}


assert plan.driver is not None
told = {"found": all(sc.parallelize([plan, plan._replace(driver=None)], 1).map(finds).collect())}
told.update((name, demanded(name)) for name in ["new", "empty", "full", "file"])
told["many"] = many_files()
told["read"] = columns_and_counts()
sc.stop()
print(json.dumps(told))
