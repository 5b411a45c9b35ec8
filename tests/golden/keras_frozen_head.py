#!/usr/bin/env python3
"""Writes an EfficientNet of random weights as Keras' `.h5` and trains its head on a frozen base: 25 losses, which the
imported model must repeat.

Generator: Python 3.11, keras 3.5.0 on tensorflow-cpu 2.17.1. Tolerance: 1e-3 relative on each loss. Read by
tests/nn/training/test_keras_frozen_head.cpp.
  keras_frozen_head.py            makes keras_frozen_head.h5, a narrow and shallow EfficientNet, and
                                  keras_frozen_head.txt, its losses before each step
  keras_frozen_head.py FILE.h5    EfficientNetB0 there, its losses on standard output

The base is nested and called in inference mode, as Keras' guide to transfer learning does it, and its running statistics
are a batch's; without stochastic depth, which fit() of Keras 3.5 leaves on in a base that is called with training=False;
then average pooling and Dense(10, softmax). Adam at 1e-3, categorical cross-entropy, four pictures of
keras_networks.py, class i for picture i.

    pip install keras==3.5.0 tensorflow-cpu==2.17.1 && tests/golden/keras_frozen_head.py
"""

import copy
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras_networks  # sets Keras' backend
import keras
import numpy as np
from keras.src.applications import efficientnet

STEPS = 25
BATCH = keras_networks.BATCH


def model_of(base, side):
    base.trainable = False
    image = keras.Input((side, side, 3))
    x = keras.layers.GlobalAveragePooling2D()(base(image, training=False))
    return keras.Model(image, keras.layers.Dense(10, activation="softmax")(x))


def with_statistics(base, images):
    norms = [layer for layer in base.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0.0
    base(images, training=True)
    for norm in norms:
        norm.momentum = 0.99
    return base


def losses_of(model, images):
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="categorical_crossentropy")
    labels = np.eye(10, dtype=np.float32)[:BATCH]
    losses = []
    for _ in range(STEPS):
        model.reset_metrics()  # else Keras gives the mean of all steps so far
        losses.append(float(model.train_on_batch(images, labels)))
    return losses


def main():
    keras.utils.set_random_seed(6)
    if len(sys.argv) > 1:
        side, path = 128, sys.argv[1]
        base = efficientnet.EfficientNet(1.0, 1.0, side, drop_connect_rate=0.0, include_top=False, weights=None,
                                         input_shape=(side, side, 3), name="efficientnetb0")
    else:
        side, path = 64, pathlib.Path(__file__).with_suffix(".h5")
        blocks = copy.deepcopy(efficientnet.DEFAULT_BLOCKS_ARGS[:3])
        blocks[2]["repeats"] = 1
        base = efficientnet.EfficientNet(0.25, 1.0, side, blocks_args=blocks, drop_connect_rate=0.0, include_top=False,
                                         weights=None, input_shape=(side, side, 3), name="efficientnet_small")
    images = keras_networks.pictures(side, 3)
    model = model_of(with_statistics(base, images), side)
    model.save(path)
    text = "".join(f"{loss:.7g}\n" for loss in losses_of(model, images))
    if len(sys.argv) > 1:
        sys.stdout.write(text)
    else:
        pathlib.Path(__file__).with_suffix(".txt").write_text(text)


if __name__ == "__main__":
    main()
