"""Goldens of train/ImageAugmentation: apply_affine_transform of Keras 3.5.0 on one small square picture.

    python tests/golden/keras_augment.py > tests/golden/keras_augment.txt

Needs keras 3.5.0, tensorflow-cpu 2.17.1 (its backend) and scipy. The picture is not stored: pixel i of it (row-major)
is ((i * 7919 + 13) % 251) / 255 in float32.
"""
import keras
import numpy as np
import scipy
from keras.src.legacy.preprocessing.image import apply_affine_transform

SIDE = 24
CASES = [  # theta, tx, ty, zx, zy
    (0.0, 0.0, 0.0, 1.0, 1.0),
    (10.0, 0.0, 0.0, 1.0, 1.0),
    (0.0, 2.4, 0.0, 1.0, 1.0),
    (0.0, 0.0, -1.3, 1.0, 1.0),
    (0.0, 0.0, 0.0, 0.9, 1.1),
    (0.0, 3.0, -2.0, 1.0, 1.0),
    (-7.25, 1.7, -2.1, 1.07, 0.93),
    (9.5, -2.4, 2.4, 0.9, 0.9),
    (-10.0, 2.4, 2.4, 1.1, 1.1),
]

index = np.arange(SIDE * SIDE)
picture = (((index * 7919 + 13) % 251) / 255).astype(np.float32).reshape(SIDE, SIDE, 1)

print(f"# keras_augment.py: keras {keras.__version__}, scipy {scipy.__version__}, numpy {np.__version__}; "
      "tolerance 1e-5")
print(f"# cases and side; then per case a line of theta tx ty zx zy and a line of {SIDE} x {SIDE} pixels")
print(len(CASES), SIDE)
for theta, tx, ty, zx, zy in CASES:
    moved = apply_affine_transform(picture, theta=theta, tx=tx, ty=ty, zx=zx, zy=zy,
                                   row_axis=0, col_axis=1, channel_axis=2, fill_mode="nearest", order=1)
    print(theta, tx, ty, zx, zy)
    print(*(f"{value:.7g}" for value in np.asarray(moved, np.float32).ravel()))
