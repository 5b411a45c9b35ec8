// read_bearer_token: the secret that an action's server wants to see, from a file of its own.
#pragma once

#include <filesystem>
#include <string>

namespace earshot {

/// The file's one line. Throws Error(no_input) if it cannot be read, Error(config) if that is no token, or as
/// expect_secret().
std::string read_bearer_token(const std::filesystem::path& path);

}  // namespace earshot
