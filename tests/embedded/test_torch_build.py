import json

import pytest

from embedded.interpreter import SetupError
from embedded.torch_build import cuda_packages, locked_torch

CUDA_BUILD = [
    "filelock",
    'nvidia-cudnn-cu13==9.20.0.48; platform_system == "Linux"',
    'optree>=0.13.0; extra == "optree"',
]


def report(requires: list[str]) -> str:
    return json.dumps({"install": [{"metadata": {"name": "torch", "version": "2.13.0", "requires_dist": requires}}]})


def test_cpu_build_needs_nothing_more() -> None:
    assert cuda_packages(report(["filelock", "sympy>=1.13.3"]), has_gpu=False) == []


def test_cuda_build_without_a_gpu_is_refused_with_the_setting_to_change() -> None:
    with pytest.raises(SetupError, match="PIP_EXTRA_INDEX_URL"):
        cuda_packages(report(CUDA_BUILD), has_gpu=False)


def test_cuda_build_with_a_gpu_brings_its_packages() -> None:
    assert cuda_packages(report(CUDA_BUILD), has_gpu=True) == ["nvidia-cudnn-cu13==9.20.0.48"]


def test_torch_is_found_in_the_lock() -> None:
    assert locked_torch("# head\ntorch==2.13.0\ntorchmetrics==1.0\n") == "torch==2.13.0"
