#include "desktop/desktop_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <utility>

#include "conversations/session_access.hpp"

namespace agent::desktop {

using mortise::Problem;
using mortise::Reply;
using mortise::Request;

void DesktopOperations::viewAgentDesktop(Request& request) {
  const auto session = ownSession(store_, request);
  try {
    const auto gone = [&] { return request.expired(); };
    auto viewing = desktops_.view(session.id, gone);
    auto screen = viewing.desktop().connect(gone);
    viewers_.open(request, std::move(viewing), std::move(screen));
    // The viewer sees it begin; a page that is being loaded may hold this up.
    desktops_.present(session.id);
  } catch (const Problem& problem) {
    // Of a refusal the client sees a close code: 1013 with the seconds is that of 429.
    if (problem.code() != "sandbox_busy") throw;
    throw Problem(429, "sandbox_busy").retryAfter(problem.retryAfter());
  }
}

Reply DesktopOperations::takeOverAgentSession(const Request& request,
                                              const agent_contract::sessions::TakeOverAgentSessionBody& body) {
  const auto session = ownSession(store_, request);
  if (body.action == "start") {
    driver_.open(session.id);  // there is nothing else to take
    takeovers_.take(session.id);
    log_.info("a user took the browser over", {{"session", session.id}, {"user", request.principal().userId}});
  } else if (takeovers_.release(session.id)) {
    log_.info("a user gave the browser back", {{"session", session.id}, {"user", request.principal().userId}});
  }
  return Reply::ok(
      mortise::json::object({{"holder", takeovers_.holder(session.id) == Holder::user ? "user" : "agent"}}));
}

}  // namespace agent::desktop
