#include "daemon/doctor/NetworkCheck.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

namespace earshot {
namespace {

constexpr const char* kOpen =
    "sudo systemctl edit earshotd: [Service] IPAddressAllow=192.168.1.0/24, the network of it; then restart; "
    "docs/service.md";

constexpr const char* kByTls = "whoever comes by TLS";

bool is_own(const std::string& host) {
  const auto address = parse_ip(host);
  return host == "localhost" || (address && address->is_loopback());
}

bool holds(const IpNetwork& outer, const IpNetwork& inner) {
  return outer.prefix_bits <= inner.prefix_bits && outer.contains(inner.address);
}

bool opens_beyond(const IpNetwork& network) {
  return !network.address.is_loopback();
}

}  // namespace

std::string host_in_url(std::string_view word) {
  constexpr std::string_view kAfterScheme = "://";
  const std::size_t scheme = word.find(kAfterScheme);
  if (scheme == std::string_view::npos) return {};
  std::string_view rest = word.substr(scheme + kAfterScheme.size());
  rest = rest.substr(0, rest.find_first_of("/?# "));
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) rest.remove_prefix(at + 1);
  std::string_view host = rest;
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  return is_own(std::string(host)) ? std::string() : std::string(host);
}

std::vector<Partner> partners_of(const Config& config) {
  std::vector<Partner> partners;
  const auto add_networks = [&](const std::string& key, const std::vector<IpNetwork>& allow) {
    for (const IpNetwork& each : allow) {
      if (!each.address.is_loopback()) partners.push_back({key, each.text()});
    }
  };
  const auto add_words = [&](const std::string& key, const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      if (const std::string host = host_in_url(word); !host.empty()) partners.push_back({key, host});
    }
  };
  const StreamSettings& stream = config.publish_tcp;
  add_networks("[publish.tcp] allow", stream.allow);
  if (stream.allow.empty() &&
      std::ranges::any_of(stream.listen, [&](const SocketAddress& each) { return stream.speaks_tls(each); }))
    partners.push_back({"[publish.tcp]", kByTls});
  if (config.publish_web) add_networks("[publish.web] allow", config.publish_web->allow);
  if (config.publish_mqtt && !is_own(config.publish_mqtt->broker.host))
    partners.push_back({"[publish.mqtt] broker", config.publish_mqtt->broker.host});
  for (const ActionSettings& each : config.actions) {
    if (const auto* post = std::get_if<ActionUrl>(&each.what)) add_words("[[action]] url", {post->url});
    if (const auto* command = std::get_if<ActionCommand>(&each.what))
      add_words("[[action]] command", command->argv);
  }
  for (const SourceSettings& each : config.sources) {
    const std::string key = "[[source]] \"" + each.name + '"';
    if (const auto* tcp = std::get_if<TcpSettings>(&each.kind)) {
      add_networks(key + " allow", tcp->allow);
      const auto address = listen_address(tcp->listen);
      if (tcp->tls && tcp->allow.empty() && address && !address->is_loopback())
        partners.push_back({key, kByTls});
    }
    if (const auto* command = std::get_if<CommandSettings>(&each.kind))
      add_words(key + " argv", command->argv);
  }
  return partners;
}

std::optional<bool> lets_through(const std::vector<IpNetwork>& allow, const std::vector<IpNetwork>& deny,
                                 const std::string& host) {
  const auto network = parse_network(host);
  if (!network) {
    if (deny.empty()) return true;
    if (std::ranges::none_of(allow, opens_beyond)) return false;  // wherever it is
    return std::nullopt;
  }
  const auto is_in = [&](const IpNetwork& each) { return holds(each, *network); };
  return std::ranges::any_of(allow, is_in) || std::ranges::none_of(deny, is_in);
}

Findings network_findings(const std::vector<Partner>& partners, const ServiceUnit& unit) {
  if (partners.empty()) return {found_ok("talks to this machine alone")};
  Findings findings;
  for (const Partner& each : partners) {
    const std::string text = each.key + ' ' + each.host;
    const auto passes = lets_through(unit.allow, unit.deny, each.host);
    if (!passes) {
      findings.push_back(
          found_doubtful(text + " passes systemd's filter only if its address is in IPAddressAllow", kOpen));
    } else if (*passes) {
      findings.push_back(found_ok(text));
    } else {
      findings.push_back(found_wrong(text + " is turned away by systemd's filter, IPAddressDeny", kOpen));
    }
  }
  return findings;
}

Findings check_network(const Patient& patient) {
  return network_findings(partners_of(*patient.config), patient.is_service ? patient.unit : ServiceUnit());
}

}  // namespace earshot
