#!/usr/bin/env python3
"""Sounds that no head was taught with: unheard_sounds.py OUT DIGITS... --music DIR [--pieces N]

OUT/voices-G: strings of three to eight really spoken digits, 0.15 s apart, at G dB of 0, -10, -20, -30; each of DIGITS is
a folder with 0.wav to 9.wav (Debian's asterisk-core-sounds-*-wav). OUT/music: pieces of 40 s from each file of --music
(Debian's wesnoth-1.16-music), mono. Needs numpy and soundfile.
"""
import argparse
import pathlib
import random

import numpy as np
import soundfile

STRINGS_A_VOICE, PIECE_S, PAUSE_S = 40, 40, 0.15
GAINS_DB = (0, -10, -20, -30)


def write(path, sound, rate_hz):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate_hz, subtype="FLOAT")


def voices(out, folders):
    for folder in folders:
        name = folder.resolve().parent.name
        digits, rate_hz = [], 0
        for digit in range(10):
            sound, rate_hz = soundfile.read(folder / f"{digit}.wav", dtype="float32")
            digits.append(sound)
        dice = random.Random(name)
        pause = np.zeros(int(PAUSE_S * rate_hz), "float32")
        for i in range(STRINGS_A_VOICE):
            said = [part for digit in dice.choices(range(10), k=dice.randint(3, 8)) for part in (digits[digit], pause)]
            sound = np.concatenate(said)
            for gain in GAINS_DB:
                write(out / f"voices{gain or '-0'}" / f"{name}-{i:02}.wav", sound * 10 ** (gain / 20), rate_hz)


def music(out, folder, most):
    for path in sorted(folder.rglob("*.ogg")):
        sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        mono = sound.mean(axis=1)
        piece = PIECE_S * rate_hz
        for i in range(min(most, len(mono) // piece)):
            write(out / "music" / f"{path.stem}-{i}.wav", mono[i * piece : (i + 1) * piece], rate_hz)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("out", type=pathlib.Path)
    options.add_argument("digits", type=pathlib.Path, nargs="+")
    options.add_argument("--music", type=pathlib.Path, required=True)
    options.add_argument("--pieces", type=int, default=6, help="at most, of each file")
    given = options.parse_args()
    voices(given.out, given.digits)
    music(given.out, given.music, given.pieces)


if __name__ == "__main__":
    main()
