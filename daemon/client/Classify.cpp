#include "daemon/client/Classify.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "daemon/capture/FileSource.h"
#include "daemon/client/AlsoHeard.h"
#include "daemon/hearing/Message.h"
#include "nn/model/BundledModel.h"
#include "daemon/settings/Config.h"
#include "daemon/stream/JsonLine.h"
#include "daemon/stream/StreamFacts.h"
#include "dsp/base/DisplayWidth.h"
#include "dsp/base/StandardOutput.h"
#include "dsp/base/Utf8.h"
#include "nn/events/EventRules.h"
#include "nn/model/Model.h"

namespace earshot {
namespace {

// "1:02:03.50"
std::string clock_text(std::uint64_t sample, int rate_hz) {
  const auto hundredths =
      static_cast<std::uint64_t>(std::llround(static_cast<double>(sample) * 100.0 / rate_hz));
  const std::uint64_t seconds = hundredths / 100;
  return fmt::format("{}:{:02}:{:02}.{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                     hundredths % 100);
}

// What became something else is told as that.
bool is_over(const Event& event) {
  const auto* ended = std::get_if<Ended>(&event.why);
  return ended && ended->rule != EndRule::became;
}

// Prints what the pipeline publishes.
class Printer final : public MessageSink {
 public:
  Printer(const Model& model, bool json, bool events, std::ostream& out)
      : model_(model), json_(json), events_(events), out_(out) {
    for (const std::string& label : model.labels) label_width_ = std::max(label_width_, display_width(label) + 1);
  }

  void publish(Message message) noexcept override {
    if (std::holds_alternative<SourceChange>(message)) return;
    if (events_ && std::holds_alternative<Prediction>(message)) return;
    if (json_) {
      out_ << json_line(message, ++seq_, usual_scores(model_.labels.size())) << std::flush;
    } else if (const auto* prediction = std::get_if<Prediction>(&message)) {
      out_ << line(*prediction) << std::flush;
    } else if (const auto* event = std::get_if<Event>(&message)) {
      if (is_over(*event)) out_ << line(*event) << std::flush;
    }
  }

 private:
  std::string line(const Prediction& prediction) const {
    const int rate_hz = model_.recipe.rate_hz;
    const std::string what = prediction.gated ? fmt::format("{:<{}}         ", "(quiet)", label_width_) : label(prediction);
    return fmt::format("{}  {} - {}  {}  {:6.1f} dBFS{}{}\n", printable(prediction.source),
                       clock_text(prediction.start_sample, rate_hz),
                       clock_text(prediction.end_sample, rate_hz), what, prediction.level_dbfs,
                       others(prediction), prediction.padded_samples > 0 ? "  padded with silence" : "");
  }

  std::string line(const Event& event) const {
    const int rate_hz = model_.recipe.rate_hz;
    const std::string peak = event.peak_dbfs ? fmt::format("{:6.1f} dBFS", *event.peak_dbfs)
                                             : fmt::format("{:6.1f} %   ", 100.0F * event.peak_confidence);
    return fmt::format("{}  {} - {}  {:7.2f} s  {}  {}\n", printable(event.source),
                       clock_text(event.start_sample, rate_hz), clock_text(event.end_sample, rate_hz),
                       event.duration_s, peak, event.label);
  }

  // With a question mark where nothing is at its threshold.
  std::string label(const Prediction& prediction) const {
    const std::size_t first = prediction.label();
    return fmt::format("{:<{}}  {:5.1f} %", model_.labels[first] + (prediction.heard.empty() ? "?" : ""), label_width_,
                       100.0F * prediction.scores[first]);
  }

  std::string others(const Prediction& prediction) const {
    std::vector<HeardLabel> heard;
    for (const std::size_t label : prediction.heard)
      heard.push_back({model_.labels[label], static_cast<double>(prediction.scores[label])});
    return also_heard(heard);
  }

  const Model& model_;
  bool json_;
  bool events_;
  std::ostream& out_;
  std::size_t label_width_ = 7;
  std::uint64_t seq_ = 0;
};

struct FoundModel {
  std::filesystem::path path;
  EventSettings events;  ///< of the same configuration, else the usual ones
};

FoundModel find_model_and_events() {
  if (const auto path = find_config()) {
    const Config config = load_config(*path);
    return {config.model.path, config.events.value_or(EventSettings())};
  }
  return {bundled_model(), {}};
}

}  // namespace

std::filesystem::path find_model() {
  return find_model_and_events().path;
}

ExitCode classify_files(const ClassifySettings& settings, std::ostream& out, std::ostream& errors) {
  const FoundModel found = settings.model ? FoundModel{*settings.model, {}} : find_model_and_events();
  const auto model = std::make_shared<const Model>(load_model(found.path));
  Printer printer(*model, settings.json, settings.events, out);
  Counters counters;
  UtcClock utc;
  Hearing hearing{
      .model = model,
      .classifiers = std::make_shared<ClassifierPool>(prepare_network(*model), 1, 1),
      .hop_samples = effective_hop_samples(model->recipe, settings.hop_s, "--hop-s", ExitCode::usage),
      .gate_dbfs = settings.gate_dbfs};
  if (settings.events) hearing.events = std::make_shared<const EventRules>(event_rules(found.events, *model));
  const SourceContext context{.hearing = std::make_shared<const Hearing>(std::move(hearing)),
                              .utc = utc,
                              .sink = printer,
                              .counters = counters,
                              .microphones = nullptr,
                              .instance = new_instance()};
  ExitCode code = ExitCode::ok;
  for (const std::filesystem::path& path : settings.files) {
    const FileSettings file{.path = path, .pace = Pace::fast, .at_end = AtEnd::stop};
    SourceSettings source;
    source.name = path.string();
    source.kind = file;
    try {
      FileSource(source, file, context).play({}, [&errors](const SoundDamage& damage) {
        errors << "earshot: " << printable(damage.line) << '\n';
      });
    } catch (const Error& error) {
      errors << "earshot: " << printable(error.what()) << '\n';
      if (code == ExitCode::ok) code = error.code();
    }
  }
  flush_output(out);
  return code;
}

}  // namespace earshot
