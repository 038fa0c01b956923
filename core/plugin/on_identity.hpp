// What the tables over identity::Identity share: identity/1 and orgs/1.
#pragma once

#include <optional>
#include <string>

#include "core/identity/identity.hpp"
#include "core/plugin/host_errors.hpp"

namespace mortise::plugin {

// Runs the body of one function that needs the accounts, on a thread that may block.
template <typename Work>
mortise_status onIdentity(mortise_host* raw, const char* function, mortise_error* error, Work work) {
  const auto* host = hostOf(raw);
  if (host == nullptr) return noHost(error);
  return guarded(host, function, error, [&] {
    if (!mayBlock(host, function, error)) return MORTISE_INVALID;
    return work(*host->services().identity);
  });
}

// A field to change: a null pointer leaves it.
inline std::optional<std::string> changed(mortise_str text) {
  if (text.data == nullptr) return std::nullopt;
  return copy(text);
}

}  // namespace mortise::plugin
