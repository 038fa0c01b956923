#include "archives/push_rules.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/text.hpp>
#include <mortise/white_space.hpp>

namespace session_sharing {

using mortise::Problem;

std::string_view unquotedEtag(std::string_view header) {
  auto etag = mortise::withoutSpaceAround(header);
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  while (etag.starts_with('"')) etag.remove_prefix(1);
  while (etag.ends_with('"')) etag.remove_suffix(1);
  return etag;
}

PushIntent PushIntent::of(const mortise::Request& request, std::string_view sessionId) {
  PushIntent intent;
  intent.sessionId = sessionId;
  intent.userId = request.principal().userId;
  intent.ifMatch = mortise::orNull(unquotedEtag(request.header("If-Match")));
  const auto undelete = mortise::withoutSpaceAround(request.header("X-SessionFS-Undelete"));
  intent.undeletes = undelete == "true" || undelete == "True" || undelete == "1";
  return intent;
}

void checkIntent(const PushIntent& intent, const std::optional<CapturedSession>& current) {
  if (!current) return;
  if (current->userId != intent.userId) throw Problem(409, "session_id_taken");
  if (current->isDeleted && !intent.undeletes) throw Problem(410, "session_deleted");
  if (intent.ifMatch && *intent.ifMatch != current->etag)
    throw Problem(409, "etag_mismatch").details(mortise::json::object({{"current_etag", current->etag}}).text());
}

}  // namespace session_sharing
