// The real earshotd: files, senders and standard input heard alike, losses told, a clean end.
#include <sys/resource.h>

#include <bit>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "daemon/client/Classify.h"
#include "dsp/base/KeyedRandom.h"
#include "tests/daemon/BookCheck.h"
#include "tests/daemon/Daemon.h"
#include "tests/support/WavFile.h"

namespace earshot::test {
namespace {

namespace json = boost::json;

constexpr int kRateHz = 22'050;  // not the model's: the resampler takes part
constexpr std::size_t kSamples = 7 * kRateHz;

// Keeps a daemon alive whose other sources have ended.
constexpr const char* kIdleSource = "[[source]]\nname = \"idle\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\n";
constexpr const char* kSender =
    "[[source]]\nname = \"net\"\nkind = \"tcp\"\npace = \"fast\"\nlisten = \"127.0.0.1:0\"\nformat = \"f32le\"\nrate_hz = "
    "22050\n";

std::vector<float> sound(std::size_t samples = kSamples) {
  std::vector<float> result = sine(700, kRateHz, samples);
  KeyedRandom random(5);
  for (float& sample : result) sample += 0.1F * static_cast<float>(random.uniform(-1.0, 1.0));
  return result;
}

std::string_view bytes_of(std::span<const float> samples) {
  return {reinterpret_cast<const char*>(samples.data()), samples.size_bytes()};
}

// What must be equal whoever brought the sound.
struct HeardWindow {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::vector<std::uint32_t> score_bits;
  bool operator==(const HeardWindow&) const = default;
};

HeardWindow heard(const json::object& prediction) {
  HeardWindow result{prediction.at("start_sample").to_number<std::uint64_t>(),
                     prediction.at("end_sample").to_number<std::uint64_t>(),
                     {}};
  for (const auto& [label, score] : prediction.at("scores").as_object()) {
    result.score_bits.push_back(std::bit_cast<std::uint32_t>(static_cast<float>(score.to_number<double>())));
  }
  return result;
}

std::vector<HeardWindow> predictions(StreamClient& client, std::size_t count) {
  std::vector<HeardWindow> result;
  while (result.size() < count) result.push_back(heard(client.message("prediction")));
  return result;
}

json::object source_state(StreamClient& client, std::string_view source, std::string_view state) {
  for (;;) {
    json::object change = client.message("source");
    if (change.at("source").as_string() == source && change.at("state").as_string() == state) return change;
  }
}

}  // namespace

TEST_CASE(
    "a file, the same samples over TCP and standard input, and classify give the same bits at the same "
    "positions") {
  const TemporaryDirectory directory;
  const std::vector<float> samples = sound();
  write_wav(directory / "sound.wav", samples, kRateHz);
  directory.write("sound.f32", bytes_of(samples));
  save_model(untrained_model(), directory / "model.safetensors");

  std::ostringstream out;
  std::ostringstream errors;
  const ClassifySettings settings{.files = {directory / "sound.wav"},
                                  .model = directory / "model.safetensors",
                                  .hop_s = 0.5,
                                  .gate_dbfs = {},
                                  .json = true};
  REQUIRE(classify_files(settings, out, errors) == ExitCode::ok);
  std::vector<HeardWindow> classified;
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);)
    classified.push_back(heard(json::parse(line).as_object()));
  REQUIRE(classified.size() == 5);
  CHECK(classified[0].end == 220'500);

  const std::string file = "[[source]]\nname = \"f\"\nkind = \"file\"\npace = \"fast\"\npath = \"" +
                           (directory / "sound.wav").string() + "\"\n" + kIdleSource;
  Daemon file_daemon(file);
  StreamClient file_client = file_daemon.subscribe();
  CHECK(predictions(file_client, classified.size()) == classified);

  Daemon tcp_daemon(kSender);
  StreamClient tcp_client = tcp_daemon.subscribe();
  {
    StreamClient sender = tcp_daemon.connect_sender("net");
    std::string_view bytes = bytes_of(samples);
    for (std::size_t cut = 1; !bytes.empty(); cut = cut * 7 % 50'021) {
      const std::size_t count = std::min(cut, bytes.size());
      sender.send(bytes.substr(0, count));
      bytes.remove_prefix(count);
    }
  }
  CHECK(predictions(tcp_client, classified.size()) == classified);
  CHECK(source_state(tcp_client, "net", "down").at("end_sample").to_number<std::uint64_t>() == 7 * 44'100);

  Daemon stdin_daemon(
      std::string("[[source]]\nname = \"s\"\nkind = \"stdin\"\npace = \"fast\"\nformat = \"f32le\"\nrate_hz = 22050\n") +
          kIdleSource,
      {}, directory / "sound.f32");
  StreamClient stdin_client = stdin_daemon.subscribe();
  CHECK(predictions(stdin_client, classified.size()) == classified);
}

TEST_CASE("a model with several labels at once says so in hello, and classify names all that it hears") {
  const TemporaryDirectory directory;
  Model model = untrained_model();  // of logits around zero
  model.architecture.scores = Scores::sigmoid;
  write_wav(directory / "sound.wav", sound(), kRateHz);
  save_model(model, directory / "model.safetensors");
  ClassifySettings settings{.files = {directory / "sound.wav"},
                            .model = directory / "model.safetensors",
                            .hop_s = 0.5,
                            .gate_dbfs = {},
                            .json = true};
  std::ostringstream out;
  std::ostringstream text;
  std::ostringstream errors;
  REQUIRE(classify_files(settings, out, errors) == ExitCode::ok);
  settings.json = false;
  REQUIRE(classify_files(settings, text, errors) == ExitCode::ok);
  std::istringstream messages(out.str());
  std::istringstream lines(text.str());
  std::size_t others = 0;
  for (std::string message, line; std::getline(messages, message) && std::getline(lines, line);) {
    const json::object prediction = json::parse(message).as_object();
    for (const auto& [label, score] : prediction.at("scores").as_object()) {
      const bool named = score.to_number<double>() >= 0.5 && label != prediction.at("label").as_string();
      INFO(line << label);
      CHECK((line.find(", " + std::string(label) + ' ') != std::string::npos) == named);
      if (named) ++others;
    }
  }
  CHECK(others > 0);

  Daemon daemon(kSender, {}, "/dev/null", model);
  const json::object hello = daemon.connect().message("hello");
  CHECK(hello.at("model").as_object().at("scores").as_string() == "sigmoid");
}

TEST_CASE("an odd byte at a stream's end is named and misaligns nothing") {
  Daemon daemon(kSender);
  StreamClient client = daemon.subscribe();
  const std::vector<float> samples = sound(5 * kRateHz);
  for (int round = 0; round < 2; ++round) {
    StreamClient sender = daemon.connect_sender("net");
    sender.send(bytes_of(samples));
    sender.send("x");
  }
  const std::vector<HeardWindow> both = predictions(client, 2);
  CHECK(both[0].score_bits == both[1].score_bits);
  daemon.await_log("1 bytes at the end of");
}

TEST_CASE("between two senders the timeline goes on by the clock, as a gap") {
  Daemon daemon(kSender);
  StreamClient client = daemon.subscribe();
  const std::vector<float> samples = sound(5 * kRateHz);
  daemon.connect_sender("net").send(bytes_of(samples));
  const json::object down = source_state(client, "net", "down");
  CHECK(down.at("end_sample").to_number<std::uint64_t>() == 220'500);
  std::this_thread::sleep_for(300ms);
  daemon.connect_sender("net").send(bytes_of(samples));
  const json::object gap = client.message("gap");
  CHECK(gap.at("reason").as_string() == "network");
  CHECK(gap.at("start_sample").to_number<std::uint64_t>() == 220'500);
  const auto lost = gap.at("samples").to_number<std::uint64_t>();
  CHECK(lost >= 44'100 * 3 / 10);
  CHECK(predictions(client, 1)[0].start == 220'500 + lost);
}

TEST_CASE("samples that are no numbers are counted and do no harm") {
  Daemon daemon(kSender);
  StreamClient client = daemon.subscribe();
  std::vector<float> samples = sound(5 * kRateHz);
  for (std::size_t i = 0; i < 17; ++i) samples[i * 100] = std::bit_cast<float>(0x7FC00000U);
  daemon.connect_sender("net").send(bytes_of(samples));
  CHECK(predictions(client, 1)[0].score_bits.size() == 10);
  CHECK(client.message("heartbeat").at("bad_samples").to_number<std::uint64_t>() == 17);
}

TEST_CASE("a sender that stalls keeps neither others nor the end waiting, and a second one is refused") {
  Daemon daemon(std::string(kSender) + kIdleSource);
  StreamClient client = daemon.subscribe();
  StreamClient stalled = daemon.connect_sender("net");
  stalled.send("abc");
  source_state(client, "net", "up");
  StreamClient second = daemon.connect_sender("net");
  CHECK_FALSE(second.line().has_value());  // closed
  daemon.await_log("another sender is connected");
  StreamClient other = daemon.connect_sender("idle");
  other.send("a");
  source_state(client, "idle", "up");
  const auto begun = std::chrono::steady_clock::now();
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  CHECK(std::chrono::steady_clock::now() - begun < 2s);
}

TEST_CASE("SIGTERM finishes what was heard, says bye and ends with 0 within 2 s") {
  const TemporaryDirectory directory;
  write_wav(directory / "sound.wav", sound(60 * kRateHz), kRateHz);
  Daemon daemon("[[source]]\nname = \"f\"\nkind = \"file\"\npath = \"" + (directory / "sound.wav").string() +
                "\"\n");
  StreamClient client = daemon.subscribe();
  source_state(client, "f", "up");
  std::this_thread::sleep_for(300ms);
  const auto begun = std::chrono::steady_clock::now();
  daemon.child().send_signal(SIGTERM);
  const json::object ended = source_state(client, "f", "ended");
  CHECK(ended.at("end_sample").to_number<std::uint64_t>() > 44'100 / 10);
  CHECK(client.message("bye").at("reason").as_string() == "SIGTERM");
  CHECK_FALSE(client.line().has_value());
  CHECK(daemon.child().wait() == 0);
  CHECK(std::chrono::steady_clock::now() - begun < 2s);
  CHECK(daemon.notifications().receive("STOPPING=1", 0ms) == "STOPPING=1\nSTATUS=stopping: SIGTERM");
}

TEST_CASE("SIGUSR1 and SIGUSR2 are answered in the log, and the daemon goes on") {
  Daemon daemon(kSender);
  StreamClient client = daemon.subscribe();
  for (const auto& [number, name] :
       std::map<int, std::string>{{SIGUSR1, "SIGUSR1: going on"}, {SIGUSR2, "SIGUSR2: going on"}}) {
    daemon.child().send_signal(number);
    daemon.await_log(name);
  }
  daemon.connect_sender("net").send(bytes_of(sound()));
  CHECK(predictions(client, 1)[0].start == 0);
  daemon.child().send_signal(SIGHUP);  // and again
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
}

TEST_CASE("what audio libraries print reaches standard error as lines of our log only") {
  const TemporaryDirectory directory;
  const auto broken = directory.write("asound.conf", "pcm.!default { type nothing_of_the_kind }\n");
  Daemon daemon(std::string("[[source]]\nname = \"mic\"\nkind = \"microphone\"\n") +
                    "[log]\nlevel = \"debug\"\n",
                {"ALSA_CONFIG_PATH=" + broken.string()});
  daemon.await_log("source 'mic' down");
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  std::istringstream lines(daemon.child().err());
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK((line.starts_with("20") && line.find('T') == 10));
  }
}

TEST_CASE("a file with a header on standard input is named") {
  const TemporaryDirectory directory;
  write_wav(directory / "sound.wav", sound(), kRateHz);
  Daemon daemon(std::string("[[source]]\nname = \"s\"\nkind = \"stdin\"\n") + kIdleSource, {},
                directory / "sound.wav");
  daemon.await_log("source 's': what standard input sends looks like a WAV file, and is read as raw s16le");
}

TEST_CASE("a daemon whose every source has ended says bye and ends with 0") {
  const TemporaryDirectory directory;
  write_wav(directory / "sound.wav", sound(kRateHz), kRateHz);
  const std::string file =
      "[[source]]\nname = \"f\"\nkind = \"file\"\npath = \"" + (directory / "sound.wav").string() + "\"\n";
  Daemon daemon(file);
  StreamClient client = daemon.subscribe();
  const json::object padded = client.message("prediction");
  CHECK(padded.at("padded_samples").to_number<std::uint64_t>() == 220'500 - 44'100);
  CHECK(source_state(client, "f", "ended").at("detail").as_string() == "end of file");
  CHECK(client.message("bye").at("reason").as_string() == "every source has ended");
  CHECK(daemon.child().wait() == 0);
}

TEST_CASE("a daemon whose last source was ended by an error ends with 74, so that systemd starts it again") {
  const TemporaryDirectory directory;  // as standard input: it cannot be read
  Daemon daemon("[[source]]\nname = \"s\"\nkind = \"stdin\"\n", {}, directory.path());
  CHECK(daemon.child().wait() == 74);
  CHECK(daemon.child().err().find("every source has ended, one because of an error") != std::string::npos);
}

TEST_CASE("a file in a loop goes on") {
  const TemporaryDirectory directory;
  write_wav(directory / "sound.wav", sound(kRateHz), kRateHz);
  Daemon daemon("[[source]]\nname = \"f\"\nkind = \"file\"\npace = \"fast\"\nat_end = \"loop\"\npath = \"" +
                (directory / "sound.wav").string() + "\"\n");
  StreamClient client = daemon.subscribe();
  const std::vector<HeardWindow> windows = predictions(client, 3);
  CHECK(windows[2].start == 2 * 22'016);
}

TEST_CASE("a file in a loop that cannot be opened for a while is down, says why, and goes on after a gap") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "sound.wav";
  write_wav(file, sine(440, 16'000, 24'000), 16'000);
  Daemon daemon(
      "[[source]]\nname = \"f\"\nkind = \"file\"\nat_end = \"loop\"\npath = \"" + file.string() + "\"\n", {},
      "/dev/null", small_yamnet());
  StreamClient client = daemon.connect();
  BookCheck check;
  check.take(client.message("hello"));
  client.send("{\"type\":\"subscribe\",\"from_seq\":1}\n");
  const auto await = [&](std::string_view type, std::string_view state) {
    for (;;) {
      json::object message = client.message();
      check.take(message);
      if (message.at("type").as_string() == type &&
          (state.empty() || message.at("state").as_string() == state))
        return message;
    }
  };
  await("prediction", "");

  // No descriptor is left in the whole process: as in a storm of clients.
  rlimit before{};
  REQUIRE(::prlimit(daemon.child().pid(), RLIMIT_NOFILE, nullptr, &before) == 0);
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  REQUIRE(::prlimit(daemon.child().pid(), RLIMIT_NOFILE, &none, nullptr) == 0);
  CHECK(await("source", "down").at("detail").as_string() ==
        file.string() + ": Too many open files, expected an audio file");
  REQUIRE(::prlimit(daemon.child().pid(), RLIMIT_NOFILE, &before, nullptr) == 0);
  await("source", "up");
  while (await("gap", "").at("samples").to_number<int>() == 0) {  // skipped by a busy machine
  }

  // What is skipped just before it is told before it, too.
  daemon.child().send_signal(SIGSTOP);
  std::filesystem::rename(file, directory / "away.wav");
  std::this_thread::sleep_for(3s);
  daemon.child().send_signal(SIGCONT);
  CHECK(await("source", "down").at("detail").as_string() ==
        file.string() + ": No such file or directory, expected an audio file");
  std::filesystem::rename(directory / "away.wav", file);
  await("source", "up");
  await("gap", "");
  await("prediction", "");
  daemon.child().send_signal(SIGTERM);
  CHECK(daemon.child().wait() == 0);
  while (const auto line = client.line()) check.take(json::parse(*line).as_object());
  CHECK(check.problems() == "");
}

}  // namespace earshot::test
