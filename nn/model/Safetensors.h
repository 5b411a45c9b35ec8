// Safetensors: the container of model files: a u64 length, a JSON header, float tensors
// (huggingface/safetensors).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "nn/model/Weights.h"

namespace earshot {

struct Safetensors {
  std::map<std::string, std::string> metadata;
  Weights tensors;  ///< F32 only
};

/// The whole file's bytes -> what it holds. Throws Error(bad_data), without the file's name, if it is
/// truncated, has bytes that belong to no tensor, another type than F32, or a header that is no such JSON.
/// Its memory is bounded by a small multiple of bytes.size().
Safetensors parse_safetensors(std::string_view bytes);

/// Header padded by spaces so that the data is 8-byte aligned; metadata and tensors in the order of their
/// names.
std::string format_safetensors(const Safetensors& file);

}  // namespace earshot
