#include "settings/judge_operations.hpp"

#include <mortise/time.hpp>

#include <chrono>
#include <utility>

namespace session_sharing {
namespace {

namespace contract = sync_contract::settings;
namespace json = mortise::json;
namespace models = mortise::models;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;

constexpr std::chrono::seconds kTestTime{20};
constexpr std::chrono::seconds kListTime{15};

json::Object view(const std::optional<JudgeSettings>& settings) {
  json::Object out;
  out.add("provider", settings ? settings->provider : "")
      .add("model", settings ? settings->model : "")
      .add("key_set", settings.has_value())
      .add("base_url", settings ? settings->baseUrl : std::nullopt);
  return out;
}

// English, as all that is not an error's message.
json::List warningsFor(const session_sharing::Judge& judge, bool hasKey) {
  json::List out;
  if (!hasKey && !judge.baseUrl) out.add("No key is saved: each audit has to bring one.");
  const auto usual = models::nameOf(models::providerOf(judge.model));
  if (!judge.baseUrl && judge.provider != usual && judge.provider != "openrouter")
    out.add("A model of this name is usually served by " + std::string(usual) + ", not by " + judge.provider + ".");
  return out;
}

}  // namespace

std::string_view reasonOf(const models::Error& error) {
  using Cause = models::Error::Cause;
  switch (error.cause()) {
    case Cause::addressRefused:
      return "address_refused";
    case Cause::denied:
      return "denied";
    case Cause::rejected:
    case Cause::contextTooLong:
      return "rejected";
    case Cause::busy:
      return "busy";
    case Cause::timedOut:
      return "timed_out";
    case Cause::unreadable:
      return "unreadable";
    case Cause::tooLarge:
      return "too_large";
    case Cause::stopped:
      return "stopped";
    case Cause::unavailable:
      break;
  }
  return "unavailable";
}

JudgeOperations::JudgeOperations(mortise::Host host, const Judges& judges)
    : db_(host.db()), audit_(host.audit()), client_(host.httpClient()), judges_(judges) {}

Reply JudgeOperations::readJudgeSettings(const Request& request) {
  return Reply::ok(view(judges_.store().find(request.principal().userId)));
}

Reply JudgeOperations::saveJudgeSettings(const Request& request, const contract::NewJudgeSettings& body) {
  const std::string userId = request.principal().userId;
  if (body.provider.empty()) throw Problem(422, "unknown_provider");
  const auto saved = judges_.store().find(userId);
  auto judge = judges_.judgeOf(
      {.provider = body.provider, .model = body.model, .apiKey = body.apiKey, .baseUrl = body.baseUrl.valueOr("")});
  if (judge.endpoint.apiKey.empty()) judge.endpoint.apiKey = judges_.savedKey(saved, judge.endpoint);
  if (judge.baseUrl && (!saved || saved->baseUrl != judge.baseUrl)) tryOut(request, judge);
  JudgeSettings settings;
  settings.userId = userId;
  settings.provider = judge.provider;
  settings.model = judge.model;
  settings.baseUrl = judge.baseUrl;
  if (!judge.endpoint.apiKey.empty()) settings.sealedKey = judges_.sealed(judge.endpoint.apiKey);
  settings.keyEndpoint = judge.endpoint.url;
  settings.updatedAt = mortise::now();
  db_.transaction([&](Transaction& tx) {
    judges_.store().in(tx).put(settings);
    audit_.in(tx).record(request, "sync.judge_saved", "user:" + userId,
                         json::object({{"provider", settings.provider},
                                       {"model", settings.model},
                                       {"base_url", settings.baseUrl},
                                       {"has_key", settings.sealedKey.has_value()}}));
  });
  return Reply::ok(view(settings).add("warnings", warningsFor(judge, settings.sealedKey.has_value())));
}

Reply JudgeOperations::removeJudgeSettings(const Request& request) {
  const std::string userId = request.principal().userId;
  db_.transaction([&](Transaction& tx) {
    if (judges_.store().in(tx).remove(userId)) audit_.in(tx).record(request, "sync.judge_removed", "user:" + userId);
  });
  return Reply::ok(json::object({{"deleted", true}}));
}

Reply JudgeOperations::listJudgeModels(const Request& request) {
  if (request.query("api_key").exists()) throw Problem(400, "api_key_in_query");
  return offers(request,
                {.provider = request.query("provider").text(""), .baseUrl = request.query("base_url").text("")});
}

Reply JudgeOperations::listJudgeModelsWithKey(const Request& request, const contract::JudgeQuestion& body) {
  return offers(request,
                {.provider = body.provider.valueOr(""), .apiKey = body.apiKey.valueOr(""), .baseUrl = body.baseUrl});
}

void JudgeOperations::tryOut(const Request& request, const session_sharing::Judge& judge) const {
  models::Question question{.model = judge.model, .messages = {models::user("Answer with the word OK.")}};
  question.maxTokens = 16;
  question.timeout = kTestTime;
  question.tries = 1;
  question.stopped = [&] { return request.expired(); };
  try {
    client_.ask(judge.endpoint, question);
  } catch (const models::Error& error) {
    if (error.cause() == models::Error::Cause::addressRefused) throw Problem(400, "judge_url_refused");
    throw Problem(400, "judge_test_failed")
        .with("reason", std::string(reasonOf(error)))
        .details(json::object({{"reason", reasonOf(error)}}))
        .note(error.note());
  }
}

// Every failure is a word in a good answer: people see it while they type.
Reply JudgeOperations::offers(const Request& request, const JudgeWish& wish) const {
  const auto failed = [](std::string_view why) {
    return Reply::ok(json::object({{"models", json::list()}, {"error", why}}));
  };
  if (wish.baseUrl.empty()) return failed("address_refused");
  try {
    auto judge = judges_.judgeOf({.apiKey = wish.apiKey, .baseUrl = wish.baseUrl});
    if (judge.endpoint.apiKey.empty()) {
      judge.endpoint.apiKey = judges_.savedKey(judges_.store().find(request.principal().userId), judge.endpoint);
    }
    const auto offers = client_.offers(judge.endpoint, kListTime, [&] { return request.expired(); });
    const auto offer = [](const models::Offer& one) {
      return json::object({{"id", one.id}, {"owned_by", one.ownedBy}});
    };
    return Reply::ok(json::object({{"models", json::list(offers, offer)}, {"base_url", wish.baseUrl}}));
  } catch (const models::Error& error) {
    return failed(reasonOf(error));
  } catch (const Problem& problem) {
    if (problem.code() != "judge_url_refused") throw;
    return failed("address_refused");
  }
}

}  // namespace session_sharing
