#include "administration/administration.hpp"

namespace auth {

Administration::Administration(mortise::Host /*host*/) {}

void Administration::bind(mortise::Bindings& /*on*/) {}

}  // namespace auth
