#include "browser/browser_accounts.hpp"

namespace auth {

BrowserAccounts::BrowserAccounts(mortise::Host /*host*/) {}

void BrowserAccounts::bind(mortise::Bindings& /*on*/) {}

}  // namespace auth
