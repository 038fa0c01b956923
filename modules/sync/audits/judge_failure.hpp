// How a failure of a judging model is told: a flat object, not the family's error.
#pragma once

#include <mortise/models.hpp>
#include <mortise/reply.hpp>
#include <mortise/request.hpp>

#include <string_view>

namespace session_sharing {

// 502 llm_request_failed, with a word for the reason, or 504 llm_timeout. Problem 400 judge_url_refused where the
// address is to blame.
mortise::Reply judgeFailure(const mortise::Request& request, const mortise::models::Error& error);

// {"error", "code", "message", …} with the message in the request's language.
struct FlatText {
  std::string_view english, chinese;
};
std::string_view textFor(const mortise::Request& request, const FlatText& text);

}  // namespace session_sharing
