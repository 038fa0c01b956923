// Cookie sessions with CSRF tokens: the accounts of the unified family.
#pragma once

#include <mortise/module.hpp>

namespace auth {

class BrowserAccounts {
 public:
  explicit BrowserAccounts(mortise::Host host);
  void bind(mortise::Bindings& on);
};

}  // namespace auth
