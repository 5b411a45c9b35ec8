#include "train/samples/BatchLoader.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

namespace earshot {

BatchLoader::BatchLoader(const Settings& settings, std::function<Make()> new_maker)
    : settings_(settings), new_maker_(std::move(new_maker)) {
  for (unsigned i = 0; i < settings_.workers; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

BatchLoader::~BatchLoader() = default;

void BatchLoader::start(std::vector<Sample> order, std::size_t batch) {
  const std::lock_guard lock(mutex_);
  order_ = std::move(order);
  batch_ = batch;
  position_ = 0;
  given_batches_ = 0;
  slots_.clear();  // a worker that is still at one of them holds it to its end
  work_.notify_all();
}

const Batch& BatchLoader::next() {
  std::unique_lock lock(mutex_);
  assert(given_batches_ * batch_ < order_.size());
  if (given_) spare_.push_back(std::move(given_));
  const auto whole = [this] {
    return failure_ || (!slots_.empty() && slots_.front()->done == slots_.front()->batch.size);
  };
  if (!whole()) {
    const auto start = std::chrono::steady_clock::now();
    ready_.wait(lock, whole);
    seconds_waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  if (failure_) std::rethrow_exception(failure_);
  given_ = std::move(slots_.front());
  slots_.pop_front();
  ++given_batches_;
  work_.notify_all();
  return given_->batch;
}

/// The slot of a batch that lies at most `ahead` beyond what was given.
std::shared_ptr<BatchLoader::Slot> BatchLoader::slot_of(std::size_t batch_index) {
  while (slots_.size() <= batch_index - given_batches_) {
    const std::size_t first = (given_batches_ + slots_.size()) * batch_;
    std::shared_ptr<Slot> slot;
    if (spare_.empty()) {
      slot = std::make_shared<Slot>();
    } else {
      slot = std::move(spare_.back());
      spare_.pop_back();
    }
    slot->done = 0;
    slot->batch.size = std::min(batch_, order_.size() - first);
    slot->batch.images.resize(slot->batch.size * settings_.image_size);
    slot->batch.targets.resize(slot->batch.size * settings_.target_size);
    slot->batch.keys.resize(slot->batch.size);
    slots_.push_back(std::move(slot));
  }
  return slots_[batch_index - given_batches_];
}

void BatchLoader::work(const std::stop_token& stop) {
  try {
    const Make make = new_maker_();
    std::unique_lock lock(mutex_);
    const auto wanted = [this] {
      return position_ < order_.size() && position_ / batch_ < given_batches_ + settings_.ahead;
    };
    while (work_.wait(lock, stop, wanted) && !stop.stop_requested()) {
      const std::size_t position = position_++;
      const Sample sample = order_[position];
      const std::shared_ptr<Slot> slot = slot_of(position / batch_);
      const std::size_t row = position % batch_;
      lock.unlock();
      slot->batch.keys[row] = sample.key;
      make(sample, std::span(slot->batch.images).subspan(row * settings_.image_size, settings_.image_size),
           std::span(slot->batch.targets).subspan(row * settings_.target_size, settings_.target_size));
      lock.lock();
      if (++slot->done == slot->batch.size) ready_.notify_one();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    ready_.notify_one();
  }
}

}  // namespace earshot
