#include "nn/exchange/OnnxGraph.h"

#include <bit>

namespace earshot {
namespace {

// Field numbers of onnx.proto3 (onnx/onnx), named as there.
namespace model_proto {
constexpr int ir_version = 1, producer_name = 2, producer_version = 3, graph = 7, opset_import = 8,
              metadata_props = 14;
}
namespace opset_proto {
constexpr int version = 2;
}
namespace graph_proto {
constexpr int node = 1, name = 2, initializer = 5, input = 11, output = 12;
}
namespace node_proto {
constexpr int input = 1, output = 2, name = 3, op_type = 4, attribute = 5;
}
namespace attribute_proto {
constexpr int name = 1, f = 2, i = 3, ints = 8, type = 20;
constexpr int type_float = 1, type_int = 2, type_ints = 7;
}  // namespace attribute_proto
namespace tensor_proto {
constexpr int dims = 1, data_type = 2, name = 8, raw_data = 9;
constexpr int type_float = 1, type_int64 = 7;
}  // namespace tensor_proto
namespace entry_proto {
constexpr int key = 1, value = 2;
}
namespace value_info_proto {
constexpr int name = 1, type = 2;
}
namespace type_proto {
constexpr int tensor_type = 1, elem_type = 1, shape = 2;
}
namespace shape_proto {
constexpr int dim = 1, dim_value = 1, dim_param = 2;
}

constexpr std::int64_t kIrVersion = 7;
constexpr std::int64_t kOpset = 13;

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

template <typename T>
std::string_view bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

ProtoWriter attribute(std::string_view name, int type) {
  ProtoWriter message;
  message.text(attribute_proto::name, name).integer(attribute_proto::type, type);
  return message;
}

ProtoWriter tensor(const std::string& name, int type, std::span<const std::int64_t> shape,
                   std::string_view data) {
  ProtoWriter message;
  message.integers(tensor_proto::dims, shape).integer(tensor_proto::data_type, type);
  message.text(tensor_proto::name, name).text(tensor_proto::raw_data, data);
  return message;
}

ProtoWriter value_info(const std::string& name, std::initializer_list<std::int64_t> sizes) {
  ProtoWriter shape;
  for (const std::int64_t size : sizes) {
    ProtoWriter dim;
    if (size < 0) {
      dim.text(shape_proto::dim_param, "batch");
    } else {
      dim.integer(shape_proto::dim_value, size);
    }
    shape.message(shape_proto::dim, dim);
  }
  ProtoWriter floats;
  floats.integer(type_proto::elem_type, tensor_proto::type_float).message(type_proto::shape, shape);
  ProtoWriter type;
  type.message(type_proto::tensor_type, floats);
  ProtoWriter info;
  info.text(value_info_proto::name, name).message(value_info_proto::type, type);
  return info;
}

}  // namespace

OnnxAttributes& OnnxAttributes::integer(std::string_view name, std::int64_t value) {
  messages_.push_back(attribute(name, attribute_proto::type_int));
  messages_.back().integer(attribute_proto::i, value);
  return *this;
}

OnnxAttributes& OnnxAttributes::integers(std::string_view name, std::span<const std::int64_t> values) {
  messages_.push_back(attribute(name, attribute_proto::type_ints));
  messages_.back().integers(attribute_proto::ints, values);
  return *this;
}

OnnxAttributes& OnnxAttributes::number(std::string_view name, float value) {
  messages_.push_back(attribute(name, attribute_proto::type_float));
  messages_.back().number(attribute_proto::f, value);
  return *this;
}

std::string OnnxGraph::node(std::string_view type, const std::string& name,
                            std::initializer_list<std::string> inputs, const OnnxAttributes& attributes) {
  ProtoWriter message;
  for (const std::string& input : inputs) message.text(node_proto::input, input);
  message.text(node_proto::output, name).text(node_proto::name, name).text(node_proto::op_type, type);
  for (const ProtoWriter& one : attributes.messages()) message.message(node_proto::attribute, one);
  graph_.message(graph_proto::node, message);
  return name;
}

std::string OnnxGraph::constant(const std::string& name, std::span<const std::int64_t> shape,
                                std::span<const float> values) {
  graph_.message(graph_proto::initializer, tensor(name, tensor_proto::type_float, shape, bytes_of(values)));
  return name;
}

std::string OnnxGraph::constant(const std::string& name, std::span<const std::int64_t> values) {
  const std::int64_t shape[] = {static_cast<std::int64_t>(values.size())};
  graph_.message(graph_proto::initializer, tensor(name, tensor_proto::type_int64, shape, bytes_of(values)));
  return name;
}

void OnnxGraph::input(const std::string& name, std::initializer_list<std::int64_t> shape) {
  graph_.message(graph_proto::input, value_info(name, shape));
}

void OnnxGraph::output(const std::string& name, std::initializer_list<std::int64_t> shape) {
  graph_.message(graph_proto::output, value_info(name, shape));
}

void OnnxGraph::metadata(std::string_view key, std::string_view value) {
  ProtoWriter entry;
  entry.text(entry_proto::key, key).text(entry_proto::value, value);
  metadata_.message(model_proto::metadata_props, entry);
}

std::string OnnxGraph::model(std::string_view name) const {
  ProtoWriter graph = graph_;
  graph.text(graph_proto::name, name);
  ProtoWriter opset;
  opset.integer(opset_proto::version, kOpset);
  ProtoWriter model;
  model.integer(model_proto::ir_version, kIrVersion);
  model.text(model_proto::producer_name, "earshot").text(model_proto::producer_version, EARSHOT_VERSION);
  model.message(model_proto::graph, graph).message(model_proto::opset_import, opset);
  // Messages of the same type, one after the other, are one message (protobuf.dev, "Last One Wins").
  return std::move(model).take() + std::string(metadata_.bytes());
}

}  // namespace earshot
