#include "signup_store.hpp"

#include <mortise/rows.hpp>

#include <algorithm>
#include <utility>

namespace auth {
namespace {

namespace db = mortise::db;
using db::Session;

constexpr std::int64_t kSecond = 1000000, kHour = 3600 * kSecond;
// How long a caller may take to turn a claimed sign-up into an account; a claim left behind by a crash ends by itself.
constexpr std::int64_t kClaim = 60 * kSecond;
// A record further in the future than clocks of servers differ was made before the clock was set back.
constexpr std::int64_t kClockSlack = 60 * kSecond;

constexpr const char* kTake =
    "INSERT INTO auth_sends (address_key, last_sent_at, window_started_at, window_count) VALUES (:address_key, :now, "
    ":now, 1) "
    "ON CONFLICT (address_key) DO UPDATE SET last_sent_at = excluded.last_sent_at, "
    "window_started_at = CASE WHEN auth_sends.window_started_at <= :window_over OR auth_sends.window_started_at > "
    ":absurd "
    "THEN excluded.window_started_at ELSE auth_sends.window_started_at END, "
    "window_count = CASE WHEN auth_sends.window_started_at <= :window_over OR auth_sends.window_started_at > :absurd "
    "THEN 1 ELSE auth_sends.window_count + 1 END "
    "WHERE (auth_sends.last_sent_at <= :cooled OR auth_sends.last_sent_at > :absurd) AND "
    "(auth_sends.window_started_at <= :window_over OR auth_sends.window_started_at > :absurd OR "
    "auth_sends.window_count < :most)";

constexpr const char* kRenew =
    "UPDATE auth_signups SET code_mac = :code_mac, code_expires_at = :code_expires_at, tries = 0, claimed_until = 0, "
    "expires_at = :expires_at WHERE email = :email AND expires_at > :now";

constexpr const char* kTry =
    "UPDATE auth_signups SET tries = tries + 1 WHERE email = :email AND code_mac <> '' AND code_expires_at > :now AND "
    "expires_at > :now "
    "AND tries < :most AND claimed_until <= :now";

struct NameTaken {};

std::optional<Signup> read(Session& session, std::string_view email, std::int64_t now) {
  return db::row<Signup>(session, "WHERE email = :email AND expires_at > :now", {{"email", email}, {"now", now}});
}

// Does a pending sign-up of another address hold this name?
template <class Source>
bool isHeld(Source&& source, std::string_view folded, std::string_view email, std::int64_t now) {
  return db::exists<Signup>(source, "WHERE username_folded = :folded AND email <> :email AND expires_at > :now",
                            {{"folded", folded}, {"email", email}, {"now", now}});
}

}  // namespace

std::int64_t SignupStore::waitFor(std::string_view addressKey, std::int64_t now) const {
  auto session = db_.read();
  return waitFor(session, addressKey, now);
}

std::int64_t SignupStore::waitFor(Session& session, std::string_view addressKey, std::int64_t now) const {
  const auto mails = db::find<AddressMails>(session, addressKey);
  if (!mails) return 0;
  const std::int64_t absurd = now + kClockSlack;
  std::int64_t wait = 0;
  if (mails->lastSentAt <= absurd) wait = std::max(wait, mails->lastSentAt + rules_.cooldown - now);
  if (mails->windowStartedAt <= absurd && mails->windowCount >= rules_.codesPerHour)
    wait = std::max(wait, mails->windowStartedAt + kHour - now);
  return wait;
}

bool SignupStore::take(Session& session, std::string_view addressKey, std::int64_t now) const {
  return session.execute(kTake, {{"address_key", addressKey},
                                 {"now", now},
                                 {"window_over", now - kHour},
                                 {"cooled", now - rules_.cooldown},
                                 {"absurd", now + kClockSlack},
                                 {"most", rules_.codesPerHour}}) > 0;
}

bool SignupStore::usernameHeld(std::string_view folded, std::string_view email, std::int64_t now) const {
  return isHeld(db_, folded, email, now);
}

SignupStore::Taken SignupStore::keep(const Signup& signup, std::string_view folded, std::string_view addressKey,
                                     bool hasAccount, std::int64_t now) const {
  try {
    return db_.transaction([&](Session& session) {
      Taken taken;
      if (!take(session, addressKey, now)) {
        taken.wait = std::max<std::int64_t>(1, waitFor(session, addressKey, now));
        return taken;
      }
      if (hasAccount) return taken;
      session.execute("DELETE FROM auth_signups WHERE username_folded = :folded AND expires_at <= :now",
                      {{"folded", folded}, {"now", now}});
      session.execute("DELETE FROM auth_signups WHERE email = :email AND expires_at <= :now",
                      {{"email", signup.email}, {"now", now}});
      if (isHeld(session, folded, signup.email, now)) throw NameTaken();
      Signup kept = signup;
      kept.usernameFolded = folded;
      kept.createdAt = now;
      kept.codeExpiresAt = now + rules_.codeLifetime;
      kept.expiresAt = now + rules_.pendingLifetime;
      db::upsert(session, kept);
      taken.signup = std::move(kept);
      return taken;
    });
  } catch (const NameTaken&) {
    // Rolled back: the mail is not counted either.
  } catch (const db::Error& error) {
    // Another sign-up took the name between our look and our write.
    if (error.kind() != db::Error::Kind::exists) throw;
  }
  Taken taken;
  taken.usernameTaken = true;
  return taken;
}

SignupStore::Taken SignupStore::renew(std::string_view email, std::string_view codeMac, std::string_view addressKey,
                                      std::int64_t now) const {
  return db_.transaction([&](Session& session) {
    Taken taken;
    if (!take(session, addressKey, now)) {
      taken.wait = std::max<std::int64_t>(1, waitFor(session, addressKey, now));
      return taken;
    }
    const auto changed = session.execute(kRenew, {{"code_mac", codeMac},
                                                  {"code_expires_at", now + rules_.codeLifetime},
                                                  {"expires_at", now + rules_.pendingLifetime},
                                                  {"email", email},
                                                  {"now", now}});
    if (changed > 0) taken.signup = read(session, email, now);
    return taken;
  });
}

void SignupStore::giveBack(std::string_view addressKey, std::int64_t takenAt) const {
  db_.execute(
      "UPDATE auth_sends SET last_sent_at = 0, window_count = window_count - 1 WHERE address_key = :address_key AND "
      "last_sent_at = :taken_at",
      {{"address_key", addressKey}, {"taken_at", takenAt}});
}

std::optional<Signup> SignupStore::claim(std::string_view email, const std::function<bool(const std::string&)>& fits,
                                         std::int64_t now) const {
  return db_.transaction([&](Session& session) -> std::optional<Signup> {
    // The try is spent before anything is compared, so that many guesses at once get no more than their number.
    if (session.execute(kTry, {{"email", email}, {"now", now}, {"most", rules_.wrongTries}}) == 0) {
      session.execute("UPDATE auth_decoys SET count = count + 1 WHERE id = 1");
      return std::nullopt;
    }
    auto signup = read(session, email, now);
    if (!signup || !fits(signup->codeMac)) return std::nullopt;
    session.execute("UPDATE auth_signups SET tries = tries - 1, claimed_until = :until WHERE email = :email",
                    {{"until", now + kClaim}, {"email", email}});
    return signup;
  });
}

void SignupStore::finish(const Signup& signup) const { db::remove<Signup>(db_, signup.email); }

void SignupStore::release(const Signup& signup) const {
  // A new code may have replaced the claimed one meanwhile; this claim says nothing about it.
  db_.execute("UPDATE auth_signups SET claimed_until = 0 WHERE email = :email AND code_mac = :code_mac",
              {{"email", signup.email}, {"code_mac", signup.codeMac}});
}

std::optional<Signup> SignupStore::find(std::string_view email, std::int64_t now) const {
  auto session = db_.read();
  return read(session, email, now);
}

std::int64_t SignupStore::purge(std::int64_t now) const {
  return db_.transaction([&](Session& session) {
    const auto dropped = session.execute("DELETE FROM auth_signups WHERE expires_at <= :now", {{"now", now}});
    session.execute("DELETE FROM auth_sends WHERE last_sent_at <= :over AND window_started_at <= :over",
                    {{"over", now - std::max(kHour, rules_.cooldown)}});
    return dropped;
  });
}

}  // namespace auth
