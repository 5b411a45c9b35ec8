// recording_holds: what holds.csv says of a folder's recordings.
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsp/base/Error.h"
#include "tests/nn/events/EventRig.h"
#include "tests/support/TemporaryDirectory.h"
#include "train/data/RecordingHolds.h"

namespace earshot::test {
namespace {

/// Of the recordings a.wav, b/c.wav, d.wav the labels of animals() that each holds.
std::vector<std::string> holds_by(const std::string& list) {
  const TemporaryDirectory directory;
  if (!list.empty()) directory.write("holds.csv", list);
  const Model model = animals();
  std::vector<std::string> result;
  for (const std::vector<bool>& held :
       recording_holds(directory.path(), {directory / "a.wav", directory / "b/c.wav", directory / "d.wav"}, model)) {
    std::string names;
    for (std::size_t label = 0; label < held.size(); ++label) {
      if (held[label]) names += (names.empty() ? "" : " ") + model.labels[label];
    }
    result.push_back(names);
  }
  return result;
}

std::string holds_complaint(const std::string& list) {
  try {
    holds_by(list);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_data);
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("a label that a recording holds covers what it is a kind of and its own kinds, and no sibling") {
  CHECK(holds_by("") == std::vector<std::string>{"", "", ""});
  CHECK(holds_by("file,labels\nb/c.wav,Dog\n") == std::vector<std::string>{"", "Animal Dog Bark", ""});
  CHECK(holds_by("labels,file\nAnimal,a.wav\nSiren;Silence,d.wav\n") ==
        std::vector<std::string>{"Animal Dog Cat Bark", "", "Siren Silence"});
}

TEST_CASE("several lines of one recording add up, and one may hold nothing") {
  CHECK(holds_by("file,labels\na.wav,Siren\nd.wav,\na.wav,Cat\n") ==
        std::vector<std::string>{"Animal Cat Siren", "", ""});
}

TEST_CASE("a recording or a label that is not there is named with its line and the nearest") {
  CHECK_THAT(holds_complaint("file,labels\na.wav,Dog\nb/d.wav,Dog\n"),
             Catch::Matchers::EndsWith(
                 "holds.csv:3: file: found 'b/d.wav', expected a sound file of the folder; nearest is 'b/c.wav'"));
  CHECK_THAT(holds_complaint("file,labels\na.wav,Siren;Dgo\n"),
             Catch::Matchers::EndsWith(
                 "holds.csv:2: labels: found 'Dgo', expected a label of the model; nearest is 'Dog'"));
  CHECK_THAT(holds_complaint("file,label\na.wav,Dog\n"), Catch::Matchers::Contains("expected one named 'labels'"));
}

}  // namespace earshot::test
