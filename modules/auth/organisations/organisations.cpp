#include "organisations/organisations.hpp"

namespace auth {

Organisations::Organisations(mortise::Host /*host*/) {}

void Organisations::bind(mortise::Bindings& /*on*/) {}

}  // namespace auth
