// Requests to GitHub's API and to the hosts that it sends its clients to.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/cancellation.hpp"
#include "sources/source.hpp"

namespace skills {

struct GithubQuery {
  std::string url;
  std::string path;  // of the skill's file or folder, for messages
  std::string accept;
  std::string etag;                   // of what is known already; empty: nothing is
  std::uint64_t most = 0;             // bytes of the answer
  bool isArchive = false;             // may come from GitHub's archive host too, and take as long as bytes arrive
  std::function<void()> onRequest{};  // before each request, of which redirects make several
  std::function<bool(std::string_view)> onPiece{};  // takes the bodies, whatever their status is; false: enough
};

struct GithubAnswer {
  bool unchanged = false;  // what the ETag stood for is still there
  std::string body;
  std::string etag;
};

// The requests of one fetch, with one deadline for all.
class GithubClient {
 public:
  GithubClient(const SourceOptions& options, const mortise::HttpClient& http, const Cancellation& cancelled);

  // base + path, where base is the API's.
  std::string apiUrl(std::string_view path) const;
  // 200 or 304. Follows redirects, each only to the API, to the raw host, or for archives to codeload. The token goes
  // to the API alone. Problem: 422 for other statuses, foreign hosts and too large answers, 503 when none came.
  GithubAnswer get(const GithubQuery& query) const;

 private:
  using Clock = std::chrono::steady_clock;

  void checkOrigin(const std::string& url, const GithubQuery& query) const;
  mortise::HttpResponse perform(const std::string& url, const GithubQuery& query) const;

  const SourceOptions& options_;
  const mortise::HttpClient& http_;
  const Cancellation& cancelled_;
  std::string api_;  // without a slash at its end
  std::string apiOrigin_;
  std::string rawOrigin_;
  std::string archiveOrigin_;
  Clock::time_point deadline_;
};

}  // namespace skills
