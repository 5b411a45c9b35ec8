// History: what each epoch of a run came to, as history.csv and report.json have it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace earshot {

/// Losses include the L2 penalty; accuracies are fractions. Validation figures are absent without a
/// validation part.
struct EpochRecord {
  int epoch = 0;  ///< counted from 1
  double loss = 0.0;
  double accuracy = 0.0;
  std::optional<double> val_loss;
  std::optional<double> val_accuracy;
  double learning_rate = 0.0;  ///< at the epoch's last step
  double seconds = 0.0;        ///< of wall clock, validation included
};

/// `epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds`, a line an epoch; absent figures are
/// empty.
std::string history_csv(std::span<const EpochRecord> history);

/// The same figures as report.json has them, to all digits; absent ones are null.
boost::json::array history_json(std::span<const EpochRecord> history);
/// Reads that back. Throws what Boost.JSON throws if it is something else.
std::vector<EpochRecord> parse_history(const boost::json::value& history);

}  // namespace earshot
