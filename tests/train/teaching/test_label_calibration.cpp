// Lines through logits: what makes a label as sure as it is right, and leaves all others alone.
#include <cmath>
#include <cstddef>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/KeyedRandom.h"
#include "tests/train/AlarmModel.h"
#include "train/teaching/Base.h"
#include "train/teaching/HeadRows.h"
#include "train/teaching/LabelCalibration.h"

namespace earshot::test {

TEST_CASE("a line is found that logits were bent by") {
  KeyedRandom random(11);
  std::vector<float> logits;
  std::vector<unsigned char> truth;
  for (int i = 0; i < 20'000; ++i) {
    const double honest = random.uniform(-4.0, 3.0);
    truth.push_back(random.uniform() < 1.0 / (1.0 + std::exp(-honest)) ? 1 : 0);
    logits.push_back(static_cast<float>((honest + 1.0) * 2.5));  // too sure, and of too much
  }
  const LogitLine line = fit_logit_line(logits, truth);
  CHECK(line.slope == Approx(0.4).epsilon(0.05));
  CHECK(line.offset == Approx(-1.0).margin(0.08));
}

TEST_CASE("what says nothing of a label moves nothing") {
  const std::vector<float> logits{-2.0F, 0.5F, 3.0F};
  for (const std::vector<unsigned char>& all :
       {std::vector<unsigned char>(3, 0), std::vector<unsigned char>(3, 1)}) {
    const LogitLine line = fit_logit_line(logits, all);
    CHECK(line.slope == 1.0);
    CHECK(line.offset == 0.0);
  }
  const LogitLine against = fit_logit_line(logits, std::vector<unsigned char>{1, 1, 0});
  CHECK(against.slope == 1.0);
  // Told apart without an error: sure, but not beyond what three windows can say.
  const LogitLine apart = fit_logit_line(logits, std::vector<unsigned char>{0, 1, 1});
  CHECK(std::isfinite(apart.slope));
  CHECK(1.0 / (1.0 + std::exp(-(apart.slope * 3.0 + apart.offset))) < 0.95);
}

TEST_CASE("a label's row and threshold move along its line, the others' bits stay") {
  Model model = alarm_model();
  model.meanings.thresholds.assign(model.labels.size(), 0.3F);
  const Base base(model);
  const std::vector<float> before = base.kernel().values;
  const std::size_t labels = model.labels.size();
  move_label(model, base.head, 2, {0.5, -1.0});
  const std::vector<float>& after = model.weights.at(base.head + "/kernel").values;
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(after[i] == (i % labels == 2 ? 0.5F * before[i] : before[i]));
  const std::vector<float>& bias = model.weights.at(base.head + "/bias").values;
  CHECK(bias[2] == Approx(0.5F * base.bias().values[2] - model.temperature));
  CHECK(bias[1] == base.bias().values[1]);
  CHECK(model.meanings.thresholds[1] == 0.3F);
  CHECK(model.meanings.thresholds[2] ==
        Approx(score_of_logit(0.5F * std::log(0.3F / 0.7F) - 1.0F)).epsilon(1e-5));
}

}  // namespace earshot::test
