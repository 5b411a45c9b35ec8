// HDF5: every group, text and array of a file, and the Keras model or weights that it may be.
#include <string>

#include "dsp/base/Error.h"
#include "nn/exchange/Hdf5File.h"
#include "nn/exchange/KerasImport.h"
#include "nn/model/Architecture.h"
#include "tests/fuzz/FuzzTarget.h"

using namespace earshot;

namespace {

template <typename Read>
void attempt(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    fuzz::expect(error.code() == ExitCode::bad_data, "a wrong HDF5 file is bad data");
  }
}

// Groups may be made to contain one another.
void walk(const Hdf5File& file, const std::string& path, int depth, int& left) {
  if (depth > 8 || --left < 0) return;
  for (const char* name : {"layer_names", "weight_names"}) {
    attempt([&] { (void)file.texts_attribute(path, name); });
  }
  attempt([&] { (void)file.text_attribute(path, "model_config"); });
  attempt([&] {
    if (file.has_dataset(path)) (void)file.tensor(path);
  });
  attempt([&] {
    if (!file.has_group(path)) return;
    for (const std::string& child : file.children(path)) {
      walk(file, path.empty() ? child : path + "/" + child, depth + 1, left);
    }
  });
}

Architecture small_network() {
  Architecture network;
  network.name = "small";
  network.input = {8, 8, 1};
  network.layers = {{"first", Conv2d{.filters = 2}},
                    {"norm", BatchNorm{}},
                    {"flatten", Flatten{}},
                    {"scores", Dense{.units = 3}}};
  return network;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  attempt([&] {
    const Hdf5File file(bytes);
    int left = 256;
    walk(file, "", 0, left);
  });
  static const fuzz::MemoryFile file;
  static const Architecture network = small_network();
  file.write(bytes);
  attempt([] { (void)read_keras(file.path(), &network, network.input); });
  return 0;
}
