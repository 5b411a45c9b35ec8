// HookServer: an HTTP server that answers as a test says, and keeps what it was sent.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace earshot::test {

struct HookRequest {
  std::string head;  ///< with its empty line
  std::string body;
  std::chrono::steady_clock::time_point when;
};

/// One request a connection, each on a thread of its own.
class HookServer {
 public:
  /// Of the number of a request, from 0: the whole response, "" for none as long as the server lives.
  using Answer = std::function<std::string(std::size_t)>;

  /// `port` 0: the system's choice.
  explicit HookServer(Answer answer, std::uint16_t port = 0)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;  // connections of a server before it may not be over yet
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("cannot listen");
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { accept_all(); });
  }
  ~HookServer() {
    over_ = true;
    thread_.join();
    sessions_.clear();
    ::close(listener_);
  }
  HookServer(const HookServer&) = delete;
  HookServer& operator=(const HookServer&) = delete;

  std::string url(const std::string& path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

  /// All so far once there are `count`; fewer if they do not come within 20 s.
  std::vector<HookRequest> await(std::size_t count) const {
    for (int i = 0; i < 4'000; ++i) {
      {
        const std::lock_guard lock(mutex_);
        if (requests_.size() >= count) break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  bool comes(int descriptor) const {
    while (!over_) {
      pollfd ready{descriptor, POLLIN, 0};
      if (::poll(&ready, 1, 10) > 0) return true;
    }
    return false;
  }

  void accept_all() {
    while (comes(listener_)) {
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection >= 0) sessions_.emplace_back([this, connection] { serve(connection); });
    }
  }

  void serve(int connection) {
    std::string text;
    std::size_t head = std::string::npos;
    std::size_t length = 0;
    while (head == std::string::npos || text.size() < head + length) {
      char bytes[4096];
      const ssize_t got = comes(connection) ? ::read(connection, bytes, sizeof bytes) : 0;
      if (got <= 0) break;
      text.append(bytes, static_cast<std::size_t>(got));
      if (head != std::string::npos) continue;
      head = text.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      head += 4;
      const std::size_t at = text.find("Content-Length: ");
      length = at < head ? std::stoul(text.substr(at + 16)) : 0;
    }
    if (head != std::string::npos && text.size() == head + length) {
      std::size_t number = 0;
      {
        const std::lock_guard lock(mutex_);
        number = requests_.size();
        requests_.push_back({text.substr(0, head), text.substr(head), std::chrono::steady_clock::now()});
      }
      const std::string response = answer_(number);
      for (std::size_t sent = 0; sent < response.size();) {
        const ssize_t more = ::send(connection, response.data() + sent, response.size() - sent, MSG_NOSIGNAL);
        if (more <= 0) break;
        sent += static_cast<std::size_t>(more);
      }
      while (response.empty() && !over_) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ::close(connection);
  }

  Answer answer_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> over_{false};
  mutable std::mutex mutex_;
  std::vector<HookRequest> requests_;
  std::list<std::jthread> sessions_;  // of thread_, then of the destructor
  std::jthread thread_;
};

inline std::string http_answer(const std::string& status, const std::string& headers = "",
                               const std::string& body = "") {
  return "HTTP/1.1 " + status + "\r\nConnection: close\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace earshot::test
