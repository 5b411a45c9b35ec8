// Raw PCM in any cut: the same samples as in one piece, all of them finite.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "daemon/capture/PcmDecoder.h"
#include "tests/fuzz/FuzzTarget.h"

using namespace earshot;

namespace {

// The input's first bytes: format, channels, which of them, the length of a piece.
constexpr std::size_t kHead = 4;

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kHead) return 0;
  PcmSettings settings;
  settings.format = static_cast<SampleFormat>(data[0] % 4);
  settings.channels = 1 + data[1] % 32;
  std::optional<int> channel;
  if (data[2] % 2 == 1) channel = 1 + data[2] / 2 % settings.channels;
  const std::size_t piece = 1 + data[3];
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data + kHead, size - kHead));

  PcmDecoder whole(settings, channel);
  const std::span<const float> once = whole.decode(bytes);
  const std::vector<float> expected(once.begin(), once.end());

  PcmDecoder pieces(settings, channel);
  std::vector<float> found;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const std::span<const float> samples =
        pieces.decode(bytes.subspan(at, std::min(piece, bytes.size() - at)));
    found.insert(found.end(), samples.begin(), samples.end());
  }
  fuzz::expect(
      found.size() == expected.size() &&
          (found.empty() || std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) == 0),
      "cuts change no sample");
  fuzz::expect(pieces.pending_bytes() == whole.pending_bytes(), "cuts change nothing of what is left");
  fuzz::expect(pieces.take_bad_samples() == whole.take_bad_samples(), "cuts change no count");
  fuzz::expect(std::ranges::all_of(found, [](float sample) { return std::isfinite(sample); }),
               "samples are finite");
  return 0;
}
