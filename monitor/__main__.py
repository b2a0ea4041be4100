"""`monitor`, and `python -m monitor`."""

import signal
import sys


def main() -> None:
    """The console script."""
    # The first process of a container is deaf to every signal that it has not asked for, and loading takes a second:
    # told to stop meanwhile, it would be killed 10 seconds later. The daemon sets its own, orderly answer once it runs.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    from monitor.cli import main as run

    run()


if __name__ == "__main__":
    main()
