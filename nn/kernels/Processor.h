// Processor: what this machine's processor can do, as oneDNN sees it.
#pragma once

#include <string>

namespace earshot {

/// AVX-512 with its byte, word and doubleword instructions: what oneDNN needs to compute in bfloat16.
bool has_avx512();

/// "2.6.3, AVX-512 with VNNI": oneDNN's version and the most it uses of this processor.
std::string onednn_version();

}  // namespace earshot
