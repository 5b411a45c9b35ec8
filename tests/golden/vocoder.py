"""Makes tests/golden/vocoder/*.wav: what librosa's phase vocoder makes of a sound.

Run with librosa 0.10.2.post1, numpy, soundfile and soxr:  python tests/golden/vocoder.py
In double precision, because librosa's own single precision drifts: it sums phases of thousands of turns.
The sound is two tones, one of them gliding, over white noise: in silence phases are rounding errors, and what
follows keeps them.  Tolerances are in tests/dsp/spectrum/test_phase_vocoder.cpp.
"""

import pathlib

import librosa
import numpy
import soundfile

RATE_HZ = 22050
SAMPLES = 7001
FOLDER = pathlib.Path(__file__).parent / "vocoder"


def sound():
    t = numpy.arange(SAMPLES) / RATE_HZ
    glide = numpy.sin(2 * numpy.pi * (900 * t + 1500 * t**2))
    tone = numpy.sin(2 * numpy.pi * 330 * t)
    noise = numpy.random.default_rng(4).standard_normal(SAMPLES)
    return (0.3 * tone + 0.2 * glide + 0.02 * noise).astype(numpy.float32)


def write(name, samples):
    soundfile.write(FOLDER / f"{name}.wav", samples.astype(numpy.float32), RATE_HZ, subtype="FLOAT")


def main():
    samples = sound()
    write("sound", samples)
    samples = samples.astype(numpy.float64)
    for rate in (0.8, 1.0, 1.2, 2.0):
        write(f"stretch_{rate:g}", librosa.effects.time_stretch(samples, rate=rate))
    for semitones in (-6, 3.5):
        write(f"pitch_{semitones:g}", librosa.effects.pitch_shift(samples, sr=RATE_HZ, n_steps=semitones))


if __name__ == "__main__":
    main()
