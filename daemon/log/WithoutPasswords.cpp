#include "daemon/log/WithoutPasswords.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace earshot {
namespace {

constexpr std::string_view kStars = "***";
constexpr std::string_view kAfterUrl = " \t\r\n\"'<>";
constexpr std::string_view kAfterValue = " \t\r\n\"'<>&;";
constexpr std::array<std::string_view, 7> kSecrets{"password", "passwd", "pass", "pwd",
                                                   "token",    "secret", "auth"};

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool is_letter(char c) noexcept {
  return lower(c) >= 'a' && lower(c) <= 'z';
}

bool ends_in_secret(std::string_view name) {
  return std::any_of(kSecrets.begin(), kSecrets.end(), [name](std::string_view secret) {
    if (name.size() < secret.size()) return false;
    const std::string_view end = name.substr(name.size() - secret.size());
    if (name.size() > secret.size() && is_letter(name[name.size() - secret.size() - 1])) return false;
    return std::equal(end.begin(), end.end(), secret.begin(), [](char a, char b) { return lower(a) == b; });
  });
}

// "user:password@"
std::string without_userinfo(std::string_view text) {
  constexpr std::string_view kScheme = "://";
  std::string result;
  for (std::size_t scheme; (scheme = text.find(kScheme)) != std::string_view::npos;) {
    result += text.substr(0, scheme + kScheme.size());
    text.remove_prefix(scheme + kScheme.size());
    const std::string_view url = text.substr(0, text.find_first_of(kAfterUrl));
    const std::size_t at = url.rfind('@');
    const std::size_t colon = url.find(':');
    if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) continue;
    result.append(url.substr(0, colon + 1)).append(kStars);
    text.remove_prefix(at);
  }
  return result.append(text);
}

// "password=..."
std::string without_values(std::string_view text) {
  std::string result;
  for (std::size_t equals; (equals = text.find('=')) != std::string_view::npos;) {
    const bool secret = ends_in_secret(text.substr(0, equals));
    result += text.substr(0, equals + 1);
    text.remove_prefix(equals + 1);
    if (!secret) continue;
    const std::size_t length = std::min(text.find_first_of(kAfterValue), text.size());
    if (length > 0) result += kStars;
    text.remove_prefix(length);
  }
  return result.append(text);
}

}  // namespace

std::string without_passwords(std::string_view text) {
  return without_values(without_userinfo(text));
}

}  // namespace earshot
