#!/usr/bin/env python3
"""Goldens of the recipes beside v6: EfficientNetB0's picture by librosa and Pillow, YAMNet's patch by TensorFlow.

    recipes.py ESC10_DIRECTORY      (pip: librosa==0.10.2.post1 pillow tensorflow-cpu==2.17.1)

Inputs are at the recipe's rate, so that no resampler stands between: synthetic ones made by the test by the same
formula, and ESC-10 clips of which every second (EfficientNetB0) or third (YAMNet) sample is taken, whatever that
does to their pitch. Writes into recipes/, beside itself:

    efficientnet_b0.INPUT.png          8-bit picture before the resize, 128 mel bands high, row 0 lowest
    efficientnet_b0.INPUT.resized.png  the same after Pillow's resize to 224 x 224
    yamnet.INPUT.f32                   96 x 64 float32, little-endian, frame by frame
    recipes.json                       versions and tolerances
"""
import json, pathlib, sys

import librosa
import numpy as np
import PIL
import tensorflow as tf
from PIL import Image

from features import decode, noise, ramped, sndfile

HERE = pathlib.Path(__file__).parent / "recipes"
CLIPS = ("1-116765-A", "1-17150-A", "3-144692-A", "3-118658-B")


def fitted(samples, length):
    """Crop: the first window, filled up with zeros."""
    return np.concatenate([samples, np.zeros(max(0, length - len(samples)), np.float32)])[:length]


def sine(hz, rate, count):
    return np.sin(2 * np.pi * hz * np.arange(count) / rate).astype(np.float32)


def efficientnet_b0(samples):
    """uint8 (bands, frames)."""
    power = librosa.feature.melspectrogram(y=fitted(samples, 44100), sr=22050, n_fft=2048, hop_length=512, n_mels=128)
    level = librosa.amplitude_to_db(power, ref=np.max)
    lowest, loudest = level.min(), level.max()
    if power.max() <= 1e-5:  # all on the floor, where the span is a rounding error: by definition all zero
        return np.zeros(level.shape, np.uint8)
    return ((level - lowest) / (loudest - lowest) * 255).astype(np.uint8)


def yamnet(samples):
    """float32 (frames, bands): features_lib.waveform_to_log_mel_spectrogram_patches, its first patch."""
    magnitude = tf.abs(tf.signal.stft(fitted(samples, 15600), frame_length=400, frame_step=160, fft_length=512))
    mel = tf.matmul(magnitude, tf.signal.linear_to_mel_weight_matrix(
        num_mel_bins=64, num_spectrogram_bins=257, sample_rate=16000, lower_edge_hertz=125.0, upper_edge_hertz=7500.0))
    return tf.math.log(mel + 0.001).numpy()


def inputs(esc10, rate, step):
    yield "noise", ramped(noise(3 * rate, 1))
    yield "sine", sine(440.0, rate, 3 * rate)
    yield "short", ramped(noise(1323, 3))
    yield "silence", np.zeros(rate, np.float32)
    for clip in CLIPS:
        yield clip, np.ascontiguousarray(decode(esc10 / "audio" / f"{clip}.ogg")[::step])


def main():
    esc10 = pathlib.Path(sys.argv[1])
    HERE.mkdir(exist_ok=True)
    for name, samples in inputs(esc10, 22050, 2):
        grey = efficientnet_b0(samples)
        Image.fromarray(grey).save(HERE / f"efficientnet_b0.{name}.png", optimize=True)
        resized = Image.fromarray(grey).resize((224, 224), Image.LANCZOS)
        resized.save(HERE / f"efficientnet_b0.{name}.resized.png", optimize=True)
    for name, samples in inputs(esc10, 16000, 3):
        yamnet(samples).astype("<f4").tofile(HERE / f"yamnet.{name}.f32")
    record = {
        "generator": "recipes.py",
        "versions": {"librosa": librosa.__version__, "pillow": PIL.__version__, "numpy": np.__version__,
                     "tensorflow": tf.__version__, "libsndfile": sndfile.sf_version_string().decode()},
        "tolerance": {"efficientnet_b0": {"equal_cells": 0.9999, "largest_difference": 1},
                      "efficientnet_b0.sine": {"equal_resized_cells": 0.99, "largest_difference": 3},
                      "yamnet": 1e-4, "yamnet.sine": 1e-2},
        "source": "pictures and levels, not audio, of ESC-10 clips: K. J. Piczak, doi 10.1145/2733373.2806390; each "
                  "clip's author and licence stand in the data set's attribution.csv",
    }
    (HERE / "recipes.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
