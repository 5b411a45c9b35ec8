#include "daemon/Outlets.h"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dsp/base/Error.h"
#include "tests/daemon/Collector.h"

using namespace earshot;

namespace {

// Refuses levels of the log that it is told to, and notes those that it took.
class PickyOutlet final : public Outlet {
 public:
  PickyOutlet(std::vector<std::string>& taken, const std::string& refused)
      : taken_(taken), refused_(refused) {}

  void hear(const Message&) noexcept override {}
  void change(const Config& config, const StreamFacts&) override {
    if (config.log_level == refused_) throw Error(ExitCode::config, "not that level");
    taken_.push_back(config.log_level);
  }
  void stop(std::chrono::milliseconds) noexcept override {}

 private:
  std::vector<std::string>& taken_;
  const std::string& refused_;
};

struct OutletsRig {
  static Config of_level(std::string level) {
    Config config;
    config.log_level = std::move(level);
    return config;
  }
  std::vector<std::unique_ptr<Outlet>> both() {
    std::vector<std::unique_ptr<Outlet>> outlets;
    outlets.push_back(std::make_unique<PickyOutlet>(first, first_refuses));
    outlets.push_back(std::make_unique<PickyOutlet>(second, second_refuses));
    return outlets;
  }

  std::string first_refuses;
  std::string second_refuses;
  std::vector<std::string> first;
  std::vector<std::string> second;
  test::Collector next;
  Outlets outlets{next, both()};
};

}  // namespace

TEST_CASE("where one outlet refuses a configuration all are as they were before") {
  OutletsRig rig;
  rig.outlets.change(OutletsRig::of_level("info"), {});
  rig.second_refuses = "warn";
  REQUIRE_THROWS_AS(rig.outlets.change(OutletsRig::of_level("warn"), {}), Error);
  CHECK(rig.first == std::vector<std::string>{"info", "warn", "info"});
  CHECK(rig.second == std::vector<std::string>{"info", "info"});
}

TEST_CASE("a change is taken back from each outlet, also where another cannot be as it was") {
  OutletsRig rig;
  rig.outlets.change(OutletsRig::of_level("info"), {});
  rig.outlets.change(OutletsRig::of_level("warn"), {});
  rig.first_refuses = "info";
  rig.outlets.take_back();
  CHECK(rig.first == std::vector<std::string>{"info", "warn"});
  CHECK(rig.second == std::vector<std::string>{"info", "warn", "info"});
}
