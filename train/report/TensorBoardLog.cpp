#include "train/report/TensorBoardLog.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <string>
#include <vector>

namespace earshot {
namespace {

// Fields of the messages in tensorflow/core/framework.
enum SummaryField { kValue = 1 };
enum ValueField { kTag = 1, kTensor = 8, kMetadata = 9 };
enum MetadataField { kPluginData = 1 };
enum PluginDataField { kPluginName = 1 };
enum TensorField { kDtype = 1, kShape = 2, kContent = 4 };
enum ShapeField { kDimension = 2 };
enum DimensionField { kSize = 1 };
enum Dtype { kFloat = 1, kDouble = 2 };

constexpr std::size_t kBuckets = 30;  // tf.summary.histogram's

struct Bucket {
  double left = 0.0;
  double right = 0.0;
  double count = 0.0;
};

// tensorboard/plugins/histogram/summary_v2.py: buckets of equal width; of one value only the last holds any.
std::array<Bucket, kBuckets> buckets_of(std::span<const float> values) {
  std::array<Bucket, kBuckets> buckets;
  if (values.empty()) return buckets;
  const auto [least, most] = std::ranges::minmax(values);
  const double low = least;
  const double high = most;
  const double width = (high - low) / static_cast<double>(kBuckets);
  for (std::size_t i = 0; i < kBuckets; ++i) {
    buckets[i].left = low + width * static_cast<double>(i);
    buckets[i].right = low + width * static_cast<double>(i + 1);
  }
  buckets.back().right = high;
  if (width <= 0.0) {
    buckets.back().count = static_cast<double>(values.size());
    return buckets;
  }
  for (const float value : values) {
    const auto bucket = static_cast<std::size_t>((static_cast<double>(value) - low) / width);
    ++buckets[std::min(bucket, kBuckets - 1)].count;
  }
  return buckets;
}

ProtoWriter summary_of(const std::string& tag, const char* plugin, const ProtoWriter& tensor) {
  ProtoWriter plugin_data;
  plugin_data.text(kPluginName, plugin);
  ProtoWriter metadata;
  metadata.message(kPluginData, plugin_data);
  ProtoWriter value;
  value.text(kTag, tag).message(kTensor, tensor).message(kMetadata, metadata);
  ProtoWriter summary;
  summary.message(kValue, value);
  return summary;
}

template <typename Number>
std::string_view raw_bytes(std::span<const Number> values) {
  static_assert(std::endian::native == std::endian::little, "tensor_content is little-endian");
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

ProtoWriter scalar(const std::string& tag, double figure) {
  const std::array value{static_cast<float>(figure)};
  ProtoWriter tensor;
  tensor.integer(kDtype, kFloat).message(kShape, {}).text(kContent, raw_bytes<float>(value));
  return summary_of(tag, "scalars", tensor);
}

ProtoWriter histogram(const std::string& tag, std::span<const float> values) {
  std::vector<double> rows;
  for (const Bucket& bucket : buckets_of(values))
    rows.insert(rows.end(), {bucket.left, bucket.right, bucket.count});
  ProtoWriter shape;
  for (const std::size_t size : {kBuckets, std::size_t{3}}) {
    ProtoWriter dimension;
    dimension.integer(kSize, static_cast<std::int64_t>(size));
    shape.message(kDimension, dimension);
  }
  ProtoWriter tensor;
  tensor.integer(kDtype, kDouble).message(kShape, shape).text(kContent, raw_bytes<double>(rows));
  return summary_of(tag, "histograms", tensor);
}

}  // namespace

TensorBoardLog::TensorBoardLog(const std::filesystem::path& directory, int epochs_done, bool has_validation)
    : train_(directory / "train", epochs_done) {
  if (has_validation) validation_.emplace(directory / "validation", epochs_done);
}

void TensorBoardLog::epoch_done(const EpochRecord& record, const Weights& weights) {
  const std::int64_t step = record.epoch - 1;
  train_.add(step, scalar("epoch_accuracy", record.accuracy));
  train_.add(step, scalar("epoch_loss", record.loss));
  train_.add(step, scalar("epoch_learning_rate", record.learning_rate));
  for (const auto& [name, tensor] : weights) train_.add(step, histogram(name + "/histogram", tensor.values));
  train_.write();
  if (!validation_ || !record.val_loss || !record.val_accuracy) return;
  validation_->add(step, scalar("epoch_accuracy", *record.val_accuracy));
  validation_->add(step, scalar("epoch_loss", *record.val_loss));
  validation_->write();
}

}  // namespace earshot
