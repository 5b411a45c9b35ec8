// PreparedPrimitive: it computes what it is bound to, and says so when oneDNN refuses.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "dsp/base/Error.h"
#include "nn/kernels/Dnnl.h"
#include "nn/kernels/PreparedPrimitive.h"
#include "nn/kernels/PrimitiveChain.h"

namespace earshot::test {
namespace {

using Tag = dnnl::memory::format_tag;

// 2 x 3 -> 3 x 2.
const dnnl::memory::desc kFrom = onednn::f32({2, 3}, Tag::ab);
const dnnl::memory::desc kTo = onednn::f32({2, 3}, Tag::ba);

dnnl::primitive transposition() {
  return dnnl::reorder(onednn::reorder(kFrom, kTo));
}

}  // namespace

TEST_CASE("a prepared primitive computes from and to what it is bound to") {
  onednn::PreparedPrimitive primitive(transposition(), {{DNNL_ARG_FROM, onednn::view(kFrom, nullptr)},
                                                        {DNNL_ARG_TO, onednn::view(kTo, nullptr)}});
  const dnnl::stream stream(onednn::engine());
  const std::vector<float> from = {1, 2, 3, 4, 5, 6};
  std::vector<float> to(6, 0.0F);
  primitive.bind(DNNL_ARG_FROM, from.data());
  primitive.bind(DNNL_ARG_TO, to.data());
  REQUIRE(primitive.run(stream) == dnnl_success);
  CHECK(to == std::vector<float>{1, 4, 2, 5, 3, 6});
}

TEST_CASE("a primitive that oneDNN refuses is told by its status, in every build") {
  const onednn::PreparedPrimitive without_output(transposition(),
                                                 {{DNNL_ARG_FROM, onednn::view(kFrom, nullptr)}});
  CHECK_THROWS_AS(onednn::PreparedPrimitive(without_output).bind(DNNL_ARG_TO, nullptr), Error);
  const dnnl_status_t status = without_output.run(dnnl::stream(onednn::engine()));
  CHECK(status == dnnl_invalid_arguments);

  onednn::PrimitiveChain chain;
  chain.add(transposition(), onednn::reorder(kFrom, kTo).scratchpad_desc(),
            {{DNNL_ARG_FROM, onednn::view(kFrom, nullptr)}});
  bool went_on = false;
  chain.add([&went_on] { went_on = true; });
  chain.finish();
  CHECK(chain.run() == status);
  CHECK_FALSE(went_on);

  CHECK_NOTHROW(onednn::check(dnnl_success));
  try {
    onednn::check(status);
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::software);
    CHECK(std::string(error.what()) == "oneDNN refused to compute: invalid_arguments");
  }
}

}  // namespace earshot::test
