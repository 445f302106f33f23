"""Layers from models: ONNX files, PyTorch modules and the configurations of transformers."""

from accelax.workloads.onnx_model import read_onnx
from accelax.workloads.shapes import LayerShape
from accelax.workloads.torch_module import read_torch
from accelax.workloads.transformer import read_transformer
from accelax.workloads.workload import ImportedLayer, OperatorGroup, Workload

__all__ = [
    "ImportedLayer",
    "LayerShape",
    "OperatorGroup",
    "Workload",
    "read_onnx",
    "read_torch",
    "read_transformer",
]
