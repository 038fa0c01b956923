#include "signup_store.hpp"

#include <mortise/rows.hpp>

#include <algorithm>
#include <utility>

namespace auth {
namespace {

namespace db = mortise::db;
using db::Session;
using mortise::Transaction;

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

constexpr const char* kTry =
    "UPDATE auth_signups SET tries = tries + 1 WHERE email = :email AND code_mac <> '' AND code_expires_at > :now AND "
    "expires_at > :now AND tries < :most AND claimed_until <= :now";

// Rolls the transaction back: nothing of what was asked for is counted.
struct NameTaken {};
struct Wait {
  std::int64_t time;
};

// Who waits for this name holds what is decided about the address's sign-ups.
void lockSignups(Transaction& tx, std::string_view addressKey) {
  tx.lock(std::string("sign-ups of ").append(addressKey));
}

// Oldest first.
std::vector<Signup> read(Session& session, std::string_view email, std::int64_t now) {
  return db::rows<Signup>(session, "WHERE email = :email AND expires_at > :now ORDER BY created_at, id",
                          {{"email", email}, {"now", now}});
}

// Does a pending sign-up of another address hold this name?
template <class Source>
bool isHeld(Source&& source, std::string_view folded, std::string_view email, std::int64_t now) {
  return db::exists<Signup>(source, "WHERE username_folded = :folded AND email <> :email AND expires_at > :now",
                            {{"folded", folded}, {"email", email}, {"now", now}});
}

std::int64_t waitOf(const std::optional<AddressMails>& mails, std::int64_t cooldown, std::int64_t most,
                    std::int64_t now) {
  if (!mails) return 0;
  const std::int64_t absurd = now + kClockSlack;
  std::int64_t wait = 0;
  if (mails->lastSentAt <= absurd) wait = std::max(wait, mails->lastSentAt + cooldown - now);
  if (mails->windowStartedAt <= absurd && mails->windowCount >= most)
    wait = std::max(wait, mails->windowStartedAt + kHour - now);
  return wait;
}

// Which of `attempts` (oldest first, not empty) gives way to a new one of `maker`: see SignupStore::keep.
std::vector<Signup>::const_iterator whoGivesWay(const std::vector<Signup>& attempts, const std::string& maker,
                                                std::int64_t now) {
  const auto first = [&](auto&& condition) { return std::find_if(attempts.begin(), attempts.end(), condition); };
  if (const auto one = first([&](const Signup& signup) { return signup.codeExpiresAt <= now; }); one != attempts.end())
    return one;
  if (const auto one = first([&](const Signup& signup) { return signup.maker == maker; }); one != attempts.end())
    return one;
  const auto ofMaker = [&](const Signup& signup) {
    return std::count_if(attempts.begin(), attempts.end(),
                         [&](const Signup& other) { return other.maker == signup.maker; });
  };
  return std::max_element(attempts.begin(), attempts.end(), [&](const Signup& left, const Signup& right) {
    return ofMaker(left) < ofMaker(right);  // of equals the first, which is the oldest
  });
}

}  // namespace

std::int64_t SignupStore::waitFor(const MailKeys& keys, std::int64_t now) const {
  auto session = db_.read();
  return waitFor(session, keys, now);
}

std::int64_t SignupStore::waitFor(Session& session, const MailKeys& keys, std::int64_t now) const {
  return std::max(waitOf(db::find<AddressMails>(session, keys.caller), rules_.cooldown, rules_.codesPerHour, now),
                  waitOf(db::find<AddressMails>(session, keys.address), 0, rules_.allCodesPerHour, now));
}

bool SignupStore::take(Session& session, std::string_view key, std::int64_t cooldown, std::int64_t most,
                       std::int64_t now) const {
  return session.execute(kTake, {{"address_key", key},
                                 {"now", now},
                                 {"window_over", now - kHour},
                                 {"cooled", now - cooldown},
                                 {"absurd", now + kClockSlack},
                                 {"most", most}}) > 0;
}

std::int64_t SignupStore::takeBoth(Session& session, const MailKeys& keys, std::int64_t now) const {
  if (const auto wait = waitFor(session, keys, now); wait > 0) return wait;
  const bool taken = take(session, keys.caller, rules_.cooldown, rules_.codesPerHour, now) &&
                     take(session, keys.address, 0, rules_.allCodesPerHour, now);
  return taken ? 0 : 1;
}

bool SignupStore::usernameHeld(std::string_view folded, std::string_view email, std::int64_t now) const {
  return isHeld(db_, folded, email, now);
}

void SignupStore::giveCode(Signup& signup, const std::vector<Signup>& others, const MakeCode& makeCode,
                           std::int64_t now) const {
  do {
    signup.codeMac = makeCode(signup);
  } while (std::any_of(others.begin(), others.end(),
                       [&](const Signup& other) { return other.id != signup.id && other.codeMac == signup.codeMac; }));
  signup.tries = 0;
  signup.claimedUntil = 0;
  signup.codeExpiresAt = now + rules_.codeLifetime;
  signup.expiresAt = now + rules_.pendingLifetime;
}

SignupStore::Taken SignupStore::keep(const Signup& signup, std::string_view folded, const MailKeys& keys,
                                     bool hasAccount, const MakeCode& makeCode, std::int64_t now,
                                     const QueueMails& queueMails) const {
  Taken taken;
  try {
    db_.transaction([&](Transaction& tx) {
      taken = {};
      lockSignups(tx, keys.address);
      tx.lock(std::string("sign-up name ").append(folded));
      if (const auto wait = takeBoth(tx, keys, now); wait > 0) throw Wait{wait};
      if (hasAccount) {
        if (queueMails) queueMails({});
        return;
      }
      if (isHeld(tx, folded, signup.email, now)) throw NameTaken();
      auto attempts = read(tx, signup.email, now);
      while (attempts.size() >= kMaxAttempts) {
        const auto gone = whoGivesWay(attempts, keys.caller, now);
        db::remove<Signup>(tx, gone->id);
        attempts.erase(gone);
      }
      Signup attempt = signup;
      attempt.usernameFolded = folded;
      attempt.createdAt = now;
      attempt.maker = keys.caller;
      giveCode(attempt, attempts, makeCode, now);
      db::insert(tx, attempt);
      taken.signups.push_back(std::move(attempt));
      if (queueMails) queueMails(taken.signups);
    });
  } catch (const NameTaken&) {
    taken.usernameTaken = true;
  } catch (const Wait& wait) {
    taken.wait = wait.time;
  }
  return taken;
}

SignupStore::Taken SignupStore::renew(std::string_view email, const MailKeys& keys, const MakeCode& makeCode,
                                      std::int64_t now, const QueueMails& queueMails) const {
  Taken taken;
  try {
    db_.transaction([&](Transaction& tx) {
      taken = {};
      lockSignups(tx, keys.address);
      if (const auto wait = takeBoth(tx, keys, now); wait > 0) throw Wait{wait};
      auto attempts = read(tx, email, now);
      const auto expired = [&](const Signup& signup) { return signup.codeExpiresAt <= now; };
      if (!std::all_of(attempts.begin(), attempts.end(), expired))
        attempts.erase(std::remove_if(attempts.begin(), attempts.end(), expired), attempts.end());
      for (auto& signup : attempts) {
        giveCode(signup, attempts, makeCode, now);
        db::update(tx, signup);
      }
      taken.signups = std::move(attempts);
      if (queueMails) queueMails(taken.signups);
    });
  } catch (const Wait& wait) {
    taken.wait = wait.time;
  }
  return taken;
}

void SignupStore::releaseMail(const MailKeys& keys, std::int64_t takenAt) const {
  db_.execute(
      "UPDATE auth_sends SET last_sent_at = 0, window_count = window_count - 1 WHERE address_key IN (:address, "
      ":caller) AND last_sent_at = :taken_at",
      {{"address", keys.address}, {"caller", keys.caller}, {"taken_at", takenAt}});
}

std::optional<Signup> SignupStore::claim(std::string_view email, std::string_view addressKey,
                                         const std::function<bool(const std::string&)>& fits, std::int64_t now) const {
  return db_.transaction([&](Transaction& tx) -> std::optional<Signup> {
    // One after the other, so that many guesses at once get no more than their number.
    lockSignups(tx, addressKey);
    std::optional<Signup> right;
    for (auto& signup : read(tx, email, now)) {
      const bool live = !signup.codeMac.empty() && signup.codeExpiresAt > now && signup.tries < rules_.wrongTries &&
                        signup.claimedUntil <= now;
      if (fits(signup.codeMac) && live) right = std::move(signup);
    }
    if (right) {
      tx.execute("UPDATE auth_signups SET claimed_until = :until WHERE id = :id",
                 {{"until", now + kClaim}, {"id", right->id}});
    } else if (tx.execute(kTry, {{"email", email}, {"now", now}, {"most", rules_.wrongTries}}) == 0) {
      tx.execute("UPDATE auth_decoys SET count = count + 1 WHERE id = 1");
    }
    return right;
  });
}

void SignupStore::finish(const Signup& signup) const {
  db_.execute("DELETE FROM auth_signups WHERE email = :email", {{"email", signup.email}});
}

void SignupStore::release(const Signup& signup) const {
  // A new code may have replaced the claimed one meanwhile; this claim says nothing about it.
  db_.execute("UPDATE auth_signups SET claimed_until = 0 WHERE id = :id AND code_mac = :code_mac",
              {{"id", signup.id}, {"code_mac", signup.codeMac}});
}

std::optional<Signup> SignupStore::find(std::string_view email, std::int64_t now) const {
  return db::row<Signup>(db_, "WHERE email = :email AND expires_at > :now ORDER BY created_at DESC, id DESC LIMIT 1",
                         {{"email", email}, {"now", now}});
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
