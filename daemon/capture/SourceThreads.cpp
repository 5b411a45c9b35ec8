#include "daemon/capture/SourceThreads.h"

#include <algorithm>
#include <utility>

namespace earshot {

void SourceThreads::start(std::unique_ptr<SourceTask> source) {
  Running& running = running_.emplace_back();
  running.source = std::move(source);
  running.thread = std::jthread([this, &running](std::stop_token stop) {
    running.source->run(std::move(stop));
    {
      const std::lock_guard lock(mutex_);
      running.ended = true;
      changed_.notify_all();
    }
    source_ended_();
  });
}

bool SourceThreads::has(const std::string& name) const noexcept {
  return std::ranges::any_of(running_, [&](const Running& each) { return each.source->name() == name; });
}

SourceTask* SourceThreads::find(const std::string& name) noexcept {
  const auto found = std::ranges::find_if(
      running_, [&](const Running& each) { return !each.leaving && each.source->name() == name; });
  return found == running_.end() ? nullptr : found->source.get();
}

void SourceThreads::leave(const std::string& name, Leaving how) {
  const auto found =
      std::ranges::find(running_, name, [](const Running& each) { return each.source->name(); });
  found->source->leave(how);
  found->leaving = true;
  found->thread.request_stop();
}

std::vector<SourceThreads::Gone> SourceThreads::reap() {
  std::vector<Gone> all;
  for (auto place = running_.begin(); place != running_.end();) {
    bool gone = false;
    {
      const std::lock_guard lock(mutex_);
      gone = place->leaving && place->ended;
    }
    if (!gone) {
      ++place;
      continue;
    }
    place->thread.join();
    all.push_back({place->source->name(), place->source->timelines()});
    place = running_.erase(place);
  }
  return all;
}

bool SourceThreads::all_ended() {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(running_, &Running::ended);
}

bool SourceThreads::has_one_failed() const noexcept {
  return std::ranges::any_of(running_, [](const Running& each) { return each.source->has_failed(); });
}

std::vector<std::string> SourceThreads::stop(std::chrono::milliseconds limit) {
  for (Running& each : running_) each.thread.request_stop();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [this] { return std::ranges::all_of(running_, &Running::ended); });
  std::vector<std::string> lines;
  for (const Running& each : running_) {
    if (each.ended) continue;
    lines.push_back("source '" + each.source->name() +
                    "' has not ended: " + std::string(each.source->holdup()));
  }
  return lines;
}

}  // namespace earshot
