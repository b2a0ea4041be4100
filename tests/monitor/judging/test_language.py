"""Which language a text is in."""

import pytest

from monitor.judging.clean import clean
from monitor.judging.language import detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("배송이 너무 늦어요", "ko"),
        ("lumi cushion 진짜 좋아요 강추", "ko"),
        ("ㅋㅋㅋㅋㅋ", "ko"),
        ("この化粧水はとても良いです", "ja"),
        ("这个面霜很好用", "zh"),
        ("สินค้าดีมากค่ะ", "th"),
        ("متى يصل طلبي", "ar"),
        ("когда придёт мой заказ", "ru"),
        ("Where is my order? It has been three weeks", "en"),
        ("¿Dónde está mi pedido? Llevo dos semanas esperando", "es"),
        ("Wo bleibt meine Bestellung, ich warte seit zwei Wochen", "de"),
        ("Où est ma commande, j'attends depuis deux semaines", "fr"),
        ("Cadê o meu pedido, já faz duas semanas que não chega", "pt"),
        ("Dov'è il mio ordine, aspetto da due settimane", "it"),
        ("Kapan pesanan saya sampai, sudah dua minggu belum datang", "id"),
    ],
)
def test_a_sentence_tells_its_language(text, language):
    assert detect(clean(text).lower) == language


@pytest.mark.parametrize(
    "text", ["", "ok", "12345", "😀😀", "...", "jeongmal jjajeungnaneunde hwanbulhaejuseyo ppalli"]
)
def test_too_little_and_romanised_text_is_unknown(text):
    assert detect(clean(text).lower) == "und"


def test_what_the_platform_says_counts_where_the_text_is_silent():
    assert detect("ok", "de-AT") == "de"
    assert detect("배송이 늦어요", "en") == "ko"
    assert detect("ok", "<script>") == "und"
