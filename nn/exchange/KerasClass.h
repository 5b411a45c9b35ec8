// KerasClass: whether what a configuration names is Keras' own, or somebody's class or function of the same
// name.
#pragma once

#include <string>

#include <boost/json.hpp>

namespace earshot {

/// Of {"class_name": ..., "config": {...}}, a layer, a model, a function, a regularizer: why it is none of
/// Keras', to follow its name, as in "is not Keras' own: its module is 'birds.layers', ..."; empty if it
/// is one, as far as the file tells. Archives say "module" and "registered_name"
/// (keras/src/saving/serialization_lib.py). An .h5 does not: there only options betray a class of one's own,
/// those that Keras' of that name has in no version.
std::string foreign_class(const boost::json::object& object);

/// Whether the file says at all whose it is.
bool says_module(const boost::json::object& object);

}  // namespace earshot
