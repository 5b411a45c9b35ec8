// Config: what earshot.toml may say, and how each mistake is named.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "nn/model/BundledModel.h"
#include "daemon/settings/Config.h"
#include "dsp/base/Error.h"
#include "tests/support/AsNobody.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

constexpr const char* kMicrophone = "[[source]]\nname = \"mic\"\nkind = \"microphone\"\n";

constexpr const char* kEverything = R"([model]
path = "models/m.safetensors"
threads = 2
[window]
hop_s = 0.25
[events]
labels = ["Dog", "Inside, small room"]
ignore = ["Speech"]
on_windows = 3
of_windows = 4
off_s = 1.5
min_s = 0.25
max_s = 60
cooldown_s = 5.0
[events.threshold]
Dog = 0.4
"a \"quoted\" name" = 1
[[events.group]]
name = "animal"
labels = ["Cat"]
[[events.level]]
name = "loud"
above_dbfs = -20
[gate]
level_dbfs = -50.5
[[source]]
name = "mic"
kind = "microphone"
device = "USB"
channel = 2
gain_db = 6.5
level_dbfs = -40
[[source]]
name = "porch"
kind = "tcp"
listen = "0.0.0.0:7558"
allow = ["192.168.1.0/24", "fd00::/8"]
format = "s24le"
rate_hz = 48000
channels = 2
[[source]]
name = "pipe \"quoted\""
kind = "stdin"
format = "f32le"
[[source]]
name = "replay"
kind = "file"
path = "night.flac"
pace = "fast"
at_end = "loop"
channel = "mix"
[[source]]
name = "camera"
kind = "command"
argv = ["ffmpeg", "-i", "rtsp://user:it's \"hidden\"@10.0.0.7/live", "-"]
format = "f32le"
rate_hz = 22050
channels = 2
pace = "fast"
idle_s = 2.5
[[source]]
name = "barns"
kind = "tcp"
listen = "127.0.0.1:7559"
max_senders = 50
takeover = true
[publish.tcp]
listen = "[::1]:7557"
max_clients = 3
client_buffer_kib = 128
history = 10
[publish.web]
listen = "192.168.1.5:7580"
allow = ["192.168.1.0/24"]
[log]
level = "debug"
)";

std::string complaint(const std::string& text) {
  try {
    parse_config(text, "dir/earshot.toml");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::config);
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("every key of every kind is read") {
  const Config config = parse_config(kEverything, "dir/earshot.toml");
  CHECK(config.model.path == "dir/models/m.safetensors");
  CHECK(config.model.threads == 2);
  CHECK(config.hop_s == 0.25);
  REQUIRE(config.events);
  CHECK(config.events->labels->names == std::vector<std::string>{"Dog", "Inside, small room"});
  CHECK(config.events->labels->place == "dir/earshot.toml:7: key 'events.labels'");
  CHECK(config.events->ignore.names == std::vector<std::string>{"Speech"});
  CHECK(config.events->on_windows == 3);
  CHECK(config.events->of_windows == 4);
  CHECK(config.events->off_s == 1.5);
  CHECK(config.events->min_s == 0.25);
  CHECK(config.events->max_s == 60.0);
  CHECK(config.events->cooldown_s == 5.0);
  REQUIRE(config.events->thresholds.size() == 2);
  CHECK(config.events->thresholds[0].label == "Dog");
  CHECK(config.events->thresholds[0].threshold == 0.4);
  CHECK(config.events->thresholds[1].label == "a \"quoted\" name");
  REQUIRE(config.events->groups.size() == 1);
  CHECK(config.events->groups[0].name == "animal");
  CHECK(config.events->groups[0].labels.names == std::vector<std::string>{"Cat"});
  REQUIRE(config.events->levels.size() == 1);
  CHECK(config.events->levels[0].above_dbfs == -20.0);
  CHECK(config.gate_level_dbfs == -50.5);
  REQUIRE(config.sources.size() == 6);
  CHECK(std::get<MicrophoneSettings>(config.sources[0].kind).device == "USB");
  CHECK(config.sources[0].channel == 2);
  CHECK(config.sources[0].gain_db == 6.5);
  CHECK(config.sources[0].level_dbfs == -40.0);
  const auto& tcp = std::get<TcpSettings>(config.sources[1].kind);
  CHECK(tcp.listen.text() == "0.0.0.0:7558");
  CHECK(tcp.allow.size() == 2);
  CHECK(tcp.pcm.format == SampleFormat::s24le);
  CHECK(tcp.pcm.rate_hz == 48'000);
  CHECK(tcp.pcm.channels == 2);
  CHECK(std::get<StdinSettings>(config.sources[2].kind).pcm.format == SampleFormat::f32le);
  const auto& file = std::get<FileSettings>(config.sources[3].kind);
  CHECK(file.path == "dir/night.flac");
  CHECK(file.pace == Pace::fast);
  CHECK(file.at_end == AtEnd::loop);
  CHECK_FALSE(config.sources[3].channel);
  const auto& command = std::get<CommandSettings>(config.sources[4].kind);
  CHECK(command.argv ==
        std::vector<std::string>{"ffmpeg", "-i", "rtsp://user:it's \"hidden\"@10.0.0.7/live", "-"});
  CHECK(command.pcm.format == SampleFormat::f32le);
  CHECK(command.pcm.rate_hz == 22'050);
  CHECK(command.pcm.channels == 2);
  CHECK(command.pace == Pace::fast);
  CHECK(command.idle == std::chrono::milliseconds(2'500));
  CHECK_FALSE(tcp.max_senders);
  const auto& many = std::get<TcpSettings>(config.sources[5].kind);
  CHECK(many.max_senders == 50);
  CHECK(many.takeover);
  CHECK(config.most_sources() == 55);
  CHECK(config.publish_tcp.listen == std::vector<SocketAddress>{Endpoint{"::1", 7557}});
  CHECK(config.publish_tcp.max_clients == 3);
  CHECK(config.publish_tcp.client_buffer_kib == 128);
  CHECK(config.publish_tcp.history == 10);
  CHECK(config.publish_web == WebSettings{{"192.168.1.5", 7580}, {parse_network("192.168.1.0/24").value()}});
  CHECK(config.log_level == "debug");
}

TEST_CASE("what others know a source by is its name, in lower case, until it has an id of its own") {
  const Config config = parse_config(
      "[[source]]\nname = \"Küche 2\"\nkind = \"microphone\"\n"
      "[[source]]\nname = \"Barn\"\nid = \"front_door\"\nkind = \"microphone\"\n",
      "earshot.toml");
  CHECK(config.sources[0].id == "k_che_2");
  CHECK(config.sources[1].id == "front_door");
}

TEST_CASE("a microphone is all that must be said") {
  const Config config = parse_config(kMicrophone, "dir/earshot.toml");
  CHECK(config.model.path == bundled_model());
  CHECK(config.model.path.filename() == "earshot.safetensors");
  CHECK(config.model.threads == 1);
  CHECK(config.hop_s == 0.5);
  CHECK_FALSE(config.events);
  CHECK(config.gate_level_dbfs == -60.0);
  CHECK(std::get<MicrophoneSettings>(config.sources.at(0).kind).device == "default");
  CHECK(config.publish_tcp.listen == std::vector<SocketAddress>{Endpoint{"127.0.0.1", 7557}});
  CHECK(config.log_level == "info");
}

TEST_CASE("what is printed loads again to the same") {
  const std::string printed = to_toml(parse_config(kEverything, "dir/earshot.toml"));
  CHECK(to_toml(parse_config(printed, "elsewhere/earshot.toml")) == printed);
}

TEST_CASE("a command's program is sought in PATH, unless it has a slash: then beside the configuration") {
  const auto program = [](const std::string& argv) {
    const Config config =
        parse_config("[[source]]\nname = \"c\"\nkind = \"command\"\nargv = [" + argv + "]\n", "dir/x.toml");
    return std::get<CommandSettings>(config.sources.at(0).kind).argv;
  };
  const std::string here = std::filesystem::current_path().string();
  CHECK(program("\"ffmpeg\"") == std::vector<std::string>{"ffmpeg"});
  CHECK(program("\"./camera.sh\", \"./a\"") == std::vector<std::string>{here + "/dir/camera.sh", "./a"});
  CHECK(program("\"/bin/cat\", \"\"") == std::vector<std::string>{"/bin/cat", ""});
}

TEST_CASE("each mistake is named with file, line and key") {
  const std::string mic = kMicrophone;
  const std::string tcp = "[[source]]\nname = \"t\"\nkind = \"tcp\"\n";
  const std::string file = "[[source]]\nname = \"f\"\nkind = \"file\"\n";
  const std::string command = "[[source]]\nname = \"c\"\nkind = \"command\"\n";
  const std::vector<std::pair<std::string, std::string>> table = {
      {mic + "hopp = 1\n", "dir/earshot.toml:4: key 'source.hopp': found an unknown key"},
      {mic + "[windows]\nhop_s = 1\n",
       "dir/earshot.toml:4: key 'windows': found an unknown key, expected 'window'"},
      {mic + "[window]\nhop_z = 1\n",
       "dir/earshot.toml:5: key 'window.hop_z': found an unknown key, expected 'hop_s'"},
      {mic + "[window]\nhop_s = \"1\"\n",
       "dir/earshot.toml:5: key 'window.hop_s': found \"1\" (a string), expected a number"},
      {mic + "[window]\nhop_s = 0\n",
       "dir/earshot.toml:5: key 'window.hop_s': found 0, expected a number in 0.001 .. 60"},
      {mic + "[events]\nlabels = \"none\"\n",
       "dir/earshot.toml:5: key 'events.labels': found \"none\", expected \"all\""},
      {mic + "[events]\nlabels = [1]\n",
       "dir/earshot.toml:5: key 'events.labels': found an element 1, expected strings"},
      {mic + "[events]\nof_windows = 65\n",
       "dir/earshot.toml:5: key 'events.of_windows': found 65, expected an integer in 1 .. 64"},
      {mic + "[events]\non_windows = 4\n",
       "dir/earshot.toml:5: key 'events.on_windows': found 4, expected an integer in 1 .. 3"},
      {mic + "[events]\noff_s = -1\n",
       "dir/earshot.toml:5: key 'events.off_s': found -1, expected a number in 0 .. 86400"},
      {mic + "[events]\nmin_s = 300\n",
       "dir/earshot.toml:5: key 'events.min_s': found 300.0, expected less than max_s, which is 300.0"},
      {mic + "[events]\nmin_s = 2\nmax_s = 1.5\n",
       "dir/earshot.toml:6: key 'events.max_s': found 1.5, expected more than min_s, which is 2.0"},
      {mic + "[events]\nof = 3\n", "dir/earshot.toml:5: key 'events.of': found an unknown key"},
      {mic + "[events.threshold]\n\"D\\n\" = 0\n",
       "dir/earshot.toml:5: key 'events.threshold.D\\n': found 0.0, expected a number above 0, at most 1"},
      {mic + "[events.threshold]\nDog = 1.5\n",
       "dir/earshot.toml:5: key 'events.threshold.Dog': found 1.5, expected a number in 0 .. 1"},
      {mic + "[[events.group]]\nlabels = [\"Dog\"]\n",
       "dir/earshot.toml:4: key 'events.group.name': found nothing"},
      {mic + "[[events.group]]\nname = \"\"\nlabels = [\"Dog\"]\n",
       "dir/earshot.toml:5: key 'events.group.name': found an empty string"},
      {mic + "[[events.group]]\nname = \"x\"\n",
       "dir/earshot.toml:4: key 'events.group.labels': found nothing"},
      {mic + "[[events.group]]\nname = \"x\"\nlabels = []\n",
       "dir/earshot.toml:6: key 'events.group.labels': found an empty list"},
      {mic + "[[events.level]]\nname = \"a\\nb\"\n",
       "dir/earshot.toml:5: key 'events.level.name': found \"a\\nb\", which holds a control character"},
      {mic + "[[events.level]]\nname = \"x\"\n",
       "dir/earshot.toml:4: key 'events.level.above_dbfs': found nothing"},
      {mic + "[[events.level]]\nname = \"x\"\nabove_dbfs = 3\n",
       "dir/earshot.toml:6: key 'events.level.above_dbfs': found 3, expected a number in -120 .. 0"},
      {mic + "[[events.group]]\nname = \"x\"\nlabels = [\"Dog\"]\n"
             "[[events.level]]\nname = \"x\"\nabove_dbfs = 0\n",
       "dir/earshot.toml:8: key 'events.level.name': found \"x\" a second time, expected a name that no "
       "other"},
      {mic + "[gate]\nlevel_dbfs = 1.0\n", "dir/earshot.toml:5: key 'gate.level_dbfs': found 1.0, expected"},
      {mic + "[model]\nthreads = 0\n",
       "dir/earshot.toml:5: key 'model.threads': found 0, expected an integer in 1 .. 64"},
      {mic + "[model]\nthreads = 16000.0\n",
       "dir/earshot.toml:5: key 'model.threads': found 16000.0, expected an integer in 1 .. 64, written "
       "without a point or exponent"},
      {mic + "[window]\nhop_s = 1E9\n",
       "dir/earshot.toml:5: key 'window.hop_s': found 1000000000.0, expected a number"},
      {mic + "[model]\npath = \"\"\n", "dir/earshot.toml:5: key 'model.path': found an empty string"},
      {mic + "[log]\nlevel = \"loud\"\n",
       "dir/earshot.toml:5: key 'log.level': found \"loud\", expected one of"},
      {mic + "[publish.tcp]\nlisten = \"example.org:1\"\n",
       "dir/earshot.toml:5: key 'publish.tcp.listen': found \"example.org:1\""},
      {mic + "[publish.tcp]\nlisten = \"0.0.0.0:7557\"\n",
       "dir/earshot.toml:5: key 'publish.tcp.listen': found \"0.0.0.0:7557\" without 'allow'"},
      {mic + "[publish.web]\nlisten = \"0.0.0.0:7580\"\n",
       "dir/earshot.toml:5: key 'publish.web.listen': found \"0.0.0.0:7580\" without 'allow'"},
      {mic + "[publish.web]\nlisten = \"127.0.0.1:7557\"\n",
       "dir/earshot.toml:5: key 'publish.web.listen': found \"127.0.0.1:7557\", expected another port than "
       "that of"},
      {mic + "[publish.web]\nport = 7580\n",
       "dir/earshot.toml:5: key 'publish.web.port': found an unknown key, expected one of allow, listen"},
      {mic + "[publish.udp]\nlisten = \"x\"\n",
       "dir/earshot.toml:4: key 'publish.udp': found an unknown key, expected one of mqtt, tcp, tls, web"},
      {mic + mic, "dir/earshot.toml:5: key 'source.name': found \"mic\" a second time"},
      {mic + "id = \"Front door\"\n",
       "dir/earshot.toml:4: key 'source.id': found \"Front door\", expected lower-case "
       "letters, digits and '_', such as \"mic\""},
      {mic + "[[source]]\nname = \"barn\"\nkind = \"microphone\"\nid = \"mic\"\n",
       "dir/earshot.toml:7: key 'source.id': found \"mic\" a second time"},
      {mic + "channel = 0\n", "dir/earshot.toml:4: key 'source.channel': found 0, expected an integer in 1"},
      {mic + "channel = \"left\"\n",
       "dir/earshot.toml:4: key 'source.channel': found \"left\", expected \"mix\""},
      {mic + "rate_hz = 16000\n", "dir/earshot.toml:4: key 'source.rate_hz': found an unknown key"},
      {mic + "path = \"x.wav\"\n", "dir/earshot.toml:4: key 'source.path': found an unknown key"},
      {tcp, "dir/earshot.toml:1: key 'source.listen': found nothing"},
      {tcp + "listen = \"7558\"\n",
       "dir/earshot.toml:4: key 'source.listen': found \"7558\", expected ADDRESS:PORT"},
      {tcp + "listen = \"10.0.0.1:7558\"\n",
       "dir/earshot.toml:4: key 'source.listen': found \"10.0.0.1:7558\" without 'allow'"},
      {tcp + "listen = \"10.0.0.1:7558\"\nallow = [\"all\"]\n",
       "dir/earshot.toml:5: key 'source.allow': found \"all\""},
      {tcp + "listen = \"127.0.0.1:1\"\nformat = \"u8\"\n",
       "dir/earshot.toml:5: key 'source.format': found \"u8\""},
      {tcp + "listen = \"127.0.0.1:1\"\nchannel = 2\n",
       "dir/earshot.toml:5: key 'source.channel': found 2, expected an integer in 1 .. 1"},
      {tcp + "listen = \"127.0.0.1:1\"\ndevice = \"x\"\n",
       "dir/earshot.toml:5: key 'source.device': found an unknown key"},
      {tcp + "listen = \"127.0.0.1:1\"\nmax_senders = 0\n",
       "dir/earshot.toml:5: key 'source.max_senders': found 0, expected an integer in 1 .. 10000"},
      {command, "dir/earshot.toml:1: key 'source.argv': found nothing, expected a program and its arguments"},
      {command + "argv = []\n",
       "dir/earshot.toml:4: key 'source.argv': found an empty list, expected a program"},
      {command + "argv = [\"\", \"x\"]\n",
       "dir/earshot.toml:4: key 'source.argv': found an empty string as the program"},
      {command + "argv = [\"a\\u0000b\"]\n",
       "dir/earshot.toml:4: key 'source.argv': found a string with the character NUL"},
      {command + "argv = \"ffmpeg -i x\"\n", "dir/earshot.toml:4: key 'source.argv': found \"ffmpeg -i x\""},
      {command + "argv = [\"x\", 7]\n",
       "dir/earshot.toml:4: key 'source.argv': found an element 7, expected strings only"},
      {command + "argv = [\"x\"]\nidle_s = 0\n",
       "dir/earshot.toml:5: key 'source.idle_s': found 0, expected a number in 0.1 .. 3600"},
      {command + "argv = [\"x\"]\nchannel = 2\n",
       "dir/earshot.toml:5: key 'source.channel': found 2, expected an integer in 1 .. 1"},
      {command + "argv = [\"x\"]\nlisten = \"127.0.0.1:1\"\n",
       "dir/earshot.toml:5: key 'source.listen': found an unknown key"},
      {command + "command = [\"x\"]\n", "dir/earshot.toml:1: key 'source.argv': found nothing"},
      {file, "dir/earshot.toml:1: key 'source.path': found nothing, expected the path of an audio file"},
      {file + "path = \"x\"\npace = \"slow\"\n", "dir/earshot.toml:5: key 'source.pace': found \"slow\""},
      {"[[source]]\nkind = \"stdin\"\n", "dir/earshot.toml:1: key 'source.name': found nothing"},
      {"[[source]]\nname = \"\"\nkind = \"stdin\"\n",
       "dir/earshot.toml:2: key 'source.name': found an empty string"},
      {"[[source]]\nname = \"a\\nearshotd: forged\"\nkind = \"stdin\"\n",
       "dir/earshot.toml:2: key 'source.name': found \"a\\nearshotd: forged\", which holds a control "
       "character: "
       "byte 2 is \\n, expected a source's name"},
      {"[[source]]\nname = \"a\\u001b[31m\"\nkind = \"stdin\"\n",
       "dir/earshot.toml:2: key 'source.name': found \"a\\x1b[31m\""},
      {"[[source]]\nname = \"x\"\nkind = \"t\\ncp\"\n",
       "dir/earshot.toml:3: key 'source.kind': found \"t\\ncp\""},
      {"[[source]]\nname = \"x\"\n",
       "dir/earshot.toml:1: key 'source.kind': found nothing, expected \"microphone\", \"tcp\", \"stdin\", "
       "\"file\" or \"command\""},
      {"[[source]]\nname = \"x\"\nkind = \"rtp\"\n",
       "dir/earshot.toml:3: key 'source.kind': found \"rtp\", which this version does not know"},
      {"[[source]]\nname = \"a\"\nkind = \"stdin\"\n[[source]]\nname = \"b\"\nkind = \"stdin\"\n",
       "dir/earshot.toml:6: key 'source.kind': found \"stdin\" a second time"},
      {"source = 3\n", "dir/earshot.toml:1: key 'source': found 3, expected tables [[source]]"},
      {"", "dir/earshot.toml: key 'source': found nothing, expected at least one [[source]]"},
  };
  for (const auto& [text, expected] : table) {
    CHECK_THAT(complaint(text), Catch::Matchers::StartsWith(expected));
  }
}

TEST_CASE("the stream is published on one address or a list of them, Unix sockets among them") {
  const auto published = [](const std::string& listen) {
    const Config config = parse_config(kMicrophone + ("[publish.tcp]\nlisten = " + listen), "x.toml");
    const std::string printed = to_toml(config);
    CHECK(to_toml(parse_config(printed, "y.toml")) == printed);
    CHECK_THAT(printed, Catch::Matchers::Contains("listen = " + listen + "\n"));
    return config.publish_tcp.listen;
  };
  const SocketAddress v4 = Endpoint{"127.0.0.1", 7557};
  const SocketAddress v6 = Endpoint{"::1", 7557};
  const SocketAddress path = UnixPath{"/run/earshot/earshot.sock"};
  CHECK(published("\"[::1]:7557\"") == std::vector{v6});
  CHECK(published("\"unix:/run/earshot/earshot.sock\"") == std::vector{path});
  CHECK(published("[\"127.0.0.1:7557\", \"[::1]:7557\", \"unix:/run/earshot/earshot.sock\"]") ==
        std::vector{v4, v6, path});
  CHECK(published("[\"127.0.0.1:0\", \"127.0.0.1:0\"]").size() == 2);
}

TEST_CASE("pages over HTTP are served if there is a table for them, on loopback unless it says more") {
  CHECK_FALSE(parse_config(kMicrophone, "x.toml").publish_web);
  CHECK(parse_config(kMicrophone + std::string("[publish.web]\n"), "x.toml").publish_web ==
        WebSettings{{"127.0.0.1", 7580}, {}});
}

TEST_CASE("a list to publish on names the address that is wrong") {
  const auto listen_problem = [](const std::string& listen) {
    const std::string line = complaint(kMicrophone + ("[publish.tcp]\nlisten = " + listen + "\n"));
    const std::string place = "dir/earshot.toml:5: key 'publish.tcp.listen': ";
    CHECK_THAT(line, Catch::Matchers::StartsWith(place));
    return line.substr(place.size());
  };
  CHECK(listen_problem("[\"127.0.0.1:1\", \"unix:run/x\"]") ==
        "found \"unix:run/x\", expected \"127.0.0.1:7557\", \"[::1]:7557\", \"unix:/PATH\" or a list of such "
        "addresses");
  CHECK_THAT(listen_problem("[\"127.0.0.1:1\", \"0.0.0.0:2\"]"),
             Catch::Matchers::StartsWith("found \"0.0.0.0:2\" without 'allow'"));
  CHECK_THAT(listen_problem("\"unix:/" + std::string(200, 'x') + "\""),
             Catch::Matchers::StartsWith("found \"unix:/xx"));
  CHECK(listen_problem("[]") == "found an empty list, expected at least one address");
  CHECK(listen_problem("3") == "found 3, expected an array of strings");
  CHECK(listen_problem("[3]") == "found an element 3, expected strings only");
  CHECK(listen_problem("[\"127.0.0.1:1\", \"localhost:1\"]") ==
        "found \"localhost:1\", expected another port than that of dir/earshot.toml:5: key "
        "'publish.tcp.listen' "
        "(\"127.0.0.1:1\")");
  CHECK(listen_problem("[\"unix:/run/x\", \"unix:/run//x\"]") ==
        "found \"unix:/run//x\", expected another path than that of dir/earshot.toml:5: key "
        "'publish.tcp.listen' "
        "(\"unix:/run/x\")");
  CHECK_THAT(complaint("[[source]]\nname = \"t\"\nkind = \"tcp\"\nlisten = \"unix:/run/x\"\n"),
             Catch::Matchers::Contains("found \"unix:/run/x\", expected ADDRESS:PORT"));
}

TEST_CASE("one port for two listeners is refused, and both keys are named") {
  const auto tcp = [](const std::string& name, const std::string& listen) {
    return "[[source]]\nname = \"" + name + "\"\nkind = \"tcp\"\nallow = [\"10.0.0.0/8\"]\nlisten = \"" + listen +
           "\"\n";
  };
  const auto publish = [](const std::string& listen) {
    return "[publish.tcp]\nlisten = \"" + listen + "\"\nallow = [\"10.0.0.0/8\"]\n";
  };
  CHECK(complaint(publish("127.0.0.1:7000") + tcp("a", "127.0.0.1:7000")) ==
        "dir/earshot.toml:8: key 'source.listen': found \"127.0.0.1:7000\", expected another port than that of "
        "dir/earshot.toml:2: key 'publish.tcp.listen' (\"127.0.0.1:7000\")");
  CHECK(complaint(tcp("a", "127.0.0.1:7000") + tcp("b", "0.0.0.0:7000")) ==
        "dir/earshot.toml:10: key 'source.listen': found \"0.0.0.0:7000\", expected another port than that of "
        "dir/earshot.toml:5: key 'source.listen' (\"127.0.0.1:7000\")");
  CHECK(complaint(tcp("a", "localhost:7557")) ==
        "dir/earshot.toml:5: key 'source.listen': found \"localhost:7557\", expected another port than that of "
        "dir/earshot.toml: key 'publish.tcp.listen' (\"127.0.0.1:7557\")");
  CHECK_NOTHROW(parse_config(publish("127.0.0.1:0") + tcp("a", "127.0.0.1:0"), "x.toml"));
  CHECK_NOTHROW(parse_config(publish("127.0.0.1:7000") + tcp("a", "127.0.0.2:7000"), "x.toml"));
}

TEST_CASE("a real number is printed as one, whatever its size") {
  const std::string text = std::string(kMicrophone) + "gain_db = 1E0\n[window]\nhop_s = 1e-3\n";
  const std::string printed = to_toml(parse_config(text, "x.toml"));
  CHECK_THAT(printed, Catch::Matchers::Contains("gain_db = 1.0\n") && Catch::Matchers::Contains("hop_s = 0.001\n"));
}

TEST_CASE("a configuration that this user may not look for is found, if there is no other, and says why it fails") {
  const TemporaryDirectory directory;
  std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  const std::filesystem::path folder = directory / "earshot";
  std::filesystem::create_directory(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::none);
  CHECK(as_nobody([&] {
    ::setenv("XDG_CONFIG_HOME", directory.path().c_str(), 1);
    if (std::filesystem::exists("/etc/earshot/earshot.toml")) return true;  // that one is taken
    const auto found = find_config();
    if (found != folder / "earshot.toml") return false;
    try {
      load_config(*found);
    } catch (const Error& error) {
      return std::string(error.what()).find("Permission denied") != std::string::npos;
    }
    return false;
  }));
}

TEST_CASE("the example beside the model is good") {
  const Config config = load_config(EARSHOT_SOURCE_DIR "/config/earshot.toml");
  CHECK(config.model.path.filename() == "earshot.safetensors");
  REQUIRE(config.sources.size() == 2);
  CHECK(kind_name(config.sources[0]) == "microphone");
  CHECK(kind_name(config.sources[1]) == "tcp");
}

TEST_CASE("every source that docs/sources.md shows is good") {
  std::ifstream file(EARSHOT_SOURCE_DIR "/docs/sources.md");
  std::optional<std::string> block;
  std::size_t sources = 0;
  for (std::string line; std::getline(file, line);) {
    if (line == "```toml") {
      block.emplace();
    } else if (line == "```" && block) {
      INFO(*block);
      sources += parse_config(*std::exchange(block, std::nullopt), "x.toml").sources.size();
    } else if (block) {
      *block += line + '\n';
    }
  }
  CHECK(sources == 6);
}

TEST_CASE("the example's table of events is good, too, and says what holds without it") {
  std::ifstream file(EARSHOT_SOURCE_DIR "/config/earshot.toml");
  std::string text = kMicrophone;
  bool inside = false;
  for (std::string line; std::getline(file, line); inside = inside && !line.empty()) {
    inside = inside || line == "# [events]";
    if (inside && !line.empty()) text += line.substr(2) + '\n';
  }
  const Config config = parse_config(text, "x.toml");
  REQUIRE(config.events);
  CHECK(config.events->groups.size() == 1);
  CHECK(config.events->levels.size() == 1);
  const EventSettings& usual = *config.events;
  const EventSettings defaults;
  CHECK(usual.on_windows == defaults.on_windows);
  CHECK(usual.of_windows == defaults.of_windows);
  CHECK(usual.off_s == defaults.off_s);
  CHECK(usual.min_s == defaults.min_s);
  CHECK(usual.max_s == defaults.max_s);
  CHECK(usual.cooldown_s == defaults.cooldown_s);
}

TEST_CASE("a hop is a number or \"auto\"") {
  const Config config =
      parse_config(std::string(kMicrophone) + "[window]\nhop_s = \"auto\"\n", "earshot.toml");
  CHECK(config.hop_auto);
  CHECK_THAT(to_toml(config), Catch::Matchers::Contains("hop_s = \"auto\"\n"));
  CHECK(parse_config(to_toml(config), "earshot.toml").hop_auto);
}

}  // namespace earshot::test
