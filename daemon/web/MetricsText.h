// MetricsText: Prometheus' text format, version 0.0.4, family by family.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace earshot {

/// https://prometheus.io/docs/instrumenting/exposition_formats/. All samples of a family come together.
class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// `type` is "counter", "gauge" or "histogram". What follows are its samples.
  void family(std::string_view name, std::string_view type, std::string_view help);

  /// Labels' values may be any text; what is not UTF-8 is repaired, since a scrape would fail of it. `suffix`
  /// is that of a histogram's parts.
  void sample(Labels labels, double value, std::string_view suffix = {});
  void sample(Labels labels, std::uint64_t value, std::string_view suffix = {});

  std::string take() { return std::move(text_); }

 private:
  void begin(Labels labels, std::string_view suffix);

  std::string text_;
  std::string name_;
};

}  // namespace earshot
