"""Which language a text is in: the script decides where it can, words and letter runs decide among Latin ones."""

import gzip
import json
import math
import re
from functools import cache
from importlib import resources
from itertools import repeat

from monitor.judging.features import runs

UNKNOWN = "und"

_LATIN_WORD = re.compile(r"[a-z\u00c0-\u024f\u1e00-\u1eff']+")

# Frequent words, most of them particular to one language: the table learns them too, and a very short text with one
# of them is long enough to tell.
FUNCTION_WORDS: dict[str, str] = {
    "en": "the and is are was were you your my for with this that have has not what when how can i i'm it it's "
    "they from would please never just been why does did don't can't get got order where where's it'll you're we're "
    "want need should could shipping refund delivery broken love thanks good great still any anyone there their our "
    "too doesn't isn't won't back when's works working arrived ordered customer ship do to "
    "store price which who we he she there's only really so if than then were been about because after",
    "es": "el los las una pero que está están por para con muy más cuando cómo qué mi su hola gracias no es del "
    "todavía porque también yo pedido dónde hasta desde envío llegó tengo quiero puedo bien mal bueno buena "
    "muchas favor nunca nada algo tiene hace",
    "de": "der die das und ist nicht ich sie wir mit für auf ein eine aber auch noch wann wie mein meine bitte "
    "danke sehr bei von zu habe hat wo warum immer schon nur gut schlecht bestellung lieferung kein keine nichts "
    "wird wurde kann toll schön leider",
    "fr": "le les des une est pas je vous nous avec pour dans mais très quand comment mon ma mes merci bonjour "
    "depuis toujours c'est j'ai n'est qui sur au où pourquoi livraison commande jamais rien bien très trop super ça "
    "cette ce sont suis avez",
    "pt": "os as uma não é está para com mas muito quando meu minha obrigado obrigada olá vocês você ainda por "
    "que foi pedido do da em onde porque entrega chegou nunca nada tenho quero bom boa ruim tem são isso essa "
    "muito já até pelo",
    "it": "il gli una è non che per con ma molto quando come mio mia grazie ciao sono ho ancora della del di "
    "perché questo questa anche ordine dove mai niente bene male buono bella spedizione arrivato voglio posso tutto "
    "sempre troppo nel alla",
    "id": "yang dan tidak saya ini itu untuk dengan sudah belum ada kapan bisa tolong terima kasih kok nggak gak "
    "aku kamu di barang pesanan banget mau dari sampai bagus lama kenapa mana berapa apa bukan juga lagi udah "
    "gimana kak min dong sih",
    "nl": "het een niet ik je en van voor met maar ook nog wanneer hoe mijn bedankt heel zijn heb heeft wat dat",
    "pl": "nie się jest na to że jak czy mi moje dziękuję proszę bardzo kiedy jeszcze już ale dla",
    "sv": "och är inte jag det som för med men när hur min mitt tack mycket har en ett på av",
    "vi": "không là của và tôi có cho này được với rất khi nào bao nhiêu cảm ơn bạn mình đã",
}


@cache
def _votes() -> dict[str, str]:
    """Function word -> the one language it belongs to, or "" when several share it."""
    owners: dict[str, str] = {}
    for code, words in FUNCTION_WORDS.items():
        for word in set(words.split()):
            owners[word] = "" if word in owners else code
    return owners


def detect(lower: str, hint: str | None = None) -> str:
    """ISO 639-1, or "und" when there is too little to tell. `hint` is what the platform says."""
    hint = _code(hint)
    script = by_script(lower)
    if script is None:
        return UNKNOWN if hint is None else hint
    if script != "latin":
        if script == "cyrillic":
            return hint if hint in ("ru", "uk", "bg", "sr") else "ru"
        if script == "arabic":
            return hint if hint in ("ar", "fa", "ur") else "ar"
        if script == "zh" and hint == "ja":
            return "ja"
        return script
    return _latin(lower, hint)


def _code(hint: str | None) -> str | None:
    if not hint:
        return None
    code = hint.strip().lower().replace("_", "-").split("-")[0]
    return code if code.isascii() and code.isalpha() and len(code) in (2, 3) and code != UNKNOWN else None


def by_script(lower: str) -> str | None:
    """ "ko", "ja", "zh", "th", another script's main language, "latin", or None when there are no letters."""
    if lower.isascii():
        return "latin" if any(c.isalpha() for c in lower) else None
    count = dict.fromkeys(("ko", "kana", "han", "th", "arabic", "cyrillic", "he", "el", "hi", "latin", "jamo"), 0)
    for character in lower:
        if character < "\u0250":
            if character.isalpha():
                count["latin"] += 1
        elif kind := _kind(ord(character)):
            count[kind] += 1
    hangul = count["ko"]
    latin = count["latin"]
    # Brand names and slang are written in Latin letters inside Korean text, so two syllables are enough.
    if hangul >= 2 and hangul * 12 >= latin and hangul >= count["kana"] + count["han"]:
        return "ko"
    if count["kana"] >= 1 and (count["kana"] + count["han"]) * 6 >= latin and count["kana"] * 8 >= count["han"]:
        return "ja"
    if count["han"] >= 1 and count["han"] * 6 >= latin:
        return "zh"
    kind, most = max(((k, n) for k, n in count.items() if k not in ("kana", "han", "jamo")), key=lambda kn: kn[1])
    if most == 0:
        return "ko" if count["jamo"] >= 2 else None
    return kind


def _kind(c: int) -> str | None:
    if 0xAC00 <= c <= 0xD7A3:
        return "ko"
    if 0x3131 <= c <= 0x318E or 0x1100 <= c <= 0x11FF:
        return "jamo"
    if 0x3041 <= c <= 0x30FE or 0xFF66 <= c <= 0xFF9D:
        return "kana"
    if 0x4E00 <= c <= 0x9FFF or 0x3400 <= c <= 0x4DBF or 0x20000 <= c <= 0x2FA1F:
        return "han"
    if 0x0E01 <= c <= 0x0E5B:
        return "th"
    if 0x0600 <= c <= 0x06FF or 0x0750 <= c <= 0x077F:
        return "arabic"
    if 0x0400 <= c <= 0x052F:
        return "cyrillic"
    if 0x0590 <= c <= 0x05FF:
        return "he"
    if 0x0370 <= c <= 0x03FF:
        return "el"
    if 0x0900 <= c <= 0x097F:
        return "hi"
    if 0x1E00 <= c <= 0x1EFF:
        return "latin"
    return None


def runs_of(lower: str) -> list[str]:
    """Letter runs of the first words: what the table weighs."""
    return [run for word in words_of(lower) for run in runs(word, 1, 4)]


def words_of(lower: str) -> list[str]:
    return _LATIN_WORD.findall(lower[:400])[:WORDS]


WORDS = 40
_LANE = 20
"""Bits of one language in a packed weight; weights are stored as 0..126 so that sums never borrow."""
_ZERO = 63
_REMEMBERED = 6_000


class LatinTable:
    """Weights of each letter run for each language, packed side by side into one integer."""

    def __init__(self, codes: list[str], scale: float, bias: list[float], weights: dict[str, int]):
        self._codes = codes
        self._scale = scale
        self._bias = bias
        self._weights = weights
        self._none = sum(_ZERO << (_LANE * k) for k in range(len(codes)))
        self._remembered: dict[str, tuple[int, int]] = {}

    def _word(self, word: str) -> tuple[int, int]:
        known = self._remembered.get(word)
        if known is None:
            found = runs(word, 1, 4)
            known = (sum(map(self._weights.get, found, repeat(self._none))), len(found))
            if len(self._remembered) >= _REMEMBERED:
                self._remembered = {}
            if len(word) <= 24:
                self._remembered[word] = known
        return known

    def best(self, words: list[str]) -> tuple[str, float]:
        """The likeliest language and its probability."""
        if not words:
            return UNKNOWN, 0.0
        total = n = 0
        for word in words:
            packed, size = self._word(word)
            total += packed
            n += size
        unit = self._scale / math.sqrt(n)
        mask = (1 << _LANE) - 1
        base = _ZERO * n
        odds = [((total >> (_LANE * k) & mask) - base) * unit + bias for k, bias in enumerate(self._bias)]
        top = max(odds)
        return self._codes[odds.index(top)], 1.0 / sum(math.exp(o - top) for o in odds)


def read(data: bytes) -> LatinTable:
    head, _, body = gzip.decompress(data).decode("utf-8").partition("\n")
    about = json.loads(head)
    weights: dict[str, int] = {}
    for line in body.splitlines():
        numbers, _, features = line.partition("\t")
        packed = sum((int(n) + _ZERO) << (_LANE * k) for k, n in enumerate(numbers.split(" ")))
        weights.update(dict.fromkeys(features.split("\t"), packed))
    return LatinTable(about["codes"], about["scale"], about["bias"], weights)


@cache
def _latin_table() -> LatinTable:
    return read((resources.files(__package__) / "tables" / "language.latin.txt.gz").read_bytes())


SURE, FAIR = 0.42, 0.25
"""Probability from which the table is believed, and from which it is when the platform says the same."""


def _latin(lower: str, hint: str | None) -> str:
    words = words_of(lower)
    letters = sum(map(len, words))
    if letters < 3:
        return hint or UNKNOWN
    votes = _votes()
    owners = [owner for word in words if (owner := votes.get(word))]
    # The words that belong to one language alone agree: the table need not be asked.
    if len(owners) >= 2 and len(owners) >= len(words) * 0.25:
        most = max(owners, key=owners.count)
        count = owners.count(most)
        if count == len(owners) or (count >= 3 and count >= 0.8 * len(owners)):
            return most
    best, p = _latin_table().best(words)
    if best != UNKNOWN and (p >= (SURE if letters >= 8 or owners else 0.75) or (p >= FAIR and best == hint)):
        return best
    # A platform's word counts where ours is too weak, unless this is plainly romanised writing.
    return UNKNOWN if best == UNKNOWN and p >= SURE else hint or UNKNOWN
