"""Offline analysis of Elasticsearch security audit logs: the program ``esaudit``, called from Python.

>>> import esaudit
>>> report = esaudit.report(["/var/log/elasticsearch"], since="2026-03-01")  # doctest: +SKIP
>>> report["totals"]["failed_attempts"]  # doctest: +SKIP
787

Options are those of the program: ``since="2026-03-01"`` is ``--since 2026-03-01``, ``top=5`` is ``--top 5``; several values repeat
the option, ``True`` is an option without a value, ``None`` and ``False`` leave it out. ``esaudit report --help`` names them.
"""

from __future__ import annotations

import datetime
import glob
import ipaddress
import json
import numbers
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Iterable as Several
from typing import IO, TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Literal, Mapping, Tuple, Union, overload

if TYPE_CHECKING:
    import pandas
    import pyarrow

__all__ = ["COLUMNS", "Error", "Incomplete", "UsageError", "events", "program", "report"]

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
"""A file, a folder (read recursively), a glob, or a part file."""

_Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network]
_ADDRESSES = (ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network)

Value = Union[Path, int, float, datetime.date, _Address]
"""One value of an option. A time without a zone is in that which ``tz`` names, else in UTC."""

Option = Union[None, bool, Value, Iterable[Value]]
"""The value of an option, or several."""

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
    "force": "no file is written; run the program for that",
    "sign": "no file is written; run the program for that",
    "help": "call help() of Python, or run the program",
    "quiet": "it always is",
    "verbose": "run the program for what it tells beside its answer",
}

# Exit statuses with which there is an answer: 1 where a finding is as severe as `fail_on` says, 2 where some input could not be
# read whole.
_ANSWERED = (0, 1, 2)

_INCOMPLETE = "some input could not be read whole"
# Inputs that a warning names, and lines of the program's that it has.
_NAMED = 3
_LINES = 8

# Seconds that a program which was told to end has for that.
_PATIENCE = 5


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

    # From a worker of a pool an exception comes as what made it.
    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (self.message, self.status)


class UsageError(Error, ValueError):
    """A wrong option, a value that an option does not take, or no path at all."""


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
    # In an environment; in the user's own folder; where `pip install --target` puts it.
    folders = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", "posix_user" if os.name == "posix" else "nt_user")]
    folders.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin"))
    for folder in folders:
        found = os.path.join(folder, name)
        if os.path.isfile(found):
            return found
    beside = shutil.which("esaudit")
    if beside is None:
        raise Error("no program esaudit: install the wheel, or name one with the variable ESAUDIT", 127)
    return beside


def report(paths: Union[Path, Iterable[Path]], **options: Option) -> Dict[str, Any]:
    """The report on logs or parts, as the program's JSON has it.

    Where an input could not be read whole there is a report all the same: ``report["coverage"]["complete"]`` is false, and
    ``report["coverage"]["problems"]`` says why.

    Args:
        paths: Files, folders, globs, one or several; or part files, all of them.
        **options: Those of ``esaudit report`` (of ``esaudit merge`` for parts).

    Raises:
        Error: The program refused, or wrote no report.
        UsageError: An option is wrong, or there is no path.
        TypeError: A path or a value is of no type that stands for one.

    Warns:
        Incomplete: Some input could not be read whole, or nothing was recognised in any.
    """
    listed = _listed(paths)
    verb = "merge" if listed and all(map(_is_part, listed)) else "report"
    command = _command(verb, listed, options, "json")
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors, _list_of(listed) as names:
        running = _started(command, names, out, errors)
        try:
            status = running.wait()
        except BaseException:
            _end(running)
            raise
        out.seek(0)
        written = out.read()
        if status not in _ANSWERED or not written:
            raise _refused(command, errors, status)
        said = _said(errors)
    answer: Dict[str, Any] = json.loads(written)
    if status == 2:
        warnings.warn(_first(said) or _unread(answer), Incomplete, stacklevel=2)
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
def events(paths: Union[Path, Iterable[Path]], *, into: None = None, **options: Option) -> Iterator[Event]: ...


@overload
def events(paths: Union[Path, Iterable[Path]], *, into: Literal["pandas"], **options: Option) -> "pandas.DataFrame": ...


@overload
def events(paths: Union[Path, Iterable[Path]], *, into: Literal["arrow"], **options: Option) -> "pyarrow.Table": ...


def events(paths: Union[Path, Iterable[Path]], *, into: Any = None, **options: Option) -> Any:
    """Failed attempts, changes and what else ``kind`` asks for, one after the other.

    The program starts when the first event is asked for, runs while they are taken, and ends when no more of them are.

    Args:
        paths: Files, folders, globs, one or several; or part files, all of them.
        into: ``"pandas"`` for a ``DataFrame``, ``"arrow"`` for a ``Table``, of which each has to be installed; times are
            timestamps in UTC there. It has the same columns (``COLUMNS``) of the same types whatever the events are, and
            where there is none; what a row has not is missing. What a newer program tells beside that follows.
        **options: Those of ``esaudit events``: ``kind="attempts,changes"``, ``principal="alice"``.

    Raises:
        Error: The program refused; of an iterator when the first event is asked for.
        UsageError: An option is wrong, or there is no path.
        TypeError: A path or a value is of no type that stands for one.
        ImportError: What ``into`` names is not installed.

    Warns:
        Incomplete: Some input could not be read whole.
    """
    if into not in (None, "pandas", "arrow"):
        raise ValueError(f"into={into!r}: it is 'pandas', 'arrow' or left out")
    listed = _listed(paths)
    # A warning names the caller's line: an iterator is asked from there, a table is made two calls further in.
    rows = _rows(_command("events", listed, options, "ndjson"), listed, 2 if into is None else 4)
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


def _rows(command: List[str], listed: List[str], level: int) -> Iterator[Event]:
    with tempfile.TemporaryFile() as errors, _list_of(listed) as names:
        running = _started(command, names, subprocess.PIPE, errors)
        assert running.stdout is not None
        is_empty = True
        try:
            for line in running.stdout:
                # What is cut was cut by the end of the program, of which its status tells.
                if line.endswith(b"\n"):
                    is_empty = False
                    yield json.loads(line)
            running.stdout.close()
            status = running.wait()
        except BaseException:
            running.stdout.close()
            _end(running)
            raise
        if status not in _ANSWERED or status == 2 and is_empty and not _answers(command, names):
            raise _refused(command, errors, status)
        if status == 2:
            # A folder that is not there is no empty log.
            warnings.warn(_first(_said(errors)) or _INCOMPLETE, Incomplete, stacklevel=level)


def _answers(command: List[str], names: IO[bytes]) -> bool:
    """Whether there is an answer without events, and no refusal: both have the same status, and a table has a header."""
    names.seek(0)
    table = [argument.replace("--format=ndjson", "--format=csv") for argument in command]
    return bool(subprocess.run(table, stdin=names, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout)


def _started(command: List[str], names: IO[bytes], out: Any, errors: IO[bytes]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(command, stdin=names, stdout=out, stderr=errors)
    except OSError as error:
        raise Error(f"{command[0]} cannot be run: {error.strerror or error}", 127) from None


def _end(running: "subprocess.Popen[bytes]") -> None:
    """Ends a program of which nobody takes the answer: left alone it would read on, for hours perhaps."""
    running.terminate()
    try:
        running.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()


def _listed(paths: Union[Path, Iterable[Path]]) -> List[str]:
    if isinstance(paths, (str, bytes, os.PathLike)):
        paths = [paths]
    elif not isinstance(paths, Several) or isinstance(paths, Mapping):
        raise TypeError(f"paths is a path or several of them, not {type(paths).__name__}")
    listed: List[str] = []
    for path in paths:
        # What `os.fspath` takes; of bytes the name that they are.
        text = os.fsdecode(path)
        if not text or "\0" in text:
            raise UsageError(f"{path!r} is no path", 64)
        matches = [] if os.path.exists(text) else sorted(glob.glob(text, recursive=True))
        # Globs of logs are the program's: it says what matches none. Parts have to be named.
        listed += matches if matches and all(map(_is_part, matches)) else [text]
    return listed


def _list_of(paths: List[str]) -> IO[bytes]:
    """The paths as the program reads them from a file: as arguments there would be no room for more than some ten thousand."""
    names = tempfile.TemporaryFile()
    names.write(b"".join(os.fsencode(path) + b"\0" for path in paths))
    names.seek(0)
    return names


def _is_part(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(8) == b"\x89esapart"
    except OSError:
        return False


def _command(verb: str, listed: List[str], options: Mapping[str, Option], written: str) -> List[str]:
    if not listed and not options.get("files_from"):
        raise UsageError("no paths: name files, folders or globs", 64)
    command = [program(), verb]
    for name, value in options.items():
        bare = name.rstrip("_")
        if bare in _OWN:
            raise UsageError(f"{bare}=… is no option of the answer: {_OWN[bare]}", 64)
        # One letter is an option of the terminal alone.
        if not bare.isidentifier() or len(bare) == 1:
            raise UsageError(f"{name} is no option of `esaudit {verb}`", 64)
        option = "--" + bare.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            command.append(option)
            continue
        command += [f"{option}={text}" for text in _texts(bare, value)]
    # Behind the others: what lacks a value would take a path for it.
    return [*command, f"--format={written}", "--quiet", *(["--files-from=-"] if listed else [])]


def _texts(name: str, value: Any) -> List[str]:
    """The values of an option, as the program reads them."""
    if _text(value) is None and isinstance(value, Several) and not isinstance(value, Mapping):
        # The same question has the same answer, whatever the order of a set.
        several = sorted(value, key=str) if isinstance(value, (set, frozenset)) else list(value)
    else:
        several = [value]
    texts = []
    for one in several:
        text = _text(one)
        if text is None:
            raise TypeError(f"{name}: {one!r} is no value of an option")
        if "\0" in text:
            raise UsageError(f"{name}: {one!r} is no value of an option", 64)
        texts.append(text)
    return texts


def _text(value: Any) -> Union[str, None]:
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, os.PathLike)):
        return os.fsdecode(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return str(value) if is_number or isinstance(value, _ADDRESSES) else None


def _said(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").splitlines()
    return "\n".join(line[len("esaudit: "):] if line.startswith("esaudit: ") else line for line in lines).strip()


def _first(said: str) -> str:
    """The first lines: of ten thousand files that are gone, some are enough."""
    lines = said.splitlines()
    more = [f"and {len(lines) - _LINES} lines more"] if len(lines) > _LINES else []
    return "\n".join(lines[:_LINES] + more)


def _refused(command: List[str], errors: IO[bytes], status: int) -> Error:
    said = _said(errors)
    if status == 64:
        return UsageError(_plain(said, command[1]), status)
    if status < 0:
        name = next((known.name for known in signal.Signals if known == -status), f"signal {-status}")
        said = f"{said}\n{command[0]} was ended by {name}".lstrip()
    return Error(said or f"{command[0]} wrote no answer", status)


# How the program tells of wrong options, and what that is in Python.
_WORDS: List[Tuple[str, str]] = [
    (r"unexpected argument '(.+)' found.*similar argument exists: '(.+)'", r"\1 is no option of `esaudit {verb}`; did you mean \2?"),
    (r"unexpected argument '(.+)' found", r"\1 is no option of `esaudit {verb}`"),
    (r"invalid value '(.*)' for '(\S+)[^']*': invalid digit.*", r"\2='\1': a whole number is needed"),
    (r"invalid value '(.*)' for '(\S+)[^']*': ?(.*)", r"\2='\1': \3"),
    (r"invalid value '(.*)' for '(\S+)[^']*'\s*\[(.*)\]", r"\2='\1': \3"),
    (r"a value is required for '(\S+)[^']*'.*", r"\1 needs a value, and True is none"),
    (r"unexpected value '(.*)' for '(\S+)[^']*' found.*", r"\2='\1': it takes no value; True sets it"),
    (r"the argument '(\S+)[^']*' cannot be used multiple times", r"\1 takes one value"),
]


def _plain(said: str, verb: str) -> str:
    """What is wrong, without what the terminal shows around it, and with options as Python writes them."""
    said = re.sub(r"\n+(Usage:|For more information,)(.|\n)*", "", said)
    said = re.sub(r"^error: ", "", said).strip()
    for pattern, words in _WORDS:
        found = re.fullmatch(pattern, said, re.DOTALL)
        if found:
            said = found.expand(words.replace("{verb}", verb))
            break
    return re.sub(r"(?<![\w-])--([a-z][a-z-]+)", lambda option: option[1].replace("-", "_"), said)
