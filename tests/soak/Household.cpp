#include "tests/soak/Household.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <sstream>
#include <utility>

#include <boost/json.hpp>

#include "tests/daemon/Daemon.h"
#include "tests/support/WavFile.h"

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr auto kReady = 30s;
constexpr double kBooksApartS = 1.0;
constexpr double kBooksLateS = 5.0;  // what a daemon that is killed has heard and not yet noted
constexpr double kBelowGateDbfs = -75.0;
constexpr unsigned kPipeTone = 700;
constexpr unsigned kCameraTone = 900;
constexpr unsigned kCameraRateHz = 16'000;

std::uint64_t key_of(std::uint64_t seed, const std::string& source) {
  return derive_key(seed, std::hash<std::string>{}(source));
}

std::string source_table(const std::string& name, const std::string& kind) {
  return "[[source]]\nname = \"" + name + "\"\nkind = \"" + kind + "\"\n";
}

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

std::string listen_key(std::uint16_t port) {
  return "listen = \"127.0.0.1:" + std::to_string(port) + "\"\nidle_s = 3\n";
}

}  // namespace

Household::Household(std::uint64_t seed, bool tls, Findings& findings, Trace& trace)
    : seed_(seed),
      findings_(findings),
      events_(findings),
      witness_(events_, findings, trace),
      fifo_(directory_ / "pipe"),
      loop_(directory_ / "loop.wav"),
      clock_(directory_.write("clock", std::string(8, '\0'))),
      stream_port_(ports_.next()),
      spare_ports_{
          .stream = ports_.next(), .stream_elsewhere = ports_.next(), .web_elsewhere = ports_.next()},
      porch_port_(ports_.next()),
      shed_port_(ports_.next()),
      barns_port_(ports_.next()),
      outlets_(ports_, tls, findings, trace),
      pages_(outlets_.web_port(), witness_, findings) {
  std::filesystem::create_directory(directory_ / "run");
  std::filesystem::permissions(directory_ / "run", std::filesystem::perms::owner_all);
  if (::mkfifo(fifo_.c_str(), 0600) != 0) throw std::runtime_error("cannot make " + fifo_.string());
  test::write_wav(loop_, test::sine(500, 22'050, 22'050 * 3), 22'050);
  test::write_wav(directory_ / "guest.wav", test::sine(800, 16'000, 16'000 * 7), 16'000);
  add_microphone("mic_a", 44'100, 500);
  add_microphone("mic_b", 48'000, 1'300);
  std::string alsa = "</usr/share/alsa/alsa.conf>\n";
  for (const Microphone& each : microphones_)
    alsa += "pcm." + each.source + " { type pulse server \"unix:" + each.server->socket().string() +
            "\" device \"room\" }\n";
  directory_.write("asound.conf", alsa);
  add_camera("camera");
  add_camera("radio");
  write_config();
  add_remote("porch", "porch", porch_port_, 16'000, false);
  add_remote("shed", "shed", shed_port_, 44'100, true);
  add_remote("barn-1", "barns", barns_port_, 16'000, false);
  add_remote("barn-2", "barns", barns_port_, 48'000, false);
  add_remote("barn-3", "barns", barns_port_, 8'000, false);
  add_remote("barn-4", "barns", barns_port_, 16'000, false, kBelowGateDbfs);
  const SpokenSound sound(key_of(seed_, "pipe"), kPipeTone);
  witness_.knows("pipe", sound);
  pipe_ = std::make_unique<Sender>(Voice{.sound = sound, .introduction = {}}, dial_fifo(fifo_.string()));
}

Household::~Household() {
  daemon_.reset();  // before the witness, who reads to the stream's end
}

void Household::add_microphone(const std::string& source, unsigned rate_hz, unsigned tone_hz) {
  const std::filesystem::path fifo = directory_ / source;
  const SpokenSound sound(key_of(seed_, source), tone_hz);
  witness_.knows(source, sound);
  const std::string device =
      "module-pipe-source source_name=room format=s16le channels=1 rate=" + std::to_string(rate_hz) +
      " file=" + fifo.string();
  microphones_.push_back(
      {source, fifo, std::make_unique<test::PulseServer>(device),
       std::make_unique<Sender>(Voice{.sound = sound, .rate_hz = rate_hz, .introduction = {}, .waits = false},
                                dial_fifo(fifo.string()))});
  microphones_.back().plug();
}

void Household::add_remote(const std::string& source, const std::string& listener, std::uint16_t port,
                           unsigned rate_hz, bool floats, std::optional<double> level_dbfs) {
  const auto tone_hz = static_cast<unsigned>(400 + 230 * remotes_.size());
  const SpokenSound sound(key_of(seed_, source), tone_hz, level_dbfs);
  witness_.knows(source, sound);
  const bool many = source != listener;
  Voice voice{.sound = sound, .rate_hz = rate_hz, .floats = floats, .introduction = {}};
  if (many)
    voice.introduction = "{\"source\":" + quoted(source) + ",\"rate_hz\":" + std::to_string(rate_hz) + "}\n";
  remotes_.push_back({source, many, std::make_unique<Sender>(std::move(voice), dial_tcp(port))});
}

void Household::add_camera(const std::string& source) {
  cameras_.push_back({source, directory_.write(source + ".order", "speak"), directory_ / (source + ".pid")});
  witness_.knows(source, SpokenSound(key_of(seed_, source), kCameraTone));
}

void Household::write_config() {
  std::ostringstream text;
  text << "[model]\npath = " << quoted(EARSHOT_SOURCE_DIR "/config/earshot.safetensors")
       << "\n[window]\nhop_s = 0.5\n[gate]\nlevel_dbfs = -60.0\n[publish.tcp]\nlisten = [\"127.0.0.1:"
       << stream_port_ << "\", \"127.0.0.1:" << spare_ports_.stream << '"' << outlets_.more_listen()
       << "]\n[log]\nlevel = \"info\"\n"
       << outlets_.tables();
  for (const Microphone& each : microphones_)
    text << source_table(each.source, "microphone") << "device = " << quoted(each.source) << '\n';
  text << source_table("porch", "tcp") << listen_key(porch_port_);
  text << source_table("shed", "tcp") << listen_key(shed_port_) << "format = \"f32le\"\nrate_hz = 44100\n";
  text << source_table("barns", "tcp") << listen_key(barns_port_) << "max_senders = 8\ntakeover = true\n";
  for (const Camera& each : cameras_) {
    text << source_table(each.source, "command") << "idle_s = 3\nrate_hz = " << kCameraRateHz << "\nargv = ["
         << quoted(std::filesystem::read_symlink("/proc/self/exe").string()) << ", \"--camera\", "
         << quoted(std::to_string(key_of(seed_, each.source))) << ", " << quoted(each.order.string()) << ", "
         << quoted(each.pid.string()) << "]\n";
  }
  text << source_table("loop", "file") << "path = " << quoted(loop_.string()) << "\nat_end = \"loop\"\n";
  text << source_table("pipe", "stdin");
  config_text_ = text.str();
  config_ = directory_.write("earshot.toml", config_text_);
}

std::vector<std::string> Household::environment() const {
  const std::string home = directory_.path().string();
  return {"HOME=" + home,
          "XDG_RUNTIME_DIR=" + home + "/run",
          "ALSA_CONFIG_PATH=" + home + "/asound.conf",
          "PULSE_SERVER=unix:" + home + "/none",  // of those that name none themselves
          "STATE_DIRECTORY=" + home + "/state",
          "LD_PRELOAD=" EARSHOT_CLOCK_STEP,
          "EARSHOT_CLOCK_STEP=" + clock_.string()};
}

void Household::start() {
  const auto started = BootClock::now();
  std::filesystem::remove(directory_ / "notify");
  // Gone when it is ready: what nobody reads would fill, and hold the daemon up.
  const test::NotifySocket notify(directory_ / "notify");
  std::vector<std::string> variables = environment();
  variables.push_back(notify.variable());
  daemon_ = std::make_unique<test::Child>(
      std::vector<std::string>{EARSHOT_EARSHOTD, "--config", config_.string()}, std::move(variables), fifo_);
  if (notify.receive("READY=1", kReady) != "READY=1")
    throw std::runtime_error("earshotd is not ready: " + daemon_->err());
  witness_.follow(stream_port_, started);
}

void Household::kill() {
  events_.end_life(true);
  daemon_->send_signal(SIGKILL);
  daemon_->wait();
  witness_.close();
  end_log();
  compare_books(-kBooksApartS, kBooksApartS + kBooksLateS, books_apart_.killed_s);
}

void Household::stop() {
  events_.end_life(false);
  daemon_->send_signal(SIGTERM);
  const int code = daemon_->wait(20s);
  if (code != 0) findings_.add("SIGTERM: earshotd exited " + std::to_string(code));
  if (!witness_.close()) findings_.add("SIGTERM: the stream ended without a \"bye\"");
  end_log();
  compare_books(-kBooksApartS, kBooksApartS, books_apart_.stopped_s);
  outlets_.hold(events_, directory_ / "state");
}

void Household::end_log() {
  std::istringstream log(daemon_->err());
  for (std::string line; std::getline(log, line);) {
    ++log_totals_.lines;
    std::istringstream words(line);
    std::string time;
    std::string level;
    words >> time >> level;
    if (level == "warning") ++log_totals_.warnings;
    const bool of_broken_config = line.find(config_.string()) != std::string::npos;
    if (level != "info" && level != "warning" && !of_broken_config) findings_.add("log: " + line);
  }
  daemon_.reset();
}

// Of the life that has just ended: what the stream told is more by `least_s` to `most_s`.
void Household::compare_books(double least_s, double most_s, double& worst_s) {
  const std::map<std::string, double> by_books = heard_by_books();
  for (const auto& [source, told_s] : witness_.heard_s()) {
    const auto found = by_books.find(source);
    const double apart_s = told_s - (found == by_books.end() ? 0.0 : found->second);
    const double of_life_s = apart_s - std::exchange(apart_[source], apart_s);
    worst_s = std::max(worst_s, std::abs(of_life_s));
    if (of_life_s < least_s || of_life_s > most_s)
      findings_.add("earshot books: of " + source + " the stream told " + std::to_string(of_life_s) +
                    " s more in a life");
  }
}

std::map<std::string, double> Household::heard_by_books() const {
  const test::Finished books = test::run_program(
      {EARSHOT_EARSHOT, "books", "--json", "--since", "1d", "--dir", (directory_ / "state").string()},
      environment());
  if (books.code != 0) throw std::runtime_error("earshot books: " + books.err);
  std::map<std::string, double> heard;
  const json::object document = json::parse(books.out).as_object();
  for (const json::value& each : document.at("sources").as_array()) {
    const json::object& source = each.as_object();
    heard[std::string(source.at("source").as_string())] = source.at("heard_s").to_number<double>();
  }
  return heard;
}

std::vector<std::string> Household::sources() const {
  std::vector<std::string> names{"loop", "pipe"};
  for (const auto& each : microphones_) names.push_back(each.source);
  for (const auto& each : remotes_) names.push_back(each.source);
  for (const auto& each : cameras_) names.push_back(each.source);
  return names;
}

void Household::set_clock(std::chrono::nanoseconds offset) {
  const int file = ::open(clock_.c_str(), O_RDWR | O_CLOEXEC);
  using Step = std::atomic<std::int64_t>;
  void* const mapped = ::mmap(nullptr, sizeof(Step), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (mapped == MAP_FAILED) throw std::runtime_error("cannot map " + clock_.string());
  witness_.set_clock_offset(offset);
  static_cast<Step*>(mapped)->store(offset.count(), std::memory_order_relaxed);
  ::munmap(mapped, sizeof(Step));
}

int run_camera(std::uint64_t key, const std::filesystem::path& order, const std::filesystem::path& pid) {
  std::ofstream(pid) << ::getpid() << std::endl;
  const auto told = [&] {
    std::ifstream file(order);
    std::string word;
    file >> word;
    return word;
  };
  const SpokenSound sound(key, kCameraTone);
  Sender sender(Voice{.sound = sound, .rate_hz = kCameraRateHz, .introduction = {}},
                [] { return ::dup(STDOUT_FILENO); });
  for (std::string word = told(); word != "exit"; word = told()) {
    word == "silent" ? sender.fall_silent() : sender.speak_again();
    std::this_thread::sleep_for(50ms);
  }
  return 3;
}

}  // namespace earshot::soak
