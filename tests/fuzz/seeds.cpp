// fuzz_seeds DIRECTORY: makes the inputs that each fuzz target starts from, DIRECTORY/<target>/<name>.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <numbers>
#include <string>
#include <vector>

#include <sndfile.h>

#include "nn/exchange/ZipArchive.h"
#include "nn/model/Model.h"

namespace fs = std::filesystem;
using namespace earshot;

namespace {

class Seeds {
 public:
  explicit Seeds(fs::path directory) : directory_(std::move(directory)) {}

  fs::path path(const std::string& target, const std::string& name) const {
    fs::create_directories(directory_ / target);
    return directory_ / target / name;
  }
  void write(const std::string& target, const std::string& name, std::string_view bytes) const {
    std::ofstream file(path(target, name), std::ios::binary);
    file << bytes;
    if (!file.flush()) throw std::runtime_error("cannot write a seed of " + target);
  }
  /// "1", "2", ...
  void write_all(const std::string& target, const std::vector<std::string>& inputs) const {
    int number = 0;
    for (const std::string& input : inputs) write(target, std::to_string(++number), input);
  }

 private:
  fs::path directory_;
};

std::string repository_file(const char* name) {
  std::ifstream file(fs::path(EARSHOT_SOURCE_DIR) / name, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty()) throw std::runtime_error(std::string("cannot read ") + name);
  return bytes;
}

// Every kind of layer, few numbers.
void write_models(const Seeds& seeds) {
  Model model;
  model.recipe.image_height = 16;
  model.recipe.image_width = 16;
  model.labels = {"one", "two", "thr\xC3\xA9\x65"};
  model.architecture.name = "small";
  model.architecture.input = model.recipe.shape();
  model.architecture.layers = {{"pad", ZeroPadding2d{.top = 1}},
                               {"scale", Rescaling{}},
                               {"normal", Normalization{}},
                               {"conv", Conv2d{.filters = 2, .padding = Padding::valid, .l2 = 0.1F}},
                               {"bn", BatchNorm{}},
                               {"leaky", LeakyRelu{}},
                               {"pool", MaxPool2d{}},
                               {"drop", Dropout{.rate = 0.5F}},
                               {"separable", SeparableConv2d{.filters = 2}},
                               {"depthwise", DepthwiseConv2d{.stride = 2}},
                               {"sum", Add{}, {"depthwise", "depthwise"}},
                               {"average", GlobalAveragePool2d{}},
                               {"gated", Multiply{}, {"sum", "average"}},
                               {"swish", Activation{Activation::Function::swish}},
                               {"flat", Flatten{}},
                               {"scores", Dense{.units = 3}}};
  model.weights = initial_weights(model.architecture, 1);
  model.provenance["notice"] = "none";
  seeds.write("fuzz_model", "softmax", check_writable(model));
  model.architecture.layers = {{"average", GlobalAveragePool2d{}}, {"scores", Dense{.units = 3}}};
  model.architecture.scores = Scores::sigmoid;
  model.weights = initial_weights(model.architecture, 1);
  model.temperature = 1.5F;
  seeds.write("fuzz_model", "sigmoid", check_writable(model));
}

// A tenth of a second in whatever libsndfile writes.
void write_sounds(const Seeds& seeds) {
  struct Form {
    const char* name;
    int format;
    int rate_hz;
  };
  const Form forms[] = {{"u8.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000},
                        {"s16.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000},
                        {"s24.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 8000},
                        {"f32.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 8000},
                        {"f64.wav", SF_FORMAT_WAV | SF_FORMAT_DOUBLE, 8000},
                        {"ulaw.wav", SF_FORMAT_WAV | SF_FORMAT_ULAW, 8000},
                        {"ima.wav", SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM, 8000},
                        {"ms.wav", SF_FORMAT_WAV | SF_FORMAT_MS_ADPCM, 8000},
                        {"s16.rf64", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 8000},
                        {"s16.w64", SF_FORMAT_W64 | SF_FORMAT_PCM_16, 8000},
                        {"s16.aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 8000},
                        {"s16.au", SF_FORMAT_AU | SF_FORMAT_PCM_16, 8000},
                        {"s16.caf", SF_FORMAT_CAF | SF_FORMAT_PCM_16, 8000},
                        {"s16.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16000},
                        {"vorbis.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 16000},
                        {"opus.ogg", SF_FORMAT_OGG | SF_FORMAT_OPUS, 16000},
                        {"layer3.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 16000}};
  for (const Form& form : forms) {
    for (const int channels : {1, 2}) {
      SF_INFO info{};
      info.samplerate = form.rate_hz;
      info.channels = channels;
      info.format = form.format;
      const fs::path path = seeds.path("fuzz_audio", std::to_string(channels) + "-" + form.name);
      SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
      if (!file) continue;  // a libsndfile without that format
      std::vector<float> samples(static_cast<std::size_t>(form.rate_hz / 10 * channels));
      for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] = std::sin(static_cast<float>(i) * 0.3F) / 2;
      sf_writef_float(file, samples.data(), form.rate_hz / 10);
      sf_close(file);
    }
  }
}

// What Keras saved for tests/golden: the small files whole and apart, of the others the configuration.
void write_keras(const Seeds& seeds) {
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 20U;
  const std::string own_bytes = repository_file("tests/golden/keras_own.zip");
  const ZipArchive own(own_bytes);
  for (const std::string name :
       {"activation", "add", "conv2d", "idle", "nested", "regularizer", "training"}) {
    const std::string keras = own.read(name + ".keras", kMostBytes);
    const ZipArchive parts(keras);
    const std::string weights = parts.read("model.weights.h5", kMostBytes);
    seeds.write("fuzz_keras_archive", name + ".keras", keras);
    seeds.write("fuzz_keras_archive", name, parts.read("config.json", kMostBytes) + '\0' + weights);
    seeds.write("fuzz_hdf5", name + ".weights.h5", weights);
  }
  for (const std::string name : {"conv2d.h5", "option.h5", "registered.h5"}) {
    seeds.write("fuzz_hdf5", name, own.read(name, kMostBytes));
  }
  const std::string golden_bytes = repository_file("tests/golden/keras_import.zip");
  const ZipArchive golden(golden_bytes);
  for (const std::string version : {"3.5.0", "3.15.1", "2.17.0"}) {
    for (const std::string name : {"sequential-", "functional-"}) {
      const std::string keras = golden.read(name + version + ".keras", kMostBytes);
      const ZipArchive parts(keras);
      seeds.write("fuzz_keras_archive", name + version, parts.read("config.json", kMostBytes) + '\0');
    }
  }
  seeds.write("fuzz_hdf5", "keras-2.weights.h5", golden.read("sequential-2.17.0-weights.h5", kMostBytes));
}

void write_texts(const Seeds& seeds) {
  seeds.write_all(
      "fuzz_config",
      {repository_file("config/earshot.toml"),
       "[model]\npath = \"m.safetensors\"\nthreads = 2\n[window]\nhop_s = 0.48\n[gate]\nlevel_dbfs = -50\n",
       "[[source]]\nname = \"mic\"\nkind = \"microphone\"\ndevice = \"USB\"\nchannel = 2\ngain_db = 3.5\n",
       "[[source]]\nname = \"net\"\nkind = \"tcp\"\nlisten = \"[::1]:7556\"\nformat = \"s24le\"\nrate_hz = "
       "48000\n"
       "channels = 2\nallow = [\"192.168.0.0/16\", \"fe80::/10\"]\nlevel_dbfs = -40.0\n",
       "[[source]]\nname = \"in\"\nkind = \"stdin\"\nformat = \"f32le\"\n"
       "[[source]]\nname = \"file\"\nkind = \"file\"\npath = \"a.wav\"\npace = \"fast\"\nat_end = \"loop\"\n",
       "[[source]]\nname = \"cam\"\nkind = \"command\"\nargv = [\"ffmpeg\", \"-i\", \"rtsp://u:p@h/\", "
       "\"-\"]\n"
       "format = \"s32le\"\npace = \"fast\"\nidle_s = 1.5\n[[source]]\nname = \"c\"\nkind = "
       "\"command\"\nargv = [\"./x\"]\n",
       "[[source]]\nname = \"barns\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:7558\"\nmax_senders = "
       "50\ntakeover = true\n",
       "[events]\nlabels = [\"Dog\"]\nignore = [\"Cat\"]\non_windows = 1\nof_windows = 2\noff_s = 1\nmin_s = "
       "1\n"
       "max_s = 2\ncooldown_s = 3\n[events.threshold]\n\"a b\" = 0.5\n[[events.group]]\nname = \"g\"\nlabels "
       "= [\"x\"]\n"
       "[[events.level]]\nname = \"l\"\nabove_dbfs = -20\n",
       "[publish.tcp]\nlisten = \"0.0.0.0:7557\"\nallow = [\"10.0.0.0/8\"]\nmax_clients = 3\n"
       "client_buffer_kib = 64\nhistory = 5\n[log]\nlevel = \"debug\"\n",
       "[[source]]\nname = \"mic\"\nkind = \"microphone\"\n[publish.tcp]\n"
       "listen = [\"127.0.0.1:7557\", \"[::1]:7557\", \"unix:/run/earshot/earshot.sock\"]\n"});
  seeds.write_all(
      "fuzz_request",
      {R"({"type":"subscribe"})",
       R"({"type":"subscribe","types":["prediction","event","gap","source","clock"],"sources":["mic"]})",
       R"({"type":"subscribe","scores":"all"})", R"({"type":"subscribe","scores":"none"})",
       R"({"type":"subscribe","scores":5,"from_seq":123,"instance":"0123456789abcdef"})",
       R"({"type":"what","deep":[[[[{"a":1.5e300}]]]]})", "nothing", "\"\\ud800\""});
  seeds.write_all(
      "fuzz_introduction",
      {R"({"source":"barn-7","format":"s16le","rate_hz":16000,"channels":1})",
       R"({"source":"a","rate_hz":0})", R"({"source":"b c"})",
       R"({"source":"a","channels":18446744073709551615})", R"({"error":"no"})", "{\"source\":\"\\ud800\"}",
       "rtsp://user:password@host/live?password=x&token=y 'http://a:b@c' pwd=", "[[[[[[[[[1]]]]]]]]]"});
  std::vector<std::string> pcm;
  for (char format = 0; format < 4; ++format) {
    for (const char channels : {char{0}, char{1}, char{5}}) {
      std::string input = {format, channels, static_cast<char>(channels + 1), 6};
      for (int i = 0; i < 96; ++i) input += static_cast<char>(i * 37 + (i % 5) * 91);
      pcm.push_back(std::move(input));
    }
  }
  pcm.push_back(std::string("\3\0\0\2", 4) + std::string("\0\0\x80\x7F\0\0\xC0\x7F\xFF\xFF\x7F\x7F", 12));
  seeds.write_all("fuzz_pcm", pcm);
  seeds.write_all(
      "fuzz_csv",
      {"filename,fold,target,category\na.wav,1,0,dog\nb.wav,2,1,\"cat, \"\"small\"\"\"\n",
       "filename,fold,target,category,group\r\na.wav,1,0;1,dog;cat\r\n\r\nc.wav,5,1,cat,\"x\ny\"\r\n",
       "filename,fold,target,category,group\na.wav,1,0;1,dog;cat,g\nb.wav,2,-1,_background_,g\n"
       "a.wav,1,0;1,dog;cat,g\n",
       "\xEF\xBB\xBF"
       "file_name,classID,fold\na.wav,3,1\nb/c.wav,0;9,2\nd.wav,-1,3\n",
       "index,mid,display_name\n0,/m/09x0r,Speech\n1,/m/0ytgt,\"Child speech, kid speaking\"\n",
       "zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n", "a,b,c\n"});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_seeds DIRECTORY\n";
    return 64;
  }
  const Seeds seeds(argv[1]);
  write_models(seeds);
  write_sounds(seeds);
  write_keras(seeds);
  write_texts(seeds);
}
