// Notes on merge requests, written with the token that a user gave for their GitLab.
#pragma once

#include <mortise/http_client.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace session_sharing {

struct GitlabAccess {
  std::string instanceUrl;
  std::string token;
  bool publicOnly = true;
};

// Writes a note, unless one of those there has `marker` in it. `project`: its number. Problems: 502 gitlab_unavailable,
// 502 gitlab_gone (trying again is of no use). [worker]
void noteOnMergeRequest(const mortise::HttpClient& http, const GitlabAccess& access, std::string_view project,
                        std::int64_t number, std::string_view text, std::string_view marker);

}  // namespace session_sharing
