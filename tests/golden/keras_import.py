#!/usr/bin/env python3
"""Files that Keras saves of two small networks, and what the networks say: keras_import.zip.

    python keras_import.py                                # Keras 3, whichever version is installed
    KERAS_BACKEND=jax python keras_import.py              # another Keras 3
    python keras_import.py --tf-keras                     # tf_keras, which is Keras 2

Each run replaces what its version wrote before. Made with Keras 3.5.0 on TensorFlow 2.17.1, Keras 3.15.1 on JAX 0.10.2
and tf_keras 2.17.0. Tolerance of the scores: 1e-5. Inside, for each network and version: .keras, .h5 (the whole model),
.weights.h5 or, for Keras 2, -weights.h5 (weights alone), and .safetensors with `input` and `scores`. The networks are
compiled and fitted, so that optimizer state is in the files.
"""
import pathlib
import sys
import tempfile
import zipfile

import numpy as np

from safetensors_file import write_safetensors

KERAS_2 = "--tf-keras" in sys.argv
if KERAS_2:
    import tf_keras as keras
else:
    import keras
layers = keras.layers
ARCHIVE = pathlib.Path(__file__).with_name("keras_import.zip")
SLOPE = "alpha" if KERAS_2 else "negative_slope"


def sequential():
    """Everything that a Sequential of ours may hold, with no option at its default; softmax."""
    l2 = keras.regularizers.L2
    return keras.Sequential(
        [
            keras.Input((21, 16, 1)),
            layers.Conv2D(4, 3, padding="same", kernel_regularizer=l2(0.01), name="first"),
            layers.BatchNormalization(epsilon=0.01, momentum=0.8),
            layers.LeakyReLU(**{SLOPE: 0.2}),
            layers.MaxPooling2D(),
            layers.Dropout(0.1),
            layers.SeparableConv2D(6, 3, padding="same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.DepthwiseConv2D(5, strides=2, padding="same", name="depthwise"),
            layers.ReLU(),
            layers.Conv2D(5, 2, strides=2, use_bias=False, activation="relu"),
            layers.Flatten(),
            layers.Dense(8, kernel_regularizer=l2(0.002), activation="swish"),
            layers.BatchNormalization(scale=False),
            layers.Dense(3, activation="softmax", name="conv2d_7"),
        ],
        name="sequential_golden",
    )


def efficient_block(channels):
    """Inverted bottleneck with squeeze and excite, stochastic depth and residual, as a model of its own."""
    image = keras.Input((9, 8, channels))
    x = layers.Conv2D(2 * channels, 1, padding="same", use_bias=False, name="expand_conv")(image)
    x = layers.BatchNormalization(name="expand_bn")(x)
    x = layers.Activation("swish", name="expand_activation")(x)
    x = layers.ZeroPadding2D(((1, 1), (0, 2)), name="dwconv_pad")(x)
    x = layers.DepthwiseConv2D(3, padding="valid", use_bias=False, name="dwconv")(x)
    x = layers.BatchNormalization(name="bn")(x)
    x = layers.Activation("swish", name="activation")(x)
    se = layers.GlobalAveragePooling2D(name="se_squeeze")(x)
    se = layers.Reshape((1, 1, 2 * channels), name="se_reshape")(se)
    se = layers.Conv2D(1, 1, padding="same", activation="swish", name="se_reduce")(se)
    se = layers.Conv2D(2 * channels, 1, padding="same", activation="sigmoid", name="se_expand")(se)
    x = layers.multiply([x, se], name="se_excite")
    x = layers.Conv2D(channels, 1, padding="same", use_bias=False, name="project_conv")(x)
    x = layers.BatchNormalization(name="project_bn")(x)
    x = layers.Dropout(0.2, noise_shape=(None, 1, 1, 1), name="drop")(x)
    return keras.Model(image, layers.add([x, image], name="add"), name="block")


def functional():
    """Like EfficientNet: preprocessing inside, a nested model, a nested Sequential, three summands; sigmoid."""
    image = keras.Input((17, 16, 3))
    x = layers.Rescaling([2.0, 3.0, 0.5], offset=-0.5)(image)
    normalization = layers.Normalization()
    normalization.adapt(np.random.default_rng(3).normal(0.5, [0.7, 1.5, 0.2], (64, 17, 16, 3)).astype(np.float32))
    x = normalization(x)
    x = layers.ZeroPadding2D(((1, 1), (0, 1)), name="stem_conv_pad")(x)
    x = layers.Conv2D(4, 3, strides=2, use_bias=False, name="stem_conv")(x)
    # Frozen: two trained variables of one name, this one's and the block's, cannot both be in an .h5's optimizer state.
    x = layers.BatchNormalization(name="bn", trainable=False)(x)
    x = layers.Activation("relu", name="stem_activation")(x)
    block = efficient_block(4)
    block.get_layer("expand_conv").trainable = False  # then its variables come last in an .h5
    y = block(x)
    z = layers.Conv2D(4, 1, name="side")(x)
    x = layers.Add()([y, x, z])
    if not KERAS_2:
        x = x + y  # an operation: no layer, and nothing in the file
    x = keras.Sequential([layers.Conv2D(6, 3, padding="same"), layers.LeakyReLU(**{SLOPE: 0.05})], name="top")(x)
    x = layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(image, layers.Dense(5, activation="sigmoid")(x), name="functional_golden")


def main():
    keras.utils.set_random_seed(7)
    version = keras.__version__
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, model, loss in (
            ("sequential", sequential(), "sparse_categorical_crossentropy"),
            ("functional", functional(), "binary_crossentropy"),
        ):
            random = np.random.default_rng(11)
            images = random.uniform(0, 1, (16, *model.input_shape[1:])).astype(np.float32)
            classes = model.output_shape[-1]
            truth = random.integers(0, classes, 16)
            if loss.startswith("binary"):
                truth = np.eye(classes, dtype=np.float32)[truth]
            for variable in model.trainable_variables:  # away from where they start
                variable.assign(variable + random.normal(0, 0.3, variable.shape).astype(np.float32))
            model.compile(keras.optimizers.Adam(0.01), loss)
            model.fit(images, truth, epochs=2, batch_size=8, verbose=0)
            stem = folder / f"{name}-{version}"
            model.save(f"{stem}.keras")
            model.save(f"{stem}.h5")
            model.save_weights(f"{stem}-weights.h5" if KERAS_2 else f"{stem}.weights.h5")
            scores = np.array(model(images[:2], training=False), dtype=np.float32)
            print(name, version, np.round(scores, 3).tolist())
            write_safetensors(pathlib.Path(f"{stem}.safetensors"), {"input": images[:2], "scores": scores})

        kept = {}
        if ARCHIVE.exists():
            with zipfile.ZipFile(ARCHIVE) as old:
                kept = {entry: old.read(entry) for entry in old.namelist() if f"-{version}" not in entry}
        kept |= {path.name: path.read_bytes() for path in folder.iterdir()}
        with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
            for entry in sorted(kept):
                new.writestr(zipfile.ZipInfo(entry), kept[entry], zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main()
