"""Words in the language of the reader: gettext catalogues, read as they are written (.po), with no step of compiling.

Msgids are English, so that English needs no catalogue. `monitor/locale/ko/LC_MESSAGES/*.po` hold the Korean.
"""

from __future__ import annotations

import gettext
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "ko")


@cache
def translator(language: str, domain: str = "monitor") -> gettext.NullTranslations:
    """The catalogue of a language; English speaks in msgids. `gettext`, `ngettext` and `pgettext` as usual."""
    if language == "en":
        return gettext.NullTranslations()
    path = files("monitor").joinpath(f"locale/{language}/LC_MESSAGES/{domain}.po")
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
