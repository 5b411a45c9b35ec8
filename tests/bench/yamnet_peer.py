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
    import h5py
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter
    from importlib.metadata import version

    # tensorflow/models, research/audioset/yamnet/yamnet.py: BatchNorm without a scale, epsilon 1e-4.
    stored = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: stored.update({name: item[()]}) if hasattr(item, "shape") else None)

    def weights(layer, variable):
        return next(v for n, v in stored.items() if n.startswith(layer + "/") and n.endswith(f"/{variable}:0"))

    layers = tf.keras.layers

    def after(x, linear, name, values):
        y = linear(x)
        linear.set_weights([values])
        norm = layers.BatchNormalization(scale=False, epsilon=1e-4)
        y = norm(y)
        norm.set_weights([weights(name + "/bn", v) for v in ("beta", "moving_mean", "moving_variance")])
        return layers.ReLU()(y)

    entry = x = tf.keras.Input((96, 64, 1), batch_size=patches)
    first = weights("layer1/conv/layer1", "kernel")
    x = after(x, layers.Conv2D(32, 3, 2, "same", use_bias=False), "layer1/conv", first)
    for number in range(2, 15):
        depthwise, pointwise = f"layer{number}/depthwise_conv", f"layer{number}/pointwise_conv"
        stride = 2 if number in (3, 5, 7, 13) else 1
        x = after(x, layers.DepthwiseConv2D(3, stride, "same", use_bias=False), depthwise,
                  weights(f"{depthwise}/layer{number}", "depthwise_kernel"))
        kernel = weights(f"{pointwise}/layer{number}", "kernel")
        x = after(x, layers.Conv2D(kernel.shape[3], 1, use_bias=False), pointwise, kernel)
    dense = layers.Dense(521)
    x = dense(layers.GlobalAveragePooling2D()(x))
    dense.set_weights([weights("dense", "kernel"), weights("dense", "bias")])
    model = tf.lite.TFLiteConverter.from_keras_model(tf.keras.Model(entry, x)).convert()
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
