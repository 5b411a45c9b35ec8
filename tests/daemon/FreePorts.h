// FreePorts: ports that a test may have again after it has let go of them.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <exception>
#include <stdexcept>

#include "daemon/net/Address.h"

namespace earshot::test {

/// Below those that the system gives to connections: one that is tried while nobody listens could meet
/// itself. Where one begins to look is each process's own: a daemon that is started again has to find its
/// ports again.
class FreePorts {
 public:
  std::uint16_t next() {
    for (; port_ < 32'000; ++port_) {
      try {
        ::close(open_listener({"127.0.0.1", port_}, {}));
        return port_++;
      } catch (const std::exception&) {  // taken
      }
    }
    throw std::runtime_error("no free port below 32000");
  }

 private:
  std::uint16_t port_ = static_cast<std::uint16_t>(20'000 + 4 * (::getpid() % 2'500));
};

}  // namespace earshot::test
