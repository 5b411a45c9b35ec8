#include "daemon/capture/PcmReader.h"

#include <exception>
#include <thread>
#include <utility>

namespace earshot {

PcmReader::PcmReader(const SourceSettings& settings, const PcmSettings& pcm, Pace pace,
                     std::chrono::milliseconds idle, const SourceContext& context)
    : PcmSource(settings, pcm, pace, idle, context),
      reading_(context.pulses, "source '" + settings.name + "', reading") {
  reading_.rest();
}

bool PcmReader::await_room(const std::stop_token& stop) {
  reading_.rest();  // what it waits for has a pulse of its own
  const bool has_room = arrivals().await_room(stop);
  reading_.beat();
  return has_room;
}

std::string PcmReader::hear(std::stop_token stop) {
  const std::jthread producer([this](std::stop_token producing) {
    reading_.beat();
    try {
      produce(std::move(producing));
    } catch (const std::exception& error) {
      arrivals().push(PcmArrival::Kind::failure, error.what());
    }
    reading_.rest();
  });
  return PcmSource::hear(std::move(stop));
}

}  // namespace earshot
