"""Goldens of train/Split: train_test_split(test_size=0.2, random_state=seed), which numpy's RandomState permutes.

    python tests/golden/numpy_split.py > tests/golden/numpy_split.txt

Needs scikit-learn and numpy. A line a case: n, seed, size of the test part, of the training part, the first ten
of each (all, where there are fewer), and a checksum over both in their order: h = (h * 31 + index) mod 2^32.
"""
import numpy as np
import sklearn
from sklearn.model_selection import train_test_split

print(f"# numpy_split.py: scikit-learn {sklearn.__version__}, numpy {np.__version__}; tolerance: none, exact")
for n, seed in [(7057, 42), (7057, 0), (400, 42), (35, 7), (5, 1), (2, 3), (70000, 4294967295)]:
    train, test = train_test_split(np.arange(n), test_size=0.2, random_state=seed)
    checksum = 0
    for index in [*test.tolist(), *train.tolist()]:
        checksum = (checksum * 31 + index) % 2**32
    print(n, seed, len(test), len(train), *test[:10], *train[:10], checksum)
