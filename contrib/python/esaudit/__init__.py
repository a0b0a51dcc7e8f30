"""Offline analysis of Elasticsearch security audit logs: the program ``esaudit``, called from Python.

>>> import esaudit
>>> report = esaudit.report(["/var/log/elasticsearch"], since="2026-03-01")  # doctest: +SKIP
>>> report["totals"]["failed_attempts"]  # doctest: +SKIP
787

Options are those of the program: ``since="2026-03-01"`` is ``--since 2026-03-01``, ``top=5`` is ``--top 5``; a list repeats the
option, ``True`` is an option without a value, ``None`` and ``False`` leave it out. ``esaudit report --help`` names them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import warnings
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Literal, Mapping, Sequence, Union, overload

if TYPE_CHECKING:
    import pandas
    import pyarrow

__all__ = ["COLUMNS", "Error", "Incomplete", "events", "program", "report"]

Path = Union[str, "os.PathLike[str]"]
"""A file, a folder (read recursively), a glob, or a part file."""

Option = Union[None, bool, str, int, float, "os.PathLike[str]", Sequence[Union[str, int, float, "os.PathLike[str]"]]]
"""The value of an option."""

Event = Dict[str, Any]
"""An event, as ``esaudit events`` writes it."""

COLUMNS = (
    "time", "kind", "action", "principal", "source", "source_known", "forwarded_for", "node", "node_name", "realm_chain",
    "realm_chain_ordered", "reason", "reason_basis", "credential", "confidence", "api_key", "api_key_name", "url_path", "target",
    "es_action", "index", "request_id", "evidence",
)
"""Columns of a table of events, whatever the events are: the members that ``docs/schema/events.lines.schema.json`` names."""

# What returns the answer, or says how it is written, is not the caller's to choose.
_OWN = {
    "output": "it is returned; write it to a file yourself, or run the program for its other formats",
    "format": "it is always JSON; run the program for its other formats",
}

# Exit statuses with which there is an answer: 1 where a finding is as severe as `fail_on` says, 2 where some input could not be
# read whole.
_ANSWERED = (0, 1, 2)

_INCOMPLETE = "some input could not be read whole"
# Inputs that a warning names.
_NAMED = 3


class Error(Exception):
    """What the program refused, with what it said.

    Attributes:
        message: The program's message.
        status: Its exit status: 64 for wrong usage, negative for a signal that ended it.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Incomplete(UserWarning):
    """Some input could not be read whole; the message is the program's."""


def program() -> str:
    """The path of the program: that which ``ESAUDIT`` names, else that of this package, else that of the ``PATH``.

    Raises:
        Error: There is none.
    """
    named = os.environ.get("ESAUDIT")
    if named:
        return named
    name = "esaudit" + (".exe" if sys.platform == "win32" else "")
    schemes = [None, "posix_user" if os.name == "posix" else "nt_user"]
    for scheme in schemes:
        folder = sysconfig.get_path("scripts") if scheme is None else sysconfig.get_path("scripts", scheme)
        found = os.path.join(folder, name)
        if os.path.isfile(found):
            return found
    beside = shutil.which("esaudit")
    if beside is None:
        raise Error("no program esaudit: install the wheel, or name one with the variable ESAUDIT", 127)
    return beside


def report(paths: Union[Path, Sequence[Path]], **options: Option) -> Dict[str, Any]:
    """The report on logs or parts, as the program's JSON has it.

    Where an input could not be read whole there is a report all the same: ``report["coverage"]["complete"]`` is false, and
    ``report["coverage"]["problems"]`` says why.

    Args:
        paths: Files, folders, globs; or part files, all of them.
        **options: Those of ``esaudit report`` (of ``esaudit merge`` for parts).

    Raises:
        Error: The program refused, or wrote no report.

    Warns:
        Incomplete: Some input could not be read whole, or nothing was recognised in any.
    """
    listed = _listed(paths)
    verb = "merge" if listed and all(map(_is_part, listed)) else "report"
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        command = _command(verb, listed, options, "json")
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, check=False).returncode
        except OSError as error:
            raise _not_run(command, error) from None
        out.seek(0)
        written = out.read()
        if status not in _ANSWERED or not written:
            raise Error(_said(errors), status)
        said = _said(errors)
    answer: Dict[str, Any] = json.loads(written)
    if status == 2:
        warnings.warn(said or _unread(answer), Incomplete, stacklevel=2)
    return answer


def _unread(answer: Dict[str, Any]) -> str:
    """Which inputs of a report were not read whole, the first few of them, and why."""
    # Those of a line are of what it says, not of how far its input was read.
    whole = [one for one in answer["coverage"]["problems"] if one["line"] is None]
    named = [f"{one['path']}: {one['message']}" for one in whole[:_NAMED]]
    if len(whole) > _NAMED:
        named.append(f"and {len(whole) - _NAMED} more")
    return "; ".join(named) or _INCOMPLETE


@overload
def events(paths: Union[Path, Sequence[Path]], *, into: None = None, **options: Option) -> Iterator[Event]: ...


@overload
def events(paths: Union[Path, Sequence[Path]], *, into: Literal["pandas"], **options: Option) -> "pandas.DataFrame": ...


@overload
def events(paths: Union[Path, Sequence[Path]], *, into: Literal["arrow"], **options: Option) -> "pyarrow.Table": ...


def events(paths: Union[Path, Sequence[Path]], *, into: Any = None, **options: Option) -> Any:
    """Failed attempts, changes and what else ``kind`` asks for, one after the other.

    The program runs while the events are taken, and ends when no more of them are.

    Args:
        paths: Files, folders, globs; or part files, all of them.
        into: ``"pandas"`` for a ``DataFrame``, ``"arrow"`` for a ``Table``, of which each has to be installed; times are
            timestamps in UTC there. It has the same columns (``COLUMNS``) of the same types whatever the events are, and
            where there is none; what a row has not is missing. What a newer program tells beside that follows.
        **options: Those of ``esaudit events``: ``kind="attempts,changes"``, ``principal="alice"``.

    Raises:
        Error: The program refused; of an iterator when the first event is asked for.
        ImportError: What ``into`` names is not installed.

    Warns:
        Incomplete: Some input could not be read whole.
    """
    if into not in (None, "pandas", "arrow"):
        raise ValueError(f"into={into!r}: it is 'pandas', 'arrow' or left out")
    rows = _rows(_command("events", _listed(paths), options, "ndjson"))
    if into == "pandas":
        import pandas

        columns = _columns(rows)
        frame = pandas.DataFrame({name: pandas.Series(values, dtype="object") for name, values in columns.items()})
        frame["time"] = pandas.to_datetime(frame["time"], utc=True, format="ISO8601").astype("datetime64[ms, UTC]")
        return frame.astype({"confidence": "float64", "realm_chain_ordered": "bool"})
    if into == "arrow":
        import pyarrow

        columns, types = _columns(rows), _arrow_types()
        table = {name: pyarrow.array(values, types.get(name)) for name, values in columns.items()}
        table["time"] = table["time"].cast(pyarrow.timestamp("ms", tz="UTC"))
        return pyarrow.table(table)
    return rows


def _columns(rows: Iterator[Event]) -> Dict[str, List[Any]]:
    """Events by column: all that are documented, then what else some event has."""
    columns: Dict[str, List[Any]] = {name: [] for name in COLUMNS}
    for at, row in enumerate(rows):
        for name in row.keys() - columns.keys():
            columns[name] = [None] * at
        for name, values in columns.items():
            # It is there where it is false.
            values.append(row.get(name, name == "realm_chain_ordered" or None))
    return columns


def _arrow_types() -> Dict[str, Any]:
    import pyarrow

    text, number = pyarrow.string(), pyarrow.int64()
    geo = [(name, text) for name in ("country", "country_name", "city")]
    geo += [("as_number", number), ("as_organization", text), ("flags", pyarrow.list_(text))]
    listed = [(name, text) for name in ("standing", "label", "list")]
    known = [("network", text), ("listed", pyarrow.struct(listed)), ("geo", pyarrow.struct(geo))]
    evidence = [("path", text)] + [(name, number) for name in ("line", "offset", "offset_line")]
    others = {
        "realm_chain": pyarrow.list_(text),
        "realm_chain_ordered": pyarrow.bool_(),
        "confidence": pyarrow.float64(),
        "source_known": pyarrow.struct(known),
        "evidence": pyarrow.struct(evidence),
    }
    return {**{name: text for name in COLUMNS}, **others}


def _rows(command: List[str]) -> Iterator[Event]:
    with tempfile.TemporaryFile() as errors:
        try:
            running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        except OSError as error:
            raise _not_run(command, error) from None
        assert running.stdout is not None
        try:
            for line in running.stdout:
                yield json.loads(line)
        except GeneratorExit:
            running.terminate()
            raise
        finally:
            running.stdout.close()
            status = running.wait()
        if status not in _ANSWERED:
            raise Error(_said(errors), status)
        if status == 2:
            # A folder that is not there is no empty log.
            warnings.warn(_said(errors) or _INCOMPLETE, Incomplete, stacklevel=3)


def _not_run(command: List[str], error: OSError) -> Error:
    return Error(f"{command[0]} cannot be run: {error.strerror or error}", 127)


def _listed(paths: Union[Path, Sequence[Path]]) -> List[str]:
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    return [os.fspath(path) for path in paths]


def _is_part(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(8) == b"\x89esapart"
    except OSError:
        return False


def _command(verb: str, paths: Sequence[str], options: Mapping[str, Option], written: str) -> List[str]:
    for name, why in _OWN.items():
        if name in options:
            raise Error(f"{name}=… is no option of the answer: {why}", 64)
    command = [program(), verb, "--quiet", f"--format={written}"]
    for name, value in options.items():
        option = "--" + name.rstrip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            command.append(option)
            continue
        several = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        command.extend(f"{option}={os.fspath(one) if isinstance(one, os.PathLike) else one}" for one in several)
    return [*command, "--", *paths]


def _said(errors: Any) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").splitlines()
    return "\n".join(line[len("esaudit: "):] if line.startswith("esaudit: ") else line for line in lines)
