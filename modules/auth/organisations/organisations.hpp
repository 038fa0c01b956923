// Organisations, invites, members and service keys of the sessionfs family.
#pragma once

#include <mortise/module.hpp>

namespace auth {

class Organisations {
 public:
  explicit Organisations(mortise::Host host);
  void bind(mortise::Bindings& on);
};

}  // namespace auth
