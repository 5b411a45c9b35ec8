// KerasGolden: the files of tests/golden/keras_import.zip and keras_own.zip, unpacked for a test.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "nn/exchange/ZipArchive.h"
#include "nn/model/Architecture.h"
#include "nn/model/Safetensors.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline constexpr FeatureShape kNoShape{1, 1, 1};  // every golden tells its own

class KerasGolden {
 public:
  static constexpr const char* kVersions[] = {"3.5.0", "3.15.1", "2.17.0"};

  /// The bytes of an entry, such as "sequential-3.5.0.keras", or "own/conv2d.keras" of the other archive.
  static std::string bytes(const std::string& name) {
    const bool own = name.starts_with("own/");
    const std::string zip = read_bytes(std::filesystem::path(EARSHOT_SOURCE_DIR) / "tests/golden" /
                                       (own ? "keras_own.zip" : "keras_import.zip"));
    return ZipArchive(zip).read(own ? name.substr(4) : name, std::uint64_t{1} << 20U);
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
