#include "tests/bench/LiveSenders.h"

#include <algorithm>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <thread>

#include "daemon/capture/SenderIntroduction.h"
#include "dsp/audio/AudioFile.h"
#include "dsp/base/KeyedRandom.h"
#include "tests/support/Esc10.h"

namespace earshot::bench {
namespace {

constexpr std::chrono::milliseconds kTurn{1};  // whoever is due within it sends with the others
constexpr std::size_t kMostClips = 200;        // 88 MB at 44.1 kHz
constexpr float kNoise = 0.0055F;              // uniform up to here: -50 dBFS

std::vector<std::int16_t> to_pcm(std::span<const float> samples, KeyedRandom& random) {
  std::vector<std::int16_t> pcm;
  pcm.reserve(samples.size());
  for (const float sample : samples) {
    const float value = sample + static_cast<float>(random.uniform(-kNoise, kNoise));
    pcm.push_back(static_cast<std::int16_t>(std::clamp(value, -1.0F, 1.0F) * 32'767.0F));
  }
  return pcm;
}

}  // namespace

LiveSenders::LiveSenders(const Settings& settings, std::uint16_t port)
    : settings_(settings),
      block_samples_(static_cast<std::size_t>(settings.rate_hz) *
                     static_cast<std::size_t>(settings.block.count()) / 1000) {
  load_clips();
  KeyedRandom random(7);
  const auto below = [&](std::size_t end) {
    return std::min(end - 1, static_cast<std::size_t>(random.uniform() * static_cast<double>(end)));
  };
  for (std::size_t i = 0; i < settings.senders; ++i) {
    const std::vector<std::int16_t>& clip = clips_[i % clips_.size()];
    senders_.push_back(
        {.connection = test::StreamClient(port),
         .clip = &clip,
         .place = below(clip.size()),
         .first_samples = 1 + below(block_samples_),
         .begins = std::chrono::milliseconds(below(static_cast<std::size_t>(settings.spread.count()))),
         .sent = {}});
    const SenderIntroduction introduction{
        .source = "s" + std::to_string(i),
        .pcm = {.format = SampleFormat::s16le, .rate_hz = settings.rate_hz, .channels = 1}};
    if (!senders_.back().connection.send(introduction.line()))
      throw std::runtime_error("a sender was not let in");
  }
}

void LiveSenders::load_clips() {
  KeyedRandom random(3);
  const std::size_t wanted = std::min(settings_.senders, kMostClips);
  if (const auto esc10 = test::find_esc10()) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(*esc10 / "audio"))
      files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    const std::size_t count = std::min(wanted, files.size());
    for (std::size_t i = 0; i < count; ++i)
      clips_.push_back(to_pcm(load_clip(files[i * files.size() / count], settings_.rate_hz).samples, random));
    what_ = std::to_string(count) + " clips of ESC-10";
    return;
  }
  std::vector<float> noise(static_cast<std::size_t>(settings_.rate_hz) * 5);
  for (float& sample : noise) sample = static_cast<float>(random.uniform(-0.1, 0.1));
  clips_.push_back(to_pcm(noise, random));
  what_ = "noise";
}

void LiveSenders::run(std::chrono::seconds time) {
  std::vector<Sender*> order;
  for (Sender& each : senders_) {
    each.sent.reserve(static_cast<std::size_t>(time / settings_.block));
    order.push_back(&each);
  }
  // All blocks last as long: who is first in one round of them is so in each.
  const auto in_round = [&](const Sender* sender) { return sender->begins % settings_.block; };
  std::stable_sort(order.begin(), order.end(),
                   [&](const Sender* a, const Sender* b) { return in_round(a) < in_round(b); });
  const Clock::time_point start = Clock::now() + settings_.block;
  for (auto round = std::chrono::milliseconds(0); round < time; round += settings_.block) {
    auto next = order.begin();
    for (auto turn = std::chrono::milliseconds(0); turn < settings_.block; turn += kTurn) {
      if (next == order.end() || in_round(*next) > turn) continue;
      std::this_thread::sleep_until(start + round + turn);
      for (; next != order.end() && in_round(*next) == turn; ++next) {
        if ((*next)->begins <= round + turn) send_block(**next);
      }
    }
  }
}

void LiveSenders::send_block(Sender& sender) {
  std::size_t left = sender.sent.empty() ? sender.first_samples : block_samples_;
  sender.sent.push_back(Clock::now());
  while (left > 0) {
    const std::size_t count = std::min(left, sender.clip->size() - sender.place);
    const bool there = sender.connection.send(
        {reinterpret_cast<const char*>(sender.clip->data() + sender.place), count * sizeof(std::int16_t)});
    if (!there) throw std::runtime_error("a sender was closed");
    sender.place = (sender.place + count) % sender.clip->size();
    left -= count;
  }
}

const LiveSenders::Clock::time_point* LiveSenders::sent(std::size_t sender,
                                                        std::uint64_t sample) const noexcept {
  const Sender& its = senders_[sender];
  const std::uint64_t block =
      sample < its.first_samples ? 0 : 1 + (sample - its.first_samples) / block_samples_;
  return block < its.sent.size() ? &its.sent[block] : nullptr;
}

}  // namespace earshot::bench
