// Account: a user of this machine, and what the modes of files let him do.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace earshot {

struct Account {
  std::string name;
  uid_t uid = 0;
  std::vector<gid_t> groups;  ///< all of them

  bool is_root() const noexcept { return uid == 0; }
  bool is_in(gid_t group) const noexcept;
};

/// Who runs this process, with the groups that he had when he logged in.
Account this_account();
/// As the machine's lists have him; nothing if they do not.
std::optional<Account> account_of(const std::string& name);
/// "anna", or "1000" if there is no name.
std::string user_name(uid_t uid);
std::optional<gid_t> group_called(const std::string& name);

/// From here on this process, which is root's, is his. False if that is not possible.
bool become(const Account& account) noexcept;

/// Of a file or folder with that owner and mode; `wish` is R_OK, W_OK, X_OK or several.
bool may(const Account& account, const struct stat& file, int wish) noexcept;

/// Why he may not do `wish` with `path`: "/home/anna: user earshot may not enter (anna:anna, mode 0700)".
/// Empty if he may, as far as modes tell: where there are access lists besides, he may.
std::string refusal(const Account& account, const std::filesystem::path& path, int wish);

}  // namespace earshot
