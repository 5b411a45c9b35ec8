// Model: what is saved is what is loaded; what is truncated, altered or foreign is refused in one clear line.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "nn/model/BuiltInArchitectures.h"
#include "nn/model/Model.h"
#include "nn/model/Safetensors.h"
#include "tests/support/TemporaryDirectory.h"

namespace earshot::test {
namespace {

// Small, but with every kind of layer.
Model small_model() {
  Model model;
  model.recipe.window_samples = 22050;
  model.recipe.image_height = 16;
  model.recipe.image_width = 20;
  model.recipe.floor_power = 3.7e-6;
  model.recipe.max_hz = 7512.25;
  model.labels = {"dog", "Kr\u00e4he \"laut\"", "rain"};
  model.architecture = {"small",
                        model.recipe.shape(),
                        {{"conv2d", Conv2d{.filters = 3, .kernel = 5}},
                         {"batch_normalization", BatchNorm{.momentum = 0.9F, .epsilon = 1e-4F}},
                         {"leaky_re_lu", LeakyRelu{.slope = 0.3F}},
                         {"separable_conv2d", SeparableConv2d{.filters = 4}},
                         {"max_pooling2d", MaxPool2d{.size = 2}},
                         {"dropout", Dropout{.rate = 0.15F}},
                         {"global_average_pooling2d", GlobalAveragePool2d{}},
                         {"dense", Dense{.units = 3, .l2 = 0.001F}}}};
  model.weights = initial_weights(model.architecture, 11);
  model.temperature = 1.37F;
  model.meanings = {.thresholds = {0.5F, 0.1F, 0.75F}, .measured = {1}, .ambience = {2}, .parents = {{0, 1}}};
  model.provenance = {{"notice", "clips by many, CC BY\nsecond line"}, {"seed", "11"}};
  return model;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string saved(const TemporaryDirectory& directory, const Model& model) {
  save_model(model, directory / "good.safetensors");
  return read(directory / "good.safetensors");
}

// The line with which these bytes are refused; empty if they load.
std::string refusal(const TemporaryDirectory& directory, const std::string& bytes) {
  const std::filesystem::path path = directory.write("bad.safetensors", bytes);
  try {
    load_model(path);
  } catch (const Error& error) {
    const std::string line = error.what();
    CHECK(error.code() == ExitCode::bad_data);
    CHECK(line.starts_with(path.string() + ": "));
    CHECK(line.find('\n') == std::string::npos);
    return line;
  }
  return "";
}

bool refused_for(const TemporaryDirectory& directory, const std::string& bytes, const std::string& reason) {
  const std::string line = refusal(directory, bytes);
  INFO("refused with: " << line);
  const bool named = line.find(reason) != std::string::npos;
  CHECK(named);
  return named;
}

// A file whose header claims `length` bytes and is `header`.
std::string container(std::uint64_t length, const std::string& header) {
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header;
}
std::string container(const std::string& header) {
  return container(header.size(), header);
}

TEST_CASE("a model that was saved loads as it was") {
  const TemporaryDirectory directory;
  const Model model = small_model();
  save_model(model, directory / "garden.safetensors");
  const Model loaded = load_model(directory / "garden.safetensors");
  CHECK(loaded.name == "garden");
  CHECK(loaded.recipe == model.recipe);
  CHECK(loaded.labels == model.labels);
  CHECK(loaded.architecture == model.architecture);
  CHECK(loaded.weights == model.weights);
  CHECK(loaded.temperature == model.temperature);
  CHECK(loaded.provenance == model.provenance);
  CHECK(loaded.meanings == model.meanings);
  CHECK(loaded.sha256.size() == 64);
}

TEST_CASE("saving a loaded model gives the same bytes") {
  const TemporaryDirectory directory;
  const std::string first = saved(directory, small_model());
  save_model(load_model(directory / "good.safetensors"), directory / "again.safetensors");
  CHECK(read(directory / "again.safetensors") == first);
}

TEST_CASE("v6 survives a round trip") {
  const TemporaryDirectory directory;
  Model model;
  model.architecture = v6_architecture(10);
  for (int i = 0; i < 10; ++i) model.labels.push_back("label " + std::to_string(i));
  model.weights = initial_weights(model.architecture, 1);
  save_model(model, directory / "v6.safetensors");
  const Model loaded = load_model(directory / "v6.safetensors");
  CHECK(loaded.architecture == model.architecture);
  CHECK(loaded.weights == model.weights);
}

TEST_CASE("the hash of a model is its file's SHA-256") {
  const TemporaryDirectory directory;
  const std::string bytes = saved(directory, small_model());
  const Model first = load_model(directory / "good.safetensors");
  directory.write("copy.safetensors", bytes);
  CHECK(load_model(directory / "copy.safetensors").sha256 == first.sha256);
  Model other = small_model();
  other.temperature = 2.0F;
  save_model(other, directory / "other.safetensors");
  CHECK(load_model(directory / "other.safetensors").sha256 != first.sha256);
}

TEST_CASE("the header is laid out as other readers of safetensors expect") {
  const TemporaryDirectory directory;
  const std::string bytes = saved(directory, small_model());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  CHECK(length % 8 == 0);
  CHECK(bytes[8] == '{');
  const std::string header = bytes.substr(8, length);
  CHECK(header.find_last_not_of(' ') == header.rfind('}'));
}

TEST_CASE("a model file cut off anywhere is refused") {
  const TemporaryDirectory directory;
  const std::string bytes = saved(directory, small_model());
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::vector<std::size_t> lengths = {0,
                                      1,
                                      7,
                                      8,
                                      9,
                                      8 + header / 2,
                                      8 + header - 1,
                                      8 + header,
                                      9 + header,
                                      bytes.size() - 4,
                                      bytes.size() - 1};
  KeyedRandom random(1);
  for (int i = 0; i < 300; ++i) lengths.push_back(random.below(static_cast<std::uint32_t>(bytes.size())));
  for (const std::size_t length : lengths) {
    INFO("cut to " << length << " of " << bytes.size() << " bytes");
    REQUIRE(!refusal(directory, bytes.substr(0, length)).empty());
  }
  refused_for(directory, bytes.substr(0, bytes.size() - 4), "truncated");
  refused_for(directory, bytes.substr(0, 100), "truncated");
  refused_for(directory, bytes + "x", "more than its tensors");
}

TEST_CASE("no byte of a model file can change unnoticed") {
  const TemporaryDirectory directory;
  const std::string bytes = saved(directory, small_model());
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  KeyedRandom random(2);
  for (std::size_t i = 0; i < bytes.size(); i += i < 8 + header ? 1 : 7) {
    std::string altered = bytes;
    altered[i] = static_cast<char>(altered[i] ^ static_cast<char>(1U << random.below(8)));
    INFO("byte " << i << ", header of " << header);
    REQUIRE(!refusal(directory, altered).empty());
  }
  for (int i = 0; i < 500; ++i) {
    std::string altered = bytes;
    const std::size_t at = random.below(static_cast<std::uint32_t>(bytes.size()));
    altered[at] = static_cast<char>(altered[at] + static_cast<char>(1 + random.below(255)));
    INFO("byte " << at);
    REQUIRE(!refusal(directory, altered).empty());
  }
  std::string weight = bytes;
  weight.back() = static_cast<char>(weight.back() ^ 1);
  refused_for(directory, weight, "was altered");
  std::string padded = bytes;
  if (const std::size_t space = padded.find(' ', 8 + header - 8); space < 8 + header) {
    padded[space] = '\n';
    refused_for(directory, padded, "was altered");
  }
}

TEST_CASE("files of another kind are refused by what they are") {
  const TemporaryDirectory directory;
  refused_for(directory, "", "0 bytes");
  refused_for(directory, "This is a text file, not a model.\n", "no safetensors file");
  refused_for(directory, std::string(4096, '\0'), "not a JSON object");
  refused_for(directory, std::string(4096, '\xFF'), "no safetensors file");
  refused_for(directory, std::string("PK\3\4") + std::string(4096, 'x'), "trainer import");
  refused_for(directory, std::string("\x89HDF\r\n\x1a\n") + std::string(4096, 'x'), "trainer import");
  refused_for(directory, format_safetensors({{}, {{"a", {{2}, {1.0F, 2.0F}}}}}), "no Earshot model");
  refused_for(directory, format_safetensors({{{"format", "pt"}}, {{"a", {{2}, {1.0F, 2.0F}}}}}),
              "no Earshot model");
  refused_for(directory, format_safetensors({{{"earshot_format", "2"}}, {}}), "format version is '2'");
  refused_for(directory, format_safetensors({{{"earshot_format", "1"}}, {}}), "checksum is missing");
}

TEST_CASE("hostile headers are refused without following them") {
  const TemporaryDirectory directory;
  constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();
  const auto entry = [](const std::string& shape, const std::string& offsets,
                        const std::string& dtype = "F32") {
    return R"({"t":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  refused_for(directory, container(kHuge, "{}"), "no safetensors file");
  refused_for(directory, container(kHuge - 7, "{}"), "no safetensors file");
  refused_for(directory, container(1U << 20U, "{}"), "only 2 follow");
  refused_for(directory, container(std::string(1U << 20U, '[')), "not a JSON object");
  refused_for(directory, container(R"({"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}})"), "JSON");
  refused_for(directory, container("[]"), "not a JSON object");
  refused_for(directory, container("{} {}"), "not a JSON object");
  refused_for(directory, container(R"({"__metadata__":[]})"), "__metadata__");
  refused_for(directory, container(R"({"__metadata__":{"a":1}})"), "__metadata__");
  refused_for(directory, container(R"({"t":7})"), "'t'");
  refused_for(directory, container(entry("[4294967295,4294967295,4294967295]", "[0,16]")), "too large");
  refused_for(directory, container(entry("[4294967296,4294967296]", "[0,0]")), "2^32");
  refused_for(directory, container(entry("[1000000,1000]", "[0,4000000000]")), "truncated");
  refused_for(directory, container(entry("[1000000,1000]", "[0,4]")), "do not span");
  refused_for(directory, container(entry("[-1]", "[0,4]")), "not a whole number");
  refused_for(directory, container(entry("[1.5]", "[0,4]")), "not a whole number");
  refused_for(directory, container(entry("[1]", "[8,4]")), "do not span");
  refused_for(directory, container(entry("[1]", "[4,8]") + "12345678"), "JSON");
  refused_for(directory, container(entry("[1]", "[4,8]")) + "12345678", "begins at byte 4");
  refused_for(directory, container(entry("[1]", "[0]")) + "1234", "[begin, end]");
  refused_for(directory, container(entry("[1]", "[0,4]", "F16")) + "1234", "type F16");
  refused_for(directory, container(entry("[1,1,1,1,1,1,1,1,1]", "[0,4]")) + "1234", "at most 8 sizes");
  refused_for(directory, container(entry("[2]", "[0,4]", "I16")) + "1234", "expected 't.step' beside it");
  const auto with_steps = [](const std::string& dtype, const std::string& shape, std::size_t bytes) {
    return container(R"({"t":{"dtype":"I16","shape":[1,2],"data_offsets":[0,4]},"t.step":{"dtype":")" + dtype +
                     R"(","shape":)" + shape + R"(,"data_offsets":[4,)" + std::to_string(4 + bytes) + "]}}") +
           std::string(4 + bytes, '1');
  };
  refused_for(directory, with_steps("F32", "[3]", 12), "has 3 steps, expected 2");
  refused_for(directory, with_steps("I16", "[2]", 4), "has 0 steps, expected 2");
  refused_for(directory,
              container(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                        R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})") +
                  "123456789012",
              "begins at byte 4, expected 8");
}

TEST_CASE("a model that does not fit itself is not written") {
  const TemporaryDirectory directory;
  const auto refused = [&](auto change) {
    Model model = small_model();
    change(model);
    try {
      save_model(model, directory / "never.safetensors");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::software);
      CHECK(std::string(error.what()).find("not written") != std::string::npos);
      return !std::filesystem::exists(directory / "never.safetensors");
    }
    return false;
  };
  CHECK(refused([](Model& m) { m.labels.pop_back(); }));
  CHECK(refused([](Model& m) { m.labels[1] = m.labels[0]; }));
  CHECK(refused([](Model& m) { m.labels[1] = ""; }));
  CHECK(refused([](Model& m) { m.labels[1] = "two\nlines"; }));
  CHECK(refused([](Model& m) { m.labels[1] = "not UTF-8: \xFF"; }));
  CHECK(refused([](Model& m) { m.labels[1] = "a control character of two bytes: \u009b"; }));
  CHECK(refused([](Model& m) { m.labels[1] = "turned round: \u202e"; }));
  CHECK(refused([](Model& m) { m.temperature = 0.0F; }));
  CHECK(refused([](Model& m) { m.temperature = -1.0F; }));
  CHECK(refused([](Model& m) { m.temperature = std::numeric_limits<float>::quiet_NaN(); }));
  CHECK(refused([](Model& m) { m.temperature = std::numeric_limits<float>::infinity(); }));
  CHECK(refused([](Model& m) { m.recipe.image_width = 21; }));
  CHECK(refused([](Model& m) { m.weights.erase("dense/bias"); }));
  CHECK(refused([](Model& m) { m.weights.at("dense/bias").values.push_back(1.0F); }));
  CHECK(refused(
      [](Model& m) { m.weights.at("dense/bias").values[0] = std::numeric_limits<float>::quiet_NaN(); }));
  CHECK(refused([](Model& m) { m.weights["extra"] = {{1}, {0.0F}}; }));
  CHECK(refused([](Model& m) { m.architecture.layers.pop_back(); }));
}

TEST_CASE("a missing model, a directory and a file nobody can write are named") {
  const TemporaryDirectory directory;
  const auto code = [](auto action) {
    try {
      action();
    } catch (const Error& error) {
      return error.code();
    }
    return ExitCode::ok;
  };
  CHECK(code([&] { load_model(directory / "absent.safetensors"); }) == ExitCode::no_input);
  CHECK(code([&] { load_model(directory.path()); }) == ExitCode::no_input);
  CHECK(code([&] { load_model("/dev/zero"); }) == ExitCode::no_input);
  CHECK(code([&] { save_model(small_model(), directory / "no" / "such" / "m.safetensors"); }) ==
        ExitCode::io);
}

}  // namespace
}  // namespace earshot::test
