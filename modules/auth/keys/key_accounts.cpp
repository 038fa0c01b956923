#include "keys/key_accounts.hpp"

namespace auth {

KeyAccounts::KeyAccounts(mortise::Host /*host*/) {}

void KeyAccounts::bind(mortise::Bindings& /*on*/) {}

}  // namespace auth
