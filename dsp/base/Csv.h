// Csv: a table with named columns out of an RFC 4180 file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace earshot {

/// Quoted fields, LF or CRLF, an optional UTF-8 byte order mark, empty lines skipped. The first record names
/// the columns; every other one has as many fields.
struct Csv {
  struct Row {
    std::size_t line = 0;  ///< where the record begins, 1 for the first
    std::vector<std::string> fields;
  };

  std::filesystem::path path;
  std::vector<std::string> columns;
  std::vector<Row> rows;

  /// Position of a column. Throws Error(bad_data) naming the file, the columns there are and the one
  /// expected.
  std::size_t column(std::string_view name) const;
};

/// `text` in quotes for a message of one line; of a long one the beginning.
std::string shown_field(std::string_view text);

/// The texts in a field that lists several, with ';' between them; none of an empty field.
std::vector<std::string> listed_in(std::string_view field);

/// `text` as one field of a record, in quotes where it needs them.
std::string csv_field(std::string_view text);

/// Throws Error(no_input) if it cannot be read, Error(bad_data) naming file and line if it is not such a
/// table, or the encoding if it is another than UTF-8 that can be told. Fields may hold any bytes.
Csv read_csv(const std::filesystem::path& path);

}  // namespace earshot
