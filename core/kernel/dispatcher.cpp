#include "core/kernel/dispatcher.hpp"

#include <algorithm>

#include "core/base/identifiers.hpp"
#include "core/base/network_address.hpp"
#include "core/base/text.hpp"
#include "core/db/sql.hpp"
#include "core/http/cookies.hpp"
#include "core/kernel/failure.hpp"
#include "core/kernel/origin.hpp"
#include "core/kernel/permission_check.hpp"
#include "core/plugin/lane.hpp"
#include "core/plugin/module_instance.hpp"
#include "core/services/limits/client_limits.hpp"

namespace mortise::kernel {

namespace {

using contract::Check;

// A bigger body is parsed on a worker: an I/O thread must not spend milliseconds on one request.
constexpr std::size_t kLoopParseLimit = 16 << 10;
// Framing of a form whose files are limited: its delimiters, part heads and fields.
constexpr std::uint64_t kFormFraming = 1 << 20;

RequestCallPtr callOf(const http::ExchangePtr& exchange) {
  return std::static_pointer_cast<RequestCall>(exchange->attachment);
}

// A body that goes to disk is accepted only after every check that does not need the body.
bool isUpload(const contract::Operation& operation) {
  return operation.body.kind == contract::Body::Kind::multipart || operation.body.kind == contract::Body::Kind::raw;
}

Problem tooMany(const contract::Bucket& bucket, const services::Decision& decision) {
  const auto seconds = std::max<std::int64_t>(1, decision.retryAfterSeconds);
  const auto dot = bucket.name.rfind('.');
  std::string details = "{\"retry_after\":" + std::to_string(seconds) + ",\"limit\":" + std::to_string(decision.limit) +
                        ",\"window_seconds\":" + std::to_string(decision.windowSeconds) + ",\"bucket\":" +
                        json::quoted(dot == std::string::npos ? bucket.name : bucket.name.substr(dot + 1)) + "}";
  const bool concurrent = bucket.algorithm == contract::Bucket::Algorithm::concurrent;
  return Problem(429, concurrent ? "too_many_open" : "rate_limited")
      .with("seconds", std::to_string(seconds))
      .retry(static_cast<int>(seconds))
      .detailsJson(std::move(details));
}

bool changesState(http::Method method) {
  return method == http::Method::post || method == http::Method::put || method == http::Method::patch ||
         method == http::Method::del;
}

bool isForm(std::string_view contentType) {
  return text::equalsIgnoreCase(text::trim(contentType.substr(0, contentType.find(';'))),
                                "application/x-www-form-urlencoded");
}

std::string formField(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const auto piece = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(form.size(), piece.size() + 1));
    const auto equals = piece.find('=');
    if (equals == std::string_view::npos || piece.substr(0, equals) != name) continue;
    return text::percentDecode(piece.substr(equals + 1), true).value_or("");
  }
  return {};
}

bool isBearer(std::string_view authorization) {
  const auto value = text::trim(authorization);
  return text::equalsIgnoreCase(value.substr(0, value.find(' ')), "bearer");
}

bool takesBearer(const contract::Security& security) { return security.bearer || security.apiKey; }

// Before anything is answered or logged.
void markRequestId(http::Exchange& exchange, const contract::Match& match) {
  const auto& family = *conventionsFor(match, exchange.head().fields)->family;
  exchange.markRequestId(family.requestIdPrefix, family.acceptsRequestId);
}

}  // namespace

Dispatcher::Dispatcher(DispatcherParts parts, DispatcherOptions options,
                       std::unordered_map<const contract::Operation*, Target> targets)
    : parts_(parts), options_(options), targets_(std::move(targets)) {}

Dispatcher::~Dispatcher() = default;

// Browsers send Origin with every WebSocket handshake and apply no CORS to it, so the server must check it (RFC 6455,
// 10.2).
bool Dispatcher::mayUpgradeFrom(const http::Exchange& exchange) const {
  const auto origin = exchange.head().fields.get("Origin");
  if (origin.empty() || parts_.answering.isOwnOrigin(exchange, origin) || parts_.answering.cors().trusts(origin))
    return true;
  // "*" excludes cookies here as well.
  return parts_.answering.cors().allows(origin) &&
         http::cookieFrom(exchange.head().fields, identity::CookieSessions::kName).empty();
}

http::BodyPlan Dispatcher::planFor(const contract::Operation& operation) const {
  http::BodyPlan plan;
  const bool upload = isUpload(operation);
  plan.limit = operation.body.limit != 0 ? operation.body.limit : upload ? options_.maxUpload : options_.maxBody;
  if (operation.body.kind == contract::Body::Kind::multipart) plan.kind = http::BodyPlan::Kind::multipart;
  if (operation.body.limitsFile && plan.kind == http::BodyPlan::Kind::multipart) {
    plan.partLimit = plan.limit;
    plan.limit += kFormFraming;
  }
  if (operation.body.kind == contract::Body::Kind::raw) plan.kind = http::BodyPlan::Kind::spool;
  return plan;
}

http::Application::Verdict Dispatcher::onHead(const http::ExchangePtr& exchange) {
  const auto& head = exchange->head();
  auto match = parts_.routes.match(head.methodText(), head.path);
  markRequestId(*exchange, match);
  if (head.method == http::Method::options && match.kind != contract::Match::Kind::found) {
    if (parts_.answering.cors().isPreflight(head)) {
      exchange->reply(parts_.answering.cors().preflight(
          head, match.allow.empty() ? "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" : match.allow));
      return {};
    }
    if (!match.allow.empty() && match.conventions->impliedMethods) {
      http::Reply reply;
      reply.fields.add("Allow", match.allow);
      parts_.answering.cors().decorate(head.fields.get("Origin"), reply.fields);
      exchange->reply(std::move(reply));
      return {};
    }
  }
  const auto kind = match.kind;
  const auto allow = match.allow;
  auto call = std::make_shared<RequestCall>(parts_.answering, exchange, std::move(match),
                                            parts_.answering.clientAddress(*exchange));
  exchange->attachment = call;
  switch (kind) {
    case contract::Match::Kind::found:
      break;
    case contract::Match::Kind::notFound:
      call->fail(Problem(404, "route_not_found"));
      return {};
    case contract::Match::Kind::badPath:
      call->fail(Problem(400, "bad_request").field({"path"}, "bad_encoding").note("path can't be decoded"));
      return {};
    case contract::Match::Kind::methodNotAllowed:
      call->fail(Problem(405, "method_not_allowed").with("allow", allow).header("Allow", allow));
      return {};
  }
  const auto& operation = *call->operation();
  if (operation.webSocket && !exchange->wantsWebSocket()) {
    call->fail(Problem(426, "websocket_required").header("Upgrade", "websocket"));
    return {};
  }
  if (operation.webSocket && !mayUpgradeFrom(*exchange)) {
    call->fail(Problem(403, "origin_refused").field({"header", "Origin"}, "origin_refused"));
    return {};
  }
  const auto plan = planFor(operation);
  // Does not wait for a body that no schema needs, unless a CSRF token may be in it.
  call->bodyReceived = !head.hasBody() || (operation.body.kind == contract::Body::Kind::none && !operation.csrf);
  if (!head.hasBody()) return {Verdict::Kind::receive, plan};
  Step step = Step::needsBody;
  try {
    step = advance(*call, false);
  } catch (...) {
    call->fail(problemFromCurrentException());
    return {};
  }
  if (step == Step::needsWorker && (isUpload(operation) || head.expectContinue)) {
    post(call, Place::worker, [this, call, plan] {
      const plugin::LaneScope lane(plugin::ThreadLane::worker);
      try {
        advance(*call, true);
        call->exchange()->admit(plan);
      } catch (...) {
        call->fail(problemFromCurrentException());
      }
    });
    return {Verdict::Kind::wait, plan};
  }
  return {Verdict::Kind::receive, plan};
}

void Dispatcher::onRequest(const http::ExchangePtr& exchange) {
  const auto call = callOf(exchange);
  if (!call || call->answered()) return;
  call->bodyReceived = true;
  const plugin::LaneScope lane(plugin::ThreadLane::loop);
  proceed(call, Place::loop);
}

identity::Credentials Dispatcher::credentialsOf(const RequestCall& call, std::string& queryToken) {
  identity::Credentials credentials;
  const auto& head = call.exchange()->head();
  const auto& security = call.operation()->security;
  if (takesBearer(security)) {
    credentials.authorization = head.fields.get("Authorization");
    credentials.repeatedAuthorization = head.fields.count("Authorization") > 1;
  }
  if (security.cookie) credentials.sessionCookie = http::cookieFrom(head.fields, identity::CookieSessions::kName);
  credentials.address = call.address();
  const auto& name = security.queryToken;
  if (!name.empty()) {
    for (const auto piece : text::split(head.query, '&')) {
      if (!piece.starts_with(name) || piece.size() <= name.size() || piece[name.size()] != '=') continue;
      queryToken = text::percentDecode(piece.substr(name.size() + 1), true).value_or("");
      credentials.queryToken = queryToken;
    }
  }
  return credentials;
}

void Dispatcher::takeLimits(RequestCall& call, bool perAddress) {
  using Key = contract::Bucket::Key;
  for (const auto& bucket : call.operation()->buckets) {
    std::string_view key;
    const auto& principal = call.principalPtr();
    if (bucket->key == Key::ip && perAddress) key = call.address();
    if (bucket->key == Key::user && !perAddress && principal) key = principal->userId;
    if (bucket->key == Key::credential && !perAddress && principal)
      key = principal->keyId.empty() ? principal->userId : principal->keyId;
    if (!key.empty() && !bucket->off) takeLimit(call, bucket, key);
  }
}

void Dispatcher::takeLimit(RequestCall& call, const std::shared_ptr<const contract::Bucket>& bucket,
                           std::string_view key) {
  const bool concurrent = bucket->algorithm == contract::Bucket::Algorithm::concurrent;
  const bool byAddress = bucket->key == contract::Bucket::Key::ip;
  services::Decision decision;
  std::vector<services::Slots::Held> slots;
  try {
    if (concurrent && byAddress) {
      decision = services::limits::takeSlots(parts_.slots, bucket, key, slots);
    } else if (concurrent) {
      decision = parts_.slots.take(bucket, key, slots.emplace_back());
    } else if (byAddress) {
      decision = services::limits::ClientLimits(parts_.limits, *bucket, key).take();
    } else {
      decision = parts_.limits.take(*bucket, key);
    }
  } catch (const services::ServiceError& error) {
    const bool away = error.kind() == services::ErrorKind::unavailable || error.kind() == services::ErrorKind::timeout;
    if (!away || bucket->refusesUncounted) throw;
    parts_.log.passedUncounted();
    return;
  }
  if (!decision.allowed) throw tooMany(*bucket, decision);
  for (auto& slot : slots) call.hold(std::move(slot));
}

void Dispatcher::authenticate(RequestCall& call, const identity::Credentials& credentials, bool onWorker,
                              bool& needsWorker) {
  const auto& security = call.operation()->security;
  auto principal = onWorker ? parts_.identity.authenticate(credentials) : parts_.identity.authenticateFast(credentials);
  if (!principal) {
    needsWorker = true;
    return;
  }
  if (!principal->signedIn() && !security.optional) throw Problem(401, "not_authenticated");
  call.setPrincipal(std::move(principal));
}

bool Dispatcher::checkCsrf(RequestCall& call, bool onWorker, Step& waitFor) {
  const auto& operation = *call.operation();
  const auto& exchange = *call.exchange();
  const auto& head = exchange.head();
  if (!operation.csrf || !changesState(head.method)) return true;
  const auto cookie = http::cookieFrom(head.fields, identity::CookieSessions::kName);
  if (options_.csrfExemptBearer && cookie.empty() && takesBearer(operation.security) &&
      isBearer(head.fields.get("Authorization")))
    return true;

  std::string token(text::trim(head.fields.get("X-CSRFToken")));
  if (token.empty() && isForm(head.fields.get("Content-Type"))) {
    if (!call.bodyReceived) {
      waitFor = Step::needsBody;
      return false;
    }
    if (!onWorker && exchange.body().size() > kLoopParseLimit) {
      waitFor = Step::needsWorker;
      return false;
    }
    token = formField(exchange.body(), "csrf_token");
  }
  if (token.empty()) throw Problem(403, "csrf_missing");
  const auto invalid = [](const char* note) { return Problem(403, "csrf_invalid").note(note); };
  const auto originField = head.fields.get("Origin");
  const auto origin = originField.empty() ? originPart(head.fields.get("Referer")) : originField;
  const bool namesOrigin = !originField.empty() || !head.fields.get("Referer").empty();
  if (namesOrigin &&
      (origin.empty() || !(parts_.answering.isOwnOrigin(exchange, origin) || parts_.answering.cors().trusts(origin)))) {
    throw invalid("the request comes from a page of another origin");
  }
  auto& sessions = parts_.identity.cookieSessions();
  if (cookie.empty()) throw invalid("no session cookie");
  if (!sessions.isOurs(cookie)) throw invalid("a session cookie that is not ours");
  if (!onWorker) {
    waitFor = Step::needsWorker;
    return false;
  }
  const auto now = nowMicros();
  const auto session = sessions.find(cookie, now);
  if (!session) throw invalid("the cookie session ended");
  if (!sessions.checkCsrf(*session, token, now)) throw invalid("forged, expired, or of another session");
  call.setCsrfToken(std::move(token));
  return true;
}

Dispatcher::Step Dispatcher::advance(RequestCall& call, bool onWorker) {
  const auto& operation = *call.operation();
  const auto& checks = operation.conventions.checks;
  const bool upload = isUpload(operation);
  const auto limited = [&](contract::Bucket::Key one, contract::Bucket::Key other) {
    return std::any_of(operation.buckets.begin(), operation.buckets.end(), [&](const auto& bucket) {
      return !bucket->off && (bucket->key == one || bucket->key == other);
    });
  };
  for (; call.nextCheck < checks.size(); ++call.nextCheck) {
    switch (checks[call.nextCheck]) {
      case Check::syntax:
      case Check::shape:
        if (upload && !call.bodyReceived) continue;  // checked below, once it has arrived
        if (!call.bodyReceived) return Step::needsBody;
        if (!onWorker && call.exchange()->body().size() > kLoopParseLimit) return Step::needsWorker;
        checks[call.nextCheck] == Check::syntax ? call.checkSyntax() : call.checkShape();
        break;
      case Check::limitIp:
        if (!limited(contract::Bucket::Key::ip, contract::Bucket::Key::ip)) break;
        if (!onWorker && parts_.limits.blocking()) return Step::needsWorker;
        takeLimits(call, true);
        break;
      case Check::limitUser:
        if (!limited(contract::Bucket::Key::user, contract::Bucket::Key::credential)) break;
        if (!onWorker && parts_.limits.blocking()) return Step::needsWorker;
        takeLimits(call, false);
        break;
      case Check::csrf: {
        Step waitFor = Step::done;
        if (!checkCsrf(call, onWorker, waitFor)) return waitFor;
        break;
      }
      case Check::principal: {
        if (operation.security.anonymous) break;
        bool needsWorker = false;
        std::string queryToken;
        authenticate(call, credentialsOf(call, queryToken), onWorker, needsWorker);
        if (needsWorker) return Step::needsWorker;
        break;
      }
      case Check::permission:
        checkPermission(operation, call.principalPtr());
        break;
    }
  }
  if (upload && call.bodyReceived) call.checkShape();
  // Checked last: the tier only matters for a request that is valid otherwise. An upload is refused before it is
  // received, though.
  if (!operation.feature.empty()) parts_.identity.features().require(operation.feature, call.principalPtr()->tier);
  return upload && !call.bodyReceived ? Step::needsBody : Step::done;
}

void Dispatcher::proceed(const RequestCallPtr& call, Place place) {
  try {
    const auto lane = call->operation()->lane;
    const auto step = advance(*call, place != Place::loop);
    auto next = place;
    const bool onLoop = lane == contract::Lane::loop;
    if (step == Step::needsWorker || (place == Place::loop && !onLoop && step == Step::done)) next = Place::worker;
    if (step == Step::done && lane == contract::Lane::password) next = Place::password;
    if (next != place) {
      if (place == Place::loop && options_.requestTimeoutSeconds > 0) {
        const int seconds =
            call->operation()->timeoutSeconds > 0 ? call->operation()->timeoutSeconds : options_.requestTimeoutSeconds;
        deadlines_.watch(call, std::chrono::steady_clock::now() + std::chrono::seconds(seconds));
      }
      post(call, next, [this, call, next] {
        if (call->answered() || call->timeIsOver()) return;  // its time ran out in the queue
        // The client has disconnected: skip the hash.
        if (next == Place::password && call->exchange()->clientGone()) return;
        const plugin::LaneScope scope(plugin::ThreadLane::worker);
        proceed(call, next);
      });
      return;
    }
    if (!call->timeIsOver()) invoke(*call);
  } catch (...) {
    call->fail(problemFromCurrentException());
  }
}

void Dispatcher::post(const RequestCallPtr& call, Place place, std::function<void()> task) {
  if (place == Place::password) {
    const auto refuse = [this, call] {
      parts_.log.refusedByPasswordQueue();
      call->fail(Problem(503, "overloaded").retry(2).note("too many passwords wait to be hashed"));
    };
    if (!parts_.passwords.post(ClientNetworks::of(call->address()).widest(), std::move(task), refuse)) refuse();
    return;
  }
  if (parts_.workers.post(std::move(task))) return;
  parts_.log.refusedByQueue();
  call->fail(Problem(503, "overloaded").retry(1).note("the worker queue is full"));
}

void Dispatcher::invoke(RequestCall& call) {
  const auto entry = targets_.find(call.operation());
  if (entry == targets_.end()) throw Problem(500, "internal").note("operation without a handler");
  const auto& target = entry->second;
  // Checks that had to wait have brought the request to a worker; a handler of the lane `loop` may no more block there
  // than elsewhere.
  const bool onLoop = call.operation()->lane == contract::Lane::loop;
  const plugin::LaneScope lane(onLoop ? plugin::ThreadLane::loop : plugin::ThreadLane::worker);
  if (target.builtin) {
    target.builtin(call);
    return;
  }
  const auto status = target.module->handle(call.operationId(), call);
  if (status == MORTISE_UNAVAILABLE && !call.answered())
    call.fail(Problem(503, "unavailable").retry(1).note("the module is stopping"));
  if (status == MORTISE_OK && !call.answered() && !call.isRetained()) {
    call.fail(Problem(500, "internal").note("the handler returned without an answer"));
  }
}

void Dispatcher::addLimit(const http::ExchangePtr& exchange, Problem& problem) const {
  const auto known = callOf(exchange);
  http::BodyPlan plan;
  plan.limit = options_.maxBody;
  if (known && known->operation()) plan = planFor(*known->operation());
  const char* name = "max_bytes";
  auto limit = std::min(plan.limit, plan.partLimit);
  if (problem.code == "field_too_large") limit = plan.maxFieldBytes;
  if (problem.code == "too_many_parts") {
    name = "max_parts";
    limit = plan.maxParts;
  }
  problem.params.emplace_back(name, std::to_string(limit));
  problem.details = "{\"" + std::string(name) + "\":" + std::to_string(limit) + "}";
}

http::Reply Dispatcher::onRefused(const http::ExchangePtr& exchange, int status, std::string_view code,
                                  std::string_view detail) {
  const auto& head = exchange->head();
  Problem problem(status, std::string(code));
  problem.noteText = detail;
  if (status == 413) addLimit(exchange, problem);
  if (code == "bad_multipart") problem.with("reason", std::string(detail));
  if (status == 503 || status == 507) problem.retryAfter = 1;
  if (const auto known = callOf(exchange)) return known->errorReply(problem);
  auto match = parts_.routes.match(head.methodText(), head.target.empty() ? std::string_view("/") : head.path);
  markRequestId(*exchange, match);
  RequestCall call(parts_.answering, exchange, std::move(match), parts_.answering.clientAddress(*exchange));
  return call.errorReply(problem);
}

void Dispatcher::onFinished(const http::ExchangePtr& exchange, int status, std::uint64_t bytes, bool completed) {
  const auto call = callOf(exchange);
  parts_.log.finished(*exchange, call.get(), status, bytes, completed);
  if (call) call->releaseSlots();
  exchange->attachment.reset();  // the call holds the exchange: break the cycle
}

}  // namespace mortise::kernel
