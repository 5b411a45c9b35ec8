// Hdf5Texts: what the attributes of an HDF5 file say, texts of fixed and of variable length.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nn/exchange/Hdf5Object.h"

namespace earshot {

/// Every failure is Error(bad_data).
class Hdf5Texts {
 public:
  /// `file` must outlive it.
  explicit Hdf5Texts(std::string_view file) : file_(file) {}

  /// The strings of an attribute among the messages of the object at `group`, a path for errors; nothing if
  /// it is absent. An empty list may be of any type.
  std::optional<std::vector<std::string>> attribute(const std::vector<Hdf5Message>& messages,
                                                    const std::string& group, const std::string& name);

 private:
  std::string_view heap_text(std::uint64_t collection, std::uint32_t index, std::uint32_t length);
  std::vector<std::string> read_texts(const Hdf5Type& type, std::uint64_t count, std::string_view data);

  std::string_view file_;
  std::map<std::uint64_t, std::map<std::uint32_t, std::string_view>> heaps_;  ///< read once each
  std::uint64_t work_ = 0;  ///< entries of heaps read, so that heaps made to overlap end
};

}  // namespace earshot
