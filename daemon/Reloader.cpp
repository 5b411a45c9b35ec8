#include "daemon/Reloader.h"

#include <exception>
#include <memory>

#include <boost/asio/post.hpp>

#include "daemon/CheckedHearing.h"
#include "dsp/base/Failure.h"

namespace earshot {

struct Reloader::Result {
  ConfiguredHearing configured;
  std::string why_not;
};

void Reloader::ask() {
  if (reading_) {
    asked_again_ = true;
    return;
  }
  reading_ = true;
  asked_again_ = false;
  handlers_.begun();
  thread_ = std::jthread([this, present = handlers_.present()] { read(present); });
}

void Reloader::read(const ConfiguredHearing& present) {
  auto result = std::make_shared<Result>();
  try {
    result->configured.config = load_config(config_path(asked_path_));
    result->configured.hearing = checked_hearing(result->configured.config, &present);
  } catch (const std::exception& error) {
    result->why_not = failure_of(error).line;
  }
  boost::asio::post(main_, [this, result] { finish(std::move(*result)); });
}

void Reloader::finish(Result result) {
  thread_.join();
  if (result.why_not.empty()) {
    try {
      handlers_.loaded(std::move(result.configured));
    } catch (const std::exception& error) {
      result.why_not = failure_of(error).line;
    }
  }
  if (!result.why_not.empty()) handlers_.refused(result.why_not);
  reading_ = false;
  if (asked_again_) ask();
}

}  // namespace earshot
