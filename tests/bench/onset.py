#!/usr/bin/env python3
"""How soon an event follows its sound, live: onset.py EARSHOTD MODEL ESC10 [SOURCES]

Every clip of ESC-10 is laid into quiet (noise at -75 dBFS, 3 s before, 4 s after) and sent in real time, in chunks of 20
ms, SOURCES at once, to `earshotd` with the events of its defaults (hop 0.48 s). The onset is the clip's first 10 ms
within 20 dB of its loudest; the delay runs from when its last sample was sent to when the `event` line is here. Counted
are the first event of any kind, and the first that names the class: its own label, a kind of it, or what it is a kind of.
Exits 1 if the median is 1.3 s or more, or the ninth tenth 2 s or more.
"""
import collections
import csv
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import librosa
import numpy as np

NAMES = {
    "dog_bark": {"Dog", "Bark", "Bow-wow", "Yip", "Growling", "Howl", "Animal", "Domestic animals, pets"},
    "rain": {"Rain", "Raindrop", "Rain on surface", "Water"},
    "sea_waves": {"Waves, surf", "Ocean", "Water"},
    "baby_cry": {"Baby cry, infant cry", "Crying, sobbing", "Whimper", "Wail, moan", "Babbling"},
    "clock_tick": {"Tick", "Tick-tock", "Clock", "Clicking", "Mechanisms"},
    "person_sneeze": {"Sneeze"},
    "helicopter": {"Helicopter", "Aircraft", "Vehicle", "Propeller, airscrew"},
    "chainsaw": {"Chainsaw", "Power tool", "Tools", "Engine", "Light engine (high frequency)"},
    "rooster": {"Crowing, cock-a-doodle-doo", "Chicken, rooster", "Fowl", "Bird", "Animal",
                "Livestock, farm animals, working animals"},
    "fire_crackling": {"Fire", "Crackle"},
}
RATE_HZ, CHUNK_S, QUIET_DBFS = 44100, 0.02, -75.0
BEFORE_S, AFTER_S = 3.0, 4.0
MEDIAN_S, NINTH_TENTH_S = 1.3, 2.0


def laid_into_quiet(path, rng):
    """The samples, and where the onset's 10 ms end."""
    clip, _ = librosa.load(path, sr=RATE_HZ)
    frame = RATE_HZ // 100
    frames = clip[: len(clip) // frame * frame].reshape(-1, frame)
    level = 10 * np.log10(np.mean((frames - frames.mean(1, keepdims=True)) ** 2, 1) + 1e-12)
    onset = int(np.argmax(level >= level.max() - 20)) * frame
    whole = np.concatenate([np.zeros(int(BEFORE_S * RATE_HZ)), clip[onset:], np.zeros(int(AFTER_S * RATE_HZ))])
    whole += rng.standard_normal(len(whole)) * 10 ** (QUIET_DBFS / 20)
    return np.clip(whole * 32768, -32768, 32767).astype("<i2"), int(BEFORE_S * RATE_HZ) + frame


def port_from(log, text):
    for _ in range(3000):
        for line in pathlib.Path(log).read_text().splitlines():
            if text in line:
                return int(line.split(text)[1].split()[0].split(":")[-1].rstrip(","))
        time.sleep(0.01)
    raise RuntimeError(f"the log never said {text}")


def main():
    earshotd, model, esc10 = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 40
    root = pathlib.Path(esc10)
    with open(root / "meta.csv", newline="") as file:
        category = {row["filename"]: row["category"] for row in csv.DictReader(file)}
    names = sorted(category)
    with tempfile.TemporaryDirectory() as folder:
        config = f'[model]\npath = "{os.path.abspath(model)}"\n[window]\nhop_s = 0.48\n[events]\n'
        config += '[publish.tcp]\nlisten = "127.0.0.1:0"\n'
        for i in range(count):
            config += f'[[source]]\nname = "s{i}"\nkind = "tcp"\nlisten = "127.0.0.1:0"\nrate_hz = {RATE_HZ}\n'
        pathlib.Path(folder, "earshot.toml").write_text(config)
        log = os.path.join(folder, "log")
        with open(log, "w") as err:
            daemon = subprocess.Popen([earshotd, "--config", os.path.join(folder, "earshot.toml")], stderr=err)
        stream = socket.create_connection(("127.0.0.1", port_from(log, "publishing on 127.0.0.1:")))
        events = []  # (seconds, source, label)

        def read():
            for line in stream.makefile():
                now = time.monotonic()
                message = json.loads(line)
                if message["type"] == "event" and message["phase"] == "start":
                    events.append((now, message["source"], message["label"]))
                if message["type"] == "bye":
                    return

        stream.sendall(b'{"type":"subscribe","types":["event"],"scores":"none"}\n')
        reader = threading.Thread(target=read)
        reader.start()
        senders = [socket.create_connection(("127.0.0.1", port_from(log, f"source 's{i}' starting: listening on 127.0.0.1:")))
                   for i in range(count)]
        rng = np.random.default_rng(1)
        any_s, own_s, clips, any_n, own_n = [], [], collections.Counter(), collections.Counter(), collections.Counter()
        first_names = collections.defaultdict(collections.Counter)
        for first in range(0, len(names), count):
            batch = names[first : first + count]
            sounds = [laid_into_quiet(root / "audio" / name, rng) for name in batch]
            chunk = int(RATE_HZ * CHUNK_S)
            turns = max(len(samples) for samples, _ in sounds) // chunk
            sent = [None] * len(batch)
            events.clear()
            start = time.monotonic()
            for turn in range(turns):
                time.sleep(max(0.0, start + (turn + 1) * CHUNK_S - time.monotonic()))
                for i, (samples, onset) in enumerate(sounds):
                    part = samples[turn * chunk : (turn + 1) * chunk]
                    senders[i].sendall(part.tobytes())
                    if sent[i] is None and (turn + 1) * chunk >= onset:
                        sent[i] = time.monotonic()
            time.sleep(1.0)
            for i, name in enumerate(batch):
                kind = category[name]
                clips[kind] += 1
                mine = [(at - sent[i], label) for at, source, label in list(events) if source == f"s{i}" and at >= sent[i]]
                if mine:
                    any_s.append(mine[0][0])
                    any_n[kind] += 1
                    first_names[kind][mine[0][1]] += 1
                named = [delay for delay, label in mine if label in NAMES[kind]]
                if named:
                    own_s.append(named[0])
                    own_n[kind] += 1
            print(f"{first + len(batch)} of {len(names)} clips", file=sys.stderr)
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(20)
        reader.join()
    for kind in sorted(clips):
        most = ", ".join(f"{label} {n}" for label, n in first_names[kind].most_common(3))
        print(f"{kind:15} {clips[kind]} clips, an event in {any_n[kind]}, one that names it in {own_n[kind]}; first: {most}")

    def tenths(delays):
        delays = sorted(delays)
        return statistics.median(delays), delays[int(0.9 * (len(delays) - 1))]

    for what, delays in (("first event", any_s), ("first event that names it", own_s)):
        print(f"onset to {what}: median {tenths(delays)[0]:.2f} s, ninth tenth {tenths(delays)[1]:.2f} s, of {len(delays)}")
    middle, late = tenths(any_s)
    return 0 if middle < MEDIAN_S and late < NINTH_TENTH_S else 1


sys.exit(main())
