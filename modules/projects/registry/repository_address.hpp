// Addresses of repositories that people name.
#pragma once

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>
#include <mortise/git_remote.hpp>
#include <mortise/white_space.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace projects {

// The one form of the address (mortise/git_remote.hpp). Empty: no repository can be told from it, it has more than 500
// bytes, or it begins with what is kept for repositories that were taken back.
inline std::optional<std::string> repositoryOf(std::string_view address) {
  constexpr std::size_t kMaxBytes = 500;
  constexpr std::string_view kReserved = "reclaimed:";
  address = mortise::withoutSpaceAround(address);
  if (!mortise::isOneLine(address)) return std::nullopt;
  if (mortise::asciiLowerCase(address.substr(0, kReserved.size())) == kReserved) return std::nullopt;
  auto remote = mortise::normalisedRemote(address);
  if (!remote || remote->size() > kMaxBytes || remote->starts_with(kReserved)) return std::nullopt;
  return remote;
}

}  // namespace projects
