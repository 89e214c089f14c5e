"""Ways in which a version can be broken, each applied to a copy of a good one, with the words that must name it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from training.version.files import write_manifest


@dataclass(frozen=True)
class Spoiler:
    """How a version's folder is broken.

    Attributes:
        spoil: breaks it.
        reason: words that the refusal holds.
        hashes_fit: whether the manifest is written anew, as if the version had been registered like that.
    """

    spoil: Callable[[Path], None]
    reason: str
    hashes_fit: bool = False

    def __call__(self, folder: Path) -> None:
        self.spoil(folder)
        if self.hashes_fit:
            write_manifest(folder)


def write(name: str, content: bytes) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return apply


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def change_encoder(key: str, change: Callable[[Any], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        encoder = json.loads((folder / "encoder.json").read_text())
        (folder / "encoder.json").write_text(json.dumps(encoder | {key: change(encoder[key])}))

    return apply


def rename_an_input(folder: Path) -> None:
    network = onnx.load(folder / "model.onnx")
    renamed = network.graph.input[0].name
    for node in network.graph.node:
        node.input[:] = ["stranger" if name == renamed else name for name in node.input]
    network.graph.input[0].name = "stranger"
    onnx.save(network, folder / "model.onnx")


def expect_nan(folder: Path) -> None:
    golden = json.loads((folder / "golden.json").read_text())
    golden["product_scores"][0] = float("nan")
    (folder / "golden.json").write_text(json.dumps(golden))


SPOILERS = {
    "altered network": Spoiler(write("model.onnx", b"not a network"), "model.onnx was altered"),
    "altered golden rows": Spoiler(write("golden.json", b"{}"), "golden.json was altered"),
    "missing encoder": Spoiler(remove("encoder.json"), "encoder.json is missing"),
    "code": Spoiler(write("code.py", b"print()"), "Unexpected files"),
    "pickle": Spoiler(write("model.pkl", b"\x80\x04."), "Unexpected files"),
    "no network": Spoiler(write("model.onnx", b"not a network"), "model.onnx does not load", hashes_fit=True),
    "other signature": Spoiler(rename_an_input, "another signature: ('stranger'", hashes_fit=True),
    "other features": Spoiler(
        change_encoder("feature_hash", lambda _: "0" * 16), "reads features 0000000000000000", hashes_fit=True
    ),
    "other categories": Spoiler(
        change_encoder("category_ids", lambda ids: ids[:-1]), "another signature", hashes_fit=True
    ),
    "other products": Spoiler(
        change_encoder("product_ids", lambda ids: [*ids, 999_999]), "vocabulary of", hashes_fit=True
    ),
    "NaN on golden rows": Spoiler(expect_nan, "Golden rows differ by nan", hashes_fit=True),
}
