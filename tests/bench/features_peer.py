#!/usr/bin/env python3
"""The peer of bench_features: librosa and Pillow make the same picture of the same samples.

Reads the number of float32 samples and the samples from standard input; then for each line it reads, makes one
picture to warm up, times another and prints the milliseconds.
"""
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import librosa
import numpy as np
from PIL import Image


def picture(samples):
    power = librosa.feature.melspectrogram(y=samples, sr=44100, n_fft=2048, hop_length=512, n_mels=256)
    level = librosa.amplitude_to_db(power, ref=np.max)
    grey = (level / np.abs(level).max() * 255).astype(np.int32).astype(np.uint8)
    return np.asarray(Image.fromarray(grey).resize((256, 256), Image.LANCZOS)).astype(np.float32) / 255


count = int(sys.stdin.buffer.readline())
samples = np.frombuffer(sys.stdin.buffer.read(4 * count), np.float32)
for _ in range(3):
    picture(samples)
print("librosa", librosa.__version__, flush=True)
while sys.stdin.buffer.readline():
    picture(samples)
    start = time.perf_counter()
    picture(samples)
    print((time.perf_counter() - start) * 1e3, flush=True)
