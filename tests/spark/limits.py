"""What the Spark job makes of control groups of both versions, at any depth. Argument: the job's folder."""

import os
import sys
import tempfile

sys.path.insert(0, sys.argv[1])
import esaudit_spark as job  # noqa: E402

GIB = 1 << 30


def system(files):
    """Folders such as /proc and /sys/fs/cgroup."""
    folder = tempfile.mkdtemp()
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
    return os.path.join(folder, "proc"), os.path.join(folder, "cg")


plan = job.Plan("esaudit", b"", (), "512m", None, slots=2, cpus=4, taken=GIB)

# Version 2: the tightest level counts, which is neither the first nor the last.
nested = system({
    "proc/self/cgroup": "0::/kubepods/pod/container\n",
    "proc/meminfo": "MemTotal: 67108864 kB\n",
    "cg/kubepods/memory.max": str(32 * GIB),
    "cg/kubepods/pod/memory.max": str(9 * GIB),
    "cg/kubepods/pod/container/memory.max": "max\n",
    "cg/kubepods/pod/cpu.max": "400000 100000\n",
    "cg/kubepods/pod/container/cpu.max": "max 100000\n",
})
assert job.memory_limit(*nested) == 9 * GIB
assert job.cpu_limit(*nested) == 4
# (9 - 1) / 2 - 0.5 GiB for each of two tasks, of which a quarter is left for what is not told.
assert job.limits(plan, *nested) == ["--max-memory", str(3 * 7 * GIB // 8), "--threads", "2"], job.limits(plan, *nested)

# Version 1, in a container that sees its own group as the outermost, whatever the path says; cores limited further out.
older = system({
    "proc/self/cgroup": "5:memory:/docker/x\n4:cpu,cpuacct:/a/b\n0::/\n",
    "proc/meminfo": "MemTotal: 67108864 kB\n",
    "cg/memory/memory.limit_in_bytes": str(3 * GIB),
    "cg/cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1",
    "cg/cpu,cpuacct/a/b/cpu.cfs_period_us": "100000",
    "cg/cpu,cpuacct/a/cpu.cfs_quota_us": "150000",
    "cg/cpu,cpuacct/a/cpu.cfs_period_us": "100000",
})
assert job.memory_limit(*older) == 3 * GIB
assert job.cpu_limit(*older) == 1.5
assert job.limits(plan, *older) == ["--max-memory", str(3 * GIB // 8), "--threads", "1"], job.limits(plan, *older)

# No limit: the machine. Less than nothing: a little.
machine = system({"proc/self/cgroup": "0::/\n", "proc/meminfo": "MemTotal: 1048576 kB\n"})
assert job.cpu_limit(*machine) is None
assert job.limits(plan, *machine) == ["--max-memory", str(job.LEAST), "--threads", "4"]
assert job.limits(plan, *system({})) == ["--threads", "4"]
