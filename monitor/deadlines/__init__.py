"""All arithmetic with time: calendars, when an answer is due, and who hears what by when.

Pure: same input, same answer. Nothing here reads a clock (every question takes its moment), a file or a row, and
nothing here imports the rest of the house. Moments go in aware and come out in UTC; lengths are timedeltas.
`docs/deadlines.md` explains the rules to people.
"""

from monitor.deadlines.calendar import Calendar, CalendarError, Clock, Interval, Pause, Problem, due_at
from monitor.deadlines.public_holidays import check_country, public_holidays
from monitor.deadlines.reading import (
    duration_text,
    parse_duration,
    parse_interval,
    parse_timezone,
    read_calendar,
)
from monitor.deadlines.stages import (
    DUE,
    GRACE,
    NEW,
    WINDOW,
    Elapsed,
    Facts,
    Kind,
    Plan,
    Stage,
    StageError,
    StageSpec,
    State,
    answer_by,
    elapsed,
    moments,
    next_wake,
    parse_stages,
    stage,
    state,
)

__all__ = [
    "DUE",
    "GRACE",
    "NEW",
    "WINDOW",
    "Calendar",
    "CalendarError",
    "Clock",
    "Elapsed",
    "Facts",
    "Interval",
    "Kind",
    "Pause",
    "Plan",
    "Problem",
    "Stage",
    "StageError",
    "StageSpec",
    "State",
    "answer_by",
    "check_country",
    "due_at",
    "duration_text",
    "elapsed",
    "moments",
    "next_wake",
    "parse_duration",
    "parse_interval",
    "parse_stages",
    "parse_timezone",
    "public_holidays",
    "read_calendar",
    "stage",
    "state",
]
