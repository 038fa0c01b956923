// Addresses of git repositories in one form, so that clients that write them differently mean the same repository.
#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "mortise/ascii.hpp"
#include "mortise/white_space.hpp"

namespace mortise::inline sdk1 {
namespace detail::git_remote {

inline constexpr std::string_view kSchemes[] = {"http://", "https://", "ssh://", "git://", "git+ssh://", "ssh+git://"};
inline constexpr std::string_view kSharedUser = "git";  // one account for all users: its ~ and / are the host's

inline bool beginsWith(std::string_view text, std::string_view lowerPrefix) {
  return asciiLowerCase(text.substr(0, lowerPrefix.size())) == lowerPrefix;
}

// What comes before the last @ of user@host; empty without one.
inline std::string_view userOf(std::string_view authority) {
  const auto at = authority.rfind('@');
  return at == std::string_view::npos ? std::string_view() : authority.substr(0, at);
}

// The path of a URL, without its first slash; nothing where it stays whole.
inline std::optional<std::string_view> pathOfUrl(std::string_view remote) {
  const auto* const scheme = std::find_if(std::begin(kSchemes), std::end(kSchemes),
                                          [&](std::string_view one) { return beginsWith(remote, one); });
  if (scheme == std::end(kSchemes)) return std::nullopt;
  const auto rest = remote.substr(scheme->size());
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == rest.size()) return std::nullopt;
  const auto path = rest.substr(slash + 1);
  const bool isHttp = scheme->starts_with("http");
  if (!isHttp && path.front() == '~' && userOf(rest.substr(0, slash)) != kSharedUser) return std::nullopt;
  return path;
}

// The path of [user@]host:path; nothing where it stays whole.
inline std::optional<std::string_view> pathOfScp(std::string_view remote) {
  if (remote.find("://") != std::string_view::npos) return std::nullopt;
  const auto colon = remote.find(':');
  if (colon == std::string_view::npos || colon + 1 == remote.size()) return std::nullopt;
  const auto authority = remote.substr(0, colon);
  if (authority.find('/') != std::string_view::npos) return std::nullopt;  // a path with a colon
  const auto user = userOf(authority);
  const auto host = user.empty() ? authority.substr(authority.find('@') + 1) : authority.substr(user.size() + 1);
  if (host.size() < 2) return std::nullopt;  // C:\work is a drive
  const auto path = remote.substr(colon + 1);
  if ((path.front() == '/' || path.front() == '~') && user != kSharedUser) return std::nullopt;
  return path;
}

inline bool dropEnd(std::string_view& text, std::string_view lowerEnd) {
  if (text.size() < lowerEnd.size() || asciiLowerCase(text.substr(text.size() - lowerEnd.size())) != lowerEnd)
    return false;
  text.remove_suffix(lowerEnd.size());
  return true;
}

}  // namespace detail::git_remote

// "owner/repo" in lower case of "git@host:owner/repo.git", "https://host/owner/repo" or
// "ssh://git@host:22/owner/repo/". What names a path of one machine or account alone stays whole: a local path, an scp
// form of another user than git whose path begins with / or ~, and a URL of such a user, but http and https, whose path
// begins with ~. Empty for a blank text. [any]
inline std::optional<std::string> normalisedRemote(std::string_view remote) {
  using namespace detail::git_remote;
  remote = withoutSpaceAround(remote);
  auto path = pathOfUrl(remote);
  if (!path) path = pathOfScp(remote);
  auto repository = path.value_or(remote);
  while (dropEnd(repository, "/")) {
  }
  dropEnd(repository, ".git");
  if (withoutSpaceAround(repository).empty()) return std::nullopt;
  return asciiLowerCase(repository);
}

}  // namespace mortise::inline sdk1
