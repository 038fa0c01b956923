// A module that implements the classes generated from its contract.
#include <mortise/module.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "desk_contract.hpp"

namespace {

namespace contract = desk_contract::tickets;
namespace json = mortise::json;
using mortise::Reply;
using mortise::Request;

std::string stateOf(const mortise::BodyMember<std::string>& member) {
  return member.absent() ? "absent" : member.isNull() ? "null" : member.value();
}

// A face of its own, bound whole.
class Feeds final : public contract::DeskFeeds {
 public:
  void stop() {
    if (announcer_.joinable()) announcer_.join();
  }

 private:
  void watchTickets(Request& request) override {
    const auto stream = request.openStream();
    stream.send("ticket", "1", "opened");
  }
  void announce(Request& request, const contract::AnnounceBody& body) override {
    stop();
    announcer_ =
        std::thread([pending = request.later(), text = body.text] { pending.answer(Reply::ok(json::value(text))); });
  }
  std::thread announcer_;
};

class Desk final : public mortise::ModuleServing<contract::TicketDesk> {
 public:
  void bind(mortise::Bindings& on) override {
    ModuleServing::bind(on);
    on.operations(feeds_);
  }
  void stop() override { feeds_.stop(); }

 private:
  Reply createTicket(const Request&, const contract::NewTicket& body) override {
    contract::Ticket ticket{.id = "t1", .title = body.title, .dueAt = body.dueAt, .priority = body.priority};
    ticket.kind = body.kind;
    ticket.author.name = "Ada";
    ticket.labels = body.labels.valueOr(std::vector<contract::Label>());
    if (body.facts.has()) ticket.facts = json::raw(body.facts->toText());
    return Reply::created(json::from(ticket).add("links", json::list({"/desk/tickets/t1"})));
  }
  Reply changeTicket(const Request&, const contract::TicketChange& body) override {
    return Reply::ok(json::from(contract::ChangeTicketReply{stateOf(body.title), stateOf(body.assignee)}));
  }
  Reply setLabels(const Request&, const std::vector<contract::Label>& body) override {
    return Reply::ok(json::list(body));
  }
  Reply searchLabels(const Request&, const std::optional<contract::SearchLabelsBody>& body) override {
    return Reply::ok(json::object({{"text", body ? body->text : "none"}}));
  }
  Reply addNote(const Request&, const mortise::Json& body) override {
    return Reply::ok(json::object({{"sent", body}}));
  }
  Reply attachFile(const Request& request) override {
    return Reply::ok(json::object({{"size", request.part("file")->file->size()}}));
  }

  Feeds feeds_;
};

}  // namespace

MORTISE_MODULE(Desk)
