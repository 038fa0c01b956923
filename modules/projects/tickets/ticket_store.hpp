// The tables of tickets, their comments and edits: SQL, and only SQL. What depends on what is in ticket_graph.hpp.
#pragma once

#include <mortise/db.hpp>
#include <mortise/where.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "list_page.hpp"
#include "tickets/review_state.hpp"
#include "tickets/ticket.hpp"
#include "tickets/ticket_comment.hpp"
#include "tickets/ticket_moves.hpp"

namespace projects {

struct TicketFilter {
  std::optional<std::string> assignedTo;  // compared without case
  std::optional<TicketStatus> status;
  std::optional<TicketPriority> priority;
  std::optional<TicketKind> kind;
};

struct TicketPage {
  std::vector<Ticket> tickets;
  std::optional<ListPlace> next;  // behind that ticket the list goes on; empty: it ends here
};

// What tells whether a ticket may be served, without its texts.
struct TicketHead {
  std::string id;
  TicketStatus status = TicketStatus::open;
  std::int64_t leaseEpoch = 0;
};

// A move, and what must hold for it beyond the status.
struct TicketStep {
  TicketMove move = TicketMove::dismiss;
  std::string_view caller;
  std::optional<std::string> serviceKeyId;  // that the caller came with
  bool isReader = false;                    // only shares a captured session of the project
  std::optional<std::int64_t> leaseEpoch;
  mortise::Time at;
};

struct TicketCompletion {
  std::string notes;
  std::vector<std::string> changedFiles;
  std::vector<std::string> knowledgeEntryIds;
  std::optional<std::string> resolverSessionId;
};

// Those of these tickets that the project has. They are found by their ids: the expression keeps SQLite, which without
// statistics takes a project for small, from reading all tickets of the project along one of its indexes.
inline mortise::db::Where ticketsOf(std::string_view projectId, const std::vector<std::string>& ids) {
  mortise::db::Where where;
  where.in("id", ids).raw("project_id || '' = :project", {{"project", projectId}});
  return where;
}

// [worker]; every member throws db::Error.
class TicketStore {
 public:
  static constexpr std::int64_t kMaxComments = 10'000;  // of one ticket
  static constexpr std::size_t kMaxReferences = 100;    // likewise

  explicit TicketStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  TicketStore in(const mortise::Transaction& tx) const { return TicketStore(db_.in(tx)); }

  // None of another project.
  std::optional<Ticket> find(std::string_view projectId, std::string_view id) const;
  // Those of these that the project has.
  std::vector<Ticket> findAll(std::string_view projectId, const std::vector<std::string>& ids) const;
  // The same, without their texts.
  std::vector<TicketHead> heads(std::string_view projectId, const std::vector<std::string>& ids) const;
  // The ids of tickets that are not over, that the filter finds, and that the work queue does not have: newest first, at
  // most `limit`.
  std::vector<std::string> unqueued(std::string_view projectId, const TicketFilter& filter, std::string_view queueId,
                                    std::size_t limit) const;
  // Of these tickets, whatever project they are of: id, project, title.
  std::vector<std::tuple<std::string, std::string, std::string>> titles(const std::vector<std::string>& ids) const;
  // Newest first, behind `after`: at most `limit`, and fewer when their texts have more than `bytes` bytes; at least one.
  TicketPage list(std::string_view projectId, const TicketFilter& filter, const std::optional<ListPlace>& after,
                  std::size_t limit, std::size_t bytes) const;
  // Fills the children of the issues among them, in the order in which they were made.
  void fillChildren(std::vector<Ticket>& tickets) const;

  // The ids of tickets that are not over (suggested, open, in progress, blocked or in review) and assigned to this persona,
  // at most `limit`. Names are compared without case.
  std::vector<std::string> assignedTo(std::string_view projectId, std::string_view persona, std::size_t limit) const;

  std::int64_t childCount(std::string_view parentId) const;
  // How many tickets this user's agent made in one session.
  std::int64_t agentCount(std::string_view userId, std::string_view sessionId) const;

  // Is the service key at work in one of these projects: did it start or complete a ticket that is not done yet? In the
  // projects of the organisation, or in that one.
  bool isAtWork(std::string_view serviceKeyId, std::string_view orgId,
                const std::optional<std::string>& projectId) const;

  void add(const Ticket& ticket) const;
  // Writes what changes by hand: title to dependsOn, and updatedAt.
  void change(const Ticket& ticket) const;
  // Locks the ticket for the rest of the transaction, and raises its lease when one is named. False: there is none, or
  // its lease is another.
  bool lock(std::string_view projectId, std::string_view id, const std::optional<std::int64_t>& leaseEpoch) const;
  // False: it is not where the move begins, has another lease, or the caller may not. `completion`: of the move complete.
  bool move(std::string_view projectId, std::string_view id, const TicketStep& step,
            const TicketCompletion* completion = nullptr) const;

  // Gives it a time that no other comment of the ticket has, and adds it. False: the ticket is not there, has another
  // lease than `leaseEpoch`, or kMaxComments.
  bool comment(TicketComment& comment, const std::optional<std::int64_t>& leaseEpoch) const;
  // The same comment on each of these tickets, but for those that have kMaxComments.
  void commentEach(const TicketComment& comment, const std::vector<std::string>& ticketIds) const;
  // Adds entries to the references of each of these tickets that has room for them; each once.
  void addReferences(const std::vector<std::string>& ticketIds, const std::vector<std::string>& entryIds,
                     mortise::Time now) const;
  std::optional<TicketComment> findComment(std::string_view id) const;
  // Oldest first, behind a time, and behind the comment `sinceId` of that time.
  std::vector<TicketComment> comments(std::string_view ticketId, const std::optional<mortise::Time>& since,
                                      const std::optional<std::string>& sinceId, std::size_t limit) const;
  // What the reviews among its oldest kReviewedComments say; empty: none is a review.
  std::optional<ReviewState> reviewState(std::string_view ticketId) const;
  // When the last of the oldest `limit` comments behind `since` was made; empty: there is none.
  std::optional<mortise::Time> lastOfNext(std::string_view ticketId, const std::optional<mortise::Time>& since,
                                          std::size_t limit) const;
  // Newest first.
  std::vector<TicketComment> newestComments(std::string_view ticketId, std::size_t limit) const;

  void addEdits(const std::vector<TicketEdit>& edits) const;
  // Oldest first.
  std::vector<TicketEdit> edits(std::string_view ticketId) const;

 private:
  // The places of tickets in each of `statuses`, newest first. `queueId`: without those that the work queue has.
  std::vector<ListPlace> places(std::string_view projectId, const TicketFilter& filter,
                                const std::vector<TicketStatus>& statuses, const std::optional<ListPlace>& after,
                                const std::optional<std::string_view>& queueId, std::size_t limit) const;

  mortise::Db db_;
};

}  // namespace projects
