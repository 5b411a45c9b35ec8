// The file of negatives beside a base.
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "tests/support/TemporaryDirectory.h"
#include "tests/train/AlarmModel.h"
#include "train/teaching/NegativeBank.h"

namespace earshot::test {
namespace {

using Catch::Matchers::Contains;

constexpr std::size_t kBankWindows = 50;

std::vector<float> bank_embeddings(std::size_t width) {
  KeyedRandom random(3);
  std::vector<float> values(kBankWindows * width);
  for (float& value : values) value = static_cast<float>(std::pow(random.uniform(), 3.0));
  return values;
}

NegativeBank small_bank(const Base& base) {
  return make_bank(base, {{"hums/a.wav", "hums", {"Rain"}, 20}, {"voices/b.wav", "voices", {}, 30}},
                   bank_embeddings(base.width), "nobody's");
}

}  // namespace

TEST_CASE("a bank is read as it was written, each number within its step of what it stands for") {
  const TemporaryDirectory directory;
  const Base base(alarm_model());
  const NegativeBank bank = small_bank(base);
  save_bank(bank, directory / "a.bank");
  const NegativeBank read = load_bank(directory / "a.bank", base);
  CHECK(read.numbers == bank.numbers);
  CHECK(read.notice == "nobody's");
  REQUIRE(read.recordings.size() == 2);
  CHECK(read.recordings[0].labels == std::vector<std::string>{"Rain"});
  CHECK(read.recordings[1].windows == 30);
  const std::vector<float> expected = bank_embeddings(base.width);
  std::vector<float> embedding(base.width);
  for (std::size_t window = 0; window < kBankWindows; ++window) {
    read.read(window, embedding);
    for (std::size_t i = 0; i < base.width; ++i) {
      const float value = expected[window * base.width + i];
      CHECK(std::abs(embedding[i] - value) < 0.006F);               // half of the widest step
      if (value < 0.01F) CHECK(std::abs(embedding[i] - value) < 0.001F);  // small numbers lie closer
    }
  }
}

TEST_CASE("families are left out by name, one that a bank lacks is refused") {
  const Base base(alarm_model());
  const NegativeBank bank = small_bank(base);
  const NegativeBank rest = bank.without({"hums"});
  CHECK(rest.size() == 30);
  REQUIRE(rest.recordings.size() == 1);
  std::vector<float> kept(base.width);
  std::vector<float> before(base.width);
  rest.read(0, kept);
  bank.read(20, before);
  CHECK(kept == before);
  CHECK_THROWS_WITH(bank.without({"music"}), Contains("found 'music', expected one of hums, voices"));
}

TEST_CASE("a bank of another trunk is refused, one of another head is not") {
  const TemporaryDirectory directory;
  const Base base(alarm_model());
  save_bank(small_bank(base), directory / "a.bank");
  Model head = alarm_model();
  head.weights.at("dense/kernel").values[0] += 1.0F;
  CHECK(load_bank(directory / "a.bank", Base(head)).size() == kBankWindows);
  Model trunk = alarm_model();
  trunk.weights.at("conv/kernel").values[0] += 1.0F;
  CHECK_THROWS_WITH(load_bank(directory / "a.bank", Base(trunk)), Contains("a.bank") && Contains("of another base"));
}

TEST_CASE("a bank that was altered, cut off or never one is refused by name") {
  const TemporaryDirectory directory;
  const Base base(alarm_model());
  save_bank(small_bank(base), directory / "a.bank");
  std::ifstream file(directory / "a.bank", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::string altered = bytes;
  altered.back() = static_cast<char>(altered.back() ^ 1);
  const auto refused = [&](const std::string& content) {
    directory.write("b.bank", content);
    CHECK_THROWS_WITH(load_bank(directory / "b.bank", base), Contains("b.bank"));
  };
  refused(altered);
  refused(bytes.substr(0, bytes.size() / 2));
  refused(bytes.substr(0, 20));
  std::string told = bytes;
  told.replace(told.find("voices"), 6, "vo1ces");
  refused(told);
  std::string wrapped = bytes;
  wrapped.replace(wrapped.find("\"windows\":20"), 12, "\"windows\":18446744073709551566");
  refused(wrapped);
  refused("{\"earshot_bank\":1}\n");
  refused("[]\n");
  refused("");
  CHECK_THROWS_WITH(load_bank(directory / "none.bank", base), Contains("none.bank"));
}

}  // namespace earshot::test
