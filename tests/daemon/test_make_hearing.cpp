// make_hearing: what a reload takes over from what is heard with.
#include <memory>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "daemon/MakeHearing.h"
#include "tests/daemon/TestModel.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

/// A model in a file, and configurations that name it.
class ModelFile {
 public:
  ModelFile() { save_model(small_yamnet(), directory_ / "model.safetensors"); }

  Config config(const std::string& text) const {
    const std::string model = "[model]\npath = \"model.safetensors\"\n";
    return parse_config(model + text, (directory_ / "earshot.toml").string());
  }
  ConfiguredHearing hearing(const std::string& text, const ConfiguredHearing* present = nullptr) const {
    Config asked = config(text);
    auto made = make_hearing(asked, present);
    return {std::move(asked), std::move(made)};
  }
  void replace(const Model& model) const { save_model(model, directory_ / "model.safetensors"); }

 private:
  TemporaryDirectory directory_;
};

std::string file_source(const std::string& name) {
  return "[[source]]\nname = \"" + name + "\"\nkind = \"file\"\npath = \"night.flac\"\n";
}

}  // namespace

TEST_CASE("what has not changed is heard with as before, whatever else has") {
  const ModelFile file;
  const ConfiguredHearing first = file.hearing(file_source("a"));
  CHECK(file.hearing(file_source("b"), &first).hearing == first.hearing);

  const ConfiguredHearing gated = file.hearing("[gate]\nlevel_dbfs = -40.0\n" + file_source("a"), &first);
  CHECK(gated.hearing != first.hearing);
  CHECK(gated.hearing->gate_dbfs == -40.0);
  CHECK(gated.hearing->model == first.hearing->model);
  CHECK(gated.hearing->classifiers == first.hearing->classifiers);
}

TEST_CASE("more sources are heard with the same model, laid out once") {
  const ModelFile file;
  ConfiguredHearing present = file.hearing(file_source("a"));
  const std::shared_ptr<const Model> model = present.hearing->model;
  const std::shared_ptr<const PreparedNetwork> network = present.hearing->classifiers->network();
  for (const int sources : {9, 1, 2, 1}) {
    std::string text;
    for (int i = 0; i < sources; ++i) text += file_source("s" + std::to_string(i));
    present = file.hearing(text, &present);
    CHECK(present.hearing->model == model);  // of which each prediction that is kept holds the labels
    CHECK(present.hearing->classifiers->network() == network);
  }
}

TEST_CASE("another model is another hearing") {
  const ModelFile file;
  const ConfiguredHearing first = file.hearing(file_source("a"));
  Model other = small_yamnet();
  other.labels = {"rain", "thunder", "cat"};
  file.replace(other);
  const ConfiguredHearing second = file.hearing(file_source("a"), &first);
  CHECK(second.hearing->model->labels == other.labels);
  CHECK(second.hearing->classifiers->network() != first.hearing->classifiers->network());
}

}  // namespace earshot::test
