"""The network's inputs and outputs in MLflow's words, read from the ONNX graph itself."""

import numpy as np
import onnx
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec


def read_signature(network: onnx.ModelProto) -> ModelSignature:
    """List names, types and shapes of a graph's inputs and outputs; -1 stands for any number of users or pairs."""
    return ModelSignature(
        inputs=Schema([_to_spec(value) for value in network.graph.input]),
        outputs=Schema([_to_spec(value) for value in network.graph.output]),
    )


def _to_spec(value: onnx.ValueInfoProto) -> TensorSpec:
    tensor = value.type.tensor_type
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    shape = tuple(size.dim_value if size.HasField("dim_value") else -1 for size in tensor.shape.dim)
    return TensorSpec(dtype, shape, value.name)
