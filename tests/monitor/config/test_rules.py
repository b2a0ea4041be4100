"""rules.yaml: what is fine is taken over, what is wrong is said all at once, with its line and a fix."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.conditions import Traits
from monitor.config import Mistake, RulesError, read_rules

ROOT = Path(__file__).resolve().parents[3]

FINE = """
brand: {name: Lumi, language: ko, timezone: Asia/Seoul, accounts: {hackernews: [lumi]}}
hours:
  team: {mon-fri: ["09:00-12:00", "13:00-18:00"], holidays: KR}
topics:
  lumi: lumi OR 루미
  rival: {query: glowco, competitor: true}
sources:
  blog: {connector: feed, every: 10m, settings: {url: "https://example.kr/rss"}, topics: [lumi]}
vip: ["hackernews:@Editor"]
targets:
  - {name: crisis, when: {priority: critical}, reply_within: 15m, clock: always, route: crisis}
  - {name: stars, when: {rating: "<3", kind: review}, reply_within: 30m}
  - {name: standard, reply_within: 1h, hours: team}
routes:
  default: {channel: C0MENTIONS, stages: [new, 50%, 10m before, due, 15m after]}
  crisis: {channel: C0CRISIS, stages: [new, due]}
slack: {bot_token: $SLACK_BOT_TOKEN}
"""
ENVIRON = {"SLACK_BOT_TOKEN": "xoxb-1"}


def read(tmp_path: Path, text: str, environ: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
    file = tmp_path / "rules.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    return read_rules(file, ENVIRON if environ is None else environ)


def mistakes(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> list[Mistake]:
    with pytest.raises(RulesError) as caught:
        read(tmp_path, text, environ)
    return caught.value.mistakes


def test_the_shipped_file_is_fine_without_any_secret() -> None:
    rules = read_rules(ROOT / "rules.yaml", {})
    assert rules.channel("default") == "console:"
    assert "no Slack token" in rules.notes[0]


def test_a_fine_file_is_taken_over(tmp_path: Path) -> None:
    rules = read(tmp_path, FINE)
    assert rules.brand.id == "lumi"
    assert rules.sources["blog"].every == timedelta(minutes=10)
    assert rules.competitors == {"rival"}
    assert rules.vip == {"hackernews:editor"}
    assert rules.channel("crisis") == "slack:C0CRISIS"
    assert [t.name for t in rules.targets] == ["crisis", "stars", "standard"]


def test_the_first_target_that_fits_counts(tmp_path: Path) -> None:
    rules = read(tmp_path, FINE)

    def target(**more: object) -> str:
        values = {"priority": "normal", "platform": "feed", "source": "blog", "kind": "post", "language": "ko", **more}
        return rules.target(Traits(**values)).name  # type: ignore[arg-type]

    assert target(priority="critical", kind="review", stars=1.0) == "crisis"
    assert target(kind="review", stars=2.0) == "stars"
    assert target(kind="review", stars=3.0) == "standard"
    assert target(kind="review", stars=None) == "standard"  # unknown satisfies no comparison


def test_ten_mistakes_are_ten_lines(tmp_path: Path) -> None:
    text = """
brand: {name: Lumi, langauge: ko, timezone: Asia/Soul}
hours:
  team: {mon-fri: ["12:00-09:00x"]}
topics:
  lumi: (lumi OR
sources:
  blog: {connector: fed, settings: {url: "https://example.kr"}}
  news: {connector: feed, settings: {addres: "https://example.kr"}}
  toots: {connector: mastodon, settings: {instance: "https://m.example", token: $MASTODON_TOKEN}}
targets:
  - {name: a, when: {priority: hihg}, reply_within: soon}
routes:
  extra: {channel: C0X, stages: [new, later]}
digest: {day: someday}
sorces: {}
"""
    found = mistakes(tmp_path, text, {})
    assert {
        "brand.langauge",
        "hours.team.mon-fri[1]",
        "topics.lumi",
        "sources.blog.connector",
        "sources.news.settings.addres",
        "sources.news.settings.url",
        "sources.toots.settings.token",
        "targets[1].when.priority[1]",
        "targets[1].reply_within",
        "routes.extra.stages[2]",
        "digest.day",
        "sorces",
    } == {m.place for m in found}
    lines = {m.place: m.line for m in found}
    assert lines["brand.langauge"] == 2
    assert lines["sources.blog.connector"] == 8
    assert lines["sorces"] == 16
    assert all(m.fix for m in found)
    assert any("did you mean 'feed'" in m.fix for m in found)
    assert any("did you mean 'sources'" in m.fix for m in found)
    assert any("MASTODON_TOKEN" in m.problem for m in found)


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (("brand: {name: Lumi, language: ko, ", "brand: {"), "brand.name", "is missing"),
        (("timezone: Asia/Seoul", "timezone: Asia/Soul"), "brand.timezone", "no time zone"),
        (("every: 10m", "every: 1s"), "sources.blog.every", "shorter than 5 seconds"),
        (("every: 10m", "every: ten"), "sources.blog.every", ""),
        (("topics: [lumi]", "topics: [lumy]"), "sources.blog.topics", "no topic called 'lumy'"),
        (("route: crisis", "route: crysis"), "targets[1].route", "no route called 'crysis'"),
        (("hours: team}", "hours: crew}"), "targets[3].hours", "no calendar"),
        (('rating: "<3"', 'rating: "three"'), "targets[2].when.rating", "no comparison"),
        (("  - {name: standard, reply_within: 1h, hours: team}\n", ""), "targets[2]", "does not hold for everything"),
        (("default: {channel", "standard: {channel"), "routes", "has no default"),
        (("stages: [new, due]", "stages: []"), "routes.crisis.stages", ""),
        (('["hackernews:@Editor"]', '["@Editor"]'), "vip[1]", "no platform and handle"),
        (("bot_token: $SLACK_BOT_TOKEN", "bot_token: xoxb-123-abc"), "slack.bot_token", "looks like a token"),
        (("accounts: {hackernews", "accounts: {hackernws"), "brand.accounts.hackernws", "no platform"),
        (("holidays: KR", "holidays: XX"), "hours.team.holidays", ""),
        (("  lumi: lumi OR 루미", "  lumi: NOT 루미"), "topics.lumi", "cannot be read"),
        (("slack: {", "slack: &a {"), "", ""),
    ],
)
def test_one_mistake_is_one_clear_line(tmp_path: Path, change: tuple[str, str], place: str, words: str) -> None:
    assert change[0] in FINE
    if change[1] == "slack: &a {":  # an anchor alone does no harm
        read(tmp_path, FINE.replace(*change))
        return
    found = mistakes(tmp_path, FINE.replace(*change))
    assert [m for m in found if m.place.startswith(place) and words in m.problem], found
    assert len(found) <= 2, found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("- a\n- b", "does not consist of sections"),
        ("brand: {name: [}", ""),
        ("a: &x [1]\nb: *x", "alias"),
        ("brand: {name: a}\nbrand: {name: b}", "stands twice"),
        ("brand: !!python/object/apply:os.system ['true']", "YAML tag"),
        ("a: " + "[" * 5000, ""),
        ("a: " + "{a: " * 200 + "1" + "}" * 200, "nested too deeply"),
        ("x" * 1_000_001, "larger than"),
        ("\udcff", "UTF-8"),
    ],
)
def test_files_that_are_no_rules_are_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    assert any(words in m.problem for m in mistakes(tmp_path, text))


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(RulesError) as caught:
        read_rules(tmp_path / "none.yaml", {})
    assert "cannot be read" in caught.value.mistakes[0].problem


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("xoxb-from-file\n", "utf-8")
    rules = read(tmp_path, FINE, {"SLACK_BOT_TOKEN_FILE": str(tmp_path / "token")})
    assert rules.slack_token is not None
    assert rules.slack_token.get_secret_value() == "xoxb-from-file"


def test_no_secret_shows_in_the_rules_or_in_a_mistake(tmp_path: Path) -> None:
    secret = "xoxb-canary-5150"
    rules = read(tmp_path, FINE, {"SLACK_BOT_TOKEN": secret})
    assert secret not in repr(rules)
    assert rules.secrets() == [secret]
    found = mistakes(tmp_path, FINE.replace("Asia/Seoul", "x"), {"SLACK_BOT_TOKEN": secret})
    assert all(secret not in str(m) for m in found)
    wrong = FINE.replace("channel: C0CRISIS", "channel: [$SLACK_BOT_TOKEN]")
    found = mistakes(tmp_path, wrong, {"SLACK_BOT_TOKEN": secret})
    assert all(secret not in str(m) for m in found)


def test_an_unset_secret_is_reported_once(tmp_path: Path) -> None:
    text = FINE.replace(
        "  blog:", "  toots: {connector: mastodon, settings: {instance: 'https://m.example', token: $NOPE}}\n  blog:"
    )
    found = mistakes(tmp_path, text)
    assert [m.problem for m in found] == ["$NOPE is not set"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
def test_no_text_makes_the_reader_break(tmp_path: Path, text: str) -> None:
    try:
        read(tmp_path, text)
    except RulesError as e:
        assert e.mistakes


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_to_a_fine_file_makes_the_reader_break(tmp_path: Path, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(FINE)))
    end = data.draw(st.integers(start, min(len(FINE), start + 30)))
    patches = ["", "[", "}", ": ", "\n", "- ", "null", "'", "{a: b}", "$X", "1", "\t", "&a ", "*a"]
    patch = data.draw(st.sampled_from(patches))
    try:
        read(tmp_path, FINE[:start] + patch + FINE[end:])
    except RulesError as e:
        assert e.mistakes
