// KerasEntry: one layer as a Keras model lists it, and the layers whose outputs it takes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "nn/exchange/KerasConfig.h"

namespace earshot {

/// Lives no longer than the JSON it reads.
struct KerasEntry {
  std::string class_name;
  std::string name;
  const boost::json::object* object = nullptr;
  const boost::json::object* config = nullptr;

  KerasConfig options() const { return {class_name, name, *config}; }
};

/// The entry at `position` of a model's "layers". Throws Error(bad_data) if it has no class, no name, no
/// configuration, or is of a class that is not Keras' own.
KerasEntry read_keras_entry(const boost::json::value& value, std::size_t position);

/// The names in its one inbound node, in order. Throws Error(bad_data) if it is used more than once, or takes
/// anything but the only output of a layer.
std::vector<std::string> inbound_layers(const KerasEntry& entry);

}  // namespace earshot
