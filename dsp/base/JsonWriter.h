// JsonWriter: JSON text in a given order of keys, numbers with the digits that their reader needs.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace earshot {

/// Appends to one string; commas are its business, balance is the caller's.
class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  /// Text that is not UTF-8 is repaired.
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth);
  /// The fewest digits that read back as the same number; null unless finite.
  JsonWriter& value(float number);
  JsonWriter& value(double number);
  JsonWriter& value(std::unsigned_integral auto number) { return unsigned_value(number); }
  /// `decimals` digits after the point; null unless finite.
  JsonWriter& fixed(double number, int decimals);

  template <typename Value>
  JsonWriter& field(std::string_view name, const Value& what) {
    return key(name).value(what);
  }

  /// The text so far and a newline; the writer is empty afterwards.
  std::string take_line();

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& unsigned_value(std::uint64_t number);
  void separate();
  void quote(std::string_view text);

  std::string text_;
  bool comma_ = false;
};

}  // namespace earshot
