"""Goldens of train/Split: train_test_split(test_size=0.2, random_state=seed, stratify=labels).

    python tests/golden/sklearn_stratified.py > tests/golden/sklearn_stratified.txt

Needs scikit-learn and numpy. A line a case: seed, the number of classes and the clips of each, size of the test
part, of the training part, the first five of each, and a checksum over both in their order:
h = (h * 31 + index) mod 2^32. Clip i is of the class whose turn it is: classes take turns, those with no clip left
stand out.
"""
import numpy as np
import sklearn
from sklearn.model_selection import train_test_split


def taking_turns(counts):
    left = list(counts)
    labels = []
    while any(left):
        for label, count in enumerate(left):
            if count:
                labels.append(label)
                left[label] -= 1
    return np.array(labels)


CASES = [
    (42, [40] * 10),
    (0, [40] * 10),
    (42, [1000, 300, 2, 55, 7, 891, 13]),  # remainders that differ
    (7, [7] * 9),  # ties, decided by lot
    (4294967295, [6, 5, 5, 5]),
    (1, [5, 6]),
    (5, [600, 599, 598, 999, 1000, 997, 374, 936, 960, 994]),  # 7057, as the source project has
]
print(f"# sklearn_stratified.py: scikit-learn {sklearn.__version__}, numpy {np.__version__}; tolerance: none, exact")
for seed, counts in CASES:
    labels = taking_turns(counts)
    train, test = train_test_split(np.arange(len(labels)), test_size=0.2, random_state=seed, stratify=labels)
    checksum = 0
    for index in [*test.tolist(), *train.tolist()]:
        checksum = (checksum * 31 + index) % 2**32
    print(seed, len(counts), *counts, len(test), len(train), *test[:5], *train[:5], checksum)
