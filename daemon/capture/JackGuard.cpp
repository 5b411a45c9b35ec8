#include "daemon/capture/JackGuard.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include <jack/jack.h>

namespace earshot {
namespace {

// Where servers of JACK 2 (common/JackTools, posix/JackSocket) and of JACK 1 (libjack/shm) are met.
bool jack_server_runs() {
  if (std::getenv("JACK_PROMISCUOUS_SERVER")) return true;  // of another user: wherever it is
  const char* named = std::getenv("JACK_DEFAULT_SERVER");
  const std::string name = named ? named : "default";
  const std::string user = std::to_string(::getuid());
  return ::access(("/dev/shm/jack_" + name + "_" + user + "_0").c_str(), F_OK) == 0 ||
         ::access(("/dev/shm/jack-" + user + "/" + name).c_str(), F_OK) == 0;
}

}  // namespace

void guard_jack() noexcept {
  ::setenv("JACK_NO_START_SERVER", "1", 0);
}

}  // namespace earshot

// Takes the place of libjack's: the dynamic linker looks into the program first. No caller here passes the
// arguments that JackServerName and JackSessionID announce (PortAudio 19.6 and alsa-plugins 1.2.7 do not).
extern "C" jack_client_t* jack_client_open(const char* name, jack_options_t options, jack_status_t* status, ...) {
  using Open = jack_client_t* (*)(const char*, jack_options_t, jack_status_t*, ...);
  const auto library_open = reinterpret_cast<Open>(::dlsym(RTLD_NEXT, "jack_client_open"));
  if (library_open && earshot::jack_server_runs()) return library_open(name, options, status);
  if (status) *status = static_cast<jack_status_t>(JackFailure | JackServerFailed);
  return nullptr;
}
