#!/usr/bin/env python3
"""The peer of bench_training_step: Keras on TensorFlow trains v5, batch 64, on two threads.

Compiled with and without XLA; the faster goes on. For each line read from standard input: one step, its milliseconds
a sample printed.
"""
import os
import sys
import time

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

BATCH = 64
THREADS = 2


def v5():
    layers = keras.layers
    stack = [layers.Input((256, 256, 1))]
    for filters in (32, 64, 128, 256, 512):
        stack += [layers.Conv2D(filters, 3, padding="same", activation="relu"), layers.BatchNormalization(),
                  layers.MaxPooling2D(2)]
    return keras.Sequential(stack + [
        layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.25),
        layers.Dense(32, activation="relu"), layers.Dropout(0.3), layers.Dense(10, activation="softmax")])


def compiled(jit_compile):
    model = v5()
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="categorical_crossentropy", jit_compile=jit_compile)
    return model


def milliseconds(model, images, labels):
    start = time.perf_counter()
    model.train_on_batch(images, labels)
    return (time.perf_counter() - start) * 1e3 / BATCH


tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)
random = np.random.default_rng(2)
images = (random.integers(0, 256, (BATCH, 256, 256, 1)) / 255).astype(np.float32)
labels = np.eye(10, dtype=np.float32)[np.arange(BATCH) % 10]
candidates = []
for xla in (False, True):
    model = compiled(xla)
    milliseconds(model, images, labels)
    candidates.append((milliseconds(model, images, labels), xla, model))
_, xla, model = min(candidates, key=lambda candidate: candidate[0])
print(f"Keras {keras.__version__} on TensorFlow {tf.__version__}, {'with' if xla else 'without'} XLA", flush=True)
while sys.stdin.buffer.readline():
    print(milliseconds(model, images, labels), flush=True)
