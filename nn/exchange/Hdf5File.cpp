#include "nn/exchange/Hdf5File.h"

#include <algorithm>
#include <cstddef>

#include "dsp/base/ByteReader.h"
#include "dsp/base/FileKind.h"
#include "nn/exchange/Hdf5Array.h"

namespace earshot {
namespace {

// Section numbers are those of the HDF5 File Format Specification 3.0.
constexpr int kMaxTreeLevel = 8;
constexpr std::size_t kLongestName = 512;  // names that overlap in the file do not in memory
constexpr std::uint64_t kMaxMembers = std::uint64_t{1} << 24U;

}  // namespace

// II.A, the superblock.
Hdf5File::Hdf5File(std::string_view bytes) : file_(bytes), texts_(bytes) {
  if (!is_hdf5(bytes)) refuse_hdf5("its first 8 bytes are not the signature of such a file");
  ByteReader reader(bytes, "HDF5: the superblock");
  reader.skip(kHdf5Signature.size());
  const int version = reader.u8();
  if (version > 3) refuse_hdf5("the superblock has version " + std::to_string(version) + ", expected 0 to 3");
  const bool old = version < 2;
  if (old) reader.skip(4);
  const int offset_size = reader.u8();
  const int length_size = reader.u8();
  if (offset_size != 8 || length_size != 8) {
    refuse_hdf5("addresses have " + std::to_string(offset_size) + " and lengths " +
                std::to_string(length_size) + " bytes, expected 8");
  }
  reader.skip(old ? (version == 1 ? 13U : 9U) : 1U);
  const std::uint64_t base = reader.u64();
  reader.skip(8);  // free space, or an extension
  const std::uint64_t end = reader.u64();
  if (base != 0) refuse_hdf5("it begins at byte " + std::to_string(base) + " of its file, expected 0");
  if (end > bytes.size()) {
    refuse_hdf5("the file is cut short: it has " + std::to_string(bytes.size()) + " bytes, expected " +
                std::to_string(end));
  }
  if (old) reader.skip(16);  // driver information, the root's name
  root_ = reader.u64();
}

const Hdf5File::Members& Hdf5File::members(std::uint64_t group) const {
  const auto known = groups_.find(group);
  if (known != groups_.end()) return known->second;
  return groups_.emplace(group, read_members(group)).first->second;
}

Hdf5File::Members Hdf5File::read_members(std::uint64_t group) const {
  Members members;
  for (const Hdf5Message& message : read_hdf5_object(file_, group)) {
    ByteReader body(message.body, "HDF5: a group");
    if (message.type == Hdf5MessageType::symbol_table) {  // IV.A.2.r
      const std::uint64_t tree = body.u64();
      // III.D, the heap that holds the names.
      ByteReader heap(hdf5_part(file_, body.u64(), 32, "a heap of names"), "HDF5: a heap of names");
      if (heap.take(4) != "HEAP") refuse_hdf5("a heap of names is damaged");
      heap.skip(4);
      const std::uint64_t size = heap.u64();
      heap.skip(8);
      read_tree(tree, hdf5_part(file_, heap.u64(), size, "a heap of names"), -1, members);
    } else if (message.type == Hdf5MessageType::link_info) {  // IV.A.2.c
      body.skip(1);
      if ((body.u8() & 1U) != 0) body.skip(8);
      if (body.u64() != kHdf5Undefined)
        refuse_hdf5("a group is of the new, large form, expected what h5py writes by default");
    } else if (message.type == Hdf5MessageType::link) {  // IV.A.2.g
      body.skip(1);
      const unsigned flags = body.u8();
      const unsigned kind = (flags & 8U) != 0 ? body.u8() : 0U;
      if ((flags & 4U) != 0) body.skip(8);
      if ((flags & 16U) != 0) body.skip(1);
      const std::uint64_t length = body.number(std::size_t{1} << (flags & 3U));
      const std::string name(body.take(length));
      if (kind == 0) members[name] = body.u64();  // a soft or external link is not followed
    }
  }
  return members;
}

// III.A.1, version 1. The root tells its level, which falls by one from node to node.
void Hdf5File::read_tree(std::uint64_t tree, std::string_view names, int level, Members& members) const {
  ByteReader node(hdf5_part(file_, tree, 24, "a group's tree"), "HDF5: a group's tree");
  if (node.take(4) != "TREE" || node.u8() != 0) refuse_hdf5("a group's tree is damaged");
  const int found = node.u8();
  if (found > kMaxTreeLevel || (level >= 0 && found != level))
    refuse_hdf5("a group's tree has a node of a wrong level");
  const std::uint64_t count = node.u16();
  ByteReader entries(hdf5_part(file_, tree + 24, count * 16, "a group's tree"), "HDF5: a group's tree");
  for (std::uint64_t i = 0; i < count; ++i) {
    if (++work_ > kMaxMembers) refuse_hdf5("its groups have too many members");
    entries.skip(8);
    const std::uint64_t child = entries.u64();
    if (found == 0) {
      read_symbols(child, names, members);
    } else {
      read_tree(child, names, found - 1, members);
    }
  }
}

// III.B and III.C.
void Hdf5File::read_symbols(std::uint64_t node, std::string_view names, Members& members) const {
  ByteReader head(hdf5_part(file_, node, 8, "a group's members"), "HDF5: a group's members");
  if (head.take(4) != "SNOD") refuse_hdf5("a group's members are damaged");
  head.skip(2);
  const std::uint64_t count = head.u16();
  ByteReader entries(hdf5_part(file_, node + 8, count * 40, "a group's members"), "HDF5: a group's members");
  for (std::uint64_t i = 0; i < count; ++i) {
    if (++work_ > kMaxMembers) refuse_hdf5("its groups have too many members");
    const std::uint64_t name = entries.u64();
    const std::uint64_t object = entries.u64();
    const std::uint32_t cache = entries.u32();
    entries.skip(20);
    if (name >= names.size()) refuse_hdf5("a member's name lies outside its heap");
    constexpr std::uint32_t kSoftLink = 2;
    std::string_view text = names.substr(name).substr(0, kLongestName + 1);
    text = text.substr(0, text.find('\0'));
    if (text.size() > kLongestName)
      refuse_hdf5("a member's name is longer than " + std::to_string(kLongestName));
    if (cache != kSoftLink) members[std::string(text)] = object;
  }
}

std::optional<std::uint64_t> Hdf5File::find(const std::string& path) const {
  std::uint64_t object = root_;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const Members& inside = members(object);
    const auto member = inside.find(path.substr(begin, end - begin));
    if (member == inside.end()) return std::nullopt;
    object = member->second;
    begin = end + 1;
  }
  return object;
}

bool Hdf5File::has_group(const std::string& path) const {
  const auto object = find(path);
  if (!object) return false;
  const auto messages = read_hdf5_object(file_, *object);
  return find_hdf5_message(messages, Hdf5MessageType::symbol_table) ||
         find_hdf5_message(messages, Hdf5MessageType::link_info);
}

bool Hdf5File::has_dataset(const std::string& path) const {
  const auto object = find(path);
  return object && find_hdf5_message(read_hdf5_object(file_, *object), Hdf5MessageType::layout);
}

std::vector<std::string> Hdf5File::children(const std::string& group) const {
  const auto object = find(group);
  if (!object) refuse_hdf5(group, "is missing, expected a group");
  std::vector<std::string> names;
  for (const auto& [name, address] : members(*object)) names.push_back(name);
  return names;
}

std::optional<std::vector<std::string>> Hdf5File::texts_attribute(const std::string& group,
                                                                  const std::string& name) const {
  const auto object = find(group);
  if (!object) return std::nullopt;
  return texts_.attribute(read_hdf5_object(file_, *object), group, name);
}

std::optional<std::string> Hdf5File::text_attribute(const std::string& group, const std::string& name) const {
  auto texts = texts_attribute(group, name);
  if (!texts) return std::nullopt;
  if (texts->size() != 1) {
    refuse_hdf5(group + "/@" + name, "holds " + std::to_string(texts->size()) + " strings, expected 1");
  }
  return std::move(texts->front());
}

std::vector<Hdf5Message> Hdf5File::array_at(const std::string& path) const {
  const auto object = find(path);
  if (!object) refuse_hdf5(path, "is missing, expected numbers");
  return read_hdf5_object(file_, *object);
}

std::vector<std::int64_t> Hdf5File::shape(const std::string& path) const {
  return hdf5_array_shape(array_at(path), path);
}

Tensor Hdf5File::tensor(const std::string& path) const {
  return read_hdf5_array(file_, array_at(path), path);
}

}  // namespace earshot
