"""Which build of torch pip would bring: for CPU, or for CUDA with several GB more. Standard library only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from embedded.interpreter import SetupError

CUDA_PREFIXES = ("nvidia", "cuda", "triton")


def locked_torch(lock: str) -> str:
    """Find torch's line, `torch==VERSION`, in the text of the lock."""
    [line] = [line for line in lock.splitlines() if line.startswith("torch==")]
    return line


def cuda_packages(report: str, *, has_gpu: bool) -> list[str]:
    """List the CUDA packages that the torch on offer needs: none for a CPU build.

    Args:
        report: what `pip install --dry-run --report -` says of torch alone (JSON).
        has_gpu: whether this machine can use them.

    Raises:
        SetupError: the build is for CUDA and this machine has no GPU.
    """
    [torch] = json.loads(report)["install"]
    needs = torch["metadata"].get("requires_dist", [])
    plain = [need.partition(";")[0].strip() for need in needs if "extra ==" not in need]
    found = [need for need in plain if need.startswith(CUDA_PREFIXES)]
    if found and not has_gpu:
        raise SetupError(
            "The torch build that pip would download is for CUDA (several GB), and this machine has no GPU. Point pip "
            "at PyTorch's CPU wheels and try again: set PIP_EXTRA_INDEX_URL to PyTorch's index of CPU builds, or "
            f"PIP_FIND_LINKS to a folder that holds the CPU wheel of torch {torch['metadata']['version']}."
        )
    return found


def has_gpu() -> bool:
    """Tell whether an NVIDIA GPU is visible."""
    return Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is not None
