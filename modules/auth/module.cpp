#include "auth.hpp"

namespace auth {

Auth::Auth(mortise::Host host)
    : signups_(host),
      sessions_(host),
      users_(host, signups_.store()),
      platformAccounts_(host),
      browserAccounts_(host),
      keyAccounts_(host, browserAccounts_),
      unprovedAccounts_(host),
      organisations_(host),
      administration_(host),
      platformAdministration_(host),
      weChat_(host) {}

void Auth::bind(mortise::Bindings& on) {
  on.operations(signups_, sessions_, users_, platformAccounts_, browserAccounts_, keyAccounts_, administration_,
                platformAdministration_, weChat_);
  organisations_.bind(on);
  on.job("purge_signups", &signups_, &Signups::purge);
  on.job("remove_unproved_accounts", &unprovedAccounts_, &UnprovedAccounts::removeOld);
  on.job("purge_oauth_states", &weChat_, &WeChat::purgeStates);
}

}  // namespace auth

MORTISE_MODULE(auth::Auth)
