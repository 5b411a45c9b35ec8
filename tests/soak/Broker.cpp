#include "tests/soak/Broker.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <boost/json.hpp>

#include "daemon/mqtt/MqttTopics.h"
#include "daemon/mqtt/Outbox.h"
#include "daemon/settings/SourceSettings.h"
#include "tests/support/Child.h"

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;

constexpr const char* kPasswordProgram = "/usr/bin/mosquitto_passwd";
constexpr const char* kTopic = "earshot/soak";
constexpr const char* kPassword = "of the soak";
constexpr auto kStates = 20s;    // until all states are told
constexpr auto kLate = 10s;      // an event that the broker could not be handed within so long
constexpr auto kTolerance = 4s;  // of a machine with other things to do

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// As the file of passwords has it.
std::string login_line(const test::TemporaryDirectory& directory, const std::string& user) {
  const std::filesystem::path file = directory.write("made", "");
  const test::Finished made = test::run_program({kPasswordProgram, "-b", file.string(), user, kPassword});
  if (made.code != 0) throw std::runtime_error("mosquitto_passwd: " + made.err);
  return first_line(file) + '\n';
}

}  // namespace

bool Broker::is_installed() {
  return ::access(test::kMosquitto, X_OK) == 0 && ::access(kPasswordProgram, X_OK) == 0;
}

Broker::Broker(std::uint16_t port, Findings& findings, Trace& trace) : findings_(findings) {
  directory_.write_secret("password", std::string(kPassword) + '\n');
  witness_line_ = login_line(directory_, "witness");
  daemon_line_ = login_line(directory_, "earshot");
  let_in(false);
  // What is for the subscriber is sent it at once, whatever it has not confirmed yet.
  mosquitto_ =
      std::make_unique<test::MqttBroker>("allow_anonymous false\nmax_inflight_messages 0\npassword_file " +
                                             (directory_ / "logins").string() + '\n',
                                         port);
  subscriber_ = std::make_unique<Subscriber>(MqttLogin{.broker = {"127.0.0.1", port},
                                                       .tls = false,
                                                       .ca_file = {},
                                                       .user = "witness",
                                                       .password_file = directory_ / "password",
                                                       .client_id = "witness",
                                                       .status_topic = "soak/status"},
                                             kTopic, findings, trace);
  open_to_daemon();
}

std::string Broker::table() const {
  return "[publish.mqtt]\nbroker = \"mqtt://127.0.0.1:" + std::to_string(mosquitto_->port()) +
         "\"\nuser = \"earshot\"\npassword_file = \"" + (directory_ / "password").string() +
         "\"\ntopic = \"" + kTopic + "\"\nlabels = [\"loud\"]\n";
}

void Broker::let_in(bool daemon) {
  directory_.write("logins", witness_line_ + (daemon ? daemon_line_ : ""));
}

// Once the subscriber hears all.
void Broker::open_to_daemon() {
  subscriber_->await_connected();
  let_in(true);
  mosquitto_->reread();
}

void Broker::start() {
  let_in(false);
  mosquitto_->start();
  open_to_daemon();
}

void Broker::hold_states(const std::vector<std::string>& sources) {
  const MqttTopics topics(kTopic);
  std::string wrong;
  const auto are_right = [&](const std::map<std::string, std::string>& retained) {
    wrong.clear();
    const auto at = [&](const std::string& topic) {
      const auto found = retained.find(topic);
      return found == retained.end() ? std::string() : found->second;
    };
    if (at(topics.status()) != kOnline) wrong = topics.status();
    for (const std::string& source : sources) {
      const std::string id = slug(source);
      if (at(topics.status(id)) != kOnline) wrong = topics.status(id);
      if (at(topics.discovery(id)).empty()) wrong = topics.discovery(id);
    }
    const auto devices = std::ranges::count_if(retained, [](const auto& each) {
      return each.first.starts_with("homeassistant/device/") && !each.second.empty();
    });
    if (static_cast<std::size_t>(devices) != sources.size())
      wrong += ' ' + std::to_string(devices) + " devices";
    return wrong.empty();
  };
  if (!subscriber_->await_retained(are_right, kStates)) findings_.add("MQTT: not as it should be: " + wrong);
}

// The flag is right, both ways.
void Broker::hold_late(const Subscriber::Came& came, const EventBook& book) {
  const auto [told, ended] = book.find(came.event.event);
  if (!told) return;  // a kill -9 kept the stream from it
  const auto after = came.event.when - *told;
  const bool is_of_before = ended && *ended < came.event.when;
  if (came.late ? !is_of_before && after < kLate - kTolerance : after > kLate + kLongestFrozen + kTolerance)
    findings_.add("MQTT: " + came.event.event.text() + " came " +
                  std::to_string(std::chrono::duration<double>(after).count()) + " s after the stream's, " +
                  (came.late ? "late" : "not late"));
}

void Broker::hold_events(const EventBook& book, const std::filesystem::path& state) {
  const auto is_told = [](const auto& retained) {
    const auto found = retained.find(MqttTopics(kTopic).status());
    return found != retained.end() && found->second == kOffline;
  };
  if (!subscriber_->await_retained(is_told, kStates))
    findings_.add("MQTT: the daemon ended and is not \"offline\"");
  std::vector<HeardOf> seen;
  for (const Subscriber::Came& came : subscriber_->events()) {
    ++totals_.events;
    if (came.late) ++totals_.late;
    hold_late(came, book);
    if (!seen.empty() && seen.back().event == came.event.event) {
      ++totals_.repeated;
    } else {
      seen.push_back(came.event);
    }
  }
  for (Outbox outbox(state / "mqtt"); !outbox.empty(); outbox.remove(outbox.front_number())) {
    const HeardOf left =
        HeardOf::from(boost::json::parse(outbox.front().payload).as_object(), BootClock::now());
    ++totals_.left;
    if (seen.empty() || seen.back().event != left.event) seen.push_back(left);
  }
  totals_.connections = subscriber_->connections();
  totals_.messages = subscriber_->messages();
  if (totals_.repeated > totals_.connections)
    findings_.add("MQTT: " + std::to_string(totals_.repeated) + " events came twice, over " +
                  std::to_string(totals_.connections) + " connections");
  totals_.taken = book.hold_in_order("MQTT", seen);
}

}  // namespace earshot::soak
