"""Nouns with what Korean attaches to them, and longer nouns that only look like that."""

from __future__ import annotations

import pytest

from monitor.query.korean import LONGEST_TAIL, Sound, is_tail, sound_of

# Of the brand's own syllables, only the last sound matters: 루미 ends in a vowel, 강남 in a consonant, 서울 in ㄹ.
AFTER_A_VOWEL = """
가 는 를 의 에 도 만 야 여 나 와 랑 이랑 로 라도 이라도 까지 부터 에서 에게 한테 께서 하고 처럼 만큼
보다 대로 마다 조차 마저 밖에 뿐 말고 빼고 때문에 같이 로부터 로서 로써 라고 이라고 란 이란 라는
이라는 든지 이든지 이나 이나마 야말로 에서는 에서도 에서만 에서의 에서만이라도 에게는 에게도 한테서
한테는 까지도 까지는 까지의 부터는 만은 만이 만을 만으로도 보다는 보다도 처럼은 하고는 라고는
이라고는 이라고도 로는 로도 로만 와는 와도 랑은 이랑은 조차도 뿐만 대로라면 엔 에선 한텐 론 까진
보단 들 들이 들은 들을 들의 들에게 들에게는 님 님이 님은 님들 님들이 씨 씨가 측 측에서 측은 입니다
입니다만 입니까 이에요 예요 이예요 에요 이야 이다 다 인데 인데요 인데도 인가 인가요 인지 일까 일까요
일지도 임 인 일 이고 고 이며 며 이면 면 이라면 라면 이라서 라서 라서요 이니까 니까 이지만 지만 이지
지 이죠 죠 이네 네 이네요 네요 이구나 이군요 이었다 였다 였어요 이었어요 였습니다 였는데 였지만
이었으면 였으면 였던 였나 였나요 이던가 이거든요 거든요 이라니 라니 이라던데 라던데 래요 이래요
랍니다 라네요 이든 이세요 이신가요 이잖아요 잖아요 인듯 인듯요 인줄 일듯 인만큼 까지입니다 까지예요
뿐이에요 뿐입니다 만이라도 부터입니다 에서였다 에서인데 처럼요 는요 도요 만요 가요 때문이에요
때문인지 같은 같아요 같네요 같습니다 같은데 아니고 아니라 아님 아닌데 아닌가요 아니에요 아닙니다
"""
AFTER_A_CONSONANT = """
이 은 을 과 아 으로 으로는 으로도 으로서 으로부터 이랑 이나 이라도 이란 이라는 이라고 이라고는
이라서 이라면 이고 이며 이지만 이니까 이네요 이죠 이에요 이야 이다 입니다 인데 인가요 이었어요
이었다 이었는데 의 에 에서 에서는 까지 까지도 부터 만 도 처럼 보다
"""

SURELY_NOT = {
    "루미": """
나리에 아 은행 은 을 과 과자 이불 가방 로션 에센스 만두 네일 라인 크림 늄 네이션 보고서 들기름
고데기 나라 의원 도시락 다이어리 라면집 만의원 까지역 으로 이가 는가방 요가 인형 일본 다방 지갑
면세점 래퍼 야구 도로
""",
    "강남": "고 가 는 를 와 랑 로 역 구 대 면 다 야 네 나 라 지 예요 였다 라서 니까 란",
    "서울": "대 고 시 가 를 으로 역 와 랑",
    "나이키": "신 건 기",
}


@pytest.mark.parametrize("tail", AFTER_A_VOWEL.split())
def test_endings_after_a_vowel_are_known(tail: str) -> None:
    assert is_tail(tail, sound_of("미"))


@pytest.mark.parametrize("tail", AFTER_A_CONSONANT.split())
def test_endings_after_a_consonant_are_known(tail: str) -> None:
    assert is_tail(tail, sound_of("남"))


@pytest.mark.parametrize("tail", ["로", "로는", "은", "이", "을", "과", "이랑", "이에요", "에서", "로부터"])
def test_endings_after_rieul_are_known(tail: str) -> None:
    assert is_tail(tail, sound_of("울"))


@pytest.mark.parametrize("tail", ["가", "이", "는", "은", "로", "으로", "예요", "이에요", "라서", "이라서"])
def test_after_letters_whose_sound_is_unknown_both_forms_are_endings(tail: str) -> None:
    assert is_tail(tail, sound_of("i"))
    assert is_tail(tail, sound_of("2"))


@pytest.mark.parametrize(
    ("noun", "tail"), [(noun, tail) for noun, tails in SURELY_NOT.items() for tail in tails.split()]
)
def test_the_rest_of_a_longer_noun_is_no_ending(noun: str, tail: str) -> None:
    assert not is_tail(tail, sound_of(noun[-1]))


def test_what_every_syllable_ends_in_is_known() -> None:
    assert sound_of("가") is Sound.VOWEL
    assert sound_of("길") is Sound.RIEUL
    assert sound_of("각") is sound_of("힣") is Sound.CONSONANT
    assert sound_of("a") is sound_of("ㄱ") is Sound.ANY


def test_the_sound_before_each_piece_decides_not_the_noun_alone() -> None:
    vowel = sound_of("미")
    assert is_tail("만은", vowel)  # 만 ends in a consonant
    assert not is_tail("만는", vowel)
    assert is_tail("까지는", sound_of("남"))
    assert not is_tail("까지은", sound_of("남"))


def test_pieces_come_in_their_order() -> None:
    vowel = sound_of("미")
    assert not is_tail("는에서", vowel)
    assert not is_tail("에서들", vowel)
    assert not is_tail("입니다가", vowel)
    assert not is_tail("요는", vowel)
    assert not is_tail("들님들", vowel)  # two suffixes at most
    assert not is_tail("만만만만", vowel)  # three particles at most


def test_nothing_attached_is_fine_and_a_long_run_is_a_compound() -> None:
    assert is_tail("", Sound.VOWEL)
    assert not is_tail("에서만이라도" * 3, Sound.VOWEL)
    assert not is_tail("요" * (LONGEST_TAIL + 1), Sound.VOWEL)
