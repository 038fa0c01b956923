#include "webhooks/webhook_operations.hpp"

#include <mortise/digest.hpp>
#include <mortise/git_remote.hpp>
#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/secrets.hpp>
#include <mortise/time.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "outside/outside_url.hpp"

namespace session_sharing {
namespace {

using mortise::Json;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;

constexpr std::chrono::minutes kAuditsTurn{3};  // before the comment, which tells their score
constexpr const char* kJob = "post_review_comments";
constexpr std::string_view kSignature = "sha256=";
constexpr std::size_t kMaxName = 300;  // of a branch, a repository, an account

Reply statusReply(std::string_view status) { return Reply::ok(mortise::json::object({{"status", status}})); }

bool isOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  for (const auto each : words) {
    if (each == word) return true;
  }
  return false;
}

bool isName(std::string_view text) { return !text.empty() && text.size() <= kMaxName; }

}  // namespace

WebhookOperations::WebhookOperations(mortise::Host host, const GithubApp& app)
    : log_(host.log()),
      db_(host.db()),
      jobs_(host.jobs()),
      github_(host.db()),
      gitlab_(host.db()),
      gitlabSecrets_(host.secrets()),
      comments_(host.db()),
      followUps_(host.db()),
      app_(app) {}

Reply WebhookOperations::receiveGithubWebhook(const Request& request, const Json& body) {
  if (app_.webhookSecret().empty()) throw Problem(503, "webhook_not_configured");
  const std::string_view bytes = request.rawBody();
  const auto signature = request.headerParameter("X-Hub-Signature-256").text("");
  const auto expected = std::string(kSignature) + mortise::hmacSha256Hex(app_.webhookSecret(), bytes);
  if (!mortise::areEqualSecrets(signature, expected)) throw Problem(401, "webhook_not_signed");
  const std::string event = request.headerParameter("X-GitHub-Event").text("");
  const auto hash = mortise::sha256Hex(bytes);
  return statusReply(db_.transaction([&](Transaction& tx) -> std::string_view {
    if (!comments_.in(tx).noteDelivery("github:" + hash, mortise::now())) return "duplicate";
    if (event == "installation") return takeInstallation(tx, body) ? "ok" : "ignored";
    if (event == "pull_request") return takePullRequest(tx, body) ? "ok" : "ignored";
    return event == "ping" ? "ok" : "ignored";
  }));
}

bool WebhookOperations::takeInstallation(Transaction& tx, const Json& body) const {
  const auto installation = body["installation"];
  const auto id = installation["id"].integer();
  const auto action = body["action"].text();
  if (id <= 0) return false;
  if (action == "deleted") {
    github_.in(tx).remove(id);
  } else if (action == "suspend" || action == "unsuspend") {
    github_.in(tx).setSuspended(id, action == "suspend");
  } else if (action == "created" || action == "new_permissions_accepted") {
    const auto account = installation["account"];
    if (!isName(account["login"].text()) || !isName(account["type"].text())) return false;
    github_.in(tx).note(id, account["login"].text(), account["type"].text());
  } else {
    return false;
  }
  log_.info("an installation of the GitHub App changed", {{"installation", id}, {"action", action}});
  return true;
}

bool WebhookOperations::takePullRequest(Transaction& tx, const Json& body) const {
  if (!isOneOf(body["action"].text(), {"opened", "reopened", "synchronize", "ready_for_review"})) return false;
  const auto installation = github_.in(tx).find(body["installation"]["id"].integer());
  if (!installation || !installation->userId || installation->suspended || !installation->autoComment) return false;
  const auto request = body["pull_request"];
  const auto head = request["head"];
  ReviewComment comment;
  comment.host = "github";
  comment.userId = *installation->userId;
  comment.repository = body["repository"]["full_name"].text();
  comment.number = request["number"].integer();
  comment.installationId = installation->id;
  // Of a fork, whose sessions name the fork.
  comment.sourceRemote =
      mortise::normalisedRemote("https://github.com/" + head["repo"]["full_name"].text().string()).value_or("");
  comment.branch = head["ref"].text();
  return queue(tx, std::move(comment));
}

Reply WebhookOperations::receiveGitlabWebhook(const Request& request, const Json& body) {
  const auto secret = request.headerParameter("X-Gitlab-Token").text("");
  const auto secretHash = secret.empty() ? std::string() : gitlabSecrets_.hash(secret);
  const auto matches = secret.empty() ? std::vector<GitlabSettings>() : gitlab_.withSecret(secretHash);
  if (matches.empty()) throw Problem(401, "webhook_not_signed");
  // A project may have a webhook of each of its people: the same body comes with the secret of each.
  const auto hash = mortise::sha256Hex(secretHash + "\n" + std::string(request.rawBody()));
  return statusReply(db_.transaction([&](Transaction& tx) -> std::string_view {
    if (!comments_.in(tx).noteDelivery("gitlab:" + hash, mortise::now())) return "duplicate";
    bool any = false;
    for (const auto& settings : matches) any = takeMergeRequest(tx, settings, body) || any;
    return any ? "ok" : "ignored";
  }));
}

bool WebhookOperations::takeMergeRequest(Transaction& tx, const GitlabSettings& settings, const Json& body) const {
  const auto request = body["object_attributes"];
  if (body["object_kind"].text() != "merge_request" || !isOneOf(request["action"].text(), {"open", "reopen", "update"}))
    return false;
  // A secret is no reason to write to another GitLab than the user's.
  const auto project = outsideUrl(body["project"]["web_url"].text());
  const auto instance = outsideUrl(settings.instanceUrl);
  if (!project || !instance || project->origin != instance->origin) return false;
  ReviewComment comment;
  comment.host = "gitlab";
  comment.userId = settings.userId;
  comment.repository = std::to_string(body["project"]["id"].integer());
  comment.number = request["iid"].integer();
  comment.sourceRemote =
      mortise::normalisedRemote(settings.instanceUrl + "/" + request["source"]["path_with_namespace"].text().string())
          .value_or("");
  comment.branch = request["source_branch"].text();
  return queue(tx, std::move(comment));
}

bool WebhookOperations::queue(Transaction& tx, ReviewComment comment) const {
  if (comment.number <= 0 || !isName(comment.repository) || !isName(comment.branch) || !isName(comment.sourceRemote))
    return false;
  const auto comments = comments_.in(tx);
  const auto sessions = comments.sessionsOf(comment.userId, comment.sourceRemote, comment.branch);
  if (sessions.empty()) return false;
  std::vector<std::string> ids;
  for (const auto& session : sessions) ids.push_back(session.id);
  const bool isAudited = followUps_.requested(tx, comment.userId, ids);
  comment.createdAt = mortise::now();
  comment.nextTryAt = isAudited ? comment.createdAt + kAuditsTurn : comment.createdAt;
  if (!comments.add(comment)) return false;
  jobs_.in(tx).trigger(kJob);
  return true;
}

}  // namespace session_sharing
