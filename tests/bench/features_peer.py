#!/usr/bin/env python3
"""The peer of bench_features and bench_loading: librosa and Pillow make the same pictures.

Reads the number of float32 samples and the samples from standard input; then for each line it reads, makes one
picture to warm up, times another and prints the milliseconds. With --files: reads the number of audio files and
their paths, a line each; then for each line it reads, decodes all of them, makes their pictures and prints the
milliseconds.
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


def picture_of_samples():
    count = int(sys.stdin.buffer.readline())
    samples = np.frombuffer(sys.stdin.buffer.read(4 * count), np.float32)
    for _ in range(3):
        picture(samples)

    def measure():
        picture(samples)
        start = time.perf_counter()
        picture(samples)
        return time.perf_counter() - start

    return measure


def pictures_of_files():
    files = [sys.stdin.buffer.readline().rstrip(b"\n").decode() for _ in range(int(sys.stdin.buffer.readline()))]

    def work(some):
        for file in some:
            picture(librosa.load(file, sr=44100)[0])

    def measure():
        start = time.perf_counter()
        work(files)
        return time.perf_counter() - start

    work(files[:3])
    return measure


measurement = pictures_of_files() if sys.argv[1:] == ["--files"] else picture_of_samples()
print("librosa", librosa.__version__, flush=True)
while sys.stdin.buffer.readline():
    print(measurement() * 1e3, flush=True)
