#include "daemon/doctor/ListeningSockets.h"

#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

namespace earshot {
namespace {

constexpr std::string_view kListens = "0A";  // TCP_LISTEN
constexpr std::size_t kWordDigits = 8;

// Each 32 bits of the address as the processor reads them.
std::optional<IpAddress> address_in(std::string_view digits) {
  if (digits.size() != kWordDigits && digits.size() != 4 * kWordDigits) return std::nullopt;
  IpAddress address;
  std::size_t at = 16 - digits.size() / 2;
  if (at > 0) address.bytes[10] = address.bytes[11] = 0xFF;  // IPv4's mapped form
  for (; !digits.empty(); digits.remove_prefix(kWordDigits), at += sizeof(std::uint32_t)) {
    std::uint32_t word = 0;
    const char* const end = digits.data() + kWordDigits;
    const auto read = std::from_chars(digits.data(), end, word, 16);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    std::memcpy(address.bytes.data() + at, &word, sizeof word);
  }
  return address;
}

}  // namespace

std::vector<ListeningSocket> parse_listening(std::string_view table) {
  std::vector<ListeningSocket> found;
  std::istringstream lines{std::string(table)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues, timer, retransmits, timeout;
    ListeningSocket socket;
    words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> socket.uid >> timeout >>
        socket.inode;
    const std::size_t colon = local.find(':');
    if (!words || state != kListens || colon == std::string::npos) continue;
    const auto address = address_in(std::string_view(local).substr(0, colon));
    const auto port =
        std::from_chars(local.data() + colon + 1, local.data() + local.size(), socket.at.port, 16);
    if (!address || port.ec != std::errc()) continue;
    socket.at.host = address->text();
    found.push_back(std::move(socket));
  }
  return found;
}

std::vector<ListeningSocket> listening_sockets() {
  std::vector<ListeningSocket> all;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto found = parse_listening(text);
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

}  // namespace earshot
