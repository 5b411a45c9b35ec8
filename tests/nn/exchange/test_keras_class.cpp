// KerasClass: what somebody named like Keras' own, in files that Keras saved: tests/golden/keras_own.py.
#include <catch2/catch.hpp>
#include <string>

#include <boost/json.hpp>

#include "dsp/base/Error.h"
#include "nn/exchange/KerasClass.h"
#include "nn/exchange/KerasImport.h"
#include "tests/support/KerasGolden.h"

namespace earshot::test {
namespace {

using Catch::Matchers::Contains;


/// The line of the error that reading an entry of keras_own.zip ends in.
std::string error_of(const std::string& name) {
  const KerasGolden golden;
  try {
    read_keras(golden.file("own/" + name), nullptr, kNoShape);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_data);
    return error.what();
  }
  FAIL("no error");
  return {};
}

std::string foreign(const char* text) {
  return foreign_class(boost::json::parse(text).as_object());
}

}  // namespace

TEST_CASE("a class of somebody's own that is named like Keras' is refused by its layer's name") {
  CHECK_THAT(error_of("conv2d.keras"),
             Contains("layer 'own' (Conv2D): is not Keras' own: its module is null"));
  CHECK_THAT(error_of("registered.keras"),
             Contains("layer 'own' (Conv2D): is not Keras' own") && Contains("registered as 'birds>Conv2D'"));
  CHECK_THAT(error_of("registered.h5"), Contains("layer 'own' (birds>Conv2D): is not Keras' own"));
  CHECK_THAT(error_of("option.h5"), Contains("layer 'own' (Conv2D): is not Keras' own: it has 'twice'"));
  CHECK_THAT(error_of("nested.keras"), Contains("layer 'own' (Conv2D): is not Keras' own"));
  CHECK_THAT(error_of("add.keras"), Contains("layer 'own' (Add): is not Keras' own"));
  CHECK_THAT(error_of("model.keras"), Contains("the Sequential is not Keras' own: its module is null"));
}

TEST_CASE("an activation of somebody's own that is named like Keras' is refused by its layer's name") {
  CHECK_THAT(error_of("function.keras"),
             Contains("layer 'own' (Conv2D): its activation \"swish\" is not Keras' own"));
  CHECK_THAT(error_of("activation.keras"), Contains("layer 'own' (Conv2D): its activation") &&
                                               Contains("is not Keras' own: its module is null"));
}

TEST_CASE("a regularizer of somebody's own matters for training only: it is told and left out") {
  const KerasGolden golden;
  const KerasNetwork keras = read_keras(golden.file("own/regularizer.keras"), nullptr, kNoShape);
  CHECK(std::get<Conv2d>(keras.architecture.layers.front().kind).l2 == 0.0F);
  REQUIRE(keras.notes.size() == 1);
  CHECK(keras.notes.front() == "layer 'own': its kernel_regularizer is not taken over");
}

TEST_CASE("where a file does not say whose its classes are, that is told") {
  const KerasGolden golden;
  const KerasNetwork keras = read_keras(golden.file("own/conv2d.h5"), nullptr, kNoShape);
  REQUIRE(keras.notes.size() == 1);
  CHECK_THAT(keras.notes.front(), Contains("does not say whose its layers' classes are"));
}

TEST_CASE("a layer that is called as in training is refused") {
  CHECK_THAT(error_of("training.keras"), Contains("layer 'drop' (Dropout): is called with training=True"));
}

TEST_CASE("a class is Keras' by its module, without one by its options") {
  CHECK(foreign(R"({"module":"keras.layers","class_name":"Conv2D","config":{"new":1}})").empty());
  CHECK(foreign(R"({"module":"tf_keras.src.engine.functional","class_name":"Functional","config":{}})")
            .empty());
  CHECK(foreign(R"({"module":"keras","class_name":"Sequential","config":{}})").empty());
  CHECK_THAT(foreign(R"({"module":"keras_birds","class_name":"Conv2D","config":{}})"),
             Contains("'keras_birds'"));
  CHECK_THAT(foreign(R"({"module":"kerass.layers","class_name":"Conv2D"})"), Contains("'kerass.layers'"));
  CHECK_THAT(foreign(R"({"module":"keras.layers","class_name":"Conv2D","registered_name":"a>b"})"),
             Contains("registered as 'a>b'"));
  CHECK(foreign(R"({"class_name":"Conv2D","config":{"name":"a","rank":2,"groups":1}})").empty());
  CHECK_THAT(foreign(R"({"class_name":"Flatten","config":{"name":"a","filters":2}})"), Contains("'filters'"));
}

}  // namespace earshot::test
