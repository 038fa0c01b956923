#include "chats/chat_operations.hpp"

#include <mortise/ascii.hpp>
#include <mortise/json.hpp>
#include <mortise/uuid.hpp>
#include <mortise/white_space.hpp>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "json_text.hpp"

namespace agent {
namespace {

using mortise::Problem;
using mortise::Request;
namespace json = mortise::json;

constexpr std::chrono::seconds kRunLasts{120};
constexpr std::chrono::seconds kLook{3};  // without an event
constexpr std::chrono::milliseconds kTick{500};
constexpr std::size_t kMostQueued = 512U << 10U;

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
    const char* code = problem.status() == 409   ? "conflict"
                       : problem.status() == 429 ? "rate_limited"
                       : problem.status() == 503 ? "unavailable"
                                                 : nullptr;
    if (code == nullptr) throw;
    auto own = Problem(problem.status(), code).note(problem.code());
    if (problem.retryAfter() > 0) own.retryAfter(problem.retryAfter());
    throw own;
  }
}

Problem missing(const char* where) { return Problem(422, "validation_failed").field(where, "missing"); }

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
  std::map<std::string, Run, std::less<>> ended;
  {
    const std::lock_guard lock(mutex_);
    isRunning_ = false;
    for (auto& [id, run] : runs_) close(run, run.events->fail("unavailable", "服务正在停止"));
    ended.swap(runs_);
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::string ChatOperations::openThread(const std::string& wanted, const std::string& userId) {
  const auto made = [&] {
    return inOwnWords([&] { return conversations_.create(SessionKind::thread, userId, wanted).id; });
  };
  if (wanted.empty()) return made();
  auto known = conversations_.store().find(wanted);
  if (!known) {
    try {
      return made();
    } catch (const mortise::db::Error& error) {
      // Another request with this id came first.
      if (error.kind() != mortise::db::Error::Kind::exists) throw;
      known = conversations_.store().find(wanted);
      if (!known) throw;
    }
  }
  if (known->kind != SessionKind::thread || known->owner != std::optional(userId)) throw Problem(404, "not_found");
  return wanted;
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
  if (!body.message.has() && !isRunInput) throw missing("body/message");
  if (mortise::withoutSpaceAround(message).empty())
    throw Problem(422, "validation_failed")
        .field(isRunInput ? "body/messages" : "body/message", "string_too_short", {{"min_length", "1"}});

  Run run;
  run.sessionId = openThread(thread, request.principal().userId);
  run.events = std::make_unique<RunEvents>(run.sessionId, runId);
  const auto event =
      inOwnWords([&] { return conversations_.send(run.sessionId, {.text = cleanText(message), .onlyIdle = true}); });
  run.first = run.number = event.number;
  run.taken = run.started = event.id();
  run.end = Clock::now() + kRunLasts;
  run.heardAt = Clock::now();
  if (streams) {
    mortise::StreamOptions options;
    options.onClosed = [left = run.left] { *left = true; };
    run.stream = std::make_shared<mortise::EventStream>(request.openStream(std::move(options)));
  } else {
    run.call = std::make_unique<mortise::PendingCall>(request.later());
  }
  const std::lock_guard lock(mutex_);
  send(run, {run.events->begin()});
  if (!isRunning_) return close(run, run.events->fail("unavailable", "服务正在停止"));
  if (catchUp(run)) return;
  runs_.insert_or_assign(run.sessionId, std::move(run));
}

void ChatOperations::send(Run& run, const std::vector<RunEvent>& events) const {
  if (!run.stream) return;
  for (const auto& event : events) run.stream->send({}, {}, run.events->inStream(event));
}

void ChatOperations::close(Run& run, const std::vector<RunEvent>& last) {
  if (run.stream) {
    send(run, last);
    run.stream->close();
    run.stream.reset();
    return;
  }
  if (!run.call) return;
  // All of it, as it is kept.
  const auto& whole = *run.events;
  json::List list;
  list.add(json::raw(whole.inList(whole.begin())));
  std::string output;
  try {
    auto again = whole.afresh();
    auto place = run.first;
    for (;;) {
      const auto page = conversations_.store().page(run.sessionId, place, 500, 4U << 20U);
      if (page.events.empty()) break;
      for (const auto& event : page.events) {
        place = event.number;
        for (const auto& each : again.add(event.kind, event.data)) list.add(json::raw(again.inList(each)));
      }
    }
    output = again.output();
  } catch (const std::exception& error) {
    log_.warning("the events of a run can't be read", {{"session", run.sessionId}, {"reason", error.what()}});
  }
  for (auto each : last) {
    if (each.type == "TEXT_MESSAGE_END") continue;
    if (each.type == "RUN_FINISHED") each.output = output;
    list.add(json::raw(whole.inList(each)));
  }
  run.call->answer(
      mortise::Reply::ok(json::object({{"session_id", run.sessionId}, {"output", output}, {"events", list}})));
  run.call.reset();
}

bool ChatOperations::give(Run& run, std::string_view kind, std::string_view data) {
  if (kind == "error") {
    rapidjson::Document read;
    close(run, run.events->fail("agent_failed", parseJson(data, read) ? textMember(read, "error") : std::string()));
    return true;
  }
  if (kind == "done" || kind == "wait") {
    close(run, run.events->finish());
    return true;
  }
  send(run, run.events->add(kind, data));
  return false;
}

bool ChatOperations::catchUp(Run& run) {
  run.heardAt = Clock::now();
  for (;;) {
    const auto page = conversations_.store().page(run.sessionId, run.number, 200, 1U << 20U);
    for (const auto& event : page.events) {
      run.number = event.number;
      run.taken = event.id();
      if (give(run, event.kind, event.data)) return true;
    }
    if (page.isGone || (page.events.empty() && !page.isRunning())) {
      close(run, run.events->fail("agent_failed", "任务中断"));
      return true;
    }
    if (page.events.empty()) return false;
  }
}

void ChatOperations::take(const mortise::Event& event) {
  const std::lock_guard lock(mutex_);
  const auto at = runs_.find(sessionOf(event.payload));
  if (at == runs_.end()) return;
  auto& run = at->second;
  const auto live = readLiveEvent(event.payload);
  if (!live) return;
  bool isOver = false;
  try {
    if (live->number == run.number + (live->partial ? 0 : 1) && live->id > run.taken) {
      run.number = live->number;
      run.taken = live->id;
      run.heardAt = Clock::now();
      const bool isSlow = live->partial && run.stream && run.stream->queued() > kMostQueued;
      if (!isSlow) isOver = give(run, live->kind, live->data);
    } else if (live->number > run.number) {
      isOver = catchUp(run);
    }
  } catch (const std::exception& error) {
    log_.warning("an event of a run is left to the database", {{"session", run.sessionId}, {"reason", error.what()}});
  }
  if (isOver) runs_.erase(at);
}

void ChatOperations::run() {
  for (;;) {
    std::vector<std::pair<std::string, EventId>> stopped;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kTick, [&] { return !isRunning_; });
      if (!isRunning_) return;
      for (auto at = runs_.begin(); at != runs_.end();) {
        auto& run = at->second;
        bool isOver = false;
        try {
          if (*run.left || (run.call && run.call->clientGone())) {
            stopped.emplace_back(run.sessionId, run.started);
            isOver = true;
          } else if (Clock::now() > run.end) {
            stopped.emplace_back(run.sessionId, run.started);
            close(run, run.events->fail("timeout", "运行超时"));
            isOver = true;
          } else if (Clock::now() - run.heardAt > kLook) {
            isOver = catchUp(run);
          }
        } catch (const std::exception& error) {
          log_.warning("a run can't be looked at; the next look tries again",
                       {{"session", run.sessionId}, {"reason", error.what()}});
        }
        at = isOver ? runs_.erase(at) : std::next(at);
      }
    }
    for (const auto& [id, started] : stopped) {
      try {
        conversations_.stopTask(id, started);  // the thread may have begun another one
      } catch (const std::exception& error) {
        log_.warning("a run can't be stopped", {{"session", id}, {"reason", error.what()}});
      }
    }
  }
}

}  // namespace agent
