#include "webhooks/gitlab_notes.hpp"

#include <mortise/json.hpp>
#include <mortise/percent.hpp>
#include <mortise/problem.hpp>

#include <rapidjson/document.h>

#include <chrono>
#include <utility>

#include "archives/untrusted_json.hpp"

namespace session_sharing {
namespace {

using mortise::Problem;

constexpr std::chrono::seconds kTime{20};
constexpr std::uint64_t kMaxAnswer = 4 << 20;
constexpr int kMaxPages = 10;  // of 100 notes

mortise::HttpResponse send(const mortise::HttpClient& http, const GitlabAccess& access, std::string method,
                           std::string url, std::string body) {
  mortise::HttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.headers = {{"Accept", "application/json"}, {"PRIVATE-TOKEN", access.token}};
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(body);
  request.timeout = kTime;
  request.maxResponse = kMaxAnswer;
  request.publicOnly = access.publicOnly;
  mortise::HttpResponse response;
  try {
    response = http.perform(request);
  } catch (const mortise::HttpClient::Error& error) {
    throw Problem(502, "gitlab_unavailable").note(error.note());
  }
  const auto note = "GitLab answered " + std::to_string(response.status);
  if (response.status == 200 || response.status == 201) return response;
  if (response.status >= 400 && response.status < 500 && response.status != 429)
    throw Problem(502, "gitlab_gone").note(note);
  throw Problem(502, "gitlab_unavailable").note(note);
}

}  // namespace

void noteOnMergeRequest(const mortise::HttpClient& http, const GitlabAccess& access, std::string_view project,
                        std::int64_t number, std::string_view text, std::string_view marker) {
  const auto url = access.instanceUrl + "/api/v4/projects/" + mortise::percentEncoded(project) + "/merge_requests/" +
                   std::to_string(number) + "/notes";
  // An attempt that was cut off may have left its note.
  for (int page = 1; page <= kMaxPages; ++page) {
    auto answer = send(http, access, "GET", url + "?per_page=100&page=" + std::to_string(page), {});
    rapidjson::Document notes;
    if (!parseInPlace(answer.body, notes) || !notes.IsArray())
      throw Problem(502, "gitlab_unavailable").note("GitLab's notes are no list");
    for (const auto& one : notes.GetArray()) {
      if (textMember(one, "body").find(marker) != std::string_view::npos) return;
    }
    if (notes.Size() < 100) break;
  }
  send(http, access, "POST", url, mortise::json::object({{"body", text}}).text());
}

}  // namespace session_sharing
