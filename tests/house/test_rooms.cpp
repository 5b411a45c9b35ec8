// The order of rooms and folders, as docs/house.md has it: nothing includes what stands later.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

namespace fs = std::filesystem;

const fs::path kTop = EARSHOT_SOURCE_DIR;

/// Of each room its folders in order.
using House = std::map<std::string, std::vector<std::string>>;

/// The lines "dsp/ base audio ..." of the first block of code.
House read_house() {
  std::ifstream file(kTop / "docs/house.md");
  House house;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      if (inside) break;
      inside = true;
    } else if (inside) {
      std::istringstream words(line);
      std::string room;
      words >> room;
      REQUIRE(room.ends_with('/'));
      room.pop_back();
      for (std::string folder; words >> folder;) house[room].push_back(folder);
    }
  }
  return house;
}

/// Rooms whose headers a room may read. Of nn, daemon takes what running a model needs.
const std::map<std::string, std::set<std::string>> kMayRead = {{"dsp", {"dsp"}},
                                                               {"nn", {"dsp", "nn"}},
                                                               {"train", {"dsp", "nn", "train"}},
                                                               {"daemon", {"dsp", "nn", "daemon"}}};
const std::set<std::string> kNotForDaemon = {"nn/training", "nn/exchange"};
const std::set<std::string> kOfDspForNn = {"dsp/base", "dsp/features"};
const std::set<std::string> kOfDspForEvents = {"dsp/base", "dsp/features", "dsp/audio"};

/// "dsp/base/Error.h" -> "dsp", "dsp/base".
std::string room_of(const std::string& path) { return path.substr(0, path.find('/')); }
std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// Where a file stands in its room's order; what lies right in the room comes last.
std::size_t place_of(const House& house, const std::string& path) {
  const std::vector<std::string>& folders = house.at(room_of(path));
  for (std::size_t i = 0; i < folders.size(); ++i) {
    if (folder_of(path) == room_of(path) + '/' + folders[i]) return i;
  }
  return folders.size();
}

/// What a file includes, by `open`, '"' or '<'.
std::vector<std::string> includes_of(const std::string& path, char open) {
  std::ifstream file(kTop / path);
  std::vector<std::string> headers;
  const std::string start = std::string("#include ") + open;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(start)) continue;
    const std::size_t end = line.find(open == '<' ? '>' : '"', start.size());
    headers.push_back(line.substr(start.size(), end - start.size()));
  }
  return headers;
}

/// Sources and headers of all rooms, relative to the top.
std::vector<std::string> files_of(const House& house) {
  std::vector<std::string> files;
  for (const auto& [room, folders] : house) {
    for (const auto& entry : fs::recursive_directory_iterator(kTop / room)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".h" || extension == ".cpp") {
        files.push_back(entry.path().lexically_relative(kTop).generic_string());
      }
    }
  }
  std::ranges::sort(files);
  return files;
}

bool may_include(const House& house, const std::string& from, const std::string& to) {
  if (!kMayRead.at(room_of(from)).contains(room_of(to))) return false;
  if (room_of(from) == "daemon" && kNotForDaemon.contains(folder_of(to))) return false;
  const std::set<std::string>& of_dsp = folder_of(from) == "nn/events" ? kOfDspForEvents : kOfDspForNn;
  if (room_of(from) == "nn" && room_of(to) == "dsp" && !of_dsp.contains(folder_of(to))) return false;
  return room_of(from) != room_of(to) || place_of(house, to) <= place_of(house, from);
}

/// Follows headers from `at`; the path of the first circle, or nothing.
std::string circle_from(const std::string& at, std::vector<std::string>& way, std::set<std::string>& done) {
  if (const auto met = std::ranges::find(way, at); met != way.end()) {
    std::string circle;
    for (auto step = met; step != way.end(); ++step) circle += *step + " -> ";
    return circle + at;
  }
  if (!done.insert(at).second) return {};
  way.push_back(at);
  for (const std::string& next : includes_of(at, '"')) {
    if (std::string circle = circle_from(next, way, done); !circle.empty()) return circle;
  }
  way.pop_back();
  return {};
}

}  // namespace

TEST_CASE("every file lies in a folder that the house's page names, or right in its room") {
  const House house = read_house();
  REQUIRE(house.size() == 4);
  for (const auto& [room, folders] : house) {
    for (const auto& entry : fs::directory_iterator(kTop / room)) {
      if (!entry.is_directory()) continue;
      INFO(room << ": " << entry.path().filename());
      CHECK(std::ranges::find(folders, entry.path().filename().string()) != folders.end());
    }
    for (const std::string& folder : folders) CHECK(fs::is_directory(kTop / room / folder));
  }
}

TEST_CASE("no file includes one of a room or folder that stands later") {
  const House house = read_house();
  const std::vector<std::string> files = files_of(house);
  REQUIRE(files.size() > 300);
  for (const std::string& file : files) {
    for (const std::string& header : includes_of(file, '"')) {
      INFO(file << " includes " << header);
      REQUIRE(fs::exists(kTop / header));
      CHECK(may_include(house, file, header));
    }
  }
}

TEST_CASE("no headers include each other in a circle") {
  std::set<std::string> done;
  for (const std::string& file : files_of(read_house())) {
    if (!file.ends_with(".h")) continue;
    std::vector<std::string> way;
    CHECK(circle_from(file, way, done) == "");
  }
}

TEST_CASE("a vendor's header stays behind its one door") {
  const std::map<std::string, std::string> doors = {
      {"kissfft.hh", "dsp/spectrum/Stft"},
      {"samplerate.h", "dsp/audio/Resampler"},
      {"sndfile.h", "dsp/audio/Decoder"},
      {"portaudio.h", "daemon/capture/PortAudio"},
      {"dnnl.hpp", "nn/"},
      {"zip.h", "nn/exchange/ZipArchive"},
      {"png.h", "train/report/Png"},
      {"openssl/evp.h", "dsp/base/Sha256"},
      {"toml++/toml.h", "dsp/base/StrictToml"},
      {"mpg123.h", "dsp/audio/Decoder"},
      {"spdlog/spdlog.h", "daemon/log/Logging"},
      {"openssl/ssl.h", "daemon/net/OpenSsl"},
  };
  std::set<std::string> met;
  for (const std::string& file : files_of(read_house())) {
    for (const std::string& header : includes_of(file, '<')) {
      INFO(file << " includes " << header);
      if (header.starts_with("boost/asio") || header.starts_with("boost/beast")) {
        CHECK(room_of(file) == "daemon");
      } else if (const auto door = doors.find(header); door != doors.end()) {
        CHECK(file.starts_with(door->second));
        met.insert(header);
      }
    }
  }
  for (const auto& [header, door] : doors) {
    INFO("nobody includes " << header << ": the list of doors is out of date");
    CHECK(met.contains(header));
  }
}

}  // namespace earshot::test
