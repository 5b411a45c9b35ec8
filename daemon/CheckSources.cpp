#include "daemon/CheckSources.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <variant>

#include "daemon/capture/FileSource.h"
#include "daemon/capture/FindProgram.h"
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

bool listens_on(const Config& config, const Endpoint& endpoint) {
  return std::ranges::any_of(config.sources, [&](const SourceSettings& each) {
    const auto* tcp = std::get_if<TcpSettings>(&each.kind);
    return tcp && tcp->listen == endpoint;
  });
}

}  // namespace

void check_sources(const Config& config, const Config* running) {
  for (const SourceSettings& source : config.sources) {
    if (running && has(*running, source)) continue;
    if (const auto* file = std::get_if<FileSettings>(&source.kind)) open_file(source, *file);
    if (const auto* command = std::get_if<CommandSettings>(&source.kind)) check_program(source, *command);
    const auto* tcp = std::get_if<TcpSettings>(&source.kind);
    if (tcp && running && !listens_on(*running, tcp->listen)) ::close(open_listener(tcp->listen, tcp->allow));
  }
}

}  // namespace earshot
