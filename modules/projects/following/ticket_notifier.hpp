// Tells those who follow a ticket what happened to it, in the transaction in which it happened.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "following/following_store.hpp"
#include "personas/persona_store.hpp"
#include "registry/project.hpp"
#include "tickets/ticket.hpp"

namespace projects {

// What happened. Borrows its texts.
struct TicketNews {
  NotificationKind kind;
  std::string_view summary;
  const TicketActor& actor;
  mortise::Time at;
  // Whose turn it is now; told so whether the user follows the ticket or not. Empty: nobody's.
  std::optional<std::string> turnOf{};
};

// One for the module; faces keep a reference. Whoever tells something holds the row of the ticket. [worker]; throws
// db::Error.
class TicketNotifier {
 public:
  explicit TicketNotifier(mortise::Db db) : following_(db), personas_(db) {}

  // Who made it follows it; a service key does not follow for the user who made the key.
  void made(mortise::Transaction& tx, const Ticket& ticket, const TicketActor& actor) const;
  // The user whom the assigned persona stands for follows the ticket. Empty: it stands for nobody.
  std::optional<std::string> assigned(mortise::Transaction& tx, const Project& project, const Ticket& ticket,
                                      mortise::Time at) const;
  // Everybody who follows one of these tickets, but the actor.
  void tell(mortise::Transaction& tx, const std::vector<std::string>& ticketIds, const TicketNews& news) const;

 private:
  void tellSome(mortise::Transaction& tx, const std::vector<std::string>& ticketIds, const TicketNews& news) const;

  FollowingStore following_;
  PersonaStore personas_;
};

}  // namespace projects
