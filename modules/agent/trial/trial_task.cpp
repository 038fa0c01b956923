#include "trial/trial_task.hpp"

#include <mortise/characters.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <utility>

#include "json_text.hpp"

namespace agent {
namespace {

using Cause = mortise::models::Error::Cause;

constexpr std::size_t kKindColumn = 10;
constexpr std::size_t kMaxShown = 300;  // characters of what tools take and give

Session unstored() {
  Session session;
  session.id = mortise::makeUuid();
  session.language = "en";  // as everything that a command prints
  return session;
}

std::string shortened(const std::string& text) {
  return mortise::characterCount(text) <= kMaxShown ? text : mortise::firstCharacters(text, kMaxShown) + "…";
}

std::string oneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string textOf(const rapidjson::Value& event, const char* name) {
  const auto* value = memberOf(event, name);
  return value == nullptr ? std::string() : shortened(oneLine(mortise::models::toText(*value)));
}

}  // namespace

std::string adviceOn(const mortise::models::Error& error) {
  const auto status = error.httpStatus() == 0 ? std::string() : " (" + std::to_string(error.httpStatus()) + ")";
  switch (error.cause()) {
    case Cause::addressRefused:
      return "this server may not connect to the model's address: a private one needs http_client.allow_private";
    case Cause::denied:
      return "the model's server does not take the key" + status +
             ": set another one at POST /api/app-config/llm, or agent.model_api_key";
    case Cause::rejected:
      return "the model's server refuses the request" + status +
             ": check the base URL (it often ends in /v1), the model's name and its greatest answer (max_tokens)";
    case Cause::busy:
      return "the model's server is busy, or the account has no credit left" + status +
             (error.retryAfter() > 0 ? ": it wants to be asked again in " + std::to_string(error.retryAfter()) + " s"
                                     : ": try again later");
    case Cause::unavailable:
      return status.empty() ? "no connection to the model's server: check the base URL, the name and the network"
                            : "the model's server has a fault" + status + ": try again later";
    case Cause::timedOut:
      return "the model did not answer in time: try a longer --timeout, or check the network";
    case Cause::unreadable:
      return "what answers there speaks no chat completions, a page or something else came: check the base URL (it "
             "often ends in /v1)";
    case Cause::tooLarge:
      return "the model's answer is too large";
    case Cause::contextTooLong:
      return "the prompt is longer than what the model takes" + status;
    case Cause::stopped:
      return "stopped";
  }
  return error.note();
}

TrialTask::TrialTask(mortise::Db db, const SessionStore& store, const LiveEvents& live, mortise::Command& command,
                     std::string prompt, StopSign stop)
    : RunningTask(db, store, live, unstored(), "trial", false, std::move(stop), 0),
      command_(command),
      prompt_(std::move(prompt)) {}

void TrialTask::write(const Happening& happening) {
  check();
  for (const auto& event : happening.events) print(event);
}

void TrialTask::notifyPartial(const NewEvent& message) {
  check();
  print(message);
}

std::optional<Input> TrialTask::takeInput(const Happening& happening) {
  write(happening);
  if (!prompt_) return std::nullopt;
  Input input;
  input.text = *std::exchange(prompt_, std::nullopt);
  return input;
}

bool TrialTask::finish(SessionStatus status, const Happening& happening) {
  write(happening);
  if (status == SessionStatus::waiting) line("wait", "the agent waits for an answer; the trial ends here");
  finished_ = true;
  return true;
}

void TrialTask::end(const Happening& happening) {
  for (const auto& event : happening.events) print(event);
}

// The first failure is what the operator wants to know: the rest of the task would fail in the same way.
void TrialTask::modelFailed(const mortise::models::Error& error) {
  failed_ = true;
  explained_ = true;
  endMessage();
  command_.writeError(adviceOn(error) + "\n");
  stop().raise();
}

void TrialTask::line(std::string_view kind, std::string_view text) {
  endMessage();
  std::string out(kind);
  out.append(std::max(kKindColumn, out.size() + 1) - out.size(), ' ');
  command_.write(out.append(text).append("\n"));
}

void TrialTask::endMessage() {
  if (std::exchange(open_, false)) command_.write("\n");
}

void TrialTask::grow(const std::string& streamId, const std::string& text) {
  if (streamId != streamId_ || !text.starts_with(printed_)) {
    endMessage();
    streamId_ = streamId;
    printed_.clear();
  }
  if (!std::exchange(open_, true) && printed_.empty()) command_.write("message   ");
  command_.write(std::string_view(text).substr(printed_.size()));
  printed_ = text;
}

void TrialTask::print(const NewEvent& event) {
  rapidjson::Document data;
  if (!parseJson(dataOf(event, {}, 0), data)) return;
  if (event.kind == "message") {
    grow(textMember(data, "stream_id"), textMember(data, "message"));
    if (!boolMember(data, "partial")) endMessage();
  } else if (event.kind == "title") {
    line("title", oneLine(textMember(data, "title")));
  } else if (event.kind == "plan") {
    const auto* steps = memberOf(data, "steps");
    const bool isList = steps != nullptr && steps->IsArray();
    const auto count = isList ? steps->Size() : 0;
    line("plan", std::to_string(count) + (count == 1 ? " step" : " steps"));
    if (!isList) return;
    for (const auto& step : steps->GetArray())
      line("", textMember(step, "status") + ": " + oneLine(textMember(step, "description")));
  } else if (event.kind == "step") {
    failed_ = failed_ || textMember(data, "status") == "failed";
    line("step", textMember(data, "status") + ": " + oneLine(textMember(data, "description")));
  } else if (event.kind == "tool") {
    const auto function = textMember(data, "function");
    const auto content = textOf(data, "content");
    if (textMember(data, "status") == "calling")
      line("tool", function + " is called with " + textOf(data, "args"));
    else
      line("tool", function + (content == "null" ? " is done" : " gave " + content));
  } else if (event.kind == "error") {
    failed_ = true;
    if (!explained_) {
      endMessage();
      command_.writeError(textMember(data, "error") + "\n");
    }
  }
}

}  // namespace agent
