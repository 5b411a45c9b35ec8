// OnnxGraph: the messages of an ONNX graph (onnx.proto3, IR version 7) as they are needed here.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dsp/base/ProtoWriter.h"

namespace earshot {

/// Attributes of one node.
class OnnxAttributes {
 public:
  OnnxAttributes& integer(std::string_view name, std::int64_t value);
  OnnxAttributes& integers(std::string_view name, std::span<const std::int64_t> values);
  OnnxAttributes& integers(std::string_view name, std::initializer_list<std::int64_t> values) {
    return integers(name, std::span(values.begin(), values.size()));
  }
  OnnxAttributes& number(std::string_view name, float value);
  const std::vector<ProtoWriter>& messages() const noexcept { return messages_; }

 private:
  std::vector<ProtoWriter> messages_;
};

class OnnxGraph {
 public:
  /// Its one output is called as the node is; returns that name.
  std::string node(std::string_view type, const std::string& name, std::initializer_list<std::string> inputs,
                   const OnnxAttributes& attributes = {});
  /// A tensor of the file. `shape` times fits `values`. Returns its name.
  std::string constant(const std::string& name, std::span<const std::int64_t> shape,
                       std::span<const float> values);
  std::string constant(const std::string& name, std::span<const std::int64_t> values);
  /// Float tensors; -1 is the free size "batch".
  void input(const std::string& name, std::initializer_list<std::int64_t> shape);
  void output(const std::string& name, std::initializer_list<std::int64_t> shape);
  /// A line of the model's metadata.
  void metadata(std::string_view key, std::string_view value);

  /// The whole ModelProto.
  std::string model(std::string_view name) const;

 private:
  ProtoWriter graph_;  ///< nodes, initializers, inputs and outputs: fields may come in any order
  ProtoWriter metadata_;
};

}  // namespace earshot
