#!/usr/bin/env python3
"""A file with the layout of Google's yamnet.h5, made anew for a test: yamnet_weights.py FILE.h5

Keras 2's weights alone, names as in tensorflow/models, research/audioset/yamnet/yamnet.py, the dense layer under a default
name. The i-th value of each tensor is i times the tensor's number in the file.
"""
import sys

import h5py
import numpy as np

POINTWISE = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
CLASSES = 521


def layers():
    def norm(name, size):
        return f"{name}/bn", {v: (size,) for v in ("beta", "moving_mean", "moving_variance")}

    yield "layer1/conv", {"kernel": (3, 3, 1, 32)}
    yield norm("layer1/conv", 32)
    channels = 32
    for number, filters in enumerate(POINTWISE, 2):
        depthwise, pointwise = f"layer{number}/depthwise_conv", f"layer{number}/pointwise_conv"
        yield depthwise, {"depthwise_kernel": (3, 3, channels, 1)}
        yield norm(depthwise, channels)
        yield pointwise, {"kernel": (1, 1, channels, filters)}
        yield norm(pointwise, filters)
        channels = filters
    yield "global_average_pooling2d", {}
    yield "dense_3", {"kernel": (channels, CLASSES), "bias": (CLASSES,)}


def main():
    with h5py.File(sys.argv[1], "w") as file:
        file.attrs["layer_names"] = [name.encode() for name, _ in layers()]
        file.attrs["keras_version"] = b"2.2.4-tf"
        count = 0
        for name, variables in layers():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{variable}:0".encode() for variable in variables]
            for variable, shape in variables.items():
                count += 1
                group[f"{name}/{variable}:0"] = (np.arange(np.prod(shape)) * count).reshape(shape).astype(np.float32)


main()
