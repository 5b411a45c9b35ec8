// `trainer import` and `trainer export`, the real program on files that Keras saved.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include <zip.h>

#include "dsp/base/Error.h"
#include "nn/exchange/KerasImport.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Model.h"
#include "tests/support/Child.h"
#include "tests/support/KerasGolden.h"
#include "train/data/LabelList.h"
#include "train/learning/Transfer.h"

namespace earshot::test {
namespace {

using Catch::Matchers::Contains;
namespace fs = std::filesystem;

// The golden networks' input is 21 x 16 x 1.
constexpr const char* kRecipe = R"([recipe]
base = "v6"
image_height = 21
image_width = 16
)";

class Workbench {
 public:
  Workbench() { golden_.write("own.toml", kRecipe); }

  fs::path golden(const std::string& name) const { return golden_.file(name); }
  fs::path write(const std::string& name, const std::string& bytes) const {
    return golden_.write(name, bytes);
  }
  fs::path operator/(const std::string& name) const { return golden_.directory() / name; }

  Finished import(const fs::path& file, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{
        EARSHOT_TRAINER, "import", file, "--recipe", *this / "own.toml", "--out", *this / "out.safetensors"};
    if (more.empty()) more = {"--labels", "a,b,c"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }

 private:
  KerasGolden golden_;
};

/// A zip archive with these entries, deflated.
std::string zip_of(const std::vector<std::pair<std::string, std::string>>& entries, const fs::path& scratch) {
  zip_t* archive = zip_open(scratch.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  REQUIRE(archive);
  for (const auto& [name, bytes] : entries) {
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    REQUIRE(zip_file_add(archive, name.c_str(), source, 0) >= 0);
  }
  REQUIRE(zip_close(archive) == 0);
  return read_bytes(scratch);
}

}  // namespace

TEST_CASE("trainer import makes a model of what Keras saved, and export an ONNX file of that") {
  const Workbench bench;
  const Finished imported =
      bench.import(bench.golden("sequential-3.15.1.keras"), {"--labels", "rain, sea,wind"});
  INFO(imported.err);
  REQUIRE(imported.code == 0);
  CHECK_THAT(imported.out, Contains("Keras archive 3.15.1"));
  CHECK_THAT(imported.out, Contains("sequential_golden: 17 layers"));
  CHECK_THAT(imported.out, Contains("21 x 16 x 1, softmax"));

  const Model model = load_model(bench / "out.safetensors");
  CHECK(model.labels == std::vector<std::string>{"rain", "sea", "wind"});
  CHECK(model.recipe.image_height == 21);
  CHECK_THAT(model.provenance.at("imported from"), Contains("sequential-3.15.1.keras, sha256 "));
  CHECK_THAT(model.provenance.at("format"), Contains("3.15.1"));

  const Finished exported =
      run_program({EARSHOT_TRAINER, "export", bench / "out.safetensors", "--out", bench / "out.onnx"});
  INFO(exported.err);
  REQUIRE(exported.code == 0);
  CHECK_THAT(read_bytes(bench / "out.onnx"), Contains("BatchNormalization"));
  const Finished refused =
      run_program({EARSHOT_TRAINER, "export", bench / "out.safetensors", "--out", bench / "out.txt"});
  CHECK(refused.code == 64);
  CHECK_THAT(refused.err, Contains(".onnx"));
}

TEST_CASE("an import that cannot be done names the file, and what was on disk before stays") {
  const Workbench bench;
  const fs::path good = bench.golden("sequential-3.5.0.keras");
  const std::string archive = KerasGolden::bytes("sequential-3.5.0.keras");
  const std::string before = "what was there before";
  const auto refused = [&](const fs::path& file, int code, const std::string& why,
                           const std::vector<std::string>& more = {}) {
    bench.write("out.safetensors", before);
    const Finished run = bench.import(file, more);
    INFO(file << ": " << run.err);
    CHECK(run.code == code);
    CHECK_THAT(run.err, Contains(why));
    CHECK_THAT(run.err, Contains(file.filename().string()));
    CHECK(run.err.find('\n') == run.err.size() - 1);
    CHECK(read_bytes(bench / "out.safetensors") == before);
  };
  refused(good, 65, "found 2 labels", {"--labels", "a,b"});
  refused(good, 65, "found 4 labels", {"--labels", "a,b,c,d"});
  refused(good, 65, "occurs twice", {"--labels", "a,b,a"});
  refused(bench.golden("functional-3.5.0.keras"), 65, "its input is 17 x 16 x 3, expected the 21 x 16 x 1");
  refused(bench.golden("sequential-3.5.0.weights.h5"), 64, "--architecture");
  refused(bench.golden("sequential-2.17.0-weights.h5"), 65, "holds no weights that fit",
          {"--labels", "a,b,c", "--architecture", "yamnet"});

  refused(bench / "absent.keras", 66, "No such file");
  refused(bench.write("empty.h5", ""), 65, "0 bytes");
  fs::create_directory(bench / "folder.keras");
  refused(bench / "folder.keras", 66, "is a directory");
  refused(bench.write("half.keras", archive.substr(0, archive.size() / 2)), 65, "zip");
  refused(bench.write("text.h5", "no HDF5 here"), 65, "neither a zip archive nor HDF5");

  const fs::path scratch = bench / "scratch.zip";
  const std::string h5 = KerasGolden::bytes("sequential-3.5.0.weights.h5");
  const auto archived = [&](const std::string& name, const std::string& config, const std::string& weights) {
    return bench.write(name, zip_of({{"config.json", config}, {"model.weights.h5", weights}}, scratch));
  };
  refused(bench.write("other.keras", zip_of({{"readme.txt", "none of Keras"}}, scratch)), 65,
          "has no config.json");
  refused(archived("bomb.keras", std::string(64U << 20U, ' '), h5), 65, "67108864 bytes when unpacked");
  refused(archived("deep.keras", std::string(100000, '['), h5), 65, "not JSON");
  refused(archived("list.keras", "[]", h5), 65, "not a JSON object");
  refused(archived("lstm.keras", R"({"class_name":"Sequential","config":{"layers":[
      {"class_name":"LSTM","config":{"name":"memory","units":4}}]}})",
                   h5),
          65, "layer 'memory' (LSTM): is not supported; supported are Add, Functional");
  refused(archived("dilated.keras", R"({"class_name":"Sequential","config":{"layers":[
      {"class_name":"Conv2D","config":{"name":"wide","filters":2,"kernel_size":[3,3],"dilation_rate":[2,2]}}]}})",
                   h5),
          65, "layer 'wide' (Conv2D): its 'dilation_rate' is [2,2], expected 1");
  refused(archived("huge.keras", R"({"class_name":"Sequential","config":{"layers":[
      {"class_name":"Conv2D","config":{"name":"c","filters":65536,"kernel_size":[31,31],"padding":"same"}},
      {"class_name":"Conv2D","config":{"name":"d","filters":65536,"kernel_size":[31,31],"padding":"same"}}]}})",
                   h5),
          65, "layer 'd'");
}

TEST_CASE("an import onto a full disk is an error, and what was there before stays") {
  const Workbench bench;
  const fs::path file = bench.golden("sequential-3.5.0.keras");
  bench.write("out.safetensors", "what was there before");
  // A limit on the size of files is as a full disk: the write stops midway.
  const Finished run = run_program({"/bin/sh", "-c", "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\"",
                                    EARSHOT_TRAINER, "import", file, "--recipe", bench / "own.toml",
                                    "--labels", "a,b,c", "--out", bench / "out.safetensors"});
  INFO(run.err);
  CHECK(run.code == 74);
  CHECK_THAT(run.err, Contains("out.safetensors"));
  CHECK(read_bytes(bench / "out.safetensors") == "what was there before");
}

TEST_CASE("labels come from the command line, a file of lines, or AudioSet's class map") {
  const TemporaryDirectory directory;
  CHECK(read_labels("a, b b ,c") == std::vector<std::string>{"a", "b b", "c"});
  directory.write("lines.txt", "dog\r\nsmall cat\n\n");
  CHECK(read_labels("@" + (directory / "lines.txt").string()) ==
        std::vector<std::string>{"dog", "small cat"});
  const fs::path map = directory.write(
      "map.csv", "index,mid,display_name\n1,/m/b,\"Child speech, kid speaking\"\n0,/m/a,Speech\n");
  const std::vector<std::string> named{"Speech", "Child speech, kid speaking"};
  CHECK(read_labels(map) == named);
  CHECK(read_labels("@" + map.string()) == named);
  directory.write("map.csv", "index,mid,display_name\n0,/m/a,Speech\n2,/m/b,Child\n");
  CHECK_THROWS_WITH(read_labels(map), Contains("map.csv:3") && Contains("index is '2'"));
  CHECK_THROWS_WITH(read_labels("a,,c"), Contains("--labels: label 2: '' is empty"));
  const std::string latin1 = directory.write("latin1.txt", "tea\ncaf\xE9\n").string();
  CHECK_THROWS_WITH(read_labels("@" + latin1),
                    Contains("latin1.txt:2: 'caf\\xe9' is not UTF-8: byte 4 is 0xe9"));
  directory.write("map.csv", "index,mid,display_name\n0,/m/a,Speech\n1,/m/b,\"two\nlines\"\n");
  CHECK_THROWS_WITH(read_labels(map),
                    Contains("map.csv:3: display_name: 'two\\nlines' holds a control character"));
  const std::string utf16 =
      directory.write("utf16.txt", std::string("\xFF\xFE" "c\0a\0t\0\n\0", 10)).string();
  CHECK_THROWS_WITH(read_labels("@" + utf16),
                    Contains("utf16.txt: is in UTF-16, expected a list of labels in UTF-8"));
  CHECK_THROWS_WITH(read_labels("@" + directory.write("long.txt", std::string(300, 'x')).string()),
                    Contains("long.txt:1: 'xxx") && Contains("...' has 300 bytes, expected at most 256"));
  CHECK_THROWS_WITH(read_labels("@" + (directory / "none.txt").string()), Contains("none.txt"));
}

TEST_CASE("training starts from what Keras saved, by the layers' names or by their order") {
  const KerasGolden golden;
  const Weights saved =
      load_initial_weights(golden.file("sequential-3.5.0.keras"), v6_architecture(3)).weights;
  CHECK(saved.contains("first/kernel"));  // a network of its own keeps its names
  // The same network, only called otherwise.
  Architecture ours;
  for (const char* file :
       {"sequential-3.5.0.keras", "sequential-2.17.0.h5", "sequential-3.15.1.weights.h5"}) {
    const fs::path path = golden.file(file);
    INFO(file);
    ours = read_keras(golden.file("sequential-3.5.0.keras"), nullptr, {}).architecture;
    for (Layer& layer : ours.layers) layer.name = "our_" + layer.name;
    const Weights weights = load_initial_weights(path, ours).weights;
    CHECK(weights.size() == saved.size());
    for (const ParameterSpec& spec : parameter_specs(ours)) {
      INFO(spec.name);
      REQUIRE(weights.contains(spec.name));
      CHECK(weights.at(spec.name).shape == spec.shape);
    }
  }
}

}  // namespace earshot::test
