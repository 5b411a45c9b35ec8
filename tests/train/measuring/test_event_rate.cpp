// EventRate: intervals of so many events in so many hours.
#include "train/measuring/EventRate.h"

#include <catch2/catch.hpp>

namespace earshot::test {

TEST_CASE("Garwood's interval is the published one") {
  // Quantiles of chi-square, halved, by scipy 1.11.
  const struct {
    std::size_t events;
    double low;
    double high;
  } known[] = {{0, 0.0, 3.6888794541139354},
               {1, 0.025317807984289876, 5.571643390938898},
               {10, 4.7953886961324335, 18.39035604201778},
               {100, 81.36399125092314, 121.62679379242638},
               {1000, 938.9730184076952, 1063.952136016302},
               {20'000, 19723.767600607054, 20279.133627926407}};
  for (const auto& [events, low, high] : known) {
    INFO(events);
    CHECK(poisson_interval(events).low == Approx(low).epsilon(1e-9));
    CHECK(poisson_interval(events).high == Approx(high).epsilon(1e-9));
  }
}

TEST_CASE("a rate and its interval are by the hour") {
  const EventRate rate{.events = 10, .hours = 4.0};
  CHECK(rate.per_hour() == 2.5);
  CHECK(rate.interval().low == Approx(4.7953886961 / 4.0));
  CHECK(rate.interval().high == Approx(18.3903560420 / 4.0));
  CHECK(unseen_per_hour(12.0) == 0.25);
  CHECK(hours_to_show(0.25) == 12.0);
}

}  // namespace earshot::test
