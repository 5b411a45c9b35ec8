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
  Weights tensors;  ///< in the file F32, or I16 with steps beside it (SixteenBits)
};

/// The whole file's bytes -> what it holds. Throws Error(bad_data), without the file's name, if it is
/// truncated, has bytes that belong to no tensor, another type than F32 and I16, an I16 tensor NAME without NAME.step, or a header that is no such JSON.
/// Its memory is bounded by a small multiple of bytes.size().
Safetensors parse_safetensors(std::string_view bytes);

/// Header padded by spaces so that the data is 8-byte aligned; metadata and tensors in the order of their
/// names. I16 are kernels that lose nothing by it: whose values were rounded to 16 bits before.
std::string format_safetensors(const Safetensors& file);

}  // namespace earshot
