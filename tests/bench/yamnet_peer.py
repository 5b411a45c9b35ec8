#!/usr/bin/env python3
"""The peers of bench_yamnet: yamnet_peer.py onnxruntime|openvino MODEL.onnx PATCHES, or litert yamnet.h5 PATCHES.

Prints what it is; then for each line it reads, runs PATCHES patches at once a few times to warm up, then ROUNDS times,
and prints the median in milliseconds. One thread.
"""
import os
import statistics
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np

WARM_UP = 5
ROUNDS = 20


def onnx_features(shape, patches):
    """Random features in the model's own layout: its first dimension is the batch."""
    return np.random.default_rng(1).standard_normal([patches] + list(shape[1:])).astype(np.float32)


def onnxruntime(path, patches):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    node = session.get_inputs()[0]
    features = onnx_features(node.shape, patches)
    return f"onnxruntime {ort.__version__}", lambda: session.run(None, {node.name: features})


def openvino(path, patches):
    import openvino as ov

    core = ov.Core()
    model = core.read_model(path)
    shape = [1 if d.is_dynamic else d.get_length() for d in model.input(0).partial_shape]
    model.reshape([patches] + shape[1:])
    compiled = core.compile_model(
        model,
        "CPU",
        {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"},
    )
    request = compiled.create_infer_request()
    features = onnx_features(shape, patches)
    request.infer([features])
    return f"openvino {ov.__version__}", lambda: request.infer([features], share_inputs=True)


def litert(path, patches):
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter
    from importlib.metadata import version
    from yamnet_network import yamnet

    model = tf.lite.TFLiteConverter.from_keras_model(yamnet(path, patches)).convert()
    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    place = interpreter.get_input_details()[0]["index"]
    features = np.random.default_rng(1).standard_normal((patches, 96, 64, 1)).astype(np.float32)
    interpreter.set_tensor(place, features)
    return f"litert {version('ai-edge-litert')}", interpreter.invoke


def main():
    runtime, path, patches = sys.argv[1], sys.argv[2], int(sys.argv[3])
    # Only answers go to standard output: converters print there, too.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    name, run = {"onnxruntime": onnxruntime, "openvino": openvino, "litert": litert}[runtime](path, patches)
    print(f"{name}, {patches} at once", file=answers)
    for _ in sys.stdin:
        for _ in range(WARM_UP):
            run()
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        print(1e3 * statistics.median(times), file=answers)


main()
