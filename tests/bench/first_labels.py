#!/usr/bin/env python3
"""How often the first label is right, all labels in play: first_labels.py EARSHOT MODEL MEANINGS.toml ESC10

Classifies ESC-10 as it lies (hop 0.48 s). A clip counts if `heard[0]` is right in most of its loud windows: those above
-60 dBFS and within 20 dB of its loudest. Right is the class's own label, any kind of it, and any label that it is a kind
of but for the coarse ones below. Prints a line a class with a 95 % interval (Wilson 1927), what it was called instead,
and the sum.
"""
import collections
import csv
import json
import math
import pathlib
import subprocess
import sys
import tomllib

OWN = {
    "dog_bark": "Bark", "rain": "Rain", "sea_waves": "Waves, surf", "baby_cry": "Baby cry, infant cry",
    "clock_tick": "Tick", "person_sneeze": "Sneeze", "helicopter": "Helicopter", "chainsaw": "Chainsaw",
    "rooster": "Crowing, cock-a-doodle-doo", "fire_crackling": "Crackle",
}
COARSE = {
    "Animal", "Domestic animals, pets", "Wild animals", "Livestock, farm animals, working animals", "Bird",
    "Canidae, dogs, wolves", "Vehicle", "Aircraft", "Water", "Tools", "Mechanisms", "Domestic sounds, home sounds",
    "Music",
}
LOUDEST_DB, LEAST_DBFS = 20, -60


def reached(start, steps):
    """All that is reached from `start`, itself included."""
    found, todo = {start}, [start]
    while todo:
        for label in steps.get(todo.pop(), ()):
            if label not in found:
                found.add(label)
                todo.append(label)
    return found


def interval(right, count):
    z = 1.959964
    share = right / count
    middle = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return [100 * (middle + sign * half) / (1 + z * z / count) for sign in (-1, 1)]


def main():
    earshot, model, meanings, esc10 = sys.argv[1:5]
    kinds = tomllib.loads(pathlib.Path(meanings).read_text())["kinds"]
    parents = collections.defaultdict(list)
    for parent, children in kinds.items():
        for child in children:
            parents[child].append(parent)
    right = {c: reached(own, kinds) | (reached(own, parents) - COARSE) for c, own in OWN.items()}

    root = pathlib.Path(esc10)
    with open(root / "meta.csv", newline="") as file:
        category = {row["filename"]: row["category"] for row in csv.DictReader(file)}
    files = [str(root / "audio" / name) for name in sorted(category)]
    command = [earshot, "classify", *files, "--model", model, "--hop-s", "0.48", "--json"]
    windows = collections.defaultdict(list)
    for line in subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "prediction":
            windows[pathlib.Path(message["source"]).name].append(message)

    clips, hits = collections.Counter(), collections.Counter()
    instead = collections.defaultdict(collections.Counter)
    for name, messages in windows.items():
        loudest = max(m["level_dbfs"] for m in messages)
        loud = [m for m in messages if m["level_dbfs"] > max(LEAST_DBFS, loudest - LOUDEST_DB)]
        kind = category[name]
        first = [m["heard"][0] if m["heard"] else "(nothing)" for m in loud]
        clips[kind] += 1
        hits[kind] += 2 * sum(label in right[kind] for label in first) > len(first)
        instead[kind].update(label for label in first if label not in right[kind])
    for kind in sorted(clips):
        low, high = interval(hits[kind], clips[kind])
        others = ", ".join(f"{label} {count}" for label, count in instead[kind].most_common(4))
        print(f"{kind:15} {hits[kind]:3} of {clips[kind]} ({low:4.0f} to {high:3.0f} %)  else: {others}")
    total, count = sum(hits.values()), sum(clips.values())
    low, high = interval(total, count)
    print(f"{'all':15} {total:3} of {count}: {100 * total / count:.2f} % ({low:.1f} to {high:.1f})")


main()
