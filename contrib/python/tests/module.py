"""The module on the incident. Arguments: the folder of the incident, a folder to write to. The variable ESAUDIT names the program."""

import json
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
    (lambda: esaudit.report(incident, since="yesterday"), "since"),
    (lambda: esaudit.report(incident, no_such_option=True), "no_such_option"),
    (lambda: list(esaudit.events(incident, source="300.1.1.1")), "source"),
]:
    try:
        wrong()
    except esaudit.Error as error:
        assert said in error.message and error.status == 64, (error.message, error.status)
    else:
        raise AssertionError(said)
gone = os.path.join(folder, "gone.json")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    report = esaudit.report([incident, gone])
    nothing = esaudit.report(gone)
assert [one.category for one in caught] == [esaudit.Incomplete] * 2, caught
assert all("gone.json" in str(one.message) for one in caught), caught
assert nothing["totals"]["failed_attempts"] == 0
assert report["coverage"]["complete"] is False and gone in str(report["coverage"]["problems"])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert sum(1 for _ in esaudit.events([incident, gone], kind="attempts")) == 787
assert any(issubclass(one.category, esaudit.Incomplete) for one in caught)

for wrong in [{"output": "report.html"}, {"format": "html"}]:
    for call in [esaudit.report, lambda path, **options: list(esaudit.events(path, **options))]:
        try:
            call(incident, **wrong)
        except esaudit.Error as error:
            assert error.status == 64 and next(iter(wrong)) in error.message and "run the program" in error.message, error
        else:
            raise AssertionError(wrong)
own = os.environ["ESAUDIT"]
os.environ["ESAUDIT"] = "/no/such/binary"
for call in [esaudit.report, lambda path: list(esaudit.events(path))]:
    try:
        call(incident)
    except esaudit.Error as error:
        assert error.status == 127 and "/no/such/binary" in error.message, error
    else:
        raise AssertionError("no such program")
os.environ["ESAUDIT"] = own

# The columns of a table are those that the manual names, in whatever order the events come.
with open(os.path.join(os.path.dirname(__file__), "../../../docs/schema/events.lines.schema.json")) as file:
    documented = json.load(file)["properties"]
assert set(esaudit.COLUMNS) == set(documented), set(esaudit.COLUMNS) ^ set(documented)
everything = {"kind": "attempts,changes,successes,denied,powerful", "principal": "*"}
rows = list(esaudit.events(incident, **everything))
assert "es_action" not in rows[-1] or "es_action" not in rows[0] or any("es_action" not in row for row in rows)

for name in ["pandas", "arrow"]:
    try:
        table = esaudit.events(incident, kind="attempts", into=name)
    except ImportError:
        print("skipped", name)
        continue
    assert len(table) == 787 and "UTC" in str(table["time"].dtype if name == "pandas" else table["time"].type)
    all_kinds = esaudit.events(incident, into=name, **everything)
    none = esaudit.events(incident, into=name, kind="attempts", principal="nobody-of-this-name")
    assert len(all_kinds) == len(rows) and len(none) == 0
    for one in [table, all_kinds, none]:
        if name == "pandas":
            assert list(one.columns) == list(esaudit.COLUMNS) and list(one.dtypes) == list(table.dtypes), one.dtypes
        else:
            assert one.column_names == list(esaudit.COLUMNS) and one.schema == table.schema, one.schema
    told = list(all_kinds["es_action"]) if name == "pandas" else all_kinds["es_action"].to_pylist()
    assert told == [row.get("es_action") for row in rows]
    if name == "arrow":
        assert all_kinds["evidence"].to_pylist()[0]["line"] == rows[0]["evidence"]["line"]
try:
    esaudit.events(incident, into="polars")
except ValueError as error:
    assert "polars" in str(error)
assert os.path.exists(os.path.join(os.path.dirname(esaudit.__file__), "py.typed"))
