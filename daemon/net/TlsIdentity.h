// TlsIdentity: what earshotd shows to those who connect by TLS, and the token that they have to know.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace earshot {

inline constexpr std::size_t kLeastTokenBytes = 16;
inline constexpr std::size_t kMostTokenBytes = 1024;

/// A token as it stands in a file: 16 to 1024 printable characters without spaces; a newline at its end is
/// none of it. Throws as read_file, and Error(bad_data) naming the file and what is wrong, never the token.
std::string read_token(const std::filesystem::path& path);

/// Any thread, once it is there.
class TlsIdentity {
 public:
  /// Reads all three, and nothing of them later. Throws Error(no_input) for what cannot be read,
  /// Error(config) naming the file for what is none of its kind, for a key of another certificate, and for a
  /// key or token that every user of the machine may read.
  TlsIdentity(const std::filesystem::path& certificate, const std::filesystem::path& key,
              const std::filesystem::path& token_file);
  ~TlsIdentity();
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

  /// In a time that tells nothing of how much of it is right.
  bool is_token(std::string_view text) const noexcept;

  /// Two are the same where their files hold the same.
  bool operator==(const TlsIdentity& other) const noexcept { return digest_ == other.digest_; }

  /// For TlsChannel. TLS 1.2 and 1.3, ciphers with forward secrecy; no compression, no renegotiation, and no
  /// session tickets: before the token the server says nothing of its own.
  ssl_ctx_st* context() const noexcept { return context_; }

 private:
  using Hash = std::array<unsigned char, 32>;
  static Hash hash_of(std::string_view text) noexcept;

  ssl_ctx_st* context_ = nullptr;
  Hash token_hash_{};
  std::string digest_;  // of all three
};

}  // namespace earshot
