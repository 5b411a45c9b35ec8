#include "daemon/capture/PcmReader.h"

#include <exception>
#include <thread>
#include <utility>

namespace earshot {

std::string PcmReader::hear(std::stop_token stop) {
  const std::jthread producer([this](std::stop_token producing) {
    try {
      produce(std::move(producing));
    } catch (const std::exception& error) {
      arrivals().push(PcmArrival::Kind::failure, error.what());
    }
  });
  return PcmSource::hear(std::move(stop));
}

}  // namespace earshot
