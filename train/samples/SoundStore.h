// SoundStore: decoded files at one rate, kept in memory as far as they fit, for those who take them often.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace earshot {

/// Mono samples, in 16 bits where that loses nothing.
class StoredSound {
 public:
  explicit StoredSound(std::vector<float> samples);

  std::size_t size() const noexcept { return whole_.empty() ? real_.size() : whole_.size(); }
  std::size_t bytes() const noexcept;
  /// out.size() samples from position `from` on, as they were.
  void copy(std::size_t from, std::span<float> out) const noexcept;

 private:
  std::vector<std::int16_t> whole_;  // of one of the two only
  std::vector<float> real_;
};

/// Any thread may call it. The samples do not depend on what is kept.
class SoundStore {
 public:
  /// Nothing is opened yet. A file is decoded when it is first asked for and kept while all that are kept
  /// take `most_bytes` at most, else decoded each time.
  SoundStore(std::vector<std::filesystem::path> files, int rate_hz, std::size_t most_bytes);

  std::size_t size() const noexcept { return files_.size(); }

  /// Mixed to mono and resampled. Throws as load_clip does.
  std::shared_ptr<const StoredSound> sound(std::size_t i);

  /// Of what is kept now.
  std::size_t kept_bytes() const;

 private:
  std::vector<std::filesystem::path> files_;
  int rate_hz_;
  std::size_t most_bytes_;

  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::shared_ptr<const StoredSound>> kept_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace earshot
