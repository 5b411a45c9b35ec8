#!/usr/bin/env python3
"""Goldens of the features, made by librosa and Pillow: the 8-bit picture before and after the resize.

    features.py ESC10_DIRECTORY      (pip: librosa==0.10.2.post1 pillow==13.0.0 numpy==1.26.4)

Audio is decoded by the system's libsndfile through ctypes, as earshot decodes it: the one bundled with
python-soundfile rounds Vorbis differently (by up to 3e-7). Writes, beside itself:

    features_esc10/CLIP.png          8-bit picture before the resize, 256 mel bands high, a column a frame, row 0 lowest
    features_esc10/CLIP.resized.png  the same after Pillow's resize to 256 x 256
    features_near_whole.csv          clip,frame,band of cells whose value before the cast lies within 1e-3 of a whole
                                     number (before clamping, so that a cell about to be clamped counts)
    features_synthetic/NAME*.png     the same for inputs that the test makes by the same formula
    features.json                    versions, tolerances, and a CRC-32 of each clip's samples
"""
import csv, ctypes, ctypes.util, json, pathlib, sys, zlib

import librosa
import numpy as np
import PIL
from PIL import Image

HERE = pathlib.Path(__file__).parent
NEAR = 1e-3


class SfInfo(ctypes.Structure):
    _fields_ = [("frames", ctypes.c_int64), ("samplerate", ctypes.c_int), ("channels", ctypes.c_int),
                ("format", ctypes.c_int), ("sections", ctypes.c_int), ("seekable", ctypes.c_int)]


sndfile = ctypes.CDLL(ctypes.util.find_library("sndfile"))
sndfile.sf_open.restype = ctypes.c_void_p
sndfile.sf_version_string.restype = ctypes.c_char_p
sndfile.sf_readf_float.restype = ctypes.c_int64


def decode(path):
    info = SfInfo()
    handle = sndfile.sf_open(str(path).encode(), 0x10, ctypes.byref(info))
    samples = np.zeros((info.frames, info.channels), np.float32)
    got = sndfile.sf_readf_float(ctypes.c_void_p(handle), samples.ctypes.data_as(ctypes.c_void_p),
                                 ctypes.c_int64(info.frames))
    sndfile.sf_close(ctypes.c_void_p(handle))
    assert info.samplerate == 44100, path
    return librosa.to_mono(samples[:got].T)


def picture(samples):
    """uint8 (bands, frames), and where a cell's value before the cast is near a whole number."""
    power = librosa.feature.melspectrogram(y=samples, sr=44100, n_fft=2048, hop_length=512, n_mels=256)
    level = librosa.amplitude_to_db(power, ref=np.max)
    deepest = np.abs(level).max()
    if power.max() <= 1e-5:  # all on the floor: librosa divides a rounding error by itself; by definition all zero
        return np.zeros(level.shape, np.uint8), np.zeros(level.shape, bool)
    unclamped = librosa.amplitude_to_db(power, ref=np.max, top_db=None) / deepest * 255
    value = level / deepest * 255
    near = (np.abs(unclamped - np.round(unclamped)) <= NEAR) & (unclamped > -255 - NEAR) & (unclamped < 0)
    near &= power > 1e-5  # cells on the absolute floor are equal to the bit, and stay in the count
    return value.astype(np.int32).astype(np.uint8), near


def noise(count, seed):
    """The generator of tests/dsp/Signals.h: a 32-bit LCG, its upper 16 bits as -1 .. 1."""
    state, out = seed, np.empty(count, np.float32)
    for i in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = (state >> 16) / 32768.0 - 1.0
    return out


def ramped(samples):
    """Louder towards the end: full at the last sample."""
    count = len(samples)
    return (samples * (np.arange(1, count + 1, dtype=np.float32) / np.float32(count))).astype(np.float32)


def synthetic():
    left, right = ramped(noise(110250, 1)), noise(110250, 2) * np.float32(0.125)
    yield "stereo", librosa.to_mono(np.stack([left, right]))
    yield "short", ramped(noise(1323, 3))
    yield "silence", np.zeros(44100, np.float32)


def save(name, samples, near_rows):
    grey, near = picture(samples)
    Image.fromarray(grey).save(HERE / f"{name}.png", optimize=True)
    Image.fromarray(grey).resize((256, 256), Image.LANCZOS).save(HERE / f"{name}.resized.png", optimize=True)
    for band, frame in np.argwhere(near):
        near_rows.append((name, frame, band))


def main():
    esc10 = pathlib.Path(sys.argv[1])
    with open(esc10 / "meta.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = sorted({row["category"] for row in rows})
    chosen = [row["filename"] for label in labels for row in [r for r in rows if r["category"] == label][:40:20]]
    near_rows, crc = [], {}
    for directory in ("features_esc10", "features_synthetic"):
        (HERE / directory).mkdir(exist_ok=True)
    for filename in chosen:
        samples = decode(esc10 / "audio" / filename)
        crc[filename] = zlib.crc32(samples.tobytes())
        save(f"features_esc10/{pathlib.Path(filename).stem}", samples, near_rows)
    for name, samples in synthetic():
        save(f"features_synthetic/{name}", samples, near_rows)
    with open(HERE / "features_near_whole.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("picture", "frame", "band"))
        writer.writerows(near_rows)
    record = {
        "generator": "features.py",
        "versions": {"librosa": librosa.__version__, "pillow": PIL.__version__, "numpy": np.__version__,
                     "libsndfile": sndfile.sf_version_string().decode()},
        "tolerance": {"equal_cells": 0.9999, "largest_difference": 1, "near_whole": NEAR},
        "source": "pictures, not audio, of ESC-10 clips: K. J. Piczak, doi 10.1145/2733373.2806390; each clip's author "
                  "and licence stand in the data set's attribution.csv",
        "clips_crc32_of_float32_samples": crc,
    }
    (HERE / "features.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
