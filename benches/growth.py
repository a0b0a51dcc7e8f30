#!/usr/bin/env python3
"""Measures how time grows with the number of each thing that a log may hold many of, and prints the table of exponents of
docs/capacity.md.

    cargo build --release
    python3 benches/growth.py [--only nodes,pairs] [--most 1000000] [--write docs/capacity.md]

Each thing is made at 1,000, 10,000, … in a log that is otherwise as small as can be, and read by one thread into a whole
report. The exponent is that of CPU time between the two largest sizes, above what an empty log takes: 1 is in proportion,
2 is quadratic. Nobody who can write to a log should be able to make its analysis slow, so none may be 1.3 or more.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time

import measuring
from measuring import TARGET, human, table

START = 1_772_323_200
LIMIT = 1.3
# Less time above the empty log's than this says nothing, seconds.
FLOOR = 0.02


def stamp(milliseconds):
    seconds, milli = divmod(int(milliseconds), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + seconds)) + f",{milli:03}+0000"


def address(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def event(what, at, /, **members):
    """An audit event at so many milliseconds; names of members are written with `_` for `.`."""
    said = {"node_id": "n1", "event_type": "rest", "event_action": what, **members}
    pairs = [("type", "audit"), ("timestamp", stamp(at))]
    pairs += [(name.replace("__", "~").replace("_", ".").replace("~", "_"), value) for name, value in said.items() if value is not None]
    return "{" + ", ".join(f'"{name}":{json.dumps(value)}' for name, value in pairs) + "}"


def granted(at, who="user", source="10.0.0.1", **members):
    members = {"event_type": "transport", "authentication_type": "REALM", "user_realm": "native", "request_id": f"g{at:021}",
               "action": "indices:data/read/search", **members}
    return event("access_granted", at, user_name=who, origin_type="rest", origin_address=f"{source}:40000", **members)


def failed(at, who="user", source="10.0.0.1", request=None, **members):
    return event("authentication_failed", at, user_name=who, origin_type="rest", origin_address=f"{source}:40000",
                 url_path="/_search", request_method="GET", request_id=request or f"r{at:021}", **members)


def realm_failed(at, realm, request, who="user", **members):
    return event("realm_authentication_failed", at, user_name=who, realm=realm, origin_type="rest",
                 origin_address="10.0.0.1:40000", request_id=request, **members)


def changed(verb, body, what, at, **members):
    return event(what, at, event_type="security_config_change", request_id=f"c{at:021}", **{verb: body}, **members)


def server(at, message, name="es-1", **members):
    return json.dumps({"@timestamp": stamp(at).replace(",", ".").replace("+0000", "Z"), "log.level": "WARN", "message": message,
                       "ecs.version": "1.2.0", "service.name": "ES_ECS", "event.dataset": "elasticsearch.server",
                       "log.logger": "org.elasticsearch.xpack.security.authc.ApiKeyAuthenticator", "elasticsearch.node.name": name,
                       **members})


def key_failed(at, key, **members):
    message = f"Authentication using apikey failed - api key [{key}] has been invalidated"
    return server(at, message, **members)


def anonymous(at, source="10.0.0.1", **members):
    return event("anonymous_access_denied", at, origin_type="rest", origin_address=f"{source}:40000", url_path="/",
                 request_method="GET", request_id=f"a{at:021}", **members)


def each(make):
    """As many lines as asked for, all in one file."""
    return lambda count: {"log.json": (make(at, count) for at in range(count))}


def both(*makes):
    """As many lines of each kind, one kind after the other."""
    return lambda count: {"log.json": (make(at, count) for make in makes for at in range(count))}


DAY = 86_400_000


def over(at, count, length=DAY):
    """Times spread over a day."""
    return at * length // count


def invalidated(count):
    ids = [f"key-{number:016}" for number in range(count)]
    body = {"apikeys": {"ids": ids, "owned_by_authenticated_user": False}}
    yield changed("invalidate", body, "invalidate_apikeys", DAY, user_name="admin", user_realm="native")


def files(count, make):
    return {f"{at // 1000}/log-{at}.json": (make(at, count),) for at in range(count)}


# What there is many of: how such a log is made, and the most of it that fits a test's disk and time.
SHAPES = {
    "accounts that fail": each(lambda at, n: failed(over(at, n), f"user-{at}")),
    "addresses that fail": each(lambda at, n: failed(over(at, n), source=address(at))),
    "pairs that fail": each(lambda at, n: failed(over(at, n), f"user-{at}", address(at))),
    "failures of one pair": each(lambda at, n: failed(over(at, n))),
    "accounts that get in": each(lambda at, n: granted(over(at, n), f"user-{at}")),
    "addresses of one account that gets in": each(lambda at, n: granted(over(at, n), source=address(at))),
    "pairs that get in": each(lambda at, n: granted(over(at, n), f"user-{at % 997}", address(at))),
    "pairs that fail, then get in": both(
        lambda at, n: failed(over(at, n), f"user-{at}", address(at)),
        lambda at, n: granted(over(at, n) + 60_000, f"user-{at}", address(at))),
    "addresses that fail for one account that gets in": both(
        lambda at, n: failed(over(at, n), source=address(at)), lambda at, n: granted(over(at, n) + 1000, source=address(at))),
    "keys used": each(lambda at, n: granted(over(at, n), authentication_type="API_KEY", apikey_id=f"key-{at}", apikey_name="k")),
    "keys used, then refused": both(
        lambda at, n: granted(over(at, n), authentication_type="API_KEY", apikey_id=f"key-{at}", apikey_name="k"),
        lambda at, n: anonymous(over(at, n) + DAY), lambda at, n: key_failed(over(at, n) + DAY, f"key-{at}")),
    "keys refused in one minute": both(
        lambda at, n: anonymous(over(at, n, 60_000), address(at)), lambda at, n: key_failed(over(at, n, 60_000), f"key-{at}")),
    "keys created": each(lambda at, n: changed(
        "create", {"apikey": {"id": f"key-{at}", "name": f"name-{at}", "expiration": None}}, "create_apikey", over(at, n))),
    "keys used, then invalidated at once": lambda n: {"log.json": [
        *(granted(over(at, n), authentication_type="API_KEY", apikey_id=f"key-{at:016}", apikey_name="k") for at in range(n)),
        *invalidated(n)]},
    "ids of one invalidation": lambda n: {"log.json": invalidated(n)},
    "invalidations by name": each(lambda at, n: changed(
        "invalidate", {"apikeys": {"name": f"name-{at}"}}, "invalidate_apikeys", over(at, n))),
    "invalidations by owner, of keys by name": lambda n: {"log.json": [
        *(granted(over(at, n), f"owner-{at}", authentication_type="API_KEY", apikey_id=f"key-{at:016}", apikey_name=f"name-{at}")
          for at in range(n)),
        *(changed("invalidate", {"apikeys": {"user": {"name": f"owner-{at}"}}}, "invalidate_apikeys", over(at, n) + DAY)
          for at in range(n))]},
    "changes": each(lambda at, n: changed(
        "put", {"user": {"name": f"user-{at}", "enabled": True, "roles": ["superuser"], "has_password": True}}, "put_user", over(at, n))),
    "changes of passwords, then failures": both(
        lambda at, n: changed("change", {"password": {"user": {"name": f"user-{at}"}}}, "change_password", over(at, n)),
        lambda at, n: failed(over(at, n) + 1000, f"user-{at}")),
    "roles of one user": lambda n: {"log.json": [changed(
        "put", {"user": {"name": "user", "roles": [f"role-{at}" for at in range(n)]}}, "put_user", 0)]},
    "node ids": each(lambda at, n: failed(over(at, n), node_id=f"node-{at}")),
    "node ids with names": each(lambda at, n: failed(over(at, n), node_id=f"node-{at}", node_name=f"es-{at}")),
    "node ids with one name": each(lambda at, n: failed(over(at, n), node_id=f"node-{at}", node_name="es")),
    "node names": each(lambda at, n: failed(over(at, n), node_id=None, node_name=f"es-{at}")),
    "node ids that get in": each(lambda at, n: granted(over(at, n), node_id=f"node-{at}")),
    "node names of server logs": each(lambda at, n: key_failed(over(at, n), "key", name=f"es-{at}")),
    "node ids, and names of server logs": both(
        lambda at, n: failed(over(at, n), node_id=f"node-{at}"), lambda at, n: key_failed(over(at, n), "key", name=f"es-{at}")),
    "clusters of one node": each(lambda at, n: failed(over(at, n), cluster_uuid=f"cluster-{at}")),
    "clusters of one node at the same time": both(
        lambda at, n: failed(over(at, n), cluster_uuid=f"cluster-{at}"),
        lambda at, n: failed(over(at, n) + DAY, cluster_uuid=f"cluster-{at}")),
    "clusters": each(lambda at, n: failed(over(at, n), node_id=f"node-{at}", cluster_uuid=f"cluster-{at}")),
    "names of one cluster": each(lambda at, n: failed(over(at, n), cluster_name=f"cluster-{at}")),
    "realm failures of one request": lambda n: {"log.json": [
        *(realm_failed(at // 100, f"realm-{at % 7}", "r1") for at in range(n)), failed(n // 100, request="r1")]},
    "realms of one request": lambda n: {"log.json": [
        *(realm_failed(at // 100, f"realm-{at}", "r1") for at in range(n)), failed(n // 100, request="r1")]},
    "realms of one request in two files": lambda n: {
        "a.json": [*(realm_failed(at // 100, f"realm-{at}", "r1") for at in range(0, n, 2)), failed(n // 100, request="r1")],
        "b.json": [realm_failed(at // 100, f"realm-{at}", "r1") for at in range(1, n, 2)]},
    "attempts of one request": both(
        lambda at, n: realm_failed(2 * at, "realm", "r1"), lambda at, n: failed(2 * at + 1, request="r1")),
    "attempts of one request, one millisecond": both(
        lambda at, n: realm_failed(0, "realm", "r1"), lambda at, n: failed(0, request="r1")),
    "requests in one millisecond": each(lambda at, n: failed(0, f"user-{at % 11}", request=f"r{at}")),
    "realms": each(lambda at, n: granted(over(at, n), user_realm=f"realm-{at}")),
    "chains of realms": lambda n: {"log.json": [line for at in range(n) for line in (
        realm_failed(over(at, n), f"realm-{at}", f"r{at}"), failed(over(at, n), request=f"r{at}"))]},
    "actions": each(lambda at, n: event(f"action_{at}".replace("_", "-"), over(at, n))),
    "Elasticsearch actions refused": each(lambda at, n: granted(
        over(at, n), action=f"indices:data/read/{at}", event_action="access_denied")),
    "accounts refused": each(lambda at, n: granted(over(at, n), f"user-{at}", event_action="access_denied")),
    "powerful actions of one account": each(lambda at, n: granted(over(at, n), action="cluster:admin/xpack/security/user/put")),
    "powerful actions of many": each(lambda at, n: granted(over(at, n), f"user-{at}", action="cluster:admin/xpack/security/user/put")),
    "clients without credentials": each(lambda at, n: anonymous(over(at, n), address(at))),
    "traces": both(lambda at, n: anonymous(over(at, n), trace_id=f"{at:032x}"),
                   lambda at, n: key_failed(over(at, n), f"key-{at % 13}", **{"trace.id": f"{at:032x}"})),
    "hosts that a proxy names": each(lambda at, n: failed(over(at, n), x__forwarded__for=address(at))),
    "lines of no event": each(lambda at, n: f"line {at}" if at else failed(0)),
    "broken lines": each(lambda at, n: f'{{"type":"audit", "timestamp":"{at}' if at else failed(0)),
    "minutes": each(lambda at, n: failed(at * 60_000)),
    "hours": each(lambda at, n: failed(at * 3_600_000)),
    "hours of many": each(lambda at, n: failed(at * 3_600_000, f"user-{at}", address(at))),
    "bursts of guessing": lambda n: {"log.json": [
        line for burst in range(n // 20) for line in (failed(burst * 600_000 + at * 500, f"user-{burst}", address(burst)) for at in range(20))]},
    "sprays": lambda n: {"log.json": [
        line for burst in range(n // 20)
        for line in (failed(burst * 600_000 + at * 500, f"user-{burst}-{at}", address(burst)) for at in range(20))]},
    "sprays at the same time": lambda n: {"log.json": [
        failed(at * 4000 // (n // 20), f"user-{at % 20}", address(at % (n // 20))) for at in range(n)]},
    "files": lambda n: files(n, lambda at, n: failed(over(at, n))),
    "copies in files": lambda n: files(n, lambda at, n: failed(0)),
    "files of nodes": lambda n: files(n, lambda at, n: failed(over(at, n), node_id=f"node-{at}")),
}


def make(folder, shape, count):
    """Writes such a log; gives its bytes."""
    total = 0
    for name, lines in SHAPES[shape](count).items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(line + "\n" for line in lines)
            total += out.tell()
    return total


def run(asked, folder):
    """CPU seconds and peak memory of a report on a folder; the time that was given, where that is not enough."""
    command = ["timeout", "-s", "KILL", str(asked.patience), asked.esaudit, "report", folder, "--threads", "1", "--format", "json",
               "--max-line", "1GiB", "--max-memory", "64G"]
    try:
        _, cpu, memory = measuring.run(command)
    except measuring.Failed as error:
        if str(error).endswith(": "):
            return float(asked.patience), 0
        raise
    return cpu, memory


def exponent(times, empty):
    """Of the two largest sizes that tell something; `None` where all is too quick to tell."""
    told = [(count, cpu - empty) for count, cpu in times if cpu - empty >= FLOOR]
    if len(told) < 2:
        return None
    (fewer, less), (more, much) = told[-2:]
    return math.log(much / less) / math.log(more / fewer)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--esaudit", default=str(TARGET / "esaudit"))
    parser.add_argument("--only", default="", metavar="THINGS", help="some of them, by parts of their names")
    parser.add_argument("--most", type=int, default=1_000_000, help="[%(default)s]")
    parser.add_argument("--least", type=int, default=1_000, help="[%(default)s]")
    parser.add_argument("--most-files", type=int, default=100_000, help="[%(default)s]")
    parser.add_argument("--patience", type=int, default=120, help="seconds that a run may take [%(default)s]")
    parser.add_argument("--scratch", help="folder for temporary files [default: the system's]")
    parser.add_argument("--write", metavar="FILE", help="put the table between the marks in a file, too")
    asked = parser.parse_args()
    wanted = [part.strip() for part in asked.only.split(",")]
    chosen = [shape for shape in SHAPES if any(part in shape for part in wanted)]
    rows, steep = [], []
    with tempfile.TemporaryDirectory(dir=asked.scratch) as scratch:
        folder = os.path.join(scratch, "empty")
        os.makedirs(folder)
        with open(os.path.join(folder, "log.json"), "w", encoding="ascii") as out:
            out.write(failed(0) + "\n")
        empty = min(run(asked, folder)[0] for _ in range(3))
        for shape in chosen:
            times, size, memory = [], 0, 0
            count = asked.least
            while count <= (asked.most_files if "files" in shape and "two" not in shape else asked.most):
                folder = os.path.join(scratch, "log")
                size = make(folder, shape, count)
                cpu, memory = run(asked, folder)
                subprocess.run(["rm", "-r", folder], check=True)
                times.append((count, cpu))
                if cpu >= asked.patience / 4:
                    break
                count *= 10
            power = exponent(times, empty)
            if power is not None and power >= LIMIT:
                steep.append(shape)
            told = "too quick to tell" if power is None else f"{power:.2f}"
            rows.append([shape, f"{times[-1][0]:,}", human(size), f"{times[-1][1]:.2f} s", human(memory), told])
            print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    version = subprocess.run([asked.esaudit, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    text = (f"{version}, {platform.machine()}, {time.strftime('%Y-%m-%d')}; one thread, CPU time.\n\n"
            + table(["many", "as many as", "log", "CPU time", "memory", "exponent"], rows))
    print(text)
    if asked.write:
        measuring.between_marks(asked.write, "growth.py", lambda _: text)
    return f"grows too fast: {', '.join(steep)}" if steep else 0


if __name__ == "__main__":
    sys.exit(main())
