"""Write `dags/requirements.production.txt`: what the workflows' image has beyond the full lock. Part of `make lock`."""

import subprocess
import sys

from embedded.lock import LOCK, ROOT, requirement_files, resolve

EXTRA = ROOT / "dags" / "requirements.production.in"
EXTRA_LOCK = EXTRA.with_suffix(".txt")
HEAD = f"""\
# What {EXTRA.name} adds to requirements.txt, with versions; made by `make lock`, do not edit by hand.
"""


def main() -> None:
    """Resolve both together, keep what the full lock lacks."""
    locked = {line.partition("==")[0] for line in LOCK.read_text(encoding="utf-8").splitlines()}
    try:
        lines = resolve([*requirement_files(), EXTRA])
    except subprocess.CalledProcessError as err:
        sys.exit(f"pip found no set of versions that fits (code {err.returncode}); its reason stands above.")
    added = [line for line in lines if line.partition("==")[0] not in locked]
    EXTRA_LOCK.write_text(HEAD + "\n".join(added) + "\n", encoding="utf-8")
    sys.stdout.write(f"{EXTRA_LOCK.relative_to(ROOT)}: {len(added)} packages\n")


if __name__ == "__main__":
    main()
