"""What the module takes and what it refuses, and that it leaves nothing behind. Arguments: the folder of the incident, a folder to write
to. The variable ESAUDIT names the program.
"""

import contextlib
import datetime
import ipaddress
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings

import esaudit

incident, folder = sys.argv[1:]
own = os.environ["ESAUDIT"]
warnings.simplefilter("error", ResourceWarning)
# What a shell runs in the background ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)
attempts = {"kind": "attempts"}


def listed(*paths, **options):
    return list(esaudit.events(*paths, **options))


def failures(paths, **options):
    return esaudit.report(paths, **options)["totals"]["failed_attempts"]


def refused(call, *arguments, **options):
    """What the caller is told; none of it is of a terminal."""
    try:
        call(*arguments, **options)
    except (esaudit.Error, TypeError) as error:
        assert not any(word in str(error) for word in ["Usage", "--help", "error:", "<", "--"]), error
        return error
    raise AssertionError((arguments, options))


# Whatever `os.fspath` takes is a path, alone or several; and so is what is given one after the other.
logs = pathlib.Path(incident)
for paths in [incident, incident.encode(), logs, [logs], (incident.encode(),), {logs}, iter([incident]), logs.iterdir()]:
    assert failures(paths) == 787, paths
assert len(listed(os.fsencode(incident), **attempts)) == 787
for wrong in [None, 5, [None], [5], {incident: 1}]:
    assert type(refused(esaudit.report, wrong)) is type(refused(listed, wrong)) is TypeError
for nothing in [[], (), iter([]), "", [""], b"", "a\0b"]:
    error = refused(esaudit.report, nothing)
    assert isinstance(error, ValueError) and error.status == 64 and "path" in error.message, error
assert "no paths" in refused(listed, []).message

# More paths than a command line has room for, and a warning that somebody can read.
many = [os.path.join(folder, f"{at:06}-{'x' * 60}.json") for at in range(40_000)]
for call in [esaudit.report, listed]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = call([*many, incident])
    (told,) = caught
    assert os.path.basename(told.filename) == "misuse.py" and len(str(told.message)) < 2000, told
    assert many[0] in str(told.message) and " more" in str(told.message), told
    assert len(answer) > 7, call

# A glob of parts is what it stands for.
for node in ["es-1", "es-2"]:
    subprocess.run([own, "scan", logs / node, "-o", os.path.join(folder, node + ".esa")], check=True)
parts = os.path.join(folder, "*.esa")
assert failures(parts) == failures([logs / "es-1", logs / "es-2"]) == len(listed(parts, **attempts))
# What is refused is no log without events.
damaged = os.path.join(folder, "damaged.esa")
pathlib.Path(damaged).write_bytes(pathlib.Path(folder, "es-1.esa").read_bytes()[:5000])
for wrong, said in [([damaged], "damaged part"), ([os.path.join(folder, "es-1.esa"), logs / "es-2"], "is a part and")]:
    for call in [esaudit.report, listed]:
        assert said in refused(call, wrong).message
os.remove(damaged)

# Options, as Python has them.
day = datetime.datetime(2026, 3, 1, 12, 30, 5, 250_000)
part_of_day = failures(incident, since="2026-03-01T12:30:05.250Z")
assert 0 < part_of_day < 787
assert part_of_day == failures(incident, since=day) == failures(incident, since=day.replace(tzinfo=datetime.timezone.utc))
assert failures(incident, since=day.date()) == 787
names = sorted({event["principal"] for event in listed(incident, **attempts) if event["principal"]})[:2]
narrow = failures(incident, principal=names)
assert 0 < narrow < 787
for same in [tuple(names), set(names), iter(names), [name.encode() for name in names]]:
    assert failures(incident, principal=same) == narrow
address = "198.18.2.116"
assert failures(incident, source=ipaddress.ip_address(address)) == failures(incident, source=address) > 0
assert failures(incident, source=ipaddress.ip_network("198.18.2.0/24")) >= failures(incident, source=address)
assert failures(incident, since=None, strict=False, principal=[]) == 787
assert failures(incident, principal="ünïcode 日本 😀") == 0

for options, said in [
    ({"no_such_option": 1}, "no_such_option is no option of `esaudit report`"),
    ({"principals": "alice"}, "did you mean principal?"),
    ({"since": True}, "since needs a value"),
    ({"principal": True}, "principal needs a value"),
    ({"strict": "yes"}, "strict='yes': it takes no value"),
    ({"since": "yesterday"}, "since: `yesterday` is no time"),
    ({"top": "x"}, "top='x': a whole number is needed"),
    ({"top": [1, 2]}, "top takes one value"),
    ({"fail_on": "bad"}, "fail_on='bad': one of info"),
    ({"principal": "a\0b"}, "principal: 'a\\x00b' is no value"),
    ({"o": "x"}, "o is no option"),
    ({"since=2026": "x"}, "since=2026 is no option"),
    ({"help": True}, "help()"),
    ({"quiet": True}, "quiet"),
    ({"sign": "key"}, "sign"),
    ({"files_from": os.path.join(folder, "no such list")}, "no such list"),
]:
    error = refused(esaudit.report, incident, **options)
    assert isinstance(error, esaudit.UsageError) and error.status == 64 and said in error.message, error
copy = pickle.loads(pickle.dumps(error))
assert type(copy) is esaudit.UsageError and (copy.message, copy.status) == (error.message, 64)
assert "of `esaudit events`" in refused(listed, incident, no_such=1).message
assert "possible values: attempts" in refused(listed, incident, kind="none").message
for value in [[None], [True], {"alice": 1}, 1j, datetime.timedelta(1)]:
    assert "principal" in str(refused(esaudit.report, incident, principal=value))


# A program that fails, or is left alone.
def play(script):
    """Lets a script be the program."""
    path = pathlib.Path(folder, "player")
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)
    os.environ["ESAUDIT"] = str(path)


def is_alone():
    """Whether no process of this one is left."""
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    return True


play("echo '{\"a\": 1}'; printf '{\"b\": '; kill -9 $$\n")
for call in [esaudit.report, listed]:
    error = refused(call, incident)
    assert error.status == -9 and "SIGKILL" in error.message, error
for status in [0, 2]:
    play(f"exit {status}\n")
    assert "wrote no answer" in refused(esaudit.report, incident).message
assert "wrote no answer" in refused(listed, incident).message

for script in ["while :; do echo '{}'; done\n", "trap '' TERM; while :; do echo '{}'; done\n", "exec sleep 60\n"]:
    play(script)
    if "sleep" not in script:
        for _ in esaudit.events(incident):
            break
        assert is_alone()
        for end in ["close", "throw"]:
            rows = esaudit.events(incident)
            next(rows)
            with contextlib.suppress(RuntimeError):
                getattr(rows, end)(*([] if end == "close" else [RuntimeError("enough")]))
            assert is_alone(), (script, end)
        continue
    # The signal reaches Python alone, as it does where a notebook is interrupted.
    for call in [esaudit.report, listed]:
        begun = time.monotonic()
        threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
        try:
            call(incident)
        except KeyboardInterrupt:
            pass
        else:
            raise AssertionError("not interrupted")
        assert time.monotonic() - begun < 30 and is_alone()
rows = esaudit.events(incident)
rows.close()
