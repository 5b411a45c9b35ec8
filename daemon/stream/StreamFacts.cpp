#include "daemon/stream/StreamFacts.h"

#include <cstdio>
#include <random>

namespace earshot {

std::string new_instance() {
  std::random_device device;
  std::string text;
  for (int word = 0; word < 4; ++word) {
    char hex[9];
    std::snprintf(hex, sizeof hex, "%08x", device());
    text += hex;
  }
  return text;
}

}  // namespace earshot
