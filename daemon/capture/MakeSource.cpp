#include "daemon/capture/MakeSource.h"

#include <variant>

#include "daemon/capture/CommandSource.h"
#include "daemon/capture/FileSource.h"
#include "daemon/capture/ManySenders.h"
#include "daemon/capture/MicrophoneSource.h"
#include "daemon/capture/StdinSource.h"
#include "daemon/capture/TcpSource.h"

namespace earshot {

std::unique_ptr<SourceTask> make_source(const SourceSettings& settings, const SourceContext& context) {
  struct Maker {
    const SourceSettings& settings;
    const SourceContext& context;
    std::unique_ptr<SourceTask> operator()(const MicrophoneSettings& kind) const {
      return std::make_unique<MicrophoneSource>(settings, kind, context);
    }
    std::unique_ptr<SourceTask> operator()(const TcpSettings& kind) const {
      if (kind.max_senders) return std::make_unique<ManySenders>(settings, kind, context);
      return std::make_unique<TcpSource>(settings, kind, context);
    }
    std::unique_ptr<SourceTask> operator()(const StdinSettings& kind) const {
      return std::make_unique<StdinSource>(settings, kind, context);
    }
    std::unique_ptr<SourceTask> operator()(const FileSettings& kind) const {
      return std::make_unique<FileSource>(settings, kind, context);
    }
    std::unique_ptr<SourceTask> operator()(const CommandSettings& kind) const {
      return std::make_unique<CommandSource>(settings, kind, context);
    }
  };
  return std::visit(Maker{settings, context}, settings.kind);
}

}  // namespace earshot
