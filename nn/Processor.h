// Processor: what this machine's processor can do, as oneDNN sees it.
#pragma once

namespace earshot {

/// AVX-512 with its byte, word and doubleword instructions: what oneDNN needs to compute in bfloat16.
bool has_avx512();

}  // namespace earshot
