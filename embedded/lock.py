"""Write `requirements.txt`, the full lock, from every folder's `requirements.in`: `make lock`.

pip itself resolves, in a dry run that installs nothing, so the lock is exactly what pip would choose today. Versions
carry no local suffix (`+cpu`): such a pin can't be installed from the package index. Where pip gets each file from
is the machine's own affair and stays out of the lock.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.txt"
HEAD = """\
# Every package with its version, made by `make lock` from the folders' requirements.in; do not edit by hand.
# Installed with --no-deps: what is not listed here is not installed. torch: docs/decisions/0007-torch-without-cuda.md
"""


def requirement_files() -> list[Path]:
    """List the folders' requirements, in a stable order."""
    return sorted([*ROOT.glob("*/requirements.in"), *ROOT.glob("*/*/requirements.in")])


def resolve(files: list[Path]) -> list[str]:
    """Let pip choose a version for every package that the files need, directly or not.

    Returns:
        Lines `name==version`, sorted by name, without local suffixes.

    Raises:
        subprocess.CalledProcessError: pip found no solution; its words are on stderr.
    """
    asking = ["--dry-run", "--ignore-installed", "-qq", "--report", "-"]
    named = [argument for file in files for argument in ("--requirement", str(file))]
    command = [sys.executable, "-m", "pip", "install", *asking, *named]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    chosen = [item["metadata"] for item in report["install"]]
    return sorted(f"{_normalise(package['name'])}=={package['version'].partition('+')[0]}" for package in chosen)


def main() -> None:
    """Resolve and replace the lock."""
    try:
        lines = resolve(requirement_files())
    except subprocess.CalledProcessError as err:
        sys.exit(f"pip found no set of versions that fits (code {err.returncode}); its reason stands above.")
    cuda = [line for line in lines if line.startswith(("nvidia-cu", "cuda-", "triton=="))]
    if cuda:
        sys.exit(
            f"This pip offers a CUDA build of torch ({cuda[0]}, ...): point it at PyTorch's CPU wheels and lock again."
        )
    LOCK.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{LOCK.name}: {len(lines)} packages\n")


def _normalise(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


if __name__ == "__main__":
    main()
