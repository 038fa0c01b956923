// What administrators do to accounts, in the agent platform and the sessionfs family.
#pragma once

#include <mortise/module.hpp>

namespace auth {

class Administration {
 public:
  explicit Administration(mortise::Host host);
  void bind(mortise::Bindings& on);
};

}  // namespace auth
