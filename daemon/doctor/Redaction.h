// Redaction: a report without what nobody else is to know: passwords, who and where.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace earshot {

/// What is known to be secret, wherever it stands.
struct Secrets {
  std::string host;                ///< this machine's name
  std::vector<std::string> users;  ///< people's
  std::vector<std::string> words;  ///< of command lines and URLs
};

/// Words of a configuration that may be secret: of programs' arguments all but a few known to be harmless, of
/// URLs users, passwords, hosts and long parts of the path, and the broker's user. `toml` need not be good;
/// of one that is `broken` any text may be one.
std::vector<std::string> secret_words(std::string_view toml, bool broken);

/// A configuration whose programs' arguments are three stars, but for the harmless.
std::string without_arguments(std::string_view toml);

/// One thing is called the same all through the report.
class Redaction {
 public:
  explicit Redaction(Secrets secrets);

  /// Of one or many lines: secret words, passwords, tokens and what follows an URL's scheme become ***; users
  /// USER; this machine HOST; addresses beyond loopback 192.0.2.1, 2001:db8::1 and so on (RFC 5737, 3849);
  /// hardware addresses MAC.
  std::string of(std::string_view text);

 private:
  std::string of_line(std::string line);
  std::string without_addresses(const std::string& line);

  Secrets secrets_;
  std::vector<std::string> hosts_;
  std::map<std::string, std::string> addresses_;
};

}  // namespace earshot
