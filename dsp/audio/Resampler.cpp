// Resampler: the only file that knows libsamplerate.
#include "dsp/audio/Resampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <samplerate.h>

#include "dsp/audio/PolyphaseStream.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

/// libsamplerate is always handed this many input samples, so its output depends on no other cut. Adds at
/// most 6 ms of latency at 44.1 kHz.
constexpr std::size_t kBlockSamples = 256;
constexpr std::array<float, kBlockSamples> kSilence{};
constexpr int kMaxRatio = 256;  // libsamplerate's own limit, either way

struct DeleteState {
  void operator()(SRC_STATE* state) const noexcept { src_delete(state); }
};

/// libsamplerate's best filter: its answer, at a rate so much higher, to one sample of 1.
SincPrototype best_sinc() {
  constexpr int kPerSample = 8;
  constexpr std::size_t kHalf = 143;  // it reaches 142.9 samples to either side (libsamplerate 0.2.2, high_qual_coeffs.h)
  std::vector<float> in(2 * kHalf + 1);
  in[kHalf] = 1.0F;
  std::vector<float> out(in.size() * kPerSample);
  SRC_DATA data{};
  data.data_in = in.data();
  data.input_frames = static_cast<long>(in.size());
  data.data_out = out.data();
  data.output_frames = static_cast<long>(out.size());
  data.src_ratio = kPerSample;
  if (const int failure = src_simple(&data, SRC_SINC_BEST_QUALITY, 1))
    throw Error(ExitCode::software, std::string("libsamplerate: ") + src_strerror(failure));
  const auto middle = out.begin() + static_cast<std::ptrdiff_t>(kHalf * kPerSample);
  return {kPerSample, std::vector<double>(middle, middle + static_cast<std::ptrdiff_t>(kHalf * kPerSample))};
}

/// One for all who convert between these rates at the same time. Null where none fits.
std::shared_ptr<const PolyphaseBank> shared_bank(int from_hz, int to_hz) {
  static std::mutex mutex;
  static std::map<std::pair<int, int>, std::weak_ptr<const PolyphaseBank>> banks;
  static const SincPrototype prototype = best_sinc();
  const std::lock_guard lock(mutex);
  std::weak_ptr<const PolyphaseBank>& known = banks[{from_hz, to_hz}];
  std::shared_ptr<const PolyphaseBank> bank = known.lock();
  if (!bank) known = bank = PolyphaseBank::make(from_hz, to_hz, prototype);
  return bank;
}

}  // namespace

struct Resampler::Impl {
  std::uint64_t from_hz = 1;
  std::uint64_t to_hz = 1;
  std::optional<PolyphaseStream> filter;          // at equal rates neither this
  std::unique_ptr<SRC_STATE, DeleteState> state;  // nor this, which is for rates that no bank fits
  std::array<float, kBlockSamples> block{};
  std::size_t filled = 0;  // samples waiting in `block`
  std::uint64_t consumed = 0;
  std::uint64_t produced = 0;
  std::vector<float> output;
  std::size_t ready = 0;  // samples of `output` made by the current call
  std::uint64_t failed_samples = 0;

  double ratio() const noexcept { return static_cast<double>(to_hz) / static_cast<double>(from_hz); }

  /// ceil(consumed to / from): what a stream that ended here has to yield.
  std::uint64_t due() const noexcept { return (consumed * to_hz + from_hz - 1) / from_hz; }

  /// `in`, as far as it becomes outputs before number `limit`, -> appended to `output`.
  void filter_into_output(std::span<const float> in, std::uint64_t limit) noexcept {
    ready += filter->append(in, std::span(output).subspan(ready), limit);
  }

  std::span<const float> through_filter(std::span<const float> in) noexcept {
    ready = 0;
    const std::size_t room = filter->most_outputs(in.size()) + in.size() / kMaxChunk + 1;
    if (output.size() < room) output.resize(room);
    consumed += in.size();
    while (!in.empty()) {
      const std::size_t taken = std::min(in.size(), kMaxChunk);
      filter_into_output(in.first(taken), UINT64_MAX);
      in = in.subspan(taken);
    }
    return std::span(output).first(ready);
  }

  /// What silence behind the end pushes out.
  std::span<const float> rest_of_filter() noexcept {
    ready = 0;
    for (std::size_t left = filter->tail(); left > 0;) {
      const std::size_t taken = std::min(left, kBlockSamples);
      filter_into_output(std::span<const float>(kSilence).first(taken), due());
      left -= taken;
    }
    filter->reset();
    consumed = 0;
    return std::span(output).first(ready);
  }

  /// More than `blocks` blocks can bring: libsamplerate releases whole blocks, late by its filter's half
  /// length.
  std::size_t room_for(std::size_t blocks) const noexcept {
    return static_cast<std::size_t>(std::ceil(static_cast<double>((blocks + 1) * kBlockSamples) * ratio())) +
           8;
  }

  /// The whole `block` -> appended to `output`.
  void convert_block() noexcept {
    SRC_DATA data{};
    data.data_in = block.data();
    data.input_frames = static_cast<long>(kBlockSamples);
    data.src_ratio = ratio();
    do {
      data.data_out = output.data() + ready;
      data.output_frames = static_cast<long>(output.size() - ready);
      if (src_process(state.get(), &data) != 0 ||
          (data.input_frames_used <= 0 && data.output_frames_gen <= 0)) {
        fail(static_cast<std::size_t>(data.input_frames));
        break;
      }
      data.data_in += data.input_frames_used;
      data.input_frames -= data.input_frames_used;
      ready += static_cast<std::size_t>(data.output_frames_gen);
      produced += static_cast<std::uint64_t>(data.output_frames_gen);
    } while (data.input_frames > 0);
    filled = 0;
  }

  /// libsamplerate refused the last `left` samples of the block: silence in their place keeps the count, and
  /// a fresh start gives the next block a chance.
  void fail(std::size_t left) noexcept {
    src_reset(state.get());
    failed_samples += left;
    const auto wanted = static_cast<std::size_t>(static_cast<double>(left) * ratio() + 0.5);
    const std::size_t silent = std::min(std::max<std::size_t>(wanted, 1), output.size() - ready);
    std::fill_n(output.begin() + static_cast<std::ptrdiff_t>(ready), silent, 0.0f);
    ready += silent;
    produced += silent;
  }
};

Resampler::Resampler(int from_hz, int to_hz) : impl_(std::make_unique<Impl>()) {
  for (const int rate_hz : {from_hz, to_hz}) {
    if (rate_hz < kMinRateHz || rate_hz > kMaxRateHz) {
      throw Error(ExitCode::config, "sample rate: found " + std::to_string(rate_hz) + " Hz, expected " +
                                        std::to_string(kMinRateHz) + " to " + std::to_string(kMaxRateHz));
    }
  }
  if (from_hz > to_hz * kMaxRatio || to_hz > from_hz * kMaxRatio) {
    throw Error(ExitCode::config, "sample rates: found " + std::to_string(from_hz) + " Hz to " +
                                      std::to_string(to_hz) + " Hz, expected a ratio of at most " +
                                      std::to_string(kMaxRatio));
  }
  impl_->from_hz = static_cast<std::uint64_t>(from_hz);
  impl_->to_hz = static_cast<std::uint64_t>(to_hz);
  if (from_hz == to_hz) return;
  if (std::shared_ptr<const PolyphaseBank> bank = shared_bank(from_hz, to_hz)) {
    impl_->filter.emplace(std::move(bank), kMaxChunk);
    impl_->output.resize(impl_->filter->most_outputs(std::max(kMaxChunk, impl_->filter->tail() + kMaxChunk)));
    return;
  }
  int failure = 0;
  impl_->state.reset(src_new(SRC_SINC_BEST_QUALITY, 1, &failure));
  if (!impl_->state) {
    throw Error(ExitCode::software, std::string("libsamplerate: ") + src_strerror(failure));
  }
  impl_->output.resize(impl_->room_for(1 + kMaxChunk / kBlockSamples));
}

Resampler::~Resampler() = default;
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;

std::span<const float> Resampler::process(std::span<const float> in) noexcept {
  Impl& impl = *impl_;
  if (impl.filter) return impl.through_filter(in);
  if (!impl.state) return in;
  impl.ready = 0;
  const std::size_t room = impl.room_for(1 + in.size() / kBlockSamples);
  if (impl.output.size() < room) impl.output.resize(room);
  impl.consumed += in.size();
  while (!in.empty()) {
    const std::size_t taken = std::min(in.size(), kBlockSamples - impl.filled);
    std::copy_n(in.begin(), taken, impl.block.begin() + static_cast<std::ptrdiff_t>(impl.filled));
    impl.filled += taken;
    in = in.subspan(taken);
    if (impl.filled == kBlockSamples) impl.convert_block();
  }
  return std::span(impl.output).first(impl.ready);
}

std::span<const float> Resampler::finish() noexcept {
  Impl& impl = *impl_;
  if (impl.filter) return impl.rest_of_filter();
  if (!impl.state) return {};
  impl.ready = 0;
  const std::uint64_t due = impl.due();
  const std::uint64_t before = impl.produced;
  // Silence after the end pushes out what the filter still holds.
  while (impl.produced < due) {
    const std::size_t room = impl.ready + impl.room_for(1);
    if (impl.output.size() < room) impl.output.resize(room);
    std::fill(impl.block.begin() + static_cast<std::ptrdiff_t>(impl.filled), impl.block.end(), 0.0f);
    impl.convert_block();
  }
  const std::size_t wanted = due > before ? static_cast<std::size_t>(due - before) : 0;
  reset();
  return std::span(impl.output).first(wanted);
}

void Resampler::reset() noexcept {
  impl_->filled = 0;
  impl_->consumed = 0;
  impl_->produced = 0;
  if (impl_->filter) impl_->filter->reset();
  if (impl_->state) src_reset(impl_->state.get());
}

std::uint64_t Resampler::take_failed_samples() noexcept {
  return std::exchange(impl_->failed_samples, std::uint64_t{0});
}

std::vector<float> resample_by(std::span<const float> samples, double speed, ResampleQuality quality) {
  std::vector<float> out(static_cast<std::size_t>(std::ceil(static_cast<double>(samples.size()) / speed)));
  SRC_DATA data{};
  data.data_in = samples.data();
  data.input_frames = static_cast<long>(samples.size());
  data.data_out = out.data();
  data.output_frames = static_cast<long>(out.size());
  data.src_ratio = 1.0 / speed;
  const int filter = quality == ResampleQuality::linear ? SRC_LINEAR : SRC_SINC_MEDIUM_QUALITY;
  if (const int failure = src_simple(&data, filter, 1)) {
    throw Error(ExitCode::software, std::string("libsamplerate: ") + src_strerror(failure));
  }
  return out;
}

std::vector<float> resample(std::span<const float> samples, int from_hz, int to_hz) {
  Resampler resampler(from_hz, to_hz);
  const std::span<const float> ready = resampler.process(samples);
  std::vector<float> out(ready.begin(), ready.end());
  const std::span<const float> rest = resampler.finish();
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

}  // namespace earshot
