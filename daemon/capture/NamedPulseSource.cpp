#include "daemon/capture/NamedPulseSource.h"

#include <dlfcn.h>

#include <cstdlib>

namespace earshot {

void name_pulse_source(const std::string& name) {
  ::setenv("PULSE_SOURCE", name.c_str(), 1);
}

}  // namespace earshot

// As pulse/stream.h and pulse/def.h declare it since version 0.9. The plugin has loaded the library for itself alone,
// where RTLD_NEXT does not look.
extern "C" int pa_stream_connect_record(void* stream, const char* source, const void* buffer, unsigned flags) {
  using Connect = int (*)(void*, const char*, const void*, unsigned);
  constexpr unsigned kDontMove = 0x0200;  // PA_STREAM_DONT_MOVE
  constexpr int kNotSupported = -19;      // -PA_ERR_NOTSUPPORTED
  static void* const library = ::dlopen("libpulse.so.0", RTLD_NOW | RTLD_NOLOAD);
  if (!library) return kNotSupported;
  static const auto connect = reinterpret_cast<Connect>(::dlsym(library, "pa_stream_connect_record"));
  if (!connect) return kNotSupported;
  const bool named = source || std::getenv("PULSE_SOURCE");
  return connect(stream, source, buffer, named ? flags | kDontMove : flags);
}
