#include "auth.hpp"

namespace auth {

Auth::Auth(mortise::Host host)
    : host_(host),
      neighbours_(host),
      signups_(host),
      sessions_(host),
      users_(host, signups_.store()),
      platformAccounts_(host),
      browserAccounts_(host),
      keyAccounts_(host, browserAccounts_, neighbours_),
      unprovedAccounts_(host),
      organisations_(host, neighbours_),
      administration_(host),
      platformAdministration_(host),
      weChat_(host),
      db_(host.db()),
      removal_(db_, host.identity()),
      removedUsers_(host, "forget_users"),
      orgSettings_(host) {}

const void* Auth::provide(std::string_view interfaceName) {
  return interfaceName == MORTISE_AUTH_ORG_SETTINGS_V1 ? orgSettings_.table() : nullptr;
}

void Auth::start() { removedUsers_.start(); }

void Auth::bind(mortise::Bindings& on) {
  on.operations(signups_, sessions_, users_, platformAccounts_, browserAccounts_, keyAccounts_, administration_,
                platformAdministration_, weChat_);
  organisations_.bind(on);
  on.job("purge_signups", &signups_, &Signups::purge);
  on.job("remove_unproved_accounts", &unprovedAccounts_, &UnprovedAccounts::removeOld);
  on.job("forget_users", &Auth::forgetUsers);
  on.job("purge_oauth_states", &weChat_, &WeChat::purgeStates);
}

// Of accounts that were removed from the command line or by another module; this one forgets its own at once.
void Auth::forgetUsers(mortise::JobRun& run) {
  removedUsers_.forgetEach(
      run, [&](const std::string& id) { db_.transaction([&](mortise::Transaction& tx) { removal_.forget(tx, id); }); });
}

}  // namespace auth

MORTISE_MODULE(auth::Auth)
