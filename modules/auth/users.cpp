// Profiles and look-ups of the runtime family.
#include "auth.hpp"

#include <mortise/time.hpp>
#include "names.hpp"
#include "views.hpp"

namespace auth {

mortise::User Auth::self(const Request& request) const {
  auto user = identity_.find(mortise::UserKey::id, request.principal().userId);
  if (!user) throw Problem(401, "not_authenticated").note("the account was deleted a moment ago");
  return *std::move(user);
}

Reply Auth::findUser(const Request& request) {
  const auto address = EmailAddress::parseUntrimmed(request.query("email").text(""));
  if (!address) throw invalid("query/email", "email");
  // Decided before anything is looked up: who may not ask must not learn whether there is such an account.
  const bool own = request.principal().email == address->text();
  if (!own && !request.permitted("auth.find_users")) throw Problem(403, "forbidden");
  if (const auto user = identity_.find(mortise::UserKey::email, address->text())) {
    return Reply::ok(foundUserView(user->id, user->email, user->createdAt, user->emailConfirmedAt));
  }
  if (const auto signup = signups_.find(address->text(), mortise::nowMicros())) {
    return Reply::ok(foundUserView(signup->id, signup->email, signup->createdAt, 0));
  }
  throw Problem(404, "user_not_found");
}

Reply Auth::readProfile(const Request& request) { return Reply::ok(profileView(self(request))); }

Reply Auth::changeProfile(const Request& request) {
  const auto body = request.body();
  mortise::UserChange change;
  Problem problem(422, "validation_failed");
  if (const auto username = body["username"].optionalText()) {
    change.username = username->string();
    change.uniqueFolded = true;
  }
  if (body.has("avatar_url")) {
    const std::string avatar = body["avatar_url"].text();
    if (!body["avatar_url"].isNull() && !WebUrl::parse(avatar)) problem.field("body/avatar_url", "uri");
    change.avatar = avatar;
  }
  if (body.has("bio")) {
    const std::string bio = body["bio"].text();
    if (!isMultiLine(bio)) problem.field("body/bio", "control_character");
    change.clearBio = body["bio"].isNull();
    if (!change.clearBio) change.bio = bio;
  }
  if (!problem.fields().empty()) throw problem;
  if (!change.username && !change.avatar && !change.bio && !change.clearBio) return readProfile(request);
  try {
    return Reply::ok(profileView(identity_.change(request.principal().userId, change)));
  } catch (const Problem& refused) {
    if (refused.code() == "username_taken") throw invalid("body/username", "username_taken");
    if (refused.status() == 404) throw Problem(401, "not_authenticated").note("the account was deleted a moment ago");
    throw;
  }
}

Reply Auth::readUser(const Request& request) {
  const auto user = identity_.find(mortise::UserKey::usernameFolded, foldUsername(request.path("username")));
  if (!user) throw Problem(404, "user_not_found");
  return Reply::ok(profileView(*user));
}

}  // namespace auth
