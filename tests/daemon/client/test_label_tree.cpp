// LabelTree: what a model can hear, for people.
#include "daemon/client/LabelTree.h"

#include <catch2/catch.hpp>

namespace earshot::test {
namespace {

Model model_with_kinds() {
  Model model;
  model.labels = {"Animal", "Dog", "Bark", "Growling", "Cat", "Silence"};
  model.meanings = {.thresholds = {0.5F, 0.5F, 0.25F, 0.5F, 0.5F, 0.5F},
                    .measured = {2},
                    .ambience = {5},
                    .parents = {{1, 0}, {4, 0}, {2, 1}, {3, 1}, {3, 4}}};
  return model;
}

}  // namespace

TEST_CASE("labels are a tree of kinds, with thresholds") {
  CHECK(label_tree(model_with_kinds()) ==
        "Animal        0.50 guessed\n"
        "  Dog         0.50 guessed\n"
        "    Bark      0.25 measured\n"
        "    Growling  0.50 guessed\n"
        "  Cat         0.50 guessed\n"
        "    Growling  0.50 guessed\n"
        "Silence       0.50 guessed, ambience\n");
}

TEST_CASE("what is a kind of several has its own kinds once") {
  Model model;
  model.labels = {"Animal", "Pet", "Dog", "Bark"};
  model.meanings.parents = {{2, 0}, {2, 1}, {3, 2}};
  CHECK(label_tree(model) == "Animal\n  Dog\n    Bark\nPet\n  Dog ...\n");
}

TEST_CASE("a model that knows nothing of its labels has a list") {
  Model model;
  model.labels = {"rain", "dog\x1B"};
  CHECK(label_tree(model) == "rain\ndog\\x1b\n");
}

TEST_CASE("a word finds the labels that hold it, in any case, and tells what each is a kind of") {
  CHECK(labels_with(model_with_kinds(), "GROW") == "Growling  0.50 guessed  a kind of: Dog; Cat\n");
  CHECK(labels_with(model_with_kinds(), "horse").empty());
}

}  // namespace earshot::test
