"""YAMNet in Keras with the weights of yamnet.h5: what bench_yamnet's and yamnet_keras' peers run.

tensorflow/models, research/audioset/yamnet/yamnet.py: BatchNorm without a scale, epsilon 1e-4.
"""
import h5py
import tensorflow as tf


def yamnet(path, batch_size=None, activation=None):
    """`activation` of the scores: None gives logits."""
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

    entry = x = tf.keras.Input((96, 64, 1), batch_size=batch_size)
    first = weights("layer1/conv/layer1", "kernel")
    x = after(x, layers.Conv2D(32, 3, 2, "same", use_bias=False), "layer1/conv", first)
    for number in range(2, 15):
        depthwise, pointwise = f"layer{number}/depthwise_conv", f"layer{number}/pointwise_conv"
        stride = 2 if number in (3, 5, 7, 13) else 1
        x = after(x, layers.DepthwiseConv2D(3, stride, "same", use_bias=False), depthwise,
                  weights(f"{depthwise}/layer{number}", "depthwise_kernel"))
        kernel = weights(f"{pointwise}/layer{number}", "kernel")
        x = after(x, layers.Conv2D(kernel.shape[3], 1, use_bias=False), pointwise, kernel)
    dense = layers.Dense(521, activation=activation)
    x = dense(layers.GlobalAveragePooling2D()(x))
    dense.set_weights([weights("dense", "kernel"), weights("dense", "bias")])
    return tf.keras.Model(entry, x)
