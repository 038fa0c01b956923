// How a module says no: a stable code, a text for the client from the message catalogue, a note for the log.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "mortise/abi/base.h"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// Values that fill a catalogue text: {{"min", "6"}}.
using Params = std::vector<std::pair<std::string, std::string>>;

// A refusal. Throw it from a handler; the kernel writes it in the shape that the operation's API family promises:
//   throw Problem(422, "trigger_unreadable").field("body/trigger", "trigger_syntax").note("got: " + trigger);
// The code is lower_snake and stable; messages/<language>.yaml has its text. Never put secrets or what a client sent
// into params or details unless the client may read it; the note goes to the log only.
class Problem : public std::exception {
 public:
  // One field that broke one rule. location: "body/email", "query/page", "body/items/0/name".
  struct Field {
    std::string location;
    std::string rule;
    Params params;
  };

  // `status`: HTTP status 400..599.
  Problem(int status, std::string code) : status_(status), code_(std::move(code)) {}

  // A value for the catalogue text; numbers are written out.
  Problem& with(std::string name, std::string value) & {
    params_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  template <class Number, std::enable_if_t<std::is_arithmetic_v<Number>, int> = 0>
  Problem& with(std::string name, Number value) & {
    return with(std::move(name), std::to_string(value));
  }
  // Names a field at fault. `rule` is a catalogue word: missing, string_too_short, ... "value_error" when nothing fits
  // better.
  Problem& field(std::string location, std::string rule = "value_error", Params params = {}) & {
    errors_.push_back({std::move(location), std::move(rule), std::move(params)});
    return *this;
  }
  // For the log only.
  Problem& note(std::string text) & {
    note_ = std::move(text);
    return *this;
  }
  // Sends Retry-After; seconds > 0.
  Problem& retryAfter(int seconds) & {
    retry_after_ = seconds;
    return *this;
  }
  // Further members of the error body, where the family has room for them. A JSON object; json::Value converts.
  Problem& details(std::string jsonObject) & {
    details_ = std::move(jsonObject);
    return *this;
  }
  // A further reply header field. CR, LF and NUL are refused by the kernel.
  Problem& header(std::string name, std::string value) & {
    headers_.emplace_back(std::move(name), std::move(value));
    return *this;
  }

  // The same for `throw Problem(...).with(...)`.
  template <class Value>
  Problem&& with(std::string name, Value&& value) && {
    return std::move(this->with(std::move(name), std::forward<Value>(value)));
  }
  Problem&& field(std::string location, std::string rule = "value_error", Params params = {}) && {
    return std::move(this->field(std::move(location), std::move(rule), std::move(params)));
  }
  Problem&& note(std::string text) && { return std::move(this->note(std::move(text))); }
  Problem&& retryAfter(int seconds) && { return std::move(this->retryAfter(seconds)); }
  Problem&& details(std::string jsonObject) && { return std::move(this->details(std::move(jsonObject))); }
  Problem&& header(std::string name, std::string value) && {
    return std::move(this->header(std::move(name), std::move(value)));
  }

  int status() const noexcept { return status_; }
  const std::string& code() const noexcept { return code_; }
  const std::string& note() const noexcept { return note_; }
  const std::string& details() const noexcept { return details_; }
  int retryAfter() const noexcept { return retry_after_; }
  const Params& params() const noexcept { return params_; }
  const std::vector<Field>& fields() const noexcept { return errors_; }
  const Params& headers() const noexcept { return headers_; }

  const char* what() const noexcept override { return code_.c_str(); }

 private:
  int status_;
  int retry_after_ = 0;
  std::string code_;
  std::string note_;
  std::string details_;
  Params params_;
  Params headers_;
  std::vector<Field> errors_;
};

// The value, or Problem 404 with `code` when there is none:
//   const auto ticket = orNotFound(tickets_.find(request.path("ticket_id")), "ticket_not_found");
template <class T>
T orNotFound(std::optional<T> value, std::string code) {
  if (!value) throw Problem(404, std::move(code));
  return *std::move(value);
}

namespace detail {

inline std::vector<mortise_pair> pairs(const Params& params) {
  std::vector<mortise_pair> out;
  out.reserve(params.size());
  for (const auto& [name, value] : params) out.push_back({str(name), str(value)});
  return out;
}

// Calls `use(const mortise_problem&)` with the C form of `problem`; the pointers live for that call.
template <class Use>
auto withProblem(const Problem& problem, Use&& use) {
  const auto params = pairs(problem.params());
  const auto headers = pairs(problem.headers());
  std::vector<std::vector<mortise_pair>> field_params;
  std::vector<mortise_field_error> errors;
  field_params.reserve(problem.fields().size());
  errors.reserve(problem.fields().size());
  for (const auto& field : problem.fields()) {
    field_params.push_back(pairs(field.params));
    errors.push_back({str(field.location), str(field.rule), field_params.back().data(), field_params.back().size()});
  }
  mortise_problem c{};
  c.struct_size = sizeof c;
  c.status = problem.status();
  c.code = str(problem.code());
  c.details = str(problem.details());
  c.note = str(problem.note());
  c.params = params.data();
  c.params_count = params.size();
  c.errors = errors.data();
  c.errors_count = errors.size();
  c.fields = headers.data();
  c.fields_count = headers.size();
  c.retry_after = problem.retryAfter();
  return use(c);
}

inline mortise_error noError() noexcept {
  mortise_error error{};
  error.struct_size = sizeof error;
  return error;
}

// The Problem that a failed host function deserves when the handler does not treat it. `denied` is what MORTISE_DENIED
// means there.
inline Problem problemFrom(mortise_status status, const mortise_error& error, std::string_view interface_name,
                           int denied = 403, const char* denied_code = "forbidden") {
  int http = 500;
  const char* code = "internal";
  switch (status) {
    case MORTISE_INVALID:
      http = 422, code = "invalid";
      break;
    case MORTISE_NOT_FOUND:
      http = 404, code = "not_found";
      break;
    case MORTISE_EXISTS:
      http = 409, code = "conflict";
      break;
    case MORTISE_DENIED:
      http = denied, code = denied_code;
      break;
    case MORTISE_UNAVAILABLE:
      http = 503, code = "unavailable";
      break;
    case MORTISE_FULL:
      http = 507, code = "storage_full";
      break;
    case MORTISE_TIMEOUT:
      http = 504, code = "timeout";
      break;
    default:
      break;
  }
  // What the kernel means by its word is the client's business only where the client's input was at fault.
  const bool theirs =
      status == MORTISE_INVALID || status == MORTISE_NOT_FOUND || status == MORTISE_EXISTS || status == MORTISE_DENIED;
  std::string note(interface_name);
  note +=
      error.text[0] != '\0' ? ": " + std::string(error.text) : ": status " + std::to_string(static_cast<int>(status));
  Problem problem(http, theirs && error.code[0] != '\0' ? error.code : code);
  problem.note(std::move(note));
  if (theirs && error.details[0] != '\0') problem.details(error.details);
  if (error.retry_after > 0) problem.retryAfter(error.retry_after);
  return problem;
}

}  // namespace detail
}  // namespace mortise::inline sdk1
