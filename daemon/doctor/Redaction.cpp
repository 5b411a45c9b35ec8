#include "daemon/doctor/Redaction.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <regex>
#include <sstream>
#include <utility>

#include "daemon/log/WithoutPasswords.h"
#include "daemon/net/Address.h"

namespace earshot {
namespace {

constexpr std::string_view kHiddenWord = "***";
constexpr std::size_t kLeastSecret = 3;      // what is shorter would be found everywhere
constexpr std::size_t kLeastHost = 2;        // "pi" is one, and an MQTT topic's end
constexpr std::size_t kLeastPathSecret = 8;  // "live" is none
constexpr std::array<std::string_view, 3> kNobodysNames{"root", "earshot", "nobody"};

/// As the documentation's examples have them.
constexpr std::string_view kHarmless =
    " - -nostdin -hide_banner -loglevel quiet error warning info -rtsp_transport tcp udp -i -vn -f -ar -ac "
    "-re -reconnect -reconnect_streamed -reconnect_delay_max -timeout pipe:1 s16le s24le s32le f32le alsa "
    "pulse -c -r -t raw -q -D -e -b S16_LE S24_3LE S32_LE FLOAT_LE 1 2 "
    "8000 11025 16000 22050 24000 32000 44100 48000 ";

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Where `word` stands by itself.
void replace_words(std::string& text, const std::string& word, std::string_view by,
                   std::size_t least = kLeastSecret) {
  if (word.size() < least) return;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos;) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !is_word_character(word.front()) || !is_word_character(text[at - 1]);
    const bool ends = end == text.size() || !is_word_character(word.back()) || !is_word_character(text[end]);
    if (begins && ends) {
      text.replace(at, word.size(), by);
      at += by.size();
    } else {
      ++at;
    }
  }
}

/// A string of TOML within a line: where it stands, quotes included, and what it says.
struct TomlLiteral {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};

std::vector<TomlLiteral> literals_in(std::string_view line) {
  std::vector<TomlLiteral> found;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char quote = line[at];
    if (quote == '#') break;
    if (quote != '"' && quote != '\'') continue;
    TomlLiteral literal{.begin = at, .end = line.size(), .text = {}};
    for (++at; at < line.size() && line[at] != quote; ++at) {
      const bool escapes = quote == '"' && line[at] == '\\' && at + 1 < line.size();
      // Others stay as they are written: printable() shows them so.
      if (escapes && (line[at + 1] == '"' || line[at + 1] == '\\')) ++at;
      literal.text += line[at];
    }
    literal.end = std::min(at + 1, line.size());
    found.push_back(std::move(literal));
  }
  return found;
}

std::string key_of(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return {};
  std::string key(line.substr(0, equals));
  std::erase_if(key, [](char c) { return c == ' ' || c == '\t' || c == '"'; });
  return key;
}

bool closes_list(std::string line, const std::vector<TomlLiteral>& literals) {
  for (std::size_t i = literals.size(); i-- > 0;)
    line.erase(literals[i].begin, literals[i].end - literals[i].begin);
  return line.substr(0, line.find('#')).find(']') != std::string::npos;
}

bool has_arguments(std::string_view line) {
  const std::string key = key_of(line);
  return key == "argv" || key == "command";
}

bool is_harmless(const std::string& word) {
  return word.find(' ') == std::string::npos && kHarmless.find(' ' + word + ' ') != std::string_view::npos;
}

void add_pieces(std::string_view text, std::string_view separators, std::size_t least,
                std::vector<std::string>& words) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end >= least) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// What follows the scheme of "rtsp://user:password@host:554/path?query", whole and in parts.
void add_url(std::string_view rest, std::vector<std::string>& words) {
  words.emplace_back(rest);
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = rest.substr(0, at);
    words.emplace_back(who);
    add_pieces(who, ":", kLeastSecret, words);
    rest.remove_prefix(at + 1);
  }
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  const std::string host(rest.substr(0, std::min(rest.find(':'), path)));
  const bool is_address = host.starts_with('[') || parse_ip(host);  // without_addresses() names it
  if (!is_address && host != "localhost") words.push_back(host);
  add_pieces(rest.substr(path), "/?&=;", kLeastPathSecret, words);
}

void add_urls(std::string_view text, std::vector<std::string>& words) {
  constexpr std::string_view kScheme = "://";
  constexpr std::string_view kBehind = " \t'\"<>,";
  for (std::size_t at; (at = text.find(kScheme)) != std::string_view::npos;) {
    text.remove_prefix(at + kScheme.size());
    add_url(text.substr(0, text.find_first_of(kBehind)), words);
  }
}

void add_argument(const std::string& word, std::vector<std::string>& words) {
  if (is_harmless(word)) return;
  words.push_back(word);
  add_pieces(word, "=:, '\"", kLeastSecret + 1, words);
}

const std::regex kNamedSecret(
    R"re(((?:password|passwd|passphrase|pass|pwd|token|secret|api_?key|auth|credential|psk|user(?:name)?))re"
    R"re(["']?\s*[=:]\s*))re"
    R"re(("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"',;&]+))re",
    std::regex::icase | std::regex::optimize);
const std::regex kBearer(R"re(((?:authorization|bearer|basic)[:\s]+)[^"',]+)re",
                         std::regex::icase | std::regex::optimize);
const std::regex kUrl(R"re(([A-Za-z][A-Za-z0-9+.-]*://)[^\s"'<>]+)re", std::regex::optimize);
const std::regex kMail(R"re([A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+)re", std::regex::optimize);
const std::regex kMac(R"re(\b[0-9A-Fa-f]{2}(?:([:_-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}\b)re",
                      std::regex::optimize);
const std::regex kHomeName(R"re((/home/)[^/\s"':,]+)re", std::regex::optimize);
const std::regex kLocalName(R"re(\b[A-Za-z0-9-]+\.(?:local|lan|home|internal|fritz\.box|home\.arpa)\b)re",
                            std::regex::optimize);
const std::regex kAddress(R"re((?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})re",
                          std::regex::optimize);

}  // namespace

std::vector<std::string> secret_words(std::string_view toml, bool broken) {
  std::vector<std::string> words;
  bool in_arguments = false;  // a list may go on over several lines
  std::istringstream lines{std::string(toml)};
  for (std::string line; std::getline(lines, line);) {
    const std::vector<TomlLiteral> literals = literals_in(line);
    const bool begins = !in_arguments && has_arguments(line);
    in_arguments = in_arguments || begins;
    for (std::size_t i = 0; i < literals.size(); ++i) {
      const bool is_program = begins && i == 0;
      add_urls(literals[i].text, words);
      if (key_of(line) == "user") words.push_back(literals[i].text);
      if (in_arguments ? !is_program : broken) add_argument(literals[i].text, words);
    }
    if (broken && literals.empty() && key_of(line).empty())
      add_argument(line, words);  // of a text of many lines
    if (closes_list(line, literals)) in_arguments = false;
  }
  return words;
}

std::string without_arguments(std::string_view toml) {
  std::string result;
  std::istringstream lines{std::string(toml)};
  for (std::string line; std::getline(lines, line);) {
    if (has_arguments(line)) {
      std::vector<TomlLiteral> literals = literals_in(line);
      for (std::size_t i = literals.size(); i-- > 1;) {
        const TomlLiteral& each = literals[i];
        if (!is_harmless(each.text)) line.replace(each.begin, each.end - each.begin, "\"***\"");
      }
    }
    result += line + '\n';
  }
  return result;
}

Redaction::Redaction(Secrets secrets) : secrets_(std::move(secrets)) {
  // A longer one may hold a shorter one.
  std::ranges::sort(secrets_.words,
                    [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  std::erase_if(secrets_.users, [](const std::string& user) {
    return std::ranges::find(kNobodysNames, user) != kNobodysNames.end();
  });
  // An MQTT topic has it without its domain.
  for (std::string name : {secrets_.host, secrets_.host.substr(0, secrets_.host.find('.'))}) {
    if (name != "localhost" && name != "earshot") hosts_.push_back(std::move(name));
  }
}

std::string Redaction::of(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    result += of_line(std::string(text.substr(0, end)));
    if (end == std::string_view::npos) break;
    result += '\n';
    text.remove_prefix(end + 1);
  }
  return result;
}

std::string Redaction::of_line(std::string line) {
  for (const std::string& word : secrets_.words) replace_words(line, word, kHiddenWord);
  line = without_passwords(line);
  line = std::regex_replace(line, kUrl, "$1***");
  line = std::regex_replace(line, kBearer, "$1***");
  line = std::regex_replace(line, kNamedSecret, "$1***");
  line = std::regex_replace(line, kMail, "***");
  line = std::regex_replace(line, kMac, "MAC");
  line = without_addresses(line);
  line = std::regex_replace(line, kLocalName, "HOST.local");
  line = std::regex_replace(line, kHomeName, "$1USER");
  for (const std::string& user : secrets_.users) replace_words(line, user, "USER");
  for (const std::string& name : hosts_) replace_words(line, name, "HOST", kLeastHost);
  return line;
}

std::string Redaction::without_addresses(const std::string& line) {
  std::string result;
  auto rest = line.cbegin();
  for (std::sregex_iterator at(line.begin(), line.end(), kAddress), end; at != end; ++at) {
    const std::string found = at->str();
    result.append(rest, line.cbegin() + at->position());
    rest = line.cbegin() + at->position() + at->length();
    const auto address = parse_ip(found);
    const bool is_any = found == "0.0.0.0" || found == "::";
    const std::string behind = at->suffix().str().substr(0, 1);
    const std::size_t begin = static_cast<std::size_t>(at->position());
    // "std::string" holds "d::", which is an address
    const bool is_part = address && !address->is_v4() &&
                         ((begin > 0 && is_word_character(line[begin - 1])) ||
                          (!behind.empty() && is_word_character(behind.front())));
    if (!address || address->is_loopback() || is_any || is_part) {
      result += found;
      continue;
    }
    const std::string number = std::to_string(std::min<std::size_t>(addresses_.size() + 1, 254));
    const std::string name = address->is_v4() ? "192.0.2." + number : "2001:db8::" + number;
    result += addresses_.try_emplace(address->text(), name).first->second;
  }
  return result.append(rest, line.cend());
}

}  // namespace earshot
