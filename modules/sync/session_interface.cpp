#include "session_interface.hpp"

#include <mortise/problem.hpp>
#include <mortise/provided.hpp>
#include <mortise/text.hpp>

#include <algorithm>
#include <cstring>
#include <string>

namespace sync_sessions {
namespace {

using mortise::Problem;
using mortise::Text;

Counters countersFrom(const mortise_sync_counters* c) {
  if (c == nullptr) return {};
  return {c->synced, c->created, c->updated, c->deleted};
}

}  // namespace

SessionInterface::SessionInterface(SessionService& service, mortise::Log log)
    : service_(service),
      log_(log),
      table_{sizeof(mortise_sync_sessions_v1),
             this,
             &open,
             &addTargets,
             &start,
             &progress,
             &complete,
             &fail,
             &logError,
             &finish,
             &cancel,
             &cancelled,
             &read} {}

template <class Work>
mortise_status SessionInterface::guarded(mortise_error* error, Work&& work) noexcept {
  return mortise::provided(
      error, MORTISE_CLOSED,
      [this](const std::string& reason) {
        log_.error("a session can't be written", {{"error", reason}});
      },
      work);
}

mortise_status SessionInterface::open(void* context, const mortise_sync_session* session, char* sessionId,
                                      mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    const auto id = self.service_.open(Text(session->type), Text(session->category), session->created_by);
    std::memcpy(sessionId, id.c_str(), id.size() + 1);
    return MORTISE_OK;
  });
}

mortise_status SessionInterface::addTargets(void* context, mortise_str sessionId, const mortise_sync_target* targets,
                                            std::size_t count, std::int64_t* recordIds, mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    std::vector<Target> copied;
    copied.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
      copied.push_back({targets[i].instance_id, mortise::detail::copied(targets[i].name)});
    const auto ids = self.service_.addTargets(Text(sessionId), copied);
    std::copy(ids.begin(), ids.end(), recordIds);
    return MORTISE_OK;
  });
}

mortise_status SessionInterface::start(void* context, std::int64_t recordId, mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    self.service_.start(recordId);
    return MORTISE_OK;
  });
}

mortise_status SessionInterface::progress(void* context, std::int64_t recordId, const mortise_sync_counters* counters,
                                          mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    self.service_.progress(recordId, countersFrom(counters));
    return MORTISE_OK;
  });
}

mortise_status SessionInterface::complete(void* context, std::int64_t recordId, const mortise_sync_counters* counters,
                                          mortise_str details, mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    self.service_.complete(recordId, countersFrom(counters), Text(details));
    return MORTISE_OK;
  });
}

mortise_status SessionInterface::fail(void* context, std::int64_t recordId, mortise_str message, mortise_str details,
                                      mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    self.service_.fail(recordId, Text(message), Text(details));
    return MORTISE_OK;
  });
}

mortise_status SessionInterface::logError(void* context, mortise_str sessionId, mortise_str message,
                                          mortise_str details, mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    self.service_.logError(Text(sessionId), Text(message), Text(details));
    return MORTISE_OK;
  });
}

mortise_status SessionInterface::finish(void* context, mortise_str sessionId, mortise_str reason,
                                        mortise_error* error) {
  auto& self = of(context);
  return self.guarded(
      error, [&] { return self.service_.finish(Text(sessionId), Text(reason)) ? MORTISE_OK : MORTISE_CLOSED; });
}

mortise_status SessionInterface::cancel(void* context, mortise_str sessionId, mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    if (self.service_.cancel(Text(sessionId), {})) return MORTISE_OK;
    if (!self.service_.store().find(Text(sessionId))) throw Problem(404, "sync_session_not_found");
    return MORTISE_CLOSED;
  });
}

std::int32_t SessionInterface::cancelled(void* context, mortise_str sessionId) {
  auto& self = of(context);
  bool cancelled = false;
  self.guarded(nullptr, [&] {
    cancelled = self.service_.cancelled(Text(sessionId));
    return MORTISE_OK;
  });
  return cancelled ? 1 : 0;
}

mortise_status SessionInterface::read(void* context, mortise_str sessionId, mortise_sync_state* state,
                                      mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    const auto session = self.service_.store().find(Text(sessionId));
    if (!session) throw Problem(404, "sync_session_not_found");
    const auto size = std::min(session->status.size(), sizeof state->status - 1);
    std::memcpy(state->status, session->status.data(), size);
    state->status[size] = '\0';
    state->total = session->total;
    state->successful = session->successful;
    state->failed = session->failed;
    return MORTISE_OK;
  });
}

}  // namespace sync_sessions
