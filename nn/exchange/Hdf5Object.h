// Hdf5Object: what HDF5 keeps about one group or dataset, and the types and shapes it is told in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace earshot {

/// HDF5 File Format Specification 3.0, IV.A.2: the messages of an object header that matter here.
enum class Hdf5MessageType : std::uint16_t {
  dataspace = 0x01,
  link_info = 0x02,
  datatype = 0x03,
  link = 0x06,
  external_files = 0x07,
  layout = 0x08,
  attribute = 0x0C,
  continuation = 0x10,
  symbol_table = 0x11,
  attribute_info = 0x15,
};

struct Hdf5Message {
  Hdf5MessageType type{};
  bool shared = false;  ///< its body is elsewhere
  std::string_view body;
};

/// All messages of the object at `address`, both versions of headers. Each throws Error(bad_data) for what is
/// damaged, as all functions here do.
std::vector<Hdf5Message> read_hdf5_object(std::string_view file, std::uint64_t address);

/// `size` bytes at `address`.
std::string_view hdf5_part(std::string_view file, std::uint64_t address, std::uint64_t size,
                           const char* what);

struct Hdf5Type {
  enum class Kind { whole, real, text, variable_text, other };
  Kind kind = Kind::other;
  std::uint32_t bytes = 0;  ///< of one element in the file
  bool is_signed = false;
  bool big_endian = false;
  bool space_padded = false;
};
Hdf5Type read_hdf5_type(std::string_view body);

/// The sizes of an array; none for a single element. `null_space` is then true for no element at all.
struct Hdf5Space {
  std::vector<std::uint64_t> sizes;
  bool null_space = false;
};
Hdf5Space read_hdf5_space(std::string_view body);
/// How many elements that is: at most `most`; `place` is the array's path, for the error.
std::uint64_t hdf5_elements(const Hdf5Space& space, std::uint64_t most, const std::string& place);

/// The first of its kind, or nullptr.
const Hdf5Message* find_hdf5_message(const std::vector<Hdf5Message>& messages, Hdf5MessageType type);

/// An address that leads nowhere.
inline constexpr std::uint64_t kHdf5Undefined = ~std::uint64_t{0};

/// Error(bad_data), "HDF5: <why>", and of a path inside the file: "HDF5: '<place>': <why>".
[[noreturn]] void refuse_hdf5(const std::string& why);
[[noreturn]] void refuse_hdf5(const std::string& place, const std::string& why);

}  // namespace earshot
