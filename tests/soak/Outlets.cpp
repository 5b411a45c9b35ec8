#include "tests/soak/Outlets.h"

#include <fstream>

#include <boost/json.hpp>

namespace earshot::soak {
namespace {

// Sources whose events are seconds apart: at_once never holds one of them up.
const std::set<std::string> kCommanded{"pipe"};
const std::set<std::string> kPosted{"camera", "pipe", "radio"};
constexpr const char* kBeyondLoopback = "10.0.0.1";

}  // namespace

Outlets::Outlets(test::FreePorts& ports, bool tls, Findings& findings, Trace& trace)
    : findings_(findings), web_port_(ports.next()), hook_(ports.next(), kPosted) {
  if (tls) tls_port_ = ports.next();
  if (Broker::is_installed()) broker_.emplace(ports.next(), findings, trace);
}

std::optional<Endpoint> Outlets::tls() const {
  if (!tls_port_) return std::nullopt;
  return Endpoint{kBeyondLoopback, *tls_port_};
}

std::string Outlets::more_listen() const {
  return tls_port_ ? std::string(", \"") + kBeyondLoopback + ':' + std::to_string(*tls_port_) + '"' : "";
}

std::string Outlets::tables() const {
  std::string text =
      "[events]\nlabels = []\noff_s = 0.5\n[[events.level]]\nname = \"loud\"\nabove_dbfs = -20.0\n";
  text += "[publish.web]\nlisten = \"127.0.0.1:" + std::to_string(web_port_) + "\"\n";
  if (tls_port_) text += certificate_.table();
  if (broker_) text += broker_->table();
  text += "[[action]]\nsources = [\"" + *kCommanded.begin() +
          "\"]\nphase = \"both\"\nper_minute = 600\nat_once = 8\ncommand = [\"sh\", \"-c\", \"cat >> " +
          (directory_ / "told").string() + "\"]\n";
  return text + hook_.table();
}

void Outlets::hold(const EventBook& book, const std::filesystem::path& state) {
  if (broker_) broker_->hold_events(book, state);
  hold_command(book);
  hold_posts(book);
}

// Each once, in whichever order they were started.
void Outlets::hold_command(const EventBook& book) {
  std::ifstream file(directory_ / "told");
  std::set<EventKey> told;
  for (std::string line; std::getline(file, line);) {
    const auto event = HeardOf::from(boost::json::parse(line).as_object(), {}).event;
    if (!told.insert(event).second) findings_.add("command: told twice of " + event.text());
  }
  totals_.commanded = told.size();
  for (const EventKey& each : book.missing(kCommanded, told, {}))
    findings_.add("command: never told of " + each.text());
}

// One whose answer did not come in time is told again.
void Outlets::hold_posts(const EventBook& book) {
  const std::set<EventKey> taken = hook_.taken();
  totals_.posted = taken.size();
  totals_.posted_again = hook_.repeated();
  const auto excused = [&](auto told, auto ended) { return hook_.excuses(told, ended); };
  for (const EventKey& each : book.missing(kPosted, taken, excused))
    findings_.add("server: never told of " + each.text());
  constexpr std::size_t kUnderWay = 4;  // at once, when it goes away
  if (totals_.posted_again > kUnderWay * hook_.troubles())
    findings_.add("server: told again of " + std::to_string(totals_.posted_again) + " events");
}

}  // namespace earshot::soak
