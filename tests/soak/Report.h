// Report: what a soak found, as a table for people.
#pragma once

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/soak/Household.h"
#include "tests/soak/Resources.h"
#include "tests/soak/Schedule.h"
#include "tests/soak/Witness.h"

namespace earshot::soak {

struct Report {
  double minutes = 0.0;
  std::uint64_t seed = 0;
  std::map<std::string, Tally> faults;
  Witness::Totals told;
  BooksApart books;
  LogTotals log;
  std::size_t events = 0;              ///< that the stream told
  std::optional<Broker::Totals> mqtt;  ///< nothing: there is no broker
  Outlets::Totals actions;
  WebProbe::Totals pages;
  bool tls = false;            ///< there was some
  std::optional<Taken> begin;  ///< without a fault, all sources up
  std::optional<Taken> end;    ///< the same
  std::optional<double> memory_mb_per_h;
  std::optional<double> helpers_mb_per_h;
  std::optional<double> threads_per_h;
  std::optional<double> descriptors_per_h;
  std::vector<std::string> unexplained;
};

void print(const Report& report, std::ostream& out);

}  // namespace earshot::soak
