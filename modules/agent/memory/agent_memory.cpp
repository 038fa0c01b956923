#include "memory/agent_memory.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

#include "json_text.hpp"

namespace agent {
namespace {

namespace json = mortise::json;
namespace models = mortise::models;
using models::Role;

constexpr std::size_t kResultCharacters = 8000;
constexpr std::size_t kSummaryCharacters = 16000;
constexpr std::size_t kKeptNewest = 19;
constexpr double kTarget = 0.65;
constexpr double kSlack = 0.03;
constexpr std::string_view kSummaryBegins = "\n\n<earlier_conversation>\n";
constexpr std::string_view kSummaryEnds = "\n</earlier_conversation>";
constexpr std::string_view kAsks = "message_ask_user";
constexpr std::string_view kBrokeOff =
    "The call broke off while it waited for the user, whose answer is the data: call the tool again if it is still "
    "needed.";

// The system message without the summary that compact() put behind it, and that summary.
std::pair<std::string, std::string> withoutSummary(const std::string& text) {
  const auto begin = text.find(kSummaryBegins);
  if (begin == std::string::npos) return {text, {}};
  const auto from = begin + kSummaryBegins.size();
  const auto end = std::min(text.find(kSummaryEnds, from), text.size());
  return {text.substr(0, begin), text.substr(from, end - from)};
}

// Paths, addresses and UUIDs, which a summary must not lose.
std::set<std::string> identifiersIn(std::string_view text) {
  constexpr std::size_t kMaxBytes = 200;
  std::set<std::string> out;
  const auto isPart = [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && std::string_view("\"'`<>(){}[],;").find(c) == std::string_view::npos;
  };
  for (std::size_t at = 0; at < text.size() && out.size() < kMaxBytes;) {
    while (at < text.size() && !isPart(text[at])) ++at;
    auto end = at;
    while (end < text.size() && isPart(text[end])) ++end;
    auto word = text.substr(at, end - at);
    while (!word.empty() && std::string_view(".:!?").find(word.back()) != std::string_view::npos) word.remove_suffix(1);
    const bool isAddress = word.starts_with("http://") || word.starts_with("https://");
    const bool isPath = word.size() > 2 && word.front() == '/' && word.find('/', 1) != std::string_view::npos;
    const bool isUuid = word.size() == 36 && std::all_of(word.begin(), word.end(), [](char c) {
                          return c == '-' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
                        });
    if ((isAddress || isPath || isUuid) && word.size() <= 500) out.emplace(word);
    at = end;
  }
  return out;
}

std::string plain(const models::Message& message) {
  std::string out = std::string(mortise::detail::nameOf(message.role)) + ": " + message.text + "\n";
  for (const auto& call : message.toolCalls) out += "calls " + call.name + " " + call.arguments + "\n";
  return out;
}

}  // namespace

std::string toText(const models::Message& message) {
  json::Object out;
  out.add("role", mortise::detail::nameOf(message.role)).add("content", message.text);
  if (!message.toolCalls.empty())
    out.add("tool_calls", json::list(message.toolCalls, [](const models::ToolCall& call) {
              return json::object({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
            }));
  if (!message.toolCallId.empty()) out.add("tool_call_id", message.toolCallId);
  if (!message.toolName.empty()) out.add("name", message.toolName);
  if (!message.reasoning.empty()) out.add("reasoning", message.reasoning);
  return out.build().text();
}

models::Message readMessage(std::string_view text) {
  rapidjson::Document read;
  models::Message out;
  if (!parseJson(text, read)) return out;
  mortise::detail::readName(textMember(read, "role"), out.role);  // else it stays a user's
  out.text = textMember(read, "content");
  out.toolCallId = textMember(read, "tool_call_id");
  out.toolName = textMember(read, "name");
  out.reasoning = textMember(read, "reasoning");
  if (const auto* calls = memberOf(read, "tool_calls"); calls != nullptr && calls->IsArray()) {
    for (const auto& call : calls->GetArray())
      out.toolCalls.push_back({textMember(call, "id"), textMember(call, "name"), textMember(call, "arguments")});
  }
  return out;
}

AgentMemory::AgentMemory(std::string agent, const std::vector<std::string>& texts) : agent_(std::move(agent)) {
  for (const auto& text : texts) messages_.push_back(readMessage(text));
  changed_ = storedCount_ = messages_.size();
}

void AgentMemory::setSystem(const std::string& text) {
  if (firstOfRest() == 0) {
    messages_.insert(messages_.begin(), models::system(text));
    changed_ = 0;
    return;
  }
  const auto [known, summary] = withoutSummary(messages_.front().text);
  if (known == text) return;
  messages_.front().text =
      summary.empty() ? text : text + std::string(kSummaryBegins) + summary + std::string(kSummaryEnds);
  changedFrom(0);
}

void AgentMemory::add(Message message) {
  changedFrom(messages_.size());
  message.text = cleanText(message.text);
  message.reasoning = cleanText(message.reasoning);
  messages_.push_back(std::move(message));
}

void AgentMemory::addResult(const models::ToolCall& call, std::string text) {
  if (mortise::characterCount(text) > kResultCharacters)
    text = mortise::firstCharacters(text, kResultCharacters) + "…(truncated)";
  add(models::toolResult(call, std::move(text)));
}

bool AgentMemory::rollBack(const std::string& reply) {
  if (messages_.empty()) return false;
  const auto& last = messages_.back();
  if (last.role != Role::assistant || last.toolCalls.empty()) return false;
  if (!reply.empty()) {
    const auto call = last.toolCalls.front();
    const bool isAnswer = call.name == kAsks;
    const auto message = isAnswer ? json::Item(nullptr) : json::Item(kBrokeOff);
    addResult(call, json::object({{"success", isAnswer}, {"message", message}, {"data", reply}}).text());
    return true;
  }
  messages_.pop_back();
  changedFrom(messages_.size());
  return false;
}

void AgentMemory::forgetPassing() {
  for (std::size_t at = 0; at < messages_.size(); ++at) {
    auto& message = messages_[at];
    const bool passing =
        message.role == Role::tool && (message.toolName == "browser_view" || message.toolName == "browser_navigate");
    if (passing && message.text != "(removed)") {
      message.text = "(removed)";
      changedFrom(at);
    }
    if (message.reasoning.empty()) continue;
    message.reasoning.clear();
    changedFrom(at);
  }
}

std::int64_t AgentMemory::tokens(const ContextRules& rules) const {
  std::int64_t sum = 0;
  std::size_t from = 0;
  if (rules.estimator == TokenEstimator::providerApi && reportedMessages_ > 0 &&
      reportedMessages_ <= messages_.size()) {
    sum = reported_;
    from = reportedMessages_;
  }
  for (; from < messages_.size(); ++from) sum += tokensOf(messages_[from], rules.estimator);
  return sum;
}

void AgentMemory::reportUsage(std::int64_t tokens) {
  reported_ = tokens;
  reportedMessages_ = tokens > 0 ? messages_.size() : 0;
}

AgentMemory::Compaction AgentMemory::due(const ContextRules& rules, std::string_view model) const {
  const auto usage =
      static_cast<double>(tokens(rules)) * rules.safetyFactor / static_cast<double>(effectiveWindow(rules, model));
  if (usage >= rules.hardRatio) return Compaction::hard;
  return usage >= rules.softRatio ? Compaction::soft : Compaction::none;
}

std::size_t AgentMemory::groupEnd(std::size_t at) const {
  ++at;
  while (at < messages_.size() && messages_[at].role == Role::tool) ++at;
  return at;
}

void AgentMemory::dropBetween(std::size_t from, std::size_t to) {
  messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(from),
                  messages_.begin() + static_cast<std::ptrdiff_t>(to));
  changedFrom(from);
  reportedMessages_ = 0;
}

void AgentMemory::compact(const ContextRules& rules, std::string_view model,
                          const std::function<std::optional<std::string>(const std::string& text)>& summarize) {
  const auto window = static_cast<double>(effectiveWindow(rules, model));
  const auto usage = [&](std::int64_t count) { return static_cast<double>(count) * rules.safetyFactor / window; };
  if (due(rules, model) == Compaction::hard) {
    cut();
    return;
  }
  reportedMessages_ = 0;  // what the provider counted does not hold for a part
  // Whole groups from the oldest on; the newest one stays.
  const auto first = firstOfRest();
  auto end = first;
  auto left = tokens(rules);
  std::string text;
  while (end < messages_.size() && usage(left) > kTarget) {
    const auto next = groupEnd(end);
    if (next >= messages_.size()) break;
    for (auto at = end; at < next; ++at) {
      left -= tokensOf(messages_[at], rules.estimator);
      text += plain(messages_[at]);
    }
    end = next;
  }
  if (end > first) {
    const auto [system, before] =
        firstOfRest() == 1 ? withoutSummary(messages_.front().text) : std::pair<std::string, std::string>();
    if (!before.empty()) text = "Summary of what came before:\n" + before + "\n" + text;
    auto summary = summarize(text);
    if (!summary || summary->empty()) {
      cut();
      return;
    }
    // What the summary left out of the identifiers is named behind it.
    std::string missing;
    for (const auto& identifier : identifiersIn(text)) {
      if (summary->find(identifier) == std::string::npos) missing += "\n" + identifier;
    }
    auto whole = cleanText(*summary);
    if (!missing.empty()) {
      missing = "\nAlso mentioned:" + missing;
      const auto room = kSummaryCharacters - std::min(kSummaryCharacters / 2, mortise::characterCount(missing));
      whole = mortise::firstCharacters(whole, room) + missing;
    }
    whole = mortise::firstCharacters(whole, kSummaryCharacters);
    dropBetween(first, end);
    if (first == 0) messages_.insert(messages_.begin(), models::system(""));
    messages_.front().text = system + std::string(kSummaryBegins) + whole + std::string(kSummaryEnds);
    changedFrom(0);
  }
  if (usage(tokens(rules)) > kTarget + kSlack) cut();
}

void AgentMemory::cut() {
  const auto first = firstOfRest();
  if (messages_.size() <= first + kKeptNewest) {
    // Few messages that are too long: the oldest group goes, so that something becomes shorter.
    if (const auto next = first < messages_.size() ? groupEnd(first) : messages_.size(); next < messages_.size())
      dropBetween(first, next);
    return;
  }
  auto from = messages_.size() - kKeptNewest;
  // A result never stands without its call.
  while (from < messages_.size() && messages_[from].role == Role::tool) ++from;
  dropBetween(first, from);
}

std::optional<MemoryChange> AgentMemory::takeChange() {
  if (changed_ >= messages_.size() && !shrunk()) return std::nullopt;
  MemoryChange out{agent_, static_cast<std::int64_t>(changed_), {}};
  for (auto at = changed_; at < messages_.size(); ++at) out.messages.push_back(toText(messages_[at]));
  changed_ = messages_.size();
  storedCount_ = messages_.size();
  return out;
}

}  // namespace agent
