#include "tests/support/KerasDigest.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <string_view>
#include <utility>

#include "dsp/base/KeyedRandom.h"

namespace earshot::test {
namespace {

constexpr std::uint64_t kSeed = 9;
constexpr std::size_t kProjections = 32;

// FNV-1a (Fowler, Noll, Vo).
std::uint64_t key_of(std::string_view name) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return derive_key(kSeed, hash);
}

std::pair<double, double> range(std::string_view name, const std::vector<std::int64_t>& shape) {
  const std::string_view kind = name.substr(name.rfind('/') + 1);
  double fan_in = static_cast<double>(shape[0]);
  if (kind == "depthwise_kernel") {
    fan_in *= static_cast<double>(shape[1]);
  } else {
    for (std::size_t axis = 1; axis + 1 < shape.size(); ++axis) fan_in *= static_cast<double>(shape[axis]);
  }
  const double limit = (fan_in > 32.0 ? 0.3 : 1.0) * std::sqrt(6.0 / fan_in);
  if (kind.ends_with("kernel")) return {-limit, limit};
  if (kind == "gamma") return {0.7, 1.3};
  if (kind == "beta" && name.find("_bn/") != name.npos) return {1.6, 2.4};
  if (kind == "beta") return {-0.4, 0.4};
  if (kind == "bias") return {0.9, 1.5};
  if (kind == "mean") return {0.3, 0.5};
  if (kind == "variance") return {0.05, 0.15};
  const double start = kind == "moving_variance" ? 1.0 : 0.0;
  return {start, start};
}

// The rest of a difference of projections, from ours[i] - start[i] where there is a start.
double relative(std::span<const float> ours, std::span<const float> start, std::span<const float> digest) {
  assert(digest.size() == kProjections + 1);
  std::array<double, kProjections> projections{};
  KeyedRandom random(0);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double value = static_cast<double>(ours[i]) - (start.empty() ? 0.0 : static_cast<double>(start[i]));
    const std::uint64_t bits = random.bits();
    for (std::size_t k = 0; k < kProjections; ++k) projections[k] += (bits >> k & 1U) != 0 ? value : -value;
  }
  double squares = 0.0;
  for (std::size_t k = 0; k < kProjections; ++k) {
    squares += std::pow(projections[k] - static_cast<double>(digest[k + 1]), 2);
  }
  return std::sqrt(squares / static_cast<double>(kProjections)) / static_cast<double>(digest[0]);
}

}  // namespace

std::uint32_t mixed(std::uint32_t x) {
  x = (x ^ (x >> 16U)) * 0x85EBCA6BU;
  x = (x ^ (x >> 13U)) * 0xC2B2AE35U;
  return x ^ (x >> 16U);
}

Weights formula_weights(const Architecture& architecture) {
  Weights weights;
  for (const ParameterSpec& spec : parameter_specs(architecture)) {
    std::size_t count = 1;
    for (const std::int64_t size : spec.shape) count *= static_cast<std::size_t>(size);
    const auto [low, high] = range(spec.name, spec.shape);
    KeyedRandom random(key_of(spec.name));
    Tensor tensor{spec.shape, std::vector<float>(count)};
    for (float& value : tensor.values) value = static_cast<float>(low + (high - low) * random.uniform());
    weights.emplace(spec.name, std::move(tensor));
  }
  return weights;
}

std::vector<float> formula_pictures(std::size_t n, int side, int channels) {
  std::vector<float> values;
  for (std::uint32_t picture = 0; picture < n; ++picture) {
    for (std::uint32_t y = 0; y < static_cast<std::uint32_t>(side); ++y) {
      for (std::uint32_t x = 0; x < static_cast<std::uint32_t>(side); ++x) {
        for (std::uint32_t c = 0; c < static_cast<std::uint32_t>(channels); ++c) {
          const std::uint32_t i = picture + 2 * c;
          const std::uint32_t partial =
              y % (11 + 5 * i) < 3 + i / 3 ? 200 - x % (24 + 16 * (7 - i)) * 2 * (i % 3) : 20 + i * 6;
          const std::uint32_t onset = x % (32 + 24 * (i % 4)) < 3 ? 215 - y / 2 : partial;
          const auto shown = std::clamp(static_cast<std::int32_t>(onset), 0, 223);
          const auto noise = static_cast<std::int32_t>(mixed((i * 256 + y) * 256 + x) & 31U);
          values.push_back(static_cast<float>(shown + noise));
        }
      }
    }
  }
  return values;
}

std::vector<float> formula_waveform(std::uint32_t i) {
  std::vector<float> samples(15600);
  for (std::uint32_t t = 0; t < samples.size(); ++t) {
    const std::uint32_t saw = t * (211 + 97 * i) % 16000;
    const bool quiet = t / 1600 % 3 == i % 3;
    const auto noise = static_cast<std::int32_t>(mixed(i * 65536 + t) & 1023U);
    const std::int32_t level = static_cast<std::int32_t>(quiet ? saw / 8 + 7000 : saw) - 8000 + noise - 512;
    samples[t] = static_cast<float>(level) / 32768.0F;
  }
  return samples;
}

double relative_difference(std::span<const float> ours, std::span<const float> keras_digest) {
  return relative(ours, {}, keras_digest);
}

double relative_change_difference(std::span<const float> ours, std::span<const float> start,
                                  std::span<const float> keras_digest) {
  return relative(ours, start, keras_digest);
}

}  // namespace earshot::test
