#!/usr/bin/env python3
"""What onnxruntime makes of a model: onnx_scores.py MODEL.onnx FEATURES.f32 SCORES.f32

FEATURES.f32 holds float32, any number of windows of the model's shape; SCORES.f32 gets as many rows of scores. The model
is checked by onnx.checker first where that is installed. Made for onnxruntime 1.32 and onnx 1.23.
"""
import sys

import numpy as np
import onnxruntime

try:
    import onnx
except ImportError:
    onnx = None


def main():
    model, features, scores = sys.argv[1:]
    if onnx:
        onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (put,) = session.get_inputs()
    (get,) = session.get_outputs()
    assert (put.name, get.name) == ("features", "scores"), (put.name, get.name)
    assert put.shape[0] == get.shape[0] == "batch", (put.shape, get.shape)
    windows = np.fromfile(features, np.float32).reshape(-1, *put.shape[1:])
    result = session.run([get.name], {put.name: windows})[0]
    assert result.shape == (len(windows), get.shape[1]), result.shape
    result.astype(np.float32).tofile(scores)


main()
