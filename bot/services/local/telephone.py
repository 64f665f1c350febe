"""Telephone numbers in running text: where they are, and how they are said."""

from __future__ import annotations

import re

from bot.services.local import numbers

_TELEPHONE = re.compile(r"^\+?\d{1,4}(?:[-.]\d{2,4}){1,3}$|^\+\d{1,15}$|^\d{7}$|^\d{10,11}$")
_TELEPHONE_GROUP = re.compile(r"^\+?\(?\d{1,4}(?:[-.]\d{2,4}){0,2}\)?[,.?!;:]?$")
_AREA_CODE = re.compile(r"^\d{3}$")
_TWO_GROUPS = re.compile(r"^\d{1,4}[-.]\d{1,4}$")
_LOCAL = re.compile(r"^\d{3}-\d{4}$")


def telephone_groups(words: list[str]) -> set[int]:
    """Find telephone numbers written in groups ("+1 650 253 0000"), by the index of each group."""
    found: set[int] = set()
    run: list[int] = []
    for index, word in enumerate([*words, ""]):
        if _TELEPHONE_GROUP.match(word):
            run.append(index)
        if run and (run[-1] != index or word[-1] in ",.?!;:"):
            numbers_in_run = "".join(c for i in run for c in words[i] if c.isdecimal())
            marked = words[run[0]][0] in "+("
            if 7 <= len(numbers_in_run) <= 15 and (len(run) > 2 or (marked and len(run) > 1)):
                found.update(run)
            run = []
    return found


def telephone_number(core: str, before: str = "", after: str = "") -> str | None:
    """Say a telephone number that is one word, or the area code in front of one."""
    if _AREA_CODE.match(core) and (
        re.match(r"^\d{3}[-.]\d{4}\W*$", after) or before.startswith("+")
    ):
        return f"{numbers.digits(core)},"
    if _TELEPHONE.match(core) and not _TWO_GROUPS.match(core):
        return numbers.telephone(core) + ("," if after[:1].isdecimal() or after[:1] == "(" else "")
    if _LOCAL.match(core):
        return numbers.telephone(core)
    return None
