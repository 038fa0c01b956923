// Shared by the tables over identity::Identity: identity/1 and orgs/1.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/identity/identity.hpp"
#include "core/plugin/host_guard.hpp"

namespace mortise::plugin {

// Runs the body of one function that needs the accounts, on a thread that may block; in the transaction of `raw`, if it
// is a host of one.
template <typename Work>
mortise_status onIdentity(mortise_host* raw, const char* function, mortise_error* error, Work&& work) {
  return joined<&HostServices::identity>(raw, function, error, work);
}

// The same for a function without transactions.
template <typename Work>
mortise_status onIdentityAlone(mortise_host* raw, const char* function, mortise_error* error, Work work) {
  if (raw != nullptr && transactionOf(raw) != nullptr) return worksAlone(function, error);
  return onIdentity(raw, function, error, std::move(work));
}

// A field to change: a null pointer means no change.
inline std::optional<std::string> changed(mortise_str text) {
  if (text.data == nullptr) return std::nullopt;
  return copy(text);
}

}  // namespace mortise::plugin
