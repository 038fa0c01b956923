#include "core/identity/cookie_sessions.hpp"

#include <charconv>

#include "core/base/identifiers.hpp"
#include "core/base/problem.hpp"
#include "core/base/text.hpp"
#include "core/identity/store.hpp"
#include "core/ops/log.hpp"

namespace mortise::identity {
namespace {

using db::ColumnType;

constexpr std::size_t kIdBytes = 24;   // 192 random bits; 160 behind the time where the session is not stored
constexpr std::size_t kTimeBytes = 4;  // seconds since the epoch, until the year 2106
constexpr const char* kStoredCookie = "cookie";
constexpr const char* kUnstoredCookie = "anonymous cookie";
constexpr std::size_t kSecretBytes = 32;
constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kUseEvery = 60 * kMicros;
// Tolerance for servers on one database whose clocks differ by seconds.
constexpr std::int64_t kClockSkew = 60 * kMicros;

void insert(db::Connection& connection, const CookieSession& row) {
  connection.execute(
      "INSERT INTO mortise_cookie_sessions (id, user_id, csrf_secret, login_token, created_at, last_seen_at, "
      "expires_at) "
      "VALUES (:id, :user_id, :csrf_secret, :login_token, :now, :now, :expires_at)",
      {{"id", row.id},
       {"user_id", row.userId},
       {"csrf_secret", row.csrfSecret},
       {"login_token", row.loginToken},
       {"now", row.lastSeenAt},
       {"expires_at", row.expiresAt}});
}

}  // namespace

std::string CookieSessions::signature(std::string_view purpose, std::string_view text) const {
  std::string whole(purpose);
  whole += '\0';
  whole += text;
  return text::base64Url(hmacSha256(options_.key, whole));
}

std::int64_t CookieSessions::expiry(bool signedIn, std::int64_t now) const {
  return now + (signedIn ? options_.lifetime : options_.anonymousLifetime).count() * kMicros;
}

CookieSession CookieSessions::newSession(std::string_view userId, std::int64_t now) const {
  CookieSession session;
  session.id = text::base64Url(randomBytes(kIdBytes));
  session.userId = userId;
  session.csrfSecret = text::base64Url(randomBytes(kSecretBytes));
  session.lastSeenAt = now;
  session.expiresAt = expiry(!userId.empty(), now);
  return session;
}

std::optional<CookieSessions::ReadCookie> CookieSessions::read(std::string_view cookie) const {
  constexpr std::size_t kIdText = kIdBytes * 4 / 3;
  if (cookie.size() <= kIdText || cookie[kIdText] != '.') return std::nullopt;
  const std::string_view id = cookie.substr(0, kIdText);
  const std::string_view signedWith = cookie.substr(kIdText + 1);
  if (equalsConstantTime(signature(kStoredCookie, id), signedWith)) return ReadCookie{std::string(id), true};
  if (equalsConstantTime(signature(kUnstoredCookie, id), signedWith)) return ReadCookie{std::string(id), false};
  return std::nullopt;
}

std::string CookieSessions::cookie(const CookieSession& session) const {
  return session.id + "." + signature(session.stored ? kStoredCookie : kUnstoredCookie, session.id);
}

std::string CookieSessions::setCookie(const CookieSession& session) const {
  return std::string(kName) + "=" + cookie(session) + "; HttpOnly; Path=/; SameSite=Lax" +
         (options_.secure ? "; Secure" : "");
}

CookieSession CookieSessions::openAnonymous(std::int64_t now) const {
  std::string id(kTimeBytes, '\0');
  auto seconds = static_cast<std::uint32_t>(now / kMicros);
  for (auto byte = id.rbegin(); byte != id.rend(); ++byte, seconds >>= 8) *byte = static_cast<char>(seconds & 0xff);
  id += randomBytes(kIdBytes - kTimeBytes);
  return *findUnstored({text::base64Url(id), false}, now);
}

std::optional<CookieSession> CookieSessions::findUnstored(const ReadCookie& cookie, std::int64_t now) const {
  const auto bytes = text::fromBase64Url(cookie.id);
  if (!bytes || bytes->size() != kIdBytes) return std::nullopt;
  std::int64_t seconds = 0;
  for (const char byte : bytes->substr(0, kTimeBytes)) seconds = seconds << 8 | static_cast<unsigned char>(byte);
  CookieSession session;
  session.id = cookie.id;
  session.csrfSecret = signature("anonymous secret", cookie.id);
  session.lastSeenAt = seconds * kMicros;
  session.expiresAt = expiry(false, session.lastSeenAt);
  session.stored = false;
  if (session.lastSeenAt > now + kClockSkew || session.expiresAt <= now) return std::nullopt;
  return session;
}

CookieSession CookieSessions::findOrOpen(std::string_view cookie, std::int64_t now) {
  constexpr std::int64_t kTokenLife = std::chrono::microseconds(kCsrfLifetime).count();
  const auto session = find(cookie, now);
  if (!session || (!session->stored && session->expiresAt - now < kTokenLife)) return openAnonymous(now);
  recordUse(*session, now);
  return *session;
}

std::optional<CookieSession> CookieSessions::find(std::string_view cookie, std::int64_t now) {
  const auto ours = read(cookie);
  if (!ours) return std::nullopt;
  if (!ours->stored) return findUnstored(*ours, now);
  return find(*database_.lease(db::Access::read), cookie, now);
}

std::optional<CookieSession> CookieSessions::find(db::Connection& connection, std::string_view cookie,
                                                  std::int64_t now) const {
  auto ours = read(cookie);
  if (!ours) return std::nullopt;
  if (!ours->stored) return findUnstored(*ours, now);
  constexpr ColumnType kTypes[] = {ColumnType::text,    ColumnType::text,    ColumnType::integer,
                                   ColumnType::integer, ColumnType::integer, ColumnType::text};
  const auto rows = connection.query(
      "SELECT user_id, csrf_secret, last_seen_at, expires_at, revoked_at, login_token FROM mortise_cookie_sessions "
      "WHERE id = :id",
      {{"id", ours->id}}, kTypes);
  if (!rows->next() || rows->integer(4) != 0 || rows->integer(3) <= now) return std::nullopt;
  CookieSession session;
  session.id = std::move(ours->id);
  session.userId = rows->text(0);
  session.csrfSecret = rows->text(1);
  session.lastSeenAt = rows->integer(2);
  session.expiresAt = rows->integer(3);
  session.loginToken = rows->text(5);
  return session;
}

CookieSession CookieSessions::bindUser(std::string_view cookie, std::string_view userId, std::int64_t now,
                                       std::string_view csrfToken) {
  const CookieSession signedIn = newSession(userId, now);
  CookieSession bound;
  database_.transaction([&](db::Connection& work) {
    store::requireActiveUser(work, signedIn.userId);
    bound = signedIn;
    if (const auto old = find(work, cookie, now)) {
      if (checkCsrf(*old, csrfToken, now)) bound.loginToken = digestOf(csrfToken);
      if (old->stored) work.execute("DELETE FROM mortise_cookie_sessions WHERE id = :id", {{"id", old->id}});
    }
    insert(work, bound);
    store::recordLogin(work, signedIn.userId, now);
  });
  revision_.advance();
  return bound;
}

bool CookieSessions::close(std::string_view cookie, std::int64_t now) {
  const auto ours = read(cookie);
  if (!ours || !ours->stored) return false;
  bool closed = false;
  database_.transaction([&](db::Connection& work) {
    closed = work.execute(
                 "UPDATE mortise_cookie_sessions SET user_id = '', last_seen_at = :now, expires_at = :expires_at "
                 "WHERE id = :id AND user_id <> '' AND revoked_at = 0",
                 {{"now", now}, {"expires_at", expiry(false, now)}, {"id", ours->id}}) == 1;
  });
  revision_.advance();
  return closed;
}

std::string CookieSessions::csrfToken(const CookieSession& session, std::int64_t now) const {
  const std::string time = std::to_string(now);
  return time + "." + signature("csrf", session.csrfSecret + "." + time);
}

bool CookieSessions::checkCsrf(const CookieSession& session, std::string_view token, std::int64_t now) const {
  const auto dot = token.find('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view time = token.substr(0, dot);
  const std::string expected = signature("csrf", session.csrfSecret + "." + std::string(time));
  const bool isOfSession = equalsConstantTime(expected, token.substr(dot + 1));
  const bool signedIn = !session.loginToken.empty() && equalsConstantTime(session.loginToken, digestOf(token));
  if (!isOfSession && !signedIn) return false;
  std::int64_t issuedAt = 0;
  const auto [end, failure] = std::from_chars(time.data(), time.data() + time.size(), issuedAt);
  if (failure != std::errc() || end != time.data() + time.size()) return false;
  constexpr std::int64_t kLife = std::chrono::microseconds(kCsrfLifetime).count();
  return issuedAt <= now + kClockSkew && now - issuedAt <= kLife;
}

void CookieSessions::recordUse(const CookieSession& session, std::int64_t now) {
  if (!session.stored || now - session.lastSeenAt < kUseEvery) return;
  try {
    database_.transaction([&](db::Connection& work) {
      work.execute(
          "UPDATE mortise_cookie_sessions SET last_seen_at = :now, expires_at = :expires_at "
          "WHERE id = :id AND user_id = :user_id AND revoked_at = 0",
          {{"now", now},
           {"expires_at", expiry(!session.userId.empty(), now)},
           {"id", session.id},
           {"user_id", session.userId}});
    });
  } catch (const db::Error& error) {
    log::warning("the use of a cookie session was not recorded", {{"reason", error.what()}});
  }
}

void CookieSessions::revokeOf(db::Connection& connection, std::string_view userId, std::int64_t now) {
  connection.execute("UPDATE mortise_cookie_sessions SET revoked_at = :now WHERE user_id = :user_id AND revoked_at = 0",
                     {{"now", now}, {"user_id", std::string(userId)}});
}

void CookieSessions::removeOf(db::Connection& connection, std::string_view userId) {
  connection.execute("DELETE FROM mortise_cookie_sessions WHERE user_id = :user_id",
                     {{"user_id", std::string(userId)}});
}

std::int64_t CookieSessions::removeDead(db::Connection& connection, std::int64_t now) {
  return connection.execute("DELETE FROM mortise_cookie_sessions WHERE expires_at <= :now OR revoked_at > 0",
                            {{"now", now}});
}

}  // namespace mortise::identity
