"""Written text becomes words that can be read aloud, and every written word keeps its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.local.text import SpokenWord, spoken_text, spoken_words


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        # addresses
        ("jane.doe@acme.com", "jane dot doe, at acme dot com"),
        ("t.j.r99@gmx.de", "T dot J dot R ninety-nine, at G M X dot D E"),
        (
            "bob_smith+x@my-company.co.uk",
            "bob underscore smith plus X, at my dash company dot co dot U K",
        ),
        ("a.i@gmail.com", "ay dot eye, at G mail dot com"),
        ("https://leadline.ai/demo", "leadline dot ay eye, slash demo"),
        ("www.acme.com", "W W W dot acme dot com"),
        # spelling
        ("J A N E", "J, ay, N, E"),
        ("J-A-N-E", "J, ay, N, E"),
        ("J 9 A", "J, nine ay"),
        ("N as in November", "N, as in November"),
        ("A as in Alpha", "ay, as in Alpha"),
        ("I am, and I see a plan", "I am, and I see a plan"),
        ("plan A or B", "plan ay or B"),
        # telephone numbers
        ("415-555-0134", "four one five, five five five, zero one three four"),
        ("(415) 555-0134", "four one five, five five five, zero one three four"),
        ("+1 415-555-0134", "plus one, four one five, five five five, zero one three four"),
        ("+1 650 253 0000, ok", "plus one, six five zero, two five three, zero zero zero zero, ok"),
        ("call 415 555 0134.", "call four one five, five five five, zero one three four."),
        ("20 30 40 people", "twenty thirty forty people"),
        ("4155550134", "four one five, five five five, zero one three four"),
        ("555-0134", "five five five, zero one three four"),
        ("4 1 5, 5 5 5", "four one five, five five five"),
        # money
        ("$15,000", "fifteen thousand dollars"),
        ("$15k", "fifteen thousand dollars"),
        ("$1", "one dollar"),
        ("$49.99", "forty-nine dollars and ninety-nine cents"),
        ("$1.5 million", "one point five million dollars"),
        ("$1.5M", "one point five million dollars"),
        ("$10k-$15k", "ten thousand to fifteen thousand dollars"),
        ("€2,500.", "two thousand five hundred euros."),
        ("£0.01", "zero pounds and one penny"),
        # dates and times
        ("3:30 PM", "three thirty P M"),
        ("3:30pm", "three thirty P M"),
        ("10:05 a.m. sharp", "ten oh five ay M sharp"),
        ("9am", "nine ay M"),
        ("at 3:00.", "at three o'clock."),
        ("15:30", "fifteen thirty"),
        ("March 3, 2026", "March third, twenty twenty-six"),
        ("Dec. 3rd", "December third"),
        ("2026-12-03", "December third, twenty twenty-six"),
        ("12/3/2026", "December third, twenty twenty-six"),
        ("in 2027", "in twenty twenty-seven"),
        # numbers
        ("1,250 seats", "one thousand two hundred and fifty seats"),
        ("10-15 people", "ten to fifteen people"),
        ("50+", "fifty plus"),
        ("20%", "twenty percent"),
        ("3.5", "three point five"),
        ("007", "zero zero seven"),
        ("-5", "minus five"),
        ("1st, 22nd", "first, twenty-second"),
        ("24/7", "twenty-four seven"),
        ("#1", "number one"),
        (
            "order 1234567890123456",
            "order one two three four five six seven eight nine zero one two three four five six",
        ),
        # abbreviations
        ("our CRM and APIs", "our C R M and ay P eyes"),
        ("B2B SaaS in Q3", "B two B SaaS in Q three"),
        ("OK", "okay"),
        ("Dr. Smith vs. Acme Inc.", "doctor Smith versus Acme incorporated."),
        ("the U.S. market", "the U S market"),
        ("THIS IS NOT AN ACRONYM", "THIS IS NOT AN ACRONYM"),
        # punctuation
        ("(I think) — yes", "I think, yes"),
        ("R&D and/or sales", "R and D and or sales"),
        ("“Great!” she said…", "Great! she said…"),
    ],
)
def test_text_is_spoken_the_way_people_say_it(written: str, spoken: str) -> None:
    assert spoken_text(written) == spoken


def test_each_written_word_keeps_what_is_spoken_for_it() -> None:
    assert spoken_words("At 3:30 PM — or jane@acme.com?") == [
        SpokenWord("At", "At"),
        SpokenWord("3:30", "three thirty"),
        SpokenWord("PM —", "P M,"),
        SpokenWord("or", "or"),
        SpokenWord("jane@acme.com?", "jane, at acme dot com?"),
    ]


def test_what_cannot_be_spoken_belongs_to_the_word_before_it() -> None:
    assert spoken_words("Great 😀 — thanks") == [
        SpokenWord("Great 😀 —", "Great,"),
        SpokenWord("thanks", "thanks"),
    ]


def test_nothing_is_spoken_for_nothing() -> None:
    assert spoken_words(" \n ") == []
    assert spoken_text("—") == ""


@given(st.text(max_size=80))
def test_no_text_is_lost_or_refused(text: str) -> None:
    assert " ".join(word.written for word in spoken_words(text)) == " ".join(text.split())


@given(st.from_regex(r"[$+(]?\d{1,4}[-/:.,]?\d{0,6}[-/:.,]?\d{0,6}[%kKMm)+]?", fullmatch=True))
def test_no_number_is_left_in_digits(text: str) -> None:
    assert not any(c.isdecimal() for c in spoken_text(text))
