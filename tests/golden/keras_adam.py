"""Goldens of train/Adam: two tensors over five steps of Keras 3.5.0's Adam, one of them with an L2 term.

    python tests/golden/keras_adam.py > tests/golden/keras_adam.txt

Needs keras 3.5.0 and tensorflow-cpu 2.17.1 (its backend). Nothing but the results is stored: value i starts at
((i * 37 + 11) % 101 - 50) / 40, its gradient in step t is ((i * 53 + t * 29 + 7) % 97 - 48) / 2^(2 + i % 9), in
float32; the learning rate of step t is 0.01 / (t + 1). The first 20 values are a kernel with L2 0.25, the other 12 a
bias. A line a step: all values after it.
"""
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np

L2 = np.float32(0.25)
index = np.arange(32)
start = (((index * 37 + 11) % 101 - 50) / 40).astype(np.float32)
kernel = keras.Variable(start[:20])
bias = keras.Variable(start[20:])
adam = keras.optimizers.Adam(learning_rate=0.01)
adam.build([kernel, bias])

print(f"# keras_adam.py: keras {keras.__version__}, numpy {np.__version__}; tolerance 1e-6")
for step in range(5):
    gradient = (((index * 53 + step * 29 + 7) % 97 - 48) / 2.0 ** (2 + index % 9)).astype(np.float32)
    adam.learning_rate = 0.01 / (step + 1)
    adam.apply([gradient[:20] + 2 * L2 * kernel.numpy(), gradient[20:]], [kernel, bias])
    print(" ".join(f"{value:.9g}" for value in np.concatenate([kernel.numpy(), bias.numpy()])))
