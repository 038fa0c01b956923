#include "search/search_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/paging.hpp>
#include <mortise/time.hpp>

#include <chrono>
#include <string>

#include "library/tool_family.hpp"

namespace session_sharing {
namespace {

namespace json = mortise::json;

constexpr auto kPages = [] {
  constexpr std::int64_t kMaxPerPage = 50;
  auto form = mortise::sizedPages("results", kMaxPerPage);
  form.hasMore = nullptr;
  return form;
}();

json::Value shown(const FoundSession& session) {
  json::List matches;
  if (!session.snippet.empty()) matches.add(json::object({{"snippet", session.snippet}}));
  return json::object({{"session_id", session.id},
                       {"title", session.title},
                       {"alias", session.alias},
                       {"source_tool", session.sourceTool},
                       {"model_id", session.modelId},
                       {"message_count", session.messageCount},
                       {"updated_at", mortise::isoTime(session.updatedAt, mortise::kIsoMicros)},
                       {"matches", matches}});
}

}  // namespace

mortise::Reply SearchOperations::searchSessions(const mortise::Request& request) {
  const std::string q = request.query("q").text("").string();
  SearchFilter filter;
  if (const auto tool = request.query("tool").text(); tool && !tool->empty()) filter.toolFamily = toolFamilyOf(*tool);
  if (const auto days = request.query("days").integer()) filter.since = mortise::now() - std::chrono::hours(24 * *days);
  const auto paging = mortise::Paging::of(request, kPages);
  const auto page =
      search_.find(request.principal().userId, termsOf(q), filter, paging, [&] { request.stopIfExpired(); });
  return mortise::Reply::ok(json::object({{"results", json::list(page.sessions, shown)},
                                          {"total", page.total},
                                          {"page", paging.page},
                                          {"page_size", paging.size},
                                          {"query", q}}));
}

}  // namespace session_sharing
