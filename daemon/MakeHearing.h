// make_hearing: what a configuration says to hear with, loaded.
#pragma once

#include <memory>

#include "daemon/hearing/Hearing.h"
#include "daemon/settings/Config.h"

namespace earshot {

/// What is heard with, and the configuration that asks for it.
struct ConfiguredHearing {
  Config config;
  std::shared_ptr<const Hearing> hearing;
};

/// Loads the model, checks hop and events by it, and lays it out. Takes from `present`, what is heard with
/// now, all that has not changed; the same hearing if nothing has. Null: all is new. Throws Error as
/// load_model, effective_hop_samples and event_rules do.
std::shared_ptr<const Hearing> make_hearing(const Config& config, const ConfiguredHearing* present);

}  // namespace earshot
