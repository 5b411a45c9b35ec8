// A strict look at a page that our own code makes: every element closed in order, every attribute quoted.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::test {

/// Throws std::runtime_error saying what is wrong with `html` and where; else returns how many elements it
/// has.
inline std::size_t check_html(std::string_view html) {
  static constexpr std::array<std::string_view, 4> kVoid{"meta", "img", "br", "link"};
  const auto fail = [&](const std::string& what, std::size_t at) {
    throw std::runtime_error(what + " at: " + std::string(html.substr(at, 80)));
  };
  std::vector<std::string_view> open;
  std::size_t elements = 0;
  constexpr std::string_view kDoctype = "<!DOCTYPE html>";
  if (!html.starts_with(kDoctype)) fail("no doctype", 0);
  for (std::size_t at = kDoctype.size(); at < html.size();) {
    const std::size_t bracket = std::min(html.find('<', at), html.size());
    for (std::size_t i = at; i < bracket; ++i) {
      if (html[i] == '>') fail("a lone >", i);
      if (html[i] == '&' && html.substr(i, 12).find(';') == html.npos) fail("a lone &", i);
    }
    if (bracket == html.size()) break;
    std::size_t i = bracket + 1;
    const bool closes = html[i] == '/';
    if (closes) ++i;
    const std::size_t name_at = i;
    while (i < html.size() && (std::isalnum(static_cast<unsigned char>(html[i])) != 0)) ++i;
    const std::string_view name = html.substr(name_at, i - name_at);
    if (name.empty()) fail("a lone <", bracket);
    bool self_closed = false;
    while (i < html.size() && html[i] != '>') {
      if (html[i] == '/' && html.substr(i, 2) == "/>") {
        self_closed = true;
        ++i;
        continue;
      }
      if (html[i] != ' ' || closes) fail("no attribute where one should be", bracket);
      const std::size_t equals = html.find("=\"", i);
      const std::size_t quote = equals == html.npos ? equals : html.find('"', equals + 2);
      if (quote == html.npos) fail("an attribute without quotes", bracket);
      const std::string_view key = html.substr(i + 1, equals - i - 1);
      if (key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789") !=
          key.npos)
        fail("an attribute's name that is none", i);
      if (html.substr(equals + 2, quote - equals - 2).find('<') != html.npos) fail("a < in an attribute", i);
      i = quote + 1;
    }
    if (i >= html.size()) fail("an unfinished tag", bracket);
    at = i + 1;
    if (closes) {
      if (open.empty() || open.back() != name) fail("closes what is not open", bracket);
      open.pop_back();
      continue;
    }
    ++elements;
    if (self_closed || std::ranges::find(kVoid, name) != kVoid.end()) continue;
    open.push_back(name);
    if (name == "style") at = std::min(html.find("</style>", at), html.size());
  }
  if (!open.empty()) fail("never closed: " + std::string(open.back()), html.size() - 1);
  return elements;
}

}  // namespace earshot::test
