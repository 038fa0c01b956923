// Sessions of the runtime family.
#include "auth.hpp"
#include "views.hpp"

namespace auth {

Reply Auth::createSession(const Request& request) {
  const auto body = request.body();
  const auto address = emailOf(body);
  LoginFailures::Attempt attempt(loginFailures_, "email:" + address.text());
  const auto user = identity_.checkPassword(mortise::UserKey::email, address.text(), body["password"].text());
  if (!user || user->status != "active" || user->emailConfirmedAt == 0) {
    attempt.failed();
    throw Problem(401, "invalid_credentials");
  }
  attempt.succeeded();
  return Reply::ok(sessionView(identity_.openSession(user->id, mortise::SessionKind::rotating)));
}

Reply Auth::refreshSession(const Request& request) {
  try {
    return Reply::ok(sessionView(identity_.refresh(request.body()["refresh_token"].text())));
  } catch (const Problem& problem) {
    if (problem.status() != 401) throw;
    throw Problem(401, "invalid_refresh_token").note(problem.code());
  }
}

Reply Auth::deleteSession(const Request& request) {
  identity_.closeSession(request.body()["refresh_token"].text());
  return Reply::noContent();
}

}  // namespace auth
