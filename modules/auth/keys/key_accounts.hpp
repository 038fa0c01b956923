// Sign-up with an API key, verification by link, and a user's own keys: the accounts of the sessionfs family.
#pragma once

#include <mortise/module.hpp>

namespace auth {

class KeyAccounts {
 public:
  explicit KeyAccounts(mortise::Host host);
  void bind(mortise::Bindings& on);
};

}  // namespace auth
