// BatchLoader: batches of training samples, made by worker threads ahead of the thread that trains.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace earshot {

/// Row i of each belongs to sample i.
struct Batch {
  std::size_t size = 0;
  std::vector<float> images;        ///< size x height x width x channels
  std::vector<float> targets;       ///< size x classes
  std::vector<std::uint64_t> keys;  ///< size, of the samples
};

/// Workers take sample after sample, so the last one of a batch is never waited for by itself. What is in a
/// batch depends on what start() was given and on the maker alone, never on the number of workers.
class BatchLoader {
 public:
  struct Sample {
    std::size_t clip = 0;
    std::uint64_t key = 0;
  };
  /// Fills one sample's rows.
  using Make = std::function<void(const Sample& sample, std::span<float> image, std::span<float> target)>;

  struct Settings {
    std::size_t image_size = 0;   ///< height x width x channels
    std::size_t target_size = 0;  ///< classes
    unsigned workers = 1;
    std::size_t ahead = 2;  ///< batches, whole or in the making, beyond the one that next() gave
  };

  /// `new_maker` is called once on every worker's thread: a maker belongs to one thread.
  BatchLoader(const Settings& settings, std::function<Make()> new_maker);
  /// Waits for the samples in the making.
  ~BatchLoader();

  /// From here on next() gives `order` in batches of `batch`, the last one of what is left. What was not
  /// taken before is forgotten. The workers begin at once.
  void start(std::vector<Sample> order, std::size_t batch);

  /// The next batch; valid until the next call of next(). Waits for it, and throws what a maker threw. Only
  /// while batches are left.
  const Batch& next();

  /// The time that next() has waited so far.
  double seconds_waited() const noexcept { return seconds_waited_; }

 private:
  struct Slot {
    Batch batch;
    std::size_t done = 0;  ///< samples
  };

  void work(const std::stop_token& stop);
  std::shared_ptr<Slot> slot_of(std::size_t batch_index);

  Settings settings_;
  std::function<Make()> new_maker_;
  std::shared_ptr<Slot> given_;  // by next()
  double seconds_waited_ = 0.0;

  std::mutex mutex_;  // guards what follows
  std::condition_variable_any work_;
  std::condition_variable ready_;
  std::vector<Sample> order_;
  std::size_t batch_ = 1;
  std::size_t position_ = 0;  // of `order_`: the next sample to be made
  std::size_t given_batches_ = 0;
  std::deque<std::shared_ptr<Slot>> slots_;  // batches given_batches_, ... as far as begun
  std::vector<std::shared_ptr<Slot>> spare_;
  std::exception_ptr failure_;

  std::vector<std::jthread> workers_;  // last: they use all of the above
};

}  // namespace earshot
