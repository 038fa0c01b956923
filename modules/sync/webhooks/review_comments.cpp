#include "webhooks/review_comments.hpp"

#include <mortise/db.hpp>
#include <mortise/secrets.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <chrono>
#include <exception>

#include "webhooks/gitlab_notes.hpp"

namespace session_sharing {
namespace {

using mortise::Problem;

constexpr std::chrono::minutes kLease{10};
constexpr std::int64_t kMaxAttempts = 10;
constexpr std::chrono::days kDeliveriesKept{90};

// After the first failure a minute, then twice as long each time.
std::chrono::minutes pauseAfter(std::int64_t attempts) {
  return std::chrono::minutes(std::int64_t{1} << std::min<std::int64_t>(attempts - 1, 8));
}

}  // namespace

ReviewComments::ReviewComments(mortise::Host host, const GithubApp& app)
    : log_(host.log()),
      config_(host.config()),
      orgs_(host.orgs()),
      http_(host.httpClient()),
      posted_(host.metrics().counter("review_comments_total", "Comments on pull and merge requests",
                                     {{"outcome", "posted"}})),
      failed_(host.metrics().counter("review_comments_total", "Comments on pull and merge requests",
                                     {{"outcome", "failed"}})),
      comments_(host.db()),
      audits_(host.db()),
      github_(host.db()),
      gitlab_(host.db()),
      gitlabSecrets_(host.secrets()),
      app_(app),
      mayBePrivate_(host.config().boolean("allow_private_gitlab_hosts")) {}

void ReviewComments::post(mortise::JobRun& run) {
  mortise::JobReport report;
  report.target = "pull and merge requests";
  while (!run.cancelled()) {
    const auto now = mortise::now();
    auto comment = comments_.take(now, now + kLease);
    if (!comment) break;
    ++report.synced;
    try {
      // A try is counted before it begins: one that ends the server never comes to the lines below.
      if (comment->attempts > kMaxAttempts) throw Problem(503, "unavailable").note("no try came to an end");
      switch (write(*comment)) {
        case Outcome::posted:
          comment->state = "posted";
          posted_.add();
          ++report.created;
          break;
        case Outcome::failed:
          comment->state = "failed";
          failed_.add();
          break;
        case Outcome::nothing:
          comments_.remove(*comment);  // a later push may have something to say
          continue;
      }
    } catch (const Problem& problem) {
      const bool last = comment->attempts >= kMaxAttempts;
      if (last) {
        comment->state = "failed";
        failed_.add();
      }
      comment->nextTryAt = now + pauseAfter(comment->attempts);
      log_.warning("a comment on a request was not written",
                   {{"host", comment->host}, {"reason", problem.note()}, {"attempt", comment->attempts}});
    }
    comments_.set(*comment);
  }
  if (report.synced > 0) run.report(report);
}

void ReviewComments::forget(mortise::JobRun& run) {
  const auto deliveries = comments_.forgetDeliveriesBefore(mortise::now() - kDeliveriesKept);
  const auto states = github_.forgetStatesBefore(mortise::now());
  run.output("removed " + std::to_string(deliveries) + " deliveries and " + std::to_string(states) + " states");
}

ReviewComments::Outcome ReviewComments::write(const ReviewComment& comment) const {
  const bool isGithub = comment.host == "github";
  try {
    orgs_.requireFeature(comment.userId, isGithub ? "pr_comments" : "mr_comments");
  } catch (const Problem& problem) {
    if (problem.status() >= 500) throw;
    return Outcome::failed;
  }
  try {
    return isGithub ? writeOnGithub(comment) : writeOnGitlab(comment);
  } catch (const Problem& problem) {
    if (!GithubApp::isGone(problem) && problem.code() != "gitlab_gone") throw;
    log_.warning("a request takes no comment", {{"host", comment.host}, {"reason", problem.note()}});
    return Outcome::failed;
  }
}

ReviewComments::Outcome ReviewComments::writeOnGithub(const ReviewComment& comment) const {
  const auto installation = github_.find(comment.installationId);
  if (!app_.canComment() || !installation || installation->userId != comment.userId || installation->suspended ||
      !installation->autoComment)
    return Outcome::failed;
  const auto text = textFor(
      comment, {installation->includeTrustScore, installation->includeSessionLinks ? linkPattern() : std::string()});
  if (text.empty()) return Outcome::nothing;
  app_.comment(comment.installationId, comment.repository, comment.number, text, commentMarker(comment.userId));
  return Outcome::posted;
}

ReviewComments::Outcome ReviewComments::writeOnGitlab(const ReviewComment& comment) const {
  const auto settings = gitlab_.find(comment.userId);
  const auto token = settings ? gitlabSecrets_.unsealed(settings->sealedToken) : std::nullopt;
  if (!token) return Outcome::failed;
  const auto text = textFor(comment, {true, linkPattern()});
  if (text.empty()) return Outcome::nothing;
  noteOnMergeRequest(http_, {settings->instanceUrl, *token, !mayBePrivate_}, comment.repository, comment.number, text,
                     commentMarker(comment.userId));
  return Outcome::posted;
}

std::string ReviewComments::textFor(const ReviewComment& comment, const CommentForm& form) const {
  const auto sessions = comments_.sessionsOf(comment.userId, comment.sourceRemote, comment.branch);
  if (sessions.empty()) return {};
  std::vector<std::string> ids;
  for (const auto& session : sessions) ids.push_back(session.id);
  return commentText(sessions, form.withTrust ? audits_.trustOf(ids) : std::map<std::string, std::int64_t>(), form,
                     commentMarker(comment.userId));
}

std::string ReviewComments::linkPattern() const {
  auto pattern = config_.text("session_url");
  return pattern.empty() ? config_.server("http.base_url").value_or("") + "/api/v1/sessions/{id}" : pattern;
}

}  // namespace session_sharing
