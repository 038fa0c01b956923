#include "chats/chat_operations.hpp"

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>
#include <mortise/json.hpp>
#include <mortise/uuid.hpp>
#include <mortise/white_space.hpp>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "conversations/failure_texts.hpp"
#include "conversations/session_access.hpp"
#include "json_text.hpp"

namespace agent {
namespace {

using mortise::Problem;
using mortise::Request;
namespace json = mortise::json;

constexpr std::chrono::seconds kRunLasts{120};
constexpr std::chrono::seconds kLook{3};  // without an event
constexpr std::chrono::milliseconds kTick{500};
constexpr std::size_t kMaxQueued = 512U << 10U;
constexpr std::size_t kMaxCharacters = 8000;  // of a message, in either form
constexpr std::int64_t kBatch = 500;
constexpr std::size_t kBatchBytes = 1U << 20U;

// The last message of a user in AG-UI's run input: a text, or parts of which some are texts.
std::string lastOfUser(const mortise::Json& messages) {
  std::string out;
  for (const auto message : messages) {
    if (message["role"].text() != "user") continue;
    out = message["content"].text().string();
    for (const auto part : message["content"]) out += part["text"].text().string();
  }
  return out;
}

// The codes of this family.
template <class Work>
auto inOwnWords(Work&& work) {
  try {
    return work();
  } catch (const Problem& problem) {
    const char* code = problem.status() == 404   ? "not_found"
                       : problem.status() == 409 ? "conflict"
                       : problem.status() == 429 ? "rate_limited"
                       : problem.status() == 503 ? "unavailable"
                                                 : nullptr;
    if (code == nullptr) throw;
    auto own = Problem(problem.status(), code).note(problem.code());
    if (problem.retryAfter() > 0) own.retryAfter(problem.retryAfter());
    throw own;
  }
}

Problem invalid(const char* where, const char* rule, mortise::Params params = {}) {
  return Problem(422, "validation_failed").field(where, rule, std::move(params));
}

}  // namespace

ChatOperations::ChatOperations(mortise::Host host, Conversations& conversations)
    : events_(host.events()), log_(host.log()), conversations_(conversations) {}

void ChatOperations::start() {
  {
    const std::lock_guard lock(mutex_);
    isRunning_ = true;
  }
  thread_ = std::thread([this] { run(); });
  live_ = events_.subscribe(kLiveTopic, [this](const mortise::Event& event) { take(event); });
}

void ChatOperations::stop() {
  live_.end();
  std::multimap<std::string, RunPtr, std::less<>> ended;
  {
    const std::lock_guard lock(mutex_);
    isRunning_ = false;
    ended.swap(runs_);
    due_.clear();
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  for (const auto& [id, run] : ended) {
    const std::lock_guard lock(run->mutex);
    fail(*run, run->number, "unavailable", failureText(FailureText::serverStops, run->language));
  }
}

void ChatOperations::runAgentChat(Request& request, const agent_contract::chats::AgentChatRequest& body) {
  const bool streams = request.header("accept").string().find("text/event-stream") != std::string::npos;
  auto message = body.message.valueOr("");
  auto thread = mortise::asciiLowerCase(body.sessionId.valueOr(""));
  auto runId = mortise::makeUuid();
  const bool isRunInput = streams && body.thread.has();
  if (isRunInput) {
    thread = mortise::asciiLowerCase(*body.thread);
    runId = body.run.valueOr(runId);
    message = lastOfUser(request.body()["messages"]);
  }
  const char* const where = isRunInput ? "body/messages" : "body/message";
  if (!body.message.has() && !isRunInput) throw invalid(where, "missing");
  if (mortise::withoutSpaceAround(message).empty()) throw invalid(where, "string_too_short", {{"min_length", "1"}});
  if (mortise::characterCount(message) > kMaxCharacters)
    throw invalid(where, "string_too_long", {{"max_length", std::to_string(kMaxCharacters)}});

  const std::string language = request.language();
  const auto run = std::make_shared<Run>(thread.empty() ? mortise::makeUuid() : thread, runId, language);
  const auto event = inOwnWords([&] {
    return conversations_.send(run->sessionId, {.text = cleanText(message),
                                                .onlyIdle = true,
                                                .language = language,
                                                .threadOf = request.principal().userId.string()});
  });
  run->number = event.number;
  run->taken = run->started = event.id();
  run->end = Clock::now() + kRunLasts;
  run->heardAt = Clock::now();
  try {
    if (streams) {
      mortise::StreamOptions options;
      options.onClosed = [left = run->left] { *left = true; };
      run->stream = std::make_unique<mortise::EventStream>(request.openStream(std::move(options)));
    } else {
      run->call = std::make_unique<mortise::PendingCall>(request.later());
    }
  } catch (...) {
    stopTask(*run);  // nobody waits for it
    throw;
  }
  {
    const std::lock_guard lock(run->mutex);
    deliver(*run, {run->events.begin()});
  }
  bool isTaken = false;
  {
    const std::lock_guard lock(mutex_);
    isTaken = isRunning_;
    if (isTaken) {
      runs_.emplace(run->sessionId, run);
      due_.insert(run);
      wake_.notify_all();
    }
  }
  if (isTaken) return;
  const std::lock_guard lock(run->mutex);
  fail(*run, run->number, "unavailable", failureText(FailureText::serverStops, run->language));
}

mortise::Reply ChatOperations::deleteAgentChat(const Request& request) {
  const auto id = mortise::asciiLowerCase(request.path("session_id").string());
  const auto thread = conversations_.store().find(id);
  if (!thread || thread->kind != SessionKind::thread || !owns(request, *thread) || !conversations_.remove(id))
    throw Problem(404, "not_found");
  log_.info("a thread was deleted", {{"session", id}, {"by", request.principal().userId}});
  return mortise::Reply::status(204);
}

void ChatOperations::deliver(Run& run, const std::vector<RunEvent>& events) {
  for (const auto& event : events) {
    if (run.stream) {
      run.stream->send({}, {}, run.events.inStream(event));
    } else {
      if (!run.list.empty()) run.list += ',';
      run.list += run.events.inList(event);
    }
  }
}

void ChatOperations::close(Run& run) {
  run.isEnded = true;
  if (run.stream) run.stream->close();
  run.stream.reset();
  if (!run.call) return;
  run.call->answer(mortise::Reply::ok(json::object({{"session_id", run.sessionId},
                                                    {"output", run.events.output()},
                                                    {"events", json::raw("[" + std::move(run.list) + "]")}})));
  run.call.reset();
}

void ChatOperations::fail(Run& run, std::int64_t place, std::string_view code, std::string_view text) {
  if (run.isEnded) return;
  // What was said so far of a message that did not end.
  if (!run.growing.empty() && run.growsBehind == place) deliver(run, run.events.add("message", run.growing));
  deliver(run, run.events.fail(code, text));
  close(run);
}

bool ChatOperations::give(Run& run, std::string_view kind, std::string_view data) {
  if (kind == "error") {
    rapidjson::Document read;
    fail(run, run.number - 1, "agent_failed", parseJson(data, read) ? textMember(read, "error") : std::string());
    return true;
  }
  if (kind == "done" || kind == "wait") {
    deliver(run, run.events.finish());
    close(run);
    return true;
  }
  deliver(run, run.events.add(kind, data));
  return false;
}

void ChatOperations::due(const RunPtr& run) {
  const std::lock_guard lock(mutex_);
  due_.insert(run);
  wake_.notify_all();
}

void ChatOperations::remove(const RunPtr& run) {
  const std::lock_guard lock(mutex_);
  const auto [first, last] = runs_.equal_range(run->sessionId);
  const auto at = std::find_if(first, last, [&](const auto& each) { return each.second == run; });
  if (at != last) runs_.erase(at);
  due_.erase(run);
}

bool ChatOperations::catchUp(const RunPtr& run) {
  std::int64_t number = 0;
  {
    const std::lock_guard lock(run->mutex);
    if (run->isEnded) return false;
    run->isBehind = true;
    run->heardAt = Clock::now();
    number = run->number;
  }
  const auto page = conversations_.store().page(run->sessionId, number, kBatch, kBatchBytes);
  bool isOver = false;
  {
    const std::lock_guard lock(run->mutex);
    for (const auto& event : page.events) {
      run->number = event.number;
      run->taken = event.id();
      isOver = give(*run, event.kind, event.data);
      if (isOver) break;
    }
    if (!isOver && (page.isGone || (run->number >= page.newest && !page.isRunning()))) {
      fail(*run, run->number, "agent_failed", failureText(FailureText::runInterrupted, run->language));
      isOver = true;
    }
    run->isBehind = !isOver && (run->number < page.newest || run->told > run->number);
    if (!isOver) return run->isBehind && !page.events.empty();
  }
  remove(run);
  return false;
}

void ChatOperations::take(const mortise::Event& event) {
  std::vector<RunPtr> runs;
  {
    const std::lock_guard lock(mutex_);
    if (event.lost > 0) {
      for (const auto& [id, run] : runs_) due_.insert(run);
      wake_.notify_all();
    }
    const auto [first, last] = runs_.equal_range(sessionOf(event.payload));
    for (auto at = first; at != last; ++at) runs.push_back(at->second);
  }
  if (runs.empty()) return;
  const auto live = readLiveEvent(event.payload);
  if (!live) return;
  for (const auto& run : runs) {
    bool isDue = false, isOver = false;
    {
      const std::lock_guard lock(run->mutex);
      if (run->isEnded) continue;
      run->heardAt = Clock::now();
      const bool isNext = live->number == run->number + (live->partial ? 0 : 1) && live->id > run->taken;
      if (!live->partial) run->told = std::max(run->told, live->number);
      if (run->call) {
        if (live->partial) {
          run->growing = live->data;
          run->growsBehind = live->number;
        }
        isDue = endsStream(live->kind) || live->kind == "deleted";
      } else if (run->isBehind || live->kind == "deleted") {
        isDue = !live->partial;
      } else if (isNext) {
        const bool isSlow = live->partial && run->stream->queued() > kMaxQueued;
        run->number = live->number;
        run->taken = live->id;
        if (!isSlow) isOver = give(*run, live->kind, live->data);
      } else if (live->number > run->number) {
        isDue = run->isBehind = true;
      }
    }
    if (isDue) due(run);
    if (isOver) remove(run);
  }
}

void ChatOperations::stopTask(const Run& run) {
  try {
    conversations_.stopTask(run.sessionId, run.started);  // the thread may have begun another one
  } catch (const std::exception& error) {
    log_.warning("a run can't be stopped", {{"session", run.sessionId}, {"reason", error.what()}});
  }
}

void ChatOperations::logUnread(const Run& run, const std::exception& error) const {
  log_.warning("a run can't be looked at; the next look tries again",
               {{"session", run.sessionId}, {"reason", error.what()}});
}

void ChatOperations::look(const RunPtr& run) {
  const bool isLate = Clock::now() > run->end;
  if (isLate) {
    while (catchUp(run)) {
      // All of it was said in time.
    }
  }
  {
    const std::lock_guard lock(run->mutex);
    if (run->isEnded) return;
    const bool isLeft = *run->left || (run->call && run->call->clientGone());
    if (!isLeft && !isLate) return;
    fail(*run, run->number, "timeout", failureText(FailureText::runTimedOut, run->language));
  }
  remove(run);
  stopTask(*run);
}

void ChatOperations::run() {
  for (;;) {
    std::vector<RunPtr> all;
    std::set<RunPtr> due;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kTick, [&] { return !isRunning_ || !due_.empty(); });
      if (!isRunning_) return;
      due.swap(due_);
      const auto silent = Clock::now() - kLook;
      for (const auto& [id, run] : runs_) {
        all.push_back(run);
        if (run->heardAt.load() < silent) due.insert(run);
      }
    }
    for (const auto& run : due) {
      try {
        if (catchUp(run)) this->due(run);
      } catch (const std::exception& error) {
        logUnread(*run, error);
      }
    }
    for (const auto& run : all) {
      try {
        look(run);
      } catch (const std::exception& error) {
        logUnread(*run, error);
      }
    }
  }
}

}  // namespace agent
