#include "settings/gitlab_operations.hpp"

#include <mortise/config.hpp>
#include <mortise/time.hpp>

#include <chrono>
#include <optional>
#include <utility>

#include "outside/outside_url.hpp"
#include "outside/tokens.hpp"

namespace session_sharing {
namespace {

namespace contract = sync_contract::settings;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;

constexpr const char* kDefaultInstance = "https://gitlab.com";
constexpr std::size_t kSecretBytes = 16;
constexpr std::uint64_t kMaxAnswer = 64 << 10;

json::Object view(const std::optional<GitlabSettings>& settings) {
  json::Object out;
  out.add("instance_url", settings ? settings->instanceUrl : kDefaultInstance)
      .add("has_token", settings.has_value())
      .add("has_webhook_secret", settings.has_value());
  return out;
}

}  // namespace

GitlabOperations::GitlabOperations(mortise::Host host)
    : db_(host.db()),
      audit_(host.audit()),
      http_(host.httpClient()),
      store_(host.db()),
      secrets_(host.secrets()),
      mayBePrivate_(host.config().boolean("allow_private_gitlab_hosts")) {}

Reply GitlabOperations::readGitlabSettings(const Request& request) {
  return Reply::ok(view(store_.find(request.principal().userId)));
}

Reply GitlabOperations::saveGitlabSettings(const Request& request, const contract::NewGitlabSettings& body) {
  const std::string userId = request.principal().userId;
  GitlabSettings settings;
  settings.userId = userId;
  settings.instanceUrl = checkedUrl(request, body.instanceUrl);
  settings.sealedToken = secrets_.sealed(body.accessToken);
  settings.updatedAt = mortise::now();
  // Made before the transaction, which may run more than once.
  const auto newSecret = randomHex(kSecretBytes);
  const bool hasNewSecret = db_.transaction([&](Transaction& tx) {
    tx.lock("gitlab of " + userId);
    const auto saved = store_.in(tx).find(userId);
    const bool isMade = !body.webhookSecret.has() && !saved;
    settings.webhookSecretHash = body.webhookSecret.has() ? secrets_.hash(*body.webhookSecret)
                                 : saved                  ? saved->webhookSecretHash
                                                          : secrets_.hash(newSecret);
    store_.in(tx).put(settings);
    audit_.in(tx).record(request, "sync.gitlab_saved", "user:" + userId,
                         json::object({{"instance_url", settings.instanceUrl}}));
    return isMade;
  });
  return Reply::ok(view(settings).add("webhook_secret", hasNewSecret ? json::Item(newSecret) : json::Item(nullptr)));
}

Reply GitlabOperations::removeGitlabSettings(const Request& request) {
  const std::string userId = request.principal().userId;
  db_.transaction([&](Transaction& tx) {
    if (store_.in(tx).remove(userId)) audit_.in(tx).record(request, "sync.gitlab_removed", "user:" + userId);
  });
  return Reply::noContent();
}

std::string GitlabOperations::checkedUrl(const Request& request, const std::string& text) const {
  const auto url = outsideUrl(text);
  if (!url || (!url->isHttps && !mayBePrivate_)) throw Problem(422, "invalid_gitlab_instance_url");
  // Only the connection tells where a name leads. A GitLab that is down for the moment may be saved all the same.
  mortise::HttpRequest probe;
  probe.url = url->text + "/api/v4/version";
  probe.connectTimeout = probe.timeout = std::chrono::seconds(5);
  probe.maxResponse = kMaxAnswer;
  probe.publicOnly = !mayBePrivate_;
  probe.stopped = [&] { return request.expired(); };
  try {
    http_.perform(probe);
  } catch (const mortise::HttpClient::Error& error) {
    if (error.cause() == MORTISE_DENIED || error.cause() == MORTISE_INVALID)
      throw Problem(422, "invalid_gitlab_instance_url").note(error.note());
  }
  return url->text;
}

}  // namespace session_sharing
