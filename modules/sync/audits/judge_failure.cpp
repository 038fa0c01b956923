#include "audits/judge_failure.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include "settings/judge_operations.hpp"

namespace session_sharing {
namespace {

namespace json = mortise::json;
using mortise::Reply;
using Cause = mortise::models::Error::Cause;

constexpr FlatText kTimedOut{"The judging model did not answer in time", "评判模型未在规定时间内回答"};
constexpr FlatText kFailed{"The judging model gave no answer", "评判模型没有给出回答"};

}  // namespace

std::string_view textFor(const mortise::Request& request, const FlatText& text) {
  return std::string_view(request.language()).starts_with("zh") ? text.chinese : text.english;
}

Reply judgeFailure(const mortise::Request& request, const mortise::models::Error& error) {
  if (error.cause() == Cause::addressRefused) throw mortise::Problem(400, "judge_url_refused").note(error.note());
  if (error.cause() == Cause::stopped) throw mortise::Problem(504, "timeout").note(error.note());
  const bool timedOut = error.cause() == Cause::timedOut;
  const auto* code = timedOut ? "llm_timeout" : "llm_request_failed";
  json::Object out;
  out.add("error", code).add("code", code).add("message", textFor(request, timedOut ? kTimedOut : kFailed));
  if (!timedOut) out.add("detail", reasonOf(error));
  return Reply::raw(out.build().text(), "application/json", timedOut ? 504 : 502);
}

}  // namespace session_sharing
