#include "sessions.hpp"

#include <mortise/limits.hpp>

#include "invalid.hpp"
#include "views.hpp"

namespace auth {

namespace contract = auth_contract::runtime;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;

contract::Session sessionView(const mortise::Tokens& tokens) {
  return {.accessToken = tokens.accessToken,
          .refreshToken = tokens.refreshToken,
          .expiresIn = tokens.expiresIn,
          .user = {.id = tokens.user.id, .email = mortise::orNull(tokens.user.email)}};
}

Sessions::Sessions(mortise::Host host) : identity_(host.identity()), loginFailures_(host.limits()) {}

Reply Sessions::createSession(const Request&, const contract::Credentials& body) {
  const auto address = emailOf(body.email);
  LoginFailures::Attempt attempt(loginFailures_, emailFailureKey(address.text()));
  const auto user = identity_.checkPassword(mortise::UserKey::email, address.text(), body.password);
  if (!user || user->status != "active" || user->emailConfirmedAt == 0) {
    attempt.failed();
    throw Problem(401, "invalid_credentials");
  }
  attempt.succeeded();
  return Reply::ok(json::from(sessionView(identity_.openSession(user->id, mortise::SessionKind::rotating))));
}

Reply Sessions::refreshSession(const Request&, const contract::RefreshToken& body) {
  try {
    return Reply::ok(json::from(sessionView(identity_.refresh(body.refreshToken))));
  } catch (const Problem& problem) {
    if (problem.status() != 401) throw;
    throw Problem(401, "invalid_refresh_token").note(problem.code());
  }
}

Reply Sessions::deleteSession(const Request&, const contract::RefreshToken& body) {
  identity_.closeSession(body.refreshToken);
  return Reply::noContent();
}

}  // namespace auth
