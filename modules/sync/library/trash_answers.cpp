#include "library/trash_answers.hpp"

#include <mortise/json.hpp>

#include <chrono>

namespace session_sharing {
namespace {

namespace json = mortise::json;

constexpr std::chrono::seconds kPurgeTime{60};  // well within the operations' own

}  // namespace

mortise::Reply emptyTrash(const Trash& trash, const mortise::Audit& audit, const mortise::Request& request) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + kPurgeTime;
  const auto purge = trash.purge([&] { return request.expired() || Clock::now() > end; });
  return answerPurge(purge, "module:sync", audit, request);
}

mortise::Reply answerPurge(const Trash::Purge& purge, std::string_view target, const mortise::Audit& audit,
                           const mortise::Request& request) {
  audit.record(request, "sync.trash_emptied", target,
               json::object({{"purged", purge.sessions}, {"errors", purge.errors}}));
  return mortise::Reply::ok(json::object({{"purged", purge.sessions},
                                          {"freed_bytes", purge.bytes},
                                          {"errors", purge.errors},
                                          {"remaining", !purge.isDone || purge.errors > 0}}));
}

}  // namespace session_sharing
