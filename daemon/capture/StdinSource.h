// StdinSource: raw PCM from standard input until its end.
#pragma once

#include "daemon/capture/PcmReader.h"

namespace earshot {

class StdinSource final : public PcmReader {
 public:
  StdinSource(const SourceSettings& settings, const StdinSettings& standard_input,
              const SourceContext& context);

 private:
  std::string waits_for() const override;
  void produce(std::stop_token stop) override;
};

}  // namespace earshot
