#include "nn/model/BundledModel.h"

#include <array>
#include <system_error>

namespace earshot {

std::filesystem::path bundled_model() {
  std::error_code ignored;  // what cannot be seen is not there
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  const std::array places{program / "../share/earshot/earshot.safetensors",
                          program / "../../config/earshot.safetensors"};
  for (const std::filesystem::path& place : places) {
    if (std::filesystem::exists(place, ignored)) return place.lexically_normal();
  }
  return places[0].lexically_normal();
}

}  // namespace earshot
