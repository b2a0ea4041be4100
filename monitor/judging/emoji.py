"""What emoji say about tone. VADER gives 👍 and 😡 nothing and a 💔 +0.27, so this is a list of our own."""

FRIENDLY = frozenset(
    "❤♥♡💕💖💗💘💙💚💛💜🧡🤍🤎🖤💝💞💓😍🥰😘😻😊☺😁😄😃😀😆🤗🤩🥳👍👏🙌💯🎉🎊✨🌟⭐🏆🥇😋🤤😌😇👌💪🔥🫶🫰😎🙆🎁💐🌸🌹😚😙🥹"
)
HOSTILE = frozenset("😡😠🤬👎💔😤😒🙄😞😔😟🙁☹😣😖😫😩😢😭😿😱🤮🤢💩🖕😑😓😥🤦🤡😾👿😨😰🥱🤨😵🚫❌⚠🆘")
AMBIGUOUS = frozenset("🙃🙂😅😂🤣😏")
_KNOWN = FRIENDLY | HOSTILE | AMBIGUOUS
_BLANK = dict.fromkeys(map(ord, _KNOWN), " ")


def balance(text: str) -> tuple[int, int, str]:
    """How many different friendly and hostile emoji there are, and which."""
    seen = _KNOWN.intersection(text)
    friendly, hostile = seen & FRIENDLY, seen & HOSTILE
    return len(friendly), len(hostile), "".join(sorted(friendly | hostile)[:5])


def without(text: str) -> str:
    return text.translate(_BLANK)
