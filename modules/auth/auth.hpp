// The module: its faces, each a class that derives from a generated class of its contract. The runtime family and the
// agent platform stand beside this file, every other face in a folder of its own.
#pragma once

#include <mortise/db.hpp>
#include <mortise/module.hpp>
#include <mortise/removed_users.hpp>

#include <string_view>

#include "account_removal.hpp"
#include "administration/administration.hpp"
#include "administration/platform_administration.hpp"
#include "browser/browser_accounts.hpp"
#include "keys/key_accounts.hpp"
#include "keys/unproved_accounts.hpp"
#include "neighbours.hpp"
#include "organisations/org_settings_interface.hpp"
#include "organisations/organisations.hpp"
#include "platform_accounts.hpp"
#include "sessions.hpp"
#include "signups.hpp"
#include "users.hpp"
#include "wechat/wechat.hpp"

namespace auth {

class Auth final : public mortise::Module {
 public:
  explicit Auth(mortise::Host host);
  void bind(mortise::Bindings& on) override;
  void start() override;
  void stop() override { removedUsers_.stop(); }
  const void* provide(std::string_view interfaceName) override;

 private:
  void forgetUsers(mortise::JobRun& run);

  mortise::Host host_;
  Neighbours neighbours_;  // before the faces that ask them

  // Runtime family
  Signups signups_;
  Sessions sessions_;
  Users users_;

  PlatformAccounts platformAccounts_;
  BrowserAccounts browserAccounts_;
  KeyAccounts keyAccounts_;
  UnprovedAccounts unprovedAccounts_;
  Organisations organisations_;
  Administration administration_;
  PlatformAdministration platformAdministration_;
  WeChat weChat_;
  mortise::Db db_;
  AccountRemoval removal_;
  mortise::RemovedUsers removedUsers_;
  OrgSettingsInterface orgSettings_;
};

}  // namespace auth
