"""Public holidays by country and region, from the `holidays` package; its only home here.

Substitute and observed days are included, other categories (bank, school, half days) are not: a team that keeps those
writes them under `except:`. The package gives nothing after its last year (2100 for most countries, 2035 for some).
"""

import difflib
import warnings
from collections.abc import Iterable
from datetime import MAXYEAR, date
from functools import cache, lru_cache

import holidays
from holidays.constants import PUBLIC
from holidays.registry import COUNTRIES


@lru_cache(maxsize=1024)
def public_holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    """The public holidays of one year. `country` and `region` have passed `check_country`.

    The neighbouring years are computed too: a substitute day may lie on the other side of New Year, and the answer
    must not depend on which year somebody asked for first.
    """
    years = range(max(1, year - 1), min(MAXYEAR, year + 1) + 1)
    with warnings.catch_warnings():  # some countries warn about years they do not know; docs/deadlines.md tells it
        warnings.simplefilter("ignore")
        found = holidays.country_holidays(country, subdiv=region, years=years, categories=PUBLIC)
    return frozenset(day for day in found if day.year == year)


def check_country(country: str, region: str | None) -> list[tuple[str, str]]:
    """What is wrong with these two codes: ("country" | "region", words) each; empty when nothing is."""
    regions = _regions().get(country)
    if regions is None:
        return [("country", f"no holidays are known for country {country!r}; {_did_you_mean_country(country)}")]
    if region is None or region in regions:
        return []
    if not regions:
        return [("region", f"{country} has no regions with holidays of their own; leave the region out")]
    near = _near(region, regions) or sorted(regions)[:12]
    return [("region", f"{country} has no region {region!r}; write one of {', '.join(near)}")]


@cache
def _regions() -> dict[str, list[str]]:
    return holidays.list_supported_countries(include_aliases=True)


@cache
def _names() -> dict[str, str]:
    return {name.replace("_", " "): codes[1] for name, codes in COUNTRIES.items()}


def _did_you_mean_country(wrong: str) -> str:
    names = _names()
    within = [name for name in names if len(wrong) > 3 and wrong.casefold() in name]
    near = within or difflib.get_close_matches(wrong.casefold(), names, n=3, cutoff=0.75)
    if near:
        return "did you mean " + " or ".join(f"{names[name]} ({name.title()})" for name in near[:3]) + "?"
    codes = _near(wrong, [code for code in _regions() if len(code) == 2])
    hint = f", such as {', '.join(codes)}" if codes else ", such as KR, US or GB"
    return f"write its two-letter code{hint}"


def _near(wrong: str, known: Iterable[str]) -> list[str]:
    folded = {word.casefold(): word for word in known}
    return [folded[word] for word in difflib.get_close_matches(wrong.casefold(), folded, n=3)]
