// Browser sessions: a signed cookie, anonymous or of a user, and the CSRF tokens bound to it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/db/database.hpp"
#include "core/identity/revision.hpp"

namespace mortise::identity {

struct CookieSession {
  std::string id, userId, csrfSecret;  // userId empty: anonymous
  std::int64_t lastSeenAt = 0, expiresAt = 0;
  std::string loginToken;  // digest of the CSRF token that the browser signed in with; empty: none
  bool stored = true;      // false: everything about it is in the cookie
};

struct CookieOptions {
  std::string key;                           // signs cookies and CSRF tokens
  std::chrono::seconds lifetime{7 * 86400};  // of a signed-in session without use
  bool secure = false;                       // clients use https: the cookie is never sent in the clear
  std::chrono::seconds anonymousLifetime{86400};
};

// The cookie is "<session id>.<HMAC>". The database stores the id itself, not its hash: a reader of the database still
// has no cookie without the server's key, and the HMAC refuses forged cookies on the I/O thread, before any look-up.
// A session in which nobody has signed in is not stored at all: its id holds the time it was opened, and its CSRF secret
// follows from its id. Times are parameters, in microseconds, so that tests can set them. All but isOurs(), isStored(),
// setCookie() and openAnonymous(): [worker].
class CookieSessions {
 public:
  static constexpr std::string_view kName = "whalefall_session";
  static constexpr std::chrono::seconds kCsrfLifetime{3600};

  CookieSessions(db::Database& database, Revision& revision, CookieOptions options)
      : database_(database), revision_(revision), options_(std::move(options)) {}

  // Whether this server signed the cookie's value. [any]
  bool isOurs(std::string_view cookie) const { return read(cookie).has_value(); }
  // Whether only the database knows who signed in with it. [any]
  bool isStored(std::string_view cookie) const {
    const auto ours = read(cookie);
    return ours && ours->stored;
  }
  // The Set-Cookie value for this session. [any]
  std::string setCookie(const CookieSession& session) const;
  std::string cookie(const CookieSession& session) const;

  // A session of a day. Nothing is stored. [any]
  CookieSession openAnonymous(std::int64_t now) const;
  // That of the cookie; a new one where there is none, or where it ends before a token that it gives out now would.
  CookieSession findOrOpen(std::string_view cookie, std::int64_t now);
  // nullopt: forged, gone, revoked or expired.
  std::optional<CookieSession> find(std::string_view cookie, std::int64_t now);
  std::optional<CookieSession> find(db::Connection& connection, std::string_view cookie, std::int64_t now) const;
  // Signs a user in, under a new id and with a new CSRF secret: neither a cookie that an attacker planted before is worth
  // anything, nor a token that was fetched with it. Of the tokens of the old session only `csrfToken` stays valid, the
  // one that came with the request. Without a valid session: a new one. Throws Problem 404 user_not_found, 403
  // account_disabled.
  CookieSession bindUser(std::string_view cookie, std::string_view userId, std::int64_t now,
                         std::string_view csrfToken = {});
  // Signs out: the session stays, anonymous, with its CSRF secret. Returns false when no user was signed in.
  bool close(std::string_view cookie, std::int64_t now);

  // Valid for any request of the session for an hour, any number of times.
  std::string csrfToken(const CookieSession& session, std::int64_t now) const;
  bool checkCsrf(const CookieSession& session, std::string_view token, std::int64_t now) const;

  // Extends the expiry, at most once a minute for each session; a failure is only logged.
  void recordUse(const CookieSession& session, std::int64_t now);

  // The following are parts of wider changes, inside their transaction; the caller advances the revision.
  static void revokeOf(db::Connection& connection, std::string_view userId, std::int64_t now);
  static void removeOf(db::Connection& connection, std::string_view userId);
  static std::int64_t removeDead(db::Connection& connection, std::int64_t now);

 private:
  struct ReadCookie {
    std::string id;
    bool stored = true;
  };
  std::optional<ReadCookie> read(std::string_view cookie) const;  // nullopt: not signed by this server
  std::optional<CookieSession> findUnstored(const ReadCookie& cookie, std::int64_t now) const;
  std::string digestOf(std::string_view csrfToken) const { return signature("login token", csrfToken); }
  std::string signature(std::string_view purpose, std::string_view text) const;
  std::int64_t expiry(bool signedIn, std::int64_t now) const;
  CookieSession newSession(std::string_view userId, std::int64_t now) const;

  db::Database& database_;
  Revision& revision_;
  const CookieOptions options_;
};

}  // namespace mortise::identity
