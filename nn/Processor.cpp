#include "nn/Processor.h"

#include "nn/Dnnl.h"

namespace earshot {

bool has_avx512() {
  return onednn::uses(dnnl::cpu_isa::avx512_core);
}

}  // namespace earshot
