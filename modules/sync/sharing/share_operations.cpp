#include "sharing/share_operations.hpp"

#include <mortise/digest.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "archives/message_lines.hpp"
#include "library/session_path.hpp"
#include "outside/tokens.hpp"
#include "sharing/html_page.hpp"
#include "sharing/share_page.hpp"
#include "sharing/site_address.hpp"

namespace session_sharing {
namespace {

namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Time;

constexpr std::size_t kTokenBytes = 32;  // 64 characters
constexpr std::int64_t kDefaultHours = 24;
constexpr std::int64_t kMaxHours = std::int64_t{100} * 365 * 24;
constexpr std::int64_t kPageSize = 100;
constexpr std::size_t kMaxPerBlock = 8000;
constexpr std::chrono::minutes kTicketLife{10};
constexpr std::chrono::days kKeptAfterEnd{30};  // so long an ended link is told from one that never was
constexpr std::chrono::days kScanLife{30};
constexpr std::size_t kPurgedAtOnce = 500;
constexpr std::string_view kTicketPurpose = "ticket of a share link";

// What a browser is shown instead of a refusal; none for those that are no matter of the link.
std::optional<Reply> pageOf(const Request& request, const Problem& problem) {
  const auto language = request.language();
  switch (problem.status()) {
    case 401:
      return htmlReply(passwordPage(language, problem.code() == "share_password_wrong"), 401);
    case 404:
      return htmlReply(deadLinkPage(language, DeadLink::unknown), 404);
    case 410:
      return htmlReply(deadLinkPage(language, DeadLink::ended), 410);
    case 429: {
      auto reply = htmlReply(deadLinkPage(language, DeadLink::tooManyGuesses), 429);
      if (problem.retryAfter() > 0) reply.header("Retry-After", std::to_string(problem.retryAfter()));
      return reply;
    }
    default:
      return std::nullopt;
  }
}

// "2026-02-24 09:30 UTC"
std::string minuteText(Time time) {
  auto text = mortise::isoTime(time).substr(0, 16);
  text[10] = ' ';
  return text + " UTC";
}

std::optional<std::string> sent(const mortise::BodyMember<std::string>& password) {
  return password.has() ? std::optional(*password) : std::nullopt;
}

}  // namespace

ShareOperations::ShareOperations(mortise::Host host, ArchiveThreads& archiveThreads, const HeldBlobs& held)
    : config_(host.config()),
      db_(host.db()),
      identity_(host.identity()),
      limits_(host.limits()),
      secrets_(host.secrets()),
      audit_(host.audit()),
      blobs_(host.blobs()),
      sessions_(db_),
      links_(db_),
      messages_(host, held),
      archiveThreads_(archiveThreads),
      dashboardUrl_(dashboardUrlOf(config_)),
      archivesOpened_(host.metrics().counter("share_opens_total", "Links that were opened", {{"as", "archive"}})),
      pagesOpened_(host.metrics().counter("share_opens_total", "Links that were opened", {{"as", "page"}})),
      wrongPasswords_(host.metrics().counter("share_wrong_passwords_total", "Wrong passwords of links")) {}

void ShareOperations::sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) {
  links_.in(tx).removeAllOf(session.id);
}

void ShareOperations::purge(mortise::JobRun& run) {
  std::int64_t removed = 0, count = 0;
  do {
    count = links_.purge(mortise::now() - kKeptAfterEnd, kPurgedAtOnce);
    removed += count;
  } while (count > 0 && !run.cancelled());
  messages_.forget(mortise::now() - kScanLife);
  run.output("removed " + std::to_string(removed) + " links");
  if (removed > 0) run.report({.target = "links to sessions", .deleted = removed});
}

Reply ShareOperations::createShareLink(const Request& request, const CreateBody& body) {
  const auto caller = request.principal();
  if (!caller.emailConfirmed) throw Problem(403, "email_not_verified");
  const auto session = liveSession(sessions_, request);
  const auto token = randomHex(kTokenBytes);
  const auto hours = std::clamp<std::int64_t>(body.expiresInHours.value_or(kDefaultHours), 0, kMaxHours);
  ShareLink link;
  link.id = mortise::makeUuid();
  link.sessionId = session.id;
  link.userId = session.userId;
  link.tokenDigest = mortise::sha256Hex(token);
  link.createdAt = mortise::now();
  link.expiresAt = link.createdAt + std::chrono::hours(hours);
  // Hashed before the transaction, which would hold up every writer.
  if (const auto password = body.password.valueOr(""); !password.empty())
    link.passwordHash = identity_.hashPassword(password);
  db_.transaction([&](mortise::Transaction& tx) {
    if (!sessions_.in(tx).hold(session.id)) throw Problem(404, "session_not_found");
    links_.in(tx).add(link);
    audit_.in(tx).record(request, "sync.share_link_created", "session:" + session.id,
                         json::object({{"link_id", link.id}, {"has_password", !link.passwordHash.empty()}}));
  });
  const auto url = urlOf(token);
  return Reply::created(json::object({{"link_id", link.id},
                                      {"url", url},
                                      {"expires_at", mortise::isoTime(link.expiresAt)},
                                      {"has_password", !link.passwordHash.empty()},
                                      {"public_url", dashboardUrl_.empty() ? url : dashboardUrl_ + "/s/" + token}}));
}

Reply ShareOperations::revokeShareLink(const Request& request) {
  const auto session = liveSession(sessions_, request);
  const std::string linkId = request.path("link_id");
  db_.transaction([&](mortise::Transaction& tx) {
    if (!links_.in(tx).revoke(session.id, linkId, mortise::now())) throw Problem(404, "share_link_not_found");
    audit_.in(tx).record(request, "sync.share_link_revoked", "session:" + session.id,
                         json::object({{"link_id", linkId}}));
  });
  return Reply::noContent();
}

void ShareOperations::openShareLink(Request& request) { answerOpened(request, std::nullopt); }

void ShareOperations::openShareLinkWithPassword(Request& request, const Password& body) {
  answerOpened(request, sent(body.password));
}

void ShareOperations::viewSharedSession(Request& request) { answerView(request, std::nullopt); }

void ShareOperations::viewSharedSessionWithPassword(Request& request, const Password& body) {
  answerView(request, sent(body.password));
}

void ShareOperations::answerOpened(Request& request, const std::optional<std::string>& password) {
  const bool inBrowser = wantsHtml(request);
  try {
    auto opened = open(request, password);
    const bool isGet = request.method() == "GET";
    if (!inBrowser || (isGet && request.query("download").boolean(false))) {
      request.answer(archive(opened.session));
      archivesOpened_.add();
      return;
    }
    archiveThreads_.answer(request, [this, opened = std::move(opened)](const Request& later) {
      auto reply = page(later, opened);
      pagesOpened_.add();
      return reply;
    });
  } catch (const Problem& problem) {
    auto errorPage = inBrowser ? pageOf(request, problem) : std::nullopt;
    if (!errorPage) throw;
    request.answer(*errorPage);
  }
}

void ShareOperations::answerView(Request& request, const std::optional<std::string>& password) {
  try {
    auto opened = open(request, password);
    archiveThreads_.answer(request,
                           [this, opened = std::move(opened)](const Request& later) { return view(later, opened); });
  } catch (const Problem& problem) {
    // A stranger learns nothing of a link that does not open.
    if (problem.status() == 410 || problem.status() == 404) throw Problem(404, "share_link_not_found");
    throw;
  }
}

ShareLink ShareOperations::livingLink(const Request& request) const {
  auto link = links_.findByToken(mortise::sha256Hex(request.path("token")));
  if (!link) throw Problem(404, "share_link_not_found");
  if (link->revokedAt) throw Problem(410, "share_link_revoked");
  if (link->expiresAt <= mortise::now()) throw Problem(410, "share_link_expired");
  return std::move(*link);
}

ShareOperations::Opened ShareOperations::open(const Request& request,
                                              const std::optional<std::string>& password) const {
  Opened opened;
  opened.link = livingLink(request);
  if (!opened.link.passwordHash.empty()) {
    const bool isGet = request.operationId() == "openShareLink";
    const std::string ticket = isGet ? request.query("ticket").text("").string() : std::string();
    if (!isTicket(ticket, opened.link)) requirePassword(opened.link, password);
    opened.ticket = makeTicket(opened.link);
  }
  auto session = sessions_.find(opened.link.sessionId);
  if (!session || session->isDeleted) throw Problem(410, "share_session_deleted");
  opened.session = std::move(*session);
  return opened;
}

void ShareOperations::requirePassword(const ShareLink& link, const std::optional<std::string>& password) const {
  if (!password) throw Problem(401, "share_password_needed");
  // Taken before the work, so that many at once are counted, too; refunded when it was no guess.
  limits_.take("share_guesses", link.id);
  limits_.take("share_link_guesses", link.id);
  if (!identity_.checkHash(link.passwordHash, *password)) {
    wrongPasswords_.add();
    throw Problem(401, "share_password_wrong");
  }
  limits_.refund("share_guesses", link.id);
  limits_.refund("share_link_guesses", link.id);
}

Reply ShareOperations::archive(const CapturedSession& session) const {
  return Reply::file(openArchive(blobs_, session), "application/gzip", session.id + ".tar.gz",
                     "\"" + session.etag + "\"");
}

Reply ShareOperations::page(const Request& request, const Opened& opened) const {
  const auto& session = opened.session;
  const auto cancelled = [&] { request.stopIfExpired(); };
  const std::int64_t number = request.method() == "GET" ? request.query("page").integer(1) : 1;
  SharePage shown;
  shown.title = session.metadata.title.value_or("");
  shown.tool = session.metadata.sourceTool;
  shown.owner = ownerName(session);
  shown.createdAt = minuteText(session.createdAt);
  shown.messageCount = session.metadata.messageCount;
  const auto url = [&](std::string query) {
    return "?" + query + (opened.ticket.empty() ? "" : "&ticket=" + opened.ticket);
  };
  shown.downloadUrl = url("download=true");
  shown.hasSecrets = messages_.holdSecrets(session, cancelled);
  if (!shown.hasSecrets) {
    auto part = messages_.page(session, number, kPageSize, kMaxPerBlock, cancelled);
    shown.messages = std::move(part.messages);
    if (number > 1) shown.previousUrl = url("page=" + std::to_string(number - 1));
    if (part.hasMore) shown.nextUrl = url("page=" + std::to_string(number + 1));
  }
  return htmlReply(sharePage(request.language(), shown), 200);
}

Reply ShareOperations::view(const Request& request, const Opened& opened) const {
  const auto& session = opened.session;
  const auto cancelled = [&] { request.stopIfExpired(); };
  if (messages_.holdSecrets(session, cancelled)) throw Problem(451, "share_has_secrets");
  const std::int64_t number = request.query("page").integer(1);
  const auto part = messages_.page(session, number, kPageSize, kMaxPerBlock, cancelled);
  return Reply::ok(json::object({{"title", session.metadata.title},
                                 {"tool", session.metadata.sourceTool},
                                 {"created_at", mortise::isoTime(session.createdAt)},
                                 {"message_count", session.metadata.messageCount},
                                 {"messages", json::list(part.messages)},
                                 {"owner_display_name", mortise::orNull(ownerName(session))},
                                 {"page", number},
                                 {"has_more", part.hasMore}}));
}

// Not the address: whoever has the link is a stranger.
std::string ShareOperations::ownerName(const CapturedSession& session) const {
  const auto owner = identity_.find(mortise::UserKey::id, session.userId);
  if (!owner) return {};
  return owner->nickname.empty() ? owner->username : owner->nickname;
}

std::string ShareOperations::makeTicket(const ShareLink& link) const {
  const auto ends = mortise::micros(mortise::now() + kTicketLife);
  return secrets_.seal(kTicketPurpose, std::to_string(ends) + " " + link.id);
}

bool ShareOperations::isTicket(std::string_view ticket, const ShareLink& link) const {
  if (ticket.empty()) return false;
  const auto opened = secrets_.unseal(kTicketPurpose, ticket);
  if (!opened) return false;
  std::int64_t ends = 0;
  const auto* last = opened->data() + opened->size();
  const auto [rest, error] = std::from_chars(opened->data(), last, ends);
  return error == std::errc() && rest != last && std::string_view(rest + 1, last) == link.id &&
         ends > mortise::nowMicros();
}

std::string ShareOperations::urlOf(std::string_view token) const {
  return serverUrlOf(config_) + "/api/v1/sessions/share/" + std::string(token);
}

}  // namespace session_sharing
