// Hdf5Array: the numbers of an HDF5 dataset, as float32.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nn/exchange/Hdf5Object.h"
#include "nn/model/Weights.h"

namespace earshot {

/// `messages` are those of the dataset at `place`, a path for errors. Half, single and double precision,
/// integers of up to 64 bits, in one piece; throws Error(bad_data) for anything else and for what is damaged.
Tensor read_hdf5_array(std::string_view file, const std::vector<Hdf5Message>& messages,
                       const std::string& place);

/// Without reading the numbers.
std::vector<std::int64_t> hdf5_array_shape(const std::vector<Hdf5Message>& messages,
                                           const std::string& place);

}  // namespace earshot
