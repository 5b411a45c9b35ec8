// Labels of predictions that tests make up.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace earshot::test {

inline std::shared_ptr<const std::vector<std::string>> labels_of(std::initializer_list<std::string> labels) {
  return std::make_shared<const std::vector<std::string>>(labels);
}

inline std::shared_ptr<const std::vector<std::string>> dog_and_rain() {
  static const auto labels = labels_of({"dog", "rain"});
  return labels;
}

}  // namespace earshot::test
