#include "daemon/CheckedHearing.h"

#include "daemon/CheckSources.h"
#include "daemon/actions/ActionsOutlet.h"
#include "daemon/mqtt/MqttOutlet.h"

namespace earshot {

std::shared_ptr<const Hearing> checked_hearing(Config& config, const ConfiguredHearing* present) {
  const Config* const running = present ? &present->config : nullptr;
  load_tls(config, running);
  check_sources(config, running);
  std::shared_ptr<const Hearing> hearing = make_hearing(config, present);
  check_mqtt(config);
  check_actions(config.actions);
  return hearing;
}

}  // namespace earshot
