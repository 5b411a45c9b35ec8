// KerasGolden: the files of tests/golden/keras_import.zip, unpacked for a test.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "nn/exchange/ZipArchive.h"
#include "nn/model/Safetensors.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

class KerasGolden {
 public:
  static constexpr const char* kVersions[] = {"3.5.0", "3.15.1", "2.17.0"};

  /// The bytes of an entry, such as "sequential-3.5.0.keras".
  static std::string bytes(const std::string& name) {
    static const std::string zip =
        read_bytes(std::filesystem::path(EARSHOT_SOURCE_DIR) / "tests/golden/keras_import.zip");
    return ZipArchive(zip).read(name, std::uint64_t{1} << 20U);
  }

  /// `input` and `scores` of "sequential-3.5.0".
  static Weights expected(const std::string& stem) {
    return parse_safetensors(bytes(stem + ".safetensors")).tensors;
  }

  /// The entry as a file of its own, gone with this object.
  std::filesystem::path file(const std::string& name) const { return directory_.write(name, bytes(name)); }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    return directory_.write(name, bytes);
  }
  const TemporaryDirectory& directory() const { return directory_; }

 private:
  TemporaryDirectory directory_;
};

}  // namespace earshot::test
