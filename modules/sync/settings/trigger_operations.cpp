#include "settings/trigger_operations.hpp"

#include <mortise/problem.hpp>

namespace session_sharing {
namespace {

namespace contract = sync_contract::settings;
using mortise::Reply;
using mortise::Transaction;
using UserTriggers = session_sharing::Triggers;

Reply shown(const std::string& trigger) { return Reply::ok(mortise::json::object({{"trigger", trigger}})); }

}  // namespace

Reply TriggerOperations::readAuditTrigger(const Request& request) {
  return shown(store_.of(request.principal().userId).audit);
}

Reply TriggerOperations::saveAuditTrigger(const Request& request, const contract::TriggerChoice& body) {
  return save(request, body.trigger, &UserTriggers::audit);
}

Reply TriggerOperations::readSummarizeTrigger(const Request& request) {
  return shown(store_.of(request.principal().userId).summarize);
}

Reply TriggerOperations::saveSummarizeTrigger(const Request& request, const contract::TriggerChoice& body) {
  return save(request, body.trigger, &UserTriggers::summarize);
}

Reply TriggerOperations::save(const Request& request, const std::string& trigger,
                              std::string UserTriggers::*which) const {
  if (!isTrigger(trigger)) throw mortise::Problem(400, "trigger_unknown");
  const std::string userId = request.principal().userId;
  db_.transaction([&](Transaction& tx) {
    tx.lock("triggers of " + userId);  // the other trigger of the row may change at the same time
    auto triggers = store_.in(tx).of(userId);
    triggers.*which = trigger;
    store_.in(tx).put(triggers);
  });
  return shown(trigger);
}

}  // namespace session_sharing
