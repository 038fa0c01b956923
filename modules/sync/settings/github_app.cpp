#include "settings/github_app.hpp"

#include <mortise/json.hpp>
#include <mortise/percent.hpp>
#include <mortise/time.hpp>

#include <rapidjson/document.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "archives/untrusted_json.hpp"
#include "outside/outside_url.hpp"
#include "outside/tokens.hpp"

namespace session_sharing {
namespace {

namespace json = mortise::json;
using mortise::Problem;
using rapidjson::Value;

constexpr std::chrono::seconds kTime{20};
constexpr std::uint64_t kMaxAnswer = 4 << 20;
constexpr int kMaxPages = 10;  // of 100 comments
constexpr std::size_t kMaxOrganizations = 30;

std::string urlOf(const mortise::Config& config, const char* option) {
  const auto url = outsideUrl(config.text(option));
  if (!url) throw std::runtime_error("sync." + std::string(option) + " is not an http or https URL");
  return url->text;
}

std::string keyFrom(const std::string& text) {
  if (!text.starts_with('@')) return text;
  std::ostringstream out;
  out << std::ifstream(text.substr(1)).rdbuf();
  if (out.str().empty()) throw std::runtime_error("sync.github_private_key: " + text.substr(1) + " can't be read");
  return out.str();
}

Problem unavailable(std::string note) { return Problem(502, "github_unavailable").note(std::move(note)); }

// The JSON of an answer; its texts lie in `text`.
void parse(std::string& text, rapidjson::Document& into) {
  if (!parseInPlace(text, into)) throw unavailable("GitHub's answer is no JSON");
}

std::string refusal(const mortise::HttpResponse& response) {
  return "GitHub answered " + std::to_string(response.status);
}

}  // namespace

GithubApp::GithubApp(const mortise::Config& config, mortise::HttpClient http)
    : http_(http),
      apiUrl_(urlOf(config, "github_api_url")),
      siteUrl_(urlOf(config, "github_url")),
      appId_(config.text("github_app_id")),
      slug_(config.text("github_app_slug")),
      privateKey_(keyFrom(config.text("github_private_key"))),
      clientId_(config.text("github_client_id")),
      clientSecret_(config.text("github_client_secret")),
      webhookSecret_(config.text("github_webhook_secret")) {
  if (canComment()) signedToken("{}", privateKey_);  // a key that does not sign stops the start, not a comment at night
}

std::optional<std::string> GithubApp::installUrl() const {
  if (slug_.empty()) return std::nullopt;
  return siteUrl_ + "/apps/" + mortise::percentEncoded(slug_) + "/installations/new";
}

std::string GithubApp::authorizeUrl(std::string_view state, std::string_view callback) const {
  auto url = siteUrl_ + "/login/oauth/authorize?client_id=" + mortise::percentEncoded(clientId_) +
             "&state=" + mortise::percentEncoded(state);
  if (!callback.empty()) url += "&redirect_uri=" + mortise::percentEncoded(callback);
  return url;
}

std::vector<GithubAccount> GithubApp::administeredBy(std::string_view code) const {
  auto answer = send({"POST",
                      siteUrl_ + "/login/oauth/access_token",
                      {},
                      json::object({{"client_id", clientId_}, {"client_secret", clientSecret_}, {"code", code}})});
  if (answer.status != 200) throw unavailable(refusal(answer));
  rapidjson::Document granted;
  parse(answer.body, granted);
  // A code that is wrong or old is a 200 with an error in it.
  const std::string token(textMember(granted, "access_token"));
  if (token.empty()) throw Problem(400, "github_code_refused");

  auto whoAnswer = send({"GET", apiUrl_ + "/user", token});
  if (whoAnswer.status != 200) throw unavailable(refusal(whoAnswer));
  rapidjson::Document who;
  parse(whoAnswer.body, who);
  const auto userNumber = numberMember(who, "id");

  auto listAnswer = send({"GET", apiUrl_ + "/user/installations?per_page=100", token});
  if (listAnswer.status != 200) throw unavailable(refusal(listAnswer));
  rapidjson::Document list;
  parse(listAnswer.body, list);
  const auto* installations = memberOf(list, "installations");
  if (installations == nullptr || !installations->IsArray()) throw unavailable("GitHub's list has no installations");
  std::vector<GithubAccount> out;
  std::size_t organizations = 0;
  for (const auto& installation : installations->GetArray()) {
    const auto id = numberMember(installation, "id");
    const auto* account = memberOf(installation, "account");
    if (!id || account == nullptr) continue;
    GithubAccount candidate{*id, std::string(textMember(*account, "login")), std::string(textMember(*account, "type"))};
    // The list holds every account in which the person may read something: that is not ownership.
    const bool isOwn = candidate.type == "User" && userNumber && numberMember(*account, "id") == userNumber;
    const bool isTheirs =
        candidate.type == "Organization" && ++organizations <= kMaxOrganizations && administers(token, candidate.login);
    if (isOwn || isTheirs) out.push_back(std::move(candidate));
  }
  return out;
}

bool GithubApp::administers(const std::string& token, const std::string& organization) const {
  auto answer = send({"GET", apiUrl_ + "/user/memberships/orgs/" + mortise::percentEncoded(organization), token});
  rapidjson::Document membership;
  if (answer.status != 200 || !parseInPlace(answer.body, membership)) return false;
  return textMember(membership, "role") == "admin" && textMember(membership, "state") == "active";
}

void GithubApp::comment(std::int64_t installationId, std::string_view repository, std::int64_t number,
                        std::string_view text, std::string_view marker) const {
  const auto token = tokenFor(installationId);
  const auto slash = repository.find('/');
  if (slash == std::string_view::npos) throw Problem(502, "github_gone").note("not a repository's name");
  const auto url = apiUrl_ + "/repos/" + mortise::percentEncoded(repository.substr(0, slash)) + "/" +
                   mortise::percentEncoded(repository.substr(slash + 1)) + "/issues/" + std::to_string(number) +
                   "/comments";
  // An attempt that was cut off may have left its comment.
  for (int page = 1; page <= kMaxPages; ++page) {
    auto answer = send({"GET", url + "?per_page=100&page=" + std::to_string(page), token});
    if (answer.status == 404 || answer.status == 403 || answer.status == 410)
      throw Problem(502, "github_gone").note(refusal(answer));
    if (answer.status != 200) throw unavailable(refusal(answer));
    rapidjson::Document comments;
    parse(answer.body, comments);
    if (!comments.IsArray()) throw unavailable("GitHub's comments are no list");
    for (const auto& one : comments.GetArray()) {
      if (textMember(one, "body").find(marker) != std::string_view::npos) return;
    }
    if (comments.Size() < 100) break;
  }
  const auto answer = send({"POST", url, token, json::object({{"body", text}})});
  if (answer.status == 404 || answer.status == 403 || answer.status == 410 || answer.status == 422)
    throw Problem(502, "github_gone").note(refusal(answer));
  if (answer.status != 201) throw unavailable(refusal(answer));
}

std::string GithubApp::tokenFor(std::int64_t installationId) const {
  const auto now = mortise::nowMicros() / 1000000;
  // A minute back: GitHub's clock may be behind.
  const auto claims = json::object({{"iat", now - 60}, {"exp", now + 540}, {"iss", appId_}}).text();
  auto answer = send({"POST", apiUrl_ + "/app/installations/" + std::to_string(installationId) + "/access_tokens",
                      signedToken(claims, privateKey_), "{}"});
  if (answer.status == 404 || answer.status == 403) throw Problem(502, "github_gone").note(refusal(answer));
  if (answer.status != 201) throw unavailable(refusal(answer));
  rapidjson::Document granted;
  parse(answer.body, granted);
  const auto token = textMember(granted, "token");
  if (token.empty()) throw unavailable("GitHub's answer has no token");
  return std::string(token);
}

mortise::HttpResponse GithubApp::send(const Call& call) const {
  mortise::HttpRequest request;
  request.method = call.method;
  request.url = call.url;
  request.headers = {
      {"Accept", call.url.starts_with(apiUrl_ + "/") ? "application/vnd.github+json" : "application/json"}};
  if (!call.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + call.token);
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = call.body;
  request.timeout = kTime;
  request.maxResponse = kMaxAnswer;
  try {
    return http_.perform(request);
  } catch (const mortise::HttpClient::Error& error) {
    throw unavailable(error.note());
  }
}

}  // namespace session_sharing
