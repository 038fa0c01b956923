// This server's GitHub App, as the operator has set it, and what is asked of GitHub: whose an installation is, and
// comments on pull requests. No redirect is followed, and nothing of an answer is repeated but what is meant to be.
#pragma once

#include <mortise/config.hpp>
#include <mortise/http_client.hpp>
#include <mortise/problem.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace session_sharing {

struct GithubAccount {
  std::int64_t installationId = 0;
  std::string login;
  std::string type;  // User, Organization
};

// [worker]
class GithubApp {
 public:
  // Throws std::runtime_error naming the option that can't be used.
  GithubApp(const mortise::Config& config, mortise::HttpClient http);

  bool canComment() const { return !appId_.empty() && !privateKey_.empty(); }
  bool canClaim() const { return !clientId_.empty() && !clientSecret_.empty(); }
  const std::string& webhookSecret() const { return webhookSecret_; }  // empty: none
  std::optional<std::string> installUrl() const;
  std::string authorizeUrl(std::string_view state, std::string_view callback) const;

  // The installations in accounts that whom `code` stands for administers: the own one, and organisations where GitHub
  // says so. Problems: 400 github_code_refused, 502 github_unavailable.
  std::vector<GithubAccount> administeredBy(std::string_view code) const;

  // Comments on a pull request, unless one of the comments there has `marker` in it. Problem 502 github_unavailable,
  // with 404 and 403 of GitHub told apart by isGone().
  void comment(std::int64_t installationId, std::string_view repository, std::int64_t number, std::string_view text,
               std::string_view marker) const;
  // GitHub no longer lets this App at it: trying again is of no use.
  static bool isGone(const mortise::Problem& problem) { return problem.code() == "github_gone"; }

 private:
  struct Call {
    std::string method;
    std::string url;
    std::string token;   // empty: none
    std::string body{};  // JSON
  };
  mortise::HttpResponse send(const Call& call) const;
  std::string tokenFor(std::int64_t installationId) const;
  bool administers(const std::string& token, const std::string& organization) const;

  mortise::HttpClient http_;
  std::string apiUrl_, siteUrl_;
  std::string appId_, slug_, privateKey_, clientId_, clientSecret_, webhookSecret_;
};

}  // namespace session_sharing
