#include "loop/model_caller.hpp"

#include <mortise/characters.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include "conversations/failure_texts.hpp"
#include "json_text.hpp"

namespace agent {
namespace {

namespace models = mortise::models;
using Clock = std::chrono::steady_clock;
using Cause = models::Error::Cause;
using std::chrono::milliseconds;

constexpr milliseconds kPause{1000};          // between two attempts
constexpr milliseconds kMaxPause{60000};      // a server that asks for more is given up
constexpr milliseconds kSlice{100};           // how late a stop is noticed
constexpr milliseconds kIdle{300000};         // no byte for that long
constexpr std::size_t kSummarized = 200'000;  // characters of a memory that one summary reads

void sleep(RunningTask& task, milliseconds pause) {
  for (const auto until = Clock::now() + pause; Clock::now() < until;) {
    task.check();
    std::this_thread::sleep_for(std::min<Clock::duration>(kSlice, until - Clock::now()));
  }
}

FailureText textOf(Cause cause) {
  switch (cause) {
    case Cause::addressRefused:
      return FailureText::modelAddressRefused;
    case Cause::denied:
      return FailureText::modelDenied;
    case Cause::rejected:
      return FailureText::modelRejected;
    case Cause::busy:
      return FailureText::modelBusy;
    case Cause::timedOut:
      return FailureText::modelTimedOut;
    case Cause::unreadable:
      return FailureText::modelUnreadable;
    case Cause::tooLarge:
      return FailureText::modelTooLong;
    case Cause::contextTooLong:
      return FailureText::modelContextTooLong;
    case Cause::unavailable:
    case Cause::stopped:
      break;
  }
  return FailureText::modelUnreachable;
}

// Whether the same question may be answered the next time.
bool passes(Cause cause) {
  return cause == Cause::busy || cause == Cause::unavailable || cause == Cause::timedOut || cause == Cause::unreadable;
}

models::Endpoint endpointOf(const ModelSettings& model) {
  return models::endpointFor({.model = model.name, .baseUrl = model.baseUrl, .apiKey = model.apiKey});
}

}  // namespace

ModelDesk::ModelDesk(mortise::Host host, const TokenBudget& tokens, milliseconds timeout)
    : client_(host.httpClient()),
      log_(host.log()),
      tokens_(tokens),
      timeout_(timeout),
      input_(host.metrics().counter("tokens_total", "Tokens of questions to models, and of their answers",
                                    {{"kind", "input"}})),
      output_(host.metrics().counter("tokens_total", "Tokens of questions to models, and of their answers",
                                     {{"kind", "output"}})),
      answered_(host.metrics().counter("model_calls_total", "Questions to models", {{"outcome", "answered"}})),
      failed_(host.metrics().counter("model_calls_total", "Questions to models", {{"outcome", "failed"}})),
      compactions_(host.metrics().counter("compactions_total", "Memories that were made shorter")),
      firstToken_(host.metrics().histogram("time_to_first_token_seconds", "Until a model said its first word", {},
                                           {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120})) {}

models::Answer ModelDesk::attempt(RunningTask& task, const models::Question& question, const ModelSettings& model,
                                  const Options& options, std::string& text) const {
  const auto began = Clock::now();
  bool isFirst = true;
  std::exception_ptr thrown;
  try {
    return client_.stream(endpointOf(model), question, [&](std::string_view piece) {
      if (std::exchange(isFirst, false)) {
        firstToken_.observe(std::chrono::duration<double>(Clock::now() - began).count());
        text.clear();
      }
      text.append(piece);
      if (task.stop().isRaised()) return false;
      if (!options.onText) return true;
      try {
        options.onText(text, false);
        return true;
      } catch (...) {
        thrown = std::current_exception();
        return false;
      }
    });
  } catch (const models::Error& error) {
    if (thrown) std::rethrow_exception(thrown);
    if (error.cause() == Cause::stopped || task.stop().isRaised()) throw TaskStopped();
    throw;
  }
}

void ModelDesk::count(RunningTask& task, const models::Answer& answer) const {
  answered_.add();
  input_.add(static_cast<std::uint64_t>(std::max<std::int64_t>(0, answer.usage.inputTokens)));
  output_.add(static_cast<std::uint64_t>(std::max<std::int64_t>(0, answer.usage.outputTokens)));
  tokens_.take(task.session().owner.value_or(""), answer.usage.inputTokens + answer.usage.outputTokens);
}

void ModelDesk::fit(RunningTask& task, AgentMemory& memory, const ModelSettings& model) const {
  if (!model.context.guarded || memory.due(model.context, model.name) == AgentMemory::Compaction::none) return;
  compactions_.add();
  memory.compact(model.context, model.name, [&](const std::string& text) -> std::optional<std::string> {
    models::Question question;
    question.model = model.name;
    question.messages = {
        models::system("Summarize the conversation below for the assistant who goes on with it. Keep facts, decisions, "
                       "results, open questions, and every path, URL and identifier exactly. Answer with the summary "
                       "only, in the language of the conversation."),
        models::user(mortise::firstCharacters(text, kSummarized))};
    question.maxTokens = 4096;
    question.olderLimit = true;
    question.timeout = std::min(timeout_, milliseconds(300000));
    question.stopped = [&task] { return task.stop().isRaised(); };
    try {
      std::string summary;
      const auto answer = attempt(task, question, model, {}, summary);
      count(task, answer);
      return answer.text;
    } catch (const models::Error& error) {
      log_.warning("a memory can't be summarized and is cut",
                   {{"session", task.session().id}, {"reason", error.note()}});
      return std::nullopt;
    }
  });
}

models::Answer ModelDesk::ask(RunningTask& task, AgentMemory& memory, const ModelSettings& model,
                              const LoopSettings& limits, const Options& options) const {
  std::int64_t overflows = 0;
  auto reason = FailureText::modelSilent;
  std::string text;  // of the last attempt that brought any
  const auto failure = [&](FailureText what) {
    if (options.onText && !text.empty()) options.onText(text, true);
    return ModelFailure(std::string(failureText(what, task.session().language)));
  };
  for (std::int64_t number = 1;; ++number) {
    task.check();
    try {
      tokens_.require(task.session().owner.value_or(""));
    } catch (const mortise::Problem&) {
      throw failure(FailureText::tokensUsed);
    }
    fit(task, memory, model);
    models::Question question;
    question.model = model.name;
    question.messages = memory.messages();
    question.tools = options.tools;
    question.jsonAnswer = options.jsonAnswer;
    question.temperature = model.temperature;
    question.olderLimit = true;
    question.maxTokens = model.maxTokens > 0 ? model.maxTokens : ModelSettings().maxTokens;
    question.timeout = timeout_;
    question.idleTimeout = std::min(timeout_, kIdle);
    question.tries = 1;
    question.stopped = [&task] { return task.stop().isRaised(); };
    milliseconds pause = kPause;
    auto before = text;
    try {
      auto answer = attempt(task, question, model, options, text);
      count(task, answer);
      const bool isEmpty = answer.toolCalls.empty() && answer.text.find_first_not_of(" \t\r\n") == std::string::npos;
      if (!isEmpty) {
        if (answer.toolCalls.size() > 1) answer.toolCalls.resize(1);
        // Some models number their calls anew each time; clients tell calls apart by their ids.
        for (auto& call : answer.toolCalls) call.id = mortise::makePrefixedId("call_", 12);
        auto said = models::assistant(answer.text, answer.toolCalls);
        said.reasoning = answer.reasoning;
        memory.add(std::move(said));
        memory.reportUsage(answer.usage.inputTokens + answer.usage.outputTokens);
        return answer;
      }
      reason = FailureText::modelSilent;
      text = std::move(before);
      memory.add(models::user("Your answer was empty. Go on: call a tool, or give the final answer."));
    } catch (const models::Error& error) {
      failed_.add();
      reason = textOf(error.cause());
      log_.warning("a model did not answer",
                   {{"session", task.session().id}, {"attempt", number}, {"reason", error.note()}});
      if (error.cause() == Cause::contextTooLong && overflows < model.context.overflowRetries) {
        ++overflows;
        --number;
        compactions_.add();
        memory.cut();
        continue;
      }
      if (!passes(error.cause()) || number >= limits.maxRetries) {
        const auto last = failure(reason);  // the text first, then why there is no more of it
        task.modelFailed(error);
        throw last;
      }
      if (error.retryAfter() > 0) pause = std::max<milliseconds>(kPause, std::chrono::seconds(error.retryAfter()));
      if (pause > kMaxPause) throw failure(reason);
    }
    if (number >= limits.maxRetries) throw failure(reason);
    sleep(task, pause);
  }
}

}  // namespace agent
