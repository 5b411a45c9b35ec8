#include "daemon/doctor/BrokerCheck.h"

#include <chrono>
#include <string>

#include "daemon/net/ClientSocket.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

constexpr std::chrono::seconds kBrokerPatience{2};

}  // namespace

Findings check_broker(const Patient& patient) {
  const auto& mqtt = patient.config->publish_mqtt;
  if (!mqtt) return {found_ok("no [publish.mqtt]")};
  try {
    const ClientSocket socket(mqtt->broker, kBrokerPatience);
    return {found_ok("[publish.mqtt] " + mqtt->broker.text() + " is there")};
  } catch (const Error& error) {
    const std::string& host = mqtt->broker.host;
    const auto address = parse_ip(host);
    const bool is_own = host == "localhost" || (address && address->is_loopback());
    return {found_wrong(
        std::string("[publish.mqtt] cannot reach ") + error.what(),
        std::string("start the broker there (sudo systemctl start mosquitto)") +
            (is_own ? "" : ", have it listen beyond its own machine, see whether a firewall is between") +
            "; or correct broker" +
            (is_own || address ? "" : "; getent hosts " + host + " says whether its name is known"))};
  }
}

}  // namespace earshot
