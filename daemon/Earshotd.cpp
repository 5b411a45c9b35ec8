// earshotd: listens, classifies, publishes.
#include <fcntl.h>
#include <malloc.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "daemon/CheckedHearing.h"
#include "daemon/EarshotdOptions.h"
#include "daemon/RunningDaemon.h"
#include "daemon/Service.h"
#include "daemon/capture/CaptureHelper.h"
#include "daemon/capture/CommandKeeper.h"
#include "daemon/capture/DeviceList.h"
#include "daemon/capture/PortAudio.h"
#include "daemon/log/Logging.h"
#include "daemon/settings/Config.h"
#include "dsp/base/Error.h"
#include "dsp/base/Failure.h"
#include "dsp/base/LibraryLines.h"
#include "dsp/base/StandardOutput.h"
#include "dsp/base/Uncaught.h"
#include "dsp/base/Utf8.h"

namespace earshot {
namespace {

// A closed standard stream would let a socket or the model take its number, and be read or written as one.
void open_standard_streams() {
  for (int descriptor = ::open("/dev/null", O_RDWR); descriptor >= 0;
       descriptor = ::open("/dev/null", O_RDWR)) {
    if (descriptor <= STDERR_FILENO) continue;
    ::close(descriptor);
    return;
  }
}

int run(const EarshotdOptions& options) {
  if (options.list_devices) {
    std::cout << device_lines(PortAudio().devices());
    flush_output(std::cout);
    return static_cast<int>(ExitCode::ok);
  }
  const std::filesystem::path path = config_path(options.config);
  Config config = load_config(path);
  if (options.reload) {
    checked_hearing(config, nullptr);
    reload_running(options.config);
  } else if (options.check_config) {
    checked_hearing(config, nullptr);
    std::cout << printable(path.string()) << ": good\n";
    flush_output(std::cout);
  } else if (options.print_config) {
    std::cout << to_toml(config);
    flush_output(std::cout);
  } else {
    start_logging(config.log_level);
    Service(options.config, std::move(config)).run();
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
  // What a model takes while it is loaded goes back to the system: else glibc keeps as much for each thread that loads one.
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
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
