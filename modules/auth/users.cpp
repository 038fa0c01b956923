#include "users.hpp"

#include <mortise/characters.hpp>
#include <mortise/time.hpp>

#include <string>

#include "caller.hpp"
#include "email_address.hpp"
#include "invalid.hpp"
#include "names.hpp"
#include "views.hpp"
#include "web_url.hpp"

namespace auth {

namespace contract = auth_contract::runtime;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;

namespace {

contract::Profile profileView(const mortise::User& user) {
  // The agent platform takes any text as an avatar; this family promises a URL.
  return {.id = user.id,
          .username = mortise::orNull(user.username),
          .avatarUrl = WebUrl::parse(user.avatar) ? std::optional(user.avatar) : std::nullopt,
          .bio = user.bio};
}

contract::FoundUser foundUserView(const std::string& id, const std::string& email, std::int64_t createdAt,
                                  std::int64_t emailConfirmedAt) {
  return {.id = id,
          .email = email,
          .createdAt = mortise::isoTime(mortise::timeOf(createdAt), mortise::kIsoMillis),
          .emailConfirmedAt = timeOrNull(emailConfirmedAt, mortise::kIsoMillis)};
}

mortise::UserChange changeFrom(const contract::ProfileChange& body) {
  mortise::UserChange change;
  Problem problem(422, "validation_failed");
  change.username = body.username.optional();
  change.uniqueFolded = body.username.has();
  if (!body.avatarUrl.absent()) {
    if (body.avatarUrl.has() && !WebUrl::parse(*body.avatarUrl)) problem.field("body/avatar_url", "uri");
    change.avatar = body.avatarUrl.valueOr("");
  }
  if (body.bio.has() && !mortise::isMultiLine(*body.bio)) problem.field("body/bio", "control_character");
  change.bio = body.bio.optional();
  change.clearBio = body.bio.isNull();
  if (!problem.fields().empty()) throw problem;
  return change;
}

}  // namespace

Users::Users(mortise::Host host, const SignupStore& signups)
    : db_(host.db()), identity_(host.identity()), audit_(host.audit()), signups_(signups) {}

Reply Users::findUser(const Request& request) {
  const auto address = EmailAddress::parse(request.query("email").text(""));
  if (!address) throw invalid("query/email", "email");
  // Decided before anything is looked up: who may not ask must not learn whether there is such an account.
  const bool own = request.principal().email == address->text();
  if (!own && !request.permitted("auth.find_users")) throw Problem(403, "forbidden");
  if (const auto user = identity_.find(mortise::UserKey::email, address->text()))
    return Reply::ok(json::from(foundUserView(user->id, user->email, user->createdAt, user->emailConfirmedAt)));
  const auto signup = mortise::orNotFound(signups_.find(address->text(), mortise::nowMicros()), "user_not_found");
  return Reply::ok(json::from(foundUserView(signup.id, signup.email, signup.createdAt, 0)));
}

Reply Users::readProfile(const Request& request) {
  return Reply::ok(json::from(profileView(callerOf(identity_, request))));
}

Reply Users::changeProfile(const Request& request, const contract::ProfileChange& body) {
  const auto change = changeFrom(body);
  if (!change.username && !change.avatar && !change.bio && !change.clearBio) return readProfile(request);
  if (!change.username) return Reply::ok(json::from(profileView(changeCaller(identity_, request, change))));
  try {
    const auto user = db_.transaction([&](mortise::Transaction& tx) {
      const auto before = callerOf(identity_.in(tx), request);
      auto after = changeCaller(identity_.in(tx), request, change);
      if (after.username != before.username) {
        audit_.in(tx).record(request, "auth.username_changed", "user:" + after.id,
                             json::object({{"from", before.username}, {"to", after.username}}));
      }
      return after;
    });
    return Reply::ok(json::from(profileView(user)));
  } catch (const Problem& problem) {
    if (problem.code() == "username_taken") throw invalid("body/username", "username_taken");
    throw;
  }
}

Reply Users::readUser(const Request& request) {
  const auto folded = foldUsername(request.path("username"));
  return Reply::ok(json::from(
      profileView(mortise::orNotFound(identity_.find(mortise::UserKey::usernameFolded, folded), "user_not_found"))));
}

}  // namespace auth
