// WebProbe: reads the daemon's pages every second, and holds them to their word.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/soak/Findings.h"
#include "tests/soak/Witness.h"

namespace earshot::soak {

/// Each is answered within seconds, whatever goes on; all threads are well; within a life no counter goes
/// back, and none is less than what the stream has told. Where the daemon was killed meanwhile it is excused.
class WebProbe {
 public:
  WebProbe(std::uint16_t port, Witness& witness, Findings& findings);

  std::uint16_t port() const;
  /// Nothing is asked while `act` moves the pages to another port.
  void move(std::uint16_t port, const std::function<void()>& act);

  /// That the pages know of just these sources. While nothing befalls them.
  void hold_sources(const std::vector<std::string>& sources);

  struct Totals {
    std::size_t answers = 0;
    double slowest_s = 0.0;
  };
  Totals totals() const;

 private:
  using Samples = std::map<std::string, double>;  // by name and labels

  void look();
  std::string ask(const std::string& path);
  void hold_metrics(const std::string& page, const std::map<std::string, std::uint64_t>& told);

  Witness& witness_;
  Findings& findings_;
  mutable std::mutex mutex_;  // guards what follows
  std::uint16_t port_;
  std::string instance_;
  Samples counters_;  // of that life
  Totals totals_;
  std::jthread thread_;
};

}  // namespace earshot::soak
