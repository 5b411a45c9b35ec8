// earshotd: listens, classifies, publishes.
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <systemd/sd-daemon.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "daemon/DescriptorLimit.h"
#include "daemon/EarshotdOptions.h"
#include "daemon/Housekeeping.h"
#include "daemon/Journal.h"
#include "daemon/ServiceStatus.h"
#include "daemon/Signals.h"
#include "daemon/Watchdog.h"
#include "daemon/books/Bookkeeper.h"
#include "daemon/books/StateDirectory.h"
#include "daemon/capture/CaptureHelper.h"
#include "daemon/capture/CaptureProcess.h"
#include "daemon/capture/CommandKeeper.h"
#include "daemon/capture/DeviceList.h"
#include "daemon/capture/FileSource.h"
#include "daemon/capture/FindProgram.h"
#include "daemon/capture/MakeSource.h"
#include "daemon/capture/PortAudio.h"
#include "daemon/capture/SourceThreads.h"
#include "daemon/hearing/Pipeline.h"
#include "daemon/log/Logging.h"
#include "daemon/settings/Config.h"
#include "daemon/stream/StreamServer.h"
#include "dsp/base/Error.h"
#include "dsp/base/Failure.h"
#include "dsp/base/LibraryLines.h"
#include "dsp/base/StandardOutput.h"
#include "dsp/base/Uncaught.h"
#include "dsp/base/Utf8.h"
#include "dsp/features/LiveHop.h"
#include "nn/events/EventRules.h"
#include "nn/model/Model.h"

namespace earshot {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kShutdown = 1900ms;  // from the signal to the last byte
constexpr std::chrono::milliseconds kSourcesShutdown = 1000ms;
constexpr std::chrono::milliseconds kBooksShutdown = 200ms;

StreamFacts facts_of(const Config& config, const Model& model) {
  StreamFacts facts{.model_name = model.name,
                    .model_sha256 = model.sha256,
                    .labels = model.labels,
                    .several_labels = model.architecture.scores == Scores::sigmoid,
                    .window_samples = model.recipe.window_samples,
                    .hop_samples = effective_hop_samples(model.recipe, config.hop_s, config.hop_place),
                    .rate_hz = model.recipe.rate_hz,
                    .sources = {}};
  for (const SourceSettings& source : config.sources) {
    if (is_for_many(source)) continue;  // its senders name themselves
    facts.sources.push_back({source.name, std::string(kind_name(source))});
  }
  return facts;
}

std::shared_ptr<const EventRules> events_of(const Config& config, const Model& model) {
  return config.events ? std::make_shared<const EventRules>(event_rules(*config.events, model)) : nullptr;
}

void tell_systemd(const std::string& state) {
  ::sd_notify(0, state.c_str());
}

WatchdogSettings watchdog_settings() {
  std::uint64_t deadline_us = 0;
  if (::sd_watchdog_enabled(0, &deadline_us) <= 0) return {};
  return {.deadline = std::chrono::microseconds(deadline_us)};
}

void run_daemon(const Config& config) {
  start_logging(config.log_level);
  raise_descriptor_limit(config.publish_tcp.max_clients, config.most_sources());
  boost::asio::io_context waiting(1);
  Signals signals(waiting);
  Watchdog watchdog(waiting, watchdog_settings(), tell_systemd);

  Model model = load_model(config.model.path);
  Counters counters;
  UtcClock utc;
  const StreamFacts facts = facts_of(config, model);
  StreamServer server(config.publish_tcp, facts, counters, utc, &watchdog.pulses());
  ServiceStatus status(waiting, server, tell_systemd);
  Journal journal(status, facts.rate_hz);
  const Housekeeping housekeeping(waiting, utc, journal);
  Bookkeeper books(journal,
                   {.directory = state_directory(),
                    .instance = facts.instance,
                    .rate_hz = facts.rate_hz,
                    .sources = booked_sources(config.sources)},
                   utc, &watchdog.pulses());
  CaptureProcess microphones;
  const std::shared_ptr<const PreparedNetwork> network = prepare_network(model);
  ClassifierPool classifiers(
      network, std::min(ClassifierPool::enough(*network, config.model.threads), config.most_sources()),
      config.model.threads);
  model.weights.clear();  // they are laid out in the network
  SourceNames names;
  for (const SourceSettings& settings : config.sources) names.take(settings.name);
  const SourceContext context{.model = model,
                              .classifiers = classifiers,
                              .hop_samples = facts.hop_samples,
                              .gate_dbfs = config.gate_level_dbfs,
                              .utc = utc,
                              .sink = books,
                              .counters = counters,
                              .microphones = &microphones,
                              .pulses = &watchdog.pulses(),
                              .events = events_of(config, model),
                              .instance = facts.instance,
                              .names = &names};
  std::vector<std::unique_ptr<SourceTask>> sources;
  for (const SourceSettings& settings : config.sources) sources.push_back(make_source(settings, context));
  SourceThreads threads(std::move(sources), [&] { boost::asio::post(waiting, [&] { waiting.stop(); }); });

  log_info("model '{}', {} labels; publishing on {}", model.name, model.labels.size(), server.listening_on());
  tell_systemd("READY=1");
  threads.start();
  waiting.run();

  const auto begun = std::chrono::steady_clock::now();
  const std::string reason = signals.received().empty() ? "every source has ended" : signals.received();
  log_info("stopping: {}", reason);
  tell_systemd("STOPPING=1\nSTATUS=stopping: " + reason);
  books.stop(reason);
  std::vector<std::string> held_up = threads.stop(kSourcesShutdown);
  if (!books.close(kBooksShutdown))
    held_up.emplace_back("the books are not closed: the disk does not answer");
  const auto used =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  server.stop(reason, std::max(kShutdown - used, 0ms));
  for (const std::string& line : held_up) log_warning("{}", line);
  if (!held_up.empty()) {
    // A read or write that a disk does not answer cannot be waited for, and everything is published.
    std::_Exit(static_cast<int>(ExitCode::ok));
  }
}

// A closed standard stream would let a socket or the model take its number, and be read or written as one.
void open_standard_streams() {
  for (int descriptor = ::open("/dev/null", O_RDWR); descriptor >= 0;
       descriptor = ::open("/dev/null", O_RDWR)) {
    if (descriptor <= STDERR_FILENO) continue;
    ::close(descriptor);
    return;
  }
}

// A daemon starts without it and tries again; whoever asks wants to know.
void check_program(const SourceSettings& source, const CommandSettings& command) {
  const std::string& name = command.argv.front();
  if (find_program(name)) return;
  throw Error(ExitCode::config, "source '" + source.name + "': key 'argv': found \"" + name +
                                    "\", expected a program that may be run, in PATH or by its path");
}

// What a start needs besides the configuration: the model, a hop that it can step by, labels that it has, the files.
void check(const Config& config) {
  const Model model = load_model(config.model.path);
  facts_of(config, model);
  events_of(config, model);
  for (const SourceSettings& source : config.sources) {
    if (const auto* file = std::get_if<FileSettings>(&source.kind)) open_file(source, *file);
    if (const auto* command = std::get_if<CommandSettings>(&source.kind)) check_program(source, *command);
  }
}

int run(const EarshotdOptions& options) {
  if (options.list_devices) {
    std::cout << device_lines(PortAudio().devices());
    flush_output(std::cout);
    return static_cast<int>(ExitCode::ok);
  }
  const std::optional<std::filesystem::path> path = options.config ? options.config : find_config();
  if (!path) {
    throw Error(ExitCode::no_input,
                "found no configuration, expected $XDG_CONFIG_HOME/earshot/earshot.toml, "
                "/etc/earshot/earshot.toml or "
                "--config FILE");
  }
  const Config config = load_config(*path);
  if (options.check_config) {
    check(config);
    std::cout << printable(path->string()) << ": good\n";
    flush_output(std::cout);
  } else if (options.print_config) {
    std::cout << to_toml(config);
    flush_output(std::cout);
  } else {
    run_daemon(config);
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  using namespace earshot;
  end_uncaught_as_bug("earshotd");
  if (argc > 1 && argv[1] == kCommandKeeper) return run_command_keeper(argv + 2);
  if (argc > 1 && argv[1] == kCaptureHelper) return run_capture_helper({argv + 2, argv + argc});
  open_standard_streams();
  take_library_lines([](std::string_view line) noexcept { log_debug("a library says: {}", line); });
  try {
    const std::optional<EarshotdOptions> options = EarshotdOptions::parse(argc, argv);
    if (options) return run(*options);
    flush_output(std::cout);
    return static_cast<int>(ExitCode::ok);
  } catch (const std::exception& error) {
    const Failure failure = failure_of(error);
    log_fatal(failure.line);
    return static_cast<int>(failure.code);
  }
}
