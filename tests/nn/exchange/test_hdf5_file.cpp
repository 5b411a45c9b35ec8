// Hdf5File: what Keras' files hold, by another way than Keras.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "dsp/base/Error.h"
#include "dsp/base/FileKind.h"
#include "nn/exchange/Hdf5File.h"
#include "tests/support/KerasGolden.h"

namespace earshot::test {

using Catch::Matchers::Contains;

TEST_CASE("an HDF5 file's groups, texts and numbers are found by their paths") {
  const std::string bytes = KerasGolden::bytes("sequential-2.17.0.h5");
  const Hdf5File file(bytes);
  CHECK(file.children("") == std::vector<std::string>{"model_weights", "optimizer_weights"});
  CHECK(file.has_group("model_weights/first"));
  CHECK_FALSE(file.has_dataset("model_weights/first"));
  CHECK(file.has_dataset("model_weights/first/first/kernel:0"));
  CHECK_FALSE(file.has_group("model_weights/second"));
  CHECK_FALSE(file.has_group("model_weights/first/first/kernel:0/deeper"));

  CHECK(file.text_attribute("", "keras_version") == "2.17.0");
  CHECK(file.text_attribute("", "model_config")->starts_with("{\"class_name\": \"Sequential\""));
  CHECK_FALSE(file.text_attribute("", "no_such").has_value());
  const std::vector<std::string> names{"first/kernel:0", "first/bias:0"};
  CHECK(file.texts_attribute("model_weights/first", "weight_names") == names);
  CHECK(file.texts_attribute("model_weights/leaky_re_lu", "weight_names") == std::vector<std::string>{});

  const Tensor kernel = file.tensor("model_weights/first/first/kernel:0");
  CHECK(kernel.shape == std::vector<std::int64_t>{3, 3, 1, 4});
  CHECK(kernel.values.size() == 36);
  // The optimizer's count of steps: one whole number of 64 bits, 16 samples in batches of 8, twice.
  const Tensor steps = file.tensor("optimizer_weights/iteration:0");
  CHECK(steps.shape.empty());
  CHECK(steps.values == std::vector<float>{4.0F});
}

TEST_CASE("what is no HDF5 file, or not the kind that is read, is refused by name") {
  CHECK_FALSE(is_hdf5("PK"));
  CHECK_THROWS_WITH(Hdf5File("nothing"), Contains("signature"));
  std::string bytes = KerasGolden::bytes("sequential-3.5.0.weights.h5");
  CHECK_THROWS_WITH(Hdf5File(std::string_view(bytes).substr(0, 5000)), Contains("cut short"));
  const Hdf5File file(bytes);
  CHECK_THROWS_WITH(file.tensor("layers/conv2d/vars"), Contains("'layers/conv2d/vars'"));
  CHECK_THROWS_WITH(file.tensor("layers/conv2d/vars/9"), Contains("is missing"));
  bytes[8] = 9;
  CHECK_THROWS_WITH(Hdf5File(bytes), Contains("version 9"));
}

}  // namespace earshot::test
