"""Words in the language of the reader: gettext catalogues, read as they are written (.po), with no step of compiling.

Msgids are English, so that English needs no catalogue. `monitor/locale/ko/LC_MESSAGES/*.po` hold the Korean.
"""

from __future__ import annotations

import gettext
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "ko")


@cache
def translator(language: str, *domains: str) -> gettext.NullTranslations:
    """The catalogues of a language as one; English speaks in msgids. `gettext` and `ngettext` as usual."""
    if language == "en":
        return gettext.NullTranslations()
    whole = Catalog(locale=language)
    for domain in domains or ("monitor",):
        with files("monitor").joinpath(f"locale/{language}/LC_MESSAGES/{domain}.po").open("rb") as source:
            for message in read_po(source, locale=language):
                if message.id:
                    whole.add(message.id, message.string)
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
