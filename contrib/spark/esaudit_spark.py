#!/usr/bin/env python3
"""esaudit on Apache Spark: executors scan the files, parts are merged in a tree, the report is the one of a single run.

    spark-submit contrib/spark/esaudit_spark.py 's3a://logs/2026/**' --binary ./esaudit -o report.html -o s3a://out/all.esa

Nothing has to be installed on the executors: the binary travels with the job, and files are read with the Hadoop file
systems that Spark has. Large files are streamed into `esaudit scan -`, as they are, whatever their compression and size; small
ones are copied and scanned together. Parts that are not small go through a folder of the storage (`--work`), not through
the driver, which gets the last one alone.
"""

import argparse
import atexit
import contextlib
import glob
import hashlib
import importlib
import itertools
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections import namedtuple
from urllib.parse import unquote, urlsplit

# Parts that one task merges: fewer make more rounds, more need more memory at once.
FAN_IN = 16

# Files up to this size are copied and scanned together, up to so many bytes at a time: what a call costs is more than they do.
SMALL = 32 << 20
BATCH = 512 << 20

# Small files that a task copies at once, and folders that the driver lists at once: a store takes its time for each, not for all.
READERS = 16

# What is done for each of many files, in Java: a call from Python takes as long as the work that it asks for. Spark has the compiler,
# Janino, which compiles what it makes of queries; it knows neither lambdas nor types of what is in lists.
JAVA = """
import java.io.FileOutputStream;
import java.util.*;
import java.util.concurrent.*;
import org.apache.hadoop.fs.*;
import org.apache.hadoop.io.IOUtils;

public class ManyFiles {
    private int begun;

    // Of which call, counted from 0, the last result was waited for.
    public int begun() { return begun; }

    // Results in the order of the calls. After one that fails no further one begins.
    private List all(List calls, int threads) throws Exception {
        List results = new ArrayList();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List running = new ArrayList();
            for (int at = 0; at < calls.size(); at++) running.add(pool.submit((Callable) calls.get(at)));
            for (begun = 0; begun < calls.size(); begun++) results.add(((Future) running.get(begun)).get());
        } catch (ExecutionException error) {
            if (error.getCause() instanceof Exception) throw (Exception) error.getCause();
            throw error;
        } finally {
            pool.shutdownNow();
        }
        return results;
    }

    public void copy(final FileSystem system, String uris, String places, int threads) throws Exception {
        String[] from = uris.split("\0"), to = places.split("\0");
        List calls = new ArrayList();
        for (int at = 0; at < from.length; at++) {
            final Path path = new Path(from[at]);
            final String place = to[at];
            calls.add(new Callable() {
                public Object call() throws Exception {
                    // Opened without a look at it before: of a store that is one answer less to wait for, of some a process less.
                    FSDataInputStream source = system.open(path);
                    try {
                        IOUtils.copyBytes(source, new FileOutputStream(place), 1 << 16, true);
                    } finally {
                        source.close();
                    }
                    return null;
                }
            });
        }
        all(calls, threads);
    }

    // Paths and sizes of the files, and of all below the folders. `listFiles` asks where the blocks of each file are, or for its owner:
    // an answer, or a process, for each; but of a store without folders it has all pages, whatever the names.
    public String list(final FileSystem system, FileStatus[] tops, final boolean flat, int threads) throws Exception {
        StringBuilder text = new StringBuilder();
        List level = Arrays.asList(tops);
        while (!level.isEmpty()) {
            List calls = new ArrayList();
            for (int at = 0; at < level.size(); at++) {
                FileStatus one = (FileStatus) level.get(at);
                final Path path = one.getPath();
                if (!one.isDirectory()) {
                    text.append(path).append('\0').append(one.getLen()).append('\0');
                    continue;
                }
                calls.add(new Callable() {
                    public Object call() throws Exception {
                        if (!flat) return Arrays.asList(system.listStatus(path));
                        List found = new ArrayList();
                        RemoteIterator files = system.listFiles(path, true);
                        while (files.hasNext()) found.add(files.next());
                        return found;
                    }
                });
            }
            level = new ArrayList();
            List found = all(calls, threads);
            for (int at = 0; at < found.size(); at++) level.addAll((List) found.get(at));
        }
        return text.toString();
    }
}
"""

# Stores that list all that is below a path, whatever the folders, page by page.
FLAT = ("s3", "s3a")

# Parts up to this size travel within Spark, where each copy of them takes memory.
INLINE = 1 << 20

# Without a folder for larger ones, so much may: all of them together have to fit into spark.driver.maxResultSize.
WITHOUT_STORAGE = 512 << 20

# Bytes of the merged part for each task that writes tables: a task reads all of it, and writes its share of the files.
TABLES = 8 << 20

# What a process of esaudit gets at least, in bytes.
LEAST = 64 << 20

# What a task needs to know beside its share. `binary` is the name of the file that was shipped, `hadoop` the driver's
# configuration of file systems as XML, `options` those of `esaudit scan`, `work` the URI of a folder for parts or None,
# `slots` the tasks that an executor runs at once, `taken` the bytes that its own Java process may take, `inline` the size
# up to which parts travel within Spark, `classpath` what the user gave the job beside Spark's own jars, `driver` the port of the
# driver's Java process and the word that opens it, where tasks run beside it.
Plan = namedtuple("Plan", "binary hadoop options heap work slots cpus taken inline classpath driver", defaults=[INLINE, (), None])

# One input: where it is read from, and its path in the report.
Input = namedtuple("Input", "uri name size")

# A part on its way: its bytes, or where it is stored; a hash of them and their number.
Stored = namedtuple("Stored", "data uri digest size")


# --- What an executor may use ------------------------------------------------------------------------------------------


def cgroups(proc, root, controller):
    """The folders of this process's control groups, from its own to the outermost: of version 2, and of a controller of 1."""
    with contextlib.suppress(OSError), open(os.path.join(proc, "self/cgroup")) as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            if controllers == "":
                bases = [root]
            elif controller in controllers.split(","):
                bases = [os.path.join(root, controllers), os.path.join(root, controller)]
            else:
                continue
            parts = [part for part in path.split("/") if part not in ("", "..")]
            # In a container the outermost folder that is seen is its own, whatever the path says.
            for base in bases:
                for end in range(len(parts), -1, -1):
                    yield os.path.join(base, *parts[:end])


def numbers(folder, name):
    """The numbers in a file of a control group; what says `max` is none."""
    with contextlib.suppress(OSError), open(os.path.join(folder, name)) as file:
        return [int(word) if word.lstrip("-").isdigit() else None for word in file.read().split()]
    return []


def memory_limit(proc="/proc", root="/sys/fs/cgroup"):
    """Bytes that this process and those beside it in its control groups may use: the least of all levels, or the machine's."""
    found = []
    for folder in cgroups(proc, root, "memory"):
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
            found += numbers(folder, name)[:1]
    with contextlib.suppress(OSError), open(os.path.join(proc, "meminfo")) as file:
        found += [int(line.split()[1]) << 10 for line in file if line.startswith("MemTotal:")]
    return min((number for number in found if number), default=None)


def cpu_limit(proc="/proc", root="/sys/fs/cgroup"):
    """Cores that this process and those beside it may use, as a fraction; None where nothing limits them."""
    found = []
    for folder in cgroups(proc, root, "cpu"):
        quota = numbers(folder, "cpu.max")
        if not quota:
            quota = numbers(folder, "cpu.cfs_quota_us") + numbers(folder, "cpu.cfs_period_us")
        if len(quota) == 2 and all(number and number > 0 for number in quota):
            found.append(quota[0] / quota[1])
    return min(found, default=None)


def limits(plan, proc="/proc", root="/sys/fs/cgroup"):
    """`--max-memory` and `--threads` of one task, of what its executor may use: memory that its Java process does not take,
    and that of the process that reads files, shared by the tasks that run at once."""
    memory, cpus = memory_limit(proc, root), cpu_limit(proc, root)
    options = []
    if memory:
        share = (memory - plan.taken) // plan.slots - in_bytes(plan.heap)
        # What the allocator keeps, and the program itself, come on top of what it is told to use.
        options += ["--max-memory", str(max(LEAST, share * 3 // 4))]
    threads = plan.cpus if cpus is None else min(plan.cpus, int(cpus / plan.slots))
    return [*options, "--threads", str(max(1, threads))]


def in_bytes(text):
    """A size as Java and Spark write it: `512m`; without a unit, of MiB."""
    text = text.strip().lower().removesuffix("b").removesuffix("i")
    units = {"k": 10, "m": 20, "g": 30, "t": 40}
    return int(text[:-1]) << units[text[-1]] if text[-1:] in units else int(text) << 20


# --- Storage -----------------------------------------------------------------------------------------------------------


def told(error):
    """What Java says, with its causes, in words. To be asked while its process runs: afterwards nobody knows."""
    cause, texts = getattr(error, "java_exception", None), []
    while cause is not None and len(texts) < 8:
        text = cause.toString()
        if not any(text in known for known in texts):
            texts.append(text)
        cause = cause.getCause()
    return "; caused by ".join(texts) or str(error)


@contextlib.contextmanager
def storage(what):
    """Failures of Java within say what they were about, in words that outlive its process."""
    try:
        yield
    except Exception as error:  # whatever Java says: the task fails, and is tried again
        if type(error).__module__.startswith("py4j"):
            raise RuntimeError(f"{what}: {told(error)}") from None
        raise


# The Java process of this Python worker, which runs one task after the other.
_running = None


def hadoop(plan):
    """A Java process with Spark's own Hadoop file systems, and their configuration."""
    global _running
    asked = (plan.hadoop, plan.driver)
    if _running is None or _running[0] != asked or not is_there(_running[1]):
        gateway = beside(plan) if plan.driver else launched(plan)
        configuration = gateway.jvm.org.apache.hadoop.conf.Configuration(False)
        configuration.addResource(gateway.jvm.java.io.ByteArrayInputStream(plan.hadoop))
        _running = (asked, gateway, gateway.jvm, configuration)
    return _running[2:]


def is_there(gateway):
    return gateway.java_process is None or gateway.java_process.poll() is None


def beside(plan):
    """The driver's, in local mode: another one takes seconds to come up."""
    from py4j.java_gateway import GatewayParameters, JavaGateway

    port, word = plan.driver
    return JavaGateway(gateway_parameters=GatewayParameters(port=port, auth_token=word))


def launched(plan):
    """A small one of its own, for a Python worker cannot reach its executor's."""
    from py4j.java_gateway import JavaGateway
    import pyspark
    from pyspark import SparkFiles

    homes = [os.environ.get("SPARK_HOME"), os.path.dirname(pyspark.__file__)]
    # What --jars and --packages name is where files of the job are; on an executor that is its own folder.
    folders = [os.path.join(home, "jars") for home in homes if home] + [os.getcwd(), SparkFiles.getRootDirectory()]
    classpath = [os.path.join(folder, "*") for folder in folders] + [*plan.classpath, os.environ.get("CLASSPATH", "")]
    jars = [jar for folder in folders for jar in glob.glob(os.path.join(folder, "py4j*.jar"))]
    home = os.environ.get("JAVA_HOME")
    gateway = JavaGateway.launch_gateway(
        jarpath=jars[0] if jars else "",
        classpath=os.pathsep.join(filter(None, classpath)),
        javaopts=[f"-Xmx{plan.heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
        java_path=os.path.join(home, "bin", "java") if home else "java",
        die_on_exit=True,
        enable_auth=True,
    )
    atexit.register(stop, gateway)
    return gateway


def stop(gateway):
    gateway.shutdown()
    # It leaves when its standard input ends.
    gateway.java_process.stdin.close()
    gateway.java_process.wait()


def path_of(jvm, configuration, uri):
    """A path, and the file system that it is on."""
    path = jvm.org.apache.hadoop.fs.Path(uri)
    return path, path.getFileSystem(configuration)


def upload(jvm, configuration, local, uri):
    """Copies a file to where it appears whole: whoever does so twice, or at once, leaves one."""
    with storage(uri):
        path, system = path_of(jvm, configuration, uri)
        part = jvm.org.apache.hadoop.fs.Path(f"{uri}.{uuid.uuid4().hex}.tmp")
        system.copyFromLocalFile(False, True, jvm.org.apache.hadoop.fs.Path("file://" + local), part)
        system.delete(path, False)
        if not system.rename(part, path):
            # Another copy of this task was faster, and wrote the same.
            known = system.exists(path) and system.getFileStatus(path).getLen() == os.path.getsize(local)
            system.delete(part, False)
            if not known:
                raise RuntimeError(f"{uri} was not written")


def download(jvm, configuration, uri, local):
    with storage(uri):
        path, system = path_of(jvm, configuration, uri)
        system.copyToLocalFile(False, path, jvm.org.apache.hadoop.fs.Path("file://" + local), True)


# The Java process that compiled the class above for this one, and an object of it.
_compiled = None


def many_files(jvm):
    """An object of the class that is written in Java above, for one task after the other."""
    global _compiled
    if _compiled is None or _compiled[0] is not jvm:
        # Who else compiles it in that process has another class, and Py4J tells classes apart by their names.
        name = f"ManyFiles{uuid.uuid4().hex}"
        compiler = jvm.org.codehaus.janino.SimpleCompiler()
        compiler.cook(JAVA.replace("ManyFiles", name))
        _compiled = (jvm, compiler.getClassLoader().loadClass(name).newInstance())
    return _compiled[1]


def is_local(uri):
    return urlsplit(uri).scheme in ("", "file")


def local_path(one):
    """Where a file of the executor's own disk lies: its name is its path."""
    return one.name


# --- Tasks -------------------------------------------------------------------------------------------------------------


def run(command, written):
    """Runs esaudit; the exit status, if it wrote what it should."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    check(command, done.returncode, written, done.stderr)
    return done.returncode


def check(command, status, written, errors):
    # Status 2 with a part: some input could not be read whole, which the part says.
    if status not in (0, 1, 2) or not all(os.path.exists(path) for path in written):
        raise RuntimeError(f"{shlex.join(command)}: status {status}: {errors.decode(errors='replace')}")


def pipe(plan, one, command, part):
    """Streams an input into a command. A read that fails must not look like the end of the file."""
    jvm, configuration = hadoop(plan)
    errors = part + ".err"
    arguments = jvm.java.util.ArrayList()
    for argument in command:
        arguments.add(argument)
    builder = jvm.java.lang.ProcessBuilder(arguments)
    builder.redirectError(jvm.java.io.File(errors))
    builder.redirectOutput(jvm.java.io.File(os.devnull))
    with storage(one.name):
        path, system = path_of(jvm, configuration, one.uri)
        source = system.open(path)
        process = builder.start()
        failure = None
        try:
            sink = process.getOutputStream()
            jvm.org.apache.hadoop.io.IOUtils.copyBytes(source, sink, 1 << 20, False)
            sink.close()
        except Exception as error:  # what the program says comes first
            process.destroyForcibly()
            failure = told(error)
        finally:
            source.close()
        status = process.waitFor()
    with open(errors, "rb") as file:
        said = file.read()
    if failure is not None:
        raise RuntimeError(f"{one.name}: {failure} {said.decode(errors='replace')}".rstrip())
    check(command, status, [part], said)


def batches(inputs):
    """Small inputs of one store together, others alone; each batch with what of its names is no path: `s3a://bucket/`."""
    batch, size, begin = [], 0, None
    for one in sorted(inputs, key=lambda one: (urlsplit(one.uri)[:2], one.name)):
        of = "/" if is_local(one.uri) else "{0.scheme}://{0.netloc}/".format(urlsplit(one.name))
        alone = one.size > SMALL and not is_local(one.uri)
        if batch and (alone or of != begin or size + one.size > BATCH and not is_local(one.uri)):
            yield begin, batch
            batch, size = [], 0
        if alone:
            yield None, [one]
            continue
        batch.append(one)
        size, begin = size + one.size, of
    if batch:
        yield begin, batch


def fetched(plan, begin, batch, folder):
    """Copies files into a folder, each under its path, several at a time; where they lie then."""
    jvm, configuration = hadoop(plan)
    found = [os.path.join(folder, one.name[len(begin):]) for one in batch]
    for place in {os.path.dirname(path) for path in found}:
        os.makedirs(place, exist_ok=True)
    with storage(batch[0].name):
        _, system = path_of(jvm, configuration, batch[0].uri)
    files = many_files(jvm)
    try:
        files.copy(system, "\0".join(one.uri for one in batch), "\0".join(found), READERS)
    except Exception:
        with storage(batch[files.begun()].name):
            raise
    return found


def scan_batch(plan, begin, batch, part, folder):
    from pyspark import SparkFiles

    command = [SparkFiles.get(plan.binary), "scan", "-o", part, *limits(plan), *plan.options]
    if begin is None:
        return pipe(plan, batch[0], [*command, "-", "--name", batch[0].name], part)
    if begin == "/":
        paths = [local_path(one) for one in batch]
    else:
        copies = os.path.join(folder, "copies")
        paths = fetched(plan, begin, batch, copies)
        command += ["--strip", copies, "--prefix", begin]
    names = part + ".list"
    with open(names, "wb") as file:
        file.write(b"".join(os.fsencode(path) + b"\0" for path in paths))
    run([*command, "--files-from", names], [part])
    shutil.rmtree(os.path.join(folder, "copies"), ignore_errors=True)
    return None


def scan(share, plan):
    """The part of a share. The same inputs give the same bytes, however often and wherever this runs."""
    key, inputs = share
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for number, (begin, batch) in enumerate(batches(inputs)):
            parts.append(os.path.join(folder, f"{number}.esa"))
            scan_batch(plan, begin, batch, parts[-1], folder)
        return key, merge(plan, parts, folder, f"share-{key}")


def merge(plan, parts, folder, name):
    """The part that some parts make, kept until others need it."""
    from pyspark import SparkFiles

    whole = os.path.join(folder, "whole.esa")
    if len(parts) == 1:
        os.replace(parts[0], whole)
    else:
        run([SparkFiles.get(plan.binary), "merge", *parts, "-o", whole, *limits(plan)], [whole])
    return keep(plan, whole, name)


def keep(plan, part, name):
    digest, size = hashlib.sha256(), os.path.getsize(part)
    with open(part, "rb") as file:
        if size <= plan.inline or plan.work is None and size <= WITHOUT_STORAGE:
            data = file.read()
            return Stored(data, None, hashlib.sha256(data).hexdigest(), size)
        if plan.work is None:
            raise RuntimeError(f"a part of {size} bytes: name a folder of the storage with --work, for such do not fit through Spark")
        while block := file.read(1 << 20):
            digest.update(block)
    # The same part has the same name, whoever writes it.
    uri = f"{plan.work}/{name}-{digest.hexdigest()[:32]}.esa"
    jvm, configuration = hadoop(plan)
    upload(jvm, configuration, part, uri)
    return Stored(None, uri, digest.hexdigest(), size)


def fetch(plan, stored, path):
    """Puts a part that was kept into a file."""
    if stored.data is None:
        jvm, configuration = hadoop(plan)
        return download(jvm, configuration, stored.uri, path)
    with open(path, "wb") as file:
        file.write(stored.data)
    return None


def fetch_all(plan, parts, folder):
    paths = []
    for number, stored in enumerate(parts):
        paths.append(os.path.join(folder, f"part-{number}.esa"))
        fetch(plan, stored, paths[-1])
    return paths


def merge_all(index, keyed, plan):
    """Merges the parts of a partition; the result is keyed by the partition."""
    with tempfile.TemporaryDirectory() as folder:
        parts = fetch_all(plan, (part for _, part in sorted(keyed, key=lambda pair: pair[0])), folder)
        if parts:
            yield index, merge(plan, parts, folder, f"merged-{len(parts)}-{index}")


def one_of_twins(one, other):
    """A share that was scanned twice has the same part twice."""
    if one.digest != other.digest:
        raise RuntimeError("a share gave different parts: its files changed while they were read")
    return one


def write_tables(share, stored, plan, uri, options):
    """Exports a share of the tables of a part, such as `2/8`, and stores the files: what the task did before, if it did it twice, is
    replaced by the same."""
    from pyspark import SparkFiles

    with tempfile.TemporaryDirectory() as folder:
        part, out = os.path.join(folder, "whole.esa"), os.path.join(folder, "parquet")
        fetch(plan, stored, part)
        run([SparkFiles.get(plan.binary), "export", part, "--parquet", out, "--share", share, *limits(plan), *options], [out])
        files = [os.path.join(path, name) for path, _, names in os.walk(out) for name in names]
        jvm, configuration = hadoop(plan)
        for file in sorted(files):
            upload(jvm, configuration, file, f"{uri}/{os.path.relpath(file, out)}")
        return len(files)


# --- The driver --------------------------------------------------------------------------------------------------------


def local_files(top):
    """Paths and sizes of a file, or of all in a folder, on this machine's own disk; without Hadoop's files of checksums."""

    def unreadable(error):
        raise RuntimeError(f"{top}: {error}") from None

    if not os.path.isdir(top):
        yield top, os.path.getsize(top)
        return
    for folder, _, names in os.walk(top, onerror=unreadable, followlinks=True):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not (name.startswith(".") and name.endswith(".crc")):
                yield path, os.path.getsize(path)


def stored_files(jvm, system, matches):
    """The same of what a glob matches in a Hadoop file system."""
    text = many_files(jvm).list(system, matches, system.getScheme() in FLAT, READERS)
    found = text.split("\0")
    return zip(found[::2], map(int, found[1::2]))


def list_inputs(sc, patterns):
    """The files that paths, folders and globs stand for, each once, by name."""
    jvm, configuration = sc._jvm, sc._jsc.hadoopConfiguration()
    found = {}
    for pattern in patterns:
        with storage(pattern):
            path, system = path_of(jvm, configuration, pattern)
            matches = system.globStatus(path)
        if not matches:
            raise SystemExit(f"{pattern}: no such file")
        with storage(pattern):
            # Of a local disk Hadoop asks for the owner of each file, by a process each.
            if is_local(matches[0].getPath().toString()):
                for match in matches:
                    for name, size in local_files(match.getPath().toUri().getPath()):
                        found[name] = Input("file:" + name, name, size)
            else:
                for name, size in stored_files(jvm, system, matches):
                    found[name] = Input(name, name, size)
    return [found[name] for name in sorted(found)]


def in_shares(inputs, count):
    """Inputs in at most `count` shares of similar size, each with its key; the same for the same inputs."""
    shares = [[0, key, []] for key in range(max(1, min(count, len(inputs))))]
    for one in sorted(inputs, key=lambda one: (-one.size, one.name)):
        smallest = min(shares, key=lambda share: share[:2])
        # A file costs something even if it is empty.
        smallest[0] += one.size + (1 << 16)
        smallest[2].append(one)
    return [(key, files) for _, key, files in shares]


def scan_shares(sc, shares, plan):
    """The part of all shares: merged in a tree, on executors, until it is one."""
    count = -(-len(shares) // FAN_IN)
    parts = sc.parallelize(shares, len(shares)).map(lambda share: scan(share, plan))
    # By key first: what was done twice counts once, and what was done is not done again when a merge is.
    parts = parts.reduceByKey(one_of_twins, count).mapPartitionsWithIndex(lambda at, keyed: merge_all(at, keyed, plan))
    while count > 1:
        count = -(-count // FAN_IN)
        parts = parts.partitionBy(count).mapPartitionsWithIndex(lambda at, keyed: merge_all(at, keyed, plan))
    ((_, whole),) = parts.collect()
    return whole


def export_tables(sc, whole, plan, uri, options):
    """Has tasks write the tables of a part side by side, each its share of the files; how many files that are."""
    count = max(1, min(sc.defaultParallelism, whole.size // TABLES))
    shares = sc.parallelize([f"{number}/{count}" for number in range(1, count + 1)], count)
    return sum(shares.map(lambda share: write_tables(share, whole, plan, uri, options)).collect())


def plan_of(sc, binary, options=(), heap="512m", work=None):
    """Ships the binary, and gathers what tasks need."""
    sc.addFile(binary)
    text = sc._jvm.java.io.StringWriter()
    sc._jsc.hadoopConfiguration().writeXml(text)
    conf, local = sc.getConf(), sc.master.startswith("local[") or sc.master == "local"
    cpus = int(conf.get("spark.task.cpus", "1"))
    cores = sc.defaultParallelism if local else int(conf.get("spark.executor.cores", "1"))
    # In local mode the driver's Java process is the executor's, too.
    taken = in_bytes(conf.get("spark.driver.memory" if local else "spark.executor.memory", "1g"))
    slots = max(1, cores // cpus)
    # A jar of the driver's disk is on that of an executor only where both are one machine; a path that is not there does no harm.
    jars = [urlsplit(jar) for jar in conf.get("spark.jars", "").split(",") if jar]
    classpath = [unquote(jar.path) for jar in jars if jar.scheme in ("", "file", "local")]
    classpath += [conf.get(f"spark.{'driver' if local else 'executor'}.extraClassPath", "")]
    hadoop_xml = text.toString().encode()
    plan = Plan(os.path.basename(binary), hadoop_xml, tuple(options), heap, work, slots, cpus, taken)
    opened = sc._gateway.gateway_parameters
    return plan._replace(classpath=tuple(filter(None, classpath)), driver=(opened.port, opened.auth_token) if local else None)


def put(sc, local, target):
    """Copies a file to a path of this machine, or to a URI of a Hadoop file system, where it appears whole."""
    if "://" in target:
        return upload(sc._jvm, sc._jsc.hadoopConfiguration(), local, target)
    shutil.copyfile(local, target + ".part")
    os.replace(target + ".part", target)
    return None


def write(sc, binary, stored, outputs, options):
    """Makes the outputs of the part; the exit status of `esaudit merge`."""
    with tempfile.TemporaryDirectory() as folder:
        part = os.path.join(folder, "whole.esa")
        if stored.data is None:
            download(sc._jvm, sc._jsc.hadoopConfiguration(), stored.uri, part)
        else:
            with open(part, "wb") as file:
                file.write(stored.data)
        # First to names that did not exist: what is there afterwards was written now.
        written = [os.path.join(folder, f"out-{at}{os.path.splitext(name)[1]}") for at, name in enumerate(outputs)]
        arguments = [argument for path in written for argument in ("-o", path)]
        status = run([binary, "merge", part, *arguments, *options], written)
        for path, output in zip(written, outputs):
            put(sc, path, output)
    return status


def demand_empty(sc, uri):
    """Tables go into a folder that is new or empty: rows of two runs would count twice."""
    with storage(uri):
        path, system = path_of(sc._jvm, sc._jsc.hadoopConfiguration(), uri)
        if not system.exists(path):
            return
        is_empty = system.getFileStatus(path).isDirectory() and not len(system.listStatus(path))
    if not is_empty:
        raise SystemExit(f"{uri} is not empty: rows of two runs would be mixed; name a new folder with --parquet, or empty it")


@contextlib.contextmanager
def work_folder(sc, asked):
    """The URI of a folder that all can write to: as asked, beside the first output that is in a store, or of this machine
    where everything runs on it; None if there is none. It is removed at the end."""
    parents = [asked.work] if asked.work else [os.path.dirname(output) for output in asked.output if "://" in output]
    local = None
    if not parents and sc.master.startswith("local"):
        local = tempfile.mkdtemp()
        parents = ["file://" + local]
    uri = f"{parents[0].rstrip('/')}/.esaudit-{sc.applicationId}" if parents else None
    try:
        yield uri
    finally:
        if uri:
            with contextlib.suppress(Exception):  # what is left is seen, and no reason to fail
                path, system = path_of(sc._jvm, sc._jsc.hadoopConfiguration(), uri)
                system.delete(path, True)
        if local:
            shutil.rmtree(local, ignore_errors=True)


def arguments_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders and globs on any Hadoop file system")
    parser.add_argument("-o", "--output", action="append", required=True, metavar="FILE",
                        help="as of `esaudit merge`: report.json, report.html, all.esa; local, or a URI; repeatable")
    parser.add_argument("--parquet", metavar="URI", help="a new or empty folder for the tables of `esaudit export`, written by tasks")
    parser.add_argument("--work", metavar="URI",
                        help="a folder in the storage for parts on their way [default: beside the first output that is a URI]")
    parser.add_argument("--binary", default=shutil.which("esaudit"), metavar="FILE",
                        help="the esaudit to ship to the executors, best linked statically [default: that of the PATH]")
    parser.add_argument("--shares", type=int, metavar="N", help="tasks [default: four for each core]")
    parser.add_argument("--scan-options", default="", metavar="TEXT", help="more options of `esaudit scan`, in one text")
    parser.add_argument("--merge-options", default="", metavar="TEXT", help="more options of the last `esaudit merge`")
    parser.add_argument("--export-options", default="", metavar="TEXT", help="more options of `esaudit export`")
    parser.add_argument("--heap", default="512m", metavar="SIZE", help="memory of the process that reads files [%(default)s]")
    parsed = parser.parse_args(arguments)
    if not parsed.binary:
        parser.error("no esaudit on the PATH: name one with --binary")
    parsed.binary = os.path.abspath(parsed.binary)
    return parsed


CONNECT = (
    "Spark Connect cannot run this job: it has neither RDDs nor files that travel with a job, which ship the binary and give each "
    "task its files. Submit it with spark-submit to a cluster, or run it where SPARK_REMOTE is not set."
)


def context():
    """The classic session; what Spark Connect offers instead cannot do."""
    if os.environ.get("SPARK_REMOTE") or os.environ.get("SPARK_CONNECT_MODE_ENABLED"):
        raise SystemExit(CONNECT)
    try:
        from pyspark import SparkConf, SparkContext
    except ImportError as error:
        # The package `pyspark-client` is Spark Connect alone.
        raise SystemExit(f"{CONNECT} ({error})") from None
    return SparkContext.getOrCreate(SparkConf().setAppName("esaudit"))


def said_by_task(error):
    """What a task of this job said when it failed, out of all that Spark tells about it; None if it said nothing."""
    lines = str(error).splitlines()
    begins = [at for at, line in enumerate(lines) if line.startswith("RuntimeError: ")]
    if not begins:
        return str(error) if isinstance(error, RuntimeError) else None
    said = itertools.takewhile(lambda line: not line.startswith(("\tat ", " SQLSTATE")), lines[begins[-1]:])
    return "\n".join(said).removeprefix("RuntimeError: ").rstrip()


def main(arguments=None):
    asked = arguments_of(arguments)
    sc = context()
    try:
        sc.addPyFile(__file__)
        if asked.parquet:
            demand_empty(sc, asked.parquet)
        inputs = list_inputs(sc, asked.paths)
        if not inputs:
            raise SystemExit("no files to read")
        with work_folder(sc, asked) as work:
            plan = plan_of(sc, asked.binary, shlex.split(asked.scan_options), asked.heap, work)
            whole = scan_shares(sc, in_shares(inputs, asked.shares or 4 * sc.defaultParallelism), plan)
            if asked.parquet:
                export_tables(sc, whole, plan, asked.parquet.rstrip("/"), shlex.split(asked.export_options))
            return write(sc, asked.binary, whole, asked.output, shlex.split(asked.merge_options))
    except Exception as error:  # Spark's own has hundreds of lines, of which one is what went wrong
        said = said_by_task(error)
        if said is None:
            raise
        raise SystemExit(f"esaudit: {said}") from None
    finally:
        sc.stop()


if __name__ == "__main__":
    # As a module, which a worker imports once. What is defined in a script itself is made anew for each task, and the Java process of
    # a worker would be one of each task.
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.exit(importlib.import_module(os.path.splitext(os.path.basename(__file__))[0]).main())
