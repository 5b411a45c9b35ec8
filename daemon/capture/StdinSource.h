// StdinSource: raw PCM from standard input until its end.
#pragma once

#include "daemon/capture/PcmDecoder.h"
#include "daemon/capture/Source.h"

namespace earshot {

class StdinSource final : public Source {
 public:
  StdinSource(const SourceSettings& settings, const StdinSettings& standard_input,
              const SourceContext& context);

 private:
  std::string hear(std::stop_token stop) override;

  PcmDecoder decoder_;
};

}  // namespace earshot
