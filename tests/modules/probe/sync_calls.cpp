#include "sync_calls.hpp"

#include <string>
#include <vector>

namespace json = mortise::json;

mortise::Reply SyncCalls::call(const mortise::Request& request) {
  using mortise::detail::str;
  const auto& table = host_.need<mortise_sync_sessions_v1>(MORTISE_SYNC_SESSIONS_V1);
  const auto name = request.path("call");
  const auto body = request.body();
  const auto session = str(body["session"].text());
  const auto record = body["record"].integer();
  const auto message = str(body["message"].text());
  const auto details = str(body["details"].text());
  const mortise_sync_counters counters = {sizeof counters, body["synced"].integer(), body["created"].integer(),
                                          body["updated"].integer(), body["deleted"].integer()};
  auto error = mortise::detail::noError();
  auto status = MORTISE_FAILED;
  json::Object answer;
  if (name == "open") {
    mortise_sync_session wanted{};
    wanted.struct_size = sizeof wanted;
    wanted.type = str(body["type"].text());
    wanted.category = str(body["category"].text());
    wanted.created_by = body["created_by"].integer();
    char id[37] = {};
    status = table.open(table.context, &wanted, id, &error);
    answer.add("session", id);
  } else if (name == "add") {
    std::vector<mortise_sync_target> targets;
    for (const auto& target : body["targets"]) targets.push_back({target["id"].integer(), str(target["name"].text())});
    std::vector<std::int64_t> ids(targets.size());
    status = table.add_targets(table.context, session, targets.data(), targets.size(), ids.data(), &error);
    answer.add("records", json::list(ids));
  } else if (name == "start") {
    status = table.start(table.context, record, &error);
  } else if (name == "progress") {
    status = table.progress(table.context, record, &counters, &error);
  } else if (name == "complete") {
    status = table.complete(table.context, record, &counters, details, &error);
  } else if (name == "fail") {
    status = table.fail(table.context, record, message, details, &error);
  } else if (name == "log_error") {
    status = table.log_error(table.context, session, message, details, &error);
  } else if (name == "finish") {
    status = table.finish(table.context, session, message, &error);
  } else if (name == "cancel") {
    status = table.cancel(table.context, session, &error);
  } else if (name == "cancelled") {
    status = MORTISE_OK;
    answer.add("cancelled", table.cancelled(table.context, session) != 0);
  } else if (name == "read") {
    mortise_sync_state state{};
    state.struct_size = sizeof state;
    status = table.read(table.context, session, &state, &error);
    answer.add("state", state.status).add("total", state.total).add("successful", state.successful);
    answer.add("failed", state.failed);
  }
  answer.add("status", static_cast<int>(status)).add("code", error.code).add("text", error.text);
  return mortise::Reply::ok(answer);
}
