"""MLflow flavour and signature of a version, written around the version's files."""

import shutil
from pathlib import Path


def describe_model(folder: Path, model: Path) -> None:
    """Let MLflow write its own description around our files, which stay byte for byte: flavour, signature, example.

    The example is that of the golden rows.
    """
    import mlflow.onnx
    import onnx

    from training.version.files import load_golden_inputs
    from training.version.signature import read_signature

    network = onnx.load(folder / "model.onnx")
    requirements = ["onnxruntime", "numpy"]
    mlflow.onnx.save_model(
        network,
        model,
        signature=read_signature(network),
        pip_requirements=requirements,
        input_example=load_golden_inputs(folder),
        save_as_external_data=False,
    )
    for path in folder.iterdir():
        shutil.copyfile(path, model / path.name)
