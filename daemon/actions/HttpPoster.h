// HttpPoster: POSTs JSON, many at once, waiting for none. libcurl's one door.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace earshot {

struct HttpPost {
  std::string url;
  std::string token;  ///< of "Authorization: Bearer"; empty: there is none
  std::string body;   ///< JSON
  std::chrono::milliseconds timeout{10'000};
};

/// What became of a post.
struct HttpResult {
  std::string failure;    ///< "" if the server took it (2xx); else "answered 404: no such topic"
  bool may_pass = false;  ///< whether another try may fare better
  std::optional<std::chrono::seconds> retry_after;  ///< as the server asks
};

/// HTTP and HTTPS, certificates checked against the system's, redirects not followed. All but wake() by one
/// thread.
class HttpPoster {
 public:
  using Done = std::function<void(const HttpResult&)>;

  /// Throws Error(unavailable).
  HttpPoster();
  /// What is under way ends untold.
  ~HttpPoster();
  HttpPoster(const HttpPoster&) = delete;
  HttpPoster& operator=(const HttpPoster&) = delete;

  /// `done` is called by go_on(), once.
  void post(const HttpPost& post, Done done);
  /// Goes on with what is under way, and waits up to `limit` for more of it, or for wake().
  void go_on(std::chrono::milliseconds limit);
  /// Ends the waiting of go_on(). Any thread, never waits.
  void wake() noexcept;
  std::size_t under_way() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "https://example.org:8080": without what may be a secret, as paths are. Nothing if it is no URL.
std::optional<std::string> url_origin(const std::string& url);

}  // namespace earshot
