"""What people write every day, in Korean and English: plain questions want an answer and are no emergency."""

import pytest

from monitor.judging import Text, judge

QUESTIONS = """
환불 언제 되나요
반품 접수 어떻게 하나요
카드 취소는 언제 반영되나요
단순변심 환불 가능한가요?
배송 언제 오나요?
오늘 주문하면 내일 도착하나요
발송 언제 되나요
제주도 배송 며칠 걸리나요
재입고 언제 되나요
이거 품절인가요
21호 재고 있나요
매장에도 파나요
이거 얼마예요
가격 문의드려요
할인 언제 하나요
충전은 어떻게 하나요
레티놀이랑 같이 써도 되나요
아기가 써도 되나요
쿠폰 어디에 입력해요?
적립금 언제 들어오나요
사이즈 교환 가능한가요
홍대점 몇 시까지 하나요
when will I get my refund?
what's your refund policy
when does it ship
when will my order arrive?
how long does delivery take
any update on my order
do you ship to Canada
is it in stock?
when is the blue one back in stock
how much is it
is there a student discount
how do I reset it
can I use this with retinol
is it safe during pregnancy?
how do i turn off notifications
where do I enter the promo code
can I exchange for a bigger size
are you open on sunday
""".strip().splitlines()

TROUBLES = """
쿠폰이 적용이 안 돼요
로그인이 안 돼요
인증번호가 안 와요
배송이 왜 이렇게 늦어요
일주일째 배송준비중이네요
제품이 깨져서 왔어요
고객센터 전화를 안 받아요
refund hasn't shown up yet, it's been a week
my coupon code isn't working
can't log in to my account
package arrived damaged
still waiting for my order, three weeks now
the app keeps crashing
""".strip().splitlines()

KIND_WORDS = """
답변 감사합니다
빠른 배송 감사해요
덕분에 해결됐어요 감사합니다
이 크림 진짜 좋아요
인생템이에요
thanks for the quick reply!
thank you, all sorted
got it, thanks
love this cream
best purchase this year
so soft, would buy again
""".strip().splitlines()


@pytest.mark.parametrize("channel", ["third_party", "own_post", "direct"])
@pytest.mark.parametrize("text", QUESTIONS)
def test_a_plain_question_wants_an_answer_and_is_not_urgent(text, channel):
    verdict = judge(Text(text, channel=channel))
    assert verdict.needs_reply
    assert not verdict.urgent
    assert verdict.priority == "normal"


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_plain_question_is_called_one(text):
    assert "question" in judge(Text(text)).intents


@pytest.mark.parametrize("channel", ["third_party", "direct"])
@pytest.mark.parametrize("text", TROUBLES)
def test_everyday_trouble_is_a_complaint_but_no_emergency(text, channel):
    verdict = judge(Text(text, channel=channel))
    assert verdict.needs_reply
    assert "complaint" in verdict.intents
    assert not verdict.urgent
    assert verdict.priority in ("normal", "high")


@pytest.mark.parametrize("channel", ["third_party", "own_post", "direct"])
@pytest.mark.parametrize("text", KIND_WORDS)
def test_thanks_and_praise_want_no_answer(text, channel):
    verdict = judge(Text(text, channel=channel))
    assert not verdict.needs_reply
    assert verdict.intents == ("praise",)
    assert verdict.priority == "low"


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("제품 바르고 얼굴에 두드러기가 났어요", "health"),
        ("충전하다가 배터리가 터졌어요", "health"),
        ("같은 금액이 두 번 결제됐어요", "money"),
        ("다른 사람 주소랑 전화번호가 보여요", "leak"),
        ("토요일 결혼식인데 드레스가 아직 안 왔어요", "lost"),
        ("my face is swollen after your serum", "health"),
        ("you charged me twice for one order", "money"),
        ("my wedding is on saturday and the dress is lost", "lost"),
        ("you will hear from my lawyer", "legal"),
    ],
)
def test_what_cannot_wait_still_cannot(text, category):
    verdict = judge(Text(text))
    assert verdict.urgent and verdict.urgency == category
    assert verdict.priority in ("critical", "high")


def test_every_intent_that_holds_has_a_reason():
    verdict = judge(Text("환불해주세요 배송도 늦고 제품도 깨져서 왔어요 언제 처리되나요"))
    assert {"question", "request", "complaint"} <= set(verdict.intents)
    assert {r.name for r in verdict.reasons if r.decides == "intent"} == set(verdict.intents)


def test_a_handle_in_front_is_a_friend_unless_it_is_a_firm_or_something_is_broken():
    chat = judge(Text("@mike are you coming tonight"))
    firm = judge(Text("@acmesupport the parcel says delivered but nothing is here"))
    assert not chat.needs_reply and firm.needs_reply
    assert "to_somebody" in {r.name for r in chat.reasons}
    assert "to_somebody" not in {r.name for r in firm.reasons}
