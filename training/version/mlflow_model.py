"""MLflow flavour and signature of a version, written around the version's files."""

import shutil
from pathlib import Path


def describe_model(folder: Path, model: Path) -> None:
    """Let MLflow write its own description (flavour, signature) around our files, which stay byte for byte."""
    import mlflow.onnx
    import onnx

    from training.version.signature import read_signature

    network = onnx.load(folder / "model.onnx")
    requirements = ["onnxruntime", "numpy"]
    mlflow.onnx.save_model(
        network,
        model,
        signature=read_signature(network),
        pip_requirements=requirements,
        save_as_external_data=False,
    )
    for path in folder.iterdir():
        shutil.copyfile(path, model / path.name)
