// The module: its faces, each a class that derives from a generated class of its contract and lies in a folder of its own.
#pragma once

#include <mortise/module.hpp>

#include <string_view>
#include <vector>

#include "access/org_settings.hpp"
#include "access/project_access.hpp"
#include "billing/billing_operations.hpp"
#include "billing/stripe_provider.hpp"
#include "billing/subscriptions.hpp"
#include "changes/change_feed.hpp"
#include "changes/project_changes.hpp"
#include "directory/directory_interface.hpp"
#include "feedback/feedback_operations.hpp"
#include "feedback/feedback_store.hpp"
#include "following/following_operations.hpp"
#include "following/ticket_notifier.hpp"
#include "groups/group_operations.hpp"
#include "knowledge/compilation_operations.hpp"
#include "knowledge/entry_adding.hpp"
#include "knowledge/extraction.hpp"
#include "knowledge/group_knowledge_operations.hpp"
#include "knowledge/knowledge_operations.hpp"
#include "knowledge/knowledge_part.hpp"
#include "knowledge/model_merge.hpp"
#include "knowledge/retrieval_counts.hpp"
#include "knowledge/scheduled_compiles.hpp"
#include "members/member_departure.hpp"
#include "members/members_interface.hpp"
#include "members/removed_orgs.hpp"
#include "personas/handoff_persona_use.hpp"
#include "personas/org_persona_operations.hpp"
#include "personas/persona_changes.hpp"
#include "personas/persona_operations.hpp"
#include "personas/persona_part.hpp"
#include "registry/project_merger.hpp"
#include "registry/project_part.hpp"
#include "registry/project_removal.hpp"
#include "registry/registry_operations.hpp"
#include "registry/repository_operations.hpp"
#include "retrieval/retrieval_operations.hpp"
#include "reviewers/reviewer_operations.hpp"
#include "rules/rules_operations.hpp"
#include "runs/run_operations.hpp"
#include "runs/run_store.hpp"
#include "sessions/captured_sessions.hpp"
#include "tickets/ticket_access.hpp"
#include "tickets/ticket_operations.hpp"
#include "tickets/ticket_part.hpp"
#include "tickets/ticket_writer.hpp"
#include "transfers/transfer_operations.hpp"
#include "wiki/wiki_operations.hpp"
#include "work_queues/work_queue_operations.hpp"
#include "work_queues/work_queue_part.hpp"

namespace projects {

class Projects final : public mortise::Module {
 public:
  explicit Projects(mortise::Host host);
  void bind(mortise::Bindings& on) override;
  void start() override;
  void stop() override;
  const void* provide(std::string_view interfaceName) override;

 private:
  // What the faces do when a project or a person goes.
  std::vector<ProjectPart*> parts();

  CapturedSessions sessions_;  // before the faces that ask them, as are the next three
  OrgSettings orgSettings_;
  ProjectChanges changes_;
  ProjectAccess access_;
  ModelMerge models_;

  RunStore runs_;
  FeedbackStore feedback_;
  HandoffPersonaUse handoffPersonas_;
  PersonaPart personaPart_;
  TicketPart ticketPart_;
  PersonaChanges personaChanges_;
  KnowledgePart knowledgePart_;
  EntryAdding adding_;
  RetrievalCounts retrieved_;
  StripeProvider payments_;
  Subscriptions subscriptions_;

  WikiOperations wiki_;
  RulesOperations rules_;
  RetrievalOperations retrieval_;
  WorkQueuePart workQueuePart_;

  ProjectRemoval removal_;
  ProjectMerger merger_;
  RegistryOperations registry_;
  RepositoryOperations repositories_;
  PersonaOperations personas_;
  OrgPersonaOperations orgPersonas_;
  RunOperations runOperations_;
  FeedbackOperations feedbackOperations_;
  BillingOperations billing_;
  TransferOperations transfers_;
  GroupOperations groups_;
  ChangeFeed feed_;
  MemberDepartures departures_;
  RemovedOrgs removedOrgs_;
  MembersInterface members_;
  DirectoryInterface directory_;

  TicketAccess ticketAccess_;
  TicketNotifier ticketNotifier_;
  TicketWriter ticketWriter_;
  TicketOperations tickets_;
  WorkQueueOperations workQueues_;
  FollowingOperations following_;
  ReviewerOperations reviewers_;
  KnowledgeOperations knowledge_;
  CompilationOperations compilations_;
  GroupKnowledgeOperations groupKnowledge_;
  ScheduledCompiles scheduledCompiles_;
  KnowledgeExtraction extraction_;
};

}  // namespace projects
