#include "daemon/doctor/PortsCheck.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

namespace earshot {
namespace {

constexpr std::string_view kDaemonName = "earshotd";

Finding unasked_finding(const std::string& text, const DaemonWord& word) {
  return found_doubtful(
      text + ", cannot be asked without the token: " + word.trouble,
      "sudo earshot doctor, or as one who may read certificate and token_file of [publish.tls]");
}

Finding held_by_daemon(const WantedPort& port, const std::optional<Process>& holder, const DaemonWord* word) {
  const std::string text = port.key + ' ' + port.at.text();
  if (holder && holder->state == 'T') {
    return found_wrong(text + " is held by " + to_text(*holder) + ", which is stopped",
                       fmt::format("kill -CONT {}, or restart it", holder->pid));
  }
  if (holder && word && word->unasked) return unasked_finding(text + ", " + to_text(*holder), *word);
  if (word && word->connected && !word->greeted) {
    return found_wrong(text + " is held by " + (holder ? to_text(*holder) : "earshotd") +
                           ", which does not answer: " + word->trouble,
                       "restart it: sudo systemctl restart earshotd; report it with --bundle");
  }
  return found_ok(text + ", " + (holder ? to_text(*holder) : "earshotd"));
}

Finding port_finding(const WantedPort& port, const PortFacts& facts) {
  const std::string text = port.key + ' ' + port.at.text();
  const auto socket = std::ranges::find_if(
      facts.listening, [&](const ListeningSocket& each) { return collide(each.at, port.at); });
  if (socket == facts.listening.end()) {
    if (!facts.daemon_runs) return found_ok(text + ", free");
    return found_wrong(
        text + ": nobody listens, though an earshotd runs",
        "have it read its configuration: sudo systemctl reload earshotd, or earshotd --reload");
  }
  const auto holder = facts.holder(*socket);
  const bool is_daemon = holder && holder->name == kDaemonName;
  if (!holder && port.word && port.word->unasked)
    return unasked_finding(text + ", user " + user_name(socket->uid), *port.word);
  if ((port.word && port.word->greeted) || is_daemon) return held_by_daemon(port, holder, port.word);
  if (!holder && facts.daemon_runs && socket->uid == facts.uid)
    return found_ok(text + ", listens, as earshotd's user");
  const std::string who = holder ? to_text(*holder) : "a program of user " + user_name(socket->uid);
  return found_wrong(text + " is taken by " + who,
                     std::string(holder ? "" : "sudo earshot doctor names it; ") + "end it, or give " +
                         port.key + " another listen");
}

}  // namespace

std::vector<WantedPort> wanted_ports(const Config& config) {
  std::vector<WantedPort> ports;
  for (const SocketAddress& each : config.publish_tcp.listen) {
    if (const auto* endpoint = std::get_if<Endpoint>(&each)) ports.push_back({"[publish.tcp]", *endpoint});
  }
  if (config.publish_web) ports.push_back({"[publish.web]", config.publish_web->listen});
  for (const SourceSettings& each : config.sources) {
    if (const auto* tcp = std::get_if<TcpSettings>(&each.kind))
      ports.push_back({"[[source]] \"" + each.name + '"', tcp->listen});
  }
  std::erase_if(ports, [](const WantedPort& port) { return port.at.port == 0; });
  return ports;
}

Findings port_findings(const std::vector<WantedPort>& wanted, const PortFacts& facts) {
  Findings findings;
  for (const WantedPort& each : wanted) findings.push_back(port_finding(each, facts));
  return findings;
}

Findings check_ports(const Patient& patient) {
  std::vector<WantedPort> wanted = wanted_ports(*patient.config);
  const auto asked = door_to_ask(patient.config->publish_tcp);
  const auto* endpoint = asked ? std::get_if<Endpoint>(&asked->address) : nullptr;
  for (WantedPort& each : wanted) {
    if (endpoint && collide(each.at, *endpoint)) each.word = &patient.word;
  }
  Findings findings =
      port_findings(wanted, {.listening = listening_sockets(),
                             .holder = [](const ListeningSocket& socket) { return holder_of(socket.inode); },
                             .daemon_runs = patient.word.greeted || patient.word.unasked,
                             .uid = patient.account.uid});
  if (asked && !endpoint) {
    const std::string text = "[publish.tcp] " + to_text(asked->address);
    findings.push_back(patient.word.greeted ? found_ok(text + ", earshotd")
                       : patient.word.connected
                           ? found_wrong(text + " is held by who does not answer: " + patient.word.trouble,
                                         "restart earshotd; report it with --bundle")
                           : found_ok(text + ": nobody listens"));
  }
  return findings;
}

}  // namespace earshot
