// MessageFields: fields of the stream's messages. These come from elsewhere: what is missing or of another type is
// nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "daemon/client/AlsoHeard.h"

namespace earshot {

/// A field of text, printable(); empty if there is none.
std::string text_of(const boost::json::object& message, std::string_view key);
/// NaN if there is none.
double number_of(const boost::json::object& message, std::string_view key);
bool is_true(const boost::json::object& message, std::string_view key);
/// The objects of a list; others in it are left out. They live as long as the message.
std::vector<const boost::json::object*> objects_of(const boost::json::object& message, std::string_view key);
/// `heard` with its scores; the labels live as long as the message and may not be printable.
std::vector<HeardLabel> heard_of(const boost::json::object& message);
/// `time` as seconds since 1970; NaN if there is none.
double utc_s_of(const boost::json::object& message);

}  // namespace earshot
