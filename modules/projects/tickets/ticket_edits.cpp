#include "tickets/ticket_edits.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>

#include <set>
#include <string_view>
#include <utility>

namespace projects {
namespace {

namespace json = mortise::json;

constexpr std::size_t kShownCharacters = 120;

json::Value jsonOf(const std::string& text) { return json::value(text); }
json::Value jsonOf(const std::optional<std::string>& text) { return json::value(text); }
json::Value jsonOf(const std::vector<std::string>& texts) { return json::list(texts); }
json::Value jsonOf(TicketPriority priority) { return json::value(mortise::detail::nameOf(priority)); }

class Applying {
 public:
  explicit Applying(std::string ticketId) : ticketId_(std::move(ticketId)) {}

  template <class T>
  void set(std::string_view name, T& member, const T& value) {
    if (member == value) return;
    TicketEdit edit;
    edit.ticketId = ticketId_;
    edit.fieldName = name;
    edit.oldValue = jsonOf(member).text();
    edit.newValue = jsonOf(value).text();
    edits_.push_back(std::move(edit));
    member = value;
  }
  template <class T>
  void setIf(std::string_view name, T& member, const std::optional<T>& value) {
    if (value) set(name, member, *value);
  }
  std::vector<TicketEdit> take() { return std::move(edits_); }

 private:
  std::string ticketId_;
  std::vector<TicketEdit> edits_;
};

}  // namespace

std::vector<TicketEdit> apply(const TicketChange& change, Ticket& ticket) {
  Applying to(ticket.id);
  to.setIf("title", ticket.title, change.title);
  to.setIf("description", ticket.description, change.description);
  to.setIf("priority", ticket.priority, change.priority);
  if (change.assignedTo) {
    const auto assignee = change.assignedTo->empty() ? std::nullopt : change.assignedTo;
    to.set("assigned_to", ticket.assignedTo, assignee);
  }
  to.setIf("context_refs", ticket.contextRefs, change.contextRefs);
  to.setIf("file_refs", ticket.fileRefs, change.fileRefs);
  to.setIf("related_sessions", ticket.relatedSessions, change.relatedSessions);
  to.setIf("acceptance_criteria", ticket.acceptanceCriteria, change.acceptanceCriteria);
  to.setIf("depends_on", ticket.dependsOn, change.dependsOn);
  return to.take();
}

std::string editText(const std::vector<TicketEdit>& edits, bool isFenced) {
  std::string text = "Changed by hand:";
  for (const auto& edit : edits) {
    text.append("\n- `").append(edit.fieldName).append("`: ");
    text.append(shortened(edit.oldValue, kShownCharacters));
    text.append(" → ").append(shortened(edit.newValue, kShownCharacters));
  }
  if (!isFenced)
    text.append("\n\nNo lease_epoch was given: a change that somebody else made meanwhile may be overwritten.");
  return text;
}

std::string shortened(const std::string& text, std::size_t characters) {
  auto start = mortise::firstCharacters(text, characters);
  return start.size() < text.size() ? start.append("…") : start;
}

std::vector<std::string> distinct(const std::vector<std::string>& texts) {
  std::set<std::string_view> seen;
  std::vector<std::string> out;
  for (const auto& text : texts) {
    if (seen.insert(text).second) out.push_back(text);
  }
  return out;
}

}  // namespace projects
