"""The module on the incident. Arguments: the folder of the incident, a folder to write to. The variable ESAUDIT names the program."""

import os
import subprocess
import sys
import types
import warnings

import esaudit

incident, folder = sys.argv[1:]

report = esaudit.report(incident)
assert report["totals"]["failed_attempts"] == 787, report["totals"]
names = sorted({event["principal"] for event in esaudit.events(incident, kind="attempts") if event["principal"]})[:2]
narrow = esaudit.report([incident], principal=names, top=3, strict=False, since="2026-03-01")
assert 0 < narrow["totals"]["failed_attempts"] < 787
part = os.path.join(folder, "all.esa")
subprocess.run([esaudit.program(), "scan", incident, "-o", part], check=True)
assert esaudit.report(part)["totals"] == report["totals"]
# A finding as severe as asked for is an answer, and no error.
assert esaudit.report(incident, fail_on="low")["findings"]

rows = esaudit.events(incident, kind="attempts")
assert isinstance(rows, types.GeneratorType)
first = next(rows)
assert first["kind"] == "attempt", first
rows.close()
assert sum(1 for _ in esaudit.events(incident, kind="attempts")) == 787

for wrong, said in [
    (lambda: esaudit.report(incident, since="yesterday"), "--since"),
    (lambda: esaudit.report(incident, no_such_option=True), "--no-such-option"),
    (lambda: list(esaudit.events(incident, source="300.1.1.1")), "--source"),
]:
    try:
        wrong()
    except esaudit.Error as error:
        assert said in error.message and error.status == 64, (error.message, error.status)
    else:
        raise AssertionError(said)
gone = os.path.join(folder, "gone.json")
report = esaudit.report([incident, gone])
assert report["coverage"]["complete"] is False and gone in str(report["coverage"]["problems"])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert sum(1 for _ in esaudit.events([incident, gone], kind="attempts")) == 787
assert any(issubclass(one.category, esaudit.Incomplete) for one in caught)

for name in ["pandas", "arrow"]:
    try:
        table = esaudit.events(incident, kind="attempts", into=name)
    except ImportError:
        print("skipped", name)
        continue
    assert len(table) == 787 and "UTC" in str(table["time"].dtype if name == "pandas" else table["time"].type)
try:
    esaudit.events(incident, into="polars")
except ValueError as error:
    assert "polars" in str(error)
assert os.path.exists(os.path.join(os.path.dirname(esaudit.__file__), "py.typed"))
