#!/usr/bin/env python3
"""Files that Keras saves of networks with classes and functions of somebody's own, named like Keras' own, and of one
with layers that do nothing in inference: keras_own.zip.

    KERAS_BACKEND=jax python keras_own.py

Made with Keras 3.15.1 on JAX 0.10.2. Tolerance of the scores: 1e-5. idle.safetensors has `input` and `scores`.
"""
import pathlib
import tempfile
import zipfile

import keras
import numpy as np
from keras import layers

from safetensors_file import write_safetensors

ARCHIVE = pathlib.Path(__file__).with_name("keras_own.zip")


class Own:
    """What no file tells: the weights are Keras', the scores are not."""

    class Conv2D(layers.Conv2D):
        def call(self, inputs):
            return -super().call(inputs)

    class Sequential(keras.Sequential):
        def call(self, inputs, training=None, mask=None):
            return 1 - super().call(inputs)

    class ReLU(layers.ReLU):
        def call(self, inputs):
            return -super().call(inputs)

    class Add(layers.Add):
        def call(self, inputs):
            return inputs[0] - inputs[1]

    class L2(keras.regularizers.L2):
        pass


class Twice(layers.Conv2D):
    """With an option of its own."""

    def __init__(self, *args, twice=True, **options):
        super().__init__(*args, **options)
        self.twice = twice

    def call(self, inputs):
        return 2 * super().call(inputs)

    def get_config(self):
        return super().get_config() | {"twice": self.twice}


Twice.__name__ = "Conv2D"
Registered = keras.saving.register_keras_serializable("birds")(type("Conv2D", (Own.Conv2D,), {}))


def swish(x):
    return -keras.activations.silu(x)


def network(*middle, model=keras.Sequential):
    return model([keras.Input((6, 6, 1)), *middle, layers.Flatten(), layers.Dense(2, activation="softmax")])


def added(add):
    image = keras.Input((6, 6, 1))
    x = layers.Flatten()(add([layers.Conv2D(1, 3, padding="same")(image), image]))
    return keras.Model(image, layers.Dense(2, activation="softmax")(x))


def idle():
    """Everything of Keras that does nothing in inference and takes pictures of one channel."""
    return network(
        layers.RandomFlip(),
        layers.RandomRotation(0.2),
        layers.RandomTranslation(0.1, 0.1),
        layers.RandomZoom(0.2),
        layers.RandomContrast(0.2),
        layers.RandomBrightness(0.2, value_range=(0, 1)),
        layers.RandomErasing(value_range=(0, 1)),
        layers.GaussianNoise(0.3),
        layers.Conv2D(2, 3, padding="same"),
        layers.BatchNormalization(),
        layers.SpatialDropout2D(0.2),
        layers.Activation("linear"),
        layers.AlphaDropout(0.1),
        layers.GaussianDropout(0.2),
        layers.ActivityRegularization(l1=0.1),
        layers.Identity(),
    )


def in_training():
    image = keras.Input((6, 6, 1))
    x = layers.Flatten()(layers.Dropout(0.5, name="drop")(image, training=True))
    return keras.Model(image, layers.Dense(2, activation="softmax")(x))


def main():
    keras.utils.set_random_seed(7)
    models = {
        "conv2d": network(Own.Conv2D(1, 3, name="own")),
        "option": network(Twice(1, 3, name="own")),
        "registered": network(Registered(1, 3, name="own")),
        "nested": network(keras.Sequential([keras.Input((6, 6, 1)), Own.Conv2D(1, 3, name="own")], name="inner")),
        "model": network(model=Own.Sequential),
        "function": network(layers.Conv2D(1, 3, activation=swish, name="own")),
        "activation": network(layers.Conv2D(1, 3, activation=Own.ReLU(), name="own")),
        "add": added(Own.Add(name="own")),
        "regularizer": network(layers.Conv2D(1, 3, kernel_regularizer=Own.L2(0.1), name="own")),
        "training": in_training(),
        "idle": idle(),
    }
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, model in models.items():
            model.save(folder / f"{name}.keras")
            if name in ("conv2d", "option", "registered"):
                model.save(folder / f"{name}.h5")
        images = np.random.default_rng(11).uniform(0, 1, (2, 6, 6, 1)).astype(np.float32)
        scores = np.array(models["idle"](images, training=False), dtype=np.float32)
        write_safetensors(folder / "idle.safetensors", {"input": images, "scores": scores})
        with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for path in sorted(folder.iterdir()):
                archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main()
