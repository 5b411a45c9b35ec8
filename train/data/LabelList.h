// LabelList: the labels that a user names for a network: on the command line, in a text file, in a CSV class
// map.
#pragma once

#include <string>
#include <vector>

namespace earshot {

/// "a,b,c", or "@FILE": one label a line, or, if its name ends in .csv, a class map with the columns index
/// (0, 1, ...) and display_name, as AudioSet's yamnet_class_map.csv; a name ending in .csv needs no '@'.
/// Throws Error(usage) for an empty list, Error(no_input), Error(bad_data) naming file, line and, in a class
/// map, column.
std::vector<std::string> read_labels(const std::string& argument);

}  // namespace earshot
