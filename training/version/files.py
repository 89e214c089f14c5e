"""A version's folder: weights as ONNX, encoder and settings as text, golden rows, and a manifest of hashes.

Nothing in it is executed: no pickle, no code. A file that the manifest does not name, or whose hash differs, refuses
    the folder.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from features.ranking.encoding import Encoder
from training.data.inputs import ModelOutputs

MODEL, ENCODER, CONFIG, GOLDEN, MANIFEST = "model.onnx", "encoder.json", "config.yaml", "golden.json", "manifest.json"
# The holdout model: the same recipe, trained without the newest window, on which the gate evaluates it; it never
# serves. Its file keeps the name that earlier versions gave it, so that they still open.
HOLDOUT = "twin.onnx"
_DATA_FILES = (MODEL, HOLDOUT, ENCODER, CONFIG, GOLDEN)
# Raised when the files change, so that inputs known before train a version that this code can load. 2 brought HOLDOUT.
FORMAT = 2
# What MLflow writes beside our files: text that describes the model.
MLFLOW_FILES = (
    "MLmodel",
    "conda.yaml",
    "python_env.yaml",
    "requirements.txt",
    "registered_model_meta",
    "input_example.json",
    "serving_input_example.json",
)
TOLERANCE = 1e-6

Inputs = Mapping[str, np.ndarray]


class ArtefactError(Exception):
    """A version's folder is not what was registered, or does not fit this code; it must not serve."""


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest(folder: Path) -> None:
    """Hash our files; call it last."""
    hashes = {name: hash_file(folder / name) for name in _DATA_FILES}
    (folder / MANIFEST).write_text(json.dumps(hashes, indent=1), encoding="utf-8")


def identify(folder: Path) -> str:
    """Return a hash of all our files: two versions of one content are the same, whatever their numbers."""
    return hash_file(folder / MANIFEST)


def verify_folder(folder: Path) -> None:
    """Check the folder against its manifest before anything in it is loaded.

    Raises:
        ArtefactError: a file is missing, altered or unexpected.
    """
    if not (folder / MANIFEST).is_file():
        raise ArtefactError(f"{folder.name!r} holds no {MANIFEST}: it is no version of this model.")
    hashes = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if sorted(hashes) != sorted(_DATA_FILES):
        raise ArtefactError(
            f"{MANIFEST} names {sorted(hashes)}, expected {sorted(_DATA_FILES)}: another release registered "
            "it; run that one, or train a new version."
        )
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if unexpected := present - {*hashes, MANIFEST, *MLFLOW_FILES}:
        raise ArtefactError(f"Unexpected files {sorted(unexpected)}: a version holds data alone; register it anew.")
    for name, expected in hashes.items():
        if name not in present:
            raise ArtefactError(f"{name} is missing; register the version anew.")
        if (actual := hash_file(folder / name)) != expected:
            raise ArtefactError(f"{name} was altered: SHA-256 {actual[:12]}, registered {expected[:12]}.")


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """Open the network for scoring on the CPU, one thread a call: a second one only spins, and no answer is sooner.

    Raises:
        ArtefactError: the file is no network that the runtime can load.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as err:  # the runtime's own errors have no public base
        raise ArtefactError(f"{path.name} does not load: {type(err).__name__}: {err}") from err


def write_golden(folder: Path, session: onnxruntime.InferenceSession, inputs: Inputs) -> None:
    """Score a few rows and keep inputs and outputs, to be compared wherever the version is loaded."""
    outputs = ModelOutputs(*session.run(None, dict(inputs)))
    golden = {
        "inputs": {name: {"dtype": str(value.dtype), "rows": value.tolist()} for name, value in inputs.items()},
        **{name: value.tolist() for name, value in outputs._asdict().items()},
    }
    (folder / GOLDEN).write_text(json.dumps(golden), encoding="utf-8")


def load_golden_inputs(folder: Path) -> dict[str, np.ndarray]:
    """Read the network's inputs of the golden rows."""
    golden = json.loads((folder / GOLDEN).read_text(encoding="utf-8"))
    return {name: np.array(value["rows"], dtype=value["dtype"]) for name, value in golden["inputs"].items()}


def check_golden(folder: Path, session: onnxruntime.InferenceSession) -> float:
    """Score the golden rows again.

    Returns:
        The largest absolute difference from what was registered.

    Raises:
        ArtefactError: it exceeds 1e-6, or a score is not finite.
    """
    golden: dict[str, Any] = json.loads((folder / GOLDEN).read_text(encoding="utf-8"))
    try:
        outputs = session.run(None, load_golden_inputs(folder))
    except Exception as err:  # the runtime's own errors have no public base
        raise ArtefactError(f"Golden rows do not score: {type(err).__name__}: {err}") from err
    expected = np.concatenate([np.ravel(golden[name]) for name in ModelOutputs._fields])
    difference = float(np.abs(np.concatenate([output.ravel() for output in outputs]) - expected).max())
    if not difference <= TOLERANCE:  # also refuses NaN
        raise ArtefactError(
            f"Golden rows differ by {difference!r}, allowed {TOLERANCE}: the version scores otherwise here."
        )
    return difference


def load_encoder(folder: Path) -> Encoder:
    """Read the encoder.

    Raises:
        ArtefactError: it is not an encoder of this code.
    """
    try:
        return Encoder.load(folder / ENCODER)
    except ValueError as err:
        raise ArtefactError(str(err)) from err
