// NetworkOfItsOwn: addresses beyond loopback, without another machine.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

namespace earshot::test {

/// While it lives, this thread and those that it starts are in a network namespace of their own, where all
/// of 10.0.0.0/8 is this machine's, and fd00:0:0:1::1, fd00:0:0:1::2 and fd00:0:0:2::1 are. Takes root's
/// rights.
class NetworkOfItsOwn {
 public:
  NetworkOfItsOwn() : outside_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    entered_ = ::unshare(CLONE_NEWNET) == 0;
    there_ = entered_ && set_up();
  }
  ~NetworkOfItsOwn() {
    if (entered_) ::setns(outside_, CLONE_NEWNET);
    ::close(outside_);
  }
  NetworkOfItsOwn(const NetworkOfItsOwn&) = delete;
  NetworkOfItsOwn& operator=(const NetworkOfItsOwn&) = delete;

  /// False where it may not be had.
  bool there() const noexcept { return there_; }

 private:
  // The kernel looks at a new address by itself first, even on a loopback.
  static bool can_be_used(const in6_addr& address) {
    sockaddr_in6 own{};
    own.sin6_family = AF_INET6;
    own.sin6_addr = address;
    const int socket = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool bound = false;
    for (int i = 0; i < 2'000 && !bound; ++i) {
      if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0;
    }
    ::close(socket);
    return bound;
  }

  static bool set_up() {
    const int v4 = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int v6 = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq loopback{};
    std::strcpy(loopback.ifr_name, "lo");
    loopback.ifr_flags = IFF_UP;
    bool good = ::ioctl(v4, SIOCSIFFLAGS, &loopback) == 0;
    ifreq alias{};
    std::strcpy(alias.ifr_name, "lo:1");
    auto& address = reinterpret_cast<sockaddr_in&>(alias.ifr_addr);
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, "10.0.0.1", &address.sin_addr);  // of a network of 8 bits, as in the days of classes
    good = good && ::ioctl(v4, SIOCSIFADDR, &alias) == 0;
    for (const char* text : {"fd00:0:0:1::1", "fd00:0:0:1::2", "fd00:0:0:2::1"}) {
      in6_ifreq one{};
      ::inet_pton(AF_INET6, text, &one.ifr6_addr);
      one.ifr6_prefixlen = 64;
      one.ifr6_ifindex = static_cast<int>(::if_nametoindex("lo"));
      good = good && ::ioctl(v6, SIOCSIFADDR, &one) == 0 && can_be_used(one.ifr6_addr);
    }
    ::close(v4);
    ::close(v6);
    return good;
  }

  int outside_;
  bool entered_ = false;
  bool there_ = false;
};

}  // namespace earshot::test
