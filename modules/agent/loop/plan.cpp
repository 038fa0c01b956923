#include "loop/plan.hpp"

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>
#include <mortise/json.hpp>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "json_text.hpp"
#include "loop/json_repair.hpp"

namespace agent {
namespace {

namespace json = mortise::json;
using rapidjson::Document;
using rapidjson::Value;

constexpr std::size_t kMaxSteps = 50;
constexpr std::size_t kIdBytes = 64;
constexpr std::size_t kDescriptionCharacters = 4000;
constexpr std::size_t kMaxAttachments = 50;

// A text, or what else stands there as text.
std::string textOf(const Value& value) {
  if (value.IsString()) return cleanText({value.GetString(), value.GetStringLength()});
  return value.IsNull() ? std::string() : mortise::models::toText(value);
}
std::string cleanMember(const Value& object, std::string_view name) {
  const auto* member = memberOf(object, name);
  return member == nullptr ? std::string() : textOf(*member);
}
std::string cut(std::string_view text, std::size_t most) { return mortise::firstCharacters(text, most); }

// Steps are objects, or plain texts.
std::vector<PlanStep> stepsOf(const Value& list) {
  std::vector<PlanStep> out;
  for (const auto& each : list.GetArray()) {
    if (out.size() >= kMaxSteps) break;
    PlanStep step;
    if (each.IsObject()) {
      step.id = cleanMember(each, "id");
      step.description = cleanMember(each, "description");
      if (step.description.empty()) step.description = cleanMember(each, "step");
      if (step.description.empty()) step.description = cleanMember(each, "title");
    } else {
      step.description = textOf(each);
    }
    if (step.description.empty()) continue;
    step.description = cut(step.description, kDescriptionCharacters);
    if (step.id.size() > kIdBytes) step.id.clear();
    if (step.id.empty()) step.id = std::to_string(out.size() + 1);
    out.push_back(std::move(step));
  }
  return out;
}

// What stands between the words of a reply: spaces and punctuation, of Chinese, too.
bool partsWords(std::uint32_t c) {
  if (c < 0x80) return c != '\'' && std::isalnum(static_cast<unsigned char>(c)) == 0;
  return c == 0xA0 || (c >= 0x2000 && c <= 0x206F) || (c >= 0x3000 && c <= 0x303F) || (c >= 0xFF01 && c <= 0xFF0F) ||
         (c >= 0xFF1A && c <= 0xFF20) || (c >= 0xFF3B && c <= 0xFF40) || (c >= 0xFF5B && c <= 0xFF65);
}

std::vector<std::string> wordsOf(std::string_view text) {
  std::vector<std::string> out;
  bool isInside = false;
  while (!text.empty()) {
    const auto [value, size] = mortise::firstCodePoint(text);
    const auto character = text.substr(0, std::max<std::size_t>(size, 1));
    text.remove_prefix(character.size());
    const bool isApostrophe = value == 0x2019;
    if (!isApostrophe && partsWords(value)) {
      isInside = false;
      continue;
    }
    if (!isInside) out.emplace_back();
    isInside = true;
    out.back() += isApostrophe ? "'" : mortise::asciiLowerCase(character);
  }
  return out;
}

}  // namespace

PlanStep* Plan::next() {
  const auto at = std::find_if(steps.begin(), steps.end(), [](const auto& step) { return !step.isOver(); });
  return at == steps.end() ? nullptr : &*at;
}

std::vector<StepView> Plan::views() const {
  std::vector<StepView> out;
  for (const auto& step : steps) out.push_back({step.id, step.description, step.status});
  return out;
}

std::vector<std::string> attachmentsOf(const Value& object) {
  std::vector<std::string> out;
  const auto* attachments = memberOf(object, "attachments");
  if (attachments == nullptr) return out;
  if (attachments->IsString()) out.push_back(textOf(*attachments));
  if (!attachments->IsArray()) return out;
  for (const auto& each : attachments->GetArray()) {
    if (each.IsString() && out.size() < kMaxAttachments) out.push_back(textOf(each));
  }
  return out;
}

std::optional<Plan> readPlan(std::string_view answer) {
  Document read;
  if (!repairJsonObject(answer, read)) return std::nullopt;
  const auto* steps = mortise::models::listMember(read, "steps");
  if (steps == nullptr) return std::nullopt;
  Plan plan;
  plan.title = cut(cleanMember(read, "title"), kTitleCharacters);
  plan.language = cut(cleanMember(read, "language"), kIdBytes);
  plan.message = cleanMember(read, "message");
  plan.steps = stepsOf(*steps);
  return plan;
}

Plan fallbackPlan(std::string_view answer, std::string_view message, bool hasAttachments) {
  Plan plan;
  plan.title = "工作计划";
  plan.message = cleanText(answer);
  auto description = cut(message, kDescriptionCharacters);
  if (hasAttachments) description += description.empty() ? "查看并处理用户上传的文件" : "\n（请先查看用户上传的文件）";
  plan.steps.push_back({"1", description});
  return plan;
}

bool updatePlan(std::string_view answer, Plan& plan) {
  Document read;
  if (!repairJsonObject(answer, read)) return false;
  const auto* steps = mortise::models::listMember(read, "steps");
  if (steps == nullptr) return false;
  auto newSteps = stepsOf(*steps);
  // Some planners repeat what is over.
  std::erase_if(newSteps, [&](const PlanStep& step) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [&](const PlanStep& known) {
      return known.isOver() && known.id == step.id && known.description == step.description;
    });
  });
  const auto from = std::find_if(plan.steps.begin(), plan.steps.end(), [](const auto& step) { return !step.isOver(); });
  plan.steps.erase(from, plan.steps.end());
  plan.steps.insert(plan.steps.end(), newSteps.begin(), newSteps.end());
  if (plan.steps.size() > kMaxSteps) plan.steps.resize(kMaxSteps);
  return true;
}

void makeIdsUnique(Plan& plan, std::set<std::string>& used) {
  std::set<std::string> mine;
  for (auto& step : plan.steps) {
    if (step.isOver()) {
      mine.insert(step.id);
      continue;
    }
    // The ids of steps that were announced already stay.
    if (step.status == "pending" && (mine.contains(step.id) || used.contains(step.id))) {
      const auto base = step.id;
      for (int number = 2; mine.contains(step.id) || used.contains(step.id); ++number)
        step.id = base + "-" + std::to_string(number);
    }
    mine.insert(step.id);
  }
  used.insert(mine.begin(), mine.end());
}

Outcome readOutcome(std::string_view answer) {
  Document read;
  const auto first = answer.find_first_not_of(" \t\r\n");
  const bool looksLikeIt = first != std::string_view::npos && (answer[first] == '{' || answer[first] == '`');
  if (!looksLikeIt || !repairJsonObject(answer, read)) return {true, cleanText(answer)};
  const auto* result = memberOf(read, "result");
  if (result == nullptr) result = memberOf(read, "message");
  if (result == nullptr) return {true, cleanText(answer)};
  return {boolMember(read, "success", true), textOf(*result), attachmentsOf(read)};
}

std::string growingMember(std::string_view answer, std::string_view name) {
  Document read;
  return repairJsonObject(answer, read) ? cleanMember(read, name) : std::string();
}

std::string toText(const Progress& progress) {
  const auto& plan = progress.plan;
  return json::object({{"phase", mortise::detail::nameOf(progress.phase)},
                       {"title", plan.title},
                       {"language", plan.language},
                       {"steps", json::list(plan.steps,
                                            [](const PlanStep& step) {
                                              return json::object({{"id", step.id},
                                                                   {"description", step.description},
                                                                   {"status", step.status},
                                                                   {"result", step.result}});
                                            })},
                       {"message", progress.message},
                       {"attachments", json::list(progress.attachments)},
                       {"used_ids", json::list(progress.usedIds)},
                       {"approval_asked", progress.approvalAsked},
                       {"approved", progress.approved}})
      .text();
}

Progress readProgress(std::string_view text) {
  Progress out;
  Document read;
  if (!parseJson(text, read)) return out;
  mortise::detail::readName(textMember(read, "phase"), out.phase);
  out.plan.title = textMember(read, "title");
  out.plan.language = textMember(read, "language");
  if (const auto* steps = mortise::models::listMember(read, "steps")) {
    for (const auto& step : steps->GetArray())
      out.plan.steps.push_back({textMember(step, "id"), textMember(step, "description"), textMember(step, "status"),
                                textMember(step, "result")});
  }
  out.message = textMember(read, "message");
  out.attachments = attachmentsOf(read);
  if (const auto* ids = mortise::models::listMember(read, "used_ids")) {
    for (const auto& id : ids->GetArray()) out.usedIds.insert(textOf(id));
  }
  out.approvalAsked = textMember(read, "approval_asked");
  out.approved = textMember(read, "approved");
  return out;
}

bool isAffirmative(std::string_view reply) {
  const auto words = wordsOf(reply);
  if (words.empty()) return false;
  // Whatever takes something back, or asks, is no consent.
  for (const std::string_view no :
       {"?", "？", "不", "别", "別", "勿", "否", "没", "沒", "吗", "嗎", "但", "等", "停", "取消", "拒绝", "拒絕"}) {
    if (reply.find(no) != std::string_view::npos) return false;
  }
  for (const auto& word : words) {
    if (word.ends_with("n't")) return false;
    for (const std::string_view no :
         {"no", "not", "nope", "never", "dont", "cant", "cannot", "wont", "but", "wait", "stop", "cancel"}) {
      if (word == no) return false;
    }
  }
  constexpr std::string_view kYes[] = {
      "yes",    "y",     "ok",      "okay",     "sure",     "confirm",  "confirmed", "approve", "approved", "agree",
      "agreed", "allow", "proceed", "是",       "是的",     "好",       "好的",      "好吧",    "好啊",     "同意",
      "我同意", "确认",  "確認",    "可以",     "可以的",   "允许",     "允許",      "批准",    "行",       "对",
      "对的",   "對",    "對的",    "同意执行", "确认执行", "可以执行", "允许执行",  "批准执行"};
  return std::find(std::begin(kYes), std::end(kYes), words.front()) != std::end(kYes);
}

}  // namespace agent
