// FileSource: what becomes of a file that is damaged, cut, slow to read or cannot be read for a while.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/capture/FileSource.h"
#include "dsp/base/KeyedRandom.h"
#include "tests/daemon/Collector.h"
#include "tests/daemon/TestHearing.h"
#include "tests/daemon/TestModel.h"
#include "tests/dsp/audio/SoundBytes.h"

namespace earshot::test {
namespace {

using namespace std::chrono_literals;

constexpr int kFileRateHz = 16'000;
constexpr std::size_t kFileWindow = 15'600;

std::string file_of(std::size_t samples, int format) {
  KeyedRandom random(23);
  std::vector<float> frames(samples);
  for (float& sample : frames) sample = 0.1F * static_cast<float>(random.uniform(-1.0, 1.0));
  return encoded(frames, format, kFileRateHz);
}

// A file that is played by a thread of its own, windows of 0.975 s.
class Player {
 public:
  Player(const std::filesystem::path& path, Pace pace, AtEnd at_end) {
    const FileSettings file{.path = path, .pace = pace, .at_end = at_end};
    source_.emplace(
        SourceSettings{.name = "f", .channel = {}, .gain_db = 0.0, .level_dbfs = {}, .kind = file}, file,
        SourceContext{.hearing = hearing_of(small_yamnet(), one_classifier(small_yamnet()), 1'600),
                      .utc = utc,
                      .sink = sink,
                      .counters = counters,
                      .microphones = nullptr,
                      .pulses = &pulses});
  }
  ~Player() { stop.request_stop(); }
  void play() {
    thread_ = std::jthread([this](std::stop_token) { source_->run(stop.get_token()); });
  }

  Collector sink;
  Counters counters;
  UtcClock utc;
  Pulses pulses{2, 100ms};
  std::stop_source stop;

 private:
  std::optional<FileSource> source_;
  std::jthread thread_;
};

// What a descriptor of this process that has the file open reads from here on fails, as from a broken disk.
void break_reading(const std::filesystem::path& path) {
  const int folder = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) == path)
      ::dup3(folder, std::stoi(entry.path().filename().string()), O_CLOEXEC);
  }
  ::close(folder);
}

// Breaks it at the first prediction.
std::function<void(const Message&)> breaking(const std::filesystem::path& file) {
  return [file, broken = false](const Message& message) mutable {
    if (std::holds_alternative<Prediction>(message) && !std::exchange(broken, true)) break_reading(file);
  };
}

}  // namespace

TEST_CASE("a thread that waits for what follows a hole in a file does not stand still") {
  std::string bytes = file_of(40 * kFileRateHz, kFlac);
  const std::size_t hole = bytes.size() / 2;
  bytes.replace(bytes.size() / 20, hole, hole, '\0');
  const SoundFile file(bytes, ".flac");
  Player player(file.path(), Pace::realtime, AtEnd::stop);
  player.play();
  REQUIRE(player.sink.await<Gap>(1).size() == 1);
  REQUIRE(player.sink.all<Gap>()[0].samples > 10 * kFileRateHz);
  for (int i = 0; i < 10; ++i) {
    CHECK(player.pulses.look());
    std::this_thread::sleep_for(100ms);
  }
}

TEST_CASE("a file in a loop that is cut short begins anew where it is cut, after a gap") {
  const std::string whole = file_of(60 * kFileRateHz, kWav);
  const SoundFile file(whole.substr(0, whole.size() / 40), ".wav");
  for (const Pace pace : {Pace::realtime, Pace::fast}) {
    Player player(file.path(), pace, AtEnd::loop);
    player.play();
    const std::vector<Gap> gaps = player.sink.await<Gap>(3);
    REQUIRE(gaps.size() >= 3);
    for (const Gap& gap : gaps) CHECK(gap.reason == GapReason::device);
    CHECK(gaps[1].start_sample > gaps[0].start_sample + kFileRateHz);
    if (pace == Pace::fast) CHECK(gaps[0].samples == 1);
  }
}

TEST_CASE("a file in a loop that cannot be read on is down, says why, and begins anew after a gap") {
  const SoundFile file(file_of(60 * kFileRateHz, kWav));
  Player player(file.path(), Pace::fast, AtEnd::loop);
  player.sink.on_message = breaking(file.path());
  player.play();
  const std::vector<SourceChange> changes = player.sink.await<SourceChange>(3);
  REQUIRE(changes.size() == 3);
  CHECK(changes[1].state == SourceState::down);
  CHECK(changes[1].detail == file.path().string() + ": Is a directory");
  CHECK(changes[2].state == SourceState::up);
  const std::vector<Gap> gaps = player.sink.await<Gap>(1);
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].reason == GapReason::device);
  const std::size_t before = player.sink.all<Prediction>().size();
  CHECK(player.sink.await<Prediction>(before + 1).size() > before);
}

TEST_CASE("a file that cannot be read on ends with the reason where it is no loop") {
  const SoundFile file(file_of(60 * kFileRateHz, kWav));
  Player player(file.path(), Pace::fast, AtEnd::stop);
  player.sink.on_message = breaking(file.path());
  player.play();
  const std::vector<SourceChange> changes = player.sink.await<SourceChange>(2);
  REQUIRE(changes.size() == 2);
  CHECK(changes[1].state == SourceState::ended);
  CHECK(changes[1].detail == file.path().string() + ": Is a directory");
}

// Ogg is walked through as a whole first; behind its sound there is much of nothing.
TEST_CASE("a file's time begins once it has been looked through; what that takes again in a loop is a gap") {
  constexpr std::uintmax_t kMuch = std::uintmax_t{1} << 28;
  constexpr double kLeastSeconds = 0.002;  // no machine reads as fast
  const SoundFile file(file_of(2 * kFileWindow, kVorbis), ".ogg");
  std::filesystem::resize_file(file.path(), kMuch);
  Player player(file.path(), Pace::realtime, AtEnd::loop);
  BootClock::time_point up;
  player.sink.on_message = [&](const Message& message) {
    if (std::holds_alternative<SourceChange>(message)) up = BootClock::now();
  };
  player.play();
  const std::vector<Prediction> predictions = player.sink.await<Prediction>(1);
  REQUIRE_FALSE(predictions.empty());
  const std::chrono::duration<double> heard = predictions[0].time - player.utc.at(up);
  const double end_s = static_cast<double>(predictions[0].end_sample) / kFileRateHz;
  CHECK(heard.count() > end_s + kLeastSeconds);
  std::vector<Gap> gaps;
  for (int i = 0; i < 4'000 && gaps.empty(); ++i) {
    std::this_thread::sleep_for(5ms);
    gaps = player.sink.all<Gap>();
    std::erase_if(gaps, [](const Gap& gap) { return gap.reason == GapReason::overload; });
  }
  REQUIRE_FALSE(gaps.empty());
  CHECK(static_cast<double>(gaps[0].samples) > kFileRateHz * kLeastSeconds);
}

}  // namespace earshot::test
