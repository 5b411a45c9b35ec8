#!/usr/bin/env python3
"""Our scores beside Keras' on real clips: yamnet_keras.py EARSHOT MODEL yamnet.h5 ESC10 [CLIPS]

Every fourth of ESC-10's clips, resampled once to 16 kHz (librosa), is written as float WAV and classified by
`earshot classify` and, from the same samples, by features in NumPy (tensorflow/models, research/audioset/yamnet,
features.py) and the network in Keras with the weights of yamnet.h5. The names of the scores come from yamnet_class_map.csv
beside it. Prints the largest difference of any printed score (the ten highest of each window); exits 1 above 1e-4.
"""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import librosa
import numpy as np
import soundfile
import tensorflow as tf
from yamnet_network import yamnet

RATE_HZ, WINDOW, HOP, PATCH_FRAMES, PATCH_SAMPLES, PATCH_HOP = 16000, 400, 160, 96, 15600, 7680
LIMIT = 1e-4


def features(samples, mel):
    frames = librosa.util.frame(samples.astype(np.float64), frame_length=WINDOW, hop_length=HOP, axis=0)
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(WINDOW + 1)[:-1], 512))
    return np.log(spectrum @ mel + 0.001)[:PATCH_FRAMES]


def main():
    earshot, model, weights, esc10 = sys.argv[1:5]
    clips = int(sys.argv[5]) if len(sys.argv) > 5 else 100
    files = sorted((pathlib.Path(esc10) / "audio").glob("*.ogg"))
    files = files[:: len(files) // clips][:clips]
    mel = np.array(tf.signal.linear_to_mel_weight_matrix(64, 257, RATE_HZ, 125.0, 7500.0, tf.float64))
    with open(pathlib.Path(weights).with_name("yamnet_class_map.csv"), newline="") as file:
        names = [row["display_name"] for row in csv.DictReader(file)]
    keras = yamnet(weights, activation="sigmoid")
    worst, windows, changed = 0.0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        wavs, expected = [], {}
        for file in files:
            samples, _ = librosa.load(file, sr=RATE_HZ)
            wavs.append(os.path.join(folder, file.stem + ".wav"))
            soundfile.write(wavs[-1], samples, RATE_HZ, subtype="FLOAT")
            starts = range(0, len(samples) - PATCH_SAMPLES + 1, PATCH_HOP)
            patches = np.stack([features(samples[s : s + PATCH_SAMPLES], mel) for s in starts])
            scores = keras.predict(patches[..., None].astype(np.float32), verbose=0)
            expected[wavs[-1]] = dict(zip(starts, scores))
        command = [earshot, "classify", *wavs, "--model", model, "--hop-s", "0.48", "--json"]
        for line in subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines():
            message = json.loads(line)
            if message["type"] != "prediction":
                continue
            theirs = expected[message["source"]][message["start_sample"]]
            for label, score in message["scores"].items():
                worst = max(worst, abs(score - float(theirs[names.index(label)])))
            changed += max(message["scores"], key=message["scores"].get) != names[int(np.argmax(theirs))]
            windows += 1
    print(f"{len(files)} clips, {windows} windows: largest difference {worst:.2e} (at most {LIMIT:.0e}), "
          f"highest label another in {changed}")
    return 0 if worst <= LIMIT else 1


sys.exit(main())
