#include "tests/soak/Sender.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <utility>

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kBlocksPerS = 20;
constexpr auto kDialAgain = 100ms;
constexpr std::size_t kMostPending = 4 << 20;
constexpr std::uint32_t kMostPiece = 97;  // bytes

void append(std::string& to, const void* bytes, std::size_t size) {
  to.append(static_cast<const char*>(bytes), size);
}

std::uint64_t sample_at(BootClock::time_point moment, unsigned rate_hz) {
  const auto ns = static_cast<std::uint64_t>(moment.time_since_epoch().count());
  return ns / 1'000'000'000 * rate_hz + ns % 1'000'000'000 * rate_hz / 1'000'000'000;
}

}  // namespace

Dial dial_tcp(std::uint16_t port) {
  return [port] {
    const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(connection);
      return -1;
    }
    const int on = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(connection, F_SETFL, O_NONBLOCK);
    return connection;
  };
}

Dial dial_fifo(std::string path) {
  return [path = std::move(path)] { return ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC); };
}

Sender::Sender(Voice voice, Dial dial)
    : voice_(std::move(voice)),
      dial_(std::move(dial)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Sender::~Sender() {
  thread_.request_stop();
  thread_.join();
  hang_up();
  bury();
}

void Sender::cut(Cut how) {
  const std::lock_guard lock(mutex_);
  away_ = true;
  if (connection_ < 0) return;
  if (how == Cut::within_frame) pending_ += '\1';
  if (how != Cut::reset) flush();
  if (how == Cut::reset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(connection_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  hang_up();
}

void Sender::come_back() {
  const std::lock_guard lock(mutex_);
  away_ = false;
  dial_at_ = {};
}

void Sender::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void Sender::release() {
  const std::lock_guard lock(mutex_);
  held_ = false;
}

void Sender::fall_silent() {
  const std::lock_guard lock(mutex_);
  silent_ = true;
}

void Sender::speak_again() {
  const std::lock_guard lock(mutex_);
  silent_ = false;
}

void Sender::tear(bool torn) {
  const std::lock_guard lock(mutex_);
  torn_ = torn;
}

void Sender::abandon() {
  const std::lock_guard lock(mutex_);
  pending_.clear();
  std::swap(abandoned_, connection_);
}

void Sender::bury() {
  const std::lock_guard lock(mutex_);
  if (abandoned_ >= 0) ::close(std::exchange(abandoned_, -1));
}

void Sender::run(const std::stop_token& stop) {
  const std::size_t block = voice_.rate_hz / kBlocksPerS;
  std::uint64_t spoken = sample_at(BootClock::now(), voice_.rate_hz);
  while (!stop.stop_requested()) {
    std::this_thread::sleep_for(10ms);
    for (const std::uint64_t now = sample_at(BootClock::now(), voice_.rate_hz); spoken + block <= now;
         spoken += block) {
      const std::lock_guard lock(mutex_);
      if (connection_ >= 0 && is_gone()) hang_up();
      if (connection_ < 0 && !away_) connect();
      if (connection_ >= 0 && !silent_) say(spoken, block);
      if (connection_ >= 0 && !held_) flush();
    }
  }
}

void Sender::connect() {
  if (BootClock::now() < dial_at_) return;
  dial_at_ = BootClock::now() + kDialAgain;
  connection_ = dial_();
  pending_ = voice_.introduction;
}

void Sender::say(std::uint64_t first, std::size_t samples) {
  if (pending_.size() > kMostPending) return;
  std::vector<float> block(samples);
  voice_.sound.speak(first, voice_.rate_hz, block);
  if (voice_.floats) return append(pending_, block.data(), block.size() * sizeof(float));
  for (const float sample : block) {
    const auto whole = static_cast<std::int16_t>(std::lround(sample * 32'767.0F));
    append(pending_, &whole, sizeof whole);
  }
}

void Sender::flush() {
  std::size_t sent = 0;
  while (sent < pending_.size()) {
    std::size_t piece = pending_.size() - sent;
    if (torn_) piece = std::min<std::size_t>(piece, 1 + random_.below(kMostPiece));
    const ssize_t taken = ::write(connection_, pending_.data() + sent, piece);
    if (taken <= 0) break;  // full, or gone: the next look tells
    sent += static_cast<std::size_t>(taken);
    if (torn_) std::this_thread::sleep_for(100us);
  }
  pending_.erase(0, sent);
  if (!voice_.waits) pending_.resize(pending_.size() % sizeof(std::int16_t));  // the rest of a sample
}

void Sender::hang_up() {
  if (connection_ >= 0) ::close(std::exchange(connection_, -1));
  pending_.clear();
}

// Whether nobody listens any more. What is said back is passed over.
bool Sender::is_gone() const {
  pollfd state{connection_, POLLIN, 0};
  if (::poll(&state, 1, 0) <= 0) return false;
  char said[1024];
  return (state.revents & POLLIN) == 0 || ::recv(connection_, said, sizeof said, MSG_DONTWAIT) <= 0;
}

}  // namespace earshot::soak
