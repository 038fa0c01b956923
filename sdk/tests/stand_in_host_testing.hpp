// A kernel small enough to make it fail on cue: the tables of call/1, json/1, log/1, db/1 and jobs/1, in memory. What
// the real ones do is tested in core/plugin and, end to end, in sdk/examples.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mortise/abi/call.h"
#include "mortise/abi/db.h"
#include "mortise/abi/jobs.h"
#include "mortise/abi/log.h"

struct mortise_call {
  std::map<std::string, mortise_value> path, query;
  int retained = 0, released = 0;
  bool answered = false;
  int status = 0;
  std::string body, code, note, details, field, rule;
  std::vector<std::pair<std::string, std::string>> headers;
  mortise_stream_options stream{};
  mortise_websocket_options socket{};
  int closed = 0, aborted = 0, streamReleased = 0;
  std::string asked;  // language
  bool gone = false, expired = false;
};
struct mortise_db_rows {
  size_t columns;
  size_t at;
};
struct mortise_run {
  int percent = 0;
};

namespace stand_in {

inline std::string text(mortise_str s) { return {s.data == nullptr ? "" : s.data, s.size}; }
inline mortise_str str(const char* s) { return {s, std::char_traits<char>::length(s)}; }

struct World {
  std::vector<std::string> log;
  std::vector<std::string> sql;  // statements, with their parameters, and begin/commit/rollback/close
  int failCommits = 0;           // so many commits lose their race
  int failStatements = 0;        // so many statements without a result do
  bool lost = false;             // the session lost a race
  std::optional<mortise_status> failNext;
  std::vector<std::vector<mortise_value>> rows;
  std::vector<std::string> missing;  // interfaces that are not served
};
inline World world;

inline std::string shown(const mortise_value& value) {
  switch (value.type) {
    case MORTISE_NULL:
      return "null";
    case MORTISE_INTEGER:
      return std::to_string(value.as.integer);
    case MORTISE_REAL:
      return std::to_string(value.as.real);
    case MORTISE_TEXT:
      return "'" + text(value.as.text) + "'";
    default:
      return "?";
  }
}
inline std::string shown(mortise_str sql, const mortise_db_parameter* parameters, size_t count) {
  std::string out = text(sql);
  for (size_t i = 0; i < count; ++i) out += " " + text(parameters[i].name) + "=" + shown(parameters[i].value);
  return out;
}

inline mortise_call_v1 callTable() {
  mortise_call_v1 t{};
  t.struct_size = sizeof t;
  t.operation_id = [](mortise_call*) { return str("op"); };
  t.parameter = [](mortise_call* call, mortise_in in, mortise_str name, size_t index, mortise_value* value) {
    const auto& from = in == MORTISE_IN_PATH ? call->path : call->query;
    const auto found = from.find(text(name));
    if (found == from.end() || index > 0) return MORTISE_NOT_FOUND;
    *value = found->second;
    return MORTISE_OK;
  };
  t.body = [](mortise_call*) -> const mortise_json* { return nullptr; };
  t.principal = [](mortise_call*) -> const mortise_principal* { return nullptr; };
  t.reply = [](mortise_call* call, const mortise_reply* reply) {
    if (call->answered) return MORTISE_CLOSED;
    call->answered = true;
    call->status = reply->status;
    call->body = text(reply->json);
    for (size_t i = 0; i < reply->fields_count; ++i)
      call->headers.emplace_back(text(reply->fields[i].name), text(reply->fields[i].value));
    return MORTISE_OK;
  };
  t.fail = [](mortise_call* call, const mortise_problem* problem) {
    if (call->answered) return MORTISE_CLOSED;
    call->answered = true;
    call->status = problem->status;
    call->code = text(problem->code);
    call->note = text(problem->note);
    call->details = text(problem->details);
    if (problem->errors_count > 0) {
      call->field = text(problem->errors[0].location);
      call->rule = text(problem->errors[0].rule);
    }
    for (size_t i = 0; i < problem->params_count; ++i)
      call->body += text(problem->params[i].name) + "=" + text(problem->params[i].value) + ";";
    return MORTISE_OK;
  };
  t.retain = [](mortise_call* call) { ++call->retained; };
  t.release = [](mortise_call* call) { ++call->released; };
  t.client_gone = [](mortise_call* call) -> int32_t { return call->gone ? 1 : 0; };
  t.expired = [](mortise_call* call) -> int32_t { return call->expired ? 1 : 0; };
  t.stream_open = [](mortise_call* call, const mortise_stream_options* options) {
    if (call->answered) return static_cast<mortise_stream*>(nullptr);
    call->answered = true;
    call->stream = *options;
    return reinterpret_cast<mortise_stream*>(call);
  };
  t.stream_event = [](mortise_stream* stream, mortise_str event, mortise_str, mortise_str data) {
    reinterpret_cast<mortise_call*>(stream)->body += text(event) + ":" + text(data) + ";";
    return MORTISE_OK;
  };
  t.stream_close = [](mortise_stream* stream) { ++reinterpret_cast<mortise_call*>(stream)->closed; };
  t.stream_release = [](mortise_stream* stream) { ++reinterpret_cast<mortise_call*>(stream)->streamReleased; };
  t.stream_abort = [](mortise_stream* stream) { ++reinterpret_cast<mortise_call*>(stream)->aborted; };
  t.callback_failed = [](mortise_host*, mortise_str callback, mortise_str reason) {
    world.log.push_back(text(callback) + " failed: " + text(reason));
  };
  t.address = [](mortise_call*) { return str("2001:db8::1"); };
  t.network = [](mortise_call*) { return str("2001:db8::/64"); };
  t.language = [](mortise_call*) { return str("zh-CN"); };
  t.asked_language = [](mortise_call* call) { return mortise_str{call->asked.data(), call->asked.size()}; };
  t.upgrade = [](mortise_call* call, const mortise_websocket_options* options) {
    call->answered = true;
    call->socket = *options;
    return reinterpret_cast<mortise_websocket*>(call);
  };
  t.websocket_send = [](mortise_websocket* socket, int32_t, mortise_str message) {
    reinterpret_cast<mortise_call*>(socket)->body += text(message);
    return MORTISE_OK;
  };
  t.websocket_close = [](mortise_websocket* socket, int32_t code, mortise_str) {
    reinterpret_cast<mortise_call*>(socket)->closed = code;
  };
  t.websocket_release = [](mortise_websocket* socket) { ++reinterpret_cast<mortise_call*>(socket)->streamReleased; };
  return t;
}

inline mortise_status loseRace(mortise_error* error) {
  world.lost = true;
  std::char_traits<char>::copy(error->code, "transaction_lost", sizeof "transaction_lost");
  return MORTISE_UNAVAILABLE;
}

inline mortise_db_v1 dbTable() {
  mortise_db_v1 t{};
  t.struct_size = sizeof t;
  t.open = [](mortise_host*, int32_t write, mortise_db_session** session, mortise_error* error) {
    if (world.failNext) {
      const auto status = *world.failNext;
      world.failNext.reset();
      error->retry_after = 3;
      return status;
    }
    world.sql.push_back(write != 0 ? "open write" : "open read");
    world.lost = false;
    static int any;
    *session = reinterpret_cast<mortise_db_session*>(&any);
    return MORTISE_OK;
  };
  t.close = [](mortise_db_session*) { world.sql.push_back("close"); };
  t.begin = [](mortise_db_session*, mortise_error*) { return world.sql.push_back("begin"), MORTISE_OK; };
  t.commit = [](mortise_db_session*, mortise_error* error) {
    world.sql.push_back("commit");
    return world.failCommits-- > 0 ? loseRace(error) : MORTISE_OK;
  };
  t.execute = [](mortise_db_session*, mortise_str sql, const mortise_db_parameter* parameters, size_t count,
                 int64_t* changed, mortise_error* error) {
    world.sql.push_back(shown(sql, parameters, count));
    *changed = 2;
    return world.failStatements-- > 0 ? loseRace(error) : MORTISE_OK;
  };
  t.query = [](mortise_db_session*, mortise_str sql, const mortise_db_parameter* parameters, size_t count,
               const mortise_type*, size_t columns, mortise_db_rows** rows, mortise_error*) {
    world.sql.push_back(shown(sql, parameters, count));
    *rows = new mortise_db_rows{columns, 0};
    return MORTISE_OK;
  };
  t.next = [](mortise_db_rows* rows, mortise_value* values, mortise_error*) {
    if (rows->at == world.rows.size()) return MORTISE_NOT_FOUND;
    for (size_t i = 0; i < rows->columns; ++i) values[i] = world.rows[rows->at][i];
    ++rows->at;
    return MORTISE_OK;
  };
  t.rows_close = [](mortise_db_rows* rows) { delete rows; };
  t.backend = [](mortise_host*) { return 's'; };
  t.lost = [](mortise_db_session*) -> int32_t { return world.lost ? 1 : 0; };
  return t;
}

inline const void* lookup(mortise_host*, mortise_str name) {
  static const mortise_call_v1 call = callTable();
  static const mortise_db_v1 db = dbTable();
  static const mortise_json_v1 json{};
  static const mortise_log_v1 log = {
      sizeof(mortise_log_v1),
      [](mortise_host*, mortise_log_level, mortise_str message, const mortise_pair* fields, size_t count) {
        std::string line = text(message);
        for (size_t i = 0; i < count; ++i) line += " " + text(fields[i].name) + "=" + text(fields[i].value);
        world.log.push_back(line);
      },
      [](mortise_host*, mortise_log_level) -> int32_t { return 1; }};
  static const mortise_jobs_v1 jobs = [] {
    mortise_jobs_v1 t{};
    t.struct_size = sizeof t;
    t.job_id = [](mortise_run*) { return str("user-42"); };
    t.progress = [](mortise_run* run, int32_t percent, mortise_str) { run->percent = percent; };
    return t;
  }();
  const auto wanted = text(name);
  for (const auto& missing : world.missing) {
    if (missing == wanted) return nullptr;
  }
  if (wanted == "call/1") return &call;
  if (wanted == "json/1") return &json;
  if (wanted == "log/1") return &log;
  if (wanted == "db/1") return &db;
  if (wanted == "jobs/1") return &jobs;
  return nullptr;
}

}  // namespace stand_in
