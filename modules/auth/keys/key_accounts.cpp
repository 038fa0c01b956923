// What the session sharing family's own accounts, and callers with keys, may ask for.
#include "keys/key_accounts.hpp"

#include <mortise/characters.hpp>
#include <mortise/config.hpp>
#include <mortise/tier.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <utility>

#include "caller.hpp"
#include "invalid.hpp"
#include "keys/key_views.hpp"
#include "keys/verification_claim.hpp"
#include "views.hpp"

namespace auth {
namespace {

namespace contract = auth_contract::keys;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;

constexpr std::int64_t kSecond = 1000000, kHour = 3600 * kSecond, kDay = 24 * kHour;
constexpr std::string_view kPurpose = "verification links";

// Nobody but the reader of the mail may get at the link: no referrer, no cache, no page around it.
Reply pageReply(std::string page, int status) {
  return Reply::raw(std::move(page), "text/html; charset=utf-8", status)
      .header("Content-Security-Policy",
              "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'self'; "
              "frame-ancestors 'none'")
      .header("Referrer-Policy", "no-referrer")
      .header("X-Content-Type-Options", "nosniff");
}

Reply outcomeReply(const mortise::Request& request, Verification outcome) {
  int status = 200;
  if (outcome == Verification::invalid) status = 400;
  if (outcome == Verification::accountGone) status = 404;
  return pageReply(verificationPage(request.language(), outcome), status);
}

// "2026-02-24 09:30 UTC"
std::string minuteText(std::int64_t micros) {
  auto text = mortise::isoTime(micros).substr(0, 16);
  text[10] = ' ';
  return text + " UTC";
}

}  // namespace

KeyAccounts::KeyAccounts(mortise::Host host, const BrowserAccounts& browsers, const Neighbours& neighbours)
    : browsers_(browsers),
      neighbours_(neighbours),
      log_(host.log()),
      db_(host.db()),
      identity_(host.identity()),
      mail_(host.mail()),
      orgs_(host.orgs()),
      secrets_(host.secrets()),
      audit_(host.audit()),
      defaultOrgs_(host.db()),
      unproved_(host.db()),
      verification_(verificationRuleFrom(host)),
      maxKeys_(host.config().integer("keys_per_user")),
      serverVersion_(host.config().server("server.version").value_or("")) {
  if (!verification_.required || !mail_.configured() || verification_.canMail) return;
  log_.warning("verification links can't be mailed: set http.public_url, or auth.require_email_verification = false");
}

Reply KeyAccounts::signUp(const Request& request, const contract::KeySignup& body) {
  mortise::NewUser account;
  account.email = emailOf(body.email).text();
  if (!verification_.required) account.emailConfirmedAt = mortise::nowMicros();
  // In one: an account whose key no client holds could not be used, and its address would be taken.
  const auto [user, key] = db_.transaction([&](Transaction& tx) {
    auto created = identity_.in(tx).create(account);
    mortise::NewApiKey first;
    first.userId = created.id;
    first.name = "default";
    auto minted = identity_.in(tx).mintKey(first);
    audit_.in(tx).record(request, "auth.account_created", "user:" + created.id,
                         json::object({{"through", "key"}, {"key_id", minted.id}}));
    if (verification_.required) mailLink(tx, created, request.mailLanguage());
    return std::pair(std::move(created), std::move(minted));
  });
  // What could not be queued after the commit is no unproved account any more.
  const bool mailed = verification_.required && unproved_.has(user.id);
  return Reply::created(json::from(contract::KeySignupMade{.userId = user.id,
                                                           .email = user.email,
                                                           .rawKey = key.raw,
                                                           .keyId = key.id,
                                                           .message = signupMessage(request.language(), mailed)}));
}

void KeyAccounts::mailLink(const Transaction& tx, const mortise::User& user, std::string_view language) const {
  constexpr auto roundedUp = [](std::int64_t time, std::int64_t unit) { return (time + unit - 1) / unit; };
  const auto failed = [log = log_, id = user.id](const std::string& reason) {
    log.warning("a verification mail was not sent", {{"user", id}, {"reason", reason}});
  };
  if (!mail_.configured()) return failed("mail.url is not set");
  if (!verification_.canMail) return failed("http.public_url is not set");
  unproved_.in(tx).add(user.id);
  try {
    auto text = verificationMail(language, linkFor(user), roundedUp(verification_.linkLifetime, kHour),
                                 roundedUp(verification_.unprovedLifetime, kDay));
    mail_.send({user.email, std::move(text.subject), std::move(text.text), std::move(text.html),
                mortise::timeOf(mortise::nowMicros() + verification_.linkLifetime)},
               [failed, unproved = unproved_, id = user.id](bool sent, const std::string& reason) {
                 if (sent) return unproved.mailed(id, mortise::nowMicros());
                 failed(reason);
                 unproved.forget(id);
               });
  } catch (const Problem& problem) {
    failed(problem.code() + ": " + problem.note());
    unproved_.in(tx).forget(user.id);
  }
}

// The form with a query: the access log shows paths, and a link is not for those who read it.
std::string KeyAccounts::linkFor(const mortise::User& user) const {
  VerificationClaim claim;
  claim.expiresAt = mortise::nowMicros() + verification_.linkLifetime;
  claim.userId = user.id;
  claim.email = user.email;
  return verification_.publicUrl + "/api/v1/auth/verify?token=" + secrets_.seal(kPurpose, claim.text());
}

Reply KeyAccounts::showVerification(const Request& request) { return show(request, request.path("token")); }

Reply KeyAccounts::showVerificationByQuery(const Request& request) {
  return show(request, request.query("token").text(""));
}

Reply KeyAccounts::verifyAddress(const Request& request) { return verify(request, request.path("token")); }

Reply KeyAccounts::verifyAddressByQuery(const Request& request) {
  return verify(request, request.query("token").text(""));
}

std::optional<mortise::User> KeyAccounts::claimant(std::string_view token, Verification& outcome) const {
  outcome = Verification::invalid;
  const auto opened = secrets_.unseal(kPurpose, token);
  const auto claim = opened ? VerificationClaim::parse(*opened) : std::nullopt;
  if (!claim || claim->expiresAt <= mortise::nowMicros()) return std::nullopt;
  auto user = identity_.find(mortise::UserKey::id, claim->userId);
  if (!user) outcome = Verification::accountGone;
  if (!user || user->email != claim->email) return std::nullopt;
  outcome = Verification::verified;
  return user;
}

Reply KeyAccounts::show(const Request& request, std::string_view token) const {
  auto outcome = Verification::invalid;
  const auto user = claimant(token, outcome);
  if (!user || user->emailConfirmedAt != 0) return outcomeReply(request, outcome);
  return pageReply(confirmationPage(request.language(), user->email, user->username, minuteText(user->createdAt)), 200);
}

Reply KeyAccounts::verify(const Request& request, std::string_view token) const {
  auto outcome = Verification::invalid;
  const auto user = claimant(token, outcome);
  if (!user || user->emailConfirmedAt != 0) return outcomeReply(request, outcome);
  mortise::UserChange change;
  change.emailConfirmedAt = mortise::nowMicros();
  try {
    db_.transaction([&](Transaction& tx) {
      identity_.in(tx).change(user->id, change);
      unproved_.in(tx).forget(user->id);
      audit_.in(tx).record(request, "auth.email_verified", "user:" + user->id, json::object({{"by", "link"}}));
    });
  } catch (const Problem& problem) {
    if (problem.status() != 404) throw;
    outcome = Verification::accountGone;
  }
  return outcomeReply(request, outcome);
}

Reply KeyAccounts::readMe(const Request& request) {
  const auto caller = request.principal();
  if (caller.credential == MORTISE_CREDENTIAL_COOKIE) return browsers_.profile(request);
  const auto user = callerOf(identity_, request);
  const std::string orgId = caller.orgId;
  const auto org = orgId.empty() ? std::nullopt : orgs_.find(orgId);
  // A user who left the organisation has no default any more.
  auto chosen = defaultOrgs_.find(user.id);
  if (chosen != orgId) chosen.reset();
  const auto client = neighbours_.lastClient(user.id).value_or(mortise::SyncClient());
  const auto health = neighbours_.captureHealth(user.id);
  return Reply::ok(json::from(contract::Me{.userId = user.id,
                                           .email = mortise::orNull(user.email),
                                           .displayName = mortise::orNull(user.nickname),
                                           .emailVerified = user.emailConfirmedAt != 0,
                                           .tier = user.tier,
                                           .effectiveTier = std::string(mortise::effectiveTier(caller.tier)),
                                           .orgId = mortise::orNull(orgId),
                                           .orgName = org ? std::optional(org->name) : std::nullopt,
                                           .orgRole = mortise::orNull(caller.orgRole),
                                           .createdAt = mortise::isoTime(user.createdAt),
                                           .lastClientVersion = mortise::orNull(client.version),
                                           .lastClientPlatform = mortise::orNull(client.platform),
                                           .lastClientDevice = mortise::orNull(client.device),
                                           .lastSyncAt = timeOrNull(client.lastSyncAt),
                                           .latestVersion = serverVersion_,
                                           .defaultOrgId = chosen,
                                           .captureHealth = health ? json::raw(*health) : json::Value(),
                                           .representedPersonas = personasOf(user.id)}));
}

std::vector<contract::RepresentedPersona> KeyAccounts::personasOf(std::string_view userId) const {
  std::vector<contract::RepresentedPersona> shown;
  for (const auto& persona : neighbours_.represented(userId)) {
    const auto org = orgs_.find(persona.orgId);
    shown.push_back({.personaId = persona.id,
                     .name = persona.name,
                     .role = persona.role,
                     .orgId = persona.orgId,
                     .orgName = org ? org->name : std::string()});
  }
  return shown;
}

Reply KeyAccounts::chooseDefaultOrg(const Request& request, const contract::DefaultOrg& body) {
  const auto userId = request.principal().userId;
  if (body.orgId) {
    const auto membership = orgs_.membership(userId);
    if (!membership || membership->orgId != *body.orgId) throw Problem(403, "not_an_org_member");
  }
  defaultOrgs_.choose(userId, body.orgId);
  return Reply::ok(json::from(contract::DefaultOrgChosen{body.orgId}));
}

Reply KeyAccounts::createKey(const Request& request, const std::optional<contract::NewKey>& body) {
  const auto name = body ? body->name.valueOr("") : std::string();
  return Reply::created(json::from(mintedKeyView(mint(request, name, 0))));
}

Reply KeyAccounts::createPersonalKey(const Request& request, const contract::NewPersonalKey& body) {
  const auto& days = body.expiresInDays;
  const auto key = mint(request, body.name, days.has() ? mortise::nowMicros() + *days * kDay : 0);
  return Reply::created(json::from(personalKeyView(key)).add("key", key.raw));
}

mortise::ApiKey KeyAccounts::mint(const Request& request, const std::string& name, std::int64_t expiresAt) {
  if (!mortise::isOneLine(name)) throw invalid("body/name", "control_character");
  mortise::NewApiKey wish;
  wish.userId = request.principal().userId;
  wish.name = name;
  wish.expiresAt = expiresAt;
  wish.mintedWith = request.principal().keyId;
  return db_.transaction([&](Transaction& tx) {
    requireRoomForKey(tx, wish.userId);
    auto key = identity_.in(tx).mintKey(wish);
    audit_.in(tx).record(request, "auth.key_minted", "key:" + key.id,
                         json::object({{"name", key.name}, {"minted_with", mortise::orNull(wish.mintedWith)}}));
    return key;
  });
}

void KeyAccounts::requireRoomForKey(Transaction& tx, const std::string& userId) const {
  tx.lock("keys of " + userId);
  const auto keys = identity_.in(tx).listKeys(userId);
  const auto living = std::count_if(keys.begin(), keys.end(), [&](const mortise::ApiKey& key) {
    return key.kind == mortise::KeyKind::user && isInUse(key);
  });
  if (living >= maxKeys_) throw Problem(409, "too_many_api_keys").with("most", maxKeys_);
}

Reply KeyAccounts::listKeys(const Request& request) {
  auto keys = identity_.listKeys(request.principal().userId);
  keys.erase(std::remove_if(keys.begin(), keys.end(), [](const auto& key) { return !isActive(key); }), keys.end());
  return Reply::ok(json::list(keys, listedKeyView));
}

Reply KeyAccounts::deactivateKey(const Request& request) {
  const std::string id = request.path("key_id");
  db_.transaction([&](Transaction& tx) {
    identity_.in(tx).deactivateKey(request.principal().userId, id);
    audit_.in(tx).record(request, "auth.key_deactivated", "key:" + id);
  });
  return Reply::noContent();
}

Reply KeyAccounts::listPersonalKeys(const Request& request) {
  auto keys = identity_.listKeys(request.principal().userId);
  const auto isService = [](const mortise::ApiKey& key) { return key.kind != mortise::KeyKind::user; };
  keys.erase(std::remove_if(keys.begin(), keys.end(), isService), keys.end());
  return Reply::ok(json::list(keys, personalKeyView));
}

Reply KeyAccounts::revokePersonalKey(const Request& request, const contract::KeyRevocation& body) {
  const std::string id = request.path("key_id");
  const auto keys = identity_.listKeys(request.principal().userId);
  const bool own = std::any_of(keys.begin(), keys.end(), [&](const mortise::ApiKey& key) {
    return key.id == id && key.kind == mortise::KeyKind::user;
  });
  if (!own) throw Problem(404, "api_key_not_found");
  db_.transaction([&](Transaction& tx) {
    identity_.in(tx).revokeKey(id, body.reason);
    audit_.in(tx).record(request, "auth.key_revoked", "key:" + id, json::object({{"reason", body.reason}}));
  });
  return Reply::noContent();
}

}  // namespace auth
