// settings/audit-trigger and settings/summarize-trigger.
#pragma once

#include <mortise/db.hpp>
#include <mortise/module.hpp>

#include <string>

#include "settings/triggers.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class TriggerOperations final : public sync_contract::settings::Triggers {
 public:
  explicit TriggerOperations(mortise::Host host) : db_(host.db()), store_(host.db()) {}

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply readAuditTrigger(const Request& request) override;
  Reply saveAuditTrigger(const Request& request, const sync_contract::settings::TriggerChoice& body) override;
  Reply readSummarizeTrigger(const Request& request) override;
  Reply saveSummarizeTrigger(const Request& request, const sync_contract::settings::TriggerChoice& body) override;

  Reply save(const Request& request, const std::string& trigger, std::string session_sharing::Triggers::*which) const;

  mortise::Db db_;
  TriggerStore store_;
};

}  // namespace session_sharing
