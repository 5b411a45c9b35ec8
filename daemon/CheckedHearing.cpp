#include "daemon/CheckedHearing.h"

#include "daemon/CheckSources.h"
#include "daemon/actions/ActionsOutlet.h"
#include "daemon/mqtt/MqttOutlet.h"

namespace earshot {

std::shared_ptr<const Hearing> needed_hearing(Config& config, const ConfiguredHearing* present) {
  load_tls(config, present ? &present->config : nullptr);
  check_mqtt(config);
  return make_hearing(config, present);
}

std::shared_ptr<const Hearing> checked_hearing(Config& config, const ConfiguredHearing* present) {
  std::shared_ptr<const Hearing> hearing = needed_hearing(config, present);
  check_sources(config, present ? &present->config : nullptr);
  check_actions(config.actions);
  return hearing;
}

}  // namespace earshot
