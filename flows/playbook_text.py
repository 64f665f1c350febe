"""A playbook from YAML text, with errors that name the file, the line and the field."""

from __future__ import annotations

import difflib
import re
from typing import Any

import yaml
from pydantic import ValidationError

from flows.playbook import Playbook

LARGEST_PLAYBOOK = 500_000
"""Characters; more is not a playbook but a mistake."""

Location = tuple[str | int, ...]


class PlaybookError(ValueError):
    """What is wrong with a playbook, one line for each fault, the first one in `str()`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems[0])
        self.problems = tuple(problems)


def parse_playbook(text: str, *, source: str) -> Playbook:
    """Reads one playbook. `source` is the file's name in errors. Raises PlaybookError."""
    if len(text) > LARGEST_PLAYBOOK:
        raise PlaybookError([f"{source}: is larger than {LARGEST_PLAYBOOK} characters"])
    try:
        root, data = _compose(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = error.problem or error.context
        raise PlaybookError([f"{source}:{line}: not valid YAML: {problem}"]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = str(error).splitlines()[0]
        raise PlaybookError([f"{source}:1: not valid YAML: {problem}"]) from None
    if not isinstance(data, dict) or root is None:
        raise PlaybookError([f"{source}:1: a playbook is a list of 'name: value' entries"])
    alias = _alias(root)
    if alias is not None:
        raise PlaybookError([f"{source}:{alias}: this is used twice by *name: write it out"])
    lines = _lines(root)
    repeated = _repeated_keys(root)
    if repeated:
        raise PlaybookError([f"{source}:{line}: {key}: is there twice" for line, key in repeated])
    try:
        return Playbook.model_validate(data)
    except ValidationError as error:
        problems = sorted(_problem(e, lines) for e in error.errors(include_url=False))
        raise PlaybookError([f"{source}:{line}: {what}" for line, what in problems]) from None


def _compose(text: str) -> tuple[yaml.Node | None, Any]:
    """The nodes, which know their lines, and the data; libyaml is ten times as fast."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        root = loader.get_single_node()
        return root, loader.construct_document(root) if root is not None else None
    finally:
        loader.dispose()


def _alias(root: yaml.Node) -> int | None:
    """The line of something used twice: it may lead round in circles, or grow without end."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            return node.start_mark.line + 1
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [inner for pair in node.value for inner in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
    return None


def _lines(root: yaml.Node) -> dict[Location, int]:
    """The 1-based line of each entry, by its path."""
    lines: dict[Location, int] = {}

    def walk(node: yaml.Node, path: Location) -> None:
        lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                here = (*path, str(key.value))
                lines[here] = key.start_mark.line + 1
                walk(value, here)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                walk(item, (*path, index))

    walk(root, ())
    return lines


def _repeated_keys(root: yaml.Node) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []

    def walk(node: yaml.Node, path: Location) -> None:
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                here = (*path, str(key.value))
                if key.value in seen:
                    found.append((key.start_mark.line + 1, _dotted(here)))
                seen.add(key.value)
                walk(value, here)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                walk(item, (*path, index))

    walk(root, ())
    return found


def _problem(error: Any, lines: dict[Location, int]) -> tuple[int, str]:
    location: Location = tuple(error["loc"])
    kind = error["type"]
    if kind == "value_error":
        message = str(error["ctx"]["error"])
        inner = re.match(r"^([a-z_]+(?:\[\d+\]|\.[a-z_]+)+): (.*)$", message, re.DOTALL)
        if inner:
            location, message = _path(inner.group(1)), inner.group(2)
    elif kind == "missing":
        message = "is missing: add it"
    elif kind == "extra_forbidden":
        message = "is not known" + _did_you_mean(str(location[-1]), _names(location[:-1]))
    elif kind in ("enum", "literal_error"):
        options = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        message = f"{error['input']!r} is not one of {', '.join(options)}"
        message += _did_you_mean(str(error["input"]), options)
    else:
        message = f"{error['msg'][:1].lower()}{error['msg'][1:]}, not {_short(error['input'])}"
    where = _dotted(location)
    line = _line(location, lines)
    return line, f"{where}: {message}" if where else message


def _line(location: Location, lines: dict[Location, int]) -> int:
    for length in range(len(location), -1, -1):
        if location[:length] in lines:
            return lines[location[:length]]
    return 1


def _dotted(location: Location) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _path(dotted: str) -> Location:
    parts = re.findall(r"[a-z_]+|\d+", dotted)
    return tuple(int(p) if p.isdigit() else p for p in parts)


def _names(location: Location) -> list[str]:
    """The entries that are known at a place of the playbook."""
    model: Any = Playbook
    for part in location:
        if isinstance(part, int):
            continue
        info = getattr(model, "model_fields", {}).get(part)
        if info is None:
            return []
        model = _model_in(info.annotation)
    return list(getattr(model, "model_fields", {}))


def _model_in(annotation: Any) -> Any:
    if hasattr(annotation, "model_fields"):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None


def _did_you_mean(word: str, options: list[str]) -> str:
    close = difflib.get_close_matches(word.casefold(), options, n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
