#include "daemon/web/MetricsText.h"

#include <cmath>

#include <spdlog/fmt/fmt.h>

#include "dsp/base/Utf8.h"

namespace earshot {

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::sample(Labels labels, double value, std::string_view suffix) {
  begin(labels, suffix);
  text_ += std::isnan(value) ? "NaN\n" : fmt::format("{}\n", value);
}

void MetricsText::sample(Labels labels, std::uint64_t value, std::string_view suffix) {
  begin(labels, suffix);
  text_ += std::to_string(value) + '\n';
}

void MetricsText::begin(Labels labels, std::string_view suffix) {
  text_.append(name_).append(suffix);
  char before = '{';
  for (const auto& [label, value] : labels) {
    text_.append(1, before).append(label).append("=\"");
    for (const char character : repaired_utf8(value)) {
      if (character == '\n') {
        text_ += "\\n";
        continue;
      }
      if (character == '\\' || character == '"') text_ += '\\';
      text_ += character;
    }
    text_ += '"';
    before = ',';
  }
  text_ += labels.size() > 0 ? "} " : " ";
}

}  // namespace earshot
