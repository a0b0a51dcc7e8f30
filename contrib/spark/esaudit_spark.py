#!/usr/bin/env python3
"""esaudit on Apache Spark: executors scan the files, parts are merged in a tree, the report is the one of a single run.

    spark-submit contrib/spark/esaudit_spark.py 's3a://logs/2026/**' --binary ./esaudit -o report.html -o s3a://out/all.esa

Nothing has to be installed on the executors: the binary travels with the job, and files are read with the Hadoop file
systems that Spark has. Each file is streamed into `esaudit scan -`, as it is, whatever its compression and size.
"""

import argparse
import contextlib
import glob
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import namedtuple

# Parts that one task merges: fewer make more rounds, more need more memory at once.
FAN_IN = 16

# What a task needs to know beside its share. `binary` is the name of the file that was shipped, `hadoop` the driver's
# configuration of file systems as XML, `options` those of `esaudit scan`.
Plan = namedtuple("Plan", "binary hadoop options heap")

# One input: where it is read from, and its path in the report.
Input = namedtuple("Input", "uri name size")


def list_inputs(sc, patterns):
    """The files that paths, folders and globs stand for, each once, by name."""
    configuration = sc._jsc.hadoopConfiguration()
    found = {}
    for pattern in patterns:
        path = sc._jvm.org.apache.hadoop.fs.Path(pattern)
        system = path.getFileSystem(configuration)
        matches = list(system.globStatus(path) or [])
        if not matches:
            raise SystemExit(f"{pattern}: no such file")
        for match in matches:
            files = system.listFiles(match.getPath(), True)
            while files.hasNext():
                status = files.next()
                uri = status.getPath().toUri()
                name = uri.getPath() if uri.getScheme() in (None, "file") else status.getPath().toString()
                found[name] = Input(status.getPath().toString(), name, status.getLen())
    return [found[name] for name in sorted(found)]


def in_shares(inputs, count):
    """Inputs in at most `count` shares of similar size, each with its key; the same for the same inputs."""
    shares = [[0, key, []] for key in range(max(1, min(count, len(inputs))))]
    for one in sorted(inputs, key=lambda one: (-one.size, one.name)):
        smallest = min(shares, key=lambda share: share[:2])
        # A file costs something even if it is empty.
        smallest[0] += one.size + (1 << 20)
        smallest[2].append(one)
    return [(key, files) for _, key, files in shares]


def run(command, written):
    """Runs esaudit; the exit status, if it wrote what it should."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    check(command, done.returncode, written, done.stderr)
    return done.returncode


def check(command, status, written, errors):
    # Status 2 with a part: some input could not be read whole, which the part says.
    if status not in (0, 1, 2) or not all(os.path.exists(path) for path in written):
        raise RuntimeError(f"{shlex.join(command)}: status {status}: {errors.decode(errors='replace')}")


@contextlib.contextmanager
def hadoop(plan):
    """A small Java process with Spark's own Hadoop file systems, for a Python worker cannot reach its executor's."""
    from py4j.java_gateway import JavaGateway
    import pyspark

    homes = [os.environ.get("SPARK_HOME"), os.path.dirname(pyspark.__file__)]
    folders = [os.path.join(home, "jars") for home in homes if home] + [os.getcwd()]
    classpath = [os.path.join(folder, "*") for folder in folders] + [os.environ.get("CLASSPATH", "")]
    jars = [jar for folder in folders for jar in glob.glob(os.path.join(folder, "py4j*.jar"))]
    home = os.environ.get("JAVA_HOME")
    gateway = JavaGateway.launch_gateway(
        jarpath=jars[0] if jars else "",
        classpath=os.pathsep.join(filter(None, classpath)),
        javaopts=[f"-Xmx{plan.heap}"],
        java_path=os.path.join(home, "bin", "java") if home else "java",
        die_on_exit=True,
        enable_auth=True,
    )
    try:
        jvm = gateway.jvm
        configuration = jvm.org.apache.hadoop.conf.Configuration(False)
        configuration.addResource(jvm.java.io.ByteArrayInputStream(plan.hadoop))
        yield jvm, configuration
    finally:
        gateway.shutdown()
        # It leaves when its standard input ends.
        gateway.java_process.stdin.close()
        gateway.java_process.wait()


def pipe(jvm, configuration, one, command, part):
    """Streams an input into a command. A read that fails must not look like the end of the file."""
    errors = part + ".err"
    arguments = jvm.java.util.ArrayList()
    for argument in command:
        arguments.add(argument)
    builder = jvm.java.lang.ProcessBuilder(arguments)
    builder.redirectError(jvm.java.io.File(errors))
    builder.redirectOutput(jvm.java.io.File(os.devnull))
    path = jvm.org.apache.hadoop.fs.Path(one.uri)
    source = path.getFileSystem(configuration).open(path)
    process = builder.start()
    failure = None
    try:
        sink = process.getOutputStream()
        jvm.org.apache.hadoop.io.IOUtils.copyBytes(source, sink, 1 << 20, False)
        sink.close()
    except Exception as error:  # whatever Java says: the task fails, and is tried again
        process.destroyForcibly()
        failure = error
    finally:
        source.close()
    status = process.waitFor()
    with open(errors, "rb") as file:
        said = file.read()
    if failure is not None:
        raise RuntimeError(f"{one.name}: {said.decode(errors='replace')}") from failure
    check(command, status, [part], said)


def scan(share, plan):
    """The part of a share. The same inputs give the same bytes, however often and wherever this runs."""
    from pyspark import SparkFiles

    key, inputs = share
    binary = SparkFiles.get(plan.binary)
    with tempfile.TemporaryDirectory() as folder, hadoop(plan) as (jvm, configuration):
        parts = []
        for number, one in enumerate(inputs):
            part = os.path.join(folder, f"{number}.esa")
            command = [binary, "scan", "-", "--name", one.name, "-o", part, *plan.options]
            pipe(jvm, configuration, one, command, part)
            parts.append(part)
        return key, merge(binary, parts, folder)


def merge(binary, parts, folder):
    """The bytes of the part that some parts make."""
    whole = os.path.join(folder, "whole.esa")
    run([binary, "merge", *parts, "-o", whole], [whole])
    with open(whole, "rb") as file:
        return file.read()


def merge_all(index, keyed, plan):
    """Merges the parts of a partition; the result is keyed by the partition."""
    from pyspark import SparkFiles

    with tempfile.TemporaryDirectory() as folder:
        parts = save((part for _, part in keyed), folder)
        if parts:
            yield index, merge(SparkFiles.get(plan.binary), parts, folder)


def save(parts, folder):
    paths = []
    for number, part in enumerate(parts):
        paths.append(os.path.join(folder, f"part-{number}.esa"))
        with open(paths[-1], "wb") as file:
            file.write(part)
    return paths


def one_of_twins(one, other):
    """A share that was scanned twice has the same part twice."""
    if one != other:
        raise RuntimeError("a share gave different parts: its files changed while they were read")
    return one


def scan_shares(sc, shares, plan):
    """The parts of all shares, merged until they are few."""
    count = -(-len(shares) // FAN_IN)
    parts = sc.parallelize(shares, len(shares)).map(lambda share: scan(share, plan))
    # By key first: what was done twice counts once, and what was done is not done again when a merge is.
    parts = parts.reduceByKey(one_of_twins, count).mapPartitionsWithIndex(lambda at, keyed: merge_all(at, keyed, plan))
    while count > FAN_IN:
        count = -(-count // FAN_IN)
        parts = parts.partitionBy(count).mapPartitionsWithIndex(lambda at, keyed: merge_all(at, keyed, plan))
    return [part for _, part in sorted(parts.collect())]


def plan_of(sc, binary, options=(), heap="512m"):
    """Ships the binary, and gathers what tasks need."""
    sc.addFile(binary)
    text = sc._jvm.java.io.StringWriter()
    sc._jsc.hadoopConfiguration().writeXml(text)
    return Plan(os.path.basename(binary), text.toString().encode(), tuple(options), heap)


def put(sc, local, target):
    """Copies a file to a path of this machine, or to a URI of a Hadoop file system, where it appears whole."""
    if "://" not in target:
        shutil.copyfile(local, target + ".part")
        os.replace(target + ".part", target)
        return
    path, part = (sc._jvm.org.apache.hadoop.fs.Path(name) for name in (target, target + ".part"))
    system = path.getFileSystem(sc._jsc.hadoopConfiguration())
    system.copyFromLocalFile(False, True, sc._jvm.org.apache.hadoop.fs.Path("file://" + local), part)
    system.delete(path, False)
    if not system.rename(part, path):
        raise RuntimeError(f"{target} was not written")


def write(sc, binary, parts, outputs, options):
    """Merges the last parts into the outputs; the exit status of `esaudit merge`."""
    with tempfile.TemporaryDirectory() as folder:
        # First to names that did not exist: what is there afterwards was written now.
        written = [os.path.join(folder, f"out-{at}{os.path.splitext(name)[1]}") for at, name in enumerate(outputs)]
        arguments = [argument for path in written for argument in ("-o", path)]
        status = run([binary, "merge", *save(parts, folder), *arguments, *options], written)
        for path, output in zip(written, outputs):
            put(sc, path, output)
    return status


def arguments_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders and globs on any Hadoop file system")
    parser.add_argument("-o", "--output", action="append", required=True, metavar="FILE",
                        help="as of `esaudit merge`: report.json, report.html, all.esa; local, or a URI; repeatable")
    parser.add_argument("--binary", default=shutil.which("esaudit"), metavar="FILE",
                        help="the esaudit to ship to the executors, best linked statically [default: that of the PATH]")
    parser.add_argument("--shares", type=int, metavar="N", help="tasks [default: four for each core]")
    parser.add_argument("--scan-options", default="", metavar="TEXT", help="more options of `esaudit scan`, in one text")
    parser.add_argument("--merge-options", default="", metavar="TEXT", help="more options of the last `esaudit merge`")
    parser.add_argument("--heap", default="512m", metavar="SIZE", help="memory of the process that reads files [%(default)s]")
    parsed = parser.parse_args(arguments)
    if not parsed.binary:
        parser.error("no esaudit on the PATH: name one with --binary")
    parsed.binary = os.path.abspath(parsed.binary)
    return parsed


def main(arguments=None):
    from pyspark import SparkConf, SparkContext

    asked = arguments_of(arguments)
    sc = SparkContext.getOrCreate(SparkConf().setAppName("esaudit"))
    try:
        inputs = list_inputs(sc, asked.paths)
        if not inputs:
            raise SystemExit("no files to read")
        cores = sc.getConf().get("spark.task.cpus", "1")
        options = ["--threads", cores, *shlex.split(asked.scan_options)]
        plan = plan_of(sc, asked.binary, options, asked.heap)
        shares = in_shares(inputs, asked.shares or 4 * sc.defaultParallelism)
        parts = scan_shares(sc, shares, plan)
        return write(sc, asked.binary, parts, asked.output, shlex.split(asked.merge_options))
    finally:
        sc.stop()


if __name__ == "__main__":
    sys.exit(main())
