#include "module.hpp"

#include <mortise/config.hpp>
#include <mortise/http_client.hpp>

namespace projects {

Projects::Projects(mortise::Host host)
    : sessions_(host),
      orgSettings_(host),
      changes_(host),
      access_(host, sessions_, orgSettings_),
      models_(host),
      runs_(host.db()),
      feedback_(host.db()),
      handoffPersonas_(sessions_),
      personaPart_(host.db()),
      ticketPart_(host.db()),
      personaChanges_(host, changes_, {&runs_, &handoffPersonas_, &ticketPart_}),
      knowledgePart_(host.db()),
      adding_(host, changes_),
      retrieved_(
          EntryStore(host.db()),
          [log = host.log()](std::string_view reason, std::size_t entries) {
            log.warning("how often entries were found can't be written", {{"reason", reason}, {"entries", entries}});
          }),
      payments_(host.config(), host.httpClient()),
      subscriptions_(host, payments_),
      wiki_(host, access_, changes_, models_),
      rules_(host, access_, changes_),
      retrieval_(host, access_),
      workQueuePart_(host.db()),
      removal_(host, changes_, sessions_, parts()),
      merger_(host, removal_, changes_, sessions_),
      registry_(host, access_, sessions_, orgSettings_, changes_, removal_),
      repositories_(host, access_, changes_, merger_),
      personas_(host, access_, personaChanges_),
      orgPersonas_(host, personaChanges_),
      runOperations_(host, access_, changes_),
      feedbackOperations_(host, access_),
      billing_(host, payments_, subscriptions_),
      transfers_(host, access_, changes_),
      groups_(host, access_),
      feed_(host, access_),
      departures_(host, changes_, removal_),
      removedOrgs_(host, changes_),
      members_(host, departures_),
      directory_(host, access_),
      ticketAccess_(host, access_),
      ticketNotifier_(host.db()),
      ticketWriter_(host, orgSettings_, changes_, ticketNotifier_),
      tickets_(host, ticketAccess_, ticketWriter_),
      workQueues_(host, ticketAccess_, ticketWriter_, changes_),
      following_(host, access_, ticketAccess_),
      reviewers_(host),
      knowledge_(host, access_, changes_, adding_, retrieved_),
      compilations_(host, access_, changes_, models_),
      groupKnowledge_(host, access_),
      scheduledCompiles_(host, access_, changes_),
      extraction_(host, access_, sessions_, adding_, changes_) {}

// In the order of a merge: personas and pages come first, since others write their new names. Each stands before
// removal_.
std::vector<ProjectPart*> Projects::parts() {
  return {&personaPart_, &wiki_,  &knowledgePart_, &ticketPart_,    &runs_,
          &feedback_,    &rules_, &retrieval_,     &workQueuePart_, &subscriptions_};
}

const void* Projects::provide(std::string_view interfaceName) {
  if (interfaceName == MORTISE_PROJECTS_DIRECTORY_V1) return directory_.table();
  if (interfaceName == MORTISE_PROJECTS_MEMBERS_V1) return members_.table();
  return nullptr;
}

void Projects::start() {
  feed_.begin();
  departures_.start();
  extraction_.start();
  retrieved_.start();
}

void Projects::stop() {
  retrieved_.stop();
  extraction_.stop();
  departures_.stop();
  feed_.end();
}

void Projects::bind(mortise::Bindings& on) {
  on.operations(registry_, repositories_, transfers_, groups_, feed_);
  on.job("forget_users", &departures_, &MemberDepartures::forget);
  on.job("forget_orgs", &removedOrgs_, &RemovedOrgs::forget);
  on.job("purge_changes", &feed_, &ChangeFeed::purge);
  on.operations(wiki_, rules_, retrieval_);
  on.operations(personas_, orgPersonas_, runOperations_, feedbackOperations_, billing_);
  on.operations(knowledge_, compilations_, groupKnowledge_);
  on.job("compile_scheduled", &scheduledCompiles_, &ScheduledCompiles::run);
  on.job("extract_knowledge", &extraction_, &KnowledgeExtraction::run);
  on.job("settle_subscriptions", &subscriptions_, &Subscriptions::settle);
  on.operations(tickets_, workQueues_, following_, reviewers_);
  on.job("forget_ticket_notifications", &following_, &FollowingOperations::forgetNotifications);
}

}  // namespace projects

MORTISE_MODULE(projects::Projects)
