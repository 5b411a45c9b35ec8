// DemoVoice: a formant synthesiser that says one sentence, after D. H. Klatt, "Software for a cascade/parallel
// formant synthesizer", J. Acoust. Soc. Am. 67 (1980) 971-995.
#pragma once

#include <vector>

namespace earshot {

/// "Hello, this is Earshot." by a man's voice: mono at kDemoRateHz, a peak near 1, the same bits at each call.
std::vector<double> say_hello();

}  // namespace earshot
