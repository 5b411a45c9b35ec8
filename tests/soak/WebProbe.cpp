#include "tests/soak/WebProbe.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "daemon/capture/Source.h"
#include "tests/daemon/web/WebClient.h"

namespace earshot::soak {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kInterval = 1s;
constexpr auto kKilled = 500ms;  // the witness may learn of the end later
constexpr double kMostS = 5.0;   // until an answer

// Name and labels, and the value behind the last space.
std::map<std::string, double> samples_of(const std::string& page) {
  std::map<std::string, double> samples;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.rfind(' ');
    if (line.starts_with('#') || space == std::string::npos) continue;
    samples[line.substr(0, space)] = std::strtod(line.c_str() + space, nullptr);
  }
  return samples;
}

bool is_counter(const std::string& sample) {
  const std::string name = sample.substr(0, sample.find('{'));
  const auto ends = [&](std::string_view end) { return name.ends_with(end); };
  return ends("_total") || ends("_bucket") || ends("_count") || ends("_sum");
}

std::string of_source(const std::string& name, const std::string& source) {
  return name + "{source=\"" + source + "\"}";
}

}  // namespace

WebProbe::WebProbe(std::uint16_t port, Witness& witness, Findings& findings)
    : witness_(witness), findings_(findings), port_(port), thread_([this](const std::stop_token& stop) {
        while (sleep_for(stop, kInterval)) look();
      }) {}

std::uint16_t WebProbe::port() const {
  const std::lock_guard lock(mutex_);
  return port_;
}

void WebProbe::move(std::uint16_t port, const std::function<void()>& act) {
  const std::lock_guard lock(mutex_);
  act();
  port_ = port;
}

WebProbe::Totals WebProbe::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

void WebProbe::look() {
  const std::string instance = witness_.instance();
  if (instance.empty()) return;
  const std::lock_guard lock(mutex_);
  if (std::exchange(instance_, instance) != instance) counters_.clear();
  try {
    const auto told = witness_.predictions();
    const std::string metrics = ask("/metrics");
    const std::string health = ask("/healthz");
    const std::string readiness = ask("/readyz");
    if (witness_.instance() != instance) return;
    hold_metrics(metrics, told);
    if (health != "ok\n") throw std::runtime_error("/healthz: " + health);
    if (readiness.find(" sources up\n") == std::string::npos || readiness.starts_with("0 of "))
      throw std::runtime_error("/readyz: " + readiness);
  } catch (const std::exception& error) {
    std::this_thread::sleep_for(kKilled);
    if (witness_.instance() == instance) findings_.add(std::string("pages: ") + error.what());
  }
}

// Its body, whatever its status.
std::string WebProbe::ask(const std::string& path) {
  const auto begun = Clock::now();
  const test::WebReply reply = test::get(port_, path);
  const double took_s = std::chrono::duration<double>(Clock::now() - begun).count();
  if (reply.status != 200 && reply.status != 503)
    throw std::runtime_error(path + " is answered " + std::to_string(reply.status));
  if (took_s > kMostS) throw std::runtime_error(path + " took " + std::to_string(took_s) + " s");
  ++totals_.answers;
  totals_.slowest_s = std::max(totals_.slowest_s, took_s);
  return reply.body;
}

void WebProbe::hold_metrics(const std::string& page, const std::map<std::string, std::uint64_t>& told) {
  Samples samples = samples_of(page);
  for (const auto& [source, predictions] : told) {
    const auto found = samples.find(of_source("earshot_predictions_total", source));
    if (found != samples.end() && found->second < static_cast<double>(predictions))
      throw std::runtime_error(found->first + " is " + std::to_string(found->second) +
                               ", the stream has told " + std::to_string(predictions));
  }
  std::erase_if(samples, [](const auto& each) { return !is_counter(each.first); });
  for (const auto& [name, value] : samples) {
    const auto before = counters_.find(name);
    if (before != counters_.end() && value < before->second)
      throw std::runtime_error(name + " went from " + std::to_string(before->second) + " to " +
                               std::to_string(value));
  }
  counters_ = std::move(samples);
}

void WebProbe::hold_sources(const std::vector<std::string>& sources) {
  const std::lock_guard lock(mutex_);
  Samples samples;
  try {
    samples = samples_of(ask("/metrics"));
  } catch (const std::exception& error) {
    return findings_.add(std::string("pages: ") + error.what());
  }
  for (const std::string& source : sources) {
    const auto up = samples.find(of_source("earshot_source_up", source));
    if (up == samples.end() || up->second != 1.0) findings_.add("pages: " + source + " is not up");
  }
  const auto known = std::ranges::count_if(
      samples, [](const auto& each) { return each.first.starts_with("earshot_source_up{"); });
  if (static_cast<std::size_t>(known) != sources.size())
    findings_.add("pages: they know of " + std::to_string(known) + " sources, of " +
                  std::to_string(sources.size()) + " that there are");
}

}  // namespace earshot::soak
