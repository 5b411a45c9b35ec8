// The checks of `earshot doctor`, each by facts that are given.
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/doctor/BrokerCheck.h"
#include "daemon/doctor/CertificateCheck.h"
#include "daemon/doctor/Checks.h"
#include "daemon/doctor/ClockCheck.h"
#include "daemon/doctor/DevicesCheck.h"
#include "daemon/doctor/DiskCheck.h"
#include "daemon/doctor/FilesCheck.h"
#include "daemon/doctor/LevelCheck.h"
#include "daemon/doctor/LimitsCheck.h"
#include "daemon/doctor/ModelCheck.h"
#include "daemon/doctor/NetworkCheck.h"
#include "daemon/doctor/PortsCheck.h"
#include "daemon/doctor/ServerCheck.h"
#include "daemon/doctor/SoundCards.h"
#include "daemon/doctor/SpeedCheck.h"
#include "daemon/doctor/UnitCheck.h"
#include "daemon/doctor/UserCheck.h"
#include "tests/daemon/FreePorts.h"
#include "tests/daemon/TestModel.h"
#include "tests/daemon/TlsClient.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

using Catch::Matchers::Contains;

Patient patient_with(const std::string& toml) {
  Patient patient;
  patient.path = "earshot.toml";
  patient.config = parse_config(toml, "earshot.toml");
  patient.account = this_account();
  return patient;
}

ServiceUnit caged_unit() {
  return parse_unit(
      "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nResult=success\nExecMainStatus="
      "0\nNRestarts=0\n"
      "User=earshot\nExecStart={ path=/usr/bin/earshotd ; argv[]=/usr/bin/earshotd --config "
      "/etc/earshot/earshot.toml ; "
      "ignore_errors=no ; pid=7 }\nProtectHome=yes\nPrivateTmp=yes\nIPAddressDeny=0.0.0.0/0 ::/0\n"
      "IPAddressAllow=127.0.0.0/8 ::1/128\n");
}

constexpr const char* kMicrophoneToml = "[[source]]\nname = \"mic\"\nkind = \"microphone\"\n";

/// A table of each kind that names files, ports and others.
std::string all_tables(const std::string& tls_table) {
  return std::string(kMicrophoneToml) +
         "[events]\n[publish.tcp]\nlisten = \"0.0.0.0:7557\"\n[publish.web]\nlisten = \"0.0.0.0:7580\"\n"
         "allow = [\"192.168.7.0/24\"]\n[publish.mqtt]\nbroker = \"mqtts://10.0.0.9\"\nuser = \"attic\"\n"
         "password_file = \"/nowhere/password\"\nca_file = \"/nowhere/ca.pem\"\n" +
         tls_table +
         "[[action]]\nurl = \"https://me:pa@10.0.0.10/hook\"\ntoken_file = \"/nowhere/bearer\"\n"
         "[[action]]\ncommand = [\"no-such-program-of-anybody\", \"http://10.0.0.11/x\"]\n";
}

Finding certificate_found(const TlsFiles& files) {
  return check_certificate(patient_with(kMicrophoneToml + files.table())).at(0);
}

}  // namespace

TEST_CASE("each check has a short name of its own, and what fails in the configuration is 78") {
  std::vector<std::string_view> names;
  for (const Check& each : all_checks()) {
    CHECK(each.name.size() <= 9);
    CHECK(std::ranges::find(names, each.name) == names.end());
    CHECK((each.code == ExitCode::config || each.code == ExitCode::unavailable));
    names.push_back(each.name);
  }
  CHECK(names.front() == "config");
}

TEST_CASE("systemd's words become a unit, and absent ones none") {
  const ServiceUnit unit = caged_unit();
  CHECK(unit.is_active());
  CHECK(unit.user == "earshot");
  CHECK(unit.config == "/etc/earshot/earshot.toml");
  CHECK(unit.protect_home == "yes");
  CHECK(unit.private_tmp);
  CHECK(unit.deny.size() == 2);
  CHECK(unit.allow.size() == 2);
  CHECK_FALSE(parse_unit("LoadState=not-found\nActiveState=inactive\n").is_installed());
  CHECK(parse_unit("").presence == ServiceUnit::Presence::no_systemd);
}

TEST_CASE("a unit that failed is told with what its exit code means, its log is shown without passwords") {
  ServiceUnit unit = caged_unit();
  unit.active = "failed";
  unit.result = "exit-code";
  unit.exit_status = 78;
  const Findings findings = unit_findings(unit, false, {"cam: rtsp://me:hunter2@10.0.0.5/live"});
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].verdict == Verdict::fail);
  CHECK_THAT(findings[0].text, Contains("78: its configuration is wrong"));
  CHECK_THAT(findings[0].mend, Contains("sudo systemctl restart earshotd"));
  CHECK_THAT(findings[1].text, !Contains("hunter2"));
  unit.active = "inactive";
  CHECK(unit_findings(unit, true, {})[0].verdict == Verdict::ok);
  CHECK_THAT(unit_findings(unit, false, {})[0].mend, Contains("enable --now"));
  unit.active = "active";
  CHECK(unit_findings(unit, true, {})[0].verdict == Verdict::ok);
  unit.enabled = "disabled";
  CHECK(unit_findings(unit, true, {})[0].verdict == Verdict::warn);
  CHECK_THAT(unit_findings(ServiceUnit(), true, {})[0].text, Contains("no systemd"));
}

TEST_CASE(
    "a model that is missing, a label that it lacks and a hop beyond its window are told, a good one with "
    "its size") {
  const TemporaryDirectory directory;
  save_model(untrained_model(), directory / "model.safetensors");
  const std::string model = "[model]\npath = \"" + (directory / "model.safetensors").string() + "\"\n";
  const auto checked = [&](const std::string& toml) {
    return check_model(patient_with(toml + kMicrophoneToml)).at(0);
  };
  const Finding good = checked(model);
  CHECK(good.verdict == Verdict::ok);
  CHECK_THAT(good.text, Contains("labels"));
  const Finding missing = checked("[model]\npath = \"/nowhere/m.safetensors\"\n");
  CHECK(missing.verdict == Verdict::fail);
  CHECK_THAT(missing.text, Contains("/nowhere/m.safetensors"));
  CHECK_THAT(missing.mend, Contains("[model] path"));
  const Finding label = checked(model + "[events]\nlabels = [\"Dgo\"]\n");
  CHECK(label.verdict == Verdict::fail);
  CHECK_THAT(label.text, Contains("Dgo"));
  CHECK_THAT(label.mend, Contains("earshot labels"));
  const Finding hop = checked(model + "[window]\nhop_s = 59\n");
  CHECK(hop.verdict == Verdict::fail);
  CHECK_THAT(hop.text, Contains("hop_s"));
}

TEST_CASE("who may not open sound devices is told what to do about it, by why he may not") {
  UserFacts facts{.account = {.name = "anna", .uid = 1000, .groups = {1000}},
                  .text = "user anna",
                  .microphones = true,
                  .refusal = "/dev/snd/pcmC0D0c: user anna may not read it"};
  CHECK_THAT(user_findings(facts)[0].mend, Contains("usermod -aG audio anna") && Contains("log out"));
  facts.service = true;
  CHECK_THAT(user_findings(facts)[0].mend, Contains("restart earshotd"));
  facts.in_list = true;
  CHECK_THAT(user_findings(facts)[0].text, Contains("next login"));
  facts.in_list = false;
  facts.own_server = true;
  CHECK(user_findings(facts)[0].verdict == Verdict::ok);
  facts.own_server = false;
  facts.refusal.clear();
  CHECK(user_findings(facts)[0].verdict == Verdict::warn);
  facts.devices = true;
  CHECK(user_findings(facts)[0].verdict == Verdict::ok);
  facts.microphones = false;
  CHECK(user_findings(facts)[0].verdict == Verdict::ok);
  facts.account.uid = static_cast<uid_t>(-1);
  CHECK(user_findings(facts)[0].verdict == Verdict::fail);
}

TEST_CASE("cards are read from the kernel's files, with the name of who has one open") {
  const TemporaryDirectory directory;
  directory.write("asound/card1/pcm0c/info", "card: 1\ndevice: 0\nid: USB Audio\nname: USB Audio\n");
  directory.write("asound/card1/pcm0c/sub0/status", "state: RUNNING\nowner_pid   : 4711\n");
  directory.write("asound/card1/pcm0p/info", "name: its loudspeaker\n");
  directory.write("asound/card0/pcm2c/info", "name: HDA\n");
  directory.write("asound/card0/pcm2c/sub0/status", "closed\n");
  directory.write("asound/cards", "");
  directory.write("proc/4711/status", "Name:\ta-thread\nTgid:\t4700\n");
  directory.write("proc/4711/stat", "4711 (a-thread) S 1 1");
  directory.write("proc/4700/stat", "4700 (my (odd) rec) S 1 1");
  const std::vector<SoundCard> cards = sound_cards(directory / "asound", directory / "proc");
  REQUIRE(cards.size() == 2);
  CHECK(cards[0].name == "HDA (hw:0,2)");
  CHECK_FALSE(cards[0].holder);
  CHECK(cards[1].name == "USB Audio (hw:1,0)");
  REQUIRE(cards[1].holder);
  CHECK(cards[1].holder->name == "my (odd) rec");
  const Findings findings = card_findings(cards, true);
  CHECK(findings.at(0).verdict == Verdict::ok);
  CHECK(findings.at(1).verdict == Verdict::warn);
  CHECK_THAT(findings.at(1).text, Contains("my (odd) rec (process 4700)"));
  CHECK(card_findings({{"HDA", Process{.pid = 1, .name = "pipewire"}}}, true)[0].verdict == Verdict::ok);
  CHECK(card_findings({}, true)[0].verdict == Verdict::warn);
  CHECK(card_findings({}, false)[0].verdict == Verdict::ok);
}

TEST_CASE("a microphone is found as the daemon finds it; one that is not there is told with those that are") {
  const std::vector<CaptureDevice> devices{{"HDA: ALC (hw:0,0)", "ALSA", 2, 44100, true},
                                           {"Yeti (hw:1,0)", "ALSA", 2, 48000}};
  const auto found = [&](const std::string& device, bool heard = false) {
    return device_findings(devices, {{"mic", device, heard}}, {"alsa_input.usb-Blue"}, ": denied").at(0);
  };
  CHECK_THAT(found("default").text, Contains("HDA: ALC (hw:0,0)"));
  CHECK(found("Yeti").verdict == Verdict::ok);
  CHECK(found("alsa_input.usb-Blue").verdict == Verdict::ok);
  const Finding missing = found("Rode");
  CHECK(missing.verdict == Verdict::fail);
  CHECK_THAT(missing.text, Contains("Yeti") && Contains("alsa_input.usb-Blue") && Contains("denied"));
  CHECK_THAT(missing.mend, Contains("\"mic\""));
  CHECK(found("Rode", true).verdict == Verdict::ok);
  CHECK(device_findings({}, {}, {}, "").at(0).verdict == Verdict::ok);
}

TEST_CASE("a sound server that is frozen, another user's, muted or of a monitor is told") {
  const std::string listed =
      "Source #0\n\tState: SUSPENDED\n\tName: card.monitor\n\tDescription: Monitor of Null Output\n\tMute: "
      "no\n"
      "\tVolume: front-left: 65536 / 100% / 0.00 dB,   front-right: 65536 / 100%\n\tBase Volume: 65536 /   "
      "1%\n"
      "Source #1\n\tState: RUNNING\n\tName: usb\n\tDescription: Yeti\n\tMute: yes\n\tVolume: mono: 0 /   0% "
      "/ -inf dB\n"
      "\tPorts:\n\t\tName: not-a-source\n";
  SoundServers servers{.running = {{.pid = 9, .name = "pulseaudio", .state = 'S', .uid = 1000}},
                       .answer = SoundServers::Answer::given,
                       .default_source = "usb",
                       .sources = parse_pulse_sources(listed)};
  REQUIRE(servers.sources.size() == 2);
  CHECK(servers.sources[0].volume_percent == 100);
  CHECK(servers.sources[1].volume_percent == 0);
  CHECK(servers.sources[1].name == "usb");
  const Findings muted = server_findings(servers, {"usb"}, 1000);
  CHECK(muted.at(1).verdict == Verdict::fail);
  CHECK_THAT(muted.at(1).mend, Contains("set-source-mute usb 0"));
  servers.sources[1].muted = false;
  CHECK_THAT(server_findings(servers, {"usb"}, 1000).at(1).mend, Contains("set-source-volume"));
  CHECK(server_findings(servers, {"card.monitor"}, 1000).at(1).verdict == Verdict::ok);
  CHECK(server_findings(servers, {"hw:0"}, 1000).size() == 1);
  servers.running[0].state = 'T';
  CHECK_THAT(server_findings(servers, {"usb"}, 1000).at(0).mend, Contains("kill -CONT 9"));
  CHECK(server_findings(servers, {}, 1000).at(0).verdict == Verdict::ok);
  servers.running[0].state = 'S';
  servers.answer = SoundServers::Answer::late;
  CHECK(server_findings(servers, {"usb"}, 1000).at(0).verdict == Verdict::fail);
  servers.answer = SoundServers::Answer::none;
  CHECK_THAT(server_findings(servers, {"usb"}, 999).at(0).mend, Contains("systemctl --user"));
  CHECK(server_findings(SoundServers(), {"usb"}, 999).at(0).verdict == Verdict::ok);
}

TEST_CASE("digital silence fails, what hardly is anything and what clips is doubtful, quiet is well") {
  CHECK(level_finding("mic", -120.0, -60.0, false).verdict == Verdict::fail);
  CHECK_THAT(level_finding("mic", -120.0, -60.0, false).text, Contains("digital silence"));
  CHECK(level_finding("mic", -92.0, -60.0, false).verdict == Verdict::warn);
  CHECK(level_finding("mic", -65.0, -60.0, false).verdict == Verdict::ok);
  CHECK_THAT(level_finding("mic", -65.0, -60.0, false).text, Contains("gate"));
  CHECK(level_finding("mic", -20.0, -60.0, false).verdict == Verdict::ok);
  CHECK(level_finding("mic", -0.2, -60.0, false).verdict == Verdict::warn);
  CHECK(level_finding("mic", -10.0, -60.0, true).verdict == Verdict::warn);
  std::vector<float> samples(10'000, 0.1F);
  CHECK_FALSE(is_clipped(samples));
  std::fill_n(samples.begin(), 20, -1.0F);
  CHECK(is_clipped(samples));
  CHECK_FALSE(is_clipped({}));
}

TEST_CASE("a daemon's heartbeat says what is heard, and its sources' states why not") {
  const Patient patient =
      patient_with(std::string(kMicrophoneToml) +
                   "[[source]]\nname = \"porch\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:7558\"\n");
  DaemonWord word;
  word.take(R"({"type":"hello","server":"someone"})");
  CHECK_FALSE(word.greeted);
  word.take(R"({"type":"hello","server":"earshotd","version":"1","first_seq":5,"model":{"name":"m"},)"
            R"("sources":[{"name":"mic","kind":"microphone","state":"up"},)"
            R"({"name":"porch","kind":"tcp","state":"down"}]})");
  CHECK(word.greeted);
  CHECK(word.first_seq == 5);
  word.take("no JSON");
  word.take(R"({"type":"source","source":"porch","state":"down","detail":"the sender left"})");
  word.take(R"({"type":"heartbeat","uptime_s":9.5,"sources":[{"name":"mic","state":"up","lag_s":0.2,)"
            R"("level_dbfs":-120.0,"skipped_windows":3},)"
            R"({"name":"porch","state":"down","lag_s":0,"level_dbfs":-120,"skipped_windows":0}]})");
  REQUIRE(word.heartbeat);
  const Findings findings = heard_findings(word, *patient.config);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].verdict == Verdict::fail);
  CHECK_THAT(findings[0].text, Contains("mic") && Contains("digital silence"));
  CHECK(findings[1].verdict == Verdict::warn);
  CHECK_THAT(findings[1].text, Contains("the sender left"));

  CHECK(speed_findings(word, {.count = 4, .has_avx2 = true}).at(0).verdict == Verdict::warn);
  CHECK_THAT(speed_findings(word, {.count = 4, .has_avx2 = true}).at(0).mend, !Contains("AVX2"));
  CHECK_THAT(speed_findings(word, {.count = 4, .has_avx2 = false}).at(0).mend, Contains("AVX2"));
  word.sources[0].lag_s = 0.0;
  CHECK_THAT(heard_findings(word, *patient.config)[0].text, Contains("no window yet"));
  word.sources[0].lag_s = 0.2;
  word.sources[0].kind = "tcp";
  CHECK(heard_findings(word, *patient.config)[0].verdict == Verdict::warn);
  word.sources[0].lag_s = 20.0;
  CHECK(speed_findings(word, {}).at(0).verdict == Verdict::fail);
  CHECK(speed_findings(DaemonWord(), {}).at(0).verdict == Verdict::ok);
}

TEST_CASE("the kernel's tables say who listens, on both kinds of addresses") {
  const auto sockets = parse_listening(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:1D85 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 "
      "100 0 0 10 0\n"
      "   1: 0100007F:1D85 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 4243 1 0 "
      "100 0 0 10 0\n"
      "   2: 00000000000000000000000001000000:1D86 00000000000000000000000000000000:0000 0A "
      "00000000:00000000 00:00000000 "
      "00000000     0        0 77 1 0\nrubbish\n");
  REQUIRE(sockets.size() == 2);
  CHECK(sockets[0].at.text() == "127.0.0.1:7557");
  CHECK(sockets[0].uid == 1000);
  CHECK(sockets[0].inode == 4242);
  CHECK(sockets[1].at.text() == "[::1]:7558");
}

TEST_CASE("a port is free, the daemon's, another program's, or a daemon's that does not answer") {
  const Endpoint at{"127.0.0.1", 7557};
  PortFacts facts{.listening = {}, .holder = [](const ListeningSocket&) {
                    return Process{.pid = 12, .name = "python3", .state = 'S'};
                  }};
  const std::vector<WantedPort> wanted{{"[publish.tcp]", at}};
  CHECK_THAT(port_findings(wanted, facts).at(0).text, Contains("free"));
  facts.daemon_runs = true;
  CHECK_THAT(port_findings(wanted, facts).at(0).mend, Contains("reload"));
  facts.daemon_runs = false;
  facts.listening = {{.at = {"0.0.0.0", 7557}, .uid = ::getuid(), .inode = 1}};
  const Finding taken = port_findings(wanted, facts).at(0);
  CHECK(taken.verdict == Verdict::fail);
  CHECK_THAT(taken.text, Contains("python3 (process 12)"));
  CHECK_THAT(taken.mend, Contains("[publish.tcp]"));
  facts.holder = [](const ListeningSocket&) { return std::optional<Process>(); };
  CHECK_THAT(port_findings(wanted, facts).at(0).mend, Contains("sudo earshot doctor"));
  facts.holder = [](const ListeningSocket&) { return Process{.pid = 12, .name = "earshotd", .state = 'T'}; };
  CHECK_THAT(port_findings(wanted, facts).at(0).mend, Contains("kill -CONT 12"));
  facts.holder = [](const ListeningSocket&) { return Process{.pid = 12, .name = "earshotd", .state = 'S'}; };
  CHECK(port_findings(wanted, facts).at(0).verdict == Verdict::ok);
  DaemonWord silent;
  silent.connected = true;
  CHECK_THAT(port_findings({{"[publish.tcp]", at, &silent}}, facts).at(0).text, Contains("does not answer"));
}

TEST_CASE("a clock that was never set, a full and a read-only disk, and memory that runs out are told") {
  CHECK(clock_finding(1970, true).verdict == Verdict::fail);
  CHECK(clock_finding(2026, false).verdict == Verdict::warn);
  CHECK(clock_finding(2026, true).verdict == Verdict::ok);
  DiskFacts disk{
      .folder = "/var/lib/earshot", .user = "earshot", .free_bytes = 1ULL << 30, .books = "no books yet"};
  CHECK(disk_finding(disk).verdict == Verdict::ok);
  disk.free_bytes = 50 << 20;
  CHECK(disk_finding(disk).verdict == Verdict::warn);
  disk.free_bytes = 0;
  CHECK(disk_finding(disk).verdict == Verdict::fail);
  disk.refusal = "/var/lib/earshot: user earshot may not write it";
  CHECK_THAT(disk_finding(disk).mend, Contains("-o earshot"));
  disk.read_only = true;
  CHECK_THAT(disk_finding(disk).text, Contains("read-only"));
  CHECK(available_memory("MemTotal: 5 kB\nMemAvailable:    2048 kB\n") == 2048 * 1024);
  CHECK_FALSE(available_memory("").has_value());
  CHECK(limit_findings({.free_bytes = 20 << 20}).at(0).verdict == Verdict::warn);
  CHECK(
      limit_findings({.free_bytes = 1 << 30, .descriptors = 1000, .most_descriptors = 1024}).at(0).verdict ==
      Verdict::warn);
  CHECK(limit_findings({.free_bytes = 1 << 30, .descriptors = 100, .most_descriptors = 1024}).at(0).verdict ==
        Verdict::ok);
}

TEST_CASE("files that the unit's cage hides are told, those that it shows are not") {
  ServiceUnit unit = caged_unit();
  CHECK(hidden_by(unit, "/home/anna/m.safetensors") == "ProtectHome=yes");
  CHECK(hidden_by(unit, "/root/m.safetensors") == "ProtectHome=yes");
  CHECK(hidden_by(unit, "/run/user/1000/x") == "ProtectHome=yes");
  CHECK(hidden_by(unit, "/tmp/x.wav") == "PrivateTmp=yes");
  CHECK(hidden_by(unit, "/homestead/x").empty());
  unit.protect_home = "read-only";
  CHECK(hidden_by(unit, "/home/anna/m.safetensors").empty());

  Patient patient = patient_with(
      "[model]\npath = \"/home/anna/m.safetensors\"\n"
      "[[source]]\nname = \"cam\"\nkind = \"command\"\nargv = [\"no-such-program-of-anybody\"]\nformat = "
      "\"s16le\"\nrate_hz = 16000\n"
      "channels = 1\n");
  patient.path = "/etc/earshot/earshot.toml";
  patient.unit = caged_unit();
  patient.is_service = true;
  const Findings findings = check_files(patient);
  REQUIRE(findings.size() == 2);
  CHECK_THAT(findings[0].mend, Contains("ProtectHome=read-only"));
  CHECK_THAT(findings[1].text, Contains("no-such-program-of-anybody"));
  patient.is_service = false;
  CHECK_THAT(check_files(patient)[0].text, Contains("No such file"));
}

TEST_CASE("modes along a path say who refuses, and to whom") {
  const TemporaryDirectory directory;
  const auto file = directory.write("closed/file", "x");
  std::filesystem::permissions(directory.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  const Account stranger{.name = "stranger", .uid = 54'321, .groups = {54'321}};
  CHECK(refusal(stranger, file, R_OK).empty());
  std::filesystem::permissions(directory / "closed", std::filesystem::perms(0700));
  CHECK_THAT(refusal(stranger, file, R_OK),
             Contains("closed: user stranger may not enter it") && Contains("0700"));
  std::filesystem::permissions(directory / "closed", std::filesystem::perms(0711));
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  CHECK_THAT(refusal(stranger, file, R_OK), Contains("may not read it"));
  CHECK(refusal(this_account(), file, R_OK).empty());
  const auto link = directory / "link";
  std::filesystem::create_symlink(file, link);
  CHECK_THAT(refusal(stranger, link, R_OK), Contains("may not read it"));
  CHECK_THAT(refusal(stranger, directory / "none", R_OK), Contains("No such file"));
}

TEST_CASE("a camera, a sender and a client beyond this machine need a hole in systemd's filter") {
  CHECK(host_in_url("rtsp://user:pa@ss@192.168.1.20:554/live") == "192.168.1.20");
  CHECK(host_in_url("http://[fd00::7]:80/") == "fd00::7");
  CHECK(host_in_url("http://camera.local/x@y") == "camera.local");
  CHECK(host_in_url("http://127.0.0.1/").empty());
  CHECK(host_in_url("-i").empty());
  const Patient patient = patient_with(
      "[[source]]\nname = \"cam\"\nkind = \"command\"\nargv = [\"ffmpeg\", \"-i\", "
      "\"rtsp://u:p@192.168.1.20/live\"]\n"
      "format = \"s16le\"\nrate_hz = 16000\nchannels = 1\n"
      "[[source]]\nname = \"porch\"\nkind = \"tcp\"\nlisten = \"0.0.0.0:7558\"\nallow = "
      "[\"192.168.0.0/16\"]\n");
  const std::vector<Partner> partners = partners_of(*patient.config);
  REQUIRE(partners.size() == 2);
  ServiceUnit unit = caged_unit();
  for (const Finding& each : network_findings(partners, unit)) {
    CHECK(each.verdict == Verdict::fail);
    CHECK_THAT(each.mend, Contains("IPAddressAllow"));
    CHECK_THAT(each.text, !Contains("u:p"));
  }
  unit.allow.push_back(*parse_network("192.168.1.0/24"));
  const Findings findings = network_findings(partners, unit);
  CHECK((findings[0].verdict == Verdict::fail) != (findings[1].verdict == Verdict::fail));
  CHECK(lets_through(unit.allow, unit.deny, "camera.local") == std::nullopt);
  CHECK(lets_through({}, unit.deny, "camera.local") == false);
  CHECK(lets_through({}, {}, "camera.local") == true);
  CHECK(network_findings(partners, ServiceUnit())[0].verdict == Verdict::ok);
}

TEST_CASE("files, ports and partners of the broker, pages, TLS and actions are looked at") {
  const TlsFiles files;
  const Patient patient = patient_with(all_tables(files.table()));
  std::vector<std::string> keys;
  for (const ConfiguredFile& each : configured_files(*patient.config)) keys.push_back(each.key);
  CHECK(keys == std::vector<std::string>{"[model] path", "[publish.mqtt] password_file",
                                         "[publish.mqtt] ca_file", "[publish.tls] certificate",
                                         "[publish.tls] key", "[publish.tls] token_file",
                                         "[[action]] token_file", "[[action]] command"});
  CHECK_THAT(check_files(patient).back().text, Contains("no program \"no-such-program-of-anybody\""));

  std::vector<std::string> ports;
  for (const WantedPort& each : wanted_ports(*patient.config)) ports.push_back(each.key + each.at.text());
  CHECK(ports == std::vector<std::string>{"[publish.tcp]0.0.0.0:7557", "[publish.web]0.0.0.0:7580"});

  std::vector<std::string> partners;
  for (const Partner& each : partners_of(*patient.config)) partners.push_back(each.key + ' ' + each.host);
  CHECK(partners == std::vector<std::string>{"[publish.tcp] whoever comes by TLS",
                                             "[publish.web] allow 192.168.7.0/24",
                                             "[publish.mqtt] broker 10.0.0.9", "[[action]] url 10.0.0.10",
                                             "[[action]] command 10.0.0.11"});
  for (const Finding& each : network_findings(partners_of(*patient.config), caged_unit()))
    CHECK(each.verdict == Verdict::fail);
}

TEST_CASE("how a key is opened to earshotd alone is told, since one that everybody may read is refused") {
  const TlsFiles files;
  std::filesystem::permissions(files.directory.path(), std::filesystem::perms(0755));
  Patient patient = patient_with(kMicrophoneToml + files.table());
  patient.account = {.name = "stranger", .uid = 54'321, .groups = {54'321}};
  const Findings findings = check_files(patient);
  REQUIRE(findings.size() == 4);
  CHECK(findings[1].verdict == Verdict::ok);
  CHECK(findings[2].verdict == Verdict::fail);
  CHECK_THAT(findings[2].mend, Contains("chgrp stranger") && Contains("o= ") && !Contains("o+r"));
  std::filesystem::permissions(files.directory / "token", std::filesystem::perms(0644));
  const Finding open = check_files(patient)[3];
  CHECK(open.verdict == Verdict::fail);
  CHECK_THAT(open.text, Contains("token: every user of this machine may read or write it"));
  CHECK_THAT(open.mend, Contains("chgrp stranger") && Contains("o= "));
}

TEST_CASE("the daemon is asked where it takes no token, and by TLS where it takes nobody else") {
  const TlsFiles files;
  const auto door = [&](const std::string& listen, const std::string& rest) {
    const Patient patient =
        patient_with(kMicrophoneToml + ("[publish.tcp]\nlisten = " + listen + "\n") + rest);
    const auto found = door_to_ask(patient.config->publish_tcp);
    return found ? to_text(found->address) + (found->tls ? " by TLS" : "") : std::string();
  };
  CHECK(door("[\"0.0.0.0:7557\", \"127.0.0.1:7559\"]", files.table()) == "127.0.0.1:7559");
  CHECK(door("[\"0.0.0.0:7557\", \"unix:/run/x\"]", files.table()) == "unix:/run/x");
  CHECK(door("[\"unix:/run/x\", \"0.0.0.0:7557\"]", files.table()) == "unix:/run/x");
  CHECK(door("\"0.0.0.0:7557\"", files.table()) == "127.0.0.1:7557 by TLS");
  CHECK(door("\"[::]:7557\"", files.table()) == "[::1]:7557 by TLS");
  CHECK(door("\"0.0.0.0:7557\"", "allow = [\"10.0.0.0/8\"]\n") == "127.0.0.1:7557");
  CHECK(door("\"127.0.0.1:0\"", "").empty());
}

TEST_CASE("a daemon that cannot be asked for want of its token is told, and is no other program") {
  DaemonWord word;
  word.connected = word.unasked = true;
  word.trouble = "/etc/earshot/token: Permission denied";
  const WantedPort stream{"[publish.tcp]", {"0.0.0.0", 7557}, &word};
  const WantedPort porch{"[[source]] \"porch\"", {"0.0.0.0", 7558}};
  const PortFacts facts{.listening = {{.at = stream.at, .uid = 999}, {.at = porch.at, .uid = 999}},
                        .holder = [](const ListeningSocket&) { return std::optional<Process>(); },
                        .daemon_runs = true,
                        .uid = 999};
  const Findings findings = port_findings({stream, porch}, facts);
  CHECK(findings.at(0).verdict == Verdict::warn);
  CHECK_THAT(findings.at(0).text,
             Contains("cannot be asked without the token") && Contains("token: Permission denied"));
  CHECK_THAT(findings.at(0).mend, Contains("sudo earshot doctor"));
  CHECK(findings.at(1).verdict == Verdict::ok);
}

TEST_CASE("a broker is there, or it is told why it cannot be reached and how to mend that") {
  FreePorts ports;
  const std::uint16_t port = ports.next();
  const Patient patient = patient_with(
      kMicrophoneToml + ("[publish.mqtt]\nbroker = \"mqtt://127.0.0.1:" + std::to_string(port) + "\"\n"));
  const Finding away = check_broker(patient).at(0);
  CHECK(away.verdict == Verdict::fail);
  CHECK_THAT(away.text, Contains("127.0.0.1:" + std::to_string(port) + ": Connection refused"));
  CHECK_THAT(away.mend, Contains("mosquitto") && !Contains("getent"));
  const int listener = open_listener({"127.0.0.1", port}, {});
  CHECK(check_broker(patient).at(0).verdict == Verdict::ok);
  ::close(listener);
  CHECK(check_broker(patient_with(kMicrophoneToml)).at(0) == found_ok("no [publish.mqtt]"));
}

TEST_CASE(
    "a certificate that has another key, or a key that all may read, is told; a good one with its end") {
  TlsFiles files;
  CHECK(check_certificate(patient_with(kMicrophoneToml)).at(0) == found_ok("no [publish.tls]"));
  CHECK(certificate_found(files).verdict == Verdict::ok);
  CHECK_THAT(certificate_found(files).text, Contains("certificate.pem is good until 20"));
  const auto key = files.directory / "key.pem";
  std::filesystem::permissions(key, std::filesystem::perms(0644));
  CHECK_THAT(certificate_found(files).text, Contains("every user of this machine may read"));
  files.directory.write_secret("key.pem", make_certificate({"other"}).key_pem);
  CHECK(certificate_found(files).verdict == Verdict::fail);
  CHECK_THAT(certificate_found(files).text, Contains("another key than that of the certificate"));
  std::filesystem::remove(key);
  CHECK_THAT(certificate_found(files).mend, Contains("earshot certificate"));
}

TEST_CASE("a certificate's end is doubtful from 30 days before on") {
  using namespace std::chrono_literals;
  const TlsFiles files;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto end = expiry_of_file(files.directory / "certificate.pem");
  CHECK(end > now + 3'652 * 24h);
  CHECK(end < now + 3'654 * 24h);
  const auto date = std::chrono::sys_days(std::chrono::year(2027) / 3 / 1);
  CHECK(expiry_finding("c.pem", date, date - 31 * 24h) == found_ok("c.pem is good until 2027-03-01"));
  CHECK(expiry_finding("c.pem", date, date - 29 * 24h).verdict == Verdict::warn);
  const Finding over = expiry_finding("c.pem", date, date + 1h);
  CHECK(over.verdict == Verdict::warn);
  CHECK_THAT(over.text, Contains("was good until 2027-03-01"));
}

}  // namespace earshot::test
