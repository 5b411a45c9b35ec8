// WebPages: what is answered at each path. No sockets here.
#pragma once

#include <string>
#include <string_view>

#include "daemon/hearing/Message.h"
#include "daemon/hearing/UtcClock.h"
#include "daemon/pulse/Pulse.h"
#include "daemon/web/HeardTally.h"

namespace earshot {

struct WebAnswer {
  unsigned status = 200;  ///< of HTTP
  std::string body;
  std::string type = "text/plain; charset=utf-8";
};

class WebPages {
 public:
  /// All of them outlive it.
  WebPages(const HeardTally& tally, Counters& counters, UtcClock& utc, const Pulses& pulses)
      : tally_(tally), counters_(counters), utc_(utc), pulses_(pulses) {}

  /// `target` as the request has it; a query is ignored. Any thread.
  WebAnswer answer(std::string_view target) const;

 private:
  WebAnswer metrics() const;
  WebAnswer health() const;
  WebAnswer readiness() const;

  const HeardTally& tally_;
  Counters& counters_;
  UtcClock& utc_;
  const Pulses& pulses_;
};

}  // namespace earshot
