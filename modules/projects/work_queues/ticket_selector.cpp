#include "work_queues/ticket_selector.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>
#include <mortise/names.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <utility>

#include "knowledge/parsed_json.hpp"

namespace projects {
namespace {

using mortise::Json;
using mortise::Problem;

constexpr std::size_t kMaxTickets = 200;  // that a selector names
constexpr std::size_t kMaxText = 100;     // characters of a member
constexpr std::size_t kMaxSelector = std::size_t{16} * 1024;
constexpr const char* kAssignee = "assigned_to";

[[noreturn]] void refuse(std::string_view member, std::string rule, mortise::Params params = {}) {
  throw Problem(422, "validation_failed")
      .field("body/selector/" + std::string(member), std::move(rule), std::move(params));
}

// Reads the conditions by a function that gives the text of a member; false: a name is none of its enumeration.
template <class TextOf>
bool readFilter(const TextOf& textOf, std::optional<TicketFilter>& into, std::string& wrong) {
  TicketFilter filter;
  bool isAsked = false;
  const auto named = [&](const char* member, auto& out) {
    const std::optional<std::string> text = textOf(member);
    if (!text) return true;
    isAsked = true;
    wrong = member;
    return mortise::detail::readName(*text, out.emplace());
  };
  if (!named("status", filter.status) || !named("priority", filter.priority) || !named("kind", filter.kind))
    return false;
  if ((filter.assignedTo = textOf(kAssignee))) isAsked = true;
  if (isAsked) into = std::move(filter);
  return true;
}

}  // namespace

TicketSelector checkedSelector(const Json& selector) {
  TicketSelector out;
  if (!selector.exists() || selector.isNull()) return out;
  if (selector.toText().size() > kMaxSelector)
    throw Problem(422, "validation_failed")
        .field("body/selector", "json_too_long", {{"most", std::to_string(kMaxSelector)}});
  const auto textOf = [&](const char* member) -> std::optional<std::string> {
    const auto value = selector[std::string_view(member)];
    if (!value.exists() || value.isNull()) return std::nullopt;
    if (!value.isText()) refuse(member, "string_type");
    if (mortise::characterCount(value.text()) > kMaxText)
      refuse(member, "string_too_long", {{"max_length", std::to_string(kMaxText)}});
    return value.text().string();
  };
  std::string wrong;
  if (!readFilter(textOf, out.filter, wrong)) refuse(wrong, "value_error");
  const auto ids = selector[std::string_view("ticket_ids")];
  if (!ids.exists() || ids.isNull()) return out;
  if (!ids.isList()) refuse("ticket_ids", "list_type");
  if (ids.size() > kMaxTickets) refuse("ticket_ids", "too_long", {{"max_length", std::to_string(kMaxTickets)}});
  for (const Json id : ids) {
    if (!id.isText()) refuse("ticket_ids", "string_type");
    if (mortise::characterCount(id.text()) > kMaxText)
      refuse("ticket_ids", "string_too_long", {{"max_length", std::to_string(kMaxText)}});
    auto text = id.text().string();
    if (std::find(out.ticketIds.begin(), out.ticketIds.end(), text) == out.ticketIds.end())
      out.ticketIds.push_back(std::move(text));
  }
  return out;
}

std::optional<TicketFilter> storedFilter(std::string_view selector) {
  const auto parsed = parsedJson(selector);
  if (!parsed || !parsed->IsObject()) return std::nullopt;
  const auto textOf = [&](const char* member) -> std::optional<std::string> {
    const auto entry = parsed->FindMember(member);
    if (entry == parsed->MemberEnd() || !entry->value.IsString()) return std::nullopt;
    return std::string(entry->value.GetString(), entry->value.GetStringLength());
  };
  std::optional<TicketFilter> filter;
  std::string wrong;
  readFilter(textOf, filter, wrong);
  return filter;
}

std::string renamedSelector(const std::string& selector, const std::map<std::string, std::string>& names) {
  auto parsed = parsedJson(selector);
  if (!parsed || !parsed->IsObject() || !parsed->HasMember(kAssignee)) return selector;
  auto& member = (*parsed)[kAssignee];
  if (!member.IsString()) return selector;
  const auto assignee = mortise::asciiLowerCase({member.GetString(), member.GetStringLength()});
  const auto renamed = std::find_if(names.begin(), names.end(),
                                    [&](const auto& each) { return mortise::asciiLowerCase(each.first) == assignee; });
  if (renamed == names.end()) return selector;
  const auto& name = renamed->second;
  member.SetString(name.data(), static_cast<rapidjson::SizeType>(name.size()), parsed->GetAllocator());
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  parsed->Accept(writer);
  return {out.GetString(), out.GetSize()};
}

}  // namespace projects
