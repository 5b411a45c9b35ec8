// NegativeBank: embeddings of sounds that are none of what people teach, kept in a file beside the base.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "train/teaching/Base.h"

namespace earshot {

/// A number of 8 bits stands for low + (high - low) (q / 255)^2, each of an embedding's numbers with bounds of its own:
/// they are mostly small.
struct NegativeBank {
  struct Recording {
    std::string file;                 ///< as in the list that it was made of
    std::string family;               ///< "voices", "hums", ...
    std::vector<std::string> labels;  ///< what it is, in the base's words
    std::size_t windows = 0;
  };

  std::string digest;                 ///< of the base whose trunk made the embeddings
  std::string notice;                 ///< whose sounds they are, and under which licences
  std::vector<Recording> recordings;  ///< windows lie in their order
  std::vector<float> low;             ///< width
  std::vector<float> high;            ///< width
  std::vector<std::uint8_t> numbers;  ///< windows x width

  std::size_t width() const noexcept { return low.size(); }
  std::size_t size() const noexcept { return low.empty() ? 0 : numbers.size() / low.size(); }
  /// Into `embedding`, width() values.
  void read(std::size_t window, std::span<float> embedding) const;

  /// Without the recordings of these families. Throws Error(usage) for one that it has none of, naming those it has.
  NegativeBank without(const std::vector<std::string>& families) const;
};

/// Fits the bounds. `embeddings` windows x width, in the order of `recordings`.
NegativeBank make_bank(const Base& base, std::vector<NegativeBank::Recording> recordings,
                       std::span<const float> embeddings, std::string notice);

/// A line of JSON, then the numbers. Throws Error(io).
void save_bank(const NegativeBank& bank, const std::filesystem::path& path);
/// Throws Error(no_input), Error(bad_data) naming the file: it is no bank, was altered, or is of another trunk.
NegativeBank load_bank(const std::filesystem::path& path, const Base& base);

/// Where the bank of a model file lies: its name with .bank in the place of .safetensors.
std::filesystem::path bank_beside(const std::filesystem::path& model);

}  // namespace earshot
