#include "train/learning/History.h"

#include <spdlog/fmt/fmt.h>
#include <boost/json.hpp>

namespace earshot {
namespace {

std::string figure(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", *value) : "";
}

}  // namespace

std::string history_csv(std::span<const EpochRecord> history) {
  std::string text = "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds\n";
  for (const EpochRecord& record : history) {
    text += fmt::format("{},{:.6g},{:.6g},{},{},{:.6g},{:.2f}\n", record.epoch, record.loss, record.accuracy,
                        figure(record.val_loss), figure(record.val_accuracy), record.learning_rate,
                        record.seconds);
  }
  return text;
}

boost::json::array history_json(std::span<const EpochRecord> history) {
  const auto optional = [](const std::optional<double>& value) {
    return value ? boost::json::value(*value) : boost::json::value(nullptr);
  };
  boost::json::array array;
  for (const EpochRecord& record : history) {
    array.emplace_back(boost::json::object{{"epoch", record.epoch},
                                           {"loss", record.loss},
                                           {"accuracy", record.accuracy},
                                           {"val_loss", optional(record.val_loss)},
                                           {"val_accuracy", optional(record.val_accuracy)},
                                           {"learning_rate", record.learning_rate},
                                           {"seconds", record.seconds}});
  }
  return array;
}

std::vector<EpochRecord> parse_history(const boost::json::value& history) {
  const auto optional = [](const boost::json::value& value) {
    return value.is_null() ? std::optional<double>() : value.to_number<double>();
  };
  std::vector<EpochRecord> records;
  for (const boost::json::value& epoch : history.as_array()) {
    EpochRecord record;
    record.epoch = epoch.at("epoch").to_number<int>();
    record.loss = epoch.at("loss").to_number<double>();
    record.accuracy = epoch.at("accuracy").to_number<double>();
    record.val_loss = optional(epoch.at("val_loss"));
    record.val_accuracy = optional(epoch.at("val_accuracy"));
    record.learning_rate = epoch.at("learning_rate").to_number<double>();
    record.seconds = epoch.at("seconds").to_number<double>();
    records.push_back(record);
  }
  return records;
}

}  // namespace earshot
