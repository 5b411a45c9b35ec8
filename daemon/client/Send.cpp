#include "daemon/client/Send.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/capture/SenderIntroduction.h"
#include "daemon/client/PcmEncoder.h"
#include "daemon/net/ClientSocket.h"
#include "daemon/net/LineSplitter.h"
#include "dsp/audio/AudioFile.h"
#include "dsp/audio/Resampler.h"
#include "dsp/base/Error.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kSendConnectLimit = std::chrono::seconds(10);
constexpr auto kCloseLimit = std::chrono::seconds(60);
constexpr std::size_t kChunkFrames = 1024;

/// One channel to send: one of the file, or the mean of all, at the rate of the wire.
class Voice {
 public:
  /// `channel` 0 for the first, -1 for the mean.
  Voice(const std::filesystem::path& path, int channel, int rate_hz)
      : file_(path), channel_(channel), resampler_(file_.rate_hz(), rate_hz), chunk_(kChunkFrames) {}

  /// The next samples; done() once there are no more. What is lost goes to `damaged`.
  template <typename Damaged>
  std::span<const float> next(const Damaged& damaged) {
    while (const auto damage = file_.next_damage()) {
      damaged(*damage);
      silent_ += damage->samples.value_or(0);
    }
    if (silent_ > 0) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(silent_, chunk_.size()));
      silent_ -= count;
      std::fill_n(chunk_.begin(), count, 0.0F);
      return resampler_.process({chunk_.data(), count});
    }
    const std::size_t count = channel_ < 0 ? file_.read_mono(chunk_) : file_.read_channel(channel_, chunk_);
    done_ = count == 0;
    return done_ ? resampler_.finish() : resampler_.process({chunk_.data(), count});
  }
  bool done() const noexcept { return done_; }

 private:
  AudioFile file_;
  int channel_;
  Resampler resampler_;
  std::vector<float> chunk_;
  std::uint64_t silent_ = 0;  // samples of the file that are lost and not yet silence
  bool done_ = false;
};

/// As many channels as the wire has: the file's own if it has as many, else its mean.
std::vector<Voice> open_voices(const SendSettings& settings, int rate_hz, int file_channels) {
  std::vector<Voice> voices;
  const bool own = file_channels == settings.pcm.channels;
  for (int channel = 0; channel < (own ? file_channels : 1); ++channel) {
    voices.emplace_back(settings.file, own ? channel : -1, rate_hz);
  }
  return voices;
}

/// What the receiver says: nothing, or why it refuses this sender.
class Answers {
 public:
  Answers(const Endpoint& to, ClientSocket& socket) : to_(to), socket_(socket) {}

  /// Whether something came within `limit`. Throws ConnectionClosed as soon as the receiver has closed,
  /// Error(unavailable) as soon as it refuses.
  bool await(std::chrono::milliseconds limit) {
    if (ended_) return false;
    std::array<char, 4096> bytes;
    const auto count = socket_.receive(bytes, limit);
    ended_ = count && *count == 0;
    std::string_view said(bytes.data(), count.value_or(0));
    while (const auto line = lines_.next(said)) {
      if (const std::string why = refusal_of(line->text); !why.empty())
        throw Error(ExitCode::unavailable, to_.text() + ": refused this sender: " + printable(why));
    }
    return count && !ended_;
  }
  /// It will say nothing more, which one that only listens may do.
  bool ended() const noexcept { return ended_; }
  /// It has closed: what it said before that. Throws Error(unavailable) if it refused.
  void await_last() {
    try {
      while (await(std::chrono::milliseconds(0))) {
      }
    } catch (const ConnectionClosed&) {  // that is known
    }
  }

 private:
  Endpoint to_;
  ClientSocket& socket_;
  LineSplitter lines_{4096};
  bool ended_ = false;
};

void wait_until(Clock::time_point due, Answers& answers) {
  for (Clock::time_point now = Clock::now(); !answers.ended() && now < due; now = Clock::now()) {
    answers.await(std::chrono::ceil<std::chrono::milliseconds>(due - now));
  }
  std::this_thread::sleep_until(due);
}

void send_voices(std::vector<Voice>& voices, const SendSettings& settings, int rate_hz, ClientSocket& socket,
                 Answers& answers, std::ostream& errors) {
  PcmEncoder encoder(settings.pcm.format);
  const Clock::time_point begin = Clock::now();
  double sent_s = 0.0;
  std::vector<std::span<const float>> channels(static_cast<std::size_t>(settings.pcm.channels));
  while (!voices.front().done()) {
    for (std::size_t i = 0; i < voices.size(); ++i) {
      channels[i] = voices[i].next([&errors, i](const SoundDamage& damage) {
        if (i == 0) errors << "earshot: " << printable(damage.line) << '\n';
      });
    }
    std::fill(channels.begin() + static_cast<std::ptrdiff_t>(voices.size()), channels.end(),
              channels.front());
    if (settings.speed > 0.0) {
      // A live sender has a chunk once it is over.
      sent_s += static_cast<double>(channels.front().size()) / rate_hz;
      const std::chrono::duration<double> due(sent_s / settings.speed);
      wait_until(begin + std::chrono::duration_cast<Clock::duration>(due), answers);
    }
    answers.await(std::chrono::milliseconds(0));
    socket.send(encoder.encode(channels));
  }
  socket.finish_sending();
  while (answers.await(kCloseLimit)) {
  }
}

}  // namespace

void send_file(const SendSettings& settings, std::ostream& errors) {
  const AudioFile file(settings.file);
  const int rate_hz = settings.pcm.rate_hz > 0 ? settings.pcm.rate_hz : file.rate_hz();
  std::vector<Voice> voices = open_voices(settings, rate_hz, file.channels());
  ClientSocket socket(settings.to, kSendConnectLimit, settings.tls);
  Answers answers(settings.to, socket);
  try {
    if (!settings.source.empty()) {
      SenderIntroduction introduction{settings.source, settings.pcm};
      introduction.pcm.rate_hz = rate_hz;
      const std::string line = introduction.line();
      socket.send(std::as_bytes(std::span(line)));
    }
    send_voices(voices, settings, rate_hz, socket, answers, errors);
  } catch (const ConnectionClosed& closed) {
    answers.await_last();
    throw Error(closed.code(), std::string(closed.what()) +
                                   " before it had taken everything: another sender is there, it does not "
                                   "let this machine in, " +
                                   (settings.tls ? "" : "it speaks TLS (--pin, --token-file), ") +
                                   "or it has ended");
  }
}

}  // namespace earshot
