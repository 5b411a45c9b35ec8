// Sha256: FIPS 180-4, by libcrypto.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace earshot {

class Sha256 {
 public:
  /// Throws Error(software) if libcrypto has no SHA-256.
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  /// 64 lower-case digits. Ends the computation: call it once.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Of all of `bytes`, 64 lower-case digits.
std::string sha256_of(std::string_view bytes);

}  // namespace earshot
