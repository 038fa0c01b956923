// Sign-in through WeChat's OAuth, for the agent platform.
#pragma once

#include <mortise/module.hpp>

namespace auth {

class WeChat {
 public:
  explicit WeChat(mortise::Host host);
  void bind(mortise::Bindings& on);
};

}  // namespace auth
