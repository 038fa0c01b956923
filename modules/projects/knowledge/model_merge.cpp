#include "knowledge/model_merge.hpp"

#include <mortise/config.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <variant>

#include "knowledge/merge_answer.hpp"

namespace projects {
namespace {

namespace models = mortise::models;
using mortise::Problem;

constexpr std::chrono::seconds kTime{180};
constexpr std::int64_t kMaxTokens = 16'000;
constexpr std::string_view kCustom = "custom";  // a server of one's own, which needs an address

// An address that is written plainly: scheme, host, perhaps a port and a path.
bool isPlainUrl(std::string_view url, bool mayBeHttp) {
  const std::string_view https = "https://", http = "http://";
  const bool isHttps = url.substr(0, https.size()) == https;
  if (!isHttps && !(mayBeHttp && url.substr(0, http.size()) == http)) return false;
  const auto rest = url.substr(isHttps ? https.size() : http.size());
  const auto isPlain = [](char c) { return c > ' ' && c < 0x7F && c != '@' && c != '\\' && c != '?' && c != '#'; };
  return !rest.empty() && rest[0] != '/' && std::all_of(rest.begin(), rest.end(), isPlain);
}

}  // namespace

ModelMerge::ModelMerge(mortise::Host host)
    : log_(host.log()),
      client_(host.httpClient()),
      defaultModel_(host.config().text("default_model")),
      mayBePrivate_(host.config().boolean("allow_private_model_hosts")),
      merged_(host.metrics().counter("model_merges_total", "Documents that models wrote", {{"outcome", "merged"}})),
      refused_(host.metrics().counter("model_merges_total", "Documents that models wrote", {{"outcome", "refused"}})),
      failed_(host.metrics().counter("model_merges_total", "Documents that models wrote", {{"outcome", "failed"}})) {}

std::optional<ModelChoice> ModelMerge::choiceOf(const ModelWish& wish) const {
  if (wish.apiKey.empty() && wish.baseUrl.empty()) return std::nullopt;
  const bool isCustom = wish.provider == kCustom && !wish.baseUrl.empty();
  if (!wish.provider.empty() && !isCustom && !models::providerNamed(wish.provider))
    throw Problem(422, "unknown_provider");
  if (!wish.baseUrl.empty() && !isPlainUrl(wish.baseUrl, mayBePrivate_)) throw Problem(400, "model_url_refused");
  ModelChoice choice;
  choice.model = wish.model.empty() ? defaultModel_ : wish.model;
  choice.endpoint = models::endpointFor({.model = choice.model,
                                         .provider = isCustom ? std::string() : wish.provider,
                                         .baseUrl = wish.baseUrl,
                                         .apiKey = wish.apiKey});
  choice.endpoint.publicOnly = !wish.baseUrl.empty() && !mayBePrivate_;
  return choice;
}

std::string ModelMerge::ask(const ModelChoice& choice, std::string system, std::string question,
                            std::int64_t mostTokens, const std::function<bool()>& stopped) const {
  models::Question asked{.model = choice.model,
                         .messages = {models::system(std::move(system)), models::user(std::move(question))}};
  asked.maxTokens = mostTokens;
  asked.temperature = 0;
  asked.timeout = asked.idleTimeout = kTime;
  asked.stopped = stopped;
  try {
    return client_.ask(choice.endpoint, asked).text;
  } catch (const models::Error& error) {
    failed_.add();
    // An address that this server may not reach is the caller's mistake.
    if (error.cause() == models::Error::Cause::addressRefused) throw Problem(400, "model_url_refused");
    throw;
  }
}

MergedDocument ModelMerge::merge(const ModelChoice& choice, const CompileDraft& draft,
                                 const std::function<bool()>& stopped) const {
  if (draft.document.size() > kMaxAskedDocument)
    throw Problem(422, "document_too_large_for_model").with("most", kMaxAskedDocument);
  auto result = mergedDocument(draft, ask(choice, mergePrompt(), mergeQuestion(draft), kMaxTokens, stopped));
  if (const auto* refused = std::get_if<RefusedAnswer>(&result)) {
    refused_.add();
    log_.warning("a model's document was refused", {{"model", choice.model}, {"reason", refused->reason}});
    throw Problem(502, "model_answer_refused").note(refused->reason);
  }
  merged_.add();
  return std::get<MergedDocument>(std::move(result));
}

}  // namespace projects
