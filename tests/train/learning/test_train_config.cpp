#include <catch2/catch.hpp>
#include <string>
#include <variant>

#include "dsp/base/Error.h"
#include "tests/support/TemporaryDirectory.h"
#include "train/learning/TrainConfig.h"

using namespace earshot;
using Catch::Matchers::Contains;

TEST_CASE("the preset v6 is the source's recipe") {
  const TrainConfig config = preset("v6");
  CHECK(config.batch == 64);
  CHECK(config.epochs == 100);
  CHECK(config.learning_rate == 1e-3);
  CHECK(config.class_weights);
  CHECK(config.batch_norm_momentum == 0.99F);
  CHECK(config.batch_norm_statistics == TrainConfig::BatchNormStatistics::running);
  CHECK(config.validation == TrainConfig::Validation::random);
  REQUIRE(config.plateau);
  CHECK(config.plateau->settings.factor == 0.5);
  CHECK(config.plateau->settings.patience == 20);
  CHECK(config.plateau->settings.least == 1e-6);
  REQUIRE(config.early_stopping);
  CHECK(config.early_stopping->settings.patience == 10);
  CHECK(config.checkpoint == TrainConfig::Monitor::val_loss);
  REQUIRE(config.augmentation);
  CHECK(config.augmentation->rotation_deg == 10.0);
  CHECK_THROWS_WITH(preset("v7"), Contains("'v7'"));
}

TEST_CASE("the file that explains every key holds the preset v6") {
  const TrainConfig config = load_train_config(std::string(EARSHOT_SOURCE_DIR) + "/config/train.toml");
  CHECK(settings_of(config) == settings_of(preset("v6")));
  CHECK(config.name == "train");
}

TEST_CASE("the bundled model's configuration has no validation part and credits the clips") {
  const TrainConfig config = load_train_config(std::string(EARSHOT_SOURCE_DIR) + "/config/esc10-v6.toml");
  CHECK(config.validation == TrainConfig::Validation::none);
  CHECK_FALSE(config.early_stopping);
  CHECK_FALSE(config.plateau);
  CHECK_FALSE(config.checkpoint);
  CHECK(config.recipe == FeatureRecipe{});
  CHECK_THAT(config.notice, Contains("Piczak"));
}

TEST_CASE("our own recipes measure BatchNorm's statistics, those of the source do not") {
  const auto measures = [](const TrainConfig& config) {
    const bool does = config.batch_norm_statistics == TrainConfig::BatchNormStatistics::measured;
    CHECK(settings_of(config).at("train.batch_norm_statistics") == (does ? "measured" : "running"));
    return does;
  };
  for (const char* name : {"v6", "v5", "efficientnet_b0"}) CHECK_FALSE(measures(preset(name)));
  CHECK(measures(preset("yamnet")));
  CHECK(measures(load_train_config(std::string(EARSHOT_SOURCE_DIR) + "/config/esc10-v6.toml")));
}

TEST_CASE("an empty file trains like the preset, without callbacks and augmentation") {
  const test::TemporaryDirectory directory;
  const TrainConfig config = load_train_config(directory.write("bare.toml", ""));
  CHECK(config.name == "bare");
  CHECK(config.batch == 64);
  CHECK_FALSE(config.plateau);
  CHECK_FALSE(config.early_stopping);
  CHECK_FALSE(config.checkpoint);
  CHECK_FALSE(config.augmentation);
}

TEST_CASE("the configuration's momentum reaches every BatchNorm and the window its length") {
  const test::TemporaryDirectory directory;
  const TrainConfig config =
      load_train_config(directory.write("c.toml", "window_s = 2\n[train]\nbatch_norm_momentum = 0.5\n"));
  CHECK(config.recipe.window_samples == 88200);
  int norms = 0;
  for (const Layer& layer : network_architecture(config, 3).layers) {
    if (const auto* norm = std::get_if<BatchNorm>(&layer.kind)) {
      CHECK(norm->momentum == 0.5F);
      ++norms;
    }
  }
  CHECK(norms == 9);
}

TEST_CASE("augmentation of sounds, mixing and masks are on where their tables are, as they say") {
  const test::TemporaryDirectory directory;
  const SampleSettings off = load_train_config(directory.write("off.toml", "")).samples;
  CHECK_FALSE(off.needs_sounds());
  CHECK_FALSE(off.mixup);
  CHECK_FALSE(off.masks);
  const SampleSettings on = load_train_config(directory.write("on.toml", R"(
[audio.stretch]
rate = 2.0
[audio.pitch]
semitones = -6
[audio.noise]
probability = 1
amplitude = [0.001, 0.01]
[audio.background]
folder = "hum"
[mixing.mixup]
alpha = 0.2
[masks]
time_masks = 2
)"))
                                .samples;
  CHECK(on.audio.stretch->rate == Range{2.0, 2.0});
  CHECK(on.audio.pitch->semitones == Range{-6.0, -6.0});
  CHECK(on.audio.pitch->probability == 0.5);
  CHECK(on.audio.noise->probability == 1.0);
  CHECK(on.audio.noise->amplitude == Range{0.001, 0.01});
  CHECK(on.audio.background->folder == (directory / "hum").string());
  CHECK_FALSE(on.audio.gain);
  CHECK_FALSE(on.between_class);
  CHECK(on.mixup->alpha == 0.2);
  CHECK(on.masks->time_masks == 2);
}

TEST_CASE("every mistake in a training configuration is named with its line and key") {
  struct Mistake {
    const char* text;
    const char* place;
    const char* found;
  };
  const Mistake mistakes[] = {
      {"[train]\nbatchs = 3\n", "c.toml:2: key 'train.batchs'", "'batch'"},
      {"[train]\nbatch = 0\n", "c.toml:2: key 'train.batch'", "found 0"},
      {"[train]\nepochs = 1.5\n", "c.toml:2: key 'train.epochs'", "1.5"},
      {"[train]\nlearning_rate = \"fast\"\n", "c.toml:2: key 'train.learning_rate'", "fast"},
      {"[train]\nseed = -1\n", "c.toml:2: key 'train.seed'", "-1"},
      {"[train]\nepochs = 3\nwarmup_epochs = 4\n", "c.toml:3: key 'train.warmup_epochs'", "4"},
      {"[train]\nbatch_norm_momentum = 1.0\n", "c.toml:2: key 'train.batch_norm_momentum'", "found 1"},
      {"[train]\nbatch_norm_statistics = \"exact\"\n", "c.toml:2: key 'train.batch_norm_statistics'",
       "\"exact\", expected one of \"running\", \"measured\""},
      {"[validation]\nsplit = \"half\"\n", "c.toml:2: key 'validation.split'", "\"half\""},
      {"[validation]\nsplit = \"fold\"\n", "c.toml:1: key 'validation.fold'", "found nothing"},
      {"[validation]\nfold = 3\n", "c.toml:2: key 'validation.fold'", "unknown"},
      {"[validation]\nsplit = \"none\"\n[early_stopping]\npatience = 3\n", "key 'early_stopping.monitor'",
       "without a validation part"},
      {"[train]\nschedule = \"cosine\"\n[plateau]\nmonitor = \"loss\"\n", "key 'plateau'", "train.schedule"},
      {"[train]\noptimizer = \"lion\"\n", "c.toml:2: key 'train.optimizer'", "\"lion\""},
      {"[train]\nweight_decay = 0.01\n", "c.toml:2: key 'train.weight_decay'", "\"adam\""},
      {"[train]\ndrop_at = [0.5, 1.5]\n", "c.toml:2: key 'train.drop_at'", "1.5"},
      {"[train]\ndrop_at = 0.5\n", "c.toml:2: key 'train.drop_at'", "0.5"},
      {"[train]\nschedule = \"one_cycle\"\nwarmup_epochs = 1\n", "c.toml:3: key 'train.warmup_epochs'",
       "one_cycle"},
      {"[train]\nema_decay = 1\n", "c.toml:2: key 'train.ema_decay'", "found 1"},
      {"[augmentation]\nzoom_low = 1.2\nzoom_high = 1.1\n", "c.toml:2: key 'augmentation.zoom_low'", "1.2"},
      {"[audio.noise]\namplitude = [0.2, 0.1]\n", "c.toml:2: key 'audio.noise.amplitude'", "[0.2, 0.1]"},
      {"[audio.noise]\namplitude = [0.2]\n", "c.toml:2: key 'audio.noise.amplitude'", "1 elements"},
      {"[audio.noise]\namplitude = [\"a\", 1]\n", "c.toml:2: key 'audio.noise.amplitude'", "\"a\""},
      {"[audio.pitch]\nprobability = 2\n", "c.toml:2: key 'audio.pitch.probability'", "found 2"},
      {"[audio.background]\n", "key 'audio.background.folder'", "found nothing"},
      {"[audio.nois]\n", "c.toml:1: key 'audio.nois'", "'noise'"},
      {"[mixing.mixup]\nalpha = 0\n", "c.toml:2: key 'mixing.mixup.alpha'", "found 0"},
      {"[masks]\ntime_share = 1.5\n", "c.toml:2: key 'masks.time_share'", "1.5"},
      {"[train]\nlabel_smoothing = 1.0\n", "c.toml:2: key 'train.label_smoothing'", "found 1"},
      {"[augmentatio]\n", "c.toml:1: key 'augmentatio'", "'augmentation'"},
      {"architecture = \"v9\"\n", "c.toml:1: key 'architecture'", "\"v9\""},
      {"recipe = \n", "c.toml:1", "TOML"},
  };
  for (const Mistake& mistake : mistakes) {
    const test::TemporaryDirectory directory;
    const auto path = directory.write("c.toml", mistake.text);
    INFO(mistake.text);
    try {
      load_train_config(path);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::config);
      CHECK_THAT(error.what(), Contains(mistake.place) && Contains(mistake.found));
    }
  }
}
