#include "daemon/net/SocketAddress.h"

#include <sys/socket.h>

#include <filesystem>

namespace earshot {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kMostPathBytes = sizeof(sockaddr_un::sun_path) - 1;

}  // namespace

sockaddr_un UnixPath::sockaddr() const noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, kMostPathBytes);
  return address;
}

std::string to_text(const SocketAddress& address) {
  return std::visit([](const auto& one) { return one.text(); }, address);
}

std::optional<SocketAddress> parse_socket_address(std::string_view text) {
  if (!text.starts_with(kUnix)) return parse_endpoint(text);
  const std::string_view path = text.substr(kUnix.size());
  const bool good = path.starts_with('/') && !path.ends_with('/') && path.size() <= kMostPathBytes &&
                    path.find('\0') == std::string_view::npos;
  if (!good) return std::nullopt;
  return UnixPath{std::string(path)};
}

bool collide(const SocketAddress& a, const SocketAddress& b) {
  if (a.index() != b.index()) return false;
  if (const auto* endpoint = std::get_if<Endpoint>(&a)) return collide(*endpoint, std::get<Endpoint>(b));
  const auto normal = [](const SocketAddress& address) {
    return std::filesystem::path(std::get<UnixPath>(address).path).lexically_normal();
  };
  return normal(a) == normal(b);
}

}  // namespace earshot
