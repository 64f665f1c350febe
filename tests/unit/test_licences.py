"""No package under the GPL is in the default install: the LGPL is as far as it goes."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distributions

GPL = re.compile(
    r"(?<![LA-Z])GPL|(?<!Lesser )(?<!Library or Lesser )GNU General Public", re.IGNORECASE
)
LESSER = re.compile(r"LGPL|Lesser General Public", re.IGNORECASE)


def licence_of(distribution: Distribution) -> str:
    """What the package says of its licence: the expression, the short field, the classifiers."""
    metadata = distribution.metadata
    classifiers = [c for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    short = (metadata["License"] or "").splitlines()[:1]
    return " ".join([metadata["License-Expression"] or "", *short, *classifiers])


def test_the_check_knows_the_gpl_from_the_lgpl() -> None:
    assert GPL.search("GPL-3.0-or-later")
    assert GPL.search("License :: OSI Approved :: GNU General Public License v3 (GPLv3)")
    assert not GPL.search("LGPL-3.0-only")


def test_no_package_is_under_the_gpl() -> None:
    under_gpl = {
        d.metadata["Name"]: licence
        for d in distributions()
        if GPL.search(licence := licence_of(d)) and not LESSER.search(licence)
    }
    assert under_gpl == {}
