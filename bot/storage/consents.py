"""The consent ledger: who allowed or forbade what, kept apart from the leads and outliving them."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

from loguru import logger
from sqlalchemy import Table, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.config import Settings
from bot.records import LeadRecord
from bot.storage.mapping import storable
from bot.storage.models import ConsentEntry
from flows.consent import Matter, Verdict, minimal_words
from flows.phrases.english_consent import consent_words

KEY_FILE = "consent.key"
_KEY_BYTES = 32


class Subjects:
    """Keyed hashes of addresses and numbers (HMAC-SHA256): who has no key learns nothing."""

    def __init__(self, *, key: Callable[[], bytes]) -> None:
        """`key` is asked once, when the first hash is needed."""
        self._key = cache(key)

    @classmethod
    def of(cls, settings: Settings) -> Subjects:
        """With LEADLINE_CONSENT_KEY, or else with a key of the data directory, made once."""
        secret = settings.consent_key
        if secret is not None:
            return cls(key=lambda: secret.get_secret_value().encode())
        return cls(key=partial(_key_in, settings.data_dir / KEY_FILE))

    def email(self, address: str | None) -> str | None:
        """The hash of an e-mail address, whatever its case."""
        return self._hash("email", address.strip().casefold()) if address else None

    def phone(self, number: str | None) -> str | None:
        """The hash of an E.164 number without its extension."""
        if not number:
            return None
        digits = "".join(c for c in number.partition(";")[0] if c.isdigit())
        return self._hash("phone", digits) if digits else None

    def _hash(self, kind: str, value: str) -> str | None:
        try:
            key = self._key()
        except OSError as error:
            # The words and the verdict are worth more than knowing later whose they were.
            logger.error(
                "The consent ledger has no key ({}): set LEADLINE_CONSENT_KEY, or make "
                "LEADLINE_DATA_DIR writable",
                type(error).__name__,
            )
            return None
        return hmac.new(key, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()


def _key_in(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Written whole beside it and then linked: of processes that start at once, one key wins.
    draft = path.with_name(f"{KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_hex(_KEY_BYTES).encode())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_bytes()


async def write(session: AsyncSession, lead: LeadRecord, subjects: Subjects) -> None:
    """Add the lead's entries, in the lead's own transaction.

    An entry is never removed. Writing it again renews its words, which may have grown within the
    turn, and says whom it is about once that is known.
    """
    if not lead.consents:
        return
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for consent in lead.consents:
        rows[(consent.turn, consent.matter)] = {
            "call_id": lead.call_id,
            "lead_id": lead.lead_id,
            "turn": consent.turn,
            "matter": consent.matter,
            "verdict": consent.verdict,
            "words": storable(consent.words),
            "source": consent.source,
            "at": consent.at,
            "email_hash": subjects.email(consent.email),
            "phone_hash": subjects.phone(consent.phone),
            "erased_at": None,
        }
    table = cast(Table, ConsentEntry.__table__)
    on_postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(table) if on_postgres else sqlite.insert(table)
    new = insert.excluded
    statement = insert.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={
            "verdict": new.verdict,
            "words": new.words,
            "email_hash": func.coalesce(new.email_hash, table.c.email_hash),
            "phone_hash": func.coalesce(new.phone_hash, table.c.phone_hash),
        },
        where=table.c.erased_at.is_(None),
    )
    await session.execute(statement, list(rows.values()))


async def known(session: AsyncSession, call_id: str) -> set[tuple[int, str]]:
    """Turn and matter of the call's entries."""
    query = select(ConsentEntry.turn, ConsentEntry.matter).where(ConsentEntry.call_id == call_id)
    return {(turn, matter) for turn, matter in await session.execute(query)}


async def keep_the_minimum(session: AsyncSession, call_id: str, now: datetime) -> None:
    """At an erasure: the entries stay, their words only as far as they say yes or no."""
    query = select(ConsentEntry).where(ConsentEntry.call_id == call_id)
    for entry in await session.scalars(query):
        entry.words = minimal_words(entry.words, consent_words())
        entry.erased_at = now


async def of_lead(session: AsyncSession, lead_id: str) -> Sequence[ConsentEntry]:
    """A lead's entries, oldest first."""
    query = select(ConsentEntry).where(ConsentEntry.lead_id == lead_id)
    query = query.order_by(ConsentEntry.at, ConsentEntry.turn, ConsentEntry.matter)
    return (await session.scalars(query)).all()


async def forbids_contact(
    session: AsyncSession, subjects: Subjects, *, email: str | None, phone: str | None
) -> bool:
    """Whether the newest word on contact, of the address or of the number, is a no."""
    hashes = (
        (ConsentEntry.email_hash, subjects.email(email)),
        (ConsentEntry.phone_hash, subjects.phone(phone)),
    )
    wanted = [column == value for column, value in hashes if value is not None]
    if not wanted:
        return False
    query = select(ConsentEntry.verdict).where(ConsentEntry.matter == Matter.CONTACT.value)
    query = query.where(or_(*wanted)).order_by(ConsentEntry.at.desc(), ConsentEntry.turn.desc())
    verdict = await session.scalar(query.limit(1))
    return verdict is not None and verdict != Verdict.GIVEN.value
