// What earshotd and classify say to bad input: one line that names it, and the exit code for it.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "daemon/client/Classify.h"
#include "daemon/client/Send.h"
#include "tests/daemon/Daemon.h"
#include "tests/dsp/Signals.h"
#include "tests/dsp/audio/SoundBytes.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

constexpr const char* kMicrophone = "[[source]]\nname = \"mic\"\nkind = \"microphone\"\n";

// earshotd with a good model beside the configuration.
class Setup {
 public:
  Setup() { save_model(untrained_model(), directory / "model.safetensors"); }

  Finished run(const std::string& text, std::vector<std::string> options = {}) const {
    const std::string head = "[publish.tcp]\nlisten = \"127.0.0.1:0\"\n";
    std::vector<std::string> arguments{EARSHOT_EARSHOTD, "--config",
                                       directory.write("earshot.toml", head + text).string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_program(arguments);
  }
  std::string model() const { return "[model]\npath = \"model.safetensors\"\n"; }

  TemporaryDirectory directory;
};

void check_one_line(const Finished& finished, int code, const std::string& part) {
  CHECK(finished.code == code);
  CHECK_THAT(finished.err, Catch::Matchers::Contains(part));
  CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
}

}  // namespace

TEST_CASE("a wrong configuration is refused with 78") {
  const Setup setup;
  check_one_line(setup.run(setup.model() + kMicrophone + "colour = 1\n"), 78,
                 "earshot.toml:8: key 'source.colour'");
  check_one_line(setup.run(setup.model() + "[window]\nhop_s = 6\n" + kMicrophone), 78,
                 "earshot.toml:6: key 'window.hop_s': found 6");
  check_one_line(setup.run(setup.model() + "[[sources]]\nname = \"mic\"\n"), 78,
                 "key 'sources': found an unknown key, expected 'source'");
  check_one_line(setup.run(setup.model() + "[[source]]\nname = \"mic\"\nknid = \"tcp\"\n"), 78,
                 "earshot.toml:7: key 'source.knid': found an unknown key, expected 'kind'");
  check_one_line(setup.run("x = = 1\n" + setup.model() + kMicrophone), 78, "earshot.toml:3:");
}

TEST_CASE("check-config says good or what is wrong, print-config prints what loads again") {
  const Setup setup;
  const Finished good = setup.run(setup.model() + kMicrophone, {"--check-config"});
  CHECK(good.code == 0);
  CHECK_THAT(good.out, Catch::Matchers::Contains("good"));
  check_one_line(setup.run("kind = 1\n" + setup.model() + kMicrophone, {"--check-config"}), 78,
                 "key 'publish.tcp.kind'");
  check_one_line(
      setup.run("[model]\npath = \"absent.safetensors\"\n" + std::string(kMicrophone), {"--check-config"}),
      66, "absent.safetensors");
  check_one_line(setup.run(setup.model() + "[[source]]\nname = \"f\"\nkind = \"file\"\npath = \"no.wav\"\n",
                           {"--check-config"}),
                 66, "no.wav");
  const Finished printed = setup.run(setup.model() + kMicrophone, {"--print-config"});
  CHECK(printed.code == 0);
  const std::string again = setup.directory.write("again.toml", printed.out).string();
  CHECK(run_program({EARSHOT_EARSHOTD, "--config", again, "--print-config"}).out == printed.out);
}

TEST_CASE("a missing model is 66, a corrupted one 65, both named") {
  const Setup setup;
  check_one_line(setup.run(std::string("[model]\npath = \"nowhere.safetensors\"\n") + kMicrophone), 66,
                 (setup.directory / "nowhere.safetensors").string());
  std::fstream file(setup.directory / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(400'000);
  file.put('?');
  file.close();
  check_one_line(setup.run(setup.model() + kMicrophone), 65, "model.safetensors");
}

TEST_CASE("a port in use is 69 and named, for the stream and for a sender") {
  const Setup setup;
  Daemon other("[[source]]\nname = \"n\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\n");
  const std::string log = other.child().err();
  const std::string published = "publishing on 127.0.0.1:";
  const std::string port = std::to_string(std::stoi(log.substr(log.find(published) + published.size())));
  const std::string sender =
      "[[source]]\nname = \"n\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:" + port + "\"\n";
  const Finished finished = setup.run(setup.model() + sender);
  check_one_line(finished, 69, "127.0.0.1:" + port);
}

TEST_CASE("a missing audio file is 66, a text file named .wav is 65") {
  const Setup setup;
  setup.directory.write("text.wav", "this is no sound\n");
  const std::string file = "[[source]]\nname = \"f\"\nkind = \"file\"\npath = ";
  check_one_line(setup.run(setup.model() + file + "\"none.wav\"\n"), 66, "none.wav");
  check_one_line(setup.run(setup.model() + file + "\"text.wav\"\n"), 65, "text.wav");
}

TEST_CASE("a wrong command line is 64, a missing configuration 66") {
  CHECK(run_program({EARSHOT_EARSHOTD, "--colour"}).code == 64);
  CHECK(run_program({EARSHOT_EARSHOTD, "--config", "/nowhere.toml"}).code == 66);
  CHECK(run_program({EARSHOT_EARSHOTD, "--version"}).out == "earshotd " EARSHOT_VERSION "\n");
  CHECK(run_program({EARSHOT_EARSHOTD, "--help"}).code == 0);
}

TEST_CASE("a device that matches nothing hinders no start: the source is down, the devices there are named") {
  Daemon daemon("[[source]]\nname = \"mic\"\nkind = \"microphone\"\ndevice = \"no such thing\"\n");
  StreamClient client = daemon.subscribe();
  for (;;) {
    const auto change = client.message("source");
    if (change.at("state").as_string() != "down") continue;
    CHECK(change.at("end_sample").to_number<std::uint64_t>() == 0);
    CHECK_THAT(std::string(change.at("detail").as_string()),
               Catch::Matchers::Contains(
                   "no device that matches \"no such thing\", expected one of those there are"));
    break;
  }
  const auto begun = std::chrono::steady_clock::now();
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  CHECK(std::chrono::steady_clock::now() - begun < 2s);
}

TEST_CASE("classify hears all that can be read of a damaged file, names the rest and makes it a gap") {
  const Setup setup;
  const std::filesystem::path path = setup.directory / "hole.flac";
  std::string bytes = encoded(noise(160'000, 1), kFlac);
  bytes.replace(bytes.size() / 2, 5000, 5000, '\0');
  std::ofstream(path, std::ios::binary) << bytes;
  const std::filesystem::path cut =
      setup.directory.write("cut.wav", encoded(noise(80'000, 1), kWav).substr(0, 50'000));
  ClassifySettings settings{.files = {path, cut},
                            .model = setup.directory / "model.safetensors",
                            .hop_s = 0.5,
                            .gate_dbfs = {},
                            .json = true};
  std::ostringstream out;
  std::ostringstream errors;
  CHECK(classify_files(settings, out, errors) == ExitCode::ok);
  CHECK_THAT(errors.str(), Catch::Matchers::Contains("earshot: " + path.string() + ": ") &&
                               Catch::Matchers::Contains(" s after 0:00:0") &&
                               Catch::Matchers::Contains("earshot: " + cut.string() + ": "));
  CHECK(std::ranges::count(errors.str(), '\n') == 2);
  std::istringstream lines(out.str());
  std::vector<std::string> gaps;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("\"gap\"") != std::string::npos) gaps.push_back(line);
  }
  REQUIRE(gaps.size() == 2);
  CHECK_THAT(gaps[0], Catch::Matchers::Contains("\"device\"") && Catch::Matchers::Contains(path.string()));
  settings.json = false;
  std::ostringstream text;
  CHECK(classify_files(settings, text, errors) == ExitCode::ok);
  CHECK_THAT(text.str(), Catch::Matchers::Contains(cut.string()));
}

TEST_CASE("classify refuses an empty file and a pipe") {
  const Setup setup;
  const std::filesystem::path pipe = setup.directory / "pipe.wav";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const auto code_of = [&setup](const std::filesystem::path& file) {
    const ClassifySettings settings{.files = {file},
                                    .model = setup.directory / "model.safetensors",
                                    .hop_s = 0.5,
                                    .gate_dbfs = {},
                                    .json = true};
    std::ostringstream out;
    std::ostringstream errors;
    const ExitCode code = classify_files(settings, out, errors);
    CHECK(out.str().empty());
    CHECK_THAT(errors.str(), Catch::Matchers::StartsWith("earshot: " + file.string() + ": "));
    CHECK(std::ranges::count(errors.str(), '\n') == 1);
    return code;
  };
  CHECK(code_of(pipe) == ExitCode::no_input);
  CHECK(code_of(setup.directory.path()) == ExitCode::no_input);
  CHECK(code_of(setup.directory.write("empty.wav", "")) == ExitCode::bad_data);
  CHECK(code_of(setup.directory.write("header.wav", encoded({}, kWav))) == ExitCode::bad_data);
}

TEST_CASE("send refuses what has no sound before it connects to anybody") {
  const TemporaryDirectory directory;
  const auto code_of = [](const std::filesystem::path& file) {
    SendSettings settings;
    settings.file = file;
    std::ostringstream errors;
    try {
      send_file(settings, errors);
    } catch (const Error& error) {
      CHECK_THAT(error.what(), Catch::Matchers::StartsWith(file.string() + ": "));
      return error.code();
    }
    return ExitCode::ok;
  };
  const std::filesystem::path pipe = directory / "pipe.wav";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(code_of(pipe) == ExitCode::no_input);
  CHECK(code_of(directory.path()) == ExitCode::no_input);
  CHECK(code_of(directory / "none.wav") == ExitCode::no_input);
  CHECK(code_of(directory.write("empty.wav", "")) == ExitCode::bad_data);
  CHECK(code_of(directory.write("header.wav", encoded({}, kWav))) == ExitCode::bad_data);
}

TEST_CASE("classify names what is no sound and does the others") {
  const Setup setup;
  write_wav(setup.directory / "good.wav", sine(440, 44'100, 10'000), 44'100);
  const ClassifySettings settings{
      .files = {setup.directory / "none.wav", setup.directory.write("text.wav", "no sound\n"),
                setup.directory / "good.wav"},
      .model = setup.directory / "model.safetensors",
      .hop_s = 0.5,
      .gate_dbfs = {},
      .json = false};
  std::ostringstream out;
  std::ostringstream errors;
  CHECK(classify_files(settings, out, errors) == ExitCode::no_input);
  CHECK_THAT(errors.str(), Catch::Matchers::Contains("none.wav") && Catch::Matchers::Contains("text.wav"));
  CHECK_THAT(out.str(),
             Catch::Matchers::Contains("good.wav") && Catch::Matchers::Contains("padded with silence"));
}

}  // namespace earshot::test
