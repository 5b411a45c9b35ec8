#!/usr/bin/env python3
"""EfficientNetB0 of Keras at full size with random weights, made anew for a test: keras_efficientnet.py DIRECTORY

Leaves there:
    model.keras       as the source's experiment has it: EfficientNetB0 without its top, nested in a Sequential, a head
    scores.f32        what it says to features.f32, one picture of 224 x 224 x 3, values of 0 to 255
    notop.h5          the network's weights alone in the form of Keras' own efficientnetb0_notop.h5, the normalisation's
                      constants those of ImageNet
    imagenet.keras    Keras' EfficientNetB0(weights="imagenet") given that file in the place of a download
    imagenet.f32      what that says
"""
import pathlib
import sys

import h5py
import keras
import numpy as np
from keras.src.applications import efficientnet
from keras.src.legacy.saving import legacy_h5_format

layers = keras.layers
SHAPE = (224, 224, 3)


def randomise(model, seed):
    """Away from where training starts, activations neither vanishing nor exploding."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            randomise(layer, seed + 1)
        elif isinstance(layer, keras.layers.BatchNormalization):
            size = layer.gamma.shape
            layer.set_weights([random.uniform(0.7, 1.4, size), random.normal(0, 0.2, size), random.normal(0, 0.2, size),
                               random.uniform(0.5, 1.5, size)])


def main():
    folder = pathlib.Path(sys.argv[1])
    keras.utils.set_random_seed(3)
    image = np.random.default_rng(5).uniform(0, 255, (1, *SHAPE)).astype(np.float32)
    image.tofile(folder / "features.f32")

    base = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=SHAPE)
    head = [layers.GlobalAveragePooling2D(), layers.Dropout(0.2), layers.Dense(10, activation="softmax")]
    model = keras.Sequential([keras.Input(SHAPE), base, *head])
    randomise(model, 7)
    model.save(folder / "model.keras")
    np.array(model(image, training=False)).astype(np.float32).tofile(folder / "scores.f32")

    normalization = base.get_layer(index=2)
    normalization.set_weights([np.array([0.485, 0.456, 0.406]), np.array(efficientnet.IMAGENET_STDDEV_RGB), np.array(0)])
    normalization.finalize_state()
    with h5py.File(folder / "notop.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, base)
    keras.backend.clear_session()  # names start anew
    efficientnet.file_utils.get_file = lambda *_, **__: str(folder / "notop.h5")
    imagenet = keras.applications.EfficientNetB0(include_top=False, weights="imagenet", input_shape=SHAPE)
    # Keras 3.5 goes on with the constants it had before it read the file, until the model is saved and loaded.
    imagenet.get_layer("normalization").finalize_state()
    model = keras.Sequential([keras.Input(SHAPE), imagenet, *head])
    model.save(folder / "imagenet.keras")
    np.array(model(image, training=False)).astype(np.float32).tofile(folder / "imagenet.f32")


main()
