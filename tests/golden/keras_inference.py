#!/usr/bin/env python3
"""Makes keras_inference.safetensors: v6 in Keras with weights that are not trivial, and what it says to five pictures.

Generator: Python 3.11, keras 3.5.0 on tensorflow-cpu 2.17.1, numpy 1.26.4. Tolerance: 1e-5 on each probability.
Read by tests/nn/inference/test_classifier.cpp, which makes the same pictures by the same integer arithmetic. The file is a plain
safetensors of F32: the weights under Earshot's names, `expected/scores` of shape (5, 10).

    pip install keras==3.5.0 tensorflow-cpu==2.17.1 && tests/golden/keras_inference.py
"""

import os
import pathlib

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

from safetensors_file import write_safetensors

SIDE = 256


def v6():
    layers = keras.layers
    model = keras.Sequential([layers.Input((SIDE, SIDE, 1))])

    def activated(layer, rate=None, pool=False):
        model.add(layer)
        model.add(layers.BatchNormalization())
        model.add(layers.LeakyReLU(negative_slope=0.1))
        if pool:
            model.add(layers.MaxPooling2D((2, 2)))
        if rate is not None:
            model.add(layers.Dropout(rate))

    activated(layers.Conv2D(32, 3, padding="same"))
    activated(layers.Conv2D(32, 3, padding="same"), 0.1, pool=True)
    activated(layers.Conv2D(64, 3, padding="same"))
    activated(layers.Conv2D(64, 3, padding="same"), 0.15, pool=True)
    activated(layers.SeparableConv2D(128, 3, padding="same"))
    activated(layers.SeparableConv2D(128, 3, padding="same"), 0.2, pool=True)
    activated(layers.SeparableConv2D(256, 3, padding="same"), 0.25, pool=True)
    model.add(layers.GlobalAveragePooling2D())
    activated(layers.Dense(256, kernel_regularizer=keras.regularizers.L2(0.001)), 0.4)
    activated(layers.Dense(64, kernel_regularizer=keras.regularizers.L2(0.001)), 0.3)
    model.add(layers.Dense(10))
    return model


def pictures():
    """Five 8-bit pictures, divided by 255 as the features are: noise, waves, partials with onsets, black, white."""
    index = np.arange(SIDE * SIDE, dtype=np.uint64)
    row, column = (index // SIDE).astype(np.int64), (index % SIDE).astype(np.int64)

    hashed = (index * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    noise = ((hashed ^ (hashed >> np.uint64(15))) * np.uint64(2246822519) & np.uint64(0xFFFFFFFF)) >> np.uint64(24)

    def wave(x):
        return np.abs(x % 512 - 256)

    waves = np.minimum(255, (wave(3 * row + column) + wave(5 * column) + wave(2 * row + 7 * column)) // 3)
    partial = np.where(row % 37 < 3, 220 - column % 64 * 3, 30)
    partials = np.where(column % 64 < 2, 250 - row // 2, partial)
    black, white = np.zeros_like(row), np.full_like(row, 255)
    bytes_ = np.stack([p.astype(np.float32) for p in (noise, waves, partials, black, white)])
    return (bytes_ / np.float32(255)).reshape(-1, SIDE, SIDE, 1)


def make_untrivial(model, images):
    """Running statistics near those of real activations, every other parameter away from where it started."""
    random = np.random.default_rng(5)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in model.layers:
        for variable in layer.trainable_variables:
            if variable.name == "bias" or variable.name == "beta":
                variable.assign(random.normal(0, 0.2, variable.shape))
            elif variable.name == "gamma":
                variable.assign(random.uniform(0.5, 1.5, variable.shape))
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)  # the statistics become this batch's
    for norm in norms:
        deviation = np.sqrt(norm.moving_variance.numpy())
        norm.moving_mean.assign(norm.moving_mean + 0.2 * deviation * random.normal(size=deviation.shape))
        norm.moving_variance.assign(norm.moving_variance * random.uniform(0.7, 1.5, deviation.shape) + 1e-3)


def main():
    keras.utils.set_random_seed(5)
    model = v6()
    assert model.count_params() == 212714
    images = pictures()
    make_untrivial(model, images)
    logits = model(images, training=False).numpy()
    scores = keras.ops.softmax(logits).numpy()
    print(np.round(scores, 4))
    tensors = {
        f"{layer.name}/{variable.name}": np.ascontiguousarray(variable.numpy(), dtype=np.float32)
        for layer in model.layers
        for variable in layer.variables
        if "seed" not in variable.name
    }
    tensors["expected/scores"] = scores.astype(np.float32)
    write_safetensors(pathlib.Path(__file__).with_name("keras_inference.safetensors"), tensors)


if __name__ == "__main__":
    main()
