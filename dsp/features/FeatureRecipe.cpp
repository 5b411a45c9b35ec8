// FeatureRecipe: its shape, the recipes that have names, and bounds on every field.
#include "dsp/features/FeatureRecipe.h"

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <utility>

#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::size_t kMaxNameLength = 64;
constexpr std::uint64_t kMaxWindowSamples = std::uint64_t{1} << 26;  // 25 minutes at 44.1 kHz
constexpr std::uint64_t kMaxSpectrogramCells = std::uint64_t{1} << 24;
constexpr int kMaxImageSide = 2048;

FeatureRecipe efficientnet_b0() {
  FeatureRecipe recipe;
  recipe.name = "efficientnet_b0";
  recipe.rate_hz = 22050;
  recipe.window_samples = 44100;
  recipe.mel_bands = 128;
  recipe.max_hz = 11025.0;
  recipe.cells = CellRule::min_max;
  recipe.image_height = 224;
  recipe.image_width = 224;
  recipe.grey_divisor = 1.0;  // the source divided by 255, as the network does itself: it stayed at chance
  recipe.channels = 3;
  recipe.clip = ClipFit::crop;
  return recipe;
}

FeatureRecipe yamnet() {
  FeatureRecipe recipe;
  recipe.name = "yamnet";
  recipe.rate_hz = 16000;
  recipe.window_samples = 15600;  // 96 frames
  recipe.frame_samples = 400;
  recipe.fft_samples = 512;
  recipe.hop_samples = 160;
  recipe.centred = false;
  recipe.spectrum = Spectrum::magnitude;
  recipe.mel_bands = 64;
  recipe.mel_scale = MelScale::htk;
  recipe.min_hz = 125.0;
  recipe.max_hz = 7500.0;
  recipe.level = LevelRule::log;
  recipe.log_offset = 1e-3;
  recipe.cells = CellRule::real;
  recipe.image_height = 0;
  recipe.image_width = 0;
  recipe.time_axis = TimeAxis::height;
  recipe.clip = ClipFit::crop;
  return recipe;
}

FeatureRecipe log_mel() {
  FeatureRecipe recipe;
  recipe.name = "log_mel";
  recipe.mel_bands = 128;
  recipe.min_hz = 20.0;
  recipe.max_hz = 20000.0;
  recipe.level = LevelRule::log;
  recipe.cells = CellRule::real;
  recipe.image_height = 0;
  recipe.image_width = 0;
  recipe.mean = -5.5;  // of ESC-10's clips
  recipe.deviation = 5.2;
  recipe.clip = ClipFit::crop;
  return recipe;
}

template <typename Value>
std::string text(const Value& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

template <typename Value>
std::optional<RecipeProblem> outside(const char* field, Value found, Value lowest, Value highest) {
  if (found >= lowest && found <= highest) return std::nullopt;  // NaN is outside every range
  return RecipeProblem{field, text(found), text(lowest) + " to " + text(highest)};
}

bool is_printable(const std::string& text) {
  for (const char c : text) {
    if (c < ' ' || c > '~') return false;
  }
  return true;
}

std::optional<RecipeProblem> problem_of_cells(const FeatureRecipe& recipe) {
  if (recipe.cells == CellRule::real) {
    for (const auto& [field, side] :
         {std::pair{"image_height", recipe.image_height}, std::pair{"image_width", recipe.image_width}}) {
      if (side != 0) return RecipeProblem{field, text(side), "0, as real cells are not resized"};
    }
    if (recipe.clip == ClipFit::whole) {
      return RecipeProblem{"clip", "\"whole\"",
                           "\"crop\", \"tile\" or \"windows\", as real cells are not resized"};
    }
    return std::nullopt;
  }
  if (auto problem = outside("image_height", recipe.image_height, 1, kMaxImageSide)) return problem;
  if (auto problem = outside("image_width", recipe.image_width, 1, kMaxImageSide)) return problem;
  if (recipe.cells == CellRule::wrapped && recipe.level != LevelRule::relative_db) {
    return RecipeProblem{"cells", "\"wrapped\"",
                         "\"min_max\" or \"real\", as only levels relative to the maximum can wrap"};
  }
  return std::nullopt;
}

}  // namespace

std::string shape_text(const FeatureShape& shape) {
  return std::to_string(shape.height) + " x " + std::to_string(shape.width) + " x " +
         std::to_string(shape.channels);
}

std::size_t FeatureRecipe::frames_of(std::size_t samples) const {
  const auto hop = static_cast<std::size_t>(hop_samples);
  if (centred) return 1 + samples / hop;
  const auto length = static_cast<std::size_t>(frame());
  return samples <= length ? 1 : 1 + (samples - length) / hop;
}

FeatureShape FeatureRecipe::shape() const {
  if (cells != CellRule::real) return {image_height, image_width, channels};
  const int frames = static_cast<int>(frames_of(window_samples));
  return time_axis == TimeAxis::width ? FeatureShape{mel_bands, frames, channels}
                                      : FeatureShape{frames, mel_bands, channels};
}

std::vector<std::string> recipe_names() {
  return {"v6", "efficientnet_b0", "yamnet", "log_mel"};
}

FeatureRecipe recipe_named(std::string_view name) {
  if (name == "v6") return {};
  if (name == "efficientnet_b0") return efficientnet_b0();
  if (name == "yamnet") return yamnet();
  if (name == "log_mel") return log_mel();
  std::string known;
  for (const std::string& other : recipe_names()) known += (known.empty() ? "" : ", ") + other;
  throw Error(ExitCode::usage, "recipe: found '" + std::string(name) + "', expected one of " + known);
}

std::optional<RecipeProblem> problem_of(const FeatureRecipe& recipe) {
  if (recipe.name.empty() || recipe.name.size() > kMaxNameLength || !is_printable(recipe.name)) {
    return RecipeProblem{"name", text(recipe.name.size()) + " bytes",
                         "1 to " + text(kMaxNameLength) + " printable ASCII characters"};
  }
  if (auto problem = outside("rate_hz", recipe.rate_hz, 1000, 768000)) return problem;
  if (auto problem = outside("fft_samples", recipe.fft_samples, 64, 32768)) return problem;
  if ((recipe.fft_samples & (recipe.fft_samples - 1)) != 0) {
    return RecipeProblem{"fft_samples", text(recipe.fft_samples), "a power of two"};
  }
  if (recipe.frame_samples != 0) {
    if (auto problem = outside("frame_samples", recipe.frame_samples, 16, recipe.fft_samples)) return problem;
  }
  if (auto problem = outside("hop_samples", recipe.hop_samples, 1, recipe.fft_samples)) return problem;
  const auto least_window = static_cast<std::uint64_t>(
      recipe.centred ? recipe.hop_samples : std::max(recipe.frame(), recipe.hop_samples));
  if (auto problem = outside("window_samples", recipe.window_samples, least_window, kMaxWindowSamples)) {
    return problem;
  }
  if (auto problem = outside("mel_bands", recipe.mel_bands, 1, 1024)) return problem;
  if (auto problem = outside("max_hz", recipe.max_hz, 1.0, static_cast<double>(recipe.rate_hz) / 2)) {
    return problem;
  }
  if (auto problem = outside("min_hz", recipe.min_hz, 0.0, recipe.max_hz - 1.0)) return problem;
  if (auto problem =
          outside("floor_power", recipe.floor_power, 1e-18, 1.0)) {  // its square is a normal float
    return problem;
  }
  if (auto problem = outside("range_db", recipe.range_db, 1.0, 400.0)) return problem;
  if (auto problem = outside("log_offset", recipe.log_offset, 1e-30, 1e6)) return problem;
  if (auto problem = outside("grey_divisor", recipe.grey_divisor, 1e-3, 1e6)) return problem;
  if (auto problem = outside("mean", recipe.mean, -1e6, 1e6)) return problem;
  if (auto problem = outside("deviation", recipe.deviation, 1e-6, 1e6)) return problem;
  if (auto problem = outside("channels", recipe.channels, 1, 4)) return problem;
  if (auto problem = problem_of_cells(recipe)) return problem;

  const std::uint64_t cells =
      recipe.frames_of(recipe.window_samples) * static_cast<std::uint64_t>(recipe.mel_bands);
  if (cells > kMaxSpectrogramCells) {
    return RecipeProblem{
        "window_samples", text(recipe.window_samples),
        "at most " + text(kMaxSpectrogramCells) + " spectrogram cells, found " + text(cells)};
  }
  return std::nullopt;
}

void validate(const FeatureRecipe& recipe) {
  const auto problem = problem_of(recipe);
  if (!problem) return;
  throw Error(ExitCode::bad_data, "feature recipe: " + problem->field + ": found " + problem->found +
                                      ", expected " + problem->expected);
}

}  // namespace earshot
