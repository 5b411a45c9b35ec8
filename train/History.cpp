#include "train/History.h"

#include <spdlog/fmt/fmt.h>

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

}  // namespace earshot
