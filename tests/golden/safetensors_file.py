"""Writes what tests/nn reads goldens from: safetensors of F32, tensors in the order of their names."""
import json
import struct


def write_safetensors(path, tensors):
    header, position = {}, 0
    for name in sorted(tensors):
        end = position + tensors[name].nbytes
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [position, end]}
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    data = b"".join(tensors[name].tobytes() for name in sorted(tensors))
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
