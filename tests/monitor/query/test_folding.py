from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.query.folding import Letter, fold, letter_of, origins


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Lumi", "lumi"),
        ("ＬＵＭＩ　＃１", "lumi #1"),
        ("𝗟𝘂𝗺𝗶 Ⓛⓤⓜⓘ", "lumi lumi"),
        ("STRASSE Straße", "strasse strasse"),
        ("Café Cafe\u0301", "café café"),
        (unicodedata.normalize("NFD", "루미가"), "루미가"),
        ("루\u200b미\ufeff l\u00adu\u2060m\u200di", "루미 lumi"),
        ("❤\ufe0f", "❤"),
        ("ㅋㅋ ㅠㅠ", "ㅋㅋ ㅠㅠ"),
        ("\uffbb\uffbb", "ㅋㅋ"),
        ("ﾙﾐ ﾊﾞｶ", "ルミ バカ"),
        (" a \t\n\u00a0 b ", "a b"),
        ("a\u3164b\x00c", "a b c"),
        ("a\ud800b\ufdd0c", "a b c"),
        ("", ""),
        ("\u200b \u200b", ""),
    ],
)
def test_what_reads_the_same_folds_to_the_same(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_folding_any_character_twice_changes_nothing_more() -> None:
    every = "x".join(map(chr, range(sys.maxunicode + 1)))
    assert fold(fold(every)) == fold(every)


HARD = "aßİ가ﾊﾞＬﬁΐᾷ𝗹ㅋ \n\u3000\u0301\u0323\u0344\u0345\u09c7\u09be\u1100\u1161\u11a8\u200b\u3164\ufdd0\ud800"
hard_texts = st.text(st.sampled_from(HARD))


@settings(deadline=None)
@given(st.one_of(hard_texts, st.text()))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(deadline=None)
@given(st.one_of(hard_texts, st.text()))
def test_every_folded_character_knows_where_it_came_from(text: str) -> None:
    folded = fold(text)
    starts, ends = origins(text)
    assert len(starts) == len(ends) == len(folded)
    assert list(starts) == sorted(starts)
    for character, start, end in zip(folded, starts, ends, strict=True):
        assert 0 <= start < end <= len(text)
        piece = text[start:end]
        assert character in (fold(f"x{piece}x") if character == " " else fold(piece))


def test_a_heap_of_marks_is_cut_before_it_costs_quadratic_time() -> None:
    zalgo = "a" + "\u0301\u0323" * 50_000 + "b"
    assert len(fold(zalgo)) < 40
    assert fold(zalgo).endswith("b")
    assert ends_of(zalgo)[-1] == len(zalgo)


def ends_of(text: str) -> list[int]:
    return list(origins(text)[1])


@pytest.mark.parametrize(
    ("characters", "letter"),
    [
        ("aé1_ñяعह", Letter.SPACED),
        ("루힣", Letter.HANGUL),
        ("東々〇", Letter.HAN),
        ("ルー", Letter.KATAKANA),
        ("がไไ", Letter.UNSPACED),
        ("ㅋㅠ #@.!👍・’", Letter.NONE),
    ],
)
def test_letters_are_sorted_by_how_their_script_sets_words(characters: str, letter: Letter) -> None:
    assert [letter_of(character) for character in characters] == [letter] * len(characters)
