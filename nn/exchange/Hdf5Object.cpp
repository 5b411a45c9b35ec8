#include "nn/exchange/Hdf5Object.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "dsp/base/ByteReader.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::size_t kMaxMessages = 65536;
constexpr std::size_t kMaxBlocks = 1024;
constexpr int kMaxRank = 8;
constexpr std::size_t kChecksumBytes = 4;

class ObjectReader {
 public:
  ObjectReader(std::string_view file, std::uint64_t address) : file_(file) {
    if (hdf5_part(file, address, 4, "an object header") == "OHDR") {
      read_new_header(address);
    } else {
      read_old_header(address);
    }
    for (std::size_t i = 0; i < blocks_.size(); ++i) read_block(blocks_[i]);  // which may append more of them
  }
  std::vector<Hdf5Message> messages;

 private:
  void read_old_header(std::uint64_t address) {
    ByteReader header(hdf5_part(file_, address, 16, "an object header"), "an object header");
    if (const int version = header.u8(); version != 1) {
      refuse_hdf5("an object header has version " + std::to_string(version) +
                  ", expected 1 or 2: the file is damaged");
    }
    header.skip(7);
    const std::uint32_t size = header.u32();
    blocks_.push_back(hdf5_part(file_, address + 16, size, "an object header"));
  }

  void read_new_header(std::uint64_t address) {
    new_ = true;
    ByteReader header(file_.substr(static_cast<std::size_t>(address)), "an object header");
    header.skip(4);
    if (const int version = header.u8(); version != 2) {
      refuse_hdf5("an object header has version " + std::to_string(version) + ", expected 2");
    }
    const unsigned flags = header.u8();
    if ((flags & 0x20U) != 0) header.skip(16);  // times
    if ((flags & 0x10U) != 0) header.skip(4);   // when attributes move out
    ordered_ = (flags & 0x04U) != 0;
    const std::uint64_t size = header.number(std::size_t{1} << (flags & 3U));
    blocks_.push_back(header.take(size));
  }

  void read_block(std::string_view block) {
    ByteReader reader(block, "an object header");
    const std::size_t head = new_ ? (ordered_ ? 6U : 4U) : 8U;
    while (reader.left() >= head) {
      Hdf5Message message;
      message.type = static_cast<Hdf5MessageType>(new_ ? reader.u8() : reader.u16());
      const std::uint16_t size = reader.u16();
      message.shared = (reader.u8() & 2U) != 0;
      reader.skip(head - (new_ ? 4U : 5U));
      message.body = reader.take(size);
      if (message.type == Hdf5MessageType::continuation) {
        append_block(message.body);
      } else {
        messages.push_back(message);
      }
      if (messages.size() > kMaxMessages) refuse_hdf5("an object has more than 65536 messages");
    }
  }

  void append_block(std::string_view body) {
    ByteReader reader(body, "a continuation");
    const std::uint64_t address = reader.u64();
    const std::uint64_t size = reader.u64();
    std::string_view block = hdf5_part(file_, address, size, "a continuation of an object header");
    if (new_) {
      if (!block.starts_with("OCHK") || block.size() < 4 + kChecksumBytes)
        refuse_hdf5("a continuation is damaged");
      block = block.substr(4, block.size() - 4 - kChecksumBytes);
    }
    blocks_.push_back(block);
    if (blocks_.size() > kMaxBlocks) refuse_hdf5("an object header has more than 1024 parts");
  }

  std::string_view file_;
  bool new_ = false;      // version 2
  bool ordered_ = false;  // messages tell the order of their making
  std::vector<std::string_view> blocks_;
};

// IEEE 754's half, single and double precision; anything else is of kind other.
void read_real(ByteReader& properties, unsigned bits, Hdf5Type& type) {
  const bool vax = (bits & 0x40U) != 0;
  const unsigned normalisation = bits >> 4U & 3U;
  const unsigned sign = bits >> 8U & 0xFFU;
  const unsigned offset = properties.u16();
  const unsigned precision = properties.u16();
  const unsigned exponent_at = properties.u8();
  const unsigned exponent_bits = properties.u8();
  const unsigned mantissa_at = properties.u8();
  const unsigned mantissa_bits = properties.u8();
  const std::uint32_t bias = properties.u32();
  const bool known = (type.bytes == 2 && exponent_bits == 5) || (type.bytes == 4 && exponent_bits == 8) ||
                     (type.bytes == 8 && exponent_bits == 11);
  const unsigned all = 8U * type.bytes;
  if (known && !vax && normalisation == 2 && sign == all - 1 && offset == 0 && precision == all &&
      mantissa_at == 0 && mantissa_bits == all - 1 - exponent_bits && exponent_at == mantissa_bits &&
      bias == (1U << (exponent_bits - 1U)) - 1U) {
    type.kind = Hdf5Type::Kind::real;
  }
}

}  // namespace

void refuse_hdf5(const std::string& why) {
  throw Error(ExitCode::bad_data, "HDF5: " + why);
}

void refuse_hdf5(const std::string& place, const std::string& why) {
  refuse_hdf5("'" + (place.empty() ? "/" : place) + "': " + why);
}

const Hdf5Message* find_hdf5_message(const std::vector<Hdf5Message>& messages, Hdf5MessageType type) {
  const auto found = std::ranges::find(messages, type, &Hdf5Message::type);
  return found == messages.end() ? nullptr : &*found;
}

std::uint64_t hdf5_elements(const Hdf5Space& space, std::uint64_t most, const std::string& place) {
  if (space.null_space) return 0;
  std::uint64_t count = 1;
  for (const std::uint64_t size : space.sizes) {
    if (size > most || (count *= size) > most)
      refuse_hdf5(place, "has more than " + std::to_string(most) + " elements");
  }
  return count;
}

std::string_view hdf5_part(std::string_view file, std::uint64_t address, std::uint64_t size,
                           const char* what) {
  if (address > file.size() || size > file.size() - address) {
    refuse_hdf5(std::string(what) + " lies at byte " + std::to_string(address) + " with " +
                std::to_string(size) + " bytes, but the file has " + std::to_string(file.size()));
  }
  return file.substr(static_cast<std::size_t>(address), static_cast<std::size_t>(size));
}

std::vector<Hdf5Message> read_hdf5_object(std::string_view file, std::uint64_t address) {
  return std::move(ObjectReader(file, address).messages);
}

Hdf5Type read_hdf5_type(std::string_view body) {
  ByteReader reader(body, "HDF5: a datatype");
  const unsigned kind = reader.u8() & 0x0FU;
  const auto bits = static_cast<unsigned>(reader.number(3));
  Hdf5Type type;
  type.bytes = reader.u32();
  type.big_endian = (bits & 1U) != 0;
  switch (kind) {
    case 0: {  // whole number
      const unsigned offset = reader.u16();
      const unsigned precision = reader.u16();
      const bool known = type.bytes == 1 || type.bytes == 2 || type.bytes == 4 || type.bytes == 8;
      if (known && offset == 0 && precision == 8 * type.bytes) type.kind = Hdf5Type::Kind::whole;
      type.is_signed = (bits & 8U) != 0;
      break;
    }
    case 1:
      read_real(reader, bits, type);
      break;
    case 3:
      type.kind = Hdf5Type::Kind::text;
      type.space_padded = (bits & 0x0FU) == 2;
      break;
    case 9:  // of variable length; 1 is a string
      if ((bits & 0x0FU) == 1 && type.bytes == 16) type.kind = Hdf5Type::Kind::variable_text;
      break;
    default:
      break;
  }
  return type;
}

Hdf5Space read_hdf5_space(std::string_view body) {
  ByteReader reader(body, "HDF5: a dataspace");
  const int version = reader.u8();
  const int rank = reader.u8();
  if ((version != 1 && version != 2) || rank > kMaxRank) {
    refuse_hdf5("a dataspace has version " + std::to_string(version) + " and rank " + std::to_string(rank) +
                ", expected version 1 or 2 and rank 0 to 8");
  }
  reader.skip(1);
  Hdf5Space space;
  if (version == 1) {
    reader.skip(5);
  } else {
    space.null_space = reader.u8() == 2;
  }
  for (int i = 0; i < rank; ++i) space.sizes.push_back(reader.u64());
  return space;
}

}  // namespace earshot
