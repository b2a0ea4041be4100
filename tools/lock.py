"""Pin every dependency with hashes: requirements.lock for running, requirements-dev.lock for developing.

The lock files carry versions and hashes, and no index's address.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMON = [
    "--generate-hashes",
    "--allow-unsafe",
    "--strip-extras",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
    "--no-emit-options",
    "--no-header",
    "--quiet",
]


def lock(target: str, *arguments: str) -> None:
    command = [
        sys.executable,
        "-m",
        "piptools",
        "compile",
        *COMMON,
        *arguments,
        "--output-file",
        target,
        "pyproject.toml",
    ]
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    lock("requirements.lock", "--extra", "build")
    lock("requirements-dev.lock", "--extra", "build", "--extra", "dev", "--constraint", "requirements.lock")
