#include "daemon/CheckSources.h"

#include <unistd.h>

#include <algorithm>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "daemon/capture/FileSource.h"
#include "daemon/capture/FindProgram.h"
#include "daemon/net/SocketAddress.h"
#include "dsp/base/Error.h"

namespace earshot {
namespace {

// A start goes without it and tries again; whoever asks wants to know.
void check_program(const SourceSettings& source, const CommandSettings& command) {
  const std::string& name = command.argv.front();
  if (find_program(name)) return;
  throw Error(ExitCode::config, "source '" + source.name + "': key 'argv': found \"" + name +
                                    "\", expected a program that may be run, in PATH or by its path");
}

bool has(const Config& config, const SourceSettings& source) {
  return std::ranges::any_of(config.sources,
                             [&](const SourceSettings& each) { return are_the_same_sound(each, source); });
}

// Where it listens, for senders and for clients.
std::vector<SocketAddress> addresses_of(const Config& config) {
  std::vector<SocketAddress> all = config.publish_tcp.listen;
  for (const SourceSettings& each : config.sources) {
    if (const auto* tcp = std::get_if<TcpSettings>(&each.kind)) all.emplace_back(tcp->listen);
  }
  return all;
}

// But for addresses that `running` has to leave first.
void check_addresses(const Config& config, const Config& running) {
  const std::vector<SocketAddress> ours = addresses_of(running);
  const auto check = [&](const Endpoint& endpoint, std::span<const IpNetwork> allow) {
    const bool is_ours =
        std::ranges::any_of(ours, [&](const SocketAddress& each) { return collide(each, endpoint); });
    if (!is_ours) ::close(open_listener(endpoint, allow));
  };
  for (const SocketAddress& each : config.publish_tcp.listen) {
    if (const auto* endpoint = std::get_if<Endpoint>(&each)) check(*endpoint, config.publish_tcp.admitted());
  }
  for (const SourceSettings& each : config.sources) {
    if (const auto* tcp = std::get_if<TcpSettings>(&each.kind)) check(tcp->listen, tcp->admitted());
  }
}

}  // namespace

void check_sources(const Config& config, const Config* running) {
  for (const SourceSettings& source : config.sources) {
    if (running && has(*running, source)) continue;
    if (const auto* file = std::get_if<FileSettings>(&source.kind)) open_file(source, *file);
    if (const auto* command = std::get_if<CommandSettings>(&source.kind)) check_program(source, *command);
  }
  if (running) check_addresses(config, *running);
}

}  // namespace earshot
