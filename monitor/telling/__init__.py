"""What people are told: as values, as plain text, and what a door can answer when it is sent.

`delivery` makes a `Card` of every deadline that it tells about. From it come the console's lines, mails and the text
that stands behind Slack's blocks (`text`, `change`, `subject`); the blocks themselves are made in `slack/`. All words
go through the catalogues in `locale/`, whose msgids are English.
"""

from monitor.telling.catalogue import LANGUAGES, translator
from monitor.telling.text import change, subject, text
from monitor.telling.values import (
    BusyError,
    Card,
    GoneError,
    NotSentError,
    Outlet,
    Posted,
    RefusedError,
    Sought,
    State,
    Told,
    UnclearError,
)

__all__ = [
    "LANGUAGES",
    "BusyError",
    "Card",
    "GoneError",
    "NotSentError",
    "Outlet",
    "Posted",
    "RefusedError",
    "Sought",
    "State",
    "Told",
    "UnclearError",
    "change",
    "subject",
    "text",
    "translator",
]
