#!/usr/bin/env python3
"""Makes keras_training.safetensors: five steps of training v6 in Keras, which Network and Adam must follow.

Generator: Python 3.11, keras 3.5.0 on tensorflow-cpu 2.17.1, numpy 1.26.4. Tolerance per tensor, as the length of the
difference over the length of Keras': 1e-2 for gradients and for final - initial, biases that feed a BatchNorm excepted
(their true gradient is zero); 1e-4 on each loss. Read by tests/nn/training/test_network_keras.cpp, which makes the same batch by
the same integer arithmetic.

v6 without dropout on one batch of 8 pictures, class i for picture i; softmax cross-entropy, each class weighing 1e-4,
plus L2; Adam at a learning rate of 1e-4. The weights are float32: Keras' initial kernels (drawn in float64, rounded),
gammas around 1, betas around 1. A plain safetensors of F32, under Earshot's names: `initial/<tensor>`,
`gradient/<tensor>` (first step, of the unweighted loss without its L2 term), `final/<tensor>` (after five steps),
`losses` (before each step, unweighted, L2 included).

Keras computes in float64 here (floatx), because its float32 is no yardstick of 1e-2 for five steps: LeakyReLU and max
pooling switch on rounding errors, and Adam's first steps are signs of gradients. At the default initial weights,
learning rate and class weights Keras' own float32 and float64 end up 4 to 22 % apart in what five steps change. Betas
around 1 keep most activations away from LeakyReLU's kink; small steps keep the two paths together; small class weights
bring the gradients down to Adam's epsilon, where an update is a smooth function of the gradient instead of its sign (and
where an epsilon in the wrong place would show). The script prints how far Keras' float32 is from the golden: 0.4 % in
gradients, 0.5 % in changes, 6e-5 in losses.

    pip install keras==3.5.0 tensorflow-cpu==2.17.1 && tests/golden/keras_training.py
"""

import pathlib

import keras_inference  # sets Keras' backend
import keras
import numpy as np
import safetensors_file
import tensorflow as tf

BATCH = 8
CLASSES = 10
STEPS = 5
LEARNING_RATE = 1e-4
CLASS_WEIGHT = 1e-4
SEED = 3


def mixed(x):
    """32 bits to 32 bits: the finaliser of MurmurHash3."""
    x = x.astype(np.uint64)
    x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x85EBCA6B)) & np.uint64(0xFFFFFFFF)
    x = ((x ^ (x >> np.uint64(13))) * np.uint64(0xC2B2AE35)) & np.uint64(0xFFFFFFFF)
    return x ^ (x >> np.uint64(16))


def pictures():
    """8-bit partials and onsets over noise, divided by 255 as the features are."""
    i, y, x = np.meshgrid(np.arange(BATCH), np.arange(256), np.arange(256), indexing="ij")
    partial = np.where(y % (11 + 5 * i) < 3 + i // 3, 200 - x % (24 + 16 * (7 - i)) * 2 * (i % 3), 20 + i * 6)
    onset = np.where(x % (32 + 24 * (i % 4)) < 3, 215 - y // 2, partial)
    noise = (mixed((i * 256 + y) * 256 + x) & np.uint64(31)).astype(np.int64)
    return ((np.clip(onset, 0, 223) + noise).astype(np.float32) / np.float32(255))[..., None]


def without_dropout(precision):
    keras.backend.clear_session()
    keras.backend.set_floatx(precision)
    layers = keras_inference.v6().layers
    model = keras.Sequential([keras.layers.Input((256, 256, 1))] +
                             [layer for layer in layers if not isinstance(layer, keras.layers.Dropout)])
    assert model.count_params() == 212714
    return model


def named(model, trainable=False):
    return {f"{layer.name}/{variable.name}": variable for layer in model.layers
            for variable in (layer.trainable_variables if trainable else layer.variables)}


def start():
    keras.utils.set_random_seed(SEED)
    random = np.random.default_rng(SEED)
    values = {}
    for name, variable in named(without_dropout("float64")).items():
        value = np.array(variable.numpy())
        if name.endswith("/gamma"):
            value = random.uniform(0.7, 1.3, value.shape)
        elif name.endswith("/beta"):
            value = random.normal(1.0, 0.2, value.shape)
        values[name] = value.astype(np.float32)
    return values


def train(initial, precision):
    """Gradients of the first step, values after the last, losses; all in `precision`."""
    model = without_dropout(precision)
    for name, variable in named(model).items():
        variable.assign(initial[name].astype(precision))
    trained = named(model, trainable=True)
    values = [variable.value for variable in trained.values()]
    images = tf.constant(pictures().astype(precision))
    labels = tf.one_hot(np.arange(BATCH), CLASSES, dtype=precision)
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    gradients, losses = {}, []
    for step in range(STEPS):
        with tf.GradientTape(persistent=True) as tape:
            logits = model(images, training=True)
            cross_entropy = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, logits))
            penalty = tf.add_n(model.losses)
            weighted = CLASS_WEIGHT * cross_entropy + penalty
        if step == 0:
            gradients = {name: g.numpy() for name, g in zip(trained, tape.gradient(cross_entropy, values))}
        losses.append(float(cross_entropy + penalty))
        optimizer.apply(tape.gradient(weighted, values), list(trained.values()))
    return gradients, {name: np.array(variable.numpy()) for name, variable in named(model).items()}, losses


def print_difference(initial, ours, golden):
    def worst(a, b, origin):
        return max((np.linalg.norm(a[n] - b[n]) / np.linalg.norm(b[n] - origin.get(n, 0)), n) for n in b
                   if not n.endswith("/bias") or n == "dense_2/bias")
    print("Keras' float32 against its float64, worst tensor of gradients and changes, losses:")
    print(worst(ours[0], golden[0], {}), worst(ours[1], golden[1], initial), np.subtract(ours[2], golden[2]))


def main():
    initial = start()
    gradients, final, losses = train(initial, "float64")
    print(losses)
    print_difference(initial, train(initial, "float32"), (gradients, final, losses))
    tensors = {f"{part}/{name}": value.astype(np.float32)
               for part, values in (("initial", initial), ("gradient", gradients), ("final", final))
               for name, value in values.items()}
    tensors["losses"] = np.array(losses, np.float32)
    safetensors_file.write_safetensors(pathlib.Path(__file__).with_name("keras_training.safetensors"), tensors)


if __name__ == "__main__":
    main()
