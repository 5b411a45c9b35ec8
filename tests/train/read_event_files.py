"""Prints what TensorBoard's own reader (2.17) finds in the event files under a directory.

A line each: run, kind, tag, then step:value; of histograms step:lowest..highest/count. Values that the plugins'
names would not put under Scalars or Histograms are not printed.
"""
import sys

from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.util import tensor_util

multiplexer = EventMultiplexer().AddRunsFromDirectory(sys.argv[1])
multiplexer.Reload()
for run in sorted(multiplexer.Runs()):
    for kind, plugin in (("scalar", "scalars"), ("histogram", "histograms")):
        for tag in sorted(multiplexer.PluginRunToTagToContent(plugin).get(run, {})):
            texts = []
            for event in multiplexer.Tensors(run, tag):
                array = tensor_util.make_ndarray(event.tensor_proto)
                value = f"{array.item():g}" if kind == "scalar" else (
                    f"{array[0, 0]:g}..{array[-1, 1]:g}/{array[:, 2].sum():g}")
                texts.append(f"{event.step}:{value}")
            print(run, kind, tag, *texts)
