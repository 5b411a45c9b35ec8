// Sound files, through our decoder.
#include <algorithm>
#include <cmath>
#include <vector>

#include "dsp/audio/AudioFile.h"
#include "dsp/base/Error.h"
#include "tests/fuzz/FuzzTarget.h"

using namespace earshot;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::MemoryFile input;
  input.write(fuzz::text_of(data, size));
  try {
    AudioFile file(input.path());
    std::vector<float> block(4096);
    // A few bytes may stand for much silence: as many frames as a minute has at the highest rate.
    constexpr std::size_t kMostFrames = 60 * 192000;
    std::size_t frames = 0;
    while (const std::size_t got = file.read_mono(block)) {
      fuzz::expect(got <= block.size(), "no more than was asked for");
      fuzz::expect(std::all_of(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(got),
                               [](float sample) { return std::isfinite(sample); }),
                   "samples are finite");
      if ((frames += got) > kMostFrames) break;
    }
  } catch (const Error& error) {
    fuzz::expect(error.code() == ExitCode::bad_data, "a wrong sound file is bad data");
  }
  return 0;
}
