"""Codes of attempts: hard to guess, easy to read aloud."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from soleus.learning.codes import code_of, new_code


def test_a_code_has_eighty_bits_in_four_groups() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(re.fullmatch(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)
    assert len({sign for code in codes for sign in code} - {"-"}) == 2**5


def test_a_code_is_understood_as_people_type_it() -> None:
    assert code_of("7KQ2-M4XT-9PWB-3RHD") == "7KQ2-M4XT-9PWB-3RHD"
    assert code_of(" 7kq2m4xt 9pwb 3rhd ") == "7KQ2-M4XT-9PWB-3RHD"
    assert code_of("OIL0-1234-5678-9ABC") == "0110-1234-5678-9ABC"


def test_what_is_none_is_none() -> None:
    for text in ("", "7KQ2", "7KQ2-M4XT-9PWB-3RHU", "7KQ2-M4XT-9PWB-3RHD-0", "é" * 16):
        assert code_of(text) is None


@given(st.text(max_size=80))
def test_any_text_gives_a_code_in_its_one_form_or_none(text: str) -> None:
    found = code_of(text)
    assert found is None or (code_of(found) == found and len(found) == 19)
