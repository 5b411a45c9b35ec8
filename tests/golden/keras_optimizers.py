"""Goldens of train/Optimizer: two tensors over five steps of each of Keras 3.5.0's optimizers that ours has.

    python tests/golden/keras_optimizers.py > tests/golden/keras_optimizers.txt

Needs keras 3.5.0 and tensorflow-cpu 2.17.1 (its backend). Nothing but the results is stored: value i starts at
((i * 37 + 11) % 101 - 50) / 40, its gradient in step t is ((i * 53 + t * 29 + 7) % 97 - 48) / 2^(2 + i % 9), in
float32; the learning rate of step t is 0.01 / (t + 1). The first 20 values are a kernel with L2 0.25, the other 12 a
bias. After each optimizer's name a line a step: all values after it.

AdamW's decay and SGD's (the gradient of an L2 term, which Keras leaves to the model) spare the bias.
"""
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

L2 = np.float32(0.25)
index = np.arange(32)


def run(name, optimizer, decay=0.0):
    start = (((index * 37 + 11) % 101 - 50) / 40).astype(np.float32)
    kernel = keras.Variable(start[:20], name="kernel")
    bias = keras.Variable(start[20:], name="bias")
    if optimizer.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build([kernel, bias])
    print(name)
    for step in range(5):
        gradient = (((index * 53 + step * 29 + 7) % 97 - 48) / 2.0 ** (2 + index % 9)).astype(np.float32)
        optimizer.learning_rate = 0.01 / (step + 1)
        l2 = 2 * L2 + np.float32(decay)
        optimizer.apply([gradient[:20] + l2 * kernel.numpy(), gradient[20:]], [kernel, bias])
        print(" ".join(f"{value:.9g}" for value in np.concatenate([kernel.numpy(), bias.numpy()])))


print(f"# keras_optimizers.py: keras {keras.__version__}, numpy {np.__version__}; tolerance 1e-6")
optimizers = keras.optimizers
run("adamw", optimizers.AdamW(learning_rate=0.01, weight_decay=0.5))
run("adam_clipped", optimizers.Adam(learning_rate=0.01, global_clipnorm=3.0))
run("nesterov", optimizers.SGD(learning_rate=0.01, momentum=0.9, nesterov=True), decay=0.5)
run("momentum", optimizers.SGD(learning_rate=0.01, momentum=0.9))
run("sgd_clipped", optimizers.SGD(learning_rate=0.01, momentum=0.9, nesterov=True, global_clipnorm=3.0))
