// KerasConfig: the configuration of one Keras layer, read so that what we cannot do as Keras does is named.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace earshot {

/// The string at `key`, or nothing.
std::string keras_text(const boost::json::object& object, std::string_view key);

/// Lives no longer than the JSON it reads. Every failure is Error(bad_data): "layer 'conv2d_1' (Conv2D):
/// strides is [1,2], expected equal steps".
class KerasConfig {
 public:
  KerasConfig(std::string class_name, std::string name, const boost::json::object& fields);

  const std::string& class_name() const noexcept { return class_name_; }
  const std::string& name() const noexcept { return name_; }

  /// Nothing where the key is absent or null.
  const boost::json::value* find(std::string_view key) const;
  bool boolean(std::string_view key, bool fallback) const;
  double number(std::string_view key, double fallback) const;
  int integer(std::string_view key) const;
  std::string text(std::string_view key, std::string_view fallback) const;
  /// n, [n] or [n, n]; with -1 as fallback the key must be there.
  int square(std::string_view key, int fallback = -1) const;
  /// One number or a list of them.
  std::vector<float> numbers(std::string_view key) const;

  /// For options of which we do one value only.
  void expect_text(std::string_view key, std::string_view fallback, std::string_view expected) const;
  void expect_number(std::string_view key, double fallback, double expected) const;
  /// "axis" of a tensor of `rank`: the last one, as a number or a list of one.
  void expect_last_axis(int rank) const;

  [[noreturn]] void refuse(std::string_view key, std::string_view expected) const;
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  std::string class_name_;
  std::string name_;
  const boost::json::object* fields_;
};

}  // namespace earshot
