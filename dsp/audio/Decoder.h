// Decoder: one piece of a file through libsndfile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "dsp/audio/SoundMap.h"

namespace earshot {

/// Not thread safe.
class Decoder {
 public:
  /// `file` outlives it. Throws Error(bad_data), naming `path`, if libsndfile knows nothing of the kind.
  Decoder(const std::filesystem::path& path, const FileBytes& file, SoundPiece piece);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  int rate_hz() const noexcept;
  int channels() const noexcept;
  /// 0 where the container does not say.
  std::uint64_t frames() const noexcept;
  bool is_mpeg() const noexcept;
  bool is_flac() const noexcept;

  /// Whole frames of interleaved channels into `out`; fewer only at the end or where the decoder stumbled.
  std::size_t read(std::span<float> out) noexcept;
  /// What it stumbled upon, or empty.
  const std::string& trouble() const noexcept;
  /// How far it has read into the piece.
  std::uint64_t reached() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace earshot
