// Hdf5File: the groups, attributes and float tensors of an HDF5 file, as Keras writes them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/exchange/Hdf5Object.h"
#include "nn/exchange/Hdf5Texts.h"
#include "nn/model/Weights.h"

namespace earshot {

/// A reader of our own: libhdf5 1.10 crashes on damaged files. It knows what h5py writes unless asked
/// otherwise, old groups with contiguous data, and small groups of the new form; anything else is refused by
/// name. Paths are relative to the root, without a leading '/'. Every failure is Error(bad_data) naming the
/// path inside the file, but not the file; memory is bounded by a small multiple of the file's size.
class Hdf5File {
 public:
  /// `bytes` must outlive it. Throws Error(bad_data) if it is not HDF5, cut short, or of another form.
  explicit Hdf5File(std::string_view bytes);

  bool has_group(const std::string& path) const;
  bool has_dataset(const std::string& path) const;
  /// Names of what is directly inside a group, sorted; "" is the root.
  std::vector<std::string> children(const std::string& group) const;

  /// One string, of fixed or variable length; nothing if group or attribute are absent.
  std::optional<std::string> text_attribute(const std::string& group, const std::string& name) const;
  /// A list of strings; nothing if absent. An empty list may be of any type: Keras writes one of numbers.
  std::optional<std::vector<std::string>> texts_attribute(const std::string& group,
                                                          const std::string& name) const;

  /// Any real or whole numbers, as float32: half, single and double precision, integers of up to 64 bits.
  Tensor tensor(const std::string& path) const;
  /// Of such an array, without reading it.
  std::vector<std::int64_t> shape(const std::string& path) const;

 private:
  using Members = std::map<std::string, std::uint64_t>;  // name -> address of the object

  std::optional<std::uint64_t> find(const std::string& path) const;
  std::vector<Hdf5Message> array_at(const std::string& path) const;  ///< the messages of the object there
  const Members& members(std::uint64_t group) const;
  Members read_members(std::uint64_t group) const;
  void read_tree(std::uint64_t tree, std::string_view names, int level, Members& members) const;
  void read_symbols(std::uint64_t node, std::string_view names, Members& members) const;

  std::string_view file_;
  std::uint64_t root_ = 0;
  mutable std::map<std::uint64_t, Members> groups_;  ///< read once each
  mutable Hdf5Texts texts_;
  mutable std::uint64_t work_ = 0;  ///< steps of reading lists, so that lists made to overlap end
};

}  // namespace earshot
