#include "sources/github_client.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

#include "bundle/refusal.hpp"
#include "sources/web_address.hpp"

namespace skills {
namespace {

constexpr int kMaxRedirects = 5;
constexpr std::int64_t kDefaultPause = 60;  // seconds; what GitHub's documents ask for when an answer names none

std::optional<std::int64_t> seconds(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr std::int64_t kYear3000 = 32503680000;
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > kYear3000) return std::nullopt;
  return value;
}

// When requests are welcome again, if the answer says that there were too many. Seconds since the epoch.
std::optional<std::int64_t> limitedUntil(const mortise::HttpResponse& answer) {
  if (answer.status != 403 && answer.status != 429) return std::nullopt;
  const auto now = mortise::nowMicros() / 1000000;
  const auto pause = answer.header("retry-after");
  if (!pause.empty()) return now + seconds(pause).value_or(kDefaultPause);
  if (answer.header("x-ratelimit-remaining") == "0") {
    return seconds(answer.header("x-ratelimit-reset")).value_or(now + kDefaultPause);
  }
  if (answer.status == 429) return now + kDefaultPause;
  return std::nullopt;
}

void checkStatus(const mortise::HttpResponse& answer, const GithubQuery& query) {
  if (const auto until = limitedUntil(answer)) {
    constexpr std::size_t kSeconds = std::string_view("2026-01-08T08:14:00").size();
    const auto time = mortise::isoTime(*until * 1000000).substr(0, kSeconds) + "Z";
    throw mortise::Problem(422, "skill_github_limited")
        .with("reset_at", time)
        .details(mortise::json::object({{"reset_at", time}}));
  }
  if (answer.status == 404) throw refusal("skill_github_missing", query.path);
  if (answer.status == 401) throw mortise::Problem(422, "skill_github_token");
  if (answer.status != 200 && answer.status != 304) {
    throw refusal("skill_github_status", query.path).with("status", answer.status);
  }
}

bool isRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string requiredOrigin(const std::string& url) {
  const auto origin = originOf(url);
  if (!origin) throw mortise::Problem(503, "skill_github_option").note("no http or https URL: " + withoutQuery(url));
  return *origin;
}

// https://api.github.com sends archives from https://codeload.github.com; elsewhere the API does so itself.
std::string archiveOriginOf(const std::string& api) {
  const auto host = hostOf(api);
  constexpr std::string_view kLabel = "api.";
  if (!host.starts_with(kLabel)) return requiredOrigin(api);
  auto origin = requiredOrigin(api);
  return origin.replace(origin.find("://") + 3, kLabel.size(), "codeload.");
}

}  // namespace

GithubClient::GithubClient(const SourceOptions& options, const mortise::HttpClient& http, const Cancellation& cancelled)
    : options_(options),
      http_(http),
      cancelled_(cancelled),
      api_(options.githubApi.substr(0, options.githubApi.find_last_not_of('/') + 1)),
      apiOrigin_(requiredOrigin(api_)),
      rawOrigin_(options.githubRaw.empty() ? apiOrigin_ : requiredOrigin(options.githubRaw)),
      archiveOrigin_(archiveOriginOf(api_)),
      deadline_(Clock::now() + options.fetchTimeout) {}

std::string GithubClient::apiUrl(std::string_view path) const { return api_ + std::string(path); }

void GithubClient::checkOrigin(const std::string& url, const GithubQuery& query) const {
  const auto origin = originOf(url);
  const bool known = origin && (*origin == apiOrigin_ || *origin == rawOrigin_);
  const bool archiveHost = origin && query.isArchive && *origin == archiveOrigin_;
  if (!known && !archiveHost) throw refusal("skill_github_foreign", query.path).with("url", withoutQuery(url));
}

GithubAnswer GithubClient::get(const GithubQuery& query) const {
  auto url = query.url;
  for (int hops = 0;; ++hops) {
    checkOrigin(url, query);
    if (query.onRequest) query.onRequest();
    auto answer = perform(url, query);
    if (!isRedirect(answer.status)) {
      checkStatus(answer, query);
      return {answer.status == 304, std::move(answer.body), std::string(answer.header("etag"))};
    }
    const auto next = resolvedUrl(url, std::string(answer.header("location")));
    if (!next || hops == kMaxRedirects) throw refusal("skill_github_redirects", query.path);
    url = *next;
  }
}

mortise::HttpResponse GithubClient::perform(const std::string& url, const GithubQuery& query) const {
  cancelled_.check();
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
  if (left.count() <= 0) throw mortise::Problem(503, "skill_source_timeout");
  mortise::HttpRequest request;
  request.url = url;
  request.headers = {{"Accept", query.accept}, {"User-Agent", "mortise-skills"}};
  const bool toApi = originOf(url) == apiOrigin_;
  if (toApi) request.headers.emplace_back("X-GitHub-Api-Version", "2022-11-28");
  if (toApi && !options_.githubToken.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + options_.githubToken);
  }
  if (!query.etag.empty()) request.headers.emplace_back("If-None-Match", query.etag);
  request.timeout = query.isArchive ? left : std::min(left, options_.requestTimeout);
  request.idleTimeout = options_.requestTimeout;
  request.maxResponse = query.most;
  request.onPiece = query.onPiece;
  try {
    return http_.perform(request);
  } catch (const mortise::HttpClient::Error& error) {
    cancelled_.check();
    const bool tooLarge = error.code() == "response_too_large";
    if (tooLarge) throw refusal("skill_github_too_large", query.path).with("most", query.most >> 10);
    if (error.code() == "timeout") throw mortise::Problem(503, "skill_source_timeout").note(error.note());
    if (error.code() == "address_refused") throw mortise::Problem(503, "skill_source_refused").note(error.note());
    throw mortise::Problem(503, "skill_source_unreachable").note(error.note());
  }
}

}  // namespace skills
