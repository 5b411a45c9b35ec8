#!/usr/bin/env python3
"""Makes keras_v5, keras_efficientnet_b0 and keras_yamnet.safetensors: what Keras makes of these networks, from weights
that both sides draw by the same formula, so that no file holds millions of weights.

Generator: Python 3.11, keras 3.5.0 on tensorflow-cpu 2.17.1, numpy 1.26.4, all in float64 (why: keras_training.py).
Read by tests/nn/training/test_networks_keras.cpp. Tolerances: 1e-5 on each score (YAMNet, from the waveform: 1e-4), 1e-4 on each
loss, 1e-2 relative per tensor for gradients and for changes.

Weights: tensor `name` of Earshot's draws from SplitMix64, started at a key made of the name (formula_weights below).
Pictures and waveforms: integer arithmetic. What is in a file, all F32:
  scores             of the inputs, with the statistics that one training forward of momentum 0 leaves
  losses             before each of five steps of Adam at LEARNING_RATE, unweighted, from statistics 0 and 1.
                     The gradients are those of LOSS_WEIGHT times that loss: it brings them down to Adam's epsilon
                     (why: keras_training.py)
  gradient/<tensor>  a digest of the first step's, of the unweighted loss; none of tensors whose true gradient is zero
  change/<tensor>    a digest of what five steps changed, running statistics included; likewise
  frozen_losses      EfficientNetB0 only: 20 steps of the head alone, from the weights and statistics of `scores`, the
                     base in inference mode; Adam at 1e-3, the loss unweighted
A digest of n values v is their length |v|, then 32 projections p_k = sum_i s_k(i) v_i; s_k(i) is +1 or -1, as bit k of
the i-th number of SplitMix64 started at 0. As E (p_k - q_k)^2 = |v - w|^2, the relative error of a tensor is
sqrt(mean_k (p_k - q_k)^2) / |w|, w being Keras': every value has its part in it, and it scatters by 12 %.

    pip install keras==3.5.0 tensorflow-cpu==2.17.1 && tests/golden/keras_networks.py [v5|efficientnet_b0|yamnet ...]
"""

import pathlib
import sys

import keras_inference  # sets Keras' backend
import keras
import numpy as np
import safetensors_file
import tensorflow as tf

STEPS = 5
FROZEN_STEPS = 20
BATCH = 4
PROJECTIONS = 32
SEED = 9
LEARNING_RATE = {"v5": 3e-4, "efficientnet_b0": 1e-4, "yamnet": 1e-4}
LOSS_WEIGHT = {"v5": 1e-4, "efficientnet_b0": 1e-3, "yamnet": 1e-1}

# --- Random numbers, as dsp/base/KeyedRandom.h's


def wrapped(x):
    return x & ((1 << 64) - 1)


def mix_bits(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def split_mix(key, count):
    return mix_bits(np.uint64(key) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=np.uint64))


def key_of(name):
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = wrapped((key ^ byte) * 0x100000001B3)
    return int(mix_bits(np.array([wrapped(SEED + wrapped(0x9E3779B97F4A7C15 * wrapped(key + 1)))], np.uint64))[0])


def formula_weights(name, shape):
    """He's uniform kernels, 0.3 of them where there are many inputs; biases and betas that keep most values off ReLU's
    kink, and no channel all but dead; gammas around 1."""
    count = int(np.prod(shape))
    kind = name.rsplit("/", 1)[1]
    uniform = (split_mix(key_of(name), count) >> np.uint64(11)).astype(np.float64) * 2.0 ** -53
    if kind.endswith("kernel"):
        fan_in = shape[0] * shape[1] if kind == "depthwise_kernel" else count // shape[-1]
        limit = (0.3 if fan_in > 32 else 1.0) * np.sqrt(6.0 / fan_in)
        low, high = -limit, limit
    else:
        low, high = {"gamma": (0.7, 1.3), "beta": (1.6, 2.4) if "_bn/" in name else (-0.4, 0.4),
                     "bias": (0.9, 1.5), "mean": (0.3, 0.5), "variance": (0.05, 0.15), "moving_mean": (0.0, 0.0), "moving_variance": (1.0, 1.0)}[kind]
    return (low + (high - low) * uniform).astype(np.float32).reshape(shape)


def mixed(x):
    """32 bits to 32 bits: the finaliser of MurmurHash3."""
    x = x.astype(np.uint64)
    x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x85EBCA6B)) & np.uint64(0xFFFFFFFF)
    x = ((x ^ (x >> np.uint64(13))) * np.uint64(0xC2B2AE35)) & np.uint64(0xFFFFFFFF)
    return x ^ (x >> np.uint64(16))


# --- Inputs


def pictures(side, channels):
    """8-bit partials and onsets over noise; channel c of picture i is drawn as picture i + 2c."""
    i, y, x, c = np.meshgrid(np.arange(BATCH), np.arange(side), np.arange(side), np.arange(channels), indexing="ij")
    i = i + 2 * c
    partial = np.where(y % (11 + 5 * i) < 3 + i // 3, 200 - x % (24 + 16 * (7 - i)) * 2 * (i % 3), 20 + i * 6)
    onset = np.where(x % (32 + 24 * (i % 4)) < 3, 215 - y // 2, partial)
    noise = (mixed((i * 256 + y) * 256 + x) & np.uint64(31)).astype(np.int64)
    return (np.clip(onset, 0, 223) + noise).astype(np.float32)


def waveforms():
    """A saw that goes quiet now and then, over noise; 96 frames' worth of 16 kHz."""
    i, t = np.meshgrid(np.arange(BATCH), np.arange(15600), indexing="ij")
    saw = t * (211 + 97 * i) % 16000
    quiet = t // 1600 % 3 == i % 3
    noise = (mixed(i * 65536 + t) & np.uint64(1023)).astype(np.int64)
    return ((np.where(quiet, saw // 8 + 7000, saw) - 8000 + noise - 512) / 32768).astype(np.float32)


def yamnet_features(samples):
    """YAMNet's log mel patches in float64: (n, 96, 64, 1)."""
    spectrum = tf.abs(tf.signal.stft(tf.constant(samples, tf.float64), 400, 160, 512))
    mel = tf.signal.linear_to_mel_weight_matrix(64, 257, 16000, 125.0, 7500.0, dtype=tf.float64)
    return tf.math.log(tf.matmul(spectrum, mel) + 0.001).numpy()[..., None]


# --- Networks; the last layer gives logits


def v5():
    layers = keras.layers
    stack = [layers.Input((256, 256, 1))]
    for filters in (32, 64, 128, 256, 512):
        stack += [layers.Conv2D(filters, 3, padding="same", activation="relu"), layers.BatchNormalization(),
                  layers.MaxPooling2D(2)]
    stack += [layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(32, activation="relu"),
              layers.Dense(10)]
    model = keras.Sequential(stack)
    assert model.count_params() == 5770858
    return model


def efficientnet_b0():
    base = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(128, 128, 3))
    for layer in base.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    x = keras.layers.GlobalAveragePooling2D(name="global_average_pooling2d")(base.output)
    return keras.Model(base.input, keras.layers.Dense(10, name="dense")(x))


def yamnet():
    layers = keras.layers
    x = image = layers.Input((96, 64, 1))

    def activated(layer, x):
        x = layer(x)
        x = layers.BatchNormalization(scale=False, epsilon=1e-4, name=layer.name + "_bn")(x)
        return layers.ReLU()(x)

    x = activated(layers.Conv2D(32, 3, 2, padding="same", use_bias=False, name="layer1_conv"), x)
    blocks = [(1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512)] + [(1, 512)] * 5 + [(2, 1024), (1, 1024)]
    for number, (stride, filters) in enumerate(blocks, 2):
        x = activated(layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False,
                                             name=f"layer{number}_depthwise_conv"), x)
        x = activated(layers.Conv2D(filters, 1, use_bias=False, name=f"layer{number}_pointwise_conv"), x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(521, name="dense")(x))


def inputs_of(network):
    if network == "v5":
        return pictures(256, 1) / np.float32(255)
    return yamnet_features(waveforms()) if network == "yamnet" else pictures(128, 3)


def loss_of(network, logits):
    """Mean cross-entropy: of class i for input i; YAMNet: binary, mean over its classes, which are on at random."""
    if network != "yamnet":
        labels = tf.one_hot(np.arange(BATCH), logits.shape[-1], dtype=logits.dtype)
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, logits))
    labels = tf.constant((mixed(np.arange(BATCH * 521)) % np.uint64(16) == 0).reshape(BATCH, 521), logits.dtype)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))


# --- What is done with them


def tensor_name(layer, variable):
    kind = "depthwise_kernel" if isinstance(layer, keras.layers.DepthwiseConv2D) and variable.name == "kernel" \
        else variable.name
    return f"{layer.name}/{kind}"


def named(model, trainable=False):
    return {tensor_name(layer, variable): variable for layer in model.layers
            for variable in (layer.trainable_variables if trainable else layer.variables)
            if variable.name not in ("count", "seed_generator_state")}


def built(network, precision):
    keras.backend.clear_session()
    keras.backend.set_floatx(precision)
    model = globals()[network]()
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):  # its variables are read when it is finalised
            mean, variance = (formula_weights(f"{layer.name}/{kind}", layer.adapt_mean.shape)
                              for kind in ("mean", "variance"))
            layer.adapt_mean.assign(mean)
            layer.adapt_variance.assign(variance)
            layer.finalize_state()
            continue
        for variable in layer.variables:
            if variable.name != "seed_generator_state":
                variable.assign(formula_weights(tensor_name(layer, variable), variable.shape))
    return model


def five_steps(network, precision):
    model = built(network, precision)
    images = tf.constant(inputs_of(network).astype(precision))
    trained = named(model, trainable=True)
    start = {name: np.array(variable.numpy(), np.float64) for name, variable in named(model).items()}
    values = [variable.value for variable in trained.values()]
    optimizer = keras.optimizers.Adam(LEARNING_RATE[network])
    weight = LOSS_WEIGHT[network]
    losses, gradients = [], {}
    for step in range(STEPS):
        with tf.GradientTape() as tape:
            loss = loss_of(network, model(images, training=True))
            weighted = loss * weight
        found = tape.gradient(weighted, values)
        if step == 0:
            gradients = {name: g.numpy().astype(np.float64) / weight for name, g in zip(trained, found)}
        losses.append(float(loss))
        optimizer.apply(found, list(trained.values()))
    changes = {name: np.array(variable.numpy(), np.float64) - start[name] for name, variable in named(model).items()
               if name.rsplit("/", 1)[1] not in ("mean", "variance")}
    return gradients, changes, losses


def without_gradient(gradients):
    """Tensors whose true gradient is zero: betas that only feed a BatchNorm, which takes means away."""
    longest = max(np.linalg.norm(g) for g in gradients.values())
    return {name for name, g in gradients.items() if np.linalg.norm(g) < 1e-9 * longest}


def inference(network, precision):
    """The model with its statistics, and its scores."""
    model = built(network, precision)
    images = tf.constant(inputs_of(network).astype(precision))
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(images, training=True)
    logits = model(images, training=False)
    return model, (tf.sigmoid(logits) if network == "yamnet" else tf.nn.softmax(logits)).numpy()


def frozen_losses(network, model, precision):
    features = keras.Model(model.input, model.get_layer("global_average_pooling2d").output)
    pooled = features(tf.constant(inputs_of(network).astype(precision)), training=False)
    head = model.get_layer("dense")
    optimizer = keras.optimizers.Adam(1e-3)
    losses = []
    for _ in range(FROZEN_STEPS):
        with tf.GradientTape() as tape:
            loss = loss_of(network, head(pooled))
        losses.append(float(loss))
        optimizer.apply(tape.gradient(loss, [v.value for v in head.trainable_variables]), head.trainable_variables)
    return losses


def digest(values):
    values = values.astype(np.float64).ravel()
    bits = split_mix(0, values.size)
    projections = [np.dot(np.where(bits >> np.uint64(k) & np.uint64(1), 1.0, -1.0), values)
                   for k in range(PROJECTIONS)]
    return np.array([np.linalg.norm(values)] + projections, np.float32)


def make(network):
    gradients, changes, losses = five_steps(network, "float64")
    for name in without_gradient(gradients):
        del gradients[name], changes[name]
    model, scores = inference(network, "float64")
    tensors = {"scores": scores.astype(np.float32), "losses": np.array(losses, np.float32)}
    print(network, "losses", losses)
    print("scores", np.round(scores[:, :10], 4))
    if network == "efficientnet_b0":
        tensors["frozen_losses"] = np.array(frozen_losses(network, model, "float64"), np.float32)
        print("frozen", tensors["frozen_losses"])
    rms = sorted((np.sqrt(np.mean(g ** 2)) * LOSS_WEIGHT[network], name) for name, g in gradients.items())
    print("rms of weighted gradients", rms[0], rms[len(rms) // 2], rms[-1])
    for part, values in (("gradient", gradients), ("change", changes)):
        for name, value in values.items():
            tensors[f"{part}/{name}"] = digest(value)
    safetensors_file.write_safetensors(pathlib.Path(__file__).with_name(f"keras_{network}.safetensors"), tensors)

    single = five_steps(network, "float32")
    print("Keras' float32 against its float64, worst tensors of gradients and changes, losses, scores:")
    for ours, golden in zip(single[:2], (gradients, changes)):
        print(sorted(((np.linalg.norm(ours[n] - golden[n]) / np.linalg.norm(golden[n]), n) for n in golden),
                     reverse=True)[:4])
    print(np.subtract(single[2], losses), np.abs(inference(network, "float32")[1] - scores).max())


if __name__ == "__main__":
    for name in sys.argv[1:] or LOSS_WEIGHT:
        make(name)
