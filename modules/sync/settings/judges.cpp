#include "settings/judges.hpp"

#include <mortise/db.hpp>
#include <mortise/problem.hpp>

#include "outside/outside_url.hpp"

namespace session_sharing {
namespace {

namespace models = mortise::models;
using mortise::Problem;

constexpr const char* kKeyPurpose = "key of the judging model";
// A server of one's own, which needs an address.
constexpr std::string_view kCustom = "custom";

models::ProviderUrls urlsFrom(const mortise::Config& config) {
  return {config.text("anthropic_url"), config.text("openai_url"), config.text("google_url"),
          config.text("openrouter_url")};
}

}  // namespace

Judges::Judges(mortise::Host host)
    : store_(host.db()),
      secrets_(host.secrets()),
      urls_(urlsFrom(host.config())),
      operatorUrl_(host.config().text("judge_base_url")),
      operatorKey_(host.config().text("judge_api_key")),
      defaultModel_(host.config().text("judge_model")),
      mayBePrivate_(host.config().boolean("allow_private_model_hosts")) {}

void Judges::checkUrl(std::string_view url) const {
  const auto parsed = outsideUrl(url);
  if (!parsed || (!parsed->isHttps && !mayBePrivate_)) throw Problem(400, "judge_url_refused");
}

void Judges::checkProvider(const JudgeWish& wish) const {
  if (wish.provider.empty() || models::providerNamed(wish.provider)) return;
  if (wish.provider != kCustom || wish.baseUrl.empty()) throw Problem(422, "unknown_provider");
}

Judge Judges::judgeOf(const JudgeWish& wish) const {
  checkProvider(wish);
  Judge judge;
  judge.model = wish.model.empty() ? defaultModel_ : wish.model;
  judge.provider = wish.provider.empty() ? std::string(models::nameOf(models::providerOf(judge.model))) : wish.provider;
  if (!wish.baseUrl.empty()) {
    checkUrl(wish.baseUrl);
    judge.baseUrl = wish.baseUrl;
  }
  judge.endpoint = models::endpointFor(
      {.model = judge.model, .provider = wish.provider, .baseUrl = wish.baseUrl, .apiKey = wish.apiKey}, urls_);
  judge.endpoint.publicOnly = judge.baseUrl && !mayBePrivate_;
  return judge;
}

Judge Judges::judgeFor(std::string_view userId, const JudgeWish& wish) const {
  const auto saved = store_.find(userId);
  JudgeWish whole = wish;
  if (saved) {
    // Who names a provider means that one's own address; who names a model, whoever serves that one.
    if (whole.baseUrl.empty() && whole.provider.empty()) whole.baseUrl = saved->baseUrl.value_or("");
    if (whole.provider.empty() && whole.model.empty()) whole.provider = saved->provider;
    if (whole.model.empty()) whole.model = saved->model;
    if (whole.provider == kCustom && whole.baseUrl.empty()) whole.provider.clear();
  }
  auto judge = judgeOf(whole);
  if (judge.endpoint.apiKey.empty()) judge.endpoint.apiKey = savedKey(saved, judge.endpoint);
  if (!judge.endpoint.apiKey.empty() || judge.baseUrl) return judge;
  if (operatorUrl_.empty()) throw Problem(400, "judge_missing");
  judge.isOperators = true;
  judge.endpoint = models::endpointFor({.model = judge.model, .baseUrl = operatorUrl_, .apiKey = operatorKey_}, urls_);
  return judge;
}

std::string Judges::savedKey(const std::optional<JudgeSettings>& saved, const models::Endpoint& endpoint) const {
  if (!saved || saved->keyEndpoint != endpoint.url) return {};
  return unsealed(saved->sealedKey);
}

std::string Judges::sealed(std::string_view key) const { return secrets_.seal(kKeyPurpose, key); }

std::string Judges::unsealed(const std::optional<std::string>& text) const {
  return text ? secrets_.unseal(kKeyPurpose, *text).value_or("") : "";
}

}  // namespace session_sharing
