"""What Korean attaches to a noun: 루미 + 에서 + 는, 루미 + 까지 + 입니다.

A tail is read as at most two suffixes (들, 님), at most three particles that others may follow (에서, 까지, 만), then
at most one closing particle (는, 도) or form of the copula 이다 or of 같다 and 아니다, which people write without the
space, and at last 요. Particles that change with the sound before them are only accepted after that sound: 강남고 is
a school, not 강남 + 고, and 루미아 is another name. After Latin letters and digits the sound is unknown, so both forms
pass. Colloquial contractions into the noun itself (루민 for 루미는) are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache

LONGEST_TAIL = 12  # syllables; longer runs are compound words, not endings


class Sound(IntEnum):
    """How a syllable ends, which picks between 가 and 이, 는 and 은, 로 and 으로. Values can be or-ed."""

    VOWEL = 1
    RIEUL = 2
    CONSONANT = 4
    ANY = 7


_VOWEL = Sound.VOWEL
_FINAL = Sound.RIEUL | Sound.CONSONANT
_RO = Sound.VOWEL | Sound.RIEUL
_EURO = Sound.CONSONANT
_ANY = Sound.ANY


def sound_of(character: str) -> Sound:
    """How this last letter of a noun is pronounced; anything can be true of what is not a Hangul syllable."""
    if not "가" <= character <= "힣":
        return Sound.ANY
    final = (ord(character) - ord("가")) % 28
    return Sound.VOWEL if final == 0 else Sound.RIEUL if final == 8 else Sound.CONSONANT


def _table(*rows: tuple[int, str]) -> Mapping[str, int]:
    table: dict[str, int] = {}
    for sound, pieces in rows:
        for piece in pieces.split():
            table[piece] = table.get(piece, 0) | sound
    return table


SUFFIXES = _table((_ANY, "들 님 씨 측 분들"))

PARTICLES = _table(
    (_ANY, "에 에서 에게 에게서 한테 한테서 께 께서 더러 보고 하고 에다 에다가 에로"),
    (
        _ANY,
        "까지 부터 만 뿐 뿐만 조차 마저 밖에 마다 처럼 만큼 보다 대로 마냥 쯤 씩 끼리 따라 같이 치고 커녕 말고 빼고",
    ),
    (_ANY, "때문 때문에 땜에 중에 중에서 덕분 덕분에 덕에 대신 대신에 외에 이라고 이랑"),
    (_VOWEL, "와 랑 라고"),
    (_FINAL, "과"),
    (_RO, "로 로서 로써"),
    (_EURO, "으로 으로서 으로써"),
)

_CLOSING = _table(
    (_ANY, "의 도 요 이나 이라는 이란 이야말로 이나마 이여 이든 이든지 이든가 이라도 이며 마는 엔 에선 에겐 한텐 께선"),
    (_ANY, "까진 부턴 보단 이라곤 하곤 치곤 말곤 만도 답게 땜"),
    (_VOWEL, "가 는 를 야 여 나 란 라는 라도 든 든지 든가 며 야말로 나마 라곤 는커녕"),
    (_FINAL, "이 은 을 아 은커녕"),
    (_RO, "론"),
    (_EURO, "으론"),
)

# After 이- (always), and bare after a vowel: 물이고, 루미고.
_COPULA_ENDINGS = """
다 다만 고 고요 구요 고도 며 면 면은 면서 면서도 라 라고 라고요 라구요 라는 라는데 라구 라는게
라는걸 라는건 라는거 라는것 라기보다는 네여 라는데요 란 라니 라니까 라며 라면 라면서 라면요 라서
라서요 라선 라던데 라던데요 라더라 라더라구요 라더라고요 라더니 라더군요 라던가 라던지 라던 라든가
라든지 라든 라네 라네요 라지 라지만 라죠 라도 라야 라기 라기보다 라기보단 라기엔 랄까 래 래요 래서
랬어 랬어요 랬는데 랬지 랍니다 니 니까 니까요 니깐 지 지요 죠 지만 지만요 지마는 네 네요 냐 냐고
냐고요 냐면 구나 구만 구먼 군 군요 거든 거든요 더라 더라고 더라고요 더라구 더라구요 더라도 더니
더군요 던데 던데요 던가 던가요 던지 든 든가 든지 거나 거니와 기는 기도 기만 기에 기엔 긴 잖아 잖아요
잖음 로구나 올시다 나 나마 야 야말로 어서 어야 여서 여야 여도 어도 세요 셔요 신가 신가요 신데 신데요
신지 시고 시면 시네요 시죠 시지만 십니다 십니까 셨어요 셨습니다 실까요
"""
# Bare, these would be the ends of other nouns: 나이키신 is a shoe.
_COPULA_ENDINGS_AFTER_I = "신 건 기 기로 람 란다 자"

_COPULA_PAST_ENDINGS = """
다 다고 다는 다면 다가 다던데 다니 답니다 어 어요 어도 어서 어야 습니다 습니다만 습니까 는데 는데요
는데도 는지 는지는 는가 고 고요 구요 지 지만 지만요 지요 죠 으면 으며 으니 으니까 네 네요 던 던데
던가 던가요 던지 나 나요 나봐요 을까 을까요 을 을텐데 을듯 구나 군 군요 음 니 냐 거든 거든요 더라
더라고요 더라구요 더라면 대 대요 잖아 잖아요 기에 긴 단 음에도
"""

_COPULA_WHOLE = """
입니다 입니다만 입니까 입니당 임다 임 임에도 임을 인 인데 인데요 인데도 인데다 인데다가 인지 인지도
인지는 인지라 인지요 인가 인가요 인가봐 인가봐요 인가보다 인걸 인걸요 인거 인거죠 인거야 인거예요
인거네 인건 인건가 인건가요 인건지 인게 인듯 인듯요 인듯해요 인듯한데 인듯하다 인듯합니다 인줄
인줄은 인척 인양 인만큼 인들 일 일까 일까요 일까봐 일지 일지도 일지는 일듯 일듯요 일텐데 일텐데요
일때 일때는 일수록 일뿐 일거 일거야 일거예요 일거에요 일건데 일걸 일걸요 일줄 일줄은 이에요 이예요
이애요 에요 이에여 이예여 에여 이여요 이야 이얌 이용 이요
"""

_ALIKE = """
은 은데 은데요 은데도 은건 은거 은게 은걸 을 을까 을까요 을듯 음 아 아요 아서 아서요 아도 애 애요 네
네요 다 다고 다는 다면 고 고요 구요 지 지만 지만요 지는 지도 지가 죠 으면 으니 으니까 습니다
습니다만 던데 던데요 더라 더라고요 더라구요 잖아 잖아요 군요 나 나요 냐 거든요 았다 았어 았어요
았는데 았는데요 았습니다 았지만 았음 긴
"""

_NOT = """
고 고요 구요 다 라 라고 라고요 라서 라면 라도 라는 라니 란 래 래요 며 면 면서 네 네요 지 지만 지요
죠 니 니까 냐 냐고 구나 군요 거든요 더라 더라고요 더라구요 던데 던데요 던가요 잖아 잖아요 야 에요
예요 에여 었다 었어 었어요 었는데 었는데요 었습니다 었으면 였다 였어 였어요 였는데 였습니다 세요
신가요 신데요
"""


def _joined(stem: str, endings: str) -> str:
    return " ".join(stem + ending for ending in endings.split())


_COPULA = _table(
    (_ANY, _COPULA_WHOLE),
    (_ANY, _joined("이", _COPULA_ENDINGS) + " " + _joined("이", _COPULA_ENDINGS_AFTER_I)),
    (_VOWEL, _COPULA_ENDINGS),
    (_VOWEL, "예요 여요 예여 예용 에용 얌 욥"),
    (_ANY, _joined("이었", _COPULA_PAST_ENDINGS)),
    (_ANY, _joined("이였", _COPULA_PAST_ENDINGS)),
    (_VOWEL, _joined("였", _COPULA_PAST_ENDINGS)),
    (_VOWEL, _joined("었", _COPULA_PAST_ENDINGS)),
    (_ANY, _joined("같", _ALIKE)),
    (
        _ANY,
        _joined("아니", _NOT)
        + " 아님 아닌 아닌데 아닌데요 아닌가 아닌가요 아닌지 아닙니다 아닙니까 아닐까 아닐까요 아닐지",
    ),
)


def _closings() -> Mapping[str, int]:
    return _table(*((sound, piece) for table in (_CLOSING, _COPULA) for piece, sound in table.items()))


CLOSINGS = _closings()
LAST = "요"  # after anything: 루미는요, 루미라서요

_MOST_SUFFIXES = 2
_MOST_PARTICLES = 3
_LONGEST_PIECE = max(map(len, (*SUFFIXES, *PARTICLES, *CLOSINGS)))

# How far a reading has come: suffixes 0..2, then particles up to 5, then closed, then 요.
_PARTICLE = _MOST_SUFFIXES
_CLOSED = _MOST_SUFFIXES + _MOST_PARTICLES + 1
_DONE = _CLOSED + 1


@lru_cache(maxsize=1 << 16)
def is_tail(tail: str, after: Sound) -> bool:
    """Whether these syllables, right behind a noun that ends in `after`, are nothing but particles and endings."""
    if not tail:
        return True
    if len(tail) > LONGEST_TAIL:
        return False
    reached: list[set[int]] = [set() for _ in range(len(tail) + 1)]
    reached[0].add(0)
    for start, states in enumerate(reached[:-1]):
        if not states:
            continue
        sound = sound_of(tail[start - 1]) if start else after
        for end in range(start + 1, min(start + _LONGEST_PIECE, len(tail)) + 1):
            reached[end].update(_continue(states, tail[start:end], sound))
    return bool(reached[-1])


def _continue(states: set[int], piece: str, sound: Sound) -> set[int]:
    following: set[int] = set()
    if SUFFIXES.get(piece, 0) & sound:
        following.update(state + 1 for state in states if state < _MOST_SUFFIXES)
    if PARTICLES.get(piece, 0) & sound:
        following.update(max(state, _PARTICLE) + 1 for state in states if state < _CLOSED - 1)
    if CLOSINGS.get(piece, 0) & sound and min(states) < _CLOSED:
        following.add(_CLOSED)
    if piece == LAST and min(states) < _DONE:
        following.add(_DONE)
    return following
