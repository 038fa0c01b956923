// The plan of a task, and where the task is: what the row of its session keeps between two states.
#pragma once

#include <rapidjson/document.h>
#include <mortise/names.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "conversations/events.hpp"

namespace agent {

enum class Phase { idle, planning, executing, updating, summarizing, waiting };
constexpr auto mortiseNames(Phase) {
  return mortise::names<Phase>({{Phase::idle, "idle"},
                                {Phase::planning, "planning"},
                                {Phase::executing, "executing"},
                                {Phase::updating, "updating"},
                                {Phase::summarizing, "summarizing"},
                                {Phase::waiting, "waiting"}});
}

constexpr std::size_t kTitleCharacters = 200;  // of a plan

struct PlanStep {
  std::string id;
  std::string description;
  std::string status = "pending";  // pending, running, completed, failed
  std::string result{};

  bool isOver() const { return status == "completed" || status == "failed"; }
};

struct Plan {
  std::string title;
  std::string language;
  std::string message;  // the reply to the user
  std::vector<PlanStep> steps;

  // The first step that is not over; null: all are.
  PlanStep* next();
  std::vector<StepView> views() const;
};

// What the planner answered; empty: no plan can be read out of it.
std::optional<Plan> readPlan(std::string_view answer);
// When the planner's answer is no plan: one step, which is the user's message.
Plan fallbackPlan(std::string_view answer, std::string_view message, bool hasAttachments);
// The remaining steps in the planner's answer take the place of those from the first that is not over on. False: the
// answer has no list of steps, and the plan stays.
bool updatePlan(std::string_view answer, Plan& plan);
// Gives steps ids that no step of the session had before, but for those that are over; `used` gets them.
void makeIdsUnique(Plan& plan, std::set<std::string>& used);

// The paths that the member `attachments` names, a text or a list: 50 at most, since each of them is fetched from the box.
std::vector<std::string> attachmentsOf(const rapidjson::Value& object);
// What an agent answers at the end of a step, and of the task: {success, result | message, attachments}.
struct Outcome {
  bool success = true;
  std::string text;
  std::vector<std::string> attachments{};
};
// An answer that is no such object is the text.
Outcome readOutcome(std::string_view answer);
// The member of that name as far as it was written yet; empty: it has not begun.
std::string growingMember(std::string_view answer, std::string_view name);

struct Progress {
  Phase phase = Phase::idle;
  Plan plan;
  std::string message;                   // what the user wants
  std::vector<std::string> attachments;  // paths in the box, or names
  std::set<std::string> usedIds;         // of steps
  std::string approvalAsked;             // the function that the last refused call of high risk named
  std::string approved;                  // the user agreed to one call of it
};
std::string toText(const Progress& progress);
Progress readProgress(std::string_view text);

// Whether a reply to a question agrees: its first word is yes, ok, 是, 同意, 确认, … and nothing in it says no or asks.
bool isAffirmative(std::string_view reply);

}  // namespace agent
