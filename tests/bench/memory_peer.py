#!/usr/bin/env python3
"""The peer of bench_training_memory: PyTorch trains v6 for three steps of 64 on two threads, channels last.

Prints its version, then its peak memory in kB (VmHWM) before there is a network and after the steps.
"""
import torch
from torch import nn

BATCH = 64


def peak_kb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def v6():
    def activated(*layers):
        channels = layers[-1].out_channels
        return [*layers, nn.BatchNorm2d(channels), nn.LeakyReLU(0.1, inplace=True)]

    def separable(given, filters):
        return activated(nn.Conv2d(given, given, 3, padding=1, groups=given, bias=False), nn.Conv2d(given, filters, 1))

    def pooled(rate):
        return [nn.MaxPool2d(2), nn.Dropout(rate)]

    def dense(given, units, rate):
        return [nn.Linear(given, units), nn.BatchNorm1d(units), nn.LeakyReLU(0.1, inplace=True), nn.Dropout(rate)]

    return nn.Sequential(
        *activated(nn.Conv2d(1, 32, 3, padding=1)), *activated(nn.Conv2d(32, 32, 3, padding=1)), *pooled(0.1),
        *activated(nn.Conv2d(32, 64, 3, padding=1)), *activated(nn.Conv2d(64, 64, 3, padding=1)), *pooled(0.15),
        *separable(64, 128), *separable(128, 128), *pooled(0.2), *separable(128, 256), *pooled(0.25),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), *dense(256, 256, 0.4), *dense(256, 64, 0.3), nn.Linear(64, 10))


torch.set_num_threads(2)
torch.manual_seed(2)
print("PyTorch", torch.__version__, flush=True)
print(peak_kb())
model = v6().to(memory_format=torch.channels_last)
assert sum(p.numel() for p in model.parameters()) == 210666
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
images = torch.rand(BATCH, 1, 256, 256).to(memory_format=torch.channels_last)
labels = torch.arange(BATCH) % 10
for _ in range(3):
    optimizer.zero_grad(set_to_none=True)
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()
print(peak_kb())
