#include "daemon/doctor/Account.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <spdlog/fmt/fmt.h>

namespace earshot {
namespace {

bool has_access_list(const std::filesystem::path& path) {
  return ::getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) > 0;
}

std::string group_name(gid_t group) {
  const struct group* found = ::getgrgid(group);
  return found ? found->gr_name : std::to_string(group);
}

std::string_view wish_words(int wish) {
  if (wish & W_OK) return "write";
  return wish & R_OK ? "read" : "run";
}

std::string refusal_of(const Account& account, const std::filesystem::path& path, int wish,
                       std::string_view words) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return path.string() + ": " + std::generic_category().message(errno);
  if (may(account, file, wish) || has_access_list(path)) return {};
  return fmt::format("{}: user {} may not {} it ({}:{}, mode {:04o})", path.string(), account.name, words,
                     user_name(file.st_uid), group_name(file.st_gid), file.st_mode & 07777U);
}

}  // namespace

bool Account::is_in(gid_t group) const noexcept {
  return std::ranges::find(groups, group) != groups.end();
}

Account this_account() {
  Account account{.name = user_name(::geteuid()), .uid = ::geteuid(), .groups = {}};
  account.groups.resize(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  ::getgroups(static_cast<int>(account.groups.size()), account.groups.data());
  if (!account.is_in(::getegid())) account.groups.push_back(::getegid());
  return account;
}

std::optional<Account> account_of(const std::string& name) {
  const struct passwd* found = ::getpwnam(name.c_str());
  if (!found) return std::nullopt;
  Account account{.name = name, .uid = found->pw_uid, .groups = {}};
  const gid_t own = found->pw_gid;
  int count = 64;
  account.groups.resize(static_cast<std::size_t>(count));
  if (::getgrouplist(name.c_str(), own, account.groups.data(), &count) < 0) {
    account.groups.resize(static_cast<std::size_t>(count));  // now it is told how many
    ::getgrouplist(name.c_str(), own, account.groups.data(), &count);
  }
  account.groups.resize(static_cast<std::size_t>(count));
  return account;
}

std::string user_name(uid_t uid) {
  const struct passwd* found = ::getpwuid(uid);
  return found ? found->pw_name : std::to_string(uid);
}

std::optional<gid_t> group_called(const std::string& name) {
  const struct group* found = ::getgrnam(name.c_str());
  if (!found) return std::nullopt;
  return found->gr_gid;
}

bool become(const Account& account) noexcept {
  const gid_t group = account.groups.empty() ? static_cast<gid_t>(account.uid) : account.groups.front();
  return ::setgroups(account.groups.size(), account.groups.data()) == 0 && ::setgid(group) == 0 &&
         ::setuid(account.uid) == 0;
}

bool may(const Account& account, const struct stat& file, int wish) noexcept {
  if (account.is_root()) return (wish & X_OK) == 0 || S_ISDIR(file.st_mode) || (file.st_mode & 0111) != 0;
  const unsigned shift = account.uid == file.st_uid ? 6 : account.is_in(file.st_gid) ? 3 : 0;
  return ((file.st_mode >> shift) & static_cast<unsigned>(wish)) == static_cast<unsigned>(wish);
}

std::string refusal(const Account& account, const std::filesystem::path& path, int wish) {
  std::error_code none;
  std::filesystem::path whole = std::filesystem::canonical(path, none);
  if (none) whole = std::filesystem::absolute(path);
  // Who asks for himself gets the kernel's answer, which knows access lists.
  if (account.uid == ::geteuid() && ::faccessat(AT_FDCWD, whole.c_str(), wish, AT_EACCESS) == 0) return {};
  std::filesystem::path folder;
  for (const std::filesystem::path& part : whole.parent_path()) {
    folder /= part;
    if (const std::string why = refusal_of(account, folder, X_OK, "enter"); !why.empty()) return why;
  }
  return refusal_of(account, whole, wish, wish_words(wish));
}

}  // namespace earshot
