#include "dsp/audio/PolyphaseStream.h"

#include <algorithm>
#include <utility>

namespace earshot {

PolyphaseStream::PolyphaseStream(std::shared_ptr<const PolyphaseBank> bank, std::size_t max_chunk)
    : bank_(std::move(bank)),
      // Between two calls fewer than `taps` are needed, and those that the next output's step will jump over.
      held_(bank_->taps() + static_cast<std::size_t>(bank_->step() / bank_->phases()) + 1 + max_chunk) {
  reset();
}

void PolyphaseStream::reset() noexcept {
  consumed_ = 0;
  produced_ = 0;
  held_count_ = bank_->lead();
  held_start_ = -static_cast<std::int64_t>(held_count_);
  std::fill_n(held_.begin(), held_count_, 0.0F);
}

std::size_t PolyphaseStream::most_outputs(std::size_t inputs) const noexcept {
  return static_cast<std::size_t>((inputs * bank_->phases() + bank_->step() - 1) / bank_->step()) + 1;
}

std::size_t PolyphaseStream::append(std::span<const float> in, std::span<float> out, std::uint64_t limit) noexcept {
  std::copy(in.begin(), in.end(), held_.begin() + static_cast<std::ptrdiff_t>(held_count_));
  held_count_ += in.size();
  consumed_ += in.size();

  const std::uint64_t possible = std::max(produced_, std::min(limit, bank_->outputs_of(consumed_)));
  const auto count = static_cast<std::size_t>(possible - produced_);
  bank_->convert(std::span(held_).first(held_count_), held_start_, produced_, out.first(count));
  produced_ = possible;

  const auto past = static_cast<std::size_t>(bank_->first_input(produced_) - held_start_);
  const std::size_t unneeded = std::min(past, held_count_);
  std::copy(held_.begin() + static_cast<std::ptrdiff_t>(unneeded),
            held_.begin() + static_cast<std::ptrdiff_t>(held_count_), held_.begin());
  held_count_ -= unneeded;
  held_start_ += static_cast<std::int64_t>(unneeded);
  return count;
}

}  // namespace earshot
