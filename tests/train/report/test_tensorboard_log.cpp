// TensorBoardLog: the event files of a run, read back record by record, and by TensorBoard itself.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "tests/support/Child.h"
#include "tests/support/ProtoReader.h"
#include "tests/support/Skip.h"
#include "tests/support/TemporaryDirectory.h"
#include "train/report/TensorBoardLog.h"

using namespace earshot;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

fs::path only_file_in(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) files.push_back(entry.path());
  REQUIRE(files.size() == 1);
  return files[0];
}

std::uint32_t number32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

// RFC 3720, B.4, bit by bit.
std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
  }
  return ~crc;
}

// TensorFlow's masking, undone.
std::uint32_t unmasked(std::uint32_t masked) {
  const std::uint32_t rotated = masked - 0xA282EAD8U;
  return rotated >> 17 | rotated << 15;
}

// The data of every record; both checksums of each are checked.
std::vector<std::string> records_of(const fs::path& path) {
  const std::string file = content_of(path);
  std::vector<std::string> records;
  for (std::size_t at = 0; at < file.size();) {
    const std::string_view rest = std::string_view(file).substr(at);
    REQUIRE(rest.size() >= 12);
    const std::size_t length = number32(rest);
    REQUIRE(rest.size() >= length + 16);
    CHECK(unmasked(number32(rest.substr(8))) == crc32c(rest.substr(0, 8)));
    CHECK(unmasked(number32(rest.substr(12 + length))) == crc32c(rest.substr(12, length)));
    records.emplace_back(rest.substr(12, length));
    at += length + 16;
  }
  return records;
}

// "step tag plugin bytes-of-the-tensor" of each event but the first.
std::vector<std::string> events_of(const fs::path& path) {
  const std::vector<std::string> records = records_of(path);
  REQUIRE(!records.empty());
  CHECK(test::proto_field(records[0], 3).bytes == "brain.Event:2");
  std::vector<std::string> events;
  for (std::size_t i = 1; i < records.size(); ++i) {
    const std::uint64_t step = test::proto_field(records[i], 2).integer;
    const std::string_view value = test::proto_field(test::proto_field(records[i], 5).bytes, 1).bytes;
    const std::string_view plugin = test::proto_field(test::proto_field(value, 9).bytes, 1).bytes;
    events.push_back(std::to_string(step) + ' ' + std::string(test::proto_field(value, 1).bytes) + ' ' +
                     std::string(test::proto_field(plugin, 1).bytes) + ' ' +
                     std::to_string(test::proto_field(test::proto_field(value, 8).bytes, 4).bytes.size()));
  }
  return events;
}

EpochRecord record_of(int epoch) {
  EpochRecord record;
  record.epoch = epoch;
  record.loss = 2.0 / epoch;
  record.accuracy = 0.25 * epoch;
  record.val_loss = 3.0 / epoch;
  record.val_accuracy = 0.125 * epoch;
  record.learning_rate = 0.001;
  return record;
}

const Weights& some_weights() {
  static const Weights weights{{"dense/bias", {{2}, {0.5F, 0.5F}}},
                               {"dense/kernel", {{2, 2}, {-1.0F, 0.0F, 1.0F, 2.0F}}}};
  return weights;
}

void write_epochs(const fs::path& directory, int first, int last) {
  TensorBoardLog log(directory, first - 1, true);
  for (int epoch = first; epoch <= last; ++epoch) log.epoch_done(record_of(epoch), some_weights());
}

std::vector<std::string> validation_steps(std::initializer_list<int> steps) {
  std::vector<std::string> expected;
  for (const int step : steps) {
    expected.push_back(std::to_string(step) + " epoch_accuracy scalars 4");
    expected.push_back(std::to_string(step) + " epoch_loss scalars 4");
  }
  return expected;
}

}  // namespace

TEST_CASE("CRC-32C has the values that RFC 3720 gives") {
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAU);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43U);
  CHECK(crc32c("123456789") == 0xE3069283U);
}

TEST_CASE("each epoch leaves Keras' scalars and a histogram of every variable") {
  const test::TemporaryDirectory directory;
  write_epochs(directory.path(), 1, 2);
  CHECK(events_of(only_file_in(directory / "train")) ==
        std::vector<std::string>{
            "0 epoch_accuracy scalars 4", "0 epoch_loss scalars 4", "0 epoch_learning_rate scalars 4",
            "0 dense/bias/histogram histograms 720", "0 dense/kernel/histogram histograms 720",
            "1 epoch_accuracy scalars 4", "1 epoch_loss scalars 4", "1 epoch_learning_rate scalars 4",
            "1 dense/bias/histogram histograms 720", "1 dense/kernel/histogram histograms 720"});
  CHECK(events_of(only_file_in(directory / "validation")) == validation_steps({0, 1}));
}

TEST_CASE("without a validation part there are no event files of one") {
  const test::TemporaryDirectory directory;
  EpochRecord record = record_of(1);
  record.val_loss.reset();
  record.val_accuracy.reset();
  TensorBoardLog(directory.path(), 0, false).epoch_done(record, some_weights());
  CHECK(events_of(only_file_in(directory / "train")).size() == 5);
  CHECK(!fs::exists(directory / "validation"));
}

TEST_CASE("a run that was killed and resumed shows each epoch once") {
  const test::TemporaryDirectory directory;
  write_epochs(directory.path(), 1, 4);
  const fs::path file = only_file_in(directory / "validation");
  const std::string whole = content_of(file);

  SECTION("the state on the disk is of an earlier epoch than the events") {}
  SECTION("a record is torn") {
    fs::resize_file(file, fs::file_size(file) - 5);
  }
  SECTION("a length is torn") {
    std::ofstream(file, std::ios::app | std::ios::binary) << "abcdefg";
  }
  SECTION("a record is altered") {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(-8, std::ios::end) << 'x';
  }
  write_epochs(directory.path(), 3, 5);
  CHECK(events_of(only_file_in(directory / "validation")) == validation_steps({0, 1, 2, 3, 4}));
  CHECK(content_of(file).substr(0, 100) == whole.substr(0, 100));
}

TEST_CASE("an event file on a full disk stays as it was") {
  const test::TemporaryDirectory directory;
  write_epochs(directory.path(), 1, 1);
  const fs::path file = only_file_in(directory / "train");
  const std::string before = content_of(file);
  TensorBoardLog log(directory.path(), 1, true);

  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction old_action {};
  sigaction(SIGXFSZ, &ignore, &old_action);
  rlimit old_limit{};
  getrlimit(RLIMIT_FSIZE, &old_limit);
  const rlimit limit{before.size() + 100, old_limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  std::string message;
  try {
    log.epoch_done(record_of(2), some_weights());
  } catch (const Error& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &old_limit);
  sigaction(SIGXFSZ, &old_action, nullptr);

  CHECK_THAT(message, Contains(file.string()) && Contains("cannot write"));
  CHECK(content_of(file) == before);
}

TEST_CASE("a directory of events that may not be read is an error that names it") {
  const test::TemporaryDirectory directory;
  write_epochs(directory.path(), 1, 1);
  // Root may read everything, so that it has to be somebody else for a moment.
  const bool root = ::geteuid() == 0;
  fs::permissions(directory.path(), fs::perms::all);
  fs::permissions(directory / "train", fs::perms::none);
  if (root) REQUIRE(::seteuid(65534) == 0);
  std::string message;
  ExitCode code = ExitCode::ok;
  try {
    TensorBoardLog(directory.path(), 1, true);
  } catch (const Error& error) {
    message = error.what();
    code = error.code();
  }
  if (root) REQUIRE(::seteuid(0) == 0);
  fs::permissions(directory / "train", fs::perms::all);
  CHECK(message == (directory / "train").string() + ": cannot be read: Permission denied");
  CHECK(code == ExitCode::io);
}

TEST_CASE("TensorBoard reads the event files as it reads Keras' own (needs EARSHOT_PYTHON)") {
  const char* python = std::getenv("EARSHOT_PYTHON");
  if (python == nullptr) {
    test::skip("EARSHOT_PYTHON names no Python with tensorboard");
    return;
  }
  const test::TemporaryDirectory directory;
  write_epochs(directory.path(), 1, 3);
  write_epochs(directory.path(), 3, 4);
  const test::Finished read = test::run_program(
      {"/usr/bin/env", python, EARSHOT_SOURCE_DIR "/tests/train/read_event_files.py", directory.path()});
  INFO(read.err);
  REQUIRE(read.code == 0);
  CHECK(read.out ==
        "train scalar epoch_accuracy 0:0.25 1:0.5 2:0.75 3:1\n"
        "train scalar epoch_learning_rate 0:0.001 1:0.001 2:0.001 3:0.001\n"
        "train scalar epoch_loss 0:2 1:1 2:0.666667 3:0.5\n"
        "train histogram dense/bias/histogram 0:0.5..0.5/2 1:0.5..0.5/2 2:0.5..0.5/2 3:0.5..0.5/2\n"
        "train histogram dense/kernel/histogram 0:-1..2/4 1:-1..2/4 2:-1..2/4 3:-1..2/4\n"
        "validation scalar epoch_accuracy 0:0.125 1:0.25 2:0.375 3:0.5\n"
        "validation scalar epoch_loss 0:3 1:1.5 2:1 3:0.75\n");
}
