// make_source: the one place that knows every kind of source.
#pragma once

#include <memory>

#include "daemon/capture/Source.h"

namespace earshot {

/// Builds pipeline, listener, file reader; opens no device. Throws Error naming the source's trouble.
std::unique_ptr<SourceTask> make_source(const SourceSettings& settings, const SourceContext& context);

}  // namespace earshot
