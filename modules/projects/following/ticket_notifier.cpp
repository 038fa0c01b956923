#include "following/ticket_notifier.hpp"

#include <cstddef>
#include <set>
#include <utility>

#include "in_parts.hpp"

namespace projects {
namespace {

TicketNotification notificationOf(std::string ticketId, std::string userId, const TicketNews& news) {
  TicketNotification out;
  out.ticketId = std::move(ticketId);
  out.userId = std::move(userId);
  out.kind = news.kind;
  out.summary = news.summary;
  out.actorType = news.actor.type();
  out.actorUserId = news.actor.userId;
  out.serviceKeyName = news.actor.serviceKeyName;
  out.createdAt = out.updatedAt = news.at;
  return out;
}

}  // namespace

void TicketNotifier::made(mortise::Transaction& tx, const Ticket& ticket, const TicketActor& actor) const {
  if (actor.serviceKeyId) return;
  following_.in(tx).watch({ticket.id, actor.userId, {}, WatchSource::creator, false, ticket.createdAt});
}

std::optional<std::string> TicketNotifier::assigned(mortise::Transaction& tx, const Project& project,
                                                    const Ticket& ticket, mortise::Time at) const {
  if (!ticket.assignedTo) return std::nullopt;
  const auto persona = personas_.in(tx).resolve(project.id, project.orgId, *ticket.assignedTo);
  if (!persona || !persona->representedUserId) return std::nullopt;
  following_.in(tx).watch({ticket.id, *persona->representedUserId, persona->name, WatchSource::assignee, false, at});
  return persona->representedUserId;
}

void TicketNotifier::tell(mortise::Transaction& tx, const std::vector<std::string>& ticketIds,
                          const TicketNews& news) const {
  constexpr std::size_t kAtOnce = 32;  // tickets, each with kMaxWatchers
  inParts(ticketIds, kAtOnce, [&](const std::vector<std::string>& some) { tellSome(tx, some, news); });
}

void TicketNotifier::tellSome(mortise::Transaction& tx, const std::vector<std::string>& ticketIds,
                              const TicketNews& news) const {
  const auto store = following_.in(tx);
  // A service key is not the user who made it: the user is told what the key did.
  const bool isPerson = !news.actor.serviceKeyId;
  std::set<std::string> turnTold;  // tickets
  std::vector<TicketNotification> notifications;
  for (auto& watcher : store.watchers(ticketIds)) {
    if (isPerson && watcher.userId == news.actor.userId) continue;
    auto& notification =
        notifications.emplace_back(notificationOf(std::move(watcher.ticketId), std::move(watcher.userId), news));
    if (news.turnOf != notification.userId) continue;
    notification.kind = NotificationKind::yourTurn;
    turnTold.insert(notification.ticketId);
  }
  if (news.turnOf && !(isPerson && *news.turnOf == news.actor.userId)) {
    for (const auto& ticketId : ticketIds) {
      // Who muted the ticket is left alone.
      if (turnTold.count(ticketId) > 0 || store.watcher(ticketId, *news.turnOf)) continue;
      notifications.push_back(notificationOf(ticketId, *news.turnOf, news));
      notifications.back().kind = NotificationKind::yourTurn;
    }
  }
  store.notify(notifications);
}

}  // namespace projects
