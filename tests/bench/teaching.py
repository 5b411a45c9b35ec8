#!/usr/bin/env python3
"""What `trainer train --base` makes of ESC-10 and of what is none of it, by the programs themselves:

    teaching.py few    TRAINER BASE ESC10 [--draws 10]                 n clips a class: 3, 5, 10
    teaching.py left   TRAINER BASE ESC10                              AUROC of a class that nobody taught
    teaching.py none   TRAINER BASE ESC10 EARSHOT FOLDER...            files with an event of the ten, each fold's model
    teaching.py reject TRAINER BASE ESC10 EARSHOT                      twelve false alarms in _not_/Bark, twelve others
    teaching.py family TRAINER BASE ESC10 EARSHOT OUTLIERS             the same of a family of outliers, its bank left out

A bank lies beside BASE. The draws' seeds are 1, 2, ...; FOLDER as unheard_sounds.py makes them, OUTLIERS of `trainer outliers`. Models and subsets are made in a temporary directory; embeddings are kept in the usual cache.
"""
import argparse
import collections
import csv
import json
import pathlib
import random
import statistics
import subprocess
import tempfile

OWN = {
    "dog_bark": "Bark", "rain": "Rain", "sea_waves": "Waves, surf", "baby_cry": "Baby cry, infant cry",
    "clock_tick": "Tick-tock", "person_sneeze": "Sneeze", "helicopter": "Helicopter", "chainsaw": "Chainsaw",
    "rooster": "Crowing, cock-a-doodle-doo", "fire_crackling": "Crackle",
}
FOLDS = (1, 2, 3, 4, 5)


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr.splitlines()[-1]}")
    return done.stdout


class School:
    def __init__(self, given, scratch):
        self.trainer, self.base, self.esc10, self.scratch = given.trainer, given.base, given.esc10, scratch
        with open(self.esc10 / "meta.csv", newline="") as file:
            self.clips = list(csv.DictReader(file))
        self.runs = 0

    def config(self, classes):
        path = self.scratch / "labels.toml"
        path.write_text("[labels]\n" + "".join(f'"{name}" = "{OWN[name]}"\n' for name in classes))
        return path

    def teach(self, clips, *options, rejected=()):
        """Of these rows of meta.csv, and of files that are no Bark; the model's path."""
        self.runs += 1
        data, out = self.scratch / f"data{self.runs}", self.scratch / f"run{self.runs}"
        for clip in clips:
            folder = data / clip["category"]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / clip["filename"]).symlink_to((self.esc10 / "audio" / clip["filename"]).resolve())
        for path in rejected:
            folder = data / "_not_" / "Bark"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / path.name).symlink_to(path.resolve())
        classes = sorted({clip["category"] for clip in clips})
        run(self.trainer, "train", "--base", self.base, "--config", self.config(classes), "--data", data, "--out", out,
            *options)
        return out / "model.safetensors"

    def evaluate(self, model, fold, *options):
        return json.loads(run(self.trainer, "evaluate", model, "--data", self.esc10, "--fold", fold, "--config",
                              self.config(OWN), "--json", *options))

    def but(self, fold):
        return [clip for clip in self.clips if int(clip["fold"]) != fold]


def few(school, given):
    for count in (3, 5, 10):
        shares = []
        for draw in range(1, given.draws + 1):
            correct = clips = 0
            for fold in FOLDS:
                dice = random.Random(1000 * draw + fold)
                drawn = [clip for name in OWN for clip in
                         dice.sample([clip for clip in school.but(fold) if clip["category"] == name], count)]
                figures = school.evaluate(school.teach(drawn, "--seed", draw), fold)
                correct, clips = correct + figures["correct"], clips + figures["clips"]
            shares.append(100 * correct / clips)
        print(f"{count} clips a class: {statistics.mean(shares):.2f} % of {clips}, draws {min(shares):.2f} to "
              f"{max(shares):.2f}, deviation {statistics.pstdev(shares):.2f}", flush=True)


def auroc(known, unknown):
    """Mann and Whitney 1947; ties count half."""
    return sum((k > u) + 0.5 * (k == u) for k in known for u in unknown) / (len(known) * len(unknown))


def left(school, given):
    areas = []
    for name in OWN:
        known, unknown = [], []
        for fold in FOLDS:
            model = school.teach([clip for clip in school.but(fold) if clip["category"] != name])
            scores = school.scratch / "scores.csv"
            school.evaluate(model, fold, "--scores", scores)
            with open(scores, newline="") as file:
                for row in csv.DictReader(file):
                    highest = max(float(row[label]) for other, label in OWN.items() if other != name)
                    (unknown if row["label"] == OWN[name] else known).append(highest)
        areas.append(auroc(known, unknown))
        print(f"{name}: AUROC {areas[-1]:.3f}", flush=True)
    print(f"mean {statistics.mean(areas):.3f}")


def sounds_of(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix in (".wav", ".ogg", ".flac"))


def events_of(earshot, model, files):
    """Of the ten, file by file."""
    found = collections.defaultdict(set)
    for first in range(0, len(files), 200):
        lines = run(earshot, "classify", "--model", model, "--events", "--json", *files[first : first + 200])
        for line in lines.splitlines():
            message = json.loads(line)
            if message["type"] == "event" and message["label"] in OWN.values():
                found[message["source"]].add(message["label"])
    return found


def files_with_events(earshot, model, folder):
    files = sounds_of(folder)
    found = events_of(earshot, model, files)
    return len(found), len(files), collections.Counter(label for labels in found.values() for label in labels)


def report(name, count, files, labels):
    print(f"{name}: {count} of {files} files with an event of the ten, {100 * count / files:.2f} % {dict(labels)}",
          flush=True)


def none(school, given):
    models = [school.teach(school.but(fold)) for fold in FOLDS]
    for folder in given.folders:
        sums = [files_with_events(given.earshot, model, folder) for model in models]
        report(folder.name, sum(s[0] for s in sums), sum(s[1] for s in sums), sum((s[2] for s in sums), collections.Counter()))


def reject(school, given):
    """Who teaches a dog alone: babies and roosters are taken for it until twelve of them are in _not_/Bark."""
    half = 12
    barks = [clip for clip in school.clips if clip["category"] == "dog_bark"]
    path_of = lambda clip: school.esc10 / "audio" / clip["filename"]
    recording = lambda path: path.name.rsplit("-", 1)[0]

    def barking(model, files):
        found = events_of(given.earshot, model, files)
        return {path for path in files if OWN["dog_bark"] in found[str(path)]}

    for kind in ("baby_cry", "rooster"):
        silent, of, before, after = 0, 0, 0, 0
        for fold in FOLDS:
            taught = [clip for clip in barks if int(clip["fold"]) != fold]
            first = school.teach(taught)
            false = sorted(barking(first, [path_of(clip) for clip in school.clips if clip["category"] == kind]))
            random.Random(fold).shuffle(false)
            rejected = false[:half]
            met = {recording(path) for path in rejected}
            others = [path for path in false[half:] if recording(path) not in met][:half]
            second = school.teach(taught, rejected=rejected)
            held_out = [path_of(clip) for clip in barks if int(clip["fold"]) == fold]
            true = barking(first, held_out)
            quiet = len(others) - len(barking(second, others))
            silent, of = silent + quiet, of + len(others)
            before, after = before + len(true), after + len(true & barking(second, held_out))
            print(f"{kind}, fold {fold}: {len(false)} of 40 taken for a Bark; {quiet} of {len(others)} others silent", flush=True)
        print(f"{kind}: {silent} of {of} others silent; {after} of {before} true barks kept", flush=True)


def family(school, given):
    """An event of what a file is, by outliers.csv, is none."""
    with open(given.folders[0] / "outliers.csv", newline="") as file:
        held = {str(given.folders[0] / row["file"]): set(row["labels"].split(";")) for row in csv.DictReader(file)}
    for folder in sorted(path for path in given.folders[0].iterdir() if path.is_dir()):
        model = school.teach(school.but(1), "--no-bank", folder.name)
        files = sounds_of(folder)
        found = {path: labels - held[path] for path, labels in events_of(given.earshot, model, files).items()}
        report(folder.name, sum(bool(labels) for labels in found.values()), len(files),
               collections.Counter(label for labels in found.values() for label in labels))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=("few", "left", "none", "reject", "family"))
    options.add_argument("trainer", type=pathlib.Path)
    options.add_argument("base", type=pathlib.Path)
    options.add_argument("esc10", type=pathlib.Path)
    options.add_argument("earshot", type=pathlib.Path, nargs="?")
    options.add_argument("folders", type=pathlib.Path, nargs="*")
    options.add_argument("--draws", type=int, default=10)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        {"few": few, "left": left, "none": none, "reject": reject, "family": family}[given.what](School(given, pathlib.Path(scratch)), given)


if __name__ == "__main__":
    main()
