#include "daemon/settings/ReadArgv.h"

#include <filesystem>

namespace earshot {

std::vector<std::string> read_argv(StrictToml& table, std::string_view key, const std::string& form) {
  if (!table.has(key)) table.refuse(key, "nothing", form);
  std::vector<std::string> argv = table.texts(key);
  if (argv.empty()) table.refuse(key, "an empty list", form);
  std::string& program = argv.front();
  if (program.empty()) table.refuse(key, "an empty string as the program", form);
  for (const std::string& argument : argv) {
    if (argument.find('\0') != std::string::npos) table.refuse(key, "a string with the character NUL", form);
  }
  if (program.find('/') != std::string::npos)
    program = std::filesystem::absolute(table.relative_to_file(program)).string();
  return argv;
}

}  // namespace earshot
